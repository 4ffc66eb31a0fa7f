"""How the app opens its database: address, engine, and SQLite's manners."""

from pathlib import Path
from sqlite3 import Connection as SQLiteConnection

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker

CHECKOUT = Path(__file__).resolve().parent.parent
MIGRATIONS = CHECKOUT / "migrations"
DEFAULT_URL = f"sqlite:///{CHECKOUT / 'instance' / 'bcapp.sqlite3'}"

POOL_SIZE = 32

# SQLAlchemy refuses "postgres://", which hosting providers still hand out, and "postgresql://"
# alone would not say which driver is meant.
_POSTGRES = {"postgres", "postgresql"}

_BUSY_TIMEOUT = "PRAGMA busy_timeout = 10000"

# A database that does not answer has to become an answer of ours, not a hanging request.
_POSTGRES_LIMITS = {
    "connect_timeout": 5,
    "options": "-c statement_timeout=15000 -c lock_timeout=10000",
}


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


def open_engine(url: URL, *, is_patient: bool = False) -> Engine:
    """An engine whose errors never quote parameters: they would carry e-mails and sealed tokens.

    A patient one waits for as long as a statement takes: migrations do.
    """
    if url.get_backend_name() == "sqlite":
        if url.database and url.database != ":memory:":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    limits = _POSTGRES_LIMITS if url.get_driver_name() == "psycopg" and not is_patient else {}
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=POOL_SIZE,
        pool_timeout=10,
        connect_args=limits,
    )


def session_factory(engine: Engine) -> sessionmaker[Session]:
    # Rows stay readable after a commit: a request commits before it waits for BigCommerce.
    return sessionmaker(engine, expire_on_commit=False)


def begin_write(db: Session) -> None:
    """Start a transaction that reads before it writes.

    SQLite would otherwise take the write lock only at the first write, and fail at once (not wait)
    when somebody else wrote in between. PostgreSQL needs no notice; there rows are locked by name.
    """
    db.commit()
    db.connection(execution_options={"begin": "IMMEDIATE"})


def forget_deleted(db: Session) -> bool:
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
