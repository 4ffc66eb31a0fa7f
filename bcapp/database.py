"""Open the database: URL, engine, transactions, and SQLite settings."""

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

CHECKOUT = Path(__file__).resolve().parent.parent
MIGRATIONS = CHECKOUT / "migrations"
DEFAULT_URL = f"sqlite:///{CHECKOUT / 'instance' / 'bcapp.sqlite3'}"

_HEAD = max(file.name[:4] for file in MIGRATIONS.glob("versions/[0-9]*.py"))

# Queue in the pool: waiting threads would otherwise poll SQLite's lock. No thread keeps its
# connection while it waits for BigCommerce.
POOL_SIZE = 16
_POOL: dict[str, Any] = {"pool_size": POOL_SIZE, "max_overflow": 0, "pool_timeout": 10}
CONNECT_LIMIT = 5  # seconds

# SQLAlchemy refuses "postgres://", which hosting providers still use; "postgresql://" names no
# driver.
_POSTGRES = {"postgres", "postgresql"}


class SchemaStatus(enum.Enum):
    READY = enum.auto()
    UNREACHABLE = enum.auto()
    BEHIND = enum.auto()  # not migrated far enough for this code


_BUSY_TIMEOUT = "PRAGMA busy_timeout = 10000"


def parse_url(text: str) -> URL:
    """Parse DATABASE_URL; raises ValueError without repeating it."""
    try:
        url = make_url(text)
        if url.drivername in _POSTGRES:
            url = url.set(drivername="postgresql+psycopg")
        url.get_dialect().import_dbapi()
    except (ArgumentError, ImportError, ValueError):
        raise ValueError("is not a database address that can be opened here") from None
    if "password" in url.query:
        raise ValueError("must have its password before the @, where it is never printed")
    return url


def open_engine(url: URL, time_limit: float | None = None) -> Engine:
    """Create an engine whose errors hide parameters, which include e-mails and sealed tokens.

    PostgreSQL itself quotes rows in the DETAIL of constraint errors, so only the class of such an
    error may be logged. `time_limit` is the statement timeout in seconds; migrations run without
    one.
    """
    if url.get_backend_name() == "sqlite":
        if url.database and url.database != ":memory:":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, hide_parameters=True, **_POOL)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, **_POOL)
    if url.get_driver_name() == "psycopg" and time_limit is not None:
        event.listen(engine, "do_connect", _connect_with_limits(time_limit))
    return engine


def schema_status(engine: Engine) -> SchemaStatus:
    """Tell whether this code can work with the database's schema.

    A newer schema is fine: migrations add what the next version needs, and drop a column only when
    no running version uses it. Revisions are four-digit numbers.
    """
    try:
        current = _revision(engine)
    except SQLAlchemyError:
        return SchemaStatus.UNREACHABLE
    is_ours = re.fullmatch(r"[0-9]{4}", current)
    return SchemaStatus.READY if is_ours and is_ours[0] >= _HEAD else SchemaStatus.BEHIND


def is_at_head(engine: Engine) -> bool:
    """Tell whether the schema is exactly this version's."""
    return _revision(engine) == _HEAD


def _revision(engine: Engine) -> str:
    # Not through Alembic, which takes 0.1 s to import and 10 MiB of memory.
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return connection.scalar(text("SELECT version_num FROM alembic_version")) or ""


def session_factory(engine: Engine) -> sessionmaker[Session]:
    # Rows stay readable after a commit: requests commit before they wait for BigCommerce.
    return sessionmaker(engine, expire_on_commit=False)


def begin_read(db: Session) -> None:
    """Read without a transaction, until the next commit or `begin_write`.

    On PostgreSQL this saves the round trips of BEGIN and ROLLBACK.
    """
    _finish_transaction(db)
    if db.get_bind().dialect.name != "sqlite":
        db.connection(execution_options={"isolation_level": "AUTOCOMMIT"})


def begin_write(db: Session) -> None:
    """Start a transaction that reads before it writes.

    SQLite would otherwise take its write lock at the first write, and fail at once if another
    transaction wrote in between. On PostgreSQL, rows are locked with SELECT … FOR UPDATE.
    """
    _finish_transaction(db)
    db.connection(execution_options={"begin": "IMMEDIATE"})


def _finish_transaction(db: Session) -> None:
    if db.in_transaction():  # otherwise commit would begin one
        db.commit()


def purge_deleted_pages(db: Session) -> bool:
    """Overwrite deleted rows that remain in SQLite's write-ahead log.

    Returns False if a reader blocked it for 0.25 s; the next call then does it.
    """
    engine = db.get_bind()
    if not isinstance(engine, Engine) or engine.dialect.name != "sqlite":
        return True
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout = 250")
        was_busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        cursor.execute(_BUSY_TIMEOUT)
    finally:
        connection.close()
    return not was_busy


def _connect_with_limits(limit: float) -> Callable[..., psycopg.Connection]:
    """Build a connect hook that limits how long a statement may take.

    The server enforces the limit; one second later the client gives up on a server that is silent.
    """
    milliseconds = int(limit * 1000)
    options = f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"

    class Connection(psycopg.Connection):
        def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
            try:
                return super().wait(gen, interval, limit + 1 if timeout is None else timeout)
            except psycopg.OperationalError:
                if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                    self.close()  # a late result must not be taken for the next query's
                raise

    def connect(
        _dialect: object, _record: object, arguments: Sequence[Any], named: Mapping[str, Any]
    ) -> psycopg.Connection:
        return Connection.connect(
            *arguments, connect_timeout=CONNECT_LIMIT, options=options, **named
        )

    return connect


def _prepare_sqlite(connection: SQLiteConnection, _record: object) -> None:
    # sqlite3 in Python 3.11 commits implicitly around DDL and SAVEPOINT; with isolation_level None
    # the "begin" event below controls transactions.
    connection.isolation_level = None
    connection.execute(_BUSY_TIMEOUT)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    # Freed pages are overwritten, so that no sealed token stays in the file after an uninstall.
    connection.execute("PRAGMA secure_delete = ON")


def _begin_sqlite(connection: Connection) -> None:
    kind = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {kind}")
