"""Migrations: what they build is what the models say; up, down, twice, and from two machines."""

import os
import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from bcapp import database
from bcapp.models import Base


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
