"""Secrets never appear in logs, pages, rows or exceptions; each log line is one JSON object."""

import json
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask, request
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from bcapp import stores
from bcapp.bigcommerce import oauth, payload
from bcapp.bigcommerce.errors import BigCommerceError
from bcapp.bigcommerce.store_api import StoreApi
from bcapp.carriers import custom
from bcapp.config import Config
from bcapp.factory import create_app
from bcapp.models import Base
from bcapp.runtime import runtime
from bcapp.vault import Unopenable
from sandbox.faults import Endpoint, Fault, FaultKind
from sandbox.world import World
from tests import make
from tests.conftest import close
from tests.merchant import Browser, Form
from tests.reference import DETAILS, EXAMPLES

CREDENTIALS = {
    carrier_id: {name: f"canary-{carrier_id}-{name}" for name in details}
    for carrier_id, details in DETAILS.items()
    if details
}
CREDENTIALS["endicia"]["pass_phrase"] = "canary & <endicia> pass"
CREDENTIALS["fedex"]["password"] = "canary/fedex+password"
CUSTOM: dict[str, str | list[str]] = {
    "number": "33",
    "name": "Drays",
    "setting_name": ["token", "account", "lines"],
    "setting_kind": ["secret", "text", "list"],
    "setting_value": ["canary-custom-token", "canary-custom-account", "canary-custom-line\nb"],
}
# What a form may show again, to whoever has just typed it.
SHOWN_AGAIN = {
    value
    for carrier_id, details in CREDENTIALS.items()
    for name, value in details.items()
    if EXAMPLES[carrier_id][name][0] != "secret"
} | {"canary-custom-account", "canary-custom-line"}
TYPED = {value for details in CREDENTIALS.values() for value in details.values()} | {
    "canary-custom-token",
    "canary-custom-account",
    "canary-custom-line",
}

FAILINGS: tuple[FaultKind, ...] = ("reset", "truncated")

pytestmark = [pytest.mark.settings(LOG_LEVEL="DEBUG"), pytest.mark.own_database]


class Watched(Browser):
    """A client that records requests, responses and every secret among them."""

    def __init__(self, app: Flask, world: World, store_hash: str, role: str) -> None:
        super().__init__(app, world, store_hash, role)
        self.answers: list[tuple[TestResponse, Form]] = []
        self.payloads: set[str] = set()
        self.session_tokens: set[str] = set()
        self.form: Form = {}

    def colleague(self, role: str) -> "Watched":
        """Another person, whose answers are remembered here."""
        other = Watched(self.app, self.world, self.store_hash, role)
        other.answers, other.payloads = self.answers, self.payloads
        other.session_tokens = self.session_tokens
        return other

    def payload(self, **changes: Any) -> str:
        signed = super().payload(**changes)
        self.payloads.add(signed)
        return signed

    def post(self, path: str, form: Form | None = None) -> TestResponse:
        self.form = form or {}
        response = super().post(path, form)
        self.form = {}
        return response

    def ask(self, path: str, query: Mapping[str, str], **headers: str) -> TestResponse:
        return self._keep(self.client.get(path, query_string=query, headers=headers))

    def _keep(self, response: TestResponse) -> TestResponse:
        super()._keep(response)
        self.answers.append((response, self.form))
        self.session_tokens |= {self.token} if self.token else set()
        return response


@dataclass
class Evidence:
    """Everything written during the test, and every secret that must not be in it."""

    out: str
    err: str
    answers: list[tuple[TestResponse, Form]]
    secrets: dict[str, set[str]]
    emails: set[str] = field(default_factory=set)

    def found_in(self, written: str) -> list[tuple[str, str]]:
        """List kind and value of every secret in a text."""
        return [
            (kind, secret)
            for kind, secrets in self.secrets.items()
            for secret in secrets
            if secret in written
        ]


