"""Liveness and readiness, for whoever runs the app. Says nothing about stores."""

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from bcapp import database
from bcapp.runtime import runtime

_PLAIN = {"Content-Type": "text/plain; charset=utf-8"}

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    return "ok\n", _PLAIN


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    newest = ScriptDirectory(str(database.MIGRATIONS)).get_current_head()
    try:
        with runtime().engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError:
        return "database does not answer\n", 503, _PLAIN
    if current != newest:
        return "database is not migrated\n", 503, _PLAIN
    return "ready\n", _PLAIN
