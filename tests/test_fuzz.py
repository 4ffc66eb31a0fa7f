"""Any request in any order: no exception, no 5xx, no reflected markup, no cookie.

`FUZZ_EXAMPLES=2000 pytest tests/test_fuzz.py` tries more examples, different on every run; the
usual run always tries the same ones.
"""

import gc
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select
from werkzeug.test import TestResponse, create_environ
from werkzeug.wrappers import Request

from bcapp import connections
from bcapp.factory import create_app
from bcapp.models import ActivityEntry, Base, CarrierConnection, Event, Store, StoreUser
from bcapp.runtime import runtime
from bcapp.stores import TOKEN_PLACE
from sandbox.faults import Endpoint, Fault
from sandbox.server import run_sandbox
from sandbox.world import World
from tests import make
from tests.conftest import close
from tests.merchant import Browser, check_every_answer
from tests.reference import CONNECTIONS, DETAILS

MORE = os.environ.get("FUZZ_EXAMPLES")
EXAMPLES = int(MORE or 20)
FUZZ = settings(
    max_examples=EXAMPLES,
    derandomize=MORE is None,
    # One app serves all examples of a test: nothing that one of them leaves may break the next.
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
NO_LIMIT = {"INSTALL_LIMIT_PER_STORE": "1000000/hour", "INSTALL_LIMIT_PER_ADDRESS": "1000000/hour"}

# A multipart body that breaks off leaves Werkzeug's temporary file to the garbage collector.
LEFT_OPEN = "ignore:Unclosed file <tempfile.SpooledTemporaryFile:ResourceWarning"

pytestmark = [pytest.mark.settings(**NO_LIMIT), pytest.mark.filterwarnings(LEFT_OPEN)]

# PostgreSQL is the stricter of the two about what a text or a number may be.
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

STATUSES = {200, 204, 206, 302, 303, 304, 308, 400, 401, 403, 404, 405, 412, 413, 415, 416, 422}

MARKER = "<zq'\">"
# Its first mark, its second, or its third after an escaped second: each is enough to leave an
# attribute or a text, and no page of ours has these letters.
REFLECTED = re.compile(r"<zq|zq'|zq&#39;\"")

NASTY = (
    "",
    " ",
    MARKER,
    f"https://evil.example/{MARKER}",
    f"javascript:alert('{MARKER}')",
    "\x00",
    "a\x00b",
    '\r\n{"event": "forged"}',
    "\r\nSet-Cookie: a=b",
    "\x1b[31mred\x1b[0m",
    "‮txt.exe",
    "\u2028\u2029\ufeff",
    "٣٣",
    "³",
    "１",
    "-1",
    "0",
    "1e9",
    "9" * 19,
    "9" * 5000,
    "NaN",
    "on",
    "true",
    "fedex",
    "carrier_33",
    "carrier_\ud800",
    "../../etc/passwd",
    "..%2f..%2f",
    "//evil.example",
    "\\\\evil.example",
    "{{ 7 * 7 }}{% raw %}",
    "%s%n%(x)s{0}{x.__class__}",
    "' OR 1=1 --",
    "\ud800\udfff",
    "💥" * 300,
    "x" * 4000,
)
ANY_TEXT = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(), max_size=40),
    st.tuples(st.text(max_size=5), st.text(max_size=5)).map(MARKER.join),
)
HUGE = st.sampled_from(["x" * 100_000, MARKER * 10_000, "é" * 200_000])

FIELDS = (
    *dict.fromkeys(name for connection in CONNECTIONS.values() for name in connection),
    *("number", "name", "setting_name", "setting_kind"),
    *("setting_value", "option_name", "option_kind", "option_value", "enabled"),
    *("delivery_services", "packaging_type", "dropoff_type", "show_transit_time", "also_off"),
    "account",
)
PARAMETERS = (
    *("code", "context", "scope", "account_uuid", "external_install", "signed_payload_jwt"),
    *("signed_payload", "zone", "notice", "choose", "page", "refresh"),
    *("carrier", "result", "period"),
)
USUAL = ("33", "carrier_33", "text", "secret", "boolean", "list", "on", "off", "FEDEX_GROUND")
VALUES = st.one_of(ANY_TEXT, st.sampled_from(USUAL))

