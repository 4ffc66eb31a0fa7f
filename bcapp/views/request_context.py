"""Request context: time zone, languages, query and carrier."""

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
    """Return the store's time zone; UTC while it is unknown."""
    name = current_session().store.timezone if "current_session" in g else None
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def languages() -> Iterator[str]:
    """Yield the reader's languages, best first: of the user, then of the browser."""
    locale = current_session().locale if "current_session" in g else None
    if locale:
        yield locale
    if has_request_context():
        yield from (name for name, quality in request.accept_languages if quality > 0)


def query() -> Mapping[str, str]:
    """Return the page's query; empty for a launch, whose query is BigCommerce's."""
    return {} if "launching" in g else request.args


def carrier_status_or_404(carrier_id: str) -> CarrierStatus:
    """Load a carrier of the current store; 404 if it is unknown."""
    if not _CARRIER_ID.fullmatch(carrier_id):
        abort(404)  # PostgreSQL rejects NUL, which would look like a database failure
    connection = connections.find(db(), current_session().store.id, carrier_id)
    carrier = connections.carrier_for(connection) if connection else carriers.get(carrier_id)
    if carrier is None:
        abort(404)
    structlog.contextvars.bind_contextvars(carrier_id=carrier.id)
    return CarrierStatus(carrier, connection)
