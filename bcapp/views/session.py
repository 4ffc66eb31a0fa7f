"""Require and renew the embedded session."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from flask import Response, g, request

from bcapp import stores
from bcapp.attempts import Actor
from bcapp.models import Store, StoreUser
from bcapp.runtime import db, runtime
from bcapp.session_token import (
    LIFETIME,
    MAX_SESSION_LIFETIME,
    EmbeddedSession,
    InvalidSession,
    NoSession,
)

# Every blueprint is in EMBEDDED or OPEN; a test checks that.
EMBEDDED = {"carriers", "custom_carriers", "zones", "activity"}
OPEN = {"callbacks", "health"}  # callbacks are signed; health has no data of stores

TOKEN_HEADER = "X-Session-Token"  # noqa: S105 - a header's name


@dataclass(frozen=True)
class CurrentSession:
    """The verified session of this request.

    Everything but `store` is a plain value, because error pages need it even after the database has
    failed.
    """

    store: Store
    session: EmbeddedSession
    actor: Actor
    locale: str | None

    @classmethod
    def of(cls, store: Store, user: StoreUser, session: EmbeddedSession) -> Self:
        return cls(store, session, Actor(store.id, user.email), user.locale)


def require_embedded_session() -> None:
    """Verify the session of embedded blueprints.

    Raises InvalidSession (NoSession without a token), NotInstalled or UserRemoved.
    """
    if request.blueprint not in EMBEDDED:
        return
    given = request.headers.get("Authorization")
    if given is None:
        raise NoSession
    kind, _, token = given.partition(" ")
    if kind.lower() != "bearer":
        raise InvalidSession
    session = runtime().session_tokens.verify(token.strip(), datetime.now(UTC))
    store, user = stores.authorize_session(db(), session)
    g.current_session = CurrentSession.of(store, user, session)


def start_session(store: Store, user: StoreUser, now: datetime) -> None:
    """Start a session for a signed launch or an install."""
    session = EmbeddedSession(
        store.store_hash, user.user_id, now, stores.session_epoch(store, user)
    )
    g.current_session = CurrentSession.of(store, user, session)


def current_session() -> CurrentSession:
    current: CurrentSession = g.current_session
    return current


def session_token() -> str | None:
    """Return a renewed token, one per response; None without a session."""
    if "current_session" not in g:
        return None
    if "session_token" not in g:
        g.session_token = runtime().session_tokens.issue(
            current_session().session, datetime.now(UTC)
        )
    token: str = g.session_token
    return token


def session_seconds() -> int:
    """Return the lifetime of the renewed token: an hour, less towards the end of the day."""
    if "current_session" not in g:
        return 0
    until = current_session().session.launched_at + MAX_SESSION_LIFETIME - datetime.now(UTC)
    return int(min(LIFETIME, until).total_seconds())


def renew(response: Response) -> Response:
    token = session_token()
    if token is not None:
        response.headers[TOKEN_HEADER] = token
        response.headers["X-Session-Seconds"] = str(session_seconds())
    return response
