"""nginx in front of the app, with the deployed configuration."""

import socket
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from select import select
from typing import Any

import pytest
import requests

from bcapp.factory import MAX_REQUEST_BYTES
from tests.conftest import missing
from tests.crash.worker import until
from tests.nginx import Nginx, program
from tests.served import free_port, http_session


class Upstream(ThreadingHTTPServer):
    """An instance that reports the request, or dies while handling it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.deaths: list[str] = []  # one word for every request that it is to die over


class Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.path, dict(self.headers)))
        if self.server.deaths:
            self.server.deaths.pop()
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/css" if ".css" in self.path else "text/html")
        self.send_header("X-Request-Id", "ABCD-EFGH")
        self.end_headers()
        self.wfile.write(b"%d " % len(body) + b"x" * 5000)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def nginx_before(*ports: int) -> Iterator[Nginx]:
    if program() is None:
        missing("nginx")
    with tempfile.TemporaryDirectory(prefix="nginx") as folder, Nginx(Path(folder), ports) as nginx:
        yield nginx


@pytest.fixture
def first() -> Iterator[Upstream]:
    with upstream() as server:
        yield server


@pytest.fixture
def second() -> Iterator[Upstream]:
    with upstream() as server:
        yield server


@pytest.fixture
def nginx(first: Upstream, second: Upstream) -> Iterator[Nginx]:
    with nginx_before(first.server_port, second.server_port) as nginx:
        yield nginx


@pytest.fixture
def http(nginx: Nginx) -> Iterator[requests.Session]:
    with http_session() as http:
        http.verify = str(nginx.trusted)
        yield http


def test_nginx_accepts_the_configuration_without_a_warning(nginx: Nginx) -> None:
    checked = nginx.check()

    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr


def test_plain_http_is_sent_to_tls(nginx: Nginx, http: requests.Session) -> None:
    answer = http.get(f"{nginx.plain_url}/load?a=b", allow_redirects=False)

    assert (answer.status_code, answer.headers["Location"]) == (301, "https://127.0.0.1/load?a=b")


def test_nginx_replaces_forwarded_headers(
    nginx: Nginx, http: requests.Session, first: Upstream, second: Upstream
) -> None:
    forged = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "ftp",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=203.0.113.9",
        "SCRIPT_NAME": "/x",
    }
    http.get(f"{nginx.url}/", headers=forged)

    ((_path, headers),) = first.asked + second.asked
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "https"
    assert headers["X-Forwarded-Host"] == "127.0.0.1"
    assert not {"Forwarded", "SCRIPT_NAME"} & set(headers)


def test_nginx_logs_no_query(http: requests.Session) -> None:
    with nginx_before(free_port(), free_port()) as nginx:
        http.verify = str(nginx.trusted)
        http.get(f"{nginx.url}/load?signed_payload_jwt=canary")
        until(lambda: bool(nginx.log()), "nothing is logged")

        (line,) = nginx.answered()
        assert (line["path"], line["status"]) == ("/load", "503")
        assert "canary" not in nginx.log() + nginx.errors()


def test_nginx_has_a_readable_error_page(http: requests.Session) -> None:
    with nginx_before(free_port(), free_port()) as nginx:
        http.verify = str(nginx.trusted)
        answer = http.get(f"{nginx.url}/load")

    assert answer.status_code == 503
    assert "We can’t answer right now" in answer.content.decode()
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("POST", "/"), ("GET", "/auth?code=once")]
)
def test_a_stopped_instance_fails_no_request(
    first: Upstream, http: requests.Session, method: str, path: str
) -> None:
    with nginx_before(free_port(), first.server_port) as nginx:
        http.verify = str(nginx.trusted)
        answers = [http.request(method, f"{nginx.url}{path}", data=b"a") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 6
    assert len(first.asked) == 6


def test_a_frozen_instance_gets_few_requests(first: Upstream, http: requests.Session) -> None:
    """The kernel accepts for it; nobody reads."""
    with (
        ThreadPoolExecutor(1) as threads,
        socket.create_server(("127.0.0.1", 0)) as frozen,
        nginx_before(frozen.getsockname()[1], first.server_port) as nginx,
    ):
        http.verify = str(nginx.trusted)
        asking = threads.submit(lambda: [http.get(f"{nginx.url}/") for _ in range(2)])
        until(lambda: bool(select([frozen], [], [], 0)[0]), "the frozen instance is never asked")

        with http_session() as other:
            other.verify = http.verify
            statuses = [other.get(f"{nginx.url}/").status_code for _ in range(20)]

        assert statuses == [200] * 20
        assert not asking.done()
        frozen.close()
        assert [answer.status_code for answer in asking.result()] == [200, 200]


@pytest.mark.parametrize(
    ("method", "path", "asked", "status"),
    [
        ("GET", "/", 2, 200),
        ("POST", "/", 1, 503),
        pytest.param("GET", "/auth?code=once", 1, 503, id="a code that is good for once"),
    ],
)
def test_only_safe_requests_are_repeated(
    nginx: Nginx,
    http: requests.Session,
    first: Upstream,
    second: Upstream,
    method: str,
    path: str,
    asked: int,
    status: int,
) -> None:
    first.deaths = second.deaths = ["now"]
    answer = http.request(method, f"{nginx.url}{path}", data=b"a")

    assert (len(first.asked + second.asked), answer.status_code) == (asked, status)


@pytest.mark.parametrize(
    ("size", "status"), [(MAX_REQUEST_BYTES + 1, 200), (2 * MAX_REQUEST_BYTES, 413)]
)
def test_the_app_answers_too_large_requests(
    nginx: Nginx, http: requests.Session, size: int, status: int
) -> None:
    assert http.post(f"{nginx.url}/", data=b"x" * size).status_code == status


def test_nginx_does_not_expose_metrics(nginx: Nginx, http: requests.Session) -> None:
    assert http.get(f"{nginx.url}/metrics").status_code == 404
