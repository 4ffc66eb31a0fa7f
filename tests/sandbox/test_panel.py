"""The recorded calls and the control panel."""

from urllib.parse import parse_qsl

import pytest
import requests

from sandbox.server import run_sandbox
from sandbox.world import World
from tests.sandbox.conftest import APP_URL, CONNECTION, SendRequest


def test_every_call_is_recorded_with_its_response(
    call_api: SendRequest, request_token: SendRequest, world: World
) -> None:
    call_api("DELETE", CONNECTION, {"carrier_id": "fedex"})
    request_token("data")

    delete_call, token_call = world.calls
    assert (delete_call.number, delete_call.method, delete_call.status) == (1, "DELETE", 204)
    assert (delete_call.store_hash, delete_call.body) == ("harbour1", {"carrier_id": "fedex"})
    assert delete_call.headers["X-Auth-Token"] == "token-of-harbour"
    assert (token_call.store_hash, token_call.status) == ("harbour1", 200)
    assert "access_token" in token_call.response_body
    assert world.calls_to(CONNECTION, "DELETE") == [delete_call]


def test_the_call_list_masks_secrets_by_default(
    call_api: SendRequest,
    request_token: SendRequest,
    world: World,
    base_url: str,
    session: requests.Session,
) -> None:
    request_token()
    token = world.store("harbour1").access_token or ""
    connection = {"auth_key": "the-secret-key", "test_mode": True}
    body = {"carrier_id": "auspost", "connection": connection}
    call_api("POST", CONNECTION, body, headers={"X-Auth-Token": token})
    secrets = [token, world.client_secret, "the-secret-key"]

    masked = session.get(f"{base_url}/calls.json?store=harbour1").text
    shown = session.get(f"{base_url}/calls.json?store=harbour1&show=1").text

    assert [secret for secret in secrets if secret in masked] == []
    assert [secret for secret in secrets if secret in shown] == secrets


def test_the_call_list_of_a_store_excludes_other_stores(
    call_api: SendRequest, base_url: str, session: requests.Session
) -> None:
    call_api("GET", "/time")

    calls = session.get(f"{base_url}/calls.json?store=elmfield2").json()["calls"]

    assert calls == []


@pytest.mark.parametrize("role", ["owner", "authorized", "staff"])
def test_every_role_can_open_the_control_panel(
    base_url: str, session: requests.Session, role: str
) -> None:
    page = session.get(f"{base_url}/stores/elmfield2?as={role}")
    frame = session.get(f"{base_url}/stores/elmfield2/frame?as={role}")

    assert (page.status_code, frame.status_code) == (200, 200)
    assert "Elm Field Books" in page.text
    assert ("Uninstall" in page.text, "not installed" in frame.text) == (False, True)


def test_install_redirects_to_the_app_with_a_valid_code(
    request_token: SendRequest, world: World, base_url: str, session: requests.Session
) -> None:
    response = session.post(
        f"{base_url}/stores/harbour1/install", data={"as": "authorized"}, allow_redirects=False
    )

    callback, _, query = response.headers["Location"].partition("?")
    grant = request_token(query=dict(parse_qsl(query))).json()
    assert (response.status_code, callback) == (303, f"{APP_URL}/auth")
    assert grant["user"]["id"] == world.person("harbour1", "authorized").id


@pytest.mark.parametrize("action", ["install", "uninstall"])
def test_staff_users_cannot_install_or_uninstall(
    world: World, base_url: str, session: requests.Session, action: str
) -> None:
    world.store("harbour1").access_token = "token"

    response = session.post(f"{base_url}/stores/harbour1/{action}", data={"as": "staff"})

    assert response.status_code == 403
    assert world.store("harbour1").access_token == "token"


def test_staff_users_need_access_to_open_the_app(
    world: World, base_url: str, session: requests.Session
) -> None:
    world.store("harbour1").access_token = "token"
    sam = world.person("harbour1", "staff")
    url = f"{base_url}/stores/harbour1/open"

    before = session.post(url, data={"as": "staff"})
    session.post(f"{base_url}/stores/harbour1/give_access", data={"as": "owner", "person": sam.id})
    after = session.post(url, data={"as": "staff"}, allow_redirects=False)

    assert "Ask the owner for access" in before.text
    assert after.headers["Location"].startswith(f"{APP_URL}/load?signed_payload_jwt=")


def test_uninstall_revokes_the_token_and_sends_the_callback(
    session: requests.Session,
) -> None:
    # A second sandbox stands in for the app; it has no such page and answers 404.
    with run_sandbox(World("other", "s" * 32, APP_URL)) as app_url:
        world = World("client-id", "s" * 32, app_url)
        world.store("harbour1").access_token = "token"
        with run_sandbox(world) as base_url:
            page = session.post(f"{base_url}/stores/harbour1/uninstall", data={"as": "owner"})

    assert "uninstall callback: 404" in page.text
    assert world.store("harbour1").access_token is None


@pytest.mark.parametrize(
    ("duration", "description", "statuses"),
    [
        pytest.param({}, "zones, once", [429, 200, 200], id="once"),
        pytest.param(
            {"until_cleared": "on"}, "zones, until cleared", [429, 429, 200], id="until cleared"
        ),
    ],
)
def test_a_fault_set_in_the_panel_is_applied(
    call_api: SendRequest,
    base_url: str,
    session: requests.Session,
    duration: dict[str, str],
    description: str,
    statuses: list[int],
) -> None:
    form = {"as": "owner", "fault": "429", "endpoint": "zones", **duration}

    page = session.post(f"{base_url}/stores/harbour1/set_fault", data=form)
    responses = [call_api("GET", "/shipping/zones"), call_api("GET", "/shipping/zones")]
    session.post(f"{base_url}/stores/harbour1/clear_faults", data={"as": "owner"})
    responses.append(call_api("GET", "/shipping/zones"))

    assert f"429 Retry after 15 seconds: {description}" in page.text
    assert [response.status_code for response in responses] == statuses
    assert responses[0].headers["X-Retry-After"] == "15"


def test_the_panels_settings_change_the_sandbox(
    world: World, base_url: str, session: requests.Session
) -> None:
    settings = {
        "as": "owner",
        "zones": "60",
        "endicia_passphrase_field": "passphrase",
        "odd_responses": "on",
    }

    session.post(f"{base_url}/stores/harbour1/change_settings", data=settings)

    assert (world.odd_responses, world.strict_verbs) == (True, False)
    assert world.endicia_passphrase_field == "passphrase"
    assert len(world.store("harbour1").zones) == 60
    assert len(world.store("elmfield2").zones) == 4
