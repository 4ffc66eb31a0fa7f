"""Upper bounds for a request: statements, calls to BigCommerce, connections."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, event

from bcapp.bigcommerce import http
from bcapp.config import Config
from bcapp.factory import create_app
from bcapp.runtime import runtime
from sandbox import sample_data
from sandbox.faults import Fault
from sandbox.world import World
from tests.conftest import close
from tests.merchant import Browser, together
from tests.reference import DETAILS

pytestmark = pytest.mark.both_databases("queries")

Act = Callable[[Browser], object]


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """Record every statement of the app."""
    with app.app_context():
        engine: Engine = runtime().engine
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):  # SQLite's is ours, PostgreSQL's its driver's
            seen.append(" ".join(statement.split()))

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def writes(app: Flask) -> Iterator[list[object]]:
    """Record every write transaction."""
    with app.app_context():
        engine: Engine = runtime().engine
    seen: list[object] = []

    def note(connection: Connection) -> None:
        if connection.get_execution_options().get("begin") == "IMMEDIATE":
            seen.append(connection)

    event.listen(engine, "commit", note)
    yield seen
    event.remove(engine, "commit", note)


def open_as_somebody_new(tab: Browser) -> None:
    tab.another("staff").open()


# What is done, and at most how many statements when nothing is new, transactions that write among
# them, and calls to BigCommerce.
COSTS: dict[str, tuple[Act, int, int, int]] = {
    "open": (lambda tab: tab.open(), 3, 0, 0),
    "open, new": (open_as_somebody_new, 6, 1, 0),
    "install": (lambda tab: tab.another("owner", "elmfield2").install(), 9, 2, 2),
    "overview": (lambda tab: tab.get("/carriers"), 3, 0, 0),
    "carrier": (lambda tab: tab.get("/carriers/fedex"), 5, 0, 0),
    "form": (lambda tab: tab.get("/carriers/fedex/connection"), 2, 0, 0),
    "activity": (lambda tab: tab.get("/activity"), 3, 0, 0),
    "send": (lambda tab: tab.send("fedex"), 7, 2, 1),
    "disconnect": (lambda tab: tab.disconnect("fedex"), 7, 2, 1),
    "zone": (lambda tab: tab.post("/carriers/fedex/zones/1", {"enabled": "false"}), 17, 4, 2),
}


@pytest.mark.parametrize("name", COSTS)
def test_actions_stay_within_their_statements_and_calls(
    merchant: Browser, statements: list[str], writes: list[object], name: str
) -> None:
    act, most_statements, most_transactions, most_calls = COSTS[name]
    merchant.world.set_zones(merchant.store_hash, 60)
    for carrier_id in DETAILS:
        merchant.send(carrier_id)
        # The last attempt and the last success are two entries then.
        merchant.world.set_fault(Fault("connection", status=400))
        merchant.send(carrier_id)
    merchant.open()  # the language is written once
    merchant.get("/carriers")  # and the zones are read once
    statements.clear()
    writes.clear()
    merchant.world.calls.clear()

    act(merchant)

    assert len(statements) <= most_statements, "\n".join(statements)
    assert len(writes) <= most_transactions
    assert len(merchant.world.calls) <= most_calls


def test_a_launch_of_a_known_user_writes_nothing(merchant: Browser, statements: list[str]) -> None:
    merchant.open()
    statements.clear()

    merchant.open()

    assert {statement.partition(" ")[0] for statement in statements} == {"SELECT"}


class KeepingOpen(BaseHTTPRequestHandler):
    """A stand-in for BigCommerce that keeps connections open, unlike the sandbox."""

    protocol_version = "HTTP/1.1"
    opened: ClassVar[list[object]] = []

    def setup(self) -> None:
        super().setup()
        self.opened.append(self.client_address)

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    do_POST = do_PUT

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path.endswith("/methods"):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"2\r\n[]\r\n0\r\n\r\n")
            return
        zone = sample_data.zone(1, "Australia", "country", [])
        zones = json.dumps([zone | {"id": number} for number in range(1, 11)]).encode()
        self.send_header("Content-Length", str(len(zones)))
        self.end_headers()
        self.wfile.write(zones)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def kept_open(config: Config, world: World) -> Iterator[Browser]:
    """A merchant with a BigCommerce that keeps connections open."""
    KeepingOpen.opened.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), KeepingOpen) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        app = create_app(config.model_copy(update={"bigcommerce_api_url": address}))
        merchant = Browser(app, world, "harbour1", "owner")
        merchant.install()
        KeepingOpen.opened.clear()
        yield merchant
        close(app)
        server.shutdown()
        thread.join()


def test_each_thread_opens_one_connection_to_bigcommerce(kept_open: Browser) -> None:
    def send_often() -> int:
        tab = kept_open.another("owner")
        tab.token = kept_open.token
        return [tab.send(carrier_id).status_code for carrier_id in [*DETAILS] * 10].count(303)

    sent = together(*[send_often] * 4)

    assert sent == [50] * 4
    assert len(KeepingOpen.opened) <= 4


def test_idle_connections_are_not_reused(
    kept_open: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_open.send("zoom2u")
    opened = len(KeepingOpen.opened)
    monkeypatch.setattr(http, "MAX_IDLE_SECONDS", 0)

    kept_open.send("zoom2u")

    assert len(KeepingOpen.opened) == opened + 1


def test_fetching_zones_again_opens_no_connection(kept_open: Browser) -> None:
    kept_open.get("/carriers?refresh=1")
    opened = len(KeepingOpen.opened)

    for _ in range(5):
        assert "No zones" in kept_open.get("/carriers?refresh=1").text

    assert len(KeepingOpen.opened) <= max(opened, 10)