# All that a header can hold once a server has read it.
HEADER_VALUES = st.one_of(
    st.text(st.characters(codec="latin-1", exclude_characters="\x00\r\n"), max_size=60),
    st.sampled_from(
        [
            "",
            MARKER,
            "Bearer ",
            f"Bearer {MARKER}",
            "Bearer \xff.\xff",
            "Bearer " + "A" * 8000,
            "bytes=0-0,-1",
            "evil.example",
            "evil.example:99999",
            "[::1",
            f"{MARKER}, 127.0.0.1",
            "https, http",
            "application/json",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "application/x-www-form-urlencoded; charset=utf-7",
            "gzip",
            "*",
            "session=.eJx; a=b",
        ]
    ),
)
HEADER_NAMES = (
    *("Authorization", "Host", "Cookie", "Referer", "Origin", "User-Agent", "Accept"),
    *("Accept-Language", "Accept-Encoding", "Content-Type", "Content-Encoding", "Range"),
    *("If-None-Match", "If-Modified-Since", "X-Forwarded-For", "X-Forwarded-Host"),
    *("X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "Forwarded"),
    *("X-HTTP-Method-Override", "X-Request-Id", "X-Session-Token", "X-Original-Url"),
)

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Raw:
    """A request as raw bytes, as a server passes it on."""

    method: str = "GET"
    path: bytes = b"/"
    query: bytes = b""
    headers: Pairs = ()
    body: bytes = b""
    content_type: str | None = None

    def __repr__(self) -> str:
        cut = (self.method, self.path[:80], self.query[:200], self.headers, self.body[:200])
        return f"Raw{(*cut, self.content_type)}"


def sent(app: Flask, raw: Raw) -> TestResponse:
    environ = create_environ(method=raw.method, input_stream=BytesIO(raw.body))
    environ["PATH_INFO"] = raw.path.decode("latin-1")
    environ["QUERY_STRING"] = raw.query.decode("latin-1")
    environ["CONTENT_LENGTH"] = str(len(raw.body))
    for name, value in raw.headers:
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    if raw.content_type is not None:
        environ["CONTENT_TYPE"] = raw.content_type
    return app.test_client(use_cookies=False).open(Request(environ))


def check(response: TestResponse, allowed: set[int] | None = None) -> None:
    """Check what no request may change about a response."""
    check_every_answer(response)
    headers = response.headers
    assert response.status_code in (allowed or STATUSES)
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    if response.mimetype == "text/html":
        assert "Traceback" not in response.text
        assert REFLECTED.search(response.text) is None
    # Nobody is led elsewhere, but for the end of an install from another site; routing itself
    # names the app's own host, whichever was asked.
    own = r"(?:https://app\.invalid)?/(?![/\\])[\x21-\x7e]*"
    assert re.fullmatch(own, headers.get("Location", "/")) or response.status_code == 302


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def form_body(pairs: Pairs) -> bytes:
    return b"&".join(
        quote(encoded(name)).encode() + b"=" + quote(encoded(value)).encode()
        for name, value in pairs
    )


def multipart_body(pairs: Pairs, as_files: bool) -> bytes:
    """Build a multipart body; every other part is a file if wanted. Names are not quoted."""
    parts = []
    for place, (name, value) in enumerate(pairs):
        file = b'; filename="' + encoded(value)[:50] + b'"' if as_files and place % 2 else b""
        head = b'Content-Disposition: form-data; name="' + encoded(name) + b'"' + file
        parts.append(b"--edge\r\n" + head + b"\r\n\r\n" + encoded(value) + b"\r\n")
    return b"".join(parts) + b"--edge--\r\n"


def pairs(names: Sequence[str], longest: int = 8) -> st.SearchStrategy[Pairs]:
    named = st.one_of(st.sampled_from(names), ANY_TEXT)
    return st.lists(st.tuples(named, VALUES), max_size=longest)


BODIES = st.one_of(
    st.just((b"", None)),
    pairs(FIELDS).map(lambda form: (form_body(form), "application/x-www-form-urlencoded")),
    st.tuples(pairs(FIELDS), st.booleans()).map(
        lambda drawn: (multipart_body(*drawn), "multipart/form-data; boundary=edge")
    ),
    st.dictionaries(st.sampled_from(FIELDS), VALUES).map(
        lambda form: (json.dumps(form).encode(), "application/json")
    ),
    HUGE.map(lambda text: (b"name=" + encoded(text), "application/x-www-form-urlencoded")),
    st.tuples(st.binary(max_size=200), HEADER_VALUES),
)
QUERIES = st.one_of(
    pairs(PARAMETERS, 4).map(form_body),
    # Not encoded, as far as a server lets it in: gunicorn takes nothing but printable ASCII.
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=60).map(str.encode),
)
SEGMENTS = st.one_of(
    ANY_TEXT.map(encoded),
    st.sampled_from([b"fedex", b"carrier_33", b"33", b"1", b"bcapp.css", b"\xff\xfe"]),
)


