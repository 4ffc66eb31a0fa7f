"""Keeps secrets out of what is written down: logs, activity, error pages."""

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "•••"

# A short value could be part of an innocent word, so it is masked only where it stands alone.
_SHORT = 6

_SHAPES = re.compile(
    r"eyJ[\w-]+\.[\w-]+\.[\w-]*"  # JSON web token: BigCommerce's signed payload
    r"|gAAAA[\w=-]{20,}"  # Fernet: our sealed tokens
    r"|[\w.+'%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"  # e-mail address
)
_NAMED = re.compile(
    r"((?:\bcode=|bearer |(?:signed_payload_jwt|access_token|client_secret|x-auth-token)"
    r"[\"']?\s*[:=]\s*)[\"']?)[^\s&\"']+",
    re.IGNORECASE,
)


def mask_shapes(text: str) -> str:
    """Mask what looks like a token, a code or an e-mail address, or is named like one."""
    return _NAMED.sub(rf"\1{MASK}", _SHAPES.sub(MASK, text))


def mask_values(text: str, values: Iterable[str]) -> str:
    """Mask every occurrence of the given values, as they are and URL-encoded."""
    for value in sorted({v for v in values if v}, key=len, reverse=True):
        for spelling in {value, quote(value, safe=""), quote_plus(value)}:
            pattern = re.escape(spelling)
            if len(spelling) < _SHORT:
                pattern = rf"(?<!\w){pattern}(?!\w)"
            text = re.sub(pattern, MASK, text)
    return text
