"""How the app opens its database: address, engine, and SQLite's manners."""

from pathlib import Path
from sqlite3 import Connection as SQLiteConnection

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker

CHECKOUT = Path(__file__).resolve().parent.parent
MIGRATIONS = CHECKOUT / "migrations"
DEFAULT_URL = f"sqlite:///{CHECKOUT / 'instance' / 'bcapp.sqlite3'}"

# SQLAlchemy refuses "postgres://", which hosting providers still hand out, and "postgresql://"
# alone would not say which driver is meant.
_POSTGRES = {"postgres", "postgresql"}


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


def open_engine(url: URL, pool_size: int = 32) -> Engine:
    """An engine whose errors never quote parameters: they would carry e-mails and sealed tokens."""
    if url.get_backend_name() == "sqlite":
        if url.database and url.database != ":memory:":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=pool_size)


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


def forget_deleted(db: Session) -> None:
    """Make SQLite write over what was just deleted: it lingers in the write-ahead log."""
    engine = db.get_bind()
    if isinstance(engine, Engine) and engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()


def _prepare_sqlite(connection: SQLiteConnection, _record: object) -> None:
    # The driver of Python 3.11 commits behind our back around DDL and SAVEPOINT; with
    # isolation_level None it leaves transactions to the "begin" event below.
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    # Freed pages are overwritten: after an uninstall not even the sealed token is in the file.
    connection.execute("PRAGMA secure_delete = ON")


def _begin_sqlite(connection: Connection) -> None:
    kind = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {kind}")
