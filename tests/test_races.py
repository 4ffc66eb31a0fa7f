"""Concurrent callbacks, pages and commands leave a correct state in any order."""

import time
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from bcapp.models import TOKEN_PLACE, ActivityEntry, Event, Store, StoreUser
from bcapp.outcomes import Outcome
from bcapp.runtime import runtime
from tests.merchant import Browser, together

pytestmark = pytest.mark.both_databases("locks")

ROUNDS = 5  # of each race, in each database: which of its calls comes first is up to the machine


def kept_token(app: Flask, db: Session) -> str | None:
    db.expire_all()
    store = db.scalars(select(Store)).one()
    if store.sealed_access_token is None:
        return None
    with app.app_context():
        token = runtime().vault.open(TOKEN_PLACE, store.store_hash, store.sealed_access_token)
    return token.get_secret_value()


def opening(browser: Browser) -> Callable[[], int]:
    return lambda: browser.open().status_code


def uninstalling(browser: Browser) -> Callable[[], int]:
    return lambda: browser.uninstall().status_code


@pytest.mark.parametrize("number", range(ROUNDS))
def test_an_uninstall_during_a_launch_leaves_no_session(
    app: Flask, merchant: Browser, db: Session, number: int
) -> None:
    known, newcomer = merchant.another("staff"), merchant.another("authorized")
    known.open()

    answers = together(opening(known), opening(newcomer), uninstalling(merchant.another("owner")))

    assert answers[2] == 204
    assert set(answers[:2]) <= {200, 403}
    assert kept_token(app, db) is None
    assert [tab.get("/carriers").status_code for tab in (merchant, known)] == [403, 403]
    assert newcomer.get("/carriers").status_code == (403 if newcomer.token else 401)

    merchant.another("owner").install()

    old_sessions = [tab for tab in (merchant, known, newcomer) if tab.token]
    assert {tab.get("/carriers").status_code for tab in old_sessions} <= {401, 403}
    assert newcomer.open().status_code == 200


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_removal_wins_over_an_older_launch_in_any_order(
    merchant: Browser, db: Session, number: int
) -> None:
    staff = merchant.another("staff")
    now = time.time()

    answers = together(
        lambda: staff.open(now=now - 10).status_code,
        lambda: merchant.another("staff").remove(now=now).status_code,
    )

    assert answers[1] == 204
    assert staff.get("/carriers").status_code == (403 if answers[0] == 200 else 401)
    assert staff.open(now=now - 10).status_code == 403
    users = db.scalars(select(StoreUser).where(StoreUser.user_id == staff.person.id)).all()
    assert [user.removed_at is None for user in users] == [False]


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_late_uninstall_never_takes_the_token_of_a_new_install(
    app: Flask, merchant: Browser, db: Session, number: int
) -> None:
    """Uninstalled and at once installed again, and BigCommerce's two calls overtake each other."""
    before = time.time() - 2
    late, again = merchant.another("owner"), merchant.another("owner")

    answers = together(
        lambda: late.uninstall(now=before).status_code,
        lambda: again.install().status_code,
    )

    assert answers == [204, 200]
    assert kept_token(app, db) == merchant.world.store("harbour1").access_token
    assert again.get("/carriers").status_code == 200


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_send_during_an_uninstall_is_recorded_truthfully(
    app: Flask, merchant: Browser, db: Session, number: int
) -> None:
    sent, removed = together(
        lambda: merchant.send("fedex").status_code, uninstalling(merchant.another("owner"))
    )

    assert removed == 204
    assert kept_token(app, db) is None
    is_entry = ActivityEntry.event == Event.CONNECTION_SENT
    outcomes = db.scalars(select(ActivityEntry.outcome).where(is_entry)).all()
    arrived = "fedex" in merchant.world.store("harbour1").connections
    assert (sent, outcomes, arrived) in [(303, [Outcome.SENT], True), (403, [], False)]