@contextmanager
def logging_app(config: Config) -> Iterator[Flask]:
    """An app whose log is captured and whose errors become pages."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    app = create_app(config)
    app.add_url_rule("/broken", view_func=break_down)
    yield app
    close(app)
    root.handlers = handlers
    root.setLevel(level)


def break_down() -> None:
    """Raise an exception that quotes secrets of known formats."""
    shapes = ("code=canary0code", "access_token: 'canary0access'", "Bearer canary0session")
    signed = World("a", "b" * 32, "c").signed_payload(*OWNER)
    raise RuntimeError("\r\n".join([request.args.get("said", ""), *shapes, OWNER[1].email, signed]))


@pytest.fixture
def app(capsys: pytest.CaptureFixture[str], config: Config) -> Iterator[Flask]:
    with logging_app(config) as app:
        yield app


OWNER = ("harbour1", World("a", "b", "c").person("harbour1", "owner"))


@pytest.fixture
def evidence(capsys: pytest.CaptureFixture[str], app: Flask, world: World, db: Session) -> Evidence:
    owner = Watched(app, world, "harbour1", "owner")
    install_in_every_way(owner)
    owner.install()
    send_in_every_way(owner)
    save_zones_in_every_way(owner)
    call_back_in_every_way(owner)
    lose_the_database(owner, db)
    owner.get("/broken")
    owner.uninstall()
    written = capsys.readouterr()
    return Evidence(
        written.out,
        written.err,
        owner.answers,
        secrets_that_passed(owner),
        {person.email for store in world.stores.values() for person in store.people},
    )


def secrets_that_passed(owner: Watched) -> dict[str, set[str]]:
    """List the secrets as BigCommerce received them."""
    calls = owner.world.calls
    grants = [call.body for call in calls if call.path == "/oauth2/token"]
    forms = [body for body in grants if isinstance(body, dict)]
    return {
        "access token": {h for call in calls if (h := call.headers.get("X-Auth-Token"))},
        "client secret": {make.CLIENT_SECRET},
        "code": {str(form["code"]) for form in forms} | {"canary-code", "canary0code"},
        "payload": owner.payloads | {signed.rpartition(".")[2] for signed in owner.payloads},
        "credentials": TYPED,
        "session token": owner.session_tokens,
        "keys": {make.SESSION_KEY, make.ENCRYPTION_KEY},
    }


def echo(*quoted: str) -> str:
    """An error of BigCommerce that quotes the request, in each of its formats."""
    said = "We cannot use " + " or ".join(quoted)
    shape = {"message": said, "title": said, "errors": {"key": said}}
    return json.dumps([{"status": 400, **shape}])


def install_in_every_way(owner: Watched) -> None:
    world = owner.world
    used = world.install_query("harbour1", owner.person)
    for query in (used, used, used | {"code": "canary-code"}, used | {"code": "canary code"}):
        owner.ask("/auth", query)
    owner.ask("/auth", used | {"scope": "canary-code"})
    owner.ask("/auth", used | {"context": "stores/canary-code"})
    owner.install(external=True)
    owner.ask("/auth", used | {"external_install": "1"})
    for status in (200, 302, 400, 401, 429, 500):
        query = world.install_query("harbour1", owner.person)
        sent = [query["code"], make.CLIENT_SECRET]
        for body in (json.dumps({"error": sent, "context": sent}), f"<p>{' '.join(sent)}</p>"):
            world.set_fault(
                Fault("token", status=status, body=body, headers={"Location": body[:20]})
            )
            owner.ask("/auth", query)
    for kind in FAILINGS:
        world.set_fault(Fault("token", kind))
        owner.install()


def send_in_every_way(owner: Watched) -> None:
    world = owner.world
    for carrier_id, details in CREDENTIALS.items():
        owner.send(carrier_id, details | {next(iter(details)): ""})
        owner.send(carrier_id, details | {"test_mode": "perhaps"})
        owner.send(carrier_id, details | {next(iter(details)): "canary-" + "x" * 300})
        for status in (400, 403, 404, 409, 422, 429, 500, 302):
            world.set_fault(Fault("connection", status=status, body=echo(*details.values())))
            owner.send(carrier_id, details)
        owner.send(carrier_id, details)
        owner.get(f"/carriers/{carrier_id}")
        owner.get(f"/carriers/{carrier_id}/connection")
    for kind in FAILINGS:
        world.set_fault(Fault("connection", kind, body="{", times=2))
        owner.send("fedex", CREDENTIALS["fedex"])
    owner.post("/carriers", CUSTOM | {"number": "canary"})
    world.set_fault(Fault("connection", status=400, body=echo(*typed_in(CUSTOM))))
    for _ in range(2):
        owner.post("/carriers", CUSTOM)
    owner.post("/carriers", CUSTOM)
    for path in ("", "/connection", "/disconnect"):
        owner.get(f"/carriers/carrier_33{path}")
    for status in (204, 400, 500):
        world.set_fault(Fault("connection", status=status, body=echo("it")))
        owner.disconnect("fedex")


def save_zones_in_every_way(owner: Watched) -> None:
    form: Form = {"enabled": "on", "delivery_services": ["FEDEX_GROUND"], "name": "FedEx"}
    for status in (200, 400, 403, 404, 422, 429, 500):
        for method in ("GET", "POST", "PUT"):
            owner.world.set_fault(Fault("methods", status=status, method=method, body=echo("it")))
            owner.post("/carriers/fedex/zones/1", form)
            owner.world.clear_faults()
    owner.get("/carriers")
    owner.get("/activity")


def call_back_in_every_way(owner: Watched) -> None:
    now = int(datetime.now(UTC).timestamp())
    for path in ("/load", "/uninstall", "/remove_user"):
        signed = owner.colleague("staff").payload()
        for bad in (
            signed[:-3],
            signed + "x",
            signed.replace(".", ".x"),
            owner.payload(iat=now - 200_000, exp=now - 100_000),
            owner.payload(sub="stores/canary-code"),
            owner.payload(user={"id": "canary-code", "email": "owner@harbourpine.example"}),
            owner.payload(secret="f" * 40),
        ):
            owner.payloads.add(bad)
            owner.ask(path, {"signed_payload_jwt": bad})
        owner.ask(path, {"signed_payload": signed})
    owner.colleague("staff").open()
    owner.world.set_fault(Fault("time", status=500, body=echo(*TYPED), times=2))
    owner.colleague("staff").uninstall()
    owner.colleague("staff").remove()
    owner.colleague("staff").open(now=now - 60)
    owner.open(url="/carriers/fedex")
    token = owner.token or ""
    for kept in (f"Bearer {token}x", f"Basic {token}", token, "Bearer " + token.upper()):
        owner.ask("/carriers", {"session_token": token}, Authorization=kept)
    owner.get("/carriers/canary-code")


def lose_the_database(owner: Watched, db: Session) -> None:
    db.execute(text("ALTER TABLE store_users RENAME TO store_users_elsewhere"))
    db.commit()
    owner.install()
    for call in (owner.open, owner.remove):
        call()
    owner.get("/carriers")
    owner.send("fedex", CREDENTIALS["fedex"])
    db.execute(text("ALTER TABLE store_users_elsewhere RENAME TO store_users"))
    db.commit()


def test_canary_evidence_covers_every_kind_of_output(evidence: Evidence) -> None:
    statuses = {response.status_code for response, _form in evidence.answers}
    logged = {json.loads(line)["event"] for line in evidence.out.splitlines()}

    assert statuses >= {200, 204, 302, 303, 400, 401, 403, 404, 422, 500, 502, 503}
    assert logged >= {"request", "bigcommerce_call", "refused", "upstream", "unforeseen"}
    assert all(evidence.secrets.values())
    assert len(evidence.secrets["access token"]) > 1


@pytest.mark.both_databases("failures")
def test_no_secret_and_no_email_is_logged(evidence: Evidence) -> None:
    written = evidence.out + evidence.err

    assert evidence.found_in(written) == []
    assert [email for email in evidence.emails if email in written] == []
    assert [word for word in ("canary0", "canary-", "signed_payload_jwt=") if word in written] == []


def test_no_response_contains_a_secret(evidence: Evidence) -> None:
    """A session token has its two places, and a form may show again what is not secret."""
    told = []
    for response, form in evidence.answers:
        page = without_session_token(f"{response.headers}\n{response.text}", response)
        shown_again = SHOWN_AGAIN & typed_in(form) if response.status_code >= 400 else set()
        told += [found for found in evidence.found_in(page) if found[1] not in shown_again]

    assert told == []


def test_responses_without_a_session_contain_no_email(evidence: Evidence) -> None:
    to_strangers = [r for r, _form in evidence.answers if "X-Session-Token" not in r.headers]

    assert len(to_strangers) > 20
    assert [
        (email, response.request.path)
        for response in to_strangers
        for email in evidence.emails
        if email in response.text
    ] == []


@pytest.mark.both_databases("types")
def test_no_secret_is_stored_in_plaintext(evidence: Evidence, db: Session) -> None:
    kept = [
        (f"{table.name}.{name}", repr(value))
        for table in Base.metadata.sorted_tables
        for row in db.execute(select(table)).mappings()
        for name, value in row.items()
    ]

    assert [(column, found) for column, value in kept for found in evidence.found_in(value)] == []
    assert {c for c, value in kept if any(email in value for email in evidence.emails)} == {
        "stores.owner_email",
        "store_users.email",
        "activity_entries.who",
    }


def without_session_token(page: str, response: TestResponse) -> str:
    renewed = response.headers.get("X-Session-Token", "-")
    header, meta = f"X-Session-Token: {renewed}", f'name="session-token" content="{renewed}"'
    return page.replace(header, "", 1).replace(meta, "", 1)


def typed_in(form: Form) -> set[str]:
    texts = [value if isinstance(value, str) else "\n".join(value) for value in form.values()]
    return set("\n".join(texts).splitlines())


@pytest.fixture
def grant(config: Config, world: World) -> oauth.Grant:
    query = world.install_query(*OWNER)
    return oauth.exchange_code(config, query["code"], query["scope"], query["context"])


def told_by(kind: type[Exception], act: Callable[[], object]) -> str:
    """The exception that comes of it, with all that it was caused by, as the log would have it.

    Nothing is kept of it: its frames hold the connection that it came from.
    """
    try:
        act()
    except kind as error:
        return "".join(traceback.format_exception(error)) + repr(error)
    return pytest.fail("nothing was raised")


def spoilt(
    status: int = 200, body: str = "", kind: FaultKind = "response", **headers: str
) -> Callable[[Endpoint, list[str]], Fault]:
    """A fault whose answer quotes secrets at QUOTED."""

    def fault(where: Endpoint, secrets: list[str]) -> Fault:
        quoted = " ".join(secrets)
        said = {name: value.replace("QUOTED", quoted) for name, value in headers.items()}
        text = body.replace("QUOTED", quoted)
        return Fault(where, kind, status=status, body=text, headers=said, times=2)

    return fault


SPOILT = [
    pytest.param(spoilt(200, "<p>QUOTED</p>"), id="html"),
    pytest.param(spoilt(200, '["QUOTED"]'), id="list"),
    pytest.param(spoilt(200, '{"access_token": "QUOTED"}'), id="half a grant"),
    pytest.param(spoilt(200, '{"error": "QUOTED", "error_description": "QUOTED"}'), id="error"),
    pytest.param(spoilt(200, '{"access_token": "QUOTED'), id="cut off"),
    pytest.param(spoilt(302, Location="/?QUOTED"), id="redirect"),
    pytest.param(spoilt(400, '{"error": "QUOTED"}'), id="400"),
    pytest.param(spoilt(401, '[{"message": "QUOTED"}]'), id="401"),
    pytest.param(spoilt(422, '{"title": "QUOTED"}'), id="422"),
    pytest.param(spoilt(500, "QUOTED"), id="500"),
    pytest.param(spoilt(kind="reset"), id="reset"),
    pytest.param(spoilt(200, "QUOTED", kind="truncated"), id="truncated"),
]


@pytest.mark.parametrize("fault", SPOILT)
def test_errors_of_a_failed_exchange_contain_no_secret(
    config: Config, world: World, fault: Callable[[Endpoint, list[str]], Fault]
) -> None:
    query = world.install_query(*OWNER)
    secrets = [query["code"], make.CLIENT_SECRET, "canary-access-token"]
    world.set_fault(fault("token", secrets))

    told = told_by(
        BigCommerceError,
        lambda: oauth.exchange_code(config, query["code"], query["scope"], query["context"]),
    )

    assert [secret for secret in secrets if secret in told] == []


@pytest.mark.parametrize("fault", SPOILT)
def test_errors_of_a_failed_call_contain_no_secret(
    app: Flask,
    config: Config,
    world: World,
    grant: oauth.Grant,
    fault: Callable[[Endpoint, list[str]], Fault],
) -> None:
    with app.app_context():
        http = runtime().http
    api = StoreApi(http, config.bigcommerce_api_url, "harbour1", grant.access_token, 5)
    secrets = [*CREDENTIALS["fedex"].values(), grant.access_token.get_secret_value()]
    world.set_fault(fault("api", secrets))

    told = told_by(BigCommerceError, lambda: api.create_method(1, CREDENTIALS["fedex"]))

    assert [secret for secret in secrets if secret in told] == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"secret": "f" * 40}, id="another secret"),
        pytest.param({"aud": "another"}, id="another audience"),
        pytest.param({"exp": 1}, id="expired"),
        pytest.param({"sub": "stores/canary@harbourpine.example"}, id="store"),
        pytest.param({"user": {"id": "canary@harbourpine.example"}}, id="user"),
        pytest.param({"iat": 10**30}, id="time"),
    ],
)
def test_errors_of_a_refused_payload_do_not_quote_it(
    config: Config, world: World, changes: dict[str, Any]
) -> None:
    signed = world.signed_payload(*OWNER, **changes)

    client, client_secrets = config.bigcommerce_client_id, config.bigcommerce_client_secret

    told = told_by(payload.InvalidPayload, lambda: payload.verify(signed, client, client_secrets))

    parts = [*signed.split("."), make.CLIENT_SECRET, "harbourpine.example"]
    assert [part for part in parts if part in told] == []


@pytest.mark.both_databases("failures")
def test_errors_of_failing_statements_hide_parameters(
    app: Flask, db: Session, grant: oauth.Grant
) -> None:
    with app.app_context():
        vault = runtime().vault
    db.execute(text("ALTER TABLE activity_entries RENAME COLUMN who TO whom"))
    db.commit()

    told = told_by(DBAPIError, lambda: stores.install(db, vault, grant, lambda _grant: True))

    secrets = [grant.access_token.get_secret_value(), grant.user.email, "gAAAA"]
    assert "INSERT INTO activity_entries" in told
    assert [secret for secret in secrets if secret in told] == []


def test_repr_shows_no_secret(app: Flask, config: Config, grant: oauth.Grant) -> None:
    with app.app_context():
        built = runtime()
    sealed = built.vault.seal("place", "owner", "canary-secret")
    opened = built.vault.open("place", "owner", sealed)
    api = StoreApi(built.http, "https://api.invalid", "harbour1", grant.access_token, 5)
    settings = custom.parse_settings(MultiDict(CUSTOM))
    holders = (config, built, built.vault, built.session_tokens, grant, opened, api, settings)
    told = "".join(f"{one!r} {one}" for one in holders)
    told += told_by(Unopenable, lambda: built.vault.open("place", "another", sealed))

    secrets = [make.CLIENT_SECRET, make.SESSION_KEY, make.ENCRYPTION_KEY, "canary", sealed]
    secrets.append(grant.access_token.get_secret_value())
    assert [secret for secret in secrets if secret in told] == []


FORGED = (
    '\r\n{"event": "forged"}\r\n',
    '\n{"event": "forged"}',
    '"}\n{"event": "forged", "x": "',
    '\u2028{"event": "forged"}\u2029\x85\x0b\x0c{"event": "forged"}',
    "\x1b[2J\x1b[31mred\x1b[0m\x08\x08\x7f\x9b31m",
    "\x00\ufeff\u202e",
    "%0d%0a%1b[31m%s%(event)s{event}",
)


def in_an_address(tab: Browser, forged: str) -> None:
    tab.get(f"/carriers/{quote(forged)}")
    tab.get(f"/carriers/new?{quote(forged)}={quote(forged)}")
    tab.client.get(f"/{quote(forged)}")


def in_a_callback(tab: Browser, forged: str) -> None:
    tab.client.get("/load", query_string={"signed_payload_jwt": forged})
    tab.install(code=forged, scope=forged)
    tab.install(account_uuid=forged, external_install=forged)
    tab.open(url=forged, jti=forged, user={"id": 9128, "email": forged, "locale": forged})
    tab.open(sub=f"stores/{forged}")
    tab.uninstall(user={"id": 1, "email": forged})


def in_a_form(tab: Browser, forged: str) -> None:
    tab.post("/carriers", CUSTOM | {"name": forged, "setting_name": [forged], "number": forged})
    tab.post("/carriers/fedex/connection", CREDENTIALS["fedex"] | {"key": forged, forged: forged})
    tab.post("/carriers/fedex/zones/1", {"enabled": "on", "name": forged, forged: forged})


def in_a_header(tab: Browser, forged: str) -> None:
    # No server lets a line break into a header, or what is beyond Latin-1.
    value = "".join(mark for mark in forged if mark not in "\r\n\x00" and mark < "\u0100")
    everywhere = {"HTTP_HOST": value, "HTTP_X_REQUEST_ID": value, "HTTP_USER_AGENT": value}
    tab.client.get("/carriers", environ_overrides=everywhere)
    tab.client.get("/carriers", environ_overrides={"HTTP_AUTHORIZATION": f"Bearer {value}"})
    tab.client.post("/carriers", environ_overrides={"CONTENT_TYPE": value})
    tab.client.open("/carriers", environ_overrides={"REQUEST_METHOD": value})


def in_bigcommerces_words(tab: Browser, forged: str) -> None:
    store = tab.world.store("harbour1")
    store.name = store.zones[0]["name"] = forged
    tab.get("/carriers?refresh=1")
    for status in (400, 401, 429, 500):
        headers = {"X-Retry-After": "60"}
        tab.world.set_fault(Fault("api", status=status, body=echo(forged), headers=headers))
        tab.send("fedex", CREDENTIALS["fedex"])
    tab.get("/activity")


def in_an_exception(tab: Browser, forged: str) -> None:
    tab.client.get("/broken", query_string={"said": forged})


def in_a_record_of_a_library(_tab: Browser, forged: str) -> None:
    logging.getLogger("library").warning("%s", forged)
    logging.getLogger(f"library {forged}").error("failed", exc_info=ValueError(forged))


PLACES = (
    in_an_address,
    in_a_callback,
    in_a_form,
    in_a_header,
    in_bigcommerces_words,
    in_an_exception,
    in_a_record_of_a_library,
)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_input_cannot_inject_log_lines(
    capsys: pytest.CaptureFixture[str],
    config: Config,
    world: World,
    place: Callable[[Browser, str], None],
) -> None:
    # Made here: between a fixture and a test, pytest replaces stdout once more.
    with logging_app(config) as app:
        tab = Browser(app, world, "harbour1", "owner")
        tab.install()

        for forged in FORGED:
            place(tab, forged)

    written = capsys.readouterr()
    lines = written.out.removesuffix("\n").split("\n")
    events = [json.loads(line)["event"] for line in lines]
    assert len(events) >= len(FORGED)
    assert "forged" not in events
    assert [line for line in lines if not (line.isprintable() and line.isascii())] == []
    assert written.err == ""
