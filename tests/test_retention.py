"""`flask ops prune`, `export` and `erase`."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from bcapp.maintenance.retention import prune_activity
from bcapp.models import ActivityEntry, Base, Store
from bcapp.runtime import db as request_db
from sandbox.faults import Fault
from tests.crash.worker import until
from tests.merchant import Browser, said
from tests.ops import Operator

pytestmark = pytest.mark.both_databases("queries")

ZONE_FORM = {"enabled": "1", "name": "FedEx", "delivery_services": "FEDEX_GROUND"}


@pytest.fixture
def operator(app: Flask) -> Operator:
    return Operator(app)


@pytest.fixture
def other(merchant: Browser) -> Browser:
    """The owner of a second installed store."""
    other = merchant.another("owner", "elmfield2")
    other.install()
    return other


def age(db: Session, days: int) -> None:
    """Make everything so far that many days older."""
    past = timedelta(days=days)
    for entry in db.scalars(select(ActivityEntry)):
        entry.at -= past
    for store in db.scalars(select(Store)):
        store.uninstalled_at = store.uninstalled_at and store.uninstalled_at - past
    db.commit()


def rows_in(db: Session) -> dict[str, int]:
    counted = {
        name: db.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()  # noqa: S608 - ours
        for name in Base.metadata.tables
    }
    db.commit()
    return {name: number for name, number in counted.items() if number}


def events(db: Session) -> list[str]:
    found = list(db.scalars(select(ActivityEntry.event).order_by(ActivityEntry.id)))
    db.commit()
    return found


def turn_on(merchant: Browser, carrier_id: str = "fedex") -> int:
    zone: int = merchant.world.store(merchant.store_hash).zones[0]["id"]
    response = merchant.post(f"/carriers/{carrier_id}/zones/{zone}", ZONE_FORM)
    assert response.status_code == 303, said(response)
    return zone


def test_old_activity_is_pruned(operator: Operator, merchant: Browser, db: Session) -> None:
    merchant.another("staff").remove()
    age(db, 300)
    merchant.another("authorized").remove()
    age(db, 100)

    would = operator.read("prune", "--dry-run")
    before = events(db)
    did = operator.read("prune", "--yes")

    assert would == {"activity": 2, "stores": 0, "deleted": False}
    assert before == ["store:installed", "user:removed", "user:removed"]
    assert did == {"activity": 2, "stores": 0, "deleted": True}
    assert events(db) == ["user:removed"]


def test_current_state_is_never_pruned(operator: Operator, merchant: Browser, db: Session) -> None:
    merchant.send("fedex")
    merchant.send("fedex")
    merchant.send("zoom2u")
    zone = turn_on(merchant)
    turn_on(merchant)
    age(db, 4000)
    paths = ("/carriers", f"/carriers/fedex?zone={zone}")
    before = [said(merchant.get(path)) for path in paths]

    did = operator.read("prune", "--yes")

    assert did["activity"] == 3  # the install, the first send, the first time it was turned on
    assert len(events(db)) == 3
    assert [said(merchant.get(path)) for path in paths] == before


def test_an_expired_store_is_deleted_with_its_rows(
    operator: Operator, merchant: Browser, other: Browser, db: Session
) -> None:
    merchant.send("fedex")
    turn_on(merchant)
    merchant.uninstall()
    age(db, 91)
    other.send("fedex")

    told = operator.run("prune", answer="y\n")

    assert told.exit_code == 0
    assert "Delete 1 uninstalled stores and 0 activity entries?" in told.stderr
    assert "Deleted: 1 uninstalled stores, 0 activity entries." in told.stdout
    assert db.scalars(select(Store.store_hash)).all() == ["elmfield2"]
    assert rows_in(db) == {
        "stores": 1,
        "store_users": 1,
        "activity_entries": 2,
        "carrier_connections": 1,
    }
    assert merchant.install().status_code == 200


@pytest.mark.parametrize("days", [89, 0])
def test_a_recently_uninstalled_store_is_kept(
    operator: Operator, merchant: Browser, db: Session, days: int
) -> None:
    merchant.uninstall()
    age(db, days)

    assert operator.read("prune", "--yes")["stores"] == 0
    assert operator.read("prune", "--dry-run", "--uninstalled-days", "2")["stores"] == (days > 0)


def test_a_reinstalled_store_is_kept(operator: Operator, merchant: Browser, db: Session) -> None:
    merchant.uninstall()
    age(db, 1000)
    merchant.install()

    assert operator.read("prune", "--yes")["stores"] == 0
    assert merchant.get("/carriers").status_code == 200


def test_pruning_asks_first(operator: Operator, merchant: Browser, db: Session) -> None:
    merchant.uninstall()
    age(db, 1000)

    result = operator.run("prune", answer="n\n")

    assert result.exit_code == 1
    assert rows_in(db)["stores"] == 1


@pytest.mark.parametrize("option", ["--activity-days", "--uninstalled-days"])
def test_retention_cannot_be_shorter_than_two_days(operator: Operator, option: str) -> None:
    assert operator.run("prune", option, "1").exit_code == 2


def test_pruning_in_batches_leaves_nothing_behind(
    app: Flask, merchant: Browser, db: Session
) -> None:
    for role in ("staff", "authorized"):
        merchant.another(role).remove()
    for _ in range(3):
        merchant.send("fedex")
    age(db, 10)

    numbers = []
    last_id = 0
    with app.app_context():
        while batch := prune_activity(request_db(), datetime.now(UTC), last_id, at_most=2):
            last_id = batch.last_id
            numbers.append(batch.number)

    assert numbers == [2, 2, 1]
    assert events(db) == ["connection:updated"]


def test_entries_pruned_during_a_send_are_not_restored(merchant: Browser, db: Session) -> None:
    merchant.world.set_fault(Fault("connection", status=400))
    merchant.send("fedex")
    age(db, 4000)
    merchant.world.set_fault(Fault("connection", "drip", status=429, body=" " * 20, seconds=1))
    answers: list[TestResponse] = []
    sending = threading.Thread(target=lambda: answers.append(merchant.send("fedex")))
    sending.start()
    until(lambda: len(merchant.world.calls_to("/connection")) == 2, "nothing was sent")

    pruned = prune_activity(db, datetime.now(UTC) - timedelta(days=1), 0, 100)
    sending.join()

    assert pruned is not None
    assert [answer.status_code for answer in answers] == [503]
    assert "asked us to wait" in said(answers[0])
    assert merchant.send("fedex").status_code == 303


# PostgreSQL plans otherwise for few rows than for many.
@pytest.mark.own_database
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pruning_uses_an_index(operator: Operator, merchant: Browser, db: Session) -> None:
    asked: list[str] = []
    event.listen(db.get_bind(), "before_cursor_execute", lambda *given: asked.append(given[2]))

    operator.run("prune", "--yes")

    plans = [
        str(row)
        for statement in asked
        if statement.startswith(("SELECT", "DELETE"))
        for row in db.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {statement}", (0,) * statement.count("?")
        )
    ]
    assert any("carrier_connections" in plan for plan in plans)
    assert not any("SCAN carrier_connections" in plan for plan in plans)


def test_export_contains_every_row_and_no_token(
    operator: Operator, merchant: Browser, other: Browser, db: Session
) -> None:
    merchant.another("staff").open()
    merchant.send("fedex")
    turn_on(merchant)

    result = operator.run("export", "harbour1")

    exported = json.loads(result.stdout)
    held = {name: len(rows) for name, rows in exported.items() if rows}
    assert set(exported) == set(Base.metadata.tables)
    assert held == {
        "stores": 1,
        "store_users": 2,
        "activity_entries": 3,
        "carrier_connections": 1,
    }
    assert [user["email"] for user in exported["store_users"]] == [
        "owner@harbourpine.example",
        "sam@harbourpine.example",
    ]
    columns = {column.name for column in Base.metadata.tables["stores"].columns}
    assert set(exported["stores"][0]) == columns - {"sealed_access_token"}
    token = merchant.world.store("harbour1").access_token
    assert token is not None
    assert token not in result.stdout
    assert "gAAAA" not in result.stdout
    assert "elmfield" not in result.stdout


def test_erase_leaves_no_trace_of_the_store(
    operator: Operator, merchant: Browser, other: Browser, db: Session, tmp_path: Path
) -> None:
    merchant.another("staff").open()
    merchant.send("fedex")
    turn_on(merchant)
    merchant.uninstall()

    result = operator.run("erase", "harbour1", answer="y\n")

    assert result.exit_code == 0
    assert "Delete harbour1 (1 stores, 4 activity_entries, " in result.stderr
    left = [
        str(tuple(row))
        for table in Base.metadata.tables.values()
        for row in db.execute(select(table))
    ]
    db.commit()
    assert [row for row in left if "harbour" in row] == []
    assert len([row for row in left if "elmfield" in row]) == 3
    for file in tmp_path.iterdir():
        assert b"harbourpine" not in file.read_bytes(), f"still in {file.name}"
    assert operator.run("stores", "show", "harbour1").exit_code == 1


def test_an_installed_store_is_not_erased(
    operator: Operator, merchant: Browser, db: Session
) -> None:
    refused = operator.run("erase", "harbour1", "--yes")
    declined = operator.run("erase", "harbour1", "--even-installed", answer="n\n")
    kept = rows_in(db)["stores"]
    erased = operator.run("erase", "harbour1", "--even-installed", "--yes")

    assert (refused.exit_code, declined.exit_code, erased.exit_code) == (1, 1, 0)
    assert "has the app. Its owner uninstalls it first" in refused.stderr
    assert kept == 1
    assert rows_in(db) == {}
    assert merchant.get("/carriers").status_code == 403


def test_an_erased_store_can_install_again(operator: Operator, merchant: Browser) -> None:
    merchant.uninstall()
    operator.run("erase", "harbour1", "--yes")

    assert merchant.install().status_code == 200
    assert "Installed the app" in said(merchant.get("/activity"))


@pytest.mark.parametrize("words", [("export", "nosuch"), ("erase", "nosuch", "--yes")])
def test_an_unknown_store_is_reported(operator: Operator, words: tuple[str, ...]) -> None:
    result = operator.run(*words)

    assert result.exit_code == 1
    assert "no store nosuch" in result.stderr
