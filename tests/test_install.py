"""`GET /auth`: install, reinstall, new consent, and untrusted token responses."""

import json

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from bcapp.models import TOKEN_PLACE, ActivityEntry, Event, Store, StoreUser
from bcapp.runtime import runtime
from sandbox.faults import Fault, FaultKind
from sandbox.world import DEFAULT_SCOPE, World
from tests import make
from tests.merchant import Browser, at_once, said

GOOD_REPLY = {
    "access_token": "a-token",
    "scope": DEFAULT_SCOPE,
    "user": {"id": 9128, "username": "owner@harbourpine.example", "email": "o@h.example"},
    "owner": {"id": 9128, "username": "owner@harbourpine.example", "email": "o@h.example"},
    "context": "stores/harbour1",
    "account_uuid": "8d4d492f-17a1-4d95-b396-e1c5720815a5",
}


def stored_token(app: Flask, store: Store) -> str:
    with app.app_context():
        assert store.sealed_access_token is not None
        opened = runtime().vault.open(TOKEN_PLACE, store.store_hash, store.sealed_access_token)
        return opened.get_secret_value()


def events(db: Session) -> list[Event]:
    return list(db.scalars(select(ActivityEntry.event).order_by(ActivityEntry.id)))


@pytest.mark.both_databases("writes")
def test_a_first_install_welcomes_the_merchant_and_starts_a_session(
    browser: Browser, db: Session
) -> None:
    response = browser.install()

    assert response.status_code == 200
    assert "Welcome to Carrier connections" in said(response)
    assert f'<meta name="session-token" content="{browser.token}">' in response.text
    store = db.scalars(select(Store)).one()
    assert (store.store_hash, store.installer_id) == ("harbour1", browser.person.id)
    assert store.owner_email == "owner@harbourpine.example"
    assert events(db) == [Event.STORE_INSTALLED]


@pytest.mark.both_databases("writes")
def test_the_token_is_stored_encrypted_and_shown_nowhere(browser: Browser, db: Session) -> None:
    response = browser.install()

    token = browser.world.store("harbour1").access_token
    store = db.scalars(select(Store)).one()
    assert token is not None
    assert stored_token(browser.app, store) == token
    assert token not in str(store.sealed_access_token)
    assert token not in response.text
    assert token not in str(response.headers)


def test_the_code_is_exchanged_once_as_the_guide_shows(browser: Browser) -> None:
    query = browser.world.install_query("harbour1", browser.person)

    browser.client.get("/auth", query_string=query)

    (call,) = browser.world.calls_to("/oauth2/token")
    assert call.body == {
        "client_id": make.CLIENT_ID,
        "client_secret": make.CLIENT_SECRET,
        "code": query["code"],
        "scope": query["scope"],
        "context": "stores/harbour1",
        "grant_type": "authorization_code",
        "redirect_uri": f"{make.APP_URL}/auth",
    }
    assert call.headers["Accept"] == "application/json"


@pytest.mark.both_databases("writes")
def test_installing_again_after_an_uninstall_welcomes_back(browser: Browser, db: Session) -> None:
    browser.install()
    browser.uninstall()

    response = browser.install()

    assert "Welcome back" in said(response)
    store = db.scalars(select(Store)).one()
    assert stored_token(browser.app, store) == browser.world.store("harbour1").access_token
    assert store.installed_at == store.granted_at
    assert events(db) == [Event.STORE_INSTALLED, Event.STORE_UNINSTALLED, Event.STORE_INSTALLED]


@pytest.mark.both_databases("writes")
def test_a_new_consent_replaces_the_token_and_keeps_sessions(browser: Browser, db: Session) -> None:
    browser.install()
    colleague = browser.another("authorized")
    colleague.open()

    browser.install()

    assert colleague.get("/carriers").status_code == 200
    store = db.scalars(select(Store)).one()
    assert stored_token(browser.app, store) == browser.world.store("harbour1").access_token
    assert events(db) == [Event.STORE_INSTALLED, Event.STORE_GRANTED]


