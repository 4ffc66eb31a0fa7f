"""Ways in which BigCommerce, or the network before it, can misbehave."""

from dataclasses import dataclass, field
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
    def silent(self) -> bool:
        return self.kind in ("hang", "reset")

    @property
    def spoils_the_true_answer(self) -> bool:
        return self.kind == "delay" or (self.kind in ("drip", "truncated") and not self.body)

    def response(self) -> Response:
        return Response(
            self.body, self.status, headers=self.headers, content_type=self.content_type
        )
