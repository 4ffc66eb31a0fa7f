"""More requests than may wait for BigCommerce, repeated installs, endless responses."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session

from bcapp import database
from bcapp.bigcommerce import oauth
from bcapp.bigcommerce.errors import MalformedResponse, TimedOut
from bcapp.bigcommerce.http import new_session
from bcapp.bigcommerce.store_api import StoreApi
from bcapp.models import Store
from sandbox.faults import Fault
from sandbox.world import World
from tests import make
from tests.merchant import Browser, said, together

CONNECTION = "/shipping/carrier/connection"


@pytest.mark.settings(BIGCOMMERCE_CONCURRENCY="2", BIGCOMMERCE_TIME_BUDGET="20")
def test_launches_and_callbacks_work_while_bigcommerce_hangs(
    app: Flask, world: World, merchant: Browser
) -> None:
    world.set_fault(Fault("connection", "hang", seconds=3, times=2))
    waiting = [Browser(app, world, "harbour1", "owner") for _ in range(2)]
    for tab in waiting:
        tab.token = merchant.token
    threads = [threading.Thread(target=tab.send, args=("zoom2u",)) for tab in waiting]
    for thread in threads:
        thread.start()
    while len(world.calls_to(CONNECTION)) < 2:
        threading.Event().wait(0.01)

    refused = merchant.send("fedex")
    launched = merchant.another("staff").open()
    removed = merchant.another("staff").remove()
    uninstalled = merchant.uninstall()

    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"
    assert "Too many people are sending right now Nothing was sent." in said(refused)
    assert [launched.status_code, removed.status_code, uninstalled.status_code] == [200, 204, 204]
    assert len(world.calls_to(CONNECTION)) == 2
    for thread in threads:
        thread.join()


@pytest.mark.both_databases("locks")
@pytest.mark.settings(BIGCOMMERCE_CONCURRENCY="2", BIGCOMMERCE_TIME_BUDGET="20")
def test_waiting_tabs_leave_room_for_callbacks(app: Flask, world: World, merchant: Browser) -> None:
    """More tabs of one store than there are database connections."""
    world.set_fault(Fault("zones", "hang", seconds=3))
    answers: list[int] = []

    def look() -> None:
        tab = Browser(app, world, "harbour1", "owner")
        tab.token = merchant.token
        answers.append(tab.get("/carriers").status_code)

    tabs = [threading.Thread(target=look) for _ in range(60)]
    for tab in tabs:
        tab.start()
    while len(answers) < 58:
        threading.Event().wait(0.01)

    launched = merchant.another("owner").open()

    still_waiting = [tab for tab in tabs if tab.is_alive()]
    for tab in tabs:
        tab.join()
    assert (launched.status_code, set(answers)) == (200, {200})
    assert len(still_waiting) <= 2


@pytest.mark.both_databases("locks")
@pytest.mark.settings(BIGCOMMERCE_TIME_BUDGET="20")
def test_more_sends_than_database_connections_work(
    app: Flask, world: World, merchant: Browser
) -> None:
    world.set_fault(Fault("connection", "delay", seconds=1, times=None))
    tabs = [merchant.another("owner") for _ in range(3 * database.POOL_SIZE)]
    for tab in tabs:
        tab.token = merchant.token

    sent = together(*[lambda tab=tab: tab.send("zoom2u").status_code for tab in tabs])

    assert sent == [303] * len(tabs)


@pytest.mark.both_databases("locks")
@pytest.mark.settings(BIGCOMMERCE_CONCURRENCY="1", BIGCOMMERCE_TIME_BUDGET="20")
def test_an_uninstall_that_cannot_be_checked_is_a_503(
    world: World, merchant: Browser, db: Session
) -> None:
    world.set_fault(Fault("connection", "hang", seconds=2))
    actor = threading.Thread(target=merchant.send, args=("zoom2u",))
    actor.start()
    while not world.calls_to(CONNECTION):
        threading.Event().wait(0.01)
    world.revoke_token("harbour1")

    first = merchant.another("staff").uninstall()
    actor.join()
    again = merchant.another("staff").uninstall()

    assert (first.status_code, again.status_code) == (503, 204)
    assert first.headers["Retry-After"]
    assert db.scalars(select(Store.sealed_access_token)).one() is None


@pytest.mark.settings(BIGCOMMERCE_CONCURRENCY="1", BIGCOMMERCE_TIME_BUDGET="20")
def test_an_install_takes_a_slot(world: World, merchant: Browser) -> None:
    world.set_fault(Fault("connection", "hang", seconds=2))
    actor = threading.Thread(target=merchant.send, args=("zoom2u",))
    actor.start()
    while not world.calls_to(CONNECTION):
        threading.Event().wait(0.01)

    refused = merchant.another("owner", "elmfield2").install()

    actor.join()
    assert refused.status_code == 503
    assert world.calls_to("/oauth2/token") == []


@pytest.mark.settings(BIGCOMMERCE_CONCURRENCY="1")
def test_slots_are_released_after_any_request(merchant: Browser) -> None:
    for fault in (None, Fault("connection", status=400), Fault("connection", "reset", times=2)):
        if fault is not None:
            merchant.world.set_fault(fault)
        assert merchant.send("zoom2u").status_code in {303, 422, 502}

    assert merchant.send("zoom2u").status_code == 303


@pytest.mark.settings(INSTALL_LIMIT_PER_STORE="2/minute")
def test_installs_of_one_store_are_limited_and_of_another_are_not(browser: Browser) -> None:
    first, second = browser.install(), browser.install()

    third = browser.install()
    elsewhere = browser.another("owner", "elmfield2").install()

    assert (first.status_code, second.status_code, elsewhere.status_code) == (200, 200, 200)
    assert third.status_code == 429
    assert third.headers["Retry-After"] == "60"
    assert len(browser.world.calls_to("/oauth2/token")) == 3


@pytest.mark.settings(INSTALL_LIMIT_PER_ADDRESS="1/minute")
@pytest.mark.parametrize(
    ("address", "neighbour", "status"),
    [
        pytest.param("2001:db8::1", "2001:db8::2", 429, id="one IPv6 network"),
        pytest.param("2001:db8::1", "2001:db8:0:1::1", 200, id="two IPv6 networks"),
        pytest.param("192.0.2.1", "192.0.2.2", 200, id="IPv4"),
        pytest.param("::ffff:192.0.2.1", "::ffff:192.0.2.2", 200, id="IPv4 written as IPv6"),
        pytest.param("::ffff:192.0.2.1", "192.0.2.1", 429, id="one IPv4 written in both ways"),
    ],
)
def test_ipv6_addresses_are_limited_by_their_64_prefix(
    browser: Browser, address: str, neighbour: str, status: int
) -> None:
    browser.client.environ_base["REMOTE_ADDR"] = address
    other = browser.another("owner", "elmfield2")
    other.client.environ_base["REMOTE_ADDR"] = neighbour

    assert browser.install().status_code == 200
    assert other.install().status_code == status


@pytest.mark.settings(INSTALL_LIMIT_PER_ADDRESS="1/minute")
def test_installs_from_one_address_are_limited(browser: Browser) -> None:
    browser.install()

    refused = browser.another("owner", "elmfield2").install()
    external = browser.install(external=True)

    assert refused.status_code == 429
    assert external.headers["Location"].endswith("/install/failed")


@dataclass(frozen=True)
class Hostile:
    """What a server sends at once, and then repeatedly until it is cut off."""

    at_once: bytes
    again: bytes
    pause: float = 0.05


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00\0\0\0\0\0\x03"
NEVER_DONE = {
    "head": Hostile(b"", b"H"),
    "more headers": Hostile(b"HTTP/1.1 204 No Content\r\n", b"X-A: b\r\n", 0.1),
    "size of a chunk": Hostile(CHUNKED, b"0"),
    "trailers": Hostile(CHUNKED + b"2\r\n[]\r\n0\r\n", b"X: y\r\n"),
    "trailers without a pause": Hostile(CHUNKED + b"2\r\n[]\r\n0\r\n", b"X: y\r\n" * 1000, 0),
}


@pytest.fixture
def hostile(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server for one connection that behaves like its Hostile parameter."""
    says: Hostile = request.param
    stop = threading.Event()

    def serve(listener: socket.socket) -> None:
        with suppress(OSError), listener.accept()[0] as peer:
            peer.settimeout(2)  # who was hung up on may never be told
            peer.recv(65536)
            peer.sendall(says.at_once)
            while not stop.wait(says.pause):
                peer.sendall(says.again)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stop.set()
    thread.join()


never_done = pytest.mark.parametrize("hostile", NEVER_DONE.values(), ids=NEVER_DONE, indirect=True)


@never_done
def test_an_endless_answer_is_aborted(hostile: str) -> None:
    with new_session() as http:
        api = StoreApi(http, hostile, "abc", SecretStr("t"), 0.5)

        with pytest.raises(TimedOut):
            api.list_zones()


@never_done
def test_an_endless_token_response_is_aborted(hostile: str) -> None:
    config = make.config(BIGCOMMERCE_LOGIN_URL=hostile, BIGCOMMERCE_TIME_BUDGET="0.5")

    with pytest.raises(TimedOut):
        oauth.exchange_code(config, "code", "store_v2_information", "stores/abc")


@pytest.mark.parametrize("hostile", [Hostile(GZIP, b"\0\0\0\xff\xff" * 1000)], indirect=True)
def test_a_compressed_answer_is_refused(hostile: str) -> None:
    with new_session() as http:
        api = StoreApi(http, hostile, "abc", SecretStr("t"), 5)

        with pytest.raises(MalformedResponse):
            api.list_zones()
