"""Migrations match the models, in both directions, twice and concurrently."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text
from sqlalchemy.orm import Session

from bcapp import database
from bcapp.models import ActivityEntry, Base
from tests.merchant import Browser

pytestmark = [pytest.mark.own_database, pytest.mark.both_databases("types")]


def alembic(url: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=database.CHECKOUT,
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said.decode()


def test_the_migrated_schema_matches_the_models(database_url: str) -> None:
    engine = database.open_engine(database.parse_url(database_url))

    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    engine.dispose()
    assert differences == []


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    finish(alembic(database_url, "upgrade", "head"))


def test_downgrade_and_upgrade_restore_the_schema(database_url: str) -> None:
    finish(alembic(database_url, "downgrade", "base"))
    engine = database.open_engine(database.parse_url(database_url))
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    engine.dispose()

    finish(alembic(database_url, "upgrade", "head"))

    engine = database.open_engine(database.parse_url(database_url))
    assert set(Base.metadata.tables) < set(inspect(engine).get_table_names())
    engine.dispose()


def test_downgrade_and_upgrade_keep_the_data(merchant: Browser, database_url: str) -> None:
    merchant.send("fedex")
    merchant.post("/carriers/fedex/zones/1", {"name": "FedEx"})
    before = rows(database_url)

    finish(alembic(database_url, "downgrade", "0001"))
    finish(alembic(database_url, "upgrade", "head"))

    assert rows(database_url) == before
    assert merchant.get("/carriers/fedex").status_code == 200


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows, without columns that were added later."""
    later = {
        "zones_version",
        "name",
        "timezone",
        "country_code",
        "information_read_at",
        "zone_id",
        "zone_name",
        "locale",
        "settled_at",
    }
    engine = database.open_engine(database.parse_url(url))
    held = {}
    with engine.connect() as connection:
        for table in ("stores", "store_users", "activity_entries", "carrier_connections"):
            columns = [c for c in Base.metadata.tables[table].columns if c.name not in later]
            ordered = select(*columns).order_by(columns[0])
            held[table] = [tuple(row) for row in connection.execute(ordered)]
    engine.dispose()
    return held


OLD_ENTRIES = [
    # outcome, status, detail → reason, waited_seconds, is_settled, detail
    (("done", None, ""), (None, None, True, "")),
    (("sent", 204, ""), (None, None, True, "")),
    (("confirmed", 200, ""), (None, None, True, "")),
    (("no_answer", None, ""), (None, None, False, "")),
    (("no_answer", None, "Nothing came back"), ("unreachable", None, True, "")),
    (("no_answer", None, "Timed out after 1 second"), ("timed_out", 1, True, "")),
    (("no_answer", None, "Timed out after 25 seconds"), ("timed_out", 25, True, "")),
    (("no_answer", 500, ""), ("server_error", None, True, "")),
    (("no_answer", 200, ""), ("unreadable", None, True, "")),
    (("not_sent", 429, ""), ("rate_limited", None, True, "")),
    (("not_sent", None, "Timed out after 9 seconds"), ("timed_out", 9, True, "")),
    (("not_sent", None, "Nothing came back"), ("unreachable", None, True, "")),
    (("not_sent", 503, ""), ("server_error", None, True, "")),
    (("not_sent", None, "Waiting for an earlier request"), ("creation_pending", None, True, "")),
    (("rejected", 400, "Timed out after lunch"), ("refused", None, True, "Timed out after lunch")),
    (("rejected", 404, ""), ("not_found", None, True, "")),
    (("rejected", 409, "Nothing came back"), ("conflict", None, True, "Nothing came back")),
    (("access_revoked", 401, ""), ("access_revoked", None, True, "")),
]


def test_outcomes_stored_as_sentences_become_columns_and_back(
    merchant: Browser, database_url: str, db: Session
) -> None:
    finish(alembic(database_url, "downgrade", "0004"))
    db.execute(text("DELETE FROM activity_entries"))
    insert = text(
        "INSERT INTO activity_entries (id, store_id, at, who, event, outcome, status, detail) "
        "VALUES (:id, 1, '2026-11-01 10:00:00', 'o@x.example', 'zone:changed', :o, :s, :d)"
    )
    for number, ((outcome, status, detail), _) in enumerate(OLD_ENTRIES, start=1):
        db.execute(insert, {"id": number, "o": outcome, "s": status, "d": detail})
    db.commit()

    finish(alembic(database_url, "upgrade", "head"))

    entries = db.scalars(select(ActivityEntry).order_by(ActivityEntry.id)).all()
    assert [(e.reason, e.waited_seconds, e.settled_at is not None, e.detail) for e in entries] == [
        after for _, after in OLD_ENTRIES
    ]
    assert {e.settled_at for e in entries} <= {None, *(e.at for e in entries)}
    db.commit()

    finish(alembic(database_url, "downgrade", "0004"))

    again = db.execute(text("SELECT outcome, status, detail FROM activity_entries ORDER BY id"))
    assert [tuple(row) for row in again] == [before for before, _ in OLD_ENTRIES]


def test_concurrent_upgrades_are_safe(database_url: str) -> None:
    finish(alembic(database_url, "downgrade", "base"))

    upgrades = [alembic(database_url, "upgrade", "head") for _ in range(3)]

    for upgrade in upgrades:
        finish(upgrade)


def test_migrations_are_numbered_without_gaps() -> None:
    script = ScriptDirectory(str(database.MIGRATIONS))

    numbers = sorted(revision.revision for revision in script.walk_revisions())

    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    for revision in script.walk_revisions():
        assert Path(revision.path).name.startswith(revision.revision)
