"""HTTP client settings: one pool, no cookies, no redirects, limits on time and body size."""

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
MAX_HEADER_SECONDS = 20  # seconds, if the connection has no timeout
# Routers silently drop connections that are idle for minutes; a request sent on one gets no answer.
MAX_IDLE_SECONDS = 30  # seconds
_CHUNK = 64 * 1024

IDENTITY_ENCODING = {"Accept-Encoding": "identity"}


class Deadline:
    """The time left for waiting in one action."""

    def __init__(self, budget: float) -> None:
        self.budget = budget
        self._on_timeout = time.monotonic() + budget

    def remaining(self) -> float:
        return self._on_timeout - time.monotonic()

    def elapsed(self) -> float:
        return self.budget - self.remaining()

    def timeouts(self) -> tuple[float, float]:
        """Return the connect and read timeouts: a fifth of the budget, and the rest of it."""
        left = self.remaining()
        if left <= 0:
            raise TimedOut(self.budget)
        return min(self.budget / 5, left), min(self.budget * 4 / 5, left)


def new_session(connections: int = 64) -> requests.Session:
    """Create a session that all threads share: it pools connections and keeps no state."""
    session = requests.Session()
    # Ignore proxies and .netrc from the environment; never send one store's cookies to another.
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = "carrier-connections/1.0"
    session.headers.update(IDENTITY_ENCODING)
    adapter = Adapter(pool_maxsize=connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _TimeLimit:
    """Abort the connection after a time limit: socket timeouts only limit each single read."""

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
            raise TimeoutError from None  # as a socket would raise, so that urllib3 translates it


class _Connection:
    """Time out slow response headers and drop connections idle for 30 s.

    Exposes the socket so that `read_body` can abort.
    """

    _last_used = 0.0

    @property
    def is_connected(self) -> bool:
        """Tell urllib3 whether to reuse the connection; if not, it opens a new one."""
        is_fresh = time.monotonic() - self._last_used < MAX_IDLE_SECONDS
        return is_fresh and super().is_connected  # type: ignore[misc]

    def getresponse(self) -> urllib3.HTTPResponse:
        timeout, sock = self.timeout, self.sock  # type: ignore[attr-defined]
        seconds = timeout if isinstance(timeout, (int, float)) else MAX_HEADER_SECONDS
        abort = partial(_shut_down, sock)
        with _TimeLimit(seconds, abort):
            response: urllib3.HTTPResponse = super().getresponse()  # type: ignore[misc]
        self._last_used = time.monotonic()
        # urllib3's own `shutdown` does not stop the peer from sending.
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
    """Read a streamed body within the deadline.

    Raises TimedOut, or MalformedResponse if it is too large, or compressed, which was not requested
    and could expand to more than fits into memory.
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
    # Return the connection to the pool: requests would close it, since it did not read the body
    # itself.
    response.raw.release_conn()
    return bytes(body)


def to_bigcommerce_error(error: Exception, waited: float) -> Unavailable:
    """Translate a network error of requests or urllib3."""
    causes = (requests.Timeout, urllib3.exceptions.TimeoutError)
    if isinstance(error, causes) or any(isinstance(arg, causes) for arg in error.args):
        return TimedOut(waited)
    return Unavailable()
