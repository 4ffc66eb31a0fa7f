"""Logs: one JSON object a line, nothing secret in it."""

import logging
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from flask import Flask, Response, g, request
from structlog.types import EventDict

from bcapp.redaction import mask_patterns

# Crockford's alphabet: no letter that is mistaken for another when read over the telephone.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_log = structlog.get_logger()


def configure(level: str) -> None:
    """Send our own events and everybody else's log records to stdout, in one shape."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redact,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # urllib3 logs whole request lines at DEBUG, query string included.
    logging.getLogger("urllib3").setLevel(max(logging.INFO, root.level))


@contextmanager
def log_to_stderr() -> Iterator[None]:
    """Warnings and worse, on stderr: for a command, whose stdout and progress are for a person."""
    root = logging.getLogger()
    level, handlers = root.level, [h for h in root.handlers if type(h) is logging.StreamHandler]
    streams = [handler.setStream(sys.stderr) for handler in handlers]
    root.setLevel(max(level, logging.WARNING))
    try:
        yield
    finally:
        root.setLevel(level)
        for handler, stream in zip(handlers, streams, strict=True):
            handler.setStream(stream or sys.stdout)


def init_app(app: Flask) -> None:
    app.before_request(_start_request)
    app.after_request(_log_response)
    # What gunicorn says next on this thread is not about this request.
    app.teardown_request(lambda _error: structlog.contextvars.clear_contextvars())


def _start_request() -> None:
    g.request_id = _new_request_id()
    g.started = time.monotonic()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _log_response(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    if request.endpoint != "health.alive":
        current = g.get("current_session")
        _log.info(
            "request",
            method=request.method,
            # The rule, not the path: nothing that was typed into an address gets in here.
            route=str(request.url_rule) if request.url_rule else None,
            status=response.status_code,
            duration_ms=round((time.monotonic() - g.started) * 1000, 1),
            **({"store_hash": current.session.store_hash} if current else {}),
        )
    return response


def _new_request_id() -> str:
    letters = [_ALPHABET[byte % 32] for byte in secrets.token_bytes(8)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])


def _redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {
        key: mask_patterns(value) if isinstance(value, str) else value
        for key, value in event.items()
    }
