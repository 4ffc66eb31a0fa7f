"""Metrics: who may read them, what they count, and what they never name."""

import json
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.orm import Session

from sandbox.faults import Fault
from sandbox.world import World
from tests import make
from tests.crash.worker import Gunicorn, until
from tests.merchant import Browser

TOKEN = "metrics-token-of-the-tests-" + "m" * 16
BEARER = {"Authorization": f"Bearer {TOKEN}"}
pytestmark = pytest.mark.settings(METRICS_TOKEN=TOKEN)

Count = Callable[..., float]


def samples(told: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(told)
        for sample in family.samples
    }


def read(app: Flask) -> str:
    response = app.test_client().get("/metrics", headers=BEARER)
    assert response.status_code == 200
    return response.text


@pytest.fixture
def counted(app: Flask) -> Count:
    """Return how much a metric has grown since the test began."""
    before = samples(read(app))

    def since(name: str, **labels: str) -> float:
        key = name, frozenset(labels.items())
        return samples(read(app)).get(key, 0) - before.get(key, 0)

    return since


@pytest.mark.settings(METRICS_TOKEN=None)
def test_metrics_are_a_404_without_a_token_setting(app: Flask) -> None:
    assert app.test_client().get("/metrics", headers=BEARER).status_code == 404


@pytest.mark.parametrize(
    "header",
    [None, "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "é"],
)
def test_metrics_require_the_token(app: Flask, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}

    response = app.test_client().get("/metrics", headers=headers)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert "bcapp_" not in response.text


def test_requests_are_counted_by_rule_method_and_status(merchant: Browser, counted: Count) -> None:
    merchant.get("/carriers/fedex")
    merchant.get("/carriers/auspost")
    merchant.get("/carriers/nosuch")

    asked = {"route": "/carriers/<carrier_id>", "method": "GET"}
    assert counted("bcapp_requests_total", **asked, status="200") == 2
    assert counted("bcapp_requests_total", **asked, status="404") == 1
    assert counted("bcapp_request_seconds_count", route=asked["route"]) == 3


def test_unknown_methods_and_paths_share_one_label(app: Flask, counted: Count) -> None:
    client = app.test_client()
    for path in ("/nope", "/carriers/a/b/c/d", "/%00", "/metrics/x"):
        client.get(path)
    for method in ("FROB", "X1", "PROPFIND"):
        client.open("/healthz", method=method)

    unmatched = {"route": "unmatched"}
    assert counted("bcapp_requests_total", **unmatched, method="GET", status="404") == 4
    assert counted("bcapp_requests_total", **unmatched, method="other", status="405") == 3
    assert "FROB" not in read(app)


def test_calls_to_bigcommerce_are_counted_by_name_and_outcome(
    merchant: Browser, counted: Count
) -> None:
    merchant.world.set_fault(Fault("connection", status=400))
    merchant.world.set_fault(Fault("connection", "reset", times=2))

    merchant.send("zoom2u")
    merchant.send("zoom2u")
    merchant.send("zoom2u")

    call = {"call": "POST /shipping/carrier/connection"}
    assert counted("bcapp_bigcommerce_calls_total", **call, outcome="Rejected") == 1
    assert counted("bcapp_bigcommerce_calls_total", **call, outcome="Unavailable") == 2
    assert counted("bcapp_bigcommerce_calls_total", **call, outcome="ok") == 1
    assert counted("bcapp_bigcommerce_call_seconds_count", **call) == 4


@pytest.mark.parametrize(
    ("where", "call", "body"),
    [
        pytest.param("zones", "GET /shipping/zones", "[{", id="cut off"),
        pytest.param("zones", "GET /shipping/zones", '[{"id": "x"}]', id="of another shape"),
        pytest.param("token", "POST /oauth2/token", '{"access_token": 5}', id="no token"),
    ],
)
def test_an_unreadable_response_is_not_counted_as_ok(
    browser: Browser, counted: Count, where: Any, call: str, body: str
) -> None:
    browser.world.set_fault(Fault(where, status=200, body=body))

    browser.install()
    browser.get("/carriers")

    unreadable = {"call": call, "outcome": "MalformedResponse"}
    assert counted("bcapp_bigcommerce_calls_total", **unreadable) == 1
    assert counted("bcapp_bigcommerce_calls_total", call=call, outcome="ok") == 0


def test_installs_uninstalls_and_refusals_are_counted(browser: Browser, counted: Count) -> None:
    browser.install()
    stranger = browser.another("owner")
    stranger.get("/carriers")
    stranger.token = "none"
    stranger.get("/carriers")
    browser.uninstall()
    browser.get("/carriers")

    assert counted("bcapp_events_total", event="store:installed") == 1
    assert counted("bcapp_events_total", event="store:uninstalled") == 1
    assert counted("bcapp_refused_total", reason="NoSession") == 1
    assert counted("bcapp_refused_total", reason="InvalidSession") == 1
    assert counted("bcapp_refused_total", reason="NotInstalled") == 1
    exchange = {"call": "POST /oauth2/token", "outcome": "ok"}
    assert counted("bcapp_bigcommerce_calls_total", **exchange) == 1


def test_no_label_names_a_store_a_person_or_a_number(app: Flask, merchant: Browser) -> None:
    merchant.get("/carriers/fedex")
    merchant.send("fedex")
    zone = merchant.world.store("harbour1").zones[0]["id"]
    merchant.post(f"/carriers/fedex/zones/{zone}", {"enabled": "1", "name": "FedEx"})

    labels = {pair for _name, labels in samples(read(app)) for pair in labels}
    assert {name for name, _value in labels} <= {
        *("route", "method", "status", "call", "outcome", "reason", "event", "le")
    }
    named = {value for name, value in labels if name not in {"status", "le"}}
    assert [value for value in named if re.search(r"\d(?!/token)|@|harbour", value)] == []
    assert [value for value in named if "zones/_/methods" in value]


@pytest.mark.settings(METRICS_TOKEN=TOKEN, BIGCOMMERCE_CONCURRENCY="1")
def test_waiting_requests_and_their_limit_are_reported(app: Flask, merchant: Browser) -> None:
    refused = ("bcapp_refused_total", frozenset({("reason", "Overloaded")}))
    waiting = ("bcapp_bigcommerce_waiting", frozenset[tuple[str, str]]())
    before = samples(read(app))
    merchant.world.set_fault(Fault("connection", "hang", seconds=3))
    tab = merchant.another("owner")
    tab.token = merchant.token
    sending = threading.Thread(target=tab.send, args=("zoom2u",))
    sending.start()
    until(lambda: bool(merchant.world.calls_to("/shipping/carrier/connection")), "no call came")

    merchant.send("fedex")
    during = samples(read(app))
    sending.join()

    assert during[waiting] - before[waiting] == 1
    assert during["bcapp_bigcommerce_waiting_limit", frozenset()] == 1
    assert during[refused] - before.get(refused, 0) == 1
    assert samples(read(app))[waiting] == before[waiting]


@pytest.fixture
def three_workers(sqlite_template: Path, tmp_path: Path, bigcommerce: str) -> Iterator[Gunicorn]:
    database = tmp_path / "bcapp.sqlite3"
    database.write_bytes(sqlite_template.read_bytes())
    environ = make.environ(
        DATABASE_URL=f"sqlite:///{database}",
        BIGCOMMERCE_LOGIN_URL=bigcommerce,
        BIGCOMMERCE_API_URL=bigcommerce,
        METRICS_TOKEN=TOKEN,
        WEB_CONCURRENCY="3",
        TMPDIR=str(tmp_path),
        LOG_LEVEL="INFO",
    )
    with Gunicorn(environ, tmp_path / "log") as gunicorn:
        yield gunicorn


def test_metrics_of_three_workers_are_added_up(
    three_workers: Gunicorn, world: World, tmp_path: Path
) -> None:
    def ask(path: str) -> int:
        # A connection each, so that every worker takes some.
        return requests.get(f"{three_workers.url}{path}", timeout=30).status_code

    def read_all() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        answer = requests.get(f"{three_workers.url}/metrics", headers=BEARER, timeout=30)
        return samples(answer.text)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, ["/healthz"] * 90 + ["/nope"] * 60))
    owner = world.person("harbour1", "owner")
    query = world.install_query("harbour1", owner)
    requests.get(f"{three_workers.url}/auth", params=query, timeout=30)
    numbers = read_all()

    assert answers == [200] * 90 + [404] * 60
    alive = {("route", "/healthz"), ("method", "GET"), ("status", "200")}
    nowhere = {("route", "unmatched"), ("method", "GET"), ("status", "404")}
    assert numbers["bcapp_requests_total", frozenset(alive)] == 90
    assert numbers["bcapp_requests_total", frozenset(nowhere)] == 60
    assert numbers["bcapp_request_seconds_count", frozenset({("route", "/healthz")})] == 90
    exchange = frozenset({("call", "POST /oauth2/token"), ("outcome", "ok")})
    assert numbers["bcapp_bigcommerce_calls_total", exchange] == 1
    assert numbers["bcapp_bigcommerce_waiting", frozenset()] == 0
    assert numbers["bcapp_bigcommerce_waiting_limit", frozenset()] == 144

    # A worker that ends takes nothing along that was counted.
    for worker in three_workers.workers():
        os.kill(worker, signal.SIGKILL)
        until(lambda gone=worker: gone not in three_workers.workers(), "a worker survived")
    until(lambda: len(three_workers.workers()) == 3, "no new workers")
    assert read_all()["bcapp_requests_total", frozenset(alive)] == 90
    assert len(list(tmp_path.glob("bcapp-metrics-*/gauge_livemax_*"))) <= 4  # the master has one


