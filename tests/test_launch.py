"""`GET /load`: who may launch, and which page they get."""

import re
import time

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from bcapp.models import StoreUser
from sandbox.faults import Fault
from sandbox.world import World
from tests.merchant import Browser, at_once, said


def test_opening_the_app_answers_the_carriers_page_with_a_session(merchant: Browser) -> None:
    merchant.token = None

    response = merchant.open()

    assert response.status_code == 200
    assert "Australia Post" in said(response)
    assert f'<meta name="session-token" content="{merchant.token}">' in response.text
    assert '<meta name="page-path" content="/carriers">' in response.text


@pytest.mark.both_databases("writes")
def test_a_new_user_is_added_at_the_first_launch(merchant: Browser, db: Session) -> None:
    staff = merchant.another("staff")

    response = staff.open()

    assert response.status_code == 200
    assert staff.get("/carriers").status_code == 200
    emails = set(db.scalars(select(StoreUser.email)))
    assert emails == {merchant.person.email, staff.person.email}


@pytest.mark.parametrize(
    ("path", "heading", "lives_at"),
    [
        ("/", "Carriers", "/carriers"),
        ("/carriers/fedex", "Connect FedEx", "/carriers/fedex"),
        ("/carriers/new", "Add custom carrier", "/carriers/new"),
        ("/activity", "Activity", "/activity"),
        ("/activity?page=2#x", "Activity", "/activity"),
        ("/nowhere", "Carriers", "/carriers"),
        ("/uninstall", "Carriers", "/carriers"),
        ("/healthz", "Carriers", "/carriers"),
        ("//evil.example/carriers", "Carriers", "/carriers"),
        ("/\\evil.example", "Carriers", "/carriers"),
        ("https://evil.example/", "Carriers", "/carriers"),
    ],
)
def test_the_url_claim_picks_the_page(
    merchant: Browser, path: str, heading: str, lives_at: str
) -> None:
    response = merchant.open(url=path)

    assert response.status_code == 200
    assert heading in said(response)
    assert f'<meta name="page-path" content="{lives_at}">' in response.text


def test_an_unknown_carrier_in_the_url_claim_is_a_404_inside_the_session(
    merchant: Browser,
) -> None:
    response = merchant.open(url="/carriers/carrier_99")

    assert response.status_code == 404


def test_a_launch_never_redirects(
    merchant: Browser,
) -> None:
    merchant.world.set_fault(Fault("connection", status=429))
    merchant.post("/carriers", {"number": "33", "name": "Parcel Lane"})

    custom = merchant.open(url="/carriers/carrier_33")
    chosen = merchant.client.get(
        "/load", query_string={"signed_payload_jwt": merchant.payload(), "choose": "fedex"}
    )

    assert (custom.status_code, chosen.status_code) == (200, 200)
    assert "Update Parcel Lane details" in said(custom)
    assert "Carrier connections" in said(chosen)


def test_no_payload_is_a_400(merchant: Browser) -> None:
    for query in ("", "?signed_payload_jwt=", "?signed_payload=legacy.form"):
        assert merchant.client.get(f"/load{query}").status_code == 400


@pytest.mark.parametrize("path", ["/load", "/uninstall", "/remove_user"])
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"secret": "another-secret-of-the-same-length-xxxxx"}, id="signature"),
        pytest.param({"algorithm": "none"}, id="algorithm none"),
        pytest.param({"algorithm": "HS512"}, id="algorithm HS512"),
        pytest.param({"aud": "somebody-else"}, id="audience"),
        pytest.param({"iss": "bcx"}, id="issuer"),
        pytest.param({"exp": int(time.time()) - 61}, id="expired"),
        pytest.param({"nbf": int(time.time()) + 3600}, id="not yet"),
        pytest.param({"iat": int(time.time()) + 3600}, id="issued in the future"),
        pytest.param({"omit": ["exp"]}, id="no expiry"),
        pytest.param({"omit": ["iat"]}, id="no issue time"),
        pytest.param({"omit": ["nbf"]}, id="no start"),
        pytest.param({"omit": ["sub"]}, id="no store"),
        pytest.param({"omit": ["user"]}, id="no user"),
        pytest.param({"sub": "store/harbour1"}, id="store for stores"),
        pytest.param({"sub": "stores/harbour1\n"}, id="newline after the store"),
    ],
)
def test_an_invalid_payload_is_a_401_and_changes_nothing(
    merchant: Browser, path: str, changes: dict[str, object]
) -> None:
    payload = merchant.payload(**changes)

    response = merchant.client.get(path, query_string={"signed_payload_jwt": payload})

    assert response.status_code == 401
    assert "X-Session-Token" not in response.headers
    assert merchant.get("/carriers").status_code == 200


def test_a_store_that_never_installed_is_a_403(browser: Browser) -> None:
    response = browser.open()

    assert response.status_code == 403
    assert "This app isn’t installed on your store" in said(response)


@pytest.mark.both_databases("types")
def test_a_removed_user_cannot_return_with_an_older_payload(merchant: Browser) -> None:
    staff = merchant.another("staff")
    now = time.time()
    staff.open(now=now - 60)
    staff.remove(now=now)

    for issued in (now - 60, now):
        response = staff.open(now=issued)

        assert response.status_code == 403
        assert "You no longer have access to this app" in said(response)


@pytest.mark.both_databases("types")
def test_a_restored_user_can_launch(merchant: Browser) -> None:
    staff = merchant.another("staff")
    now = time.time()
    staff.open(now=now - 60)
    staff.remove(now=now - 30)

    response = staff.open(now=now)

    assert response.status_code == 200
    assert staff.get("/carriers").status_code == 200


@pytest.mark.both_databases("writes")
def test_a_user_removed_before_the_first_launch_stays_out(merchant: Browser) -> None:
    staff = merchant.another("staff")
    now = time.time()
    staff.remove(now=now)

    response = staff.open(now=now - 60)

    assert response.status_code == 403


@pytest.mark.both_databases("locks")
def test_two_first_launches_at_the_same_moment_add_one_user(
    app: Flask, world: World, merchant: Browser, db: Session
) -> None:
    statuses = at_once(6, lambda: Browser(app, world, "harbour1", "staff").open().status_code)

    assert statuses == [200] * 6
    staff_id = world.person("harbour1", "staff").id
    assert len(db.scalars(select(StoreUser).where(StoreUser.user_id == staff_id)).all()) == 1


@pytest.mark.parametrize(
    ("opened_by", "said_of_it"),
    [
        pytest.param(
            ' target="_blank" rel="noopener"',
            "Contact support (opens in a new tab)",
            marks=pytest.mark.settings(SUPPORT_URL="https://help.example"),
            id="a page",
        ),
        pytest.param(
            "",
            "Contact support",
            marks=pytest.mark.settings(SUPPORT_URL="mailto:help@example.com"),
            id="mail",
        ),
    ],
)
def test_support_links_open_outside_the_frame(
    browser: Browser, opened_by: str, said_of_it: str
) -> None:
    response = browser.open()

    assert response.status_code == 403
    links = re.findall(r'<a[^>]* href="[^"]*help[^"]*"([^>]*)>(.*?)</a>', response.text)
    assert [how for how, _ in links] == [opened_by] * 3, "on the page, above a form, at the foot"
    assert {re.sub("<.*?>", "", label) for _, label in links} == {said_of_it}
