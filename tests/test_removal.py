"""`GET /uninstall` and `GET /remove_user`."""

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bcapp.models import ActivityEntry, Event, Store, StoreUser
from sandbox.faults import Fault
from tests.merchant import Browser, said

pytestmark = pytest.mark.both_databases("locks")


def is_installed(db: Session, store_hash: str = "harbour1") -> bool:
    db.rollback()  # SQLite shows a transaction what there was when it began
    token = select(Store.sealed_access_token).where(Store.store_hash == store_hash)
    return db.scalar(token) is not None


def last_event(db: Session) -> Event | None:
    db.expire_all()
    return db.scalar(select(ActivityEntry.event).order_by(ActivityEntry.id.desc()).limit(1))


@pytest.mark.parametrize("role", ["owner", "authorized"])
def test_uninstall_trusts_owner_and_installer(browser: Browser, db: Session, role: str) -> None:
    browser.another("authorized").install()

    response = browser.another(role).uninstall()

    assert (response.status_code, response.data) == (204, b"")
    assert not is_installed(db)
    assert last_event(db) is Event.STORE_UNINSTALLED
    assert browser.world.calls_to("/v2/time") == []


def test_other_users_cannot_uninstall_while_the_token_is_valid(
    merchant: Browser, db: Session
) -> None:
    staff = merchant.another("staff")

    response = staff.uninstall()

    assert response.status_code == 204
    assert is_installed(db)
    assert last_event(db) is Event.STORE_UNINSTALL_IGNORED
    assert len(merchant.world.calls_to("/v2/time", "GET")) == 1


def test_other_users_can_uninstall_when_the_token_is_revoked(
    merchant: Browser, db: Session
) -> None:
    merchant.world.revoke_token("harbour1")

    response = merchant.another("staff").uninstall()

    assert response.status_code == 204
    assert not is_installed(db)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_proves_the_uninstall(merchant: Browser, db: Session, status: int) -> None:
    merchant.world.set_fault(Fault("time", status=status))

    merchant.another("staff").uninstall()

    assert not is_installed(db)


@pytest.mark.settings(BIGCOMMERCE_TIME_BUDGET="0.4")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault("time", status=500, times=None), id="500"),
        pytest.param(Fault("time", status=404, times=None), id="404"),
        pytest.param(Fault("time", status=429, times=None), id="429"),
        pytest.param(Fault("time", status=302, times=None), id="redirect"),
        pytest.param(Fault("time", status=401, body="<html>", times=None), id="401 of a page"),
        pytest.param(Fault("time", status=403, body="<html>", times=None), id="403 of a page"),
        pytest.param(Fault("time", kind="reset", times=None), id="reset"),
        pytest.param(Fault("time", kind="hang", seconds=20, times=None), id="no answer"),
    ],
)
def test_any_other_answer_proves_nothing(merchant: Browser, db: Session, fault: Fault) -> None:
    merchant.world.set_fault(fault)

    response = merchant.another("staff").uninstall()

    assert response.status_code == 204
    assert is_installed(db)
    assert last_event(db) is Event.STORE_UNINSTALL_IGNORED


def test_a_new_grant_during_the_check_is_not_uninstalled(merchant: Browser, db: Session) -> None:
    """A stranger's payload, and a new consent at the moment in which the old token gets a 401."""
    merchant.world.set_fault(Fault("time", "delay", seconds=0.6, execute_first=False))
    stranger = threading.Thread(target=merchant.another("staff").uninstall)
    stranger.start()
    while not merchant.world.calls_to("/v2/time"):
        threading.Event().wait(0.01)

    merchant.install()
    stranger.join()

    assert is_installed(db)
    assert merchant.get("/carriers").status_code == 200


def test_payloads_from_before_an_uninstall_stay_invalid(
    merchant: Browser,
) -> None:
    staff = merchant.another("staff")
    now = time.time()
    assert staff.open(now=now - 3600).status_code == 200
    merchant.uninstall()
    merchant.install()

    assert staff.open(now=now - 3600).status_code == 403
    assert staff.open().status_code == 200


def test_a_removal_older_than_the_restored_access_is_ignored(merchant: Browser) -> None:
    staff = merchant.another("staff")
    now = time.time()
    staff.open(now=now - 60)
    staff.remove(now=now - 40)
    staff.open(now=now - 20)

    staff.remove(now=now - 40)

    assert staff.get("/carriers").status_code == 200


def test_a_payload_from_before_the_current_install_changes_nothing(
    merchant: Browser, db: Session
) -> None:
    response = merchant.uninstall(now=time.time() - 60)

    assert response.status_code == 204
    assert is_installed(db)
    assert last_event(db) is Event.STORE_UNINSTALL_IGNORED


