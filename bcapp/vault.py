"""Encrypt secrets at rest with the newest key; decrypt with any."""

import hashlib
import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr


class Unopenable(Exception):
    """The sealed text was altered, belongs to another row, or its key is missing."""


class Vault:
    """Sealed texts are `<key id>.<Fernet token>`; the id is derived from the key by hashing."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        texts = [key.get_secret_value() for key in keys]
        self._keys = {_key_id(text): Fernet(text) for text in reversed(texts)}
        self.key_ids = tuple(dict.fromkeys(map(_key_id, texts)))  # newest first
        self.newest_id = self.key_ids[0]

    def seal(self, place: str, owner: str, secret: str) -> str:
        """Encrypt `secret` for one column (`place`) of one row (`owner`).

        Both are part of the ciphertext: Fernet alone would decrypt it in another row too.
        """
        content = json.dumps([place, owner, secret]).encode()
        return f"{self.newest_id}.{self._keys[self.newest_id].encrypt(content).decode()}"

    def open(self, place: str, owner: str, sealed: str) -> SecretStr:
        key_id, _, token = sealed.partition(".")
        try:
            found = json.loads(self._keys[key_id].decrypt(token))
            found_place, found_owner, secret = found
        except (InvalidToken, KeyError, ValueError, TypeError):
            raise Unopenable(place) from None
        if (found_place, found_owner) != (place, owner):
            raise Unopenable(place)
        return SecretStr(secret)

    def reseal(self, place: str, owner: str, sealed: str) -> str:
        return self.seal(place, owner, self.open(place, owner, sealed).get_secret_value())


def _key_id(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]
