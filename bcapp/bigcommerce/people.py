"""A person as BigCommerce names one, in token replies and signed payloads."""

from dataclasses import dataclass
from typing import Any, Self

LARGEST_ID = 2**63 - 1
_LONGEST_EMAIL = 254


@dataclass(frozen=True)
class Person:
    id: int
    email: str

    @classmethod
    def read(cls, claims: Any) -> Self:
        """Build one from JSON that is not trusted yet; ValueError when there is no usable id."""
        person_id = claims.get("id") if isinstance(claims, dict) else None
        if type(person_id) is not int or not 0 < person_id <= LARGEST_ID:
            raise ValueError("a person without a whole-number id")
        email = claims.get("email")
        return cls(person_id, _printable(email) if isinstance(email, str) else "")


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:_LONGEST_EMAIL]
