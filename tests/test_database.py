"""Database settings: SQLite pragmas, serialized writers, time limits."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError

from bcapp import database
from tests.conftest import copy_of_postgres, on_server


@pytest.fixture
def sqlite(tmp_path: Path, sqlite_template: Path) -> Engine:
    path = tmp_path / "copy.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    return database.open_engine(database.parse_url(f"sqlite:///{path}"))


def test_sqlite_is_opened_with_safe_settings(sqlite: Engine) -> None:
    with sqlite.connect() as connection:
        pragmas = {
            name: connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "secure_delete")
        }

    sqlite.dispose()
    assert pragmas == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "busy_timeout": 10000,
        "secure_delete": 1,
    }


def test_foreign_keys_are_enforced(sqlite: Engine) -> None:
    orphan = text(
        "INSERT INTO store_users (store_id, user_id, email, added_at) VALUES (99, 1, 'x', 'now')"
    )

    with sqlite.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(orphan)

    sqlite.dispose()


def test_transactions_that_read_then_write_are_serialized(sqlite: Engine) -> None:
    """Deferred, both would read, and the second to write would fail at once."""
    sessions = database.session_factory(sqlite)
    with sessions() as db:
        db.execute(text("CREATE TABLE counter (number INTEGER)"))
        db.execute(text("INSERT INTO counter VALUES (0)"))
        db.commit()
    barrier = threading.Barrier(4)

    def count() -> None:
        barrier.wait(timeout=10)
        for _ in range(10):
            with sessions() as db:
                database.begin_write(db)
                number = db.scalar(text("SELECT number FROM counter"))
                db.execute(text("UPDATE counter SET number = :n"), {"n": (number or 0) + 1})
                db.commit()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with sessions() as db:
        assert db.scalar(text("SELECT number FROM counter")) == 40
    sqlite.dispose()


@pytest.mark.both_databases("failures")
def test_errors_of_the_database_quote_no_parameters(database_url: str) -> None:
    engine = database.open_engine(database.parse_url(database_url))
    statement = text("INSERT INTO stores (store_hash) VALUES (:value)")

    with engine.connect() as connection, pytest.raises(IntegrityError) as caught:
        connection.execute(statement, {"value": "a-secret-value"})

    engine.dispose()
    ours = str(caught.value).replace(str(caught.value.orig), "")
    assert "a-secret-value" not in ours
    assert "hidden due to hide_parameters" in ours


@pytest.fixture
def postgres_in_time(
    postgres: str, postgres_template: Callable[[str], None]
) -> Iterator[tuple[Engine, Engine]]:
    """One engine with a statement limit of a second, and one without."""
    with copy_of_postgres(postgres_template) as name:
        url = database.parse_url(on_server(postgres, name))
        engines = database.open_engine(url, 1), database.open_engine(url)
        yield engines
        for engine in engines:
            engine.dispose()


@pytest.mark.parametrize("statement", ["SELECT pg_sleep(20)", "SELECT id FROM stores"])
def test_statements_and_locks_have_a_time_limit(
    postgres_in_time: tuple[Engine, Engine], statement: str
) -> None:
    hurried, patient = postgres_in_time

    with patient.connect() as holder, hurried.connect() as connection:
        holder.execute(text("LOCK TABLE stores"))
        with pytest.raises(OperationalError, match="timeout"):
            connection.execute(text(statement))

        connection.rollback()
        assert connection.scalar(text("SELECT 1")) == 1


@pytest.mark.skipif(
    "TEST_DATABASE_URL" in os.environ,
    reason="freezes a process of the server, so it has to run here",
)
def test_a_silent_server_times_out(
    postgres_in_time: tuple[Engine, Engine],
) -> None:
    """Frozen, it cannot keep its own limit, while the machine that it is on acknowledges bytes."""
    hurried, _ = postgres_in_time
    with hurried.connect() as connection:
        backend = connection.scalar(text("SELECT pg_backend_pid()"))
        os.kill(backend, signal.SIGSTOP)
        try:
            with pytest.raises(OperationalError):
                connection.execute(text("SELECT 1"))
        finally:
            os.kill(backend, signal.SIGCONT)

    with hurried.connect() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) != backend


def test_a_closed_pooled_connection_is_replaced(
    postgres_in_time: tuple[Engine, Engine],
) -> None:
    hurried, patient = postgres_in_time
    with hurried.connect() as connection:
        backend = connection.scalar(text("SELECT pg_backend_pid()"))
    with patient.connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})

    with hurried.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
