"""Rotate keys: tokens are re-encrypted while the app serves, damaged ones reported."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from bcapp.config import Config
from bcapp.factory import create_app
from bcapp.maintenance import key_rotation
from bcapp.models import TOKEN_PLACE, Store
from bcapp.runtime import db as request_db
from bcapp.runtime import runtime
from sandbox.world import World
from tests import make
from tests.conftest import close
from tests.merchant import Browser, said, together

pytestmark = pytest.mark.both_databases("locks")

NEW_KEY = "bmV3LWtleS1vZi10aGUtdGVzdHMtMzItYnl0ZXMtISE="


@pytest.fixture
def rotated(config: Config, merchant: Browser) -> Iterator[Flask]:
    """The same app with a new key in front of the old one."""
    keys = make.config(ENCRYPTION_KEYS=f"{NEW_KEY},{make.ENCRYPTION_KEY}").encryption_keys
    app = create_app(config.model_copy(update={"encryption_keys": keys}))
    yield app
    close(app)


def sealed(db: Session, store_hash: str = "harbour1") -> str:
    db.expire_all()
    text = db.scalar(select(Store.sealed_access_token).where(Store.store_hash == store_hash))
    assert text is not None
    return text


def test_rotation_encrypts_every_token_with_the_newest_key(
    rotated: Flask, merchant: Browser, db: Session
) -> None:
    merchant.another("owner", "elmfield2").install()

    result = rotated.test_cli_runner().invoke(args=["ops", "rotate-keys"])

    assert result.exit_code == 0
    with rotated.app_context():
        newest = runtime().vault.newest_id
    assert sealed(db).startswith(f"{newest}.")
    assert sealed(db, "elmfield2").startswith(f"{newest}.")


def test_an_app_with_both_keys_serves_before_and_after(
    rotated: Flask, merchant: Browser, world: World
) -> None:
    visitor = Browser(rotated, world, "harbour1", "owner")
    visitor.token = merchant.token

    before = visitor.send("fedex")
    rotated.test_cli_runner().invoke(args=["ops", "rotate-keys"])
    after = visitor.send("fedex")

    assert (before.status_code, after.status_code) == (303, 303)


def test_an_interrupted_rotation_continues(rotated: Flask, merchant: Browser, db: Session) -> None:
    merchant.another("owner", "elmfield2").install()

    with rotated.app_context():
        vault = runtime().vault
        first = key_rotation.reseal(request_db(), vault, 0, at_most=1)
        left = key_rotation.count_to_reseal(request_db(), vault)
        again = key_rotation.reseal(request_db(), vault, 0, at_most=1)
        done = key_rotation.reseal(request_db(), vault, 0, at_most=1)

    assert first is not None
    assert again is not None
    assert (first.number, left, again.number, done) == (1, 1, 1, None)


@pytest.mark.parametrize("number", range(5))
def test_rotation_keeps_new_grants_and_deleted_tokens(
    rotated: Flask, merchant: Browser, db: Session, number: int
) -> None:
    merchant.another("owner", "elmfield2").install()

    def rotate() -> int:
        with rotated.app_context():
            batch = key_rotation.reseal(request_db(), runtime().vault, 0, at_most=10)
        return batch.number if batch else 0

    _, installed, uninstalled = together(
        rotate,
        lambda: merchant.another("owner").install().status_code,
        lambda: merchant.another("owner", "elmfield2").uninstall().status_code,
    )

    assert (installed, uninstalled) == (200, 204)
    db.expire_all()
    removed = select(Store.sealed_access_token).where(Store.store_hash == "elmfield2")
    assert db.scalars(removed).one() is None
    with rotated.app_context():
        kept = runtime().vault.open(TOKEN_PLACE, "harbour1", sealed(db))
    assert kept.get_secret_value() == merchant.world.store("harbour1").access_token


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_rotation_waits_for_a_concurrent_install(
    rotated: Flask, merchant: Browser, db: Session
) -> None:
    with rotated.app_context():
        granted = runtime().vault.seal(TOKEN_PLACE, "harbour1", "the token of a new install")
    new_token = update(Store).where(Store.store_hash == "harbour1")
    db.execute(new_token.values(sealed_access_token=granted))

    def rotate() -> None:
        with rotated.app_context():
            key_rotation.reseal(request_db(), runtime().vault, 0, at_most=10)

    rotating = threading.Thread(target=rotate)
    rotating.start()
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while not db.scalar(waiting):
        db.execute(text("SELECT pg_stat_clear_snapshot()"))
    db.commit()
    rotating.join()

    assert sealed(db) == granted


@pytest.mark.own_database
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_old_ciphertext_remains_in_the_sqlite_file(
    rotated: Flask, merchant: Browser, db: Session, tmp_path: Path
) -> None:
    old = sealed(db).encode()
    db.rollback()

    rotated.test_cli_runner().invoke(args=["ops", "rotate-keys"])

    files = list(tmp_path.glob("bcapp.sqlite3*"))
    assert [file.name for file in files if old in file.read_bytes()] == []
    assert files


def test_a_damaged_token_affects_only_its_store(
    rotated: Flask, merchant: Browser, db: Session
) -> None:
    other = Browser(rotated, merchant.world, "elmfield2", "owner")
    other.install()
    damaged = sealed(db)[:-4] + "AAA="
    db.execute(
        Store.__table__.update()
        .where(Store.store_hash == "harbour1")
        .values(sealed_access_token=damaged)
    )
    db.commit()

    result = rotated.test_cli_runner().invoke(args=["ops", "rotate-keys"])
    refused = merchant.send("fedex")

    assert result.exit_code == 1
    assert "harbour1: its token cannot be opened" in result.output
    assert sealed(db) == damaged
    assert refused.status_code == 403
    assert "Open the app again to renew access." in said(refused)
    assert other.send("fedex").status_code == 303


def test_a_token_moved_to_another_row_does_not_decrypt(merchant: Browser, db: Session) -> None:
    other = merchant.another("owner", "elmfield2")
    other.install()
    db.execute(
        Store.__table__.update()
        .where(Store.store_hash == "elmfield2")
        .values(sealed_access_token=sealed(db))
    )
    db.commit()
    merchant.world.calls.clear()

    response = other.send("fedex")

    assert response.status_code == 403
    assert merchant.world.calls == []