def test_a_payload_from_before_the_current_install_changes_nothing_even_with_a_revoked_token(
    merchant: Browser, db: Session
) -> None:
    merchant.world.revoke_token("harbour1")

    merchant.uninstall(now=time.time() - 60)

    assert is_installed(db)


def test_an_owners_payload_older_than_the_grant_is_checked(merchant: Browser, db: Session) -> None:
    """A late word of the install before, or of a clock that is behind ours: the token tells."""
    seconds_before = time.time() - 3

    merchant.uninstall(now=seconds_before)
    assert is_installed(db)

    merchant.world.revoke_token("harbour1")
    merchant.uninstall(now=seconds_before)
    assert not is_installed(db)


def test_uninstall_ends_the_sessions_of_that_store_only(merchant: Browser, db: Session) -> None:
    colleague = merchant.another("authorized")
    colleague.open()
    other_store = merchant.another("owner", "elmfield2")
    other_store.install()

    merchant.uninstall()

    assert merchant.get("/carriers").status_code == 403
    assert colleague.get("/carriers").status_code == 403
    assert other_store.get("/carriers").status_code == 200
    assert is_installed(db, "elmfield2")


def test_uninstalling_twice_or_where_nothing_is_installed_is_a_204(
    merchant: Browser, db: Session
) -> None:
    merchant.uninstall()
    entries = len(db.scalars(select(ActivityEntry)).all())

    again = merchant.uninstall()
    unknown = merchant.another("owner", "elmfield2").uninstall()

    assert (again.status_code, unknown.status_code) == (204, 204)
    db.expire_all()
    assert len(db.scalars(select(ActivityEntry)).all()) == entries


def test_the_sealed_token_is_gone_from_the_database_file(
    browser: Browser, db: Session, tmp_path: Path
) -> None:
    browser.install()
    sealed = db.scalars(select(Store.sealed_access_token)).one()
    db.commit()
    assert sealed is not None

    browser.uninstall()

    for file in tmp_path.iterdir():
        assert sealed.encode() not in file.read_bytes(), f"still in {file.name}"


def test_removing_a_user_ends_their_sessions_in_that_store_only(
    merchant: Browser, db: Session
) -> None:
    staff = merchant.another("staff")
    staff.open()

    response = staff.remove()

    assert (response.status_code, response.data) == (204, b"")
    assert staff.get("/carriers").status_code == 403
    assert merchant.get("/carriers").status_code == 200
    assert is_installed(db)
    assert last_event(db) is Event.USER_REMOVED


def test_removing_a_user_of_one_store_keeps_the_same_person_in_another(
    merchant: Browser, db: Session
) -> None:
    elsewhere = merchant.another("owner", "elmfield2")
    elsewhere.install()
    elsewhere.person = merchant.person
    elsewhere.open()

    merchant.remove()

    assert merchant.get("/carriers").status_code == 403
    assert elsewhere.get("/carriers").status_code == 200


def test_removing_twice_leaves_one_entry_and_an_unknown_store_none(
    merchant: Browser, db: Session
) -> None:
    staff = merchant.another("staff")
    staff.remove()
    entries = len(db.scalars(select(ActivityEntry)).all())

    again = staff.remove()
    unknown = merchant.another("staff", "elmfield2").remove()

    assert (again.status_code, unknown.status_code) == (204, 204)
    db.expire_all()
    assert len(db.scalars(select(ActivityEntry)).all()) == entries
    assert len(db.scalars(select(StoreUser)).all()) == 2


@pytest.mark.own_database
@pytest.mark.parametrize("path", ["/load", "/uninstall", "/remove_user"])
def test_an_unreachable_database_is_a_503(merchant: Browser, db: Session, path: str) -> None:
    payload = merchant.payload()
    db.execute(text("ALTER TABLE stores RENAME TO stores_elsewhere"))
    db.commit()

    response = merchant.client.get(path, query_string={"signed_payload_jwt": payload})

    assert response.status_code == 503


@pytest.mark.own_database
def test_a_refused_write_is_a_503_and_changes_nothing(merchant: Browser, db: Session) -> None:
    db.execute(text("CREATE UNIQUE INDEX no_more_entries ON activity_entries (store_id)"))
    db.commit()
    zone = {"enabled": "true", "name": "Royal Mail", "delivery_services": "StandardFirstClass"}

    sent = merchant.send("zoom2u")
    saved = merchant.post("/carriers/royalmail/zones/1", zone)

    for response in (sent, saved):
        assert response.status_code == 503
        assert "We can’t reach our records" in said(response)
        assert "X-Session-Token" in response.headers
    assert merchant.world.calls_to("/shipping") == []
    db.execute(text("DROP INDEX no_more_entries"))
    db.commit()
    assert merchant.post("/carriers/royalmail/zones/1", zone).status_code == 303
