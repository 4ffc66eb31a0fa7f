"""The embedded session at the door: the only reader of the session token."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from flask import Response, abort, g, has_request_context, request

from bcapp import carriers, connections, stores
from bcapp.attempts import Sender
from bcapp.models import Store, StoreUser
from bcapp.presenters.connections import Standing
from bcapp.runtime import db, runtime
from bcapp.session_token import (
    LIFETIME,
    LONGEST_SESSION,
    InvalidSession,
    NoSession,
    Session,
)

# Every blueprint is named here or in OPEN; a test holds the factory to it.
EMBEDDED = {"carriers", "custom_carriers", "zones", "activity"}
OPEN = {"callbacks", "health"}  # BigCommerce signs its own; health says nothing

_CARRIER_ID = re.compile(r"[a-z0-9_]{1,32}")

TOKEN_HEADER = "X-Session-Token"  # noqa: S105 - a header's name


@dataclass(frozen=True)
class Visit:
    """A verified session: who is here, in which store.

    All but the store are values: once the database has failed, its rows cannot be read any more,
    and there is still a page to be made.
    """

    store: Store
    session: Session
    sender: Sender
    locale: str | None

    @classmethod
    def of(cls, store: Store, user: StoreUser, session: Session) -> Self:
        return cls(store, session, Sender(store.id, user.email), user.locale)


def require_embedded_session() -> None:
    """Before every embedded view. Raises InvalidSession, NotInstalled or UserRemoved."""
    if request.blueprint not in EMBEDDED:
        return
    given = request.headers.get("Authorization")
    if given is None:
        raise NoSession
    kind, _, token = given.partition(" ")
    if kind.lower() != "bearer":
        raise InvalidSession
    session = runtime().session_tokens.read(token.strip(), datetime.now(UTC))
    store, user = stores.find_visit(db(), session)
    g.visit = Visit.of(store, user, session)


def begin_visit(store: Store, user: StoreUser, now: datetime) -> None:
    """Start a session for a launch that BigCommerce has signed."""
    session = Session(store.store_hash, user.user_id, now, stores.admission(store, user))
    g.visit = Visit.of(store, user, session)


def visit() -> Visit:
    current: Visit = g.visit
    return current


def timezone() -> tzinfo:
    """The time zone of this visit's store; UTC while BigCommerce has not told it."""
    name = visit().store.timezone if "visit" in g else None
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def languages() -> Iterator[str]:
    """What whoever reads the page would like to read: as the user, then as their browser says."""
    locale = visit().locale if "visit" in g else None
    if locale:
        yield locale
    if has_request_context():
        yield from (name for name, quality in request.accept_languages if quality > 0)


def query() -> Mapping[str, str]:
    """The page's own query; empty at a launch, whose query is BigCommerce's."""
    return {} if "launching" in g else request.args


def session_token() -> str | None:
    """A renewed token for the current visit, one per response; None without a visit."""
    if "visit" not in g:
        return None
    if "session_token" not in g:
        g.session_token = runtime().session_tokens.issue(visit().session, datetime.now(UTC))
    token: str = g.session_token
    return token


def session_seconds() -> int:
    """How long the renewed token is good for: an hour, and less towards the end of a day."""
    if "visit" not in g:
        return 0
    until = visit().session.launched_at + LONGEST_SESSION - datetime.now(UTC)
    return int(min(LIFETIME, until).total_seconds())


def renew(response: Response) -> Response:
    token = session_token()
    if token is not None:
        response.headers[TOKEN_HEADER] = token
        response.headers["X-Session-Seconds"] = str(session_seconds())
    return response


def standing_or_404(carrier_id: str) -> Standing:
    """A carrier in this visit's store; 404 for one that neither we nor the store know."""
    if not _CARRIER_ID.fullmatch(carrier_id):
        abort(404)  # PostgreSQL would refuse a NUL, and be told as a database that is away
    connection = connections.find(db(), visit().store.id, carrier_id)
    carrier = connections.carrier_of(connection) if connection else carriers.get(carrier_id)
    if carrier is None:
        abort(404)
    structlog.contextvars.bind_contextvars(carrier_id=carrier.id)
    return Standing(carrier, connection)