def paths(app: Flask) -> st.SearchStrategy[bytes]:
    """Generate every route with arbitrary parameters, and paths without a route."""
    rules = sorted({rule.rule for rule in app.url_map.iter_rules()})
    return st.one_of(
        st.tuples(st.sampled_from(rules), st.lists(SEGMENTS, min_size=2, max_size=2)).map(filled),
        st.binary(max_size=40).map(lambda end: b"/" + end),
    )


def filled(drawn: tuple[str, list[bytes]]) -> bytes:
    rule, values = drawn
    fixed = re.split(r"<[^>]+>", rule)
    ends = [*values[: len(fixed) - 1], b""]
    return b"".join(part.encode() + end for part, end in zip(fixed, ends, strict=True))


def with_session(browser: Browser) -> Pairs:
    return [("Authorization", f"Bearer {browser.token}")]


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    """What LEFT_OPEN is about is collected here, and not while another test runs."""
    yield
    gc.collect()


@pytest.fixture
def settled(merchant: Browser) -> Browser:
    """A merchant with a custom carrier."""
    form = {"number": "33", "name": "Drays", "setting_name": "account", "setting_value": "1"}
    merchant.post("/carriers", form)
    return merchant


METHODS = st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "zq<"])


@FUZZ
@given(data=st.data())
def test_no_request_breaks_the_app(settled: Browser, data: st.DataObject) -> None:
    body, content_type = data.draw(BODIES, "body")
    others = st.lists(st.tuples(st.sampled_from(HEADER_NAMES), HEADER_VALUES), max_size=4)
    signed_in = with_session(settled) if data.draw(st.booleans(), "signed in") else []
    raw = Raw(
        method=data.draw(METHODS),
        path=data.draw(paths(settled.app)),
        query=data.draw(QUERIES),
        headers=[*signed_in, *data.draw(others)],
        body=body,
        content_type=content_type,
    )

    check(sent(settled.app, raw))


@on_postgresql
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_hostile_texts_in_paths_do_not_break_the_app(settled: Browser, method: str) -> None:
    addresses = {
        filled((rule.rule, [encoded(text), encoded(other)]))
        for rule in settled.app.url_map.iter_rules()
        for text in NASTY
        for other in ("1", text)
    }

    for path in sorted(addresses):
        check(sent(settled.app, Raw(method, path, headers=with_session(settled))))


