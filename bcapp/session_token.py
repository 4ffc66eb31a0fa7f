"""Sign and verify the tokens of embedded sessions."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode
from pydantic import SecretStr

LIFETIME = timedelta(minutes=60)
MAX_SESSION_LIFETIME = timedelta(hours=24)


class InvalidSession(Exception):
    """Altered, expired or foreign token; callers treat all alike."""


class NoSession(InvalidSession):
    """No token was sent, as when the browser itself reloads or goes back."""


@dataclass(frozen=True)
class EmbeddedSession:
    store_hash: str
    user_id: int
    launched_at: datetime
    epoch: int  # see `stores.session_epoch`


class SessionTokens:
    def __init__(self, keys: Sequence[SecretStr]) -> None:
        # itsdangerous signs with the last key; our setting lists the newest first.
        oldest_first = [key.get_secret_value() for key in reversed(keys)]
        self._serializer = URLSafeSerializer(
            oldest_first,
            salt="bcapp.session",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def issue(self, session: EmbeddedSession, now: datetime) -> str:
        launched, issued = session.launched_at.timestamp(), now.timestamp()
        identity = [session.store_hash, session.user_id, session.epoch]
        return str(self._serializer.dumps([*identity, launched, issued]))

    def verify(self, token: str, now: datetime) -> EmbeddedSession:
        """Verify signature and age; raises InvalidSession."""
        try:
            store_hash, user_id, epoch, launched, issued = self._serializer.loads(token)
            launched_at = datetime.fromtimestamp(launched, UTC)
            issued_at = datetime.fromtimestamp(issued, UTC)
        except (BadData, ValueError, TypeError, OverflowError):
            raise InvalidSession from None
        too_old = now - issued_at >= LIFETIME or now - launched_at >= MAX_SESSION_LIFETIME
        if too_old or not _is_canonical(token):
            raise InvalidSession
        return EmbeddedSession(store_hash, user_id, launched_at, epoch)


def _is_canonical(token: str) -> bool:
    # The last base64 letter has spare bits, so several spellings decode alike. Only the one that we
    # issued is valid.
    signature = token.rpartition(".")[2]
    return base64_encode(base64_decode(signature)).decode() == signature
