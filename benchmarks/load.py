"""Load generator: raw HTTP over sockets, so that it uses little CPU itself.

The servers close each connection, so a response ends with its connection.
"""

import socket
import statistics
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

MAX_WAIT = 120


@dataclass(frozen=True)
class Answer:
    status: int
    seconds: float
    head: bytes


def get(path: str, query: Mapping[str, str] | None = None, **headers: str) -> bytes:
    return _request("GET", f"{path}?{urlencode(query)}" if query else path, headers)


def post(path: str, form: Mapping[str, str], **headers: str) -> bytes:
    return _request("POST", path, headers, urlencode(form).encode())


def _request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: app.invalid", "Accept-Encoding: gzip"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def ask(port: int, request: bytes) -> Answer:
    started = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), MAX_WAIT) as connection:
        connection.sendall(request)
        head = body = connection.recv(65536)
        while body:
            body = connection.recv(65536)
    return Answer(int(head[9:12] or 0), time.perf_counter() - started, head)


def ask_all(port: int, requests: Iterable[bytes], at_once: int = 16) -> list[Answer]:
    """Send requests over `at_once` connections without pauses; answers in order of arrival."""
    waiting, lock, answers = iter(requests), threading.Lock(), []

    def person() -> None:
        while True:
            with lock:
                request = next(waiting, None)
            if request is None:
                return
            answers.append(ask(port, request))

    people = [threading.Thread(target=person) for _ in range(at_once)]
    for each in people:
        each.start()
    for each in people:
        each.join()
    return answers


def median(seconds: Iterable[float]) -> float:
    return statistics.median(seconds)


def p99(seconds: Sequence[float]) -> float:
    return sorted(seconds)[-(-len(seconds) * 99 // 100) - 1]
