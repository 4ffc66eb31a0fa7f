"""Copy all rows into a database of the other kind and continue there."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, insert, make_url, select, text, update
from sqlalchemy.orm import Session

from bcapp import database
from bcapp.config import Config
from bcapp.factory import create_app
from bcapp.maintenance import copy_database
from bcapp.models import ActivityEntry, Base, CarrierConnection, Event, Store, ZoneWrite
from bcapp.outcomes import Outcome
from tests.conftest import close, copy_of_postgres, copy_of_sqlite, on_server
from tests.merchant import Browser
from tests.ops import Operator

pytestmark = [pytest.mark.both_databases("types"), pytest.mark.own_database]

IN_ZONE = {"enabled": "on", "name": "FedEx", "delivery_services": "FEDEX_GROUND"}


@pytest.fixture
def new_url(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of the other kind."""
    if not database_url.startswith("sqlite"):
        (tmp_path / "new").mkdir()
        yield copy_of_sqlite(request.getfixturevalue("sqlite_template"), tmp_path / "new")
        return
    with copy_of_postgres(request.getfixturevalue("postgres_template")) as name:
        yield on_server(request.getfixturevalue("postgres"), name)


@pytest.fixture
def new_app(config: Config, new_url: str) -> Iterator[Flask]:
    app = create_app(config.model_copy(update={"database_url": database.parse_url(new_url)}))
    yield app
    close(app)


@pytest.fixture
def operator(new_app: Flask) -> Operator:
    return Operator(new_app)


@pytest.fixture
def engines(database_url: str, new_url: str) -> Iterator[tuple[Engine, Engine]]:
    opened = tuple(database.open_engine(database.parse_url(url)) for url in (database_url, new_url))
    yield opened[0], opened[1]
    for engine in opened:
        engine.dispose()


@pytest.fixture
def address(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    url = make_url(database_url)
    if url.password:
        monkeypatch.setenv("PGPASSWORD", str(url.password))
    return url._replace(password=None).render_as_string()


Rows = dict[str, list[tuple[Any, ...]]]


def rows(engine: Engine) -> Rows:
    with engine.connect() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in Base.metadata.sorted_tables
        }


def is_empty(engine: Engine) -> bool:
    return not any(rows(engine).values())


@pytest.fixture
def used(merchant: Browser, db: Session) -> Browser:
    """Two stores with users, connections, entries, zones and a write in progress."""
    staff = merchant.another("staff")
    staff.open()
    staff.remove()
    merchant.send("fedex")
    merchant.send("zoom2u")
    merchant.disconnect("zoom2u")
    merchant.get("/carriers")
    merchant.post("/carriers/fedex/zones/1", IN_ZONE)
    gone = merchant.another("owner", "elmfield2")
    gone.install()
    gone.uninstall()
    store = db.scalars(select(Store).order_by(Store.id)).first()
    assert store is not None
    db.add(
        ZoneWrite(
            store_id=store.id, carrier_id="fedex", zone_id=2, holder="x", until=store.installed_at
        )
    )
    entry = {
        "store_id": store.id,
        "at": store.installed_at,
        "actor_email": "Ünsal",
        "detail": "a\nb",
    }
    entry |= {"event": Event.STORE_GRANTED, "outcome": Outcome.DONE}
    db.execute(insert(ActivityEntry), [entry] * (2 * copy_database.BATCH + 1))
    db.commit()
    return merchant


def test_every_row_is_copied_and_counted(
    operator: Operator, used: Browser, address: str, engines: tuple[Engine, Engine]
) -> None:
    old, new = engines
    before = rows(old)

    counts = operator.read("copy-from", address)

    assert rows(old) == rows(new) == before
    assert counts == {name: len(held) for name, held in before.items()}
    assert all(counts.values())
    assert counts["activity_entries"] > 2 * copy_database.BATCH


