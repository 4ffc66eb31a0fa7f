"""The database's manners: SQLite's pragmas, and transactions that wait instead of failing."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from bcapp import database


@pytest.fixture
def sqlite(tmp_path: Path, sqlite_template: Path) -> Engine:
    path = tmp_path / "copy.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    return database.open_engine(database.parse_url(f"sqlite:///{path}"))


def test_sqlite_is_opened_with_its_safety_on(sqlite: Engine) -> None:
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


def test_writers_that_read_first_wait_for_each_other(sqlite: Engine) -> None:
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


def test_errors_of_the_database_quote_no_values(sqlite: Engine) -> None:
    statement = text("INSERT INTO stores (store_hash) VALUES (:value)")

    with sqlite.connect() as connection, pytest.raises(IntegrityError) as caught:
        connection.execute(statement, {"value": "a-secret-value"})

    sqlite.dispose()
    assert "a-secret-value" not in str(caught.value)