@pytest.mark.both_databases("writes")
def test_installing_restores_a_removed_user(browser: Browser) -> None:
    browser.install()
    browser.remove()

    response = browser.install()

    assert response.status_code == 200
    assert browser.get("/carriers").status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"code": None}, id="no code"),
        pytest.param({"code": ""}, id="empty code"),
        pytest.param({"code": "a b"}, id="space in the code"),
        pytest.param({"code": "x" * 1025}, id="endless code"),
        pytest.param({"context": None}, id="no context"),
        pytest.param({"context": "store/harbour1"}, id="context without s"),
        pytest.param({"context": "stores/harbour1\n"}, id="newline after the context"),
        pytest.param({"context": "stores/../x"}, id="path in the context"),
        pytest.param({"context": "stores/Harbour1"}, id="capital in the context"),
        pytest.param({"scope": None}, id="no scope"),
        pytest.param({"scope": ""}, id="empty scope"),
        pytest.param({"scope": "store_v2_information\x00"}, id="control character in the scope"),
    ],
)
def test_missing_or_malformed_parameters_are_a_400_without_a_call(
    browser: Browser, changes: dict[str, str | None]
) -> None:
    response = browser.install(**changes)

    assert response.status_code == 400
    assert "Nothing has changed" in said(response)
    assert browser.world.calls == []


def test_a_parameter_given_twice_is_a_400(browser: Browser) -> None:
    query = browser.world.install_query("harbour1", browser.person)

    response = browser.client.get(
        "/auth", query_string=[*query.items(), ("context", "stores/elmfield2")]
    )

    assert response.status_code == 400


@pytest.mark.parametrize("scope", ["store_v2_information_read_only", "store_v2_orders"])
def test_an_insufficient_scope_is_a_403(browser: Browser, db: Session, scope: str) -> None:
    response = browser.install(scope=scope)

    assert response.status_code == 403
    assert db.scalars(select(Store)).all() == []


def test_a_code_used_twice_is_a_400(browser: Browser) -> None:
    query = browser.world.install_query("harbour1", browser.person)
    browser.client.get("/auth", query_string=query)

    response = browser.client.get("/auth", query_string=query)

    assert response.status_code == 400
    assert "used already" in said(response)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({"access_token": None}, 502, id="no token"),
        pytest.param({"access_token": ""}, 502, id="empty token"),
        pytest.param({"access_token": ["t"]}, 502, id="token in a list"),
        pytest.param({"access_token": "a\r\nX-Evil: 1"}, 502, id="token with a line break"),
        pytest.param({"context": "stores/elmfield2"}, 502, id="another store"),
        pytest.param({"context": None}, 502, id="no context"),
        pytest.param({"context": ["stores/harbour1"]}, 502, id="context in a list"),
        pytest.param({"user": None}, 502, id="no user"),
        pytest.param({"user": {"email": "o@h.example"}}, 502, id="user without id"),
        pytest.param({"user": {"id": "9128"}}, 502, id="user id as text"),
        pytest.param({"user": {"id": True}}, 502, id="user id true"),
        pytest.param({"user": {"id": 2**63}}, 502, id="user id too large"),
        pytest.param({"owner": {"id": None}}, 502, id="owner without id"),
        pytest.param({"scope": None}, 403, id="scope null"),
        pytest.param({"scope": "store_v2_orders"}, 403, id="other scopes"),
        pytest.param({"scope": ["store_v2_information"]}, 403, id="scope in a list"),
        pytest.param({"error": "invalid_grant"}, 502, id="error beside the token"),
        pytest.param({"scope": f"{DEFAULT_SCOPE} \ud800"}, 502, id="lone surrogate in the scope"),
        pytest.param({"scope": f"{DEFAULT_SCOPE} \u0000"}, 502, id="NUL in the scope"),
        pytest.param({"scope": f"{DEFAULT_SCOPE} {'x' * 5000}"}, 502, id="endless scope"),
    ],
)
def test_every_field_of_a_token_response_is_checked(
    browser: Browser, db: Session, change: dict[str, object], status: int
) -> None:
    browser.world.set_fault(Fault("token", status=200, body=json.dumps(GOOD_REPLY | change)))

    response = browser.install()

    assert response.status_code == status
    assert browser.token is None
    assert db.scalars(select(Store)).all() == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="as documented"),
        pytest.param({"owner": None}, id="no owner, as before 2024"),
        pytest.param({"surprise": {"new": 1}}, id="unknown field"),
        pytest.param({"expires_in": 3600}, id="an expiry"),
        pytest.param({"user": {"id": 9128, "email": None}}, id="user without e-mail"),
        pytest.param({"user": {"id": 9128, "email": "a\x00b@h.example"}}, id="NUL in the e-mail"),
    ],
)
def test_a_minimal_token_response_installs(browser: Browser, change: dict[str, object]) -> None:
    browser.world.set_fault(Fault("token", status=200, body=json.dumps(GOOD_REPLY | change)))

    response = browser.install()

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        pytest.param(Fault(status=400, body='{"error": "invalid_grant"}'), 400, id="400"),
        pytest.param(Fault(status=400, body='{"access_token": "t"}'), 400, id="400 like a token"),
        pytest.param(Fault(status=401, body='{"access_token": "t"}'), 400, id="401 like a token"),
        pytest.param(Fault(status=400, body="nonsense"), 400, id="400 not JSON"),
        pytest.param(Fault(status=406, body='{"error": "Invalid format."}'), 400, id="406"),
        pytest.param(Fault(status=429), 502, id="429"),
        pytest.param(Fault(status=500), 502, id="500"),
        pytest.param(Fault(status=503, body="<h1>"), 502, id="503 HTML"),
        pytest.param(Fault(status=302, headers={"Location": "/x"}), 502, id="redirect"),
        pytest.param(Fault(status=200, body="{}"), 502, id="200 empty object"),
        pytest.param(Fault(status=200, body="[]"), 502, id="200 list"),
        pytest.param(Fault(status=200, body="null"), 502, id="200 null"),
        pytest.param(Fault(status=200, body='"t"'), 502, id="200 text"),
        pytest.param(Fault(status=200, body=""), 502, id="200 empty"),
        pytest.param(Fault(status=200, body="<html>"), 502, id="200 HTML"),
        pytest.param(Fault(status=204), 502, id="204"),
        pytest.param(Fault(status=200, body='{"expires_in": "x"}'), 502, id="odd expiry"),
        pytest.param(
            Fault(status=200, body='{"access_token": "x", "expires_in": 1e999}'),
            502,
            id="endless expiry",
        ),
        pytest.param(Fault(status=200, body="[" * 100_000), 502, id="endlessly nested"),
        pytest.param(Fault(kind="reset"), 502, id="reset"),
        pytest.param(Fault(kind="truncated", status=200, body="{"), 502, id="truncated"),
    ],
)
def test_a_failed_exchange_has_its_page_and_leaves_nothing(
    browser: Browser, db: Session, fault: Fault, status: int
) -> None:
    fault.endpoint = "token"
    browser.world.set_fault(fault)

    response = browser.install()

    assert response.status_code == status
    assert "Carrier connections" in response.text
    assert db.scalars(select(Store)).all() == []
    assert len(browser.world.calls_to("/oauth2/token")) == 1, "a code is never sent twice"