# `choose` leads elsewhere before the others are looked at, and so does an external install.
@on_postgresql
@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["choose"], id="choose"),
        pytest.param(["carrier", "result", "period"], id="filters"),
        pytest.param(["signed_payload"], id="legacy"),
        pytest.param(["external_install", "code", "context", "scope"], id="external"),
        pytest.param(
            ["code", "context", "scope", "signed_payload_jwt", "zone", "notice", "page"],
            id="all",
        ),
    ],
)
def test_hostile_texts_in_queries_do_not_break_the_app(settled: Browser, names: list[str]) -> None:
    rules = {rule.rule for rule in settled.app.url_map.iter_rules() if "GET" in rule.methods}
    known = [filled((rule, [b"carrier_33", b"1"])) for rule in sorted(rules)]

    for path in known:
        for text in NASTY:
            query = form_body([(name, text) for name in names])
            check(sent(settled.app, Raw("GET", path, query, with_session(settled))))


@FUZZ
@given(data=st.data())
def test_no_path_breaks_the_app(settled: Browser, data: st.DataObject) -> None:
    raw = Raw(
        path=data.draw(paths(settled.app)),
        query=data.draw(QUERIES),
        headers=with_session(settled),
    )

    check(sent(settled.app, raw))


@pytest.mark.settings(TRUSTED_PROXIES="1", **NO_LIMIT)
@FUZZ
@given(name=st.sampled_from(HEADER_NAMES), value=HEADER_VALUES)
def test_no_header_breaks_the_app_or_redirects(settled: Browser, name: str, value: str) -> None:
    for headers in ([(name, value)], [*with_session(settled), (name, value)]):
        for path in (b"/carriers", b"/auth", b"/", b"/carriers/carrier_33/"):
            check(sent(settled.app, Raw(path=path, headers=headers)))


@pytest.mark.parametrize("path", ["/auth", "/load", "/uninstall", "/remove_user"])
@FUZZ
@given(query=QUERIES)
def test_no_query_breaks_a_callback(merchant: Browser, path: str, query: bytes) -> None:
    response = sent(merchant.app, Raw(path=path.encode(), query=query))

    check(response, {302, 400, 401, 403})
    assert response.status_code != 302 or path == "/auth"


@on_postgresql
@FUZZ
@given(code=ANY_TEXT, scope=ANY_TEXT, context=ANY_TEXT, uuid=ANY_TEXT)
def test_an_almost_valid_install_is_refused_readably(
    merchant: Browser, code: str, scope: str, context: str, uuid: str
) -> None:
    wrong = {"code": code, "scope": scope, "context": context, "account_uuid": uuid}
    right = merchant.world.install_query(merchant.store_hash, merchant.person)

    for name, value in wrong.items():
        query = form_body([*(right | {name: value}).items()])
        response = sent(merchant.app, Raw(path=b"/auth", query=query))

        check(response, {200, 400, 403})
        assert response.status_code != 200 or name in {"scope", "account_uuid"}


ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ANY_TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(ANY_TEXT, inner)),
    max_leaves=5,
)
IDS = st.one_of(st.integers(-(2**70), 2**70), ANY_JSON)
PEOPLE = st.one_of(
    ANY_JSON,
    st.fixed_dictionaries({"id": IDS}, optional={"email": ANY_JSON, "locale": ANY_JSON}),
    st.fixed_dictionaries({"id": st.integers(1, 2**63 - 1), "email": ANY_TEXT}),
)
LINKS = st.one_of(
    ANY_JSON,
    st.sampled_from(["/carriers", "/activity", "/carriers/carrier_33", "/load", "/healthz"]),
    ANY_TEXT.map("/carriers/".__add__),
)
TIMES = st.one_of(ANY_JSON, st.integers(-(2**70), 2**70))
CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "user": PEOPLE,
        "owner": PEOPLE,
        "url": LINKS,
        "sub": ANY_JSON,
        "iat": TIMES,
        "nbf": TIMES,
        "exp": TIMES,
        "aud": ANY_JSON,
        "iss": ANY_JSON,
        "jti": ANY_JSON,
        "channel_id": ANY_JSON,
    },
)


