"""Every fault at every call to BigCommerce: what is answered, recorded and retried."""

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from bcapp.config import Config
from bcapp.factory import create_app
from bcapp.models import (
    ActivityEntry,
    Base,
    CarrierConnection,
    Event,
    Store,
    StoreUser,
    ZoneWrite,
)
from bcapp.outcomes import Outcome
from bcapp.runtime import runtime
from sandbox.faults import Endpoint, Fault
from sandbox.server import run_sandbox
from sandbox.world import DEFAULT_SCOPE, World
from tests import make
from tests.certificates import server_tls
from tests.conftest import close, copy_of_sqlite
from tests.merchant import Browser, Form, said
from tests.reference import DETAILS

AUSTRALIA = 1

# Of all that one action asks BigCommerce, page and repetitions included, in a store of one zone.
MAX_CALLS = 10


# What we ask of BigCommerce, and what somebody does that leads to it.


@dataclass(frozen=True)
class Call:
    where: Endpoint
    method: str
    path: str
    act: Callable[[Browser], TestResponse]
    event: Event | None = None  # what its activity entry is about
    shown_again: int = 0  # the same request again, for the page that says what became of it


def turn_on(carrier_id: str, service: str) -> Callable[[Browser], TestResponse]:
    form: Form = {"enabled": "true", "name": carrier_id, "delivery_services": [service]}
    return lambda owner: owner.post(f"/carriers/{carrier_id}/zones/{AUSTRALIA}", form)


def first_install(owner: Browser) -> TestResponse:
    return owner.another("owner", "elmfield2").install()


ZONES = "/v2/shipping/zones"
ZONE = f"{ZONES}/{AUSTRALIA}"
METHODS = f"{ZONE}/methods"
CONNECTION = "/v2/shipping/carrier/connection"

CALLS: dict[str, Call] = {
    "install": Call("token", "POST", "/oauth2/token", first_install),
    "send": Call(
        "connection",
        "POST",
        CONNECTION,
        lambda owner: owner.send("fedex"),
        Event.CONNECTION_SENT,
    ),
    "update": Call(
        "connection",
        "PUT",
        CONNECTION,
        lambda owner: owner.send("zoom2u"),
        Event.CONNECTION_UPDATED,
    ),
    "disconnect": Call(
        "connection",
        "DELETE",
        CONNECTION,
        lambda owner: owner.disconnect("zoom2u"),
        Event.CONNECTION_DELETED,
    ),
    "list zones": Call("zones", "GET", ZONES, lambda owner: owner.get("/carriers")),
    "get zone": Call("zones", "GET", ZONE, turn_on("zoom2u", "VIP"), Event.ZONE_TURNED_ON),
    "list methods": Call(
        "methods", "GET", METHODS, turn_on("zoom2u", "VIP"), Event.ZONE_TURNED_ON, shown_again=1
    ),
    "create method": Call(
        "methods", "POST", METHODS, turn_on("zoom2u", "VIP"), Event.ZONE_TURNED_ON
    ),
    "update method": Call(
        "methods",
        "PUT",
        f"{METHODS}/901",
        turn_on("auspost", "AUS_PARCEL_EXPRESS"),
        Event.ZONE_CHANGED,
    ),
}
SENDS = ("send", "update")
CONNECTION_CALLS = (*SENDS, "disconnect")
BEFORE_WRITING = ("get zone", "list methods")
WRITES = ("create method", "update method")

# Only the first that an action makes can find nobody at BigCommerce's address.
FIRST_CALLS = ("install", *CONNECTION_CALLS, "list zones", "get zone")

METHOD_MADE_ELSEWHERE: dict[str, Any] = {
    "id": 901,
    "name": "Post",
    "type": "auspost",
    "enabled": True,
    "settings": {"carrier_options": {"delivery_services": ["AUS_PARCEL_REGULAR"]}},
}


# The faults, sorted by what they mean to us.


class Kind(Enum):
    UNREACHABLE = auto()  # no connection, so no request
    LOST = auto()  # did not get through, or its answer did not: repeated where that is harmless
    DONE_BUT_LOST = auto()  # carried out, and the answer was lost
    FAILED = auto()  # BigCommerce's own error: not repeated
    LATE = auto()
    UNREADABLE = auto()  # not BigCommerce's API at all
    ODD = auto()  # JSON that no document shows, or none
    REFUSED = auto()
    CONFLICTING = auto()
    MISSING = auto()
    REVOKED = auto()
    LIMITED = auto()  # asked to wait for longer than a page may take, or no word how long
    LIMITED_BRIEFLY = auto()


