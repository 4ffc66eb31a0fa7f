"""WSGI middleware: record every call to BigCommerce and inject the faults set for it."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from sandbox import fault_injection
from sandbox.faults import Endpoint
from sandbox.world import Call, World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

API_PATH = re.compile(r"/stores/(?P<store_hash>[^/]+)/v[23](?P<resource>/.*)")
ENDPOINTS: tuple[tuple[str, Endpoint], ...] = (
    (r"/shipping/carrier/connection", "connection"),
    (r"/shipping/zones(/[^/]+)?", "zones"),
    (r"/shipping/zones/[^/]+/methods(/[^/]+)?", "methods"),
    (r"/store", "store"),
    (r"/time", "time"),
)


class SandboxMiddleware:
    def __init__(self, app: "WSGIApplication", world: World) -> None:
        self._app = app
        self._world = world

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        request = Request(environ)
        endpoint = endpoint_for(request.path)
        if endpoint is None:
            return self._app(environ, start_response)
        call = _create_call(request)
        environ["sandbox.call"] = call
        self._world.record(call)
        return self._respond(environ, endpoint, call)(environ, start_response)

    def _respond(self, environ: "WSGIEnvironment", endpoint: Endpoint, call: Call) -> Response:
        def execute() -> Response:
            # One request at a time, so that views need no locks; faults wait outside this lock.
            with self._world.lock:
                return Response.from_app(self._app, environ, buffered=True)

        fault = self._world.take_fault(endpoint, call.method)
        if fault is None:
            return _record_response(call, execute())
        connection = environ["werkzeug.socket"]
        response = fault_injection.get_response(fault, connection, execute)
        if response is not None:
            _record_response(call, response)
        return fault_injection.send_response(fault, connection, response)


def endpoint_for(path: str) -> Endpoint | None:
    """Return the endpoint for a path, or None for the control panel's own pages."""
    if path == "/oauth2/token":
        return "token"
    if path.startswith("/app/"):
        return "install_result"
    match = API_PATH.fullmatch(path)
    if match is None:
        return None
    endpoints = (
        endpoint for pattern, endpoint in ENDPOINTS if re.fullmatch(pattern, match["resource"])
    )
    return next(endpoints, "api")


def _create_call(request: Request) -> Call:
    data = request.get_data()
    # The wrapped app reads the body again.
    request.environ["wsgi.input"] = BytesIO(data)
    body = _parse_body(request, data)
    match = API_PATH.fullmatch(request.path)
    return Call(
        number=0,
        at=datetime.now(UTC),
        method=request.method,
        path=request.path,
        store_hash=match["store_hash"] if match else _store_hash_from_context(body),
        body=body,
        headers=dict(request.headers),
    )


def _parse_body(request: Request, data: bytes) -> object:
    if request.form:
        return request.form.to_dict()
    try:
        body: object = json.loads(data)
    except ValueError:
        return None
    return body


def _store_hash_from_context(body: object) -> str | None:
    context = body.get("context") if isinstance(body, dict) else None
    return context.removeprefix("stores/") if isinstance(context, str) else None


def _record_response(call: Call, response: Response) -> Response:
    call.response_body = response.get_data().decode("utf-8", "replace")
    call.status = response.status_code
    return response
