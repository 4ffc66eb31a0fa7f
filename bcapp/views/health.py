"""Liveness, readiness and metrics, without data of stores."""

import hmac
import time

from flask import Blueprint, Flask, Response, abort, g, request
from flask.typing import ResponseReturnValue

from bcapp import database, metrics
from bcapp.database import SchemaStatus
from bcapp.runtime import config, runtime

_PLAIN = {"Content-Type": "text/plain; charset=utf-8"}
_NOT_READY = {SchemaStatus.UNREACHABLE: "does not answer", SchemaStatus.BEHIND: "is not migrated"}
_PROMETHEUS = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}

_CHALLENGE = {"WWW-Authenticate": "Bearer"}

# Unknown methods share a label, to limit the number of time series.
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

bp = Blueprint("health", __name__)


def init_app(app: Flask) -> None:
    app.after_request(_count)


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    return "ok\n", _PLAIN


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    status = database.schema_status(runtime().engine)
    if status is SchemaStatus.READY:
        return "ready\n", _PLAIN
    return f"database {_NOT_READY[status]}\n", 503, _PLAIN


@bp.get("/metrics")
def numbers() -> ResponseReturnValue:
    token = config().metrics_token
    if token is None:
        abort(404)
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    is_right = hmac.compare_digest(given.strip().encode(), token.get_secret_value().encode())
    if kind.lower() != "bearer" or not is_right:
        return "needs METRICS_TOKEN as a bearer token\n", 401, {**_PLAIN, **_CHALLENGE}
    is_ready = database.schema_status(runtime().engine) is SchemaStatus.READY
    return metrics.render_metrics(is_ready=is_ready), _PROMETHEUS


def _count(response: Response) -> Response:
    # The route, not the path, to limit the number of time series.
    route = str(request.url_rule) if request.url_rule else "unmatched"
    method = request.method if request.method in _METHODS else "other"
    metrics.REQUESTS.labels(route, method, str(response.status_code)).inc()
    metrics.REQUEST_SECONDS.labels(route).observe(time.monotonic() - g.started)
    return response
