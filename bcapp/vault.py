"""Secrets at rest: sealed with the newest key, opened with any."""

import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr


class Unopenable(Exception):
    """The sealed text was altered, belongs elsewhere, or its key is gone."""


class Vault:
    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._fernet = MultiFernet([Fernet(key.get_secret_value()) for key in keys])

    def seal(self, place: str, owner: str, secret: str) -> str:
        """Encrypt `secret` for one column (`place`) of one row (`owner`).

        Both travel inside: Fernet alone would open a ciphertext that was moved to another row.
        """
        return self._fernet.encrypt(json.dumps([place, owner, secret]).encode()).decode()

    def open(self, place: str, owner: str, sealed: str) -> SecretStr:
        try:
            found_place, found_owner, secret = json.loads(self._fernet.decrypt(sealed))
        except (InvalidToken, ValueError, TypeError):
            raise Unopenable(place) from None
        if (found_place, found_owner) != (place, owner):
            raise Unopenable(place)
        return SecretStr(secret)
