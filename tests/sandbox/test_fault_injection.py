"""Faults of the network and of BigCommerce, as an HTTP client sees them."""

import socket
from typing import Any

import pytest
import requests

from sandbox.faults import Fault
from sandbox.server import run_sandbox
from sandbox.world import World
from tests.sandbox.conftest import CONNECTION, SendRequest

# Timeout of requests that have to time out; long enough to send the request on a loaded machine.
SHORT_TIMEOUT = 0.5


@pytest.mark.parametrize(
    ("fault", "timeout", "error"),
    [
        pytest.param(Fault(kind="reset"), 10, requests.ConnectionError, id="reset"),
        pytest.param(Fault(kind="hang"), SHORT_TIMEOUT, requests.ReadTimeout, id="hang"),
        pytest.param(
            Fault(kind="hang", seconds=0.01), 10, requests.ConnectionError, id="hang, then close"
        ),
        pytest.param(
            Fault(kind="delay", seconds=60), SHORT_TIMEOUT, requests.ReadTimeout, id="delay"
        ),
        pytest.param(
            Fault(kind="drip", seconds=600), SHORT_TIMEOUT, requests.ConnectionError, id="drip"
        ),
        pytest.param(
            Fault(kind="truncated"), 10, requests.exceptions.ChunkedEncodingError, id="truncated"
        ),
        pytest.param(
            Fault(kind="truncated", status=200, body="[]"),
            10,
            requests.exceptions.ChunkedEncodingError,
            id="truncated custom response",
        ),
    ],
)
def test_a_fault_affects_one_request_and_the_next_succeeds(
    call_api: SendRequest, world: World, fault: Fault, timeout: float, error: type[Exception]
) -> None:
    world.set_fault(fault)

    with pytest.raises(error):
        call_api("GET", "/time", timeout=timeout)

    assert call_api("GET", "/time").status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(kind="delay", seconds=0.01), id="delay"),
        pytest.param(
            Fault(kind="delay", seconds=0.01, execute_first=True), id="delay after execution"
        ),
        pytest.param(Fault(kind="drip", seconds=0.01), id="drip"),
    ],
)
def test_a_slow_response_is_the_real_one(call_api: SendRequest, world: World, fault: Fault) -> None:
    real_body = call_api("GET", "/store").json()
    world.set_fault(fault)

    response = call_api("GET", "/store")

    assert (response.status_code, response.json()) == (200, real_body)


def test_a_response_fault_is_sent_unchanged_and_not_executed(
    call_api: SendRequest, world: World
) -> None:
    world.set_fault(
        Fault(status=429, headers={"X-Retry-After": "7"}, body="<p>", content_type="text/html")
    )

    response = call_api("POST", CONNECTION, {"carrier_id": "royalmail", "connection": {}})

    assert (response.status_code, response.text, response.headers["X-Retry-After"]) == (
        429,
        "<p>",
        "7",
    )
    assert response.headers["Content-Type"].startswith("text/html")
    assert world.store("harbour1").connections == {}


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        pytest.param(Fault(kind="reset", execute_first=True), None, id="reset"),
        pytest.param(Fault(kind="hang", execute_first=True), None, id="hang"),
        pytest.param(Fault(kind="delay", seconds=60, execute_first=True), None, id="delay"),
        pytest.param(Fault(status=502, execute_first=True), 502, id="response"),
    ],
)
def test_execute_first_executes_the_request_and_loses_the_response(
    call_api: SendRequest, world: World, fault: Fault, status: int | None
) -> None:
    world.set_fault(fault)
    body = {"carrier_id": "royalmail", "connection": {}}

    try:
        status_received: int | None = call_api(
            "POST", CONNECTION, body, timeout=SHORT_TIMEOUT
        ).status_code
    except requests.RequestException:
        status_received = None

    assert status_received == status
    assert "royalmail" in world.store("harbour1").connections


def test_an_endless_body_ends_when_the_client_disconnects(
    call_api: SendRequest, world: World
) -> None:
    world.set_fault(Fault(kind="endless", status=200))

    with call_api("GET", "/time", stream=True) as response:
        received = response.raw.read(1_000_000)

    assert (response.status_code, len(received)) == (200, 1_000_000)


def test_a_reset_fault_sends_rst_instead_of_closing_the_connection(
    call_api: SendRequest, world: World
) -> None:
    world.set_fault(Fault(kind="reset"))

    with pytest.raises(requests.ConnectionError) as caught:
        call_api("GET", "/time")

    assert isinstance(caught.value.args[0].args[1], ConnectionResetError)


def test_stopping_the_server_closes_idle_connections(
    world: World, session: requests.Session
) -> None:
    with run_sandbox(world) as base_url:
        port = int(base_url.rpartition(":")[2])
        idle = socket.create_connection(("127.0.0.1", port))
        session.get(base_url)  # accepted after the idle connection

    with idle:
        received = idle.recv(1)

    assert received == b""


@pytest.mark.parametrize(
    ("endpoint", "affected"),
    [
        ("zones", ["zones"]),
        ("methods", ["methods"]),
        ("connection", ["connection"]),
        ("store", ["store"]),
        ("time", ["time"]),
        ("token", ["token"]),
        ("api", ["zones", "methods", "connection", "store", "time"]),
        ("any", ["zones", "methods", "connection", "store", "time", "token"]),
    ],
)
def test_a_fault_affects_only_its_endpoint(
    call_api: SendRequest,
    request_token: SendRequest,
    world: World,
    endpoint: Any,
    affected: list[str],
) -> None:
    world.set_fault(Fault(endpoint=endpoint, status=555, times=None))

    statuses = {
        "zones": call_api("GET", "/shipping/zones/1").status_code,
        "methods": call_api("GET", "/shipping/zones/1/methods").status_code,
        "connection": call_api("DELETE", CONNECTION, {"carrier_id": "fedex"}).status_code,
        "store": call_api("GET", "/store").status_code,
        "time": call_api("GET", "/time").status_code,
        "token": request_token().status_code,
    }

    assert [name for name, status in statuses.items() if status == 555] == affected


def test_a_fault_can_be_limited_to_a_method_repeated_and_cleared(
    call_api: SendRequest, world: World
) -> None:
    fault = Fault(endpoint="zones", method="POST", status=503, times=2)
    body = {"name": "Global", "type": "global"}
    world.set_fault(fault)
    world.set_fault(Fault(endpoint="time", times=None))

    statuses = [call_api("GET", "/shipping/zones").status_code]
    statuses += [call_api("POST", "/shipping/zones", body).status_code for _ in range(3)]
    world.clear_faults()
    statuses.append(call_api("GET", "/time").status_code)

    assert statuses == [200, 503, 503, 201, 200]
    assert fault.times == 2
