"""Apply a fault to one request: delay, replace, spoil or drop the response."""

import os
import select
import socket
import struct
import time
from collections.abc import Callable

from werkzeug.wrappers import Response

from sandbox.faults import Fault, FaultKind


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
