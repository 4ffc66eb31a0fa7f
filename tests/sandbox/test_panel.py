"""What the double writes down, and its control panel."""

from urllib.parse import parse_qsl

import pytest
import requests

from sandbox.server import run_sandbox
from sandbox.world import World
from tests.sandbox.conftest import APP_URL, CONNECTION, Ask


def test_every_request_is_written_down_with_its_answer(
    ask: Ask, exchange: Ask, world: World
) -> None:
    ask("DELETE", CONNECTION, {"carrier_id": "fedex"})
    exchange("data")

    deleted, exchanged = world.calls
    assert (deleted.number, deleted.method, deleted.status) == (1, "DELETE", 204)
    assert (deleted.store_hash, deleted.body) == ("harbour1", {"carrier_id": "fedex"})
    assert deleted.headers["X-Auth-Token"] == "token-of-harbour"
    assert (exchanged.store_hash, exchanged.status) == ("harbour1", 200)
    assert "access_token" in exchanged.response_body
    assert world.calls_to(CONNECTION, "DELETE") == [deleted]


def test_the_panel_masks_secrets_unless_asked_to_show_them(
    ask: Ask, exchange: Ask, world: World, address: str, session: requests.Session
) -> None:
    exchange()
    token = world.store("harbour1").access_token or ""
    connection = {"auth_key": "hush-hush", "test_mode": True}
    body = {"carrier_id": "auspost", "connection": connection}
    ask("POST", CONNECTION, body, headers={"X-Auth-Token": token})
    secrets = [token, world.client_secret, "hush-hush"]

    masked = session.get(f"{address}/calls.json?store=harbour1").text
    shown = session.get(f"{address}/calls.json?store=harbour1&show=1").text

    assert [secret for secret in secrets if secret in masked] == []
    assert [secret for secret in secrets if secret in shown] == secrets


def test_the_panel_shows_a_store_only_its_own_calls(
    ask: Ask, address: str, session: requests.Session
) -> None:
    ask("GET", "/time")

    calls = session.get(f"{address}/calls.json?store=elmfield2").json()["calls"]

    assert calls == []


@pytest.mark.parametrize("role", ["owner", "authorized", "staff"])
def test_everybody_has_a_control_panel(address: str, session: requests.Session, role: str) -> None:
    page = session.get(f"{address}/stores/elmfield2?as={role}")
    frame = session.get(f"{address}/stores/elmfield2/frame?as={role}")

    assert (page.status_code, frame.status_code) == (200, 200)
    assert "Elm Field Books" in page.text
    assert ("Uninstall" in page.text, "not installed" in frame.text) == (False, True)


def test_install_leads_the_frame_to_the_app_with_a_code_that_works(
    exchange: Ask, world: World, address: str, session: requests.Session
) -> None:
    reply = session.post(
        f"{address}/stores/harbour1/install", data={"as": "authorized"}, allow_redirects=False
    )

    callback, _, query = reply.headers["Location"].partition("?")
    granted = exchange(query=dict(parse_qsl(query))).json()
    assert (reply.status_code, callback) == (303, f"{APP_URL}/auth")
    assert granted["user"]["id"] == world.person("harbour1", "authorized").id


@pytest.mark.parametrize("action", ["install", "uninstall"])
def test_a_staff_user_can_neither_install_nor_uninstall(
    world: World, address: str, session: requests.Session, action: str
) -> None:
    world.store("harbour1").access_token = "token"

    reply = session.post(f"{address}/stores/harbour1/{action}", data={"as": "staff"})

    assert reply.status_code == 403
    assert world.store("harbour1").access_token == "token"


def test_a_staff_user_opens_the_app_only_once_given_access(
    world: World, address: str, session: requests.Session
) -> None:
    world.store("harbour1").access_token = "token"
    sam = world.person("harbour1", "staff")
    url = f"{address}/stores/harbour1/open"

    before = session.post(url, data={"as": "staff"})
    session.post(f"{address}/stores/harbour1/give_access", data={"as": "owner", "person": sam.id})
    after = session.post(url, data={"as": "staff"}, allow_redirects=False)

    assert "Ask the owner for access" in before.text
    assert after.headers["Location"].startswith(f"{APP_URL}/load?signed_payload_jwt=")


def test_uninstalling_in_the_panel_kills_the_token_and_tells_the_app(
    session: requests.Session,
) -> None:
    # The app's place is taken by a second sandbox, which has no such page: it answers 404.
    with run_sandbox(World("other", "s" * 32, APP_URL)) as app_url:
        world = World("client-id", "s" * 32, app_url)
        world.store("harbour1").access_token = "token"
        with run_sandbox(world) as address:
            page = session.post(f"{address}/stores/harbour1/uninstall", data={"as": "owner"})

    assert "uninstall callback: 404" in page.text
    assert world.store("harbour1").access_token is None


@pytest.mark.parametrize(
    ("often", "words", "statuses"),
    [
        pytest.param({}, "zones, once", [429, 200, 200], id="once"),
        pytest.param(
            {"until_cleared": "on"}, "zones, until cleared", [429, 429, 200], id="until cleared"
        ),
    ],
)
def test_a_misbehaviour_ordered_in_the_panel_strikes(
    ask: Ask,
    address: str,
    session: requests.Session,
    often: dict[str, str],
    words: str,
    statuses: list[int],
) -> None:
    order = {"as": "owner", "fault": "429", "endpoint": "zones", **often}

    page = session.post(f"{address}/stores/harbour1/set_fault", data=order)
    replies = [ask("GET", "/shipping/zones"), ask("GET", "/shipping/zones")]
    session.post(f"{address}/stores/harbour1/clear_faults", data={"as": "owner"})
    replies.append(ask("GET", "/shipping/zones"))

    assert f"429 Retry after 15 seconds: {words}" in page.text
    assert [reply.status_code for reply in replies] == statuses
    assert replies[0].headers["X-Retry-After"] == "15"


def test_the_panels_switches_change_this_bigcommerce(
    world: World, address: str, session: requests.Session
) -> None:
    switches = {
        "as": "owner",
        "zones": "60",
        "endicia_passphrase_field": "passphrase",
        "odd_responses": "on",
    }

    session.post(f"{address}/stores/harbour1/change_settings", data=switches)

    assert (world.odd_responses, world.strict_verbs) == (True, False)
    assert world.endicia_passphrase_field == "passphrase"
    assert len(world.store("harbour1").zones) == 60
    assert len(world.store("elmfield2").zones) == 4
