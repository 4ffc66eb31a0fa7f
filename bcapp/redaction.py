"""Mask secrets in logs, the activity log and error pages."""

import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "•••"

# A short value may be part of an ordinary word, so it is masked only as a whole word.
_SHORT = 6

_SHAPES = re.compile(
    r"eyJ[\w-]+\.[\w-]+\.[\w-]*"  # JSON web token: BigCommerce's signed payload
    r"|(?:[0-9a-f]{8}\.)?gAAAA[\w=-]{20,}"  # our sealed tokens: key id and Fernet
    r"|[\w.+'%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"  # e-mail address
)
_NAMED = re.compile(
    r"((?:\bcode=|bearer |(?:signed_payload_jwt|access_token|client_secret|x-auth-token)"
    r"[\"']?\s*[:=]\s*)[\"']?)[^\s&\"']+",
    re.IGNORECASE,
)


def mask_patterns(text: str) -> str:
    """Mask tokens, codes and e-mail addresses by their format or their name."""
    return _NAMED.sub(rf"\1{MASK}", _SHAPES.sub(MASK, text))


def mask_values(text: str, values: Iterable[str]) -> str:
    """Mask all given values, also where they are quoted for a URL, HTML or JSON."""
    for value in sorted({v for v in values if v}, key=len, reverse=True):
        for spelling in _spellings(value):
            if spelling not in text:  # much cheaper than a regular expression
                continue
            pattern = re.escape(spelling)
            if len(spelling) < _SHORT:
                pattern = rf"(?<!\w){pattern}(?!\w)"
            text = re.sub(pattern, MASK, text)
    return text


def _spellings(value: str) -> set[str]:
    quoted = {quote(value, safe=""), quote_plus(value), html.escape(value)}
    return {value, *quoted, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