def test_the_app_works_on_the_copy_with_new_ids(
    operator: Operator, new_app: Flask, used: Browser, address: str, engines: tuple[Engine, Engine]
) -> None:
    old, new = engines
    before = rows(old)
    visitor = Browser(new_app, used.world, "harbour1", "owner")
    visitor.token = used.token
    newcomer = Browser(new_app, used.world, "elmfield2", "owner")

    result = operator.run("copy-from", address)

    assert result.exit_code == 0
    assert visitor.get("/carriers/fedex").status_code == 200  # the session of before
    assert visitor.send("endicia").status_code == 303
    assert visitor.post("/carriers/fedex/zones/1", IN_ZONE).status_code == 303
    assert newcomer.install().status_code == 200
    assert visitor.another("authorized").open().status_code == 200
    assert rows(old) == before
    with database.session_factory(new)() as db:
        for table in (ActivityEntry, CarrierConnection):
            newest = max(row[0] for row in before[table.__tablename__])
            assert db.scalar(select(func.max(table.id))) > newest
        found = {tuple(row) for row in db.execute(select(ActivityEntry.__table__))}
    assert set(before["activity_entries"]) < found


def test_a_target_with_rows_is_not_changed(
    operator: Operator, new_app: Flask, used: Browser, address: str, engines: tuple[Engine, Engine]
) -> None:
    Browser(new_app, used.world, "elmfield2", "owner").install()
    before = rows(engines[1])

    result = operator.run("copy-from", address)

    assert result.exit_code == 1
    assert "the new database holds rows already" in result.stderr
    assert result.stdout == ""
    assert rows(engines[1]) == before


@pytest.mark.parametrize(("which", "said"), [(0, "the old database"), (1, "the new database")])
@pytest.mark.parametrize("revision", ["0001", "9999"], ids=["older", "newer"])
def test_a_database_with_another_schema_is_refused(
    operator: Operator,
    used: Browser,
    address: str,
    engines: tuple[Engine, Engine],
    which: int,
    said: str,
    revision: str,
) -> None:
    with engines[which].begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})

    result = operator.run("copy-from", address)

    assert result.exit_code == 1
    assert f"{said} has not the schema of this version" in result.stderr
    assert is_empty(engines[1])


def test_rows_written_during_the_copy_are_detected(
    used: Browser, engines: tuple[Engine, Engine]
) -> None:
    def while_copying(_number: int) -> None:
        used.another("authorized").open()

    with pytest.raises(copy_database.CopyRefused, match="stop the app first"):
        copy_database.copy_rows(*engines, while_copying)

    assert is_empty(engines[1])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_writes_to_the_target_are_detected(used: Browser, engines: tuple[Engine, Engine]) -> None:
    (theirs, *_), others = rows(engines[0])["stores"], []

    def while_copying(_number: int) -> None:
        if not others:
            others.append((9999, "somebody", *theirs[2:]))
            with engines[1].begin() as connection:
                connection.execute(insert(Store.__table__).values(others[0]))

    with pytest.raises(copy_database.CopyRefused, match="is an app using it"):
        copy_database.copy_rows(*engines, while_copying)

    left = rows(engines[1])
    assert left.pop("stores") == others
    assert not any(left.values())


def test_an_interrupted_copy_leaves_nothing(used: Browser, engines: tuple[Engine, Engine]) -> None:
    def interrupt(_number: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_database.copy_rows(*engines, interrupt)

    assert is_empty(engines[1])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "value", [{"detail": "a\0"}, {"actor_email": "x" * 255}], ids=["a NUL", "too long"]
)
def test_a_row_that_postgresql_rejects_is_named(
    operator: Operator,
    used: Browser,
    address: str,
    engines: tuple[Engine, Engine],
    value: dict[str, str],
) -> None:
    with engines[0].begin() as connection:
        connection.execute(update(ActivityEntry).where(ActivityEntry.id == 7).values(value))

    result = operator.run("copy-from", address)

    assert result.exit_code == 1
    assert "does not take a row of activity_entries between (1,) and (500,)" in result.stderr
    assert "xxx" not in result.output
    assert is_empty(engines[1])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("postgresql://app:hush@127.0.0.1/hush", "holds a password"),
        ("sqlite:////nowhere/hush.sqlite3", "there is no such file"),
        ("sqlite://", "there is no such file"),
        ("hush", "is not a database address that can be opened here"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_invalid_source_url_is_a_usage_error(operator: Operator, given: str, said: str) -> None:
    result = operator.run("copy-from", given)

    assert result.exit_code == 2
    assert said in result.stderr
    assert "hush" not in result.output


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_unreachable_source_is_reported(operator: Operator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    result = operator.run("copy-from", f"postgresql://app@127.0.0.1:{port}/bcapp")

    assert result.exit_code == 1
    assert "the old database does not answer. Nothing was copied." in result.stderr