def test_metric_files_are_deleted_on_exit(three_workers: Gunicorn, tmp_path: Path) -> None:
    requests.get(f"{three_workers.url}/healthz", timeout=30)
    kept = list(tmp_path.glob("bcapp-metrics-*"))

    three_workers.end()

    assert len(kept) == 1
    assert list(tmp_path.glob("bcapp-metrics-*")) == []


def test_gunicorn_logs_json_without_requests(three_workers: Gunicorn, tmp_path: Path) -> None:
    requests.get(f"{three_workers.url}/readyz", timeout=30)
    port = int(three_workers.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as peer:
        peer.sendall(b"GET /load?signed_payload_jwt=from.somebody HTTP/9.9\r\n\r\n")
        while peer.recv(4096):
            pass
    three_workers.reload()
    requests.get(f"{three_workers.url}/readyz", timeout=30)
    three_workers.end()

    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]

    (quoting,) = [line for line in lines if line["event"].startswith("Invalid")]
    assert quoting["event"] == "Invalid request"
    assert "request_id" not in quoting
    assert "Shutting down: Master" in {line["event"] for line in lines}
    assert len([line for line in lines if line.get("route") == "/readyz"]) == 2
    assert "somebody" not in (tmp_path / "log").read_text()


@pytest.mark.both_databases("failures")
@pytest.mark.own_database
def test_metrics_report_readiness(app: Flask, db: Session) -> None:
    ready = samples(read(app))["bcapp_ready", frozenset()]
    db.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    db.commit()

    assert ready == 1
    assert samples(read(app))["bcapp_ready", frozenset()] == 0
