"""`flask ops check-config`: each line says ok or what to do, without secrets."""

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from bcapp.config import Config
from bcapp.database import CHECKOUT
from bcapp.models import Store
from sandbox.faults import Endpoint, Fault
from sandbox.world import World
from tests import make
from tests.merchant import Browser
from tests.ops import Operator
from tests.test_key_rotation import NEW_KEY, sealed

Environ = dict[str, str]


@pytest.fixture
def environ(bigcommerce: str, database_url: str) -> Environ:
    return make.environ(
        DATABASE_URL=database_url,
        BIGCOMMERCE_LOGIN_URL=bigcommerce,
        BIGCOMMERCE_API_URL=bigcommerce,
        METRICS_TOKEN="m" * 32,
    )


@pytest.fixture
def operator(app: Flask) -> Operator:
    return Operator(app)


def to_do(operator: Operator, environ: Environ) -> dict[str, str]:
    """Return the lines that are not ok, by check."""
    lines = operator.read("check-config", status=1, **environ)
    return {line["check"]: line["said"] for line in lines if not line["ok"]}


def key_lines(operator: Operator, environ: Environ, status: int = 0) -> list[str]:
    lines = operator.read("check-config", status=status, **environ)
    return [line["said"] for line in lines if line["check"].startswith("encryption key")]


@pytest.mark.both_databases("queries")
def test_every_line_says_ok_for_a_good_installation(
    operator: Operator, environ: Environ, merchant: Browser
) -> None:
    result = operator.run("check-config", **environ)

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line for line in lines if not line.startswith("ok ")] == []
    told = [line.split()[1].rstrip(":") for line in lines]
    assert told[: len(Config.model_fields)] == [name.upper() for name in Config.model_fields]
    assert "opens one of the 1 tokens" in result.stdout


def test_it_changes_nothing_and_sends_no_token(
    operator: Operator, environ: Environ, merchant: Browser
) -> None:
    operator.run("check-config", **environ)

    calls = merchant.world.calls
    assert [(call.method, call.path) for call in calls] == [
        ("GET", "/oauth2/token"),
        ("GET", "/stores/0/v2/time"),
    ]
    assert ["x-auth-token" in {name.lower() for name in call.headers} for call in calls] == [
        False,
        False,
    ]