def answer(status: int, body: str | bytes = "", **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(status=status, body=body, headers=named)


# A single byte comes well within the time for one, all of them do not within the time for all.
SLOW_DRIP = Fault(kind="drip", status=200, body=" " * 300, seconds=30)
# A body that reaches any limit soon, however busy this machine is.
ENDLESS = Fault(kind="endless", status=200, body=" " * 1024)
HTML = "<!DOCTYPE html><title>Log in</title>"

FAULTS: dict[str, tuple[Kind, Fault]] = {
    "reset": (Kind.LOST, Fault(kind="reset")),
    "body cut off": (Kind.LOST, Fault(kind="truncated", status=200, body='{"id": 1')),
    "502": (Kind.LOST, Fault(status=502, body=HTML, content_type="text/html")),
    "503": (Kind.LOST, answer(503, Retry_After="1")),
    "504": (Kind.LOST, answer(504)),
    "done, then reset": (Kind.DONE_BUT_LOST, Fault(kind="reset", execute_first=True)),
    "500": (Kind.FAILED, answer(500, '[{"status":500,"message":"An internal error occurred."}]')),
    "501": (Kind.FAILED, answer(501)),
    "507": (Kind.FAILED, answer(507)),
    "no first byte": (Kind.LATE, Fault(kind="hang")),
    "slow drip": (Kind.LATE, SLOW_DRIP),
    "endless body": (Kind.UNREADABLE, ENDLESS),
    "HTML": (Kind.UNREADABLE, Fault(status=200, body=HTML, content_type="text/html")),
    "HTML said to be JSON": (Kind.UNREADABLE, answer(200, HTML)),
    "half a JSON text": (Kind.ODD, answer(200, '[{"id": 1, "na')),
    "empty": (Kind.ODD, answer(200)),
    "not UTF-8": (Kind.ODD, answer(200, b'{"id": "\xff"}')),
    "list for object": (Kind.ODD, answer(200, "[[]]")),
    "object for list": (Kind.ODD, answer(200, "{}")),
    "null": (Kind.ODD, answer(200, "null")),
    "number": (Kind.ODD, answer(200, "7")),
    "number without end": (Kind.ODD, answer(200, "9" * 5000)),
    "nested deep": (Kind.ODD, answer(200, "[" * 100_000)),
    "400 HTML": (Kind.REFUSED, Fault(status=400, body=HTML, content_type="text/html")),
    "413": (Kind.REFUSED, answer(413)),
    "422": (Kind.REFUSED, answer(422, '{"status":422,"title":"No","errors":{"name":"is odd"}}')),
    "423": (Kind.REFUSED, answer(423)),
    "409": (Kind.CONFLICTING, answer(409, '[{"status":409,"message":"It is there."}]')),
    "404": (Kind.MISSING, answer(404, '[{"status":404,"message":"It is not there."}]')),
    "401": (Kind.REVOKED, answer(401, '{"status":401,"title":"Unauthorized","errors":{}}')),
    "403": (Kind.REVOKED, answer(403)),
    "429 without headers": (Kind.LIMITED, answer(429)),
    "429, half a minute": (Kind.LIMITED, answer(429, X_Rate_Limit_Time_Reset_Ms="30000")),
    "429, a huge time": (Kind.LIMITED, answer(429, X_Retry_After="999999999999")),
    "429, a negative time": (Kind.LIMITED, answer(429, X_Rate_Limit_Time_Reset_Ms="-15000")),
    "429, no time at all": (Kind.LIMITED_BRIEFLY, answer(429, X_Rate_Limit_Time_Reset_Ms="0")),
}


# What is to come of each.


@dataclass(frozen=True)
class Expected:
    status: int
    words: str = ""
    outcomes: tuple[Outcome, ...] = ()  # of the entries that the activity log has more
    calls: int = 1
    in_doubt: bool = False  # whether a creation may yet be carried out, so that none may follow


Expectations = Mapping[str, Expected]

SENT = Expected(303, outcomes=(Outcome.SENT,))
CONFIRMED = Expected(303, outcomes=(Outcome.CONFIRMED,))
NOT_INSTALLED = Expected(502, "BigCommerce didn’t confirm the install")
CODE_REFUSED = Expected(400, "BigCommerce didn’t accept this install link")
NOT_READ = Expected(200, "We couldn’t read your zones")


def alike(calls: Iterable[str], expected: Expected) -> dict[str, Expected]:
    return dict.fromkeys(calls, expected)


def not_answered(status: int, calls: int = 1) -> dict[str, Expected]:
    """Unknown whether it was carried out, unless nothing was written yet."""
    unknown = (Outcome.NO_ANSWER,)
    arrived = Expected(status, "details may or may not have arrived", unknown, calls)
    disconnected = Expected(status, "Zoom2U may or may not be disconnected", unknown, calls)
    changed = Expected(status, "may or may not be changed in Australia", unknown, calls)
    unchanged = Expected(status, "Nothing was changed", (Outcome.NOT_SENT,), calls)
    return (
        {"install": NOT_INSTALLED}
        | alike(SENDS, arrived)
        | {"disconnect": disconnected}
        | {"list zones": replace(NOT_READ, calls=calls)}
        | alike(BEFORE_WRITING, unchanged)
        | {"update method": changed}
        # A second method would be made if this were repeated, now or by the next to try.
        | {"create method": replace(changed, calls=1, in_doubt=True)}
    )


def refused(zone_words: str = "Australia was not saved") -> dict[str, Expected]:
    rejected = (Outcome.REJECTED,)
    return (
        {"install": CODE_REFUSED}
        | alike(SENDS, Expected(422, "BigCommerce didn’t accept these details", rejected))
        | {"disconnect": Expected(422, "Zoom2U was not disconnected", rejected)}
        | {"list zones": NOT_READ}
        | alike((*BEFORE_WRITING, *WRITES), Expected(422, zone_words, rejected))
        # Its name was not read either.
        | {"get zone": Expected(422, "The zone was not saved", rejected)}
    )


def limited(calls: int = 1) -> dict[str, Expected]:
    told = Expected(503, "BigCommerce asked us to wait", (Outcome.NOT_SENT,), calls)
    return (
        alike(CALLS, told)
        | {"install": NOT_INSTALLED}
        | {"list zones": replace(NOT_READ, calls=calls)}
    )


REVOKED = Expected(403, "BigCommerce no longer lets this app in", (Outcome.ACCESS_REVOKED,))

EXPECTED: dict[Kind, Expectations] = {
    Kind.UNREACHABLE: not_answered(502),
    Kind.LOST: not_answered(502, calls=2),
    Kind.DONE_BUT_LOST: not_answered(502, calls=2)
    | {"create method": CONFIRMED, "update method": replace(CONFIRMED, calls=2)},
    Kind.FAILED: not_answered(502),
    Kind.LATE: not_answered(504) | {"install": NOT_INSTALLED},
    Kind.UNREADABLE: not_answered(502),
    # A connection is documented to be answered by 204 without a body, so none is looked into.
    Kind.ODD: not_answered(502) | alike(CONNECTION_CALLS, SENT),
    Kind.REFUSED: refused(),
    Kind.CONFLICTING: refused() | {"send": SENT},  # by PUT
    Kind.MISSING: refused()
    | {
        "send": Expected(422, "didn’t find your store’s shipping settings", (Outcome.REJECTED,)),
        "update": SENT,  # by POST
        "disconnect": SENT,  # it is gone, which is what was wanted
        "get zone": Expected(404, "BigCommerce has no such zone"),
    },
    Kind.REVOKED: alike(CALLS, REVOKED)
    | {"install": CODE_REFUSED, "list zones": replace(REVOKED, outcomes=())},
    Kind.LIMITED: limited(),
    Kind.LIMITED_BRIEFLY: limited(calls=2),
}


# A store in which every call can happen, filled in for each cell of the table.


@dataclass(frozen=True)
class Prepared:
    rows: list[tuple[Table, list[dict[str, Any]]]]
    access_token: str
    session: str


@pytest.fixture(scope="session")
def prepared(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The app installed in the first store, with Zoom2U sent."""
    url = copy_of_sqlite(sqlite_template, tmp_path_factory.mktemp("prepared"))
    world = World(make.CLIENT_ID, make.CLIENT_SECRET, make.APP_URL)
    with run_sandbox(world) as bigcommerce:
        app = create_app(config_for(url, bigcommerce))
        owner = Browser(app, world, "harbour1", "owner")
        owner.install()
        owner.send("zoom2u")
        with app.app_context(), runtime().sessions() as db:
            rows = [
                (table, [dict(row) for row in db.execute(select(table)).mappings()])
                for table in Base.metadata.sorted_tables
            ]
        close(app)
    return Prepared(rows, str(world.store("harbour1").access_token), str(owner.token))


def config_for(database_url: str, bigcommerce: str) -> Config:
    return make.config(
        DATABASE_URL=database_url,
        BIGCOMMERCE_LOGIN_URL=bigcommerce,
        BIGCOMMERCE_API_URL=bigcommerce,
    )


@pytest.fixture
def world(world: World, prepared: Prepared) -> World:
    """As the prepared app left it, with one zone in which Australia Post is on."""
    store = world.store("harbour1")
    world.set_zones(store.store_hash, 1)
    store.methods[AUSTRALIA].append(dict(METHOD_MADE_ELSEWHERE))
    store.connections["zoom2u"] = dict(DETAILS["zoom2u"])
    store.access_token = prepared.access_token
    return world


@pytest.fixture
def owner(app: Flask, world: World, db: Session, prepared: Prepared) -> Browser:
    for table, rows in prepared.rows:
        if rows:
            db.execute(insert(table), rows)
    db.commit()
    browser = Browser(app, world, "harbour1", "owner")
    browser.token = prepared.session
    return browser


@dataclass(frozen=True)
class Record:
    """What the database holds that a fault could have left half written."""

    tokens: dict[str, str | None]
    users: set[tuple[int, int]]
    acknowledged: dict[str, int]
    entries: list[tuple[Event, Outcome]]
    claims: list[str]  # who is writing in a zone; "" where a creation is in doubt


def record(db: Session) -> Record:
    db.rollback()
    rows = db.scalars(select(CarrierConnection))
    in_order = select(ActivityEntry).order_by(ActivityEntry.id)
    return Record(
        {store.store_hash: store.sealed_access_token for store in db.scalars(select(Store))},
        {(user.store_id, user.user_id) for user in db.scalars(select(StoreUser))},
        {row.carrier_id: row.acknowledged_id for row in rows if row.acknowledged_id is not None},
        [(entry.event, entry.outcome) for entry in db.scalars(in_order)],
        list(db.scalars(select(ZoneWrite.holder))),
    )


def check(call: Call, expected: Expected, response: TestResponse, world: World) -> None:
    """Check the response, the number of calls, and that nothing was done twice."""
    assert response.status_code == expected.status
    assert expected.words in said(response)
    assert ("Retry-After" in response.headers) == (expected.status == 503)
    assert world.faults == [], "the call was made less often than it may be"
    asked = world.calls_to(call.path, call.method)
    assert len(asked) <= expected.calls + call.shown_again
    assert len(world.calls) <= MAX_CALLS
    offered = [method["type"] for method in world.store("harbour1").methods[AUSTRALIA]]
    assert len(offered) == len(set(offered)), "a second method was made"


def check_record(call: Call, expected: Expected, before: Record, after: Record) -> None:
    """At most one entry, no user added or removed, acknowledged only if sent."""
    added = [(call.event, outcome) for outcome in expected.outcomes]
    assert after.entries == before.entries + added
    assert (after.acknowledged != before.acknowledged) == (Outcome.SENT in expected.outcomes)
    assert (after.tokens, after.users) == (before.tokens, before.users)
    assert after.claims == [""] * expected.in_doubt


CELLS = [
    pytest.param(
        fault,
        CALLS[name],
        expected,
        id=f"{title}-{name}",
        # So short only where the time has to run out: a busy machine needs some for the rest.
        marks=[pytest.mark.settings(BIGCOMMERCE_TIME_BUDGET="0.5")] * (kind is Kind.LATE),
    )
    for title, (kind, fault) in FAULTS.items()
    for name, expected in EXPECTED[kind].items()
]


def test_the_table_covers_every_call_and_fault() -> None:
    kinds = {kind for kind, _ in FAULTS.values()} | {Kind.UNREACHABLE}

    assert kinds == set(Kind) == set(EXPECTED)
    assert [kind for kind, cells in EXPECTED.items() if set(cells) != set(CALLS)] == []


@pytest.mark.parametrize(("fault", "call", "expected"), CELLS)
def test_each_fault_has_its_response_entry_and_calls(
    owner: Browser, db: Session, fault: Fault, call: Call, expected: Expected
) -> None:
    before = record(db)
    # One more would be answered truly, and change the outcome.
    owner.world.set_fault(
        replace(fault, endpoint=call.where, method=call.method, times=expected.calls)
    )

    response = call.act(owner)

    check(call, expected, response, owner.world)
    check_record(call, expected, before, record(db))


class PlainText(socketserver.BaseRequestHandler):
    """A server without TLS, to which nothing must be sent."""

    def handle(self) -> None:
        listener = self.server
        assert isinstance(listener, Listener)
        listener.visits += 1
        self.request.recv(65536)
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


class Listener(socketserver.TCPServer):
    """Another host, played by another port."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), PlainText)
        self.visits = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        yield listener
        listener.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [302, 308])
@pytest.mark.parametrize("name", CALLS)
def test_a_redirect_to_another_host_is_not_followed(
    owner: Browser, db: Session, listener: Listener, name: str, status: int
) -> None:
    call, expected = CALLS[name], EXPECTED[Kind.UNREADABLE][name]
    before = record(db)
    target = {"Location": f"http://{listener.address}{call.path}"}
    owner.world.set_fault(Fault(call.where, method=call.method, status=status, headers=target))

    response = call.act(owner)

    check(call, expected, response, owner.world)
    check_record(call, expected, before, record(db))
    assert listener.visits == 0


@pytest.fixture
def closed_port() -> Iterator[str]:
    """A port that refuses connections and is reserved meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture(params=["refused", "TLS failure"])
def unreachable(request: pytest.FixtureRequest, closed_port: str, listener: Listener) -> str:
    """A base URL of BigCommerce that refuses connections."""
    addresses = {"refused": f"http://{closed_port}", "TLS failure": f"https://{listener.address}"}
    return addresses[request.param]


def act_with_bigcommerce_at(
    address: str, call: Call, owner: Browser, database_url: str
) -> TestResponse:
    app = create_app(config_for(database_url, address))
    elsewhere = Browser(app, owner.world, owner.store_hash, "owner")
    elsewhere.token = owner.token
    response = call.act(elsewhere)
    close(app)
    return response


@pytest.mark.parametrize("name", FIRST_CALLS)
def test_a_refused_connection_sends_nothing(
    owner: Browser,
    db: Session,
    database_url: str,
    unreachable: str,
    listener: Listener,
    name: str,
) -> None:
    call, expected = CALLS[name], EXPECTED[Kind.UNREACHABLE][name]
    before = record(db)

    response = act_with_bigcommerce_at(unreachable, call, owner, database_url)

    check(call, expected, response, owner.world)
    check_record(call, expected, before, record(db))
    assert owner.world.calls == []
    assert listener.visits <= MAX_CALLS


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Listener]:
    """A TLS server with a certificate of an unknown authority."""
    context = server_tls(tmp_path / "tls")
    with Listener() as listener:
        listener.socket = context.wrap_socket(listener.socket, server_side=True)
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        yield listener
        listener.shutdown()
        thread.join()


@pytest.mark.parametrize("name", FIRST_CALLS)
def test_tls_certificate_errors_stop_the_request(
    owner: Browser, db: Session, database_url: str, stranger: Listener, name: str
) -> None:
    call, expected = CALLS[name], EXPECTED[Kind.UNREACHABLE][name]
    before = record(db)
    address = f"https://{stranger.address}"

    response = act_with_bigcommerce_at(address, call, owner, database_url)

    check(call, expected, response, owner.world)
    check_record(call, expected, before, record(db))
    assert stranger.visits == 0


# The answers that BigCommerce gives when all is well, and what is answered to them.
GRANT = {
    "access_token": "a-token-of-bigcommerce",
    "scope": DEFAULT_SCOPE,
    "user": {"id": 7702, "email": "owner@elmfield.example"},
    "context": "stores/elmfield2",
}
AUSTRALIAN_ZONE = {"id": AUSTRALIA, "name": "Australia", "type": "country", "enabled": True}
VIP_TURNED_ON = {
    "id": 902,
    "name": "zoom2u",
    "type": "zoom2u",
    "enabled": True,
    "settings": {"carrier_options": {"delivery_services": ["VIP"]}},
}
EXPRESS_TURNED_ON = METHOD_MADE_ELSEWHERE | {
    "name": "auspost",
    "settings": {"carrier_options": {"delivery_services": ["AUS_PARCEL_EXPRESS"]}},
}
GOOD_ANSWERS: dict[str, tuple[object, int, str]] = {
    "install": (GRANT, 200, "Installed on elmfield2"),
    "list zones": ([AUSTRALIAN_ZONE], 200, "1 of 1 zone"),
    "get zone": (AUSTRALIAN_ZONE, 303, ""),
    "list methods": ([METHOD_MADE_ELSEWHERE], 303, ""),
    "create method": (VIP_TURNED_ON, 303, ""),
    "update method": (EXPRESS_TURNED_ON, 303, ""),
}


@pytest.mark.parametrize("content_type", ["text/plain", "text/html"])
@pytest.mark.parametrize("name", GOOD_ANSWERS)
def test_a_wrong_content_type_is_ignored(owner: Browser, name: str, content_type: str) -> None:
    call, (good, status, words) = CALLS[name], GOOD_ANSWERS[name]
    owner.world.set_fault(
        Fault(
            call.where,
            method=call.method,
            status=200,
            body=json.dumps(good),
            content_type=content_type,
        )
    )

    response = call.act(owner)

    assert response.status_code == status
    assert words in said(response)
    assert owner.world.faults == []
