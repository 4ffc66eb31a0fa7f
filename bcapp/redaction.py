"""Keeps secrets out of what is written down: logs, activity, error pages."""

import re
from collections.abc import Iterable
from urllib.parse import quote

MASK = "•••"

# A short value could be part of an innocent word, so it is masked only where it stands alone.
_SHORT = 6

_SHAPES = re.compile(
    r"eyJ[\w-]+\.[\w-]+\.[\w-]*"  # JSON web token: BigCommerce's signed payload
    r"|gAAAA[\w=-]{20,}"  # Fernet: our sealed tokens
    r"|(?i:(?<=signed_payload_jwt=)|(?<=code=)|(?<=bearer )|(?<=x-auth-token: ))[^\s&\"']+"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # e-mail address
)


def mask_shapes(text: str) -> str:
    """Mask what looks like a token, a code or an e-mail address."""
    return _SHAPES.sub(MASK, text)


def mask_values(text: str, values: Iterable[str]) -> str:
    """Mask every occurrence of the given values, as they are and URL-encoded."""
    for value in sorted({v for v in values if v}, key=len, reverse=True):
        for spelling in {value, quote(value, safe="")}:
            pattern = re.escape(spelling)
            if len(spelling) < _SHORT:
                pattern = rf"(?<!\w){pattern}(?!\w)"
            text = re.sub(pattern, MASK, text)
    return text
