"""Copy all rows into an empty database of either kind."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, select
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from bcapp import database
from bcapp.models import Base

BATCH = 500
TABLES = Base.metadata.sorted_tables  # referenced tables first


class CopyRefused(Exception):
    """Why nothing was copied."""


def check(source: Engine, target: Engine) -> None:
    """Raise CopyRefused unless both databases have this version's schema."""
    for name, engine in (("old", source), ("new", target)):
        try:
            is_at_head = database.is_at_head(engine)
        except SQLAlchemyError:
            raise CopyRefused(f"the {name} database does not answer") from None
        if not is_at_head:
            raise CopyRefused(f"the {name} database has not the schema of this version: migrate it")


def copy_rows(source: Engine, target: Engine, step: Callable[[int], None]) -> dict[str, int]:
    """Copy every row unchanged and return the number of rows by table; raises CopyRefused.

    Reads a consistent snapshot and writes one transaction: after any failure the target is still
    empty. Tokens stay encrypted, so the keys must not change. `step` is called with the number of
    rows written.
    """
    check(source, target)
    with _read_snapshot(source) as old, _write_transaction(target) as new:
        if any(_count(new, table) for table in TABLES):
            raise CopyRefused("the new database holds rows already; nothing is ever written over")
        for table in TABLES:
            ordered = select(table).order_by(*table.primary_key)
            with old.execute(ordered, execution_options={"yield_per": BATCH}) as found:
                for batch in found.mappings().partitions():
                    _insert(new, table, [dict(row) for row in batch])
                    step(len(batch))
            _advance_sequence(new, table)
        counts = {table.name: _count(old, table) for table in TABLES}
        if counts != {table.name: _count(new, table) for table in TABLES}:
            raise CopyRefused(
                "the new database has other rows than were copied: is an app using it?"
            )
        if count(source) != sum(counts.values()):
            raise CopyRefused("the old database has changed meanwhile: stop the app first")
    return counts


def count(source: Engine) -> int:
    with source.connect() as connection:
        return sum(_count(connection, table) for table in TABLES)


@contextmanager
def _read_snapshot(engine: Engine) -> Iterator[Connection]:
    # An SQLite transaction is a consistent snapshot anyway.
    is_sqlite = engine.dialect.name == "sqlite"
    options = {} if is_sqlite else {"isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(**options) as connection:
        yield connection


@contextmanager
def _write_transaction(engine: Engine) -> Iterator[Connection]:
    connecting = engine.connect().execution_options(begin="IMMEDIATE")
    with connecting as connection, connection.begin():
        yield connection


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _insert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    try:
        connection.execute(table.insert(), rows)
    except (DataError, IntegrityError):
        # SQLite accepts texts that are too long for their column, and NUL characters.
        first, last = (tuple(row[c.name] for c in table.primary_key) for row in (rows[0], rows[-1]))
        message = f"the new database does not take a row of {table.name} between {first} and {last}"
        raise CopyRefused(message) from None


def _advance_sequence(connection: Connection, table: Table) -> None:
    """Make PostgreSQL number new rows after the copied ones."""
    number = table.autoincrement_column
    if connection.dialect.name != "postgresql" or number is None:
        return
    newest = connection.scalar(select(func.max(number)))
    if newest is not None:
        sequence = func.pg_get_serial_sequence(table.name, number.name)
        connection.execute(select(func.setval(sequence, newest)))
