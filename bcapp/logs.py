"""Log one JSON object per line, without secrets."""

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

# Crockford's alphabet, without letters that sound or look alike.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_log = structlog.get_logger()


def configure(level: str) -> None:
    """Send our events and foreign log records to stdout in one format."""
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
    # urllib3 logs request lines with their query string at DEBUG.
    logging.getLogger("urllib3").setLevel(max(logging.INFO, root.level))


@contextmanager
def log_to_stderr() -> Iterator[None]:
    """Send warnings and errors to stderr while a command uses stdout for its result."""
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
    # gunicorn's later messages on this thread are not about this request.
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
            # The route, not the path, which could contain anything.
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
