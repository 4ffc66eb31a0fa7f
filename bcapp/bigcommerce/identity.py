"""Who BigCommerce names in token responses and signed payloads: a store and a person."""

import re
from dataclasses import dataclass
from typing import Any, Self

_CONTEXT = re.compile(r"stores/([a-z0-9]{1,64})")
MAX_ID = 2**63 - 1
_MAX_EMAIL_LENGTH = 254
# The shape of BCP 47, "en-US", or as Unix writes it, "en_US"; 35 is the length that BCP 47 asks
# everybody to have room for.
_LOCALE = re.compile(r"(?=.{2,35}\Z)[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")


def parse_store_hash(context: object) -> str:
    """Parse the hash out of `stores/<hash>`; raises ValueError for anything else."""
    # fullmatch, because `$` would accept a trailing newline.
    match = _CONTEXT.fullmatch(context) if isinstance(context, str) else None
    if match is None:
        raise ValueError("not of the form stores/<hash>")
    return match[1]


@dataclass(frozen=True)
class Person:
    id: int
    email: str
    locale: str | None = None  # the language of their control panel, where BigCommerce names one

    @classmethod
    def from_json(cls, claims: Any) -> Self:
        """Build one from JSON that is not trusted yet; ValueError when there is no usable id."""
        person_id = claims.get("id") if isinstance(claims, dict) else None
        if type(person_id) is not int or not 0 < person_id <= MAX_ID:
            raise ValueError("a person without a whole-number id")
        email, locale = claims.get("email"), claims.get("locale")
        is_locale = isinstance(locale, str) and _LOCALE.fullmatch(locale)
        return cls(
            person_id,
            _printable(email) if isinstance(email, str) else "",
            locale.replace("_", "-") if is_locale else None,
        )


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:_MAX_EMAIL_LENGTH]
