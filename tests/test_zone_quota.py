"""Fetching zones leaves a third of the store's quota to its other apps, and goes on later."""

import re

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from bcapp.models import ZoneList
from sandbox.faults import Fault
from sandbox.quota import Quota
from tests.merchant import Browser, said

TURN_ON = {"enabled": "true", "name": "Post", "delivery_services": "AUS_PARCEL_REGULAR"}


@pytest.fixture
def quota(merchant: Browser) -> Quota:
    """Sixty zones cost 61 calls; 45 in a window, of which a third are for others."""
    merchant.world.set_zones(merchant.store_hash, 60)
    quota = merchant.world.quota(merchant.store_hash)
    quota.total, quota.is_enforced, quota.used = 45, True, 0
    quota.least_left = 45
    return quota


def fragment(merchant: Browser) -> str:
    return said(merchant.get("/carriers/zones"))


def new_window(quota: Quota, db: Session) -> None:
    """Let the store's and the app's clocks reach the next window."""
    quota.used = 0
    db.execute(update(ZoneList).values(paused_until=None))
    db.commit()


def test_fetching_pauses_with_a_third_of_the_quota_left(merchant: Browser, quota: Quota) -> None:
    page = said(merchant.get("/carriers"))

    assert quota.least_left >= 15
    assert re.search(r"\d+ of 60 zones read, the rest in about \d+ seconds?\.", page)


def test_a_paused_refresh_asks_nothing(merchant: Browser, quota: Quota) -> None:
    merchant.get("/carriers")
    used = quota.used

    merchant.get("/carriers/auspost")
    fragment(merchant)

    assert quota.used == used


def test_fetching_goes_on_where_it_was_until_all_zones_are_known(
    merchant: Browser, quota: Quota, db: Session
) -> None:
    merchant.get("/carriers")
    first = quota.used
    new_window(quota, db)

    second = fragment(merchant)
    new_window(quota, db)
    third = fragment(merchant)

    assert "of 60 zones read" in second
    assert "Zones were read from BigCommerce" in third
    assert "of 60 zones read" not in third
    zones = {call.path for call in merchant.world.calls if call.path.endswith("/methods")}
    asked = [call.path for call in merchant.world.calls if call.path.endswith("/methods")]
    assert (len(zones), len(asked)) == (60, 60)
    assert first <= 30


def test_a_save_costs_at_most_six_calls_whatever_the_number_of_zones(
    merchant: Browser, quota: Quota
) -> None:
    merchant.get("/carriers")
    quota.used = 0

    response = merchant.post("/carriers/auspost/zones/1", TURN_ON)
    merchant.get("/carriers/auspost?zone=1&notice=zone_saved")

    assert response.status_code == 303
    assert quota.used <= 6


def test_other_apps_calls_count(merchant: Browser, quota: Quota) -> None:
    quota.used = 28

    page = said(merchant.get("/carriers"))

    assert quota.least_left >= 14
    assert "zones read, the rest in about" in page


def test_a_429_is_shown_as_what_it_is(merchant: Browser) -> None:
    headers = {"X-Rate-Limit-Time-Reset-Ms": "20000"}
    merchant.world.set_fault(Fault("zones", status=429, headers=headers))

    page = said(merchant.get("/carriers"))

    assert "We couldn’t read your zones BigCommerce asked us to wait." in page


def test_a_launch_shows_the_last_known_zones_and_asks_nothing(
    merchant: Browser, db: Session
) -> None:
    merchant.post("/carriers/auspost/zones/1", TURN_ON)
    merchant.get("/carriers")
    merchant.world.calls.clear()

    page = said(merchant.open())

    assert "1 of 4 zones" in page
    assert merchant.world.calls == []
