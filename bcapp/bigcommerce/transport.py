"""Manners of every request to BigCommerce: one pool, no cookies, no redirects, bounded bodies."""

import socket
import threading
import time
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3

from bcapp.bigcommerce.errors import MalformedReply, TimedOut, Unavailable

LARGEST_BODY = 16 * 1024 * 1024  # a zone may list 40,000 postcodes
LONGEST_HEAD = 20  # seconds, where a connection has no time limit of its own
_CHUNK = 64 * 1024


class Deadline:
    """What is left of the time that one action may spend waiting."""

    def __init__(self, budget: float) -> None:
        self.budget = budget
        self._end = time.monotonic() + budget

    def remaining(self) -> float:
        return self._end - time.monotonic()

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
    adapter = Adapter(pool_maxsize=connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _HeadInTime:
    """Bounds the wait for a whole head: sockets only bound the wait for its next byte."""

    def getresponse(self) -> urllib3.HTTPResponse:
        seconds = self.timeout if isinstance(self.timeout, (int, float)) else LONGEST_HEAD  # type: ignore[attr-defined]
        has_waited = threading.Event()
        watch = threading.Timer(seconds, self._hang_up, [has_waited])
        watch.daemon = True
        watch.start()
        try:
            response: urllib3.HTTPResponse = super().getresponse()  # type: ignore[misc]
        except Exception:
            if has_waited.is_set():
                raise TimeoutError from None  # what a socket raises, for urllib3 to translate
            raise
        else:
            return response
        finally:
            watch.cancel()

    def _hang_up(self, has_waited: threading.Event) -> None:
        has_waited.set()
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]


class _PlainConnection(_HeadInTime, urllib3.connection.HTTPConnection):  # type: ignore[misc]
    pass


class _TLSConnection(_HeadInTime, urllib3.connection.HTTPSConnection):  # type: ignore[misc]
    pass


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TLSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class Adapter(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TLSPool}


def read_body(response: requests.Response, deadline: Deadline) -> bytes:
    """Read a streamed body within the deadline: `requests` only bounds the time between bytes."""
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise MalformedReply(response.status_code)
        if deadline.remaining() <= 0:
            raise TimedOut(deadline.budget)
    return bytes(body)


def as_our_error(error: Exception, waited: float) -> Unavailable:
    """A network error of requests or urllib3 as ours."""
    causes = (requests.Timeout, urllib3.exceptions.TimeoutError)
    if isinstance(error, causes) or any(isinstance(arg, causes) for arg in error.args):
        return TimedOut(waited)
    return Unavailable()
