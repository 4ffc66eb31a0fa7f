"""Verify `signed_payload_jwt`, which BigCommerce sends with its callbacks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from pydantic import SecretStr

from bcapp.bigcommerce.identity import Person, parse_store_hash

_LEEWAY = 60  # seconds of clock difference
_REQUIRED = ["aud", "iss", "iat", "nbf", "exp", "sub"]
_PATH = re.compile(r"/(?!/)[\x21-\x5b\x5d-\x7e]*")


class InvalidPayload(Exception):
    """Not a valid payload for this app, or expired."""


@dataclass(frozen=True)
class Payload:
    store_hash: str
    user: Person  # the docs say "store owner" in a table; their example shows any user
    owner: Person
    issued_at: datetime
    path: str  # the page to open; "/" by default

    @property
    def is_from_owner(self) -> bool:
        return self.user.id == self.owner.id


def verify(token: str, client_id: str, secrets: Sequence[SecretStr]) -> Payload:
    """Verify signature and claims; raises InvalidPayload.

    HS256 is what BigCommerce's own libraries use; its docs name no algorithm.
    """
    claims = _decode(token, client_id, secrets)
    try:
        for claim in ("nbf", "exp"):
            _parse_timestamp(claims[claim])
        return Payload(
            store_hash=parse_store_hash(claims["sub"]),
            user=Person.from_json(claims.get("user")),
            owner=Person.from_json(claims.get("owner")),
            issued_at=_parse_timestamp(claims["iat"]),
            path=_local_path(claims.get("url")),
        )
    except ValueError as error:
        raise InvalidPayload(str(error)) from None


def _decode(token: str, client_id: str, secrets: Sequence[SecretStr]) -> dict[str, Any]:
    if not token.isascii():  # PyJWT would raise UnicodeEncodeError for a lone surrogate
        raise InvalidPayload("not a JSON web token")
    failure = ""
    for secret in secrets:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                secret.get_secret_value(),
                algorithms=["HS256"],
                audience=client_id,
                issuer="bc",
                leeway=_LEEWAY,
                options={"require": _REQUIRED, "strict_aud": True},
            )
        except jwt.PyJWTError as error:
            failure = type(error).__name__
        else:
            return claims
    raise InvalidPayload(failure)


def _parse_timestamp(seconds: object) -> datetime:
    # PyJWT accepts digit strings, floats, negative numbers and `true` as times.
    if type(seconds) is not int or seconds <= 0:
        raise ValueError("a time that is not a whole number")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError):
        raise ValueError("a time out of range") from None


def _local_path(url: object) -> str:
    # Any other URL could send the frame to another site.
    if not isinstance(url, str) or not _PATH.fullmatch(url):
        return "/"
    return url.partition("?")[0].partition("#")[0]
