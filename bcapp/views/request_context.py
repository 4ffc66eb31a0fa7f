"""What a request asks for: the reader's time zone and languages, the query, the carrier."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from flask import abort, g, has_request_context, request

from bcapp import carriers, connections
from bcapp.presenters.connections import CarrierStatus
from bcapp.runtime import db
from bcapp.views.session import current_session

_CARRIER_ID = re.compile(r"[a-z0-9_]{1,32}")


def timezone() -> tzinfo:
    """The time zone of this visit's store; UTC while BigCommerce has not told it."""
    name = current_session().store.timezone if "current_session" in g else None
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def languages() -> Iterator[str]:
    """What whoever reads the page would like to read: as the user, then as their browser says."""
    locale = current_session().locale if "current_session" in g else None
    if locale:
        yield locale
    if has_request_context():
        yield from (name for name, quality in request.accept_languages if quality > 0)


def query() -> Mapping[str, str]:
    """The page's own query; empty at a launch, whose query is BigCommerce's."""
    return {} if "launching" in g else request.args


def carrier_status_or_404(carrier_id: str) -> CarrierStatus:
    """A carrier in this visit's store; 404 for one that neither we nor the store know."""
    if not _CARRIER_ID.fullmatch(carrier_id):
        abort(404)  # PostgreSQL would refuse a NUL, and be told as a database that is away
    connection = connections.find(db(), current_session().store.id, carrier_id)
    carrier = connections.carrier_for(connection) if connection else carriers.get(carrier_id)
    if carrier is None:
        abort(404)
    structlog.contextvars.bind_contextvars(carrier_id=carrier.id)
    return CarrierStatus(carrier, connection)
