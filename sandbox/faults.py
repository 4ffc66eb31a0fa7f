"""Ways in which BigCommerce, or the network before it, can misbehave."""

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
    """One misbehaviour, ordered from the World for the next `times` requests (None: for all).

    "response", "drip", "truncated" and "endless" send the raw reply described here; "drip" and
    "truncated" without a body of their own spoil the true answer. For "hang" and "endless",
    0 seconds means: for as long as the peer stays.
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
    "api": "the whole API",
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
# Without headers a 429 means that the platform is busy, not that the quota is spent.
FAULT_PRESETS: dict[str, tuple[str, Fault]] = {
    "delay_200ms": ("Answer 200 ms late", Fault(kind="delay", seconds=0.2)),
    "delay_2s": ("Answer 2 seconds late", Fault(kind="delay", seconds=2)),
    "no_response": ("Give no answer", Fault(kind="hang")),
    "lost_response": ("Act, but lose the answer", Fault(kind="reset", execute_first=True)),
    "connection_reset": ("Reset the connection", Fault(kind="reset")),
    "400": (
        "400, field missing [key]",
        Fault(status=400, body='[{"status":400,"message":"Required fields missing [key]"}]'),
    ),
    "429": (
        "429, wait 15 seconds",
        Fault(status=429, headers=RATE_LIMIT_HEADERS, body=TOO_MANY_REQUESTS),
    ),
    "429_without_headers": ("429 without headers", Fault(status=429, body=TOO_MANY_REQUESTS)),
    "500": (
        "500 internal error",
        Fault(body='[{"status":500,"message":"An internal error occurred."}]'),
    ),
    "html": (
        "HTML instead of JSON",
        Fault(status=200, body="<html><title>Welcome</title></html>", content_type="text/html"),
    ),
    "401": (
        "401, token refused",
        Fault(status=401, body='{"status":401,"title":"Unauthorized","type":"","errors":{}}'),
    ),
}


def describe_fault(fault: Fault) -> str:
    """A fault ordered here by its label, one ordered by a test by its kind."""
    as_preset = replace(fault, endpoint="api", times=1)
    label = next(
        (label for label, preset in FAULT_PRESETS.values() if preset == as_preset), fault.kind
    )
    duration = "until cleared" if fault.times is None else "once"
    return f"{label}: {ENDPOINT_LABELS.get(fault.endpoint, fault.endpoint)}, {duration}"