@on_postgresql
@pytest.mark.parametrize("path", ["/load", "/uninstall", "/remove_user"])
@FUZZ
@given(claims=CLAIMS)
def test_no_claim_breaks_a_callback_even_if_bigcommerce_signed_it(
    merchant: Browser, path: str, claims: dict[str, Any]
) -> None:
    merchant.install()
    token = merchant.payload(**claims)

    response = merchant.client.get(path, query_string={"signed_payload_jwt": token})

    check(response, {200, 204, 401, 403, 404})
    assert response.status_code != 404 or path == "/load"  # a link to a carrier that is gone


POSTS = (
    "/carriers",
    *(f"/carriers/{carrier_id}/connection" for carrier_id in DETAILS),
    "/carriers/zoom2u/disconnect",
    "/carriers/carrier_33/connection",
    "/carriers/carrier_33/zones/1",
    "/carriers/fedex/zones/1",
    "/carriers/upsready/zones/2",
)


@on_postgresql
@pytest.mark.parametrize("path", POSTS)
@FUZZ
@given(form=pairs(FIELDS, 12), kind=st.sampled_from(["form", "multipart", "files"]))
def test_no_form_breaks_the_app(settled: Browser, path: str, form: Pairs, kind: str) -> None:
    body, content_type = {
        "form": (form_body(form), "application/x-www-form-urlencoded"),
        "multipart": (multipart_body(form, False), "multipart/form-data; boundary=edge"),
        "files": (multipart_body(form, True), "multipart/form-data; boundary=edge"),
    }[kind]
    raw = Raw("POST", path.encode(), b"", with_session(settled), body, content_type)

    check(sent(settled.app, raw), {303, 413, 422})

    for page in ("/carriers", "/".join(path.split("/")[:3]), "/activity"):
        check(settled.get(page), {200})


WORDS: dict[str, str] = {"key": "k", "password": "p", "account_number": "1", "meter_number": "2"}


@on_postgresql
@FUZZ
@given(text=VALUES, field=st.sampled_from([*WORDS, "name", "setting_name", "setting_value"]))
def test_a_hostile_value_in_a_valid_form_does_not_break_the_app(
    settled: Browser, text: str, field: str
) -> None:
    """The check does not stop it, so it may get as far as BigCommerce, a row and a page."""
    good = [*WORDS.items(), ("number", "44"), ("name", "Drays"), ("setting_name", "a")]
    good += [("setting_kind", "list"), ("setting_value", "b")]
    form = [(name, text if name == field else value) for name, value in good]
    body, kind = form_body(form), "application/x-www-form-urlencoded"

    for path in (b"/carriers/fedex/connection", b"/carriers", b"/carriers/carrier_44/connection"):
        raw = Raw("POST", path, b"", with_session(settled), body, kind)
        check(sent(settled.app, raw), {303, 404, 422})

    for page in ("/carriers", "/carriers/fedex", "/activity"):
        check(settled.get(page), {200})


