"""Liveness, readiness, and error pages."""

import json

import pytest
import structlog
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from bcapp.config import Config
from bcapp.factory import create_app
from sandbox.world import World
from tests.conftest import close
from tests.merchant import Browser, check_every_answer, said


def test_healthz_touches_nothing(app: Flask) -> None:
    assert app.test_client().get("/healthz").status_code == 200


@pytest.mark.both_databases("failures")
def test_readyz_is_ready_with_a_migrated_database(app: Flask) -> None:
    assert app.test_client().get("/readyz").status_code == 200


@pytest.mark.both_databases("failures")
@pytest.mark.own_database
@pytest.mark.parametrize("revision", ["0000", "f00d", "00021"])
def test_readyz_is_not_ready_with_an_old_or_foreign_schema(
    app: Flask, db: Session, revision: str
) -> None:
    db.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
    db.commit()

    response = app.test_client().get("/readyz")

    assert response.status_code == 503
    assert response.text == "database is not migrated\n"


@pytest.mark.both_databases("failures")
@pytest.mark.own_database
def test_readyz_is_ready_with_a_newer_schema(app: Flask, db: Session) -> None:
    db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    db.commit()

    assert app.test_client().get("/readyz").status_code == 200


@pytest.mark.both_databases("failures")
@pytest.mark.own_database
@pytest.mark.parametrize("how", ["DELETE FROM", "DROP TABLE"])
def test_readyz_is_not_ready_without_a_schema(app: Flask, db: Session, how: str) -> None:
    db.execute(text(f"{how} alembic_version"))
    db.commit()

    assert app.test_client().get("/readyz").status_code == 503


def test_the_root_path_points_to_the_control_panel(app: Flask) -> None:
    response = app.test_client().get("/")

    assert response.status_code == 404
    assert "Open this app from your control panel" in said(response)


def test_an_app_error_page_has_a_reference_and_no_detail(
    capsys: pytest.CaptureFixture[str], config: Config, world: World
) -> None:
    app = create_app(config)
    app.view_functions["activity.index"] = lambda: 1 / 0
    merchant = Browser(app, world, "harbour1", "owner")
    merchant.install()

    response = merchant.get("/activity")

    assert response.status_code == 500
    assert "Something went wrong on our side" in said(response)
    assert response.headers["X-Request-Id"] in said(response)
    assert "ZeroDivisionError" not in response.text
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (entry,) = [line for line in logged if line["event"] == "unforeseen"]
    assert entry["request_id"] == response.headers["X-Request-Id"]
    assert "ZeroDivisionError" in entry["exception"]
    close(app)


@pytest.mark.parametrize("host", ["..", "a..b", "x" * 64 + ".example", "a" * 5000, "", "[::", "é"])
@pytest.mark.parametrize("path", ["/load?signed_payload_jwt=x", "/carriers", "/nowhere", "/"])
@pytest.mark.parametrize("header", ["HTTP_HOST", "HTTP_X_FORWARDED_HOST"])
@pytest.mark.settings(TRUSTED_PROXIES="1")
def test_any_host_header_gets_the_page(app: Flask, header: str, host: str, path: str) -> None:
    usual = app.test_client().get(path)

    response = app.test_client().get(path, environ_overrides={header: host})

    assert response.status_code == usual.status_code
    check_every_answer(response)


def test_a_missing_file_gets_an_error_page(merchant: Browser) -> None:
    response = merchant.get("/static/nope.css")

    assert response.status_code == 404
    assert response.headers["Cache-Control"] == "no-store"


def test_a_request_that_is_too_large_is_refused(merchant: Browser) -> None:
    response = merchant.send("zoom2u", {"auth_key": "x" * 300_000})

    assert response.status_code == 413
    assert "Nothing was sent." in said(response)


def test_log_context_ends_with_the_request(merchant: Browser) -> None:
    merchant.get("/carriers/fedex")

    assert structlog.contextvars.get_contextvars() == {}
