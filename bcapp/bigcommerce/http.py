"""Manners of every request to BigCommerce: one pool, no cookies, no redirects, bounded bodies."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3

from bcapp.bigcommerce.errors import MalformedResponse, TimedOut, Unavailable

MAX_BODY_BYTES = 16 * 1024 * 1024  # a zone may list 40,000 postcodes
MAX_HEADER_SECONDS = 20  # seconds, where a connection has no time limit of its own
# Routers forget a connection that is idle for some minutes, and tell neither side. What is sent on
# it then is not answered, and nobody knows that it never arrived.
MAX_IDLE_SECONDS = 30  # seconds
_CHUNK = 64 * 1024

IDENTITY_ENCODING = {"Accept-Encoding": "identity"}


class Deadline:
    """What is left of the time that one action may spend waiting."""

    def __init__(self, budget: float) -> None:
        self.budget = budget
        self._on_timeout = time.monotonic() + budget

    def remaining(self) -> float:
        return self._on_timeout - time.monotonic()

    def elapsed(self) -> float:
        return self.budget - self.remaining()

    def timeouts(self) -> tuple[float, float]:
        """Seconds to connect and to wait for bytes: a fifth of the budget and the rest of it."""
        left = self.remaining()
        if left <= 0:
            raise TimedOut(self.budget)
        return min(self.budget / 5, left), min(self.budget * 4 / 5, left)


def new_session(connections: int = 64) -> requests.Session:
    """A session for all threads of the process: keeps connections open, remembers nothing else."""
    session = requests.Session()
    # No proxies or .netrc from the environment, and no cookie of one store shown to another.
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = "carrier-connections/1.0"
    session.headers.update(IDENTITY_ENCODING)
    adapter = Adapter(pool_maxsize=connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _TimeLimit:
    """Hangs up when a wait takes too long: sockets only bound the wait for their next byte."""

    def __init__(self, seconds: float, abort: Callable[[], None]) -> None:
        self._timer = threading.Timer(seconds, self._on_timeout, [abort])
        self._timer.daemon = True
        self._is_over = threading.Event()

    def _on_timeout(self, abort: Callable[[], None]) -> None:
        self._is_over.set()
        abort()

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()
        if self._is_over.is_set():
            raise TimeoutError from None  # what a socket raises, for urllib3 to translate


class _Connection:
    """Bounds the wait for a whole head, lends its socket to `read_body`, is not kept for long."""

    _last_used = 0.0

    @property
    def is_connected(self) -> bool:
        """Asked by urllib3 before it uses a connection again; if not, it makes a new one."""
        is_fresh = time.monotonic() - self._last_used < MAX_IDLE_SECONDS
        return is_fresh and super().is_connected  # type: ignore[misc]

    def getresponse(self) -> urllib3.HTTPResponse:
        timeout, sock = self.timeout, self.sock  # type: ignore[attr-defined]
        seconds = timeout if isinstance(timeout, (int, float)) else MAX_HEADER_SECONDS
        abort = partial(_shut_down, sock)
        with _TimeLimit(seconds, abort):
            response: urllib3.HTTPResponse = super().getresponse()  # type: ignore[misc]
        self._last_used = time.monotonic()
        # urllib3's own `shutdown` leaves the other side free to go on sending.
        response.abort = abort  # type: ignore[attr-defined]
        return response


def _shut_down(sock: socket.socket | None) -> None:
    with suppress(OSError, AttributeError):
        sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]


class _HTTPConnection(_Connection, urllib3.connection.HTTPConnection):  # type: ignore[misc]
    pass


class _HTTPSConnection(_Connection, urllib3.connection.HTTPSConnection):  # type: ignore[misc]
    pass


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class Adapter(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


def read_body(response: requests.Response, deadline: Deadline) -> bytes:
    """Read a streamed body, bounded in bytes and as a whole in time.

    Raises MalformedResponse for a compressed one, which nobody asked for: a few bytes may unpack to
    more than fits into memory.
    """
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise MalformedResponse(response.status_code)
    body = bytearray()
    if response.raw.length_remaining == 0:
        response.raw.release_conn()
        return b""
    try:
        with _TimeLimit(max(0, deadline.remaining()), response.raw.abort):  # type: ignore[union-attr]
            while response.raw.length_remaining != 0 and (
                chunk := response.raw.read1(_CHUNK, decode_content=False)
            ):
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise MalformedResponse(response.status_code)
    except TimeoutError:
        raise TimedOut(deadline.budget) from None
    # Read to its end, but not by requests, which would therefore hang up on leaving.
    response.raw.release_conn()
    return bytes(body)


def to_bigcommerce_error(error: Exception, waited: float) -> Unavailable:
    """A network error of requests or urllib3 as ours."""
    causes = (requests.Timeout, urllib3.exceptions.TimeoutError)
    if isinstance(error, causes) or any(isinstance(arg, causes) for arg in error.args):
        return TimedOut(waited)
    return Unavailable()