@on_postgresql
@FUZZ
@given(
    text=ANY_TEXT,
    status=st.sampled_from([200, 201, 204, 400, 404, 409, 422, 429]),
    where=st.sampled_from(["connection", "zones", "methods", "store"]),
    answer=st.one_of(
        ANY_JSON,
        st.fixed_dictionaries({"message": ANY_TEXT, "errors": st.dictionaries(ANY_TEXT, ANY_TEXT)}),
    ),
)
def test_no_bigcommerce_response_breaks_a_page(
    settled: Browser, text: str, status: int, where: Endpoint, answer: object
) -> None:
    """Names that merchants typed in the control panel, and answers of any shape."""
    world = settled.world
    store = world.store("harbour1")
    store.name = text
    store.zones[0]["name"] = text
    zone = "/carriers/carrier_33/zones/1"
    body = json.dumps([answer])
    fault = Fault(where, "response", status=status, body=body, headers={"X-Retry-After": "60"})

    for wrong in (None, fault):
        if wrong is not None:
            world.set_fault(wrong)
        check(settled.get("/carriers?refresh=1"), {200})
        check(settled.get("/carriers/fedex?zone=1"), {200, 404})  # it may list that zone no more
        for response in (settled.send("fedex"), settled.post(zone, {"enabled": "on"})):
            check(response, {303, 404, 422, 502, 503})
        check(settled.get("/activity"), {200})
        world.clear_faults()


TOO_MUCH = [
    pytest.param(b"name=" + b"x" * 300_000, "application/x-www-form-urlencoded", id="one-field"),
    pytest.param(b"&".join([b"a=b"] * 90_000), "application/x-www-form-urlencoded", id="fields"),
    pytest.param(multipart_body([("a", "")] * 1100, False), "multipart/form-data; boundary=edge",
                 id="parts"),
    pytest.param(multipart_body([("a", "x" * 300_000)], False),
                 "multipart/form-data; boundary=edge", id="one-part"),
    pytest.param(multipart_body([("a", "b"), ("f", "x" * 300_000)], True),
                 "multipart/form-data; boundary=edge", id="one-file"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "content_type"), TOO_MUCH)
def test_a_large_request_is_a_413(merchant: Browser, body: bytes, content_type: str) -> None:
    path = b"/carriers/fedex/connection"

    response = sent(
        merchant.app, Raw("POST", path, b"", with_session(merchant), body, content_type)
    )

    check(response, {413})
    assert merchant.world.calls == []


CARRIERS = tuple(DETAILS)


@dataclass
class Expected:
    """The expected state of one store, derived from the contract."""

    installed: bool = False
    known: bool = False  # was installed once
    honoured: bool = False  # BigCommerce still takes the token that we hold
    installer: str = ""
    uninstalled_at: int = 0
    stay: int = 0
    removed_at: dict[str, int] = field(default_factory=dict)
    stays: Counter[str] = field(default_factory=Counter)
    sessions: dict[str, tuple[int, int]] = field(default_factory=dict)
    events: Counter[Event] = field(default_factory=Counter)

    def admit(self, role: str) -> None:
        if self.removed_at.pop(role, None) is not None:
            self.stays[role] += 1
        self.sessions[role] = (self.stay, self.stays[role])

    def opens(self, role: str, issued_at: int) -> bool:
        """Tell whether a payload issued at that time may open the app."""
        too_old = issued_at < self.uninstalled_at or issued_at <= self.removed_at.get(role, 0)
        return self.installed and not too_old

    def door(self, role: str) -> int:
        """The expected status of an embedded page that needs no call."""
        if role not in self.sessions:
            return 401
        if not self.installed or role in self.removed_at:
            return 403
        return 200 if self.sessions[role] == (self.stay, self.stays[role]) else 401

    def outcome(self, role: str) -> int:
        """The expected status of an embedded form that BigCommerce accepts."""
        door = self.door(role)
        return door if door != 200 else 303 if self.honoured else 403


Who = tuple[str, str]  # store hash, role
WHO = st.sampled_from(
    [(store, role) for store in ("harbour1", "elmfield2") for role in ("owner", "authorized")]
    + [("harbour1", "staff")]
)


