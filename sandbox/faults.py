"""Ways in which BigCommerce, or the network before it, can misbehave."""

import os
import select
import socket
import struct
import time
from collections.abc import Callable
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


def prepare(fault: Fault, peer: socket.socket, execute: Callable[[], Response]) -> Response | None:
    """Execute the request if the fault lets it through; the reply to send, None if there is none.

    A delay is waited out here, before the request is executed unless the fault says otherwise.
    """
    if fault.kind == "delay" and not fault.execute_first:
        hangs_up_within(peer, fault.seconds)
    answer = execute() if fault.execute_first or fault.spoils_the_true_answer else fault.response()
    if fault.kind == "delay" and fault.execute_first:
        hangs_up_within(peer, fault.seconds)
    if fault.silent:
        return None
    return answer if fault.spoils_the_true_answer else fault.response()


def hangs_up_within(peer: socket.socket, seconds: float | None) -> bool:
    """Wait; True as soon as the peer is gone.

    The request has been read to its end, so the socket becomes readable only when the peer closes
    it, or when our own server does on its way out.
    """
    readable, _, _ = select.select([peer], [], [], seconds)
    return bool(readable)


def _head(reply: Response, content_length: int | None) -> bytes:
    headers = [(k, v) for k, v in reply.headers if k.lower() != "content-length"]
    if content_length is not None:
        headers.append(("Content-Length", str(content_length)))
    lines = [f"HTTP/1.1 {reply.status}", *(f"{k}: {v}" for k, v in headers), "Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _hang(fault: Fault, peer: socket.socket) -> None:
    hangs_up_within(peer, fault.seconds or None)


def _reset(_fault: Fault, peer: socket.socket) -> None:
    # Lingering for no time at all makes the kernel answer with RST; detaching first, because the
    # server's own readers still hold the socket and would keep close() from closing anything.
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(peer.detach())


def _drip(fault: Fault, peer: socket.socket, reply: Response) -> None:
    body = reply.get_data()
    peer.sendall(_head(reply, len(body)))
    for byte in body:
        peer.sendall(bytes([byte]))
        if hangs_up_within(peer, fault.seconds / len(body)):
            return


def _truncate(_fault: Fault, peer: socket.socket, reply: Response) -> None:
    body = reply.get_data()
    peer.sendall(_head(reply, len(body) + 1000) + body)


def _never_end(fault: Fault, peer: socket.socket, reply: Response) -> None:
    # Spaces may lead a JSON text for ever, so a reader that parses as it goes gets no help.
    block = (reply.get_data() or b" ") * 4096
    peer.settimeout(fault.seconds or None)
    deadline = time.monotonic() + fault.seconds if fault.seconds else float("inf")
    peer.sendall(_head(reply, None))
    while time.monotonic() < deadline:
        peer.sendall(block)


SILENCES: dict[FaultKind, Callable[[Fault, socket.socket], None]] = {"hang": _hang, "reset": _reset}
MUTILATIONS: dict[FaultKind, Callable[[Fault, socket.socket, Response], None]] = {
    "drip": _drip,
    "truncated": _truncate,
    "endless": _never_end,
}


def finish(fault: Fault, peer: socket.socket, reply: Response | None) -> Response:
    """Treat the connection as the fault demands; only a reply that may go out whole comes back."""
    if reply is None:
        SILENCES[fault.kind](fault, peer)
    elif fault.kind in MUTILATIONS:
        MUTILATIONS[fault.kind](fault, peer, reply)
    else:
        return reply
    # The server takes this for a peer that went away, and sends nothing of its own.
    raise ConnectionAbortedError(f"a {fault.kind} was ordered")
