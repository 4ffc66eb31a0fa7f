"""The embedded session: bearer header only, renewed by every response, ended at once."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event

from bcapp.runtime import runtime
from bcapp.session_token import LIFETIME, MAX_SESSION_LIFETIME, EmbeddedSession, SessionTokens
from bcapp.views import session
from tests import make
from tests.merchant import Browser, said


def token_for(
    browser: Browser,
    *,
    user_id: int | None = None,
    store_hash: str = "harbour1",
    launched: timedelta = timedelta(),
    issued: timedelta = timedelta(),
) -> str:
    """Create a token launched and issued that long ago."""
    now = datetime.now(UTC)
    with browser.app.app_context():
        held = runtime().session_tokens.verify(browser.token or "", now)
        session = EmbeddedSession(
            store_hash, user_id or browser.person.id, now - launched, held.epoch
        )
        return runtime().session_tokens.issue(session, now - issued)


def embedded_routes(app: Flask) -> list[tuple[str, str]]:
    """List method and path of every embedded route, parameters filled in."""
    parameters = {"carrier_id": "fedex", "number": "33", "zone_id": "1"}
    routes = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in session.EMBEDDED:
            path = str(rule.rule)
            for name, value in parameters.items():
                path = path.replace(f"<{name}>", value).replace(f"<int:{name}>", value)
            routes += [(method, path) for method in (rule.methods or set()) & {"GET", "POST"}]
    return routes


def test_every_blueprint_is_either_behind_the_session_or_listed_as_open(app: Flask) -> None:
    assert set(app.blueprints) == session.EMBEDDED | session.OPEN
    on_the_app_itself = {
        rule.endpoint for rule in app.url_map.iter_rules() if "." not in rule.endpoint
    }
    assert on_the_app_itself == {"static"}


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param("Bearer", id="no token"),
        pytest.param("Bearer x.y", id="garbage"),
        pytest.param("Basic {token}", id="another scheme"),
        pytest.param("{token}", id="no scheme"),
        pytest.param("Bearer {token}x", id="longer"),
        pytest.param("Bearer é", id="not ASCII"),
    ],
)
def test_no_embedded_route_answers_without_a_session(merchant: Browser, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.format(token=merchant.token)}

    for method, path in embedded_routes(merchant.app):
        response = merchant.client.open(path, method=method, headers=headers)

        assert response.status_code == 401, (method, path)
        assert "Your session has ended" in said(response)
        assert "X-Session-Token" not in response.headers
    assert merchant.world.calls == []


def test_tokens_in_url_or_form_are_ignored(merchant: Browser) -> None:
    query = {"session_token": merchant.token, "Authorization": f"Bearer {merchant.token}"}

    in_query = merchant.client.get("/carriers", query_string=query)
    in_form = merchant.client.post("/carriers/royalmail/connection", data=query)

    assert (in_query.status_code, in_form.status_code) == (401, 401)


def test_every_embedded_answer_renews_the_session(merchant: Browser) -> None:
    for response in (
        merchant.get("/carriers"),
        merchant.get("/carriers/carrier_99"),
        merchant.send("fedex", {}),
        merchant.send("fedex"),
    ):
        renewed = response.headers["X-Session-Token"]
        if response.status_code != 303:
            assert f'<meta name="session-token" content="{renewed}">' in response.text
        assert merchant.get("/activity").status_code == 200


def test_a_session_ends_an_hour_after_its_last_answer(merchant: Browser) -> None:
    merchant.token = token_for(merchant, issued=LIFETIME - timedelta(seconds=30))
    assert merchant.get("/carriers").status_code == 200

    merchant.token = token_for(merchant, issued=LIFETIME)

    assert merchant.get("/carriers").status_code == 401


def test_renewal_ends_a_day_after_the_launch(merchant: Browser) -> None:
    merchant.token = token_for(merchant, launched=MAX_SESSION_LIFETIME - timedelta(minutes=1))
    assert merchant.get("/carriers").status_code == 200

    merchant.token = token_for(merchant, launched=MAX_SESSION_LIFETIME)

    assert merchant.get("/carriers").status_code == 401


@pytest.mark.both_databases("types")
def test_sessions_from_before_a_reinstall_are_invalid(merchant: Browser) -> None:
    before = merchant.token
    merchant.uninstall()
    merchant.install()

    merchant.token = before

    assert merchant.get("/carriers").status_code == 401


@pytest.mark.both_databases("types")
def test_sessions_from_before_a_removal_stay_invalid(
    merchant: Browser,
) -> None:
    staff = merchant.another("staff")
    now = time.time()
    staff.open(now=now - 20)
    before = staff.token
    staff.remove(now=now - 10)
    staff.open(now=now)

    staff.token = before

    assert staff.get("/carriers").status_code == 401


def test_a_token_signed_with_another_key_is_refused(merchant: Browser) -> None:
    foreign = SessionTokens(make.config(SESSION_KEYS="f" * 40).session_keys)
    now = datetime.now(UTC)
    merchant.token = foreign.issue(
        EmbeddedSession("harbour1", merchant.person.id, now, epoch=0), now
    )

    assert merchant.get("/carriers").status_code == 401


@pytest.mark.both_databases("isolation")
def test_a_session_works_for_its_store_and_user_only(merchant: Browser) -> None:
    merchant.another("owner", "elmfield2").install()
    stranger = token_for(merchant, user_id=424242)
    elsewhere = token_for(merchant, store_hash="elmfield2")

    for token, status in ((stranger, 403), (elsewhere, 403)):
        merchant.token = token
        assert merchant.get("/carriers").status_code == status


@pytest.mark.both_databases("queries")
@pytest.mark.own_database
def test_one_query_finds_store_and_user(merchant: Browser) -> None:
    statements: list[str] = []
    with merchant.app.app_context():
        engine = runtime().engine
    event.listen(
        engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_rest: statements.append(statement),
    )

    merchant.get("/carriers/new")

    selects = [statement for statement in statements if statement.startswith("SELECT")]
    assert len(selects) <= 1


def test_the_page_knows_its_session_lifetime(merchant: Browser) -> None:
    fresh = merchant.get("/carriers").headers["X-Session-Seconds"]
    merchant.token = token_for(merchant, launched=MAX_SESSION_LIFETIME - timedelta(minutes=5))

    late = merchant.get("/carriers")

    assert 3500 < int(fresh) <= 3600
    assert 200 < int(late.headers["X-Session-Seconds"]) <= 300
    assert f'content="{late.headers["X-Session-Seconds"]}"' in late.text
