"""Parse the stores and people that BigCommerce names in token responses and payloads."""

import re
from dataclasses import dataclass
from typing import Any, Self

_CONTEXT = re.compile(r"stores/([a-z0-9]{1,64})")
MAX_ID = 2**63 - 1
_MAX_EMAIL_LENGTH = 254
# BCP 47 such as "en-US", or the Unix form "en_US"; BCP 47 asks for room for 35 characters.
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
    locale: str | None = None  # control panel language, if BigCommerce sends one

    @classmethod
    def from_json(cls, claims: Any) -> Self:
        """Parse untrusted JSON; raises ValueError if there is no usable id."""
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
