"""Faults of BigCommerce or the network that can be set, and presets for the control panel."""

import json
from dataclasses import dataclass, field, replace
from typing import Literal

from werkzeug.wrappers import Response

# "api" matches every endpoint of a store's API, "any" matches every request.
# "install_result" is the page on which an install from another site ends.
Endpoint = Literal[
    "token", "install_result", "connection", "zones", "methods", "store", "time", "api", "any"
]
FaultKind = Literal["response", "delay", "hang", "reset", "drip", "truncated", "endless"]


@dataclass
class Fault:
    """A fault for the next `times` matching requests, or for all of them if `times` is None.

    "response", "drip", "truncated" and "endless" send the response described here. Without a body,
    "drip" and "truncated" apply to the real response. "hang" and "endless" with 0 seconds last
    until the client disconnects.
    """

    endpoint: Endpoint = "api"
    kind: FaultKind = "response"
    method: str | None = None
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: str | bytes = ""
    content_type: str = "application/json"
    seconds: float = 0
    times: int | None = 1
    execute_first: bool = False  # execute the request, then lose its response

    def matches(self, endpoint: Endpoint, method: str) -> bool:
        is_api = endpoint not in ("token", "install_result")
        same_endpoint = self.endpoint in (endpoint, "any") or (self.endpoint == "api" and is_api)
        return same_endpoint and (self.method is None or self.method.upper() == method)

    @property
    def sends_nothing(self) -> bool:
        return self.kind in ("hang", "reset")

    @property
    def uses_real_response(self) -> bool:
        return self.kind == "delay" or (self.kind in ("drip", "truncated") and not self.body)

    def response(self) -> Response:
        return Response(
            self.body, self.status, headers=self.headers, content_type=self.content_type
        )


ENDPOINT_LABELS: dict[Endpoint, str] = {
    "api": "all API endpoints",
    "connection": "carrier connections",
    "zones": "zones",
    "methods": "shipping methods",
    "store": "store information",
    "token": "the token exchange",
}

TOO_MANY_REQUESTS = json.dumps(
    {"status": 429, "title": "Too many requests", "type": "", "errors": {}}
)
RATE_LIMIT_HEADERS = {
    "X-Rate-Limit-Time-Window-Ms": "30000",
    "X-Rate-Limit-Time-Reset-Ms": "15000",
    "X-Rate-Limit-Requests-Quota": "150",
    "X-Rate-Limit-Requests-Left": "0",
    "X-Retry-After": "15",
}
# A 429 without headers means that the platform is overloaded, not that the quota is used up.
FAULT_PRESETS: dict[str, tuple[str, Fault]] = {
    "delay_200ms": ("Delay of 200 ms", Fault(kind="delay", seconds=0.2)),
    "delay_2s": ("Delay of 2 seconds", Fault(kind="delay", seconds=2)),
    "no_response": ("No response", Fault(kind="hang")),
    "lost_response": ("Request executed, response lost", Fault(kind="reset", execute_first=True)),
    "connection_reset": ("Connection reset", Fault(kind="reset")),
    "400": (
        "400 Required fields missing [key]",
        Fault(status=400, body='[{"status":400,"message":"Required fields missing [key]"}]'),
    ),
    "429": (
        "429 Retry after 15 seconds",
        Fault(status=429, headers=RATE_LIMIT_HEADERS, body=TOO_MANY_REQUESTS),
    ),
    "429_without_headers": ("429 Without headers", Fault(status=429, body=TOO_MANY_REQUESTS)),
    "500": (
        "500 Internal error",
        Fault(body='[{"status":500,"message":"An internal error occurred."}]'),
    ),
    "html": (
        "HTML instead of JSON",
        Fault(status=200, body="<html><title>Welcome</title></html>", content_type="text/html"),
    ),
    "401": (
        "401 Unauthorized",
        Fault(status=401, body='{"status":401,"title":"Unauthorized","type":"","errors":{}}'),
    ),
}


def describe_fault(fault: Fault) -> str:
    """Describe a fault by the label of its preset, or by its kind if a test set it."""
    as_preset = replace(fault, endpoint="api", times=1)
    label = next(
        (label for label, preset in FAULT_PRESETS.values() if preset == as_preset), fault.kind
    )
    duration = "until cleared" if fault.times is None else "once"
    return f"{label}: {ENDPOINT_LABELS.get(fault.endpoint, fault.endpoint)}, {duration}"
