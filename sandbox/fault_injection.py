"""Apply a fault to one request: delay, replace, spoil or drop the response."""

import os
import select
import socket
import struct
import time
from collections.abc import Callable

from werkzeug.wrappers import Response

from sandbox.faults import Fault, FaultKind


def get_response(
    fault: Fault, connection: socket.socket, execute: Callable[[], Response]
) -> Response | None:
    """Return the response that the fault allows, or None if the client gets none.

    Execute the request only if the fault lets it through. A delay is waited out here.
    """
    if fault.kind == "delay" and not fault.execute_first:
        wait_for_close(connection, fault.seconds)
    response = execute() if fault.execute_first or fault.uses_real_response else fault.response()
    if fault.kind == "delay" and fault.execute_first:
        wait_for_close(connection, fault.seconds)
    if fault.sends_nothing:
        return None
    return response if fault.uses_real_response else fault.response()


def wait_for_close(connection: socket.socket, seconds: float | None) -> bool:
    """Wait for `seconds`; return True as soon as the client closes the connection.

    The request has been read completely, so the socket becomes readable only when the client
    closes it or when our own server shuts it down.
    """
    readable, _, _ = select.select([connection], [], [], seconds)
    return bool(readable)


def _response_head(response: Response, content_length: int | None) -> bytes:
    headers = [
        (name, value) for name, value in response.headers if name.lower() != "content-length"
    ]
    if content_length is not None:
        headers.append(("Content-Length", str(content_length)))
    lines = [
        f"HTTP/1.1 {response.status}",
        *(f"{name}: {value}" for name, value in headers),
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _hang(fault: Fault, connection: socket.socket) -> None:
    wait_for_close(connection, fault.seconds or None)


def _reset(_fault: Fault, connection: socket.socket) -> None:
    # SO_LINGER with timeout 0 makes close() send RST. Detach first: the server's file objects still
    # hold the socket, so connection.close() would not close it.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def _send_slowly(fault: Fault, connection: socket.socket, response: Response) -> None:
    body = response.get_data()
    connection.sendall(_response_head(response, len(body)))
    for byte in body:
        connection.sendall(bytes([byte]))
        if wait_for_close(connection, fault.seconds / len(body)):
            return


def _send_truncated(_fault: Fault, connection: socket.socket, response: Response) -> None:
    body = response.get_data()
    connection.sendall(_response_head(response, len(body) + 1000) + body)


def _send_endless(fault: Fault, connection: socket.socket, response: Response) -> None:
    # JSON may start with any amount of whitespace, so a streaming parser cannot stop early.
    block = (response.get_data() or b" ") * 4096
    connection.settimeout(fault.seconds or None)
    deadline = time.monotonic() + fault.seconds if fault.seconds else float("inf")
    connection.sendall(_response_head(response, None))
    while time.monotonic() < deadline:
        connection.sendall(block)


WITHOUT_RESPONSE: dict[FaultKind, Callable[[Fault, socket.socket], None]] = {
    "hang": _hang,
    "reset": _reset,
}
WITH_BROKEN_RESPONSE: dict[FaultKind, Callable[[Fault, socket.socket, Response], None]] = {
    "drip": _send_slowly,
    "truncated": _send_truncated,
    "endless": _send_endless,
}


def send_response(fault: Fault, connection: socket.socket, response: Response | None) -> Response:
    """Send a broken response or none at all; return a response that can be sent normally."""
    if response is None:
        WITHOUT_RESPONSE[fault.kind](fault, connection)
    elif fault.kind in WITH_BROKEN_RESPONSE:
        WITH_BROKEN_RESPONSE[fault.kind](fault, connection, response)
    else:
        return response
    # The server handles this like a client that disconnected and sends nothing itself.
    raise ConnectionAbortedError(f"fault injected: {fault.kind}")