@pytest.mark.settings(BIGCOMMERCE_TIME_BUDGET="0.4")
@pytest.mark.parametrize("kind", ["hang", "drip"])
def test_an_endless_exchange_times_out(browser: Browser, kind: FaultKind) -> None:
    browser.world.set_fault(
        Fault("token", kind, status=200, body=json.dumps(GOOD_REPLY), seconds=30)
    )

    response = browser.install()

    assert response.status_code == 502


def test_an_external_install_redirects_to_bigcommerce(browser: Browser, bigcommerce: str) -> None:
    response = browser.install(external=True)

    assert response.status_code == 302
    ended = f"{bigcommerce}/app/{make.CLIENT_ID}/install"
    assert response.headers["Location"] == f"{ended}/succeeded"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"code": None}, id="no code"),
        pytest.param({"scope": "store_v2_orders"}, id="scope missing"),
        pytest.param({"code": "unknown"}, id="code refused"),
    ],
)
def test_a_failed_external_install_redirects_to_failed(
    browser: Browser, changes: dict[str, str | None]
) -> None:
    response = browser.install(external=True, **changes)

    assert response.status_code == 302
    assert response.headers["Location"].endswith("/install/failed")


@pytest.mark.both_databases("locks")
def test_racing_installs_keep_the_valid_token(app: Flask, world: World, db: Session) -> None:
    statuses = at_once(4, lambda: Browser(app, world, "harbour1", "owner").install().status_code)

    assert statuses == [200, 200, 200, 200]
    store = db.scalars(select(Store)).one()
    assert stored_token(app, store) == world.store("harbour1").access_token
    assert len(db.scalars(select(StoreUser)).all()) == 1