def test_it_runs_with_bad_settings_and_names_each(tmp_path: os.PathLike[str]) -> None:
    environ = make.environ(
        APP_URL="http://hush-app.invalid", SESSION_KEYS="hush-weak", DATABASE_URL=""
    )

    ended = subprocess.run(
        [sys.executable, "-m", "flask", "ops", "check-config"],
        cwd=tmp_path,
        env={**environ, "PYTHONPATH": str(CHECKOUT)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 1
    wrong = [line.split()[2] for line in ended.stdout.splitlines() if line.startswith("TO DO")]
    assert wrong == ["APP_URL:", "SESSION_KEYS:", "everything"]
    assert "hush" not in ended.stdout + ended.stderr
    assert list(os.scandir(tmp_path)) == []


@pytest.mark.parametrize("broken", [False, True], ids=["good settings", "a faulty one"])
def test_no_line_contains_a_secret(
    operator: Operator, environ: Environ, merchant: Browser, broken: bool
) -> None:
    secrets = {
        "BIGCOMMERCE_CLIENT_SECRET": make.CLIENT_SECRET,
        "SESSION_KEYS": make.SESSION_KEY,
        "ENCRYPTION_KEYS": make.ENCRYPTION_KEY,
        "METRICS_TOKEN": "hush-metrics" * 3,
    }
    if broken:
        secrets |= {"APP_URL": "http://hush-app.invalid", "METRICS_TOKEN": "hush-metrics"}

    result = operator.run("check-config", **environ | secrets)

    token = merchant.world.store("harbour1").access_token
    assert result.exit_code == broken
    assert [value for value in (*secrets.values(), token) if str(value) in result.output] == []


@pytest.mark.both_databases("failures")
@pytest.mark.own_database
def test_a_database_that_is_not_migrated_is_reported(
    operator: Operator, environ: Environ, db: Session
) -> None:
    db.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    db.commit()

    assert to_do(operator, environ) == {"database": "is not migrated: run alembic upgrade head"}


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.mark.both_databases("failures")
def test_an_unreachable_database_is_reported_without_its_password(
    operator: Operator, environ: Environ, closed_port: int
) -> None:
    environ["DATABASE_URL"] = f"postgresql://app:hush-password@127.0.0.1:{closed_port}/bcapp"

    result = operator.run("check-config", **environ)

    assert result.exit_code == 1
    assert "TO DO  database: does not answer" in result.stdout
    assert "hush-password" not in result.output


def test_an_unreachable_redis_is_reported_without_its_password(
    operator: Operator, environ: Environ, closed_port: int
) -> None:
    environ["RATE_LIMIT_STORAGE_URL"] = f"redis://:hush-password@127.0.0.1:{closed_port}"

    result = operator.run("check-config", **environ)

    (line,) = [line for line in result.stdout.splitlines() if line.startswith("TO DO")]
    assert line.startswith("TO DO  Redis in RATE_LIMIT_STORAGE_URL: does not answer")
    assert "each process counts installs for itself" in line
    assert "hush-password" not in result.output


def test_a_reachable_redis_is_reported(operator: Operator, environ: Environ, redis: str) -> None:
    environ["RATE_LIMIT_STORAGE_URL"] = redis

    lines = operator.read("check-config", **environ)

    assert {"check": "Redis in RATE_LIMIT_STORAGE_URL", "ok": True, "said": "answers"} in lines


def test_unreachable_hosts_are_reported_by_their_setting(
    operator: Operator, environ: Environ, closed_port: int
) -> None:
    environ["BIGCOMMERCE_API_URL"] = f"http://127.0.0.1:{closed_port}"

    said = to_do(operator, environ)

    assert list(said) == ["host in BIGCOMMERCE_API_URL"]
    assert "does not answer (ConnectionError)" in said["host in BIGCOMMERCE_API_URL"]


def test_a_failing_host_is_reported(operator: Operator, environ: Environ, world: World) -> None:
    world.set_fault(Fault("token", status=503))

    said = to_do(operator, environ)

    assert list(said) == ["host in BIGCOMMERCE_LOGIN_URL"]
    assert "answers 503" in said["host in BIGCOMMERCE_LOGIN_URL"]


def dated(where: Endpoint, date: str) -> Fault:
    """A refusal with that date; dripped, because only then the server adds none of its own."""
    return Fault(where, "drip", status=401, body="{}", headers={"Date": date})


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(seconds=90), "behind BigCommerce's: let NTP set it"),
        (timedelta(seconds=-90), "ahead of BigCommerce's: let NTP set it"),
        (timedelta(seconds=2), None),
        (timedelta(seconds=-2), None),
    ],
)
def test_the_clock_is_compared_with_bigcommerces(
    operator: Operator, environ: Environ, world: World, ahead: timedelta, said: str | None
) -> None:
    theirs = format_datetime(datetime.now(UTC) + ahead, usegmt=True)
    world.set_fault(dated("time", theirs))

    lines = operator.read("check-config", status=0 if said is None else 1, **environ)

    (clock,) = [line for line in lines if line["check"] == "clock"]
    assert clock["ok"] is (said is None)
    assert clock["said"].endswith(said or "agrees with BigCommerce's")


@pytest.mark.parametrize("date", ["yesterday", "", "Mon, 99 Nov 2026 10:00:00 GMT"])
def test_a_missing_date_header_is_reported(
    operator: Operator, environ: Environ, world: World, date: str
) -> None:
    world.set_fault(dated("token", date))
    world.set_fault(dated("time", date))

    assert list(to_do(operator, environ)) == ["clock"]


@pytest.mark.both_databases("queries")
def test_an_older_key_reports_how_many_tokens_need_it(
    operator: Operator, environ: Environ, merchant: Browser
) -> None:
    environ["ENCRYPTION_KEYS"] = f"{NEW_KEY},{make.ENCRYPTION_KEY}"

    said = key_lines(operator, environ)

    assert said == ["newest; seals no token yet", "older; opens one of the 1 tokens that it seals"]


def test_a_missing_key_is_reported(operator: Operator, environ: Environ, merchant: Browser) -> None:
    environ["ENCRYPTION_KEYS"] = NEW_KEY

    said = key_lines(operator, environ, status=1)

    assert said == [
        "newest; seals no token yet",
        "seals 1 tokens and is missing: put it back in ENCRYPTION_KEYS",
    ]


@pytest.mark.both_databases("queries")
def test_a_token_that_does_not_decrypt_is_reported(
    operator: Operator, environ: Environ, merchant: Browser, db: Session
) -> None:
    db.execute(update(Store).values(sealed_access_token=sealed(db)[:-4] + "AAA="))
    db.commit()

    (said,) = key_lines(operator, environ, status=1)

    assert "does not open" in said
