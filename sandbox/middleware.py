"""What lies between BigCommerce and the network: every request is written down, some are spoilt."""

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

API_PATH = re.compile(r"/stores/(?P<store_hash>[^/]+)/v[23](?P<rest>/.*)")
RESOURCES: tuple[tuple[str, Endpoint], ...] = (
    (r"/shipping/carrier/connection", "connection"),
    (r"/shipping/zones(/[^/]+)?", "zones"),
    (r"/shipping/zones/[^/]+/methods(/[^/]+)?", "methods"),
    (r"/store", "store"),
    (r"/time", "time"),
)


class SandboxMiddleware:
    def __init__(self, inside: "WSGIApplication", world: World) -> None:
        self._inside = inside
        self._world = world

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        request = Request(environ)
        endpoint = endpoint_for(request.path)
        if endpoint is None:
            return self._inside(environ, start_response)
        call = _written_down(request)
        environ["sandbox.call"] = call
        self._world.record(call)
        return self._reply(environ, endpoint, call)(environ, start_response)

    def _reply(self, environ: "WSGIEnvironment", endpoint: Endpoint, call: Call) -> Response:
        def execute() -> Response:
            # One at a time, so the views need no locks; waiting and mutilating happen outside.
            with self._world.lock:
                return Response.from_app(self._inside, environ, buffered=True)

        fault = self._world.take_fault(endpoint, call.method)
        if fault is None:
            return _noted(call, execute())
        peer = environ["werkzeug.socket"]
        reply = fault_injection.prepare(fault, peer, execute)
        if reply is not None:
            _noted(call, reply)
        return fault_injection.finish(fault, peer, reply)


def endpoint_for(path: str) -> Endpoint | None:
    """Which part of BigCommerce answers here; None for the sandbox's own pages."""
    if path == "/oauth2/token":
        return "token"
    if path.startswith("/app/"):
        return "install_result"
    match = API_PATH.fullmatch(path)
    if match is None:
        return None
    known = (endpoint for rest, endpoint in RESOURCES if re.fullmatch(rest, match["rest"]))
    return next(known, "api")


def _written_down(request: Request) -> Call:
    raw = request.get_data()
    # The application behind us reads the body again.
    request.environ["wsgi.input"] = BytesIO(raw)
    body = _parsed(request, raw)
    match = API_PATH.fullmatch(request.path)
    return Call(
        number=0,
        at=datetime.now(UTC),
        method=request.method,
        path=request.path,
        store_hash=match["store_hash"] if match else _store_of_context(body),
        body=body,
        headers=dict(request.headers),
    )


def _parsed(request: Request, raw: bytes) -> object:
    if request.form:
        return request.form.to_dict()
    try:
        body: object = json.loads(raw)
    except ValueError:
        return None
    return body


def _store_of_context(body: object) -> str | None:
    context = body.get("context") if isinstance(body, dict) else None
    return context.removeprefix("stores/") if isinstance(context, str) else None


def _noted(call: Call, reply: Response) -> Response:
    call.response_body = reply.get_data().decode("utf-8", "replace")
    call.status = reply.status_code
    return reply