class Installations(RuleBasedStateMachine):
    """Several people in two stores, acting in any order."""

    database_url: ClassVar[str]

    @initialize()
    def start(self) -> None:
        self.running = ExitStack()
        self.world = World(make.CLIENT_ID, make.CLIENT_SECRET, make.APP_URL)
        address = self.running.enter_context(run_sandbox(self.world))
        config = make.config(
            DATABASE_URL=self.database_url,
            BIGCOMMERCE_LOGIN_URL=address,
            BIGCOMMERCE_API_URL=address,
            **NO_LIMIT,
        )
        self.app = create_app(config)
        self.app.testing = True
        self.running.callback(close, self.app)
        with self.app.app_context():
            self.vault = runtime().vault
            self.sessions = runtime().sessions
        with self.sessions.begin() as db:
            db.execute(CarrierConnection.__table__.update().values(acknowledged_id=None))
            for table in reversed(Base.metadata.sorted_tables):
                db.execute(delete(table))
        self.tabs: dict[Who, Browser] = {}
        self.expected = {store_hash: Expected() for store_hash in self.world.stores}
        self.launches: list[tuple[Who, int, str]] = []
        self.issued = 0

    def teardown(self) -> None:
        self.running.close()

    def tab(self, who: Who) -> tuple[Browser, Expected]:
        if who not in self.tabs:
            self.tabs[who] = Browser(self.app, self.world, *who)
        return self.tabs[who], self.expected[who[0]]

    def issue(self) -> int:
        """Advance the time of payloads by a second."""
        self.issued += 1
        return int(time.time()) + self.issued

    @rule(who=WHO)
    def install(self, who: Who) -> None:
        tab, store = self.tab(who)

        assert tab.install().status_code == 200

        if not store.installed:
            store.stay += 1
        store.events[Event.STORE_GRANTED if store.installed else Event.STORE_INSTALLED] += 1
        store.installed = store.known = store.honoured = True
        store.installer = who[1]
        store.admit(who[1])

    @rule(who=WHO)
    def open(self, who: Who) -> None:
        tab, _store = self.tab(who)
        issued_at = self.issue()
        payload = tab.payload(now=issued_at)
        self.launches.append((who, issued_at, payload))
        self.launch(who, issued_at, payload)

    @rule(data=st.data())
    def open_with_an_old_payload(self, data: st.DataObject) -> None:
        if self.launches:
            self.launch(*data.draw(st.sampled_from(self.launches)))

    def launch(self, who: Who, issued_at: int, payload: str) -> None:
        tab, store = self.tab(who)
        opens = store.opens(who[1], issued_at)

        response = tab.client.get("/load", query_string={"signed_payload_jwt": payload})

        check(response, {200 if opens else 403})
        if opens:
            tab.token = response.headers["X-Session-Token"]
            store.admit(who[1])

    @rule(who=WHO, path=st.sampled_from(["/carriers", "/carriers/auspost", "/carriers/new"]))
    def browse(self, who: Who, path: str) -> None:
        tab, store = self.tab(who)
        door = store.door(who[1])

        response = tab.get(path)

        # Zones may be known for a minute, and then a token that was revoked is not noticed.
        noticed = door == 200 and not store.honoured
        check(response, {200, 403} if noticed else {door})

    @rule(who=WHO, carrier_id=st.sampled_from(CARRIERS))
    def send(self, who: Who, carrier_id: str) -> None:
        tab, store = self.tab(who)

        check(tab.send(carrier_id), {store.outcome(who[1])})

    @rule(who=WHO, carrier_id=st.sampled_from(CARRIERS))
    def disconnect(self, who: Who, carrier_id: str) -> None:
        tab, store = self.tab(who)

        check(tab.disconnect(carrier_id), {store.outcome(who[1])})

    @rule(who=WHO, zone_id=st.integers(1, 2), enabled=st.sampled_from(["on", "off"]))
    def zone(self, who: Who, zone_id: int, enabled: str) -> None:
        tab, store = self.tab(who)
        form = {"enabled": enabled, "delivery_services": ["3_hour"], "name": "Zoom"}

        response = tab.post(f"/carriers/zoom2u/zones/{zone_id}", form)

        check(response, {store.outcome(who[1])})

    @rule(who=WHO)
    def remove(self, who: Who) -> None:
        tab, store = self.tab(who)
        issued_at = self.issue()

        assert tab.remove(now=issued_at).status_code == 204

        if store.known:
            store.events[Event.USER_REMOVED] += who[1] not in store.removed_at
            store.removed_at[who[1]] = issued_at

    @rule(who=WHO, revoked=st.booleans())
    def uninstall(self, who: Who, revoked: bool) -> None:
        """Call the uninstall callback, with or without revoking the token."""
        tab, store = self.tab(who)
        issued_at = self.issue()
        if revoked:
            self.world.uninstall(who[0])
            store.honoured = False

        assert tab.uninstall(now=issued_at).status_code == 204

        if store.installed:
            proven = who[1] in {"owner", store.installer} or not store.honoured
            event = Event.STORE_UNINSTALLED if proven else Event.STORE_UNINSTALL_IGNORED
            store.events[event] += 1
            if proven:
                store.installed, store.uninstalled_at = False, issued_at

    @rule(store_hash=st.sampled_from(["harbour1", "elmfield2"]))
    def bigcommerce_revokes_the_token(self, store_hash: str) -> None:
        self.world.revoke_token(store_hash)
        self.expected[store_hash].honoured = False

    @invariant()
    def every_session_is_as_good_as_its_stay(self) -> None:
        for who, tab in self.tabs.items():
            assert tab.get("/activity").status_code == self.expected[who[0]].door(who[1])

    @invariant()
    def rows_say_what_happened(self) -> None:
        for store_hash, store in self.expected.items():
            with self.sessions() as db:
                rows = db.scalars(select(Store).where(Store.store_hash == store_hash)).all()
                assert len(rows) == int(store.known)
                for row in rows:
                    self.row_is_right(row, store)
                    users = db.scalars(select(StoreUser).where(StoreUser.store_id == row.id)).all()
                    entries = db.scalars(
                        select(ActivityEntry.event).where(ActivityEntry.store_id == row.id)
                    )
                    counted = Counter(event for event in entries if event in TOLD)
                    sent = {
                        carrier_id
                        for carrier_id, connection in connections.load_for_store(db, row.id).items()
                        if connections.is_sent(connection)
                    }
                    assert len({user.user_id for user in users}) == len(users)
                    assert {user.user_id for user in users if user.removed_at} == {
                        self.world.person(store_hash, role).id for role in store.removed_at
                    }
                    assert counted == +store.events
                    assert sent == set(self.world.store(store_hash).connections)

    def row_is_right(self, row: Store, store: Expected) -> None:
        assert (row.sealed_access_token is None) == (not store.installed)
        assert row.installer_id == self.world.person(row.store_hash, store.installer).id
        if row.sealed_access_token is not None and store.honoured:
            opened = self.vault.open(TOKEN_PLACE, row.store_hash, row.sealed_access_token)
            assert opened.get_secret_value() == self.world.store(row.store_hash).access_token

    @invariant()
    def no_zone_has_two_methods_of_a_carrier(self) -> None:
        for store in self.world.stores.values():
            for methods in store.methods.values():
                of_carriers = [m["type"] for m in methods if m["type"] in CARRIERS]
                assert len(of_carriers) == len(set(of_carriers))


TOLD = {
    Event.STORE_INSTALLED,
    Event.STORE_GRANTED,
    Event.STORE_UNINSTALLED,
    Event.STORE_UNINSTALL_IGNORED,
    Event.USER_REMOVED,
}


def test_any_order_of_callbacks_and_requests_is_consistent(database_url: str) -> None:
    class OnThisDatabase(Installations):
        pass

    OnThisDatabase.database_url = database_url

    run_state_machine_as_test(
        OnThisDatabase,
        settings=settings(
            FUZZ, max_examples=max(1, EXAMPLES // 2), stateful_step_count=20, print_blob=False
        ),
    )
