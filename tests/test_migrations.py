"""Migrations: what they build is what the models say; up, down, twice, and from two machines."""

import os
import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select

from bcapp import database
from bcapp.models import Base
from tests.merchant import Browser


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


def test_the_migrated_database_is_what_the_models_describe(database_url: str) -> None:
    engine = database.open_engine(database.parse_url(database_url))

    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    engine.dispose()
    assert differences == []


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    finish(alembic(database_url, "upgrade", "head"))


def test_going_down_leaves_nothing_and_up_again_everything(database_url: str) -> None:
    finish(alembic(database_url, "downgrade", "base"))
    engine = database.open_engine(database.parse_url(database_url))
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    engine.dispose()

    finish(alembic(database_url, "upgrade", "head"))

    engine = database.open_engine(database.parse_url(database_url))
    assert set(Base.metadata.tables) < set(inspect(engine).get_table_names())
    engine.dispose()


def test_going_down_and_up_again_keeps_what_stores_have(
    merchant: Browser, database_url: str
) -> None:
    merchant.send("fedex")
    merchant.post("/carriers/fedex/zones/1", {"name": "FedEx"})
    before = rows(database_url)

    finish(alembic(database_url, "downgrade", "0001"))
    finish(alembic(database_url, "upgrade", "head"))

    assert rows(database_url) == before
    assert merchant.get("/carriers/fedex").status_code == 200


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    """What every table holds, without the columns that came later."""
    later = {
        "zones_version",
        "name",
        "timezone",
        "country_code",
        "information_read_at",
        "zone_id",
        "zone_name",
        "locale",
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


def test_two_machines_may_upgrade_at_the_same_moment(database_url: str) -> None:
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
