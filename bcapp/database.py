"""How the app opens its database: address, engine, and SQLite's manners."""

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

# Connections of a process. Threads wait for each other here, in turn: of SQLite's lock each would
# ask again and again. No thread keeps its connection while it waits for BigCommerce.
POOL_SIZE = 16
_POOL: dict[str, Any] = {"pool_size": POOL_SIZE, "max_overflow": 0, "pool_timeout": 10}
CONNECT_LIMIT = 5  # seconds

# SQLAlchemy refuses "postgres://", which hosting providers still hand out, and "postgresql://"
# alone would not say which driver is meant.
_POSTGRES = {"postgres", "postgresql"}


class SchemaStatus(enum.Enum):
    READY = enum.auto()
    SILENT = enum.auto()  # does not answer
    BEHIND = enum.auto()  # is not migrated as far as this code needs


_BUSY_TIMEOUT = "PRAGMA busy_timeout = 10000"


def parse_url(text: str) -> URL:
    """The address as SQLAlchemy understands it; raises ValueError without repeating it."""
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
    """An engine whose errors quote no parameters: they would carry e-mails and sealed tokens.

    PostgreSQL itself quotes a row in the DETAIL of a constraint's error, so only the kind of such
    an error may be logged.

    `time_limit` is how many seconds PostgreSQL may take for a statement; without one it may take
    as long as it likes, which migrations need.
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
    """Whether this code can work with the database as it is now.

    A newer one will do: a migration first adds what the next code needs, and takes away what the
    last one used only when that is gone. Our revisions are numbers of four digits.
    """
    try:
        current = _revision(engine)
    except SQLAlchemyError:
        return SchemaStatus.SILENT
    is_ours = re.fullmatch(r"[0-9]{4}", current)
    return SchemaStatus.READY if is_ours and is_ours[0] >= _HEAD else SchemaStatus.BEHIND


def is_at_head(engine: Engine) -> bool:
    """Whether it has exactly the schema of this code."""
    return _revision(engine) == _HEAD


def _revision(engine: Engine) -> str:
    # Alembic could tell, but takes a tenth of a second to load, and 10 MiB for good.
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return connection.scalar(text("SELECT version_num FROM alembic_version")) or ""


def session_factory(engine: Engine) -> sessionmaker[Session]:
    # Rows stay readable after a commit: a request commits before it waits for BigCommerce.
    return sessionmaker(engine, expire_on_commit=False)


def begin_read(db: Session) -> None:
    """Read without a transaction, until the next commit or `begin_write`.

    To PostgreSQL a BEGIN and a ROLLBACK are questions of their own. SQLite's go nowhere.
    """
    _finish_transaction(db)
    if db.get_bind().dialect.name != "sqlite":
        db.connection(execution_options={"isolation_level": "AUTOCOMMIT"})


def begin_write(db: Session) -> None:
    """Start a transaction that reads before it writes.

    SQLite would otherwise take the write lock only at the first write, and fail at once (not wait)
    when somebody else wrote in between. PostgreSQL needs no notice; there rows are locked by name.
    """
    _finish_transaction(db)
    db.connection(execution_options={"begin": "IMMEDIATE"})


def _finish_transaction(db: Session) -> None:
    if db.in_transaction():  # a commit would begin one first
        db.commit()


def purge_deleted_pages(db: Session) -> bool:
    """Make SQLite write over what was just deleted: it lingers in the write-ahead log.

    False when a reader was in the way for a quarter of a second; the next call does it then.
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
    """A database that does not answer becomes an answer of ours, not a request that hangs.

    The server keeps the limit by itself; a second later we stop waiting for one that fell silent.
    """
    milliseconds = int(limit * 1000)
    options = f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"

    class Connection(psycopg.Connection):
        def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
            try:
                return super().wait(gen, interval, limit + 1 if timeout is None else timeout)
            except psycopg.OperationalError:
                if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                    self.close()  # a late answer would be taken for that of another question
                raise

    def connect(
        _dialect: object, _record: object, arguments: Sequence[Any], named: Mapping[str, Any]
    ) -> psycopg.Connection:
        return Connection.connect(
            *arguments, connect_timeout=CONNECT_LIMIT, options=options, **named
        )

    return connect


def _prepare_sqlite(connection: SQLiteConnection, _record: object) -> None:
    # The driver of Python 3.11 commits behind our back around DDL and SAVEPOINT; with
    # isolation_level None it leaves transactions to the "begin" event below.
    connection.isolation_level = None
    connection.execute(_BUSY_TIMEOUT)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    # Freed pages are overwritten: after an uninstall not even the sealed token is in the file.
    connection.execute("PRAGMA secure_delete = ON")


def _begin_sqlite(connection: Connection) -> None:
    kind = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {kind}")
