"""Reference: a bare Flask view that verifies the payload and makes one indexed SELECT.

It uses the drivers directly: no ORM, log, page or metrics. Each thread keeps a connection open, in
autocommit mode.
"""

import os
import sqlite3
import threading
from typing import Any

import jwt
import psycopg
from flask import Flask, abort, request

from bcapp.database import parse_url

_ADDRESS = parse_url(os.environ["DATABASE_URL"])
_IS_SQLITE = _ADDRESS.get_backend_name() == "sqlite"
_SELECT = (
    "SELECT id, sealed_access_token FROM stores WHERE store_hash = ?"
    if _IS_SQLITE
    else "SELECT id, sealed_access_token FROM stores WHERE store_hash = %s"
)
_kept = threading.local()

app = Flask(__name__)


def _connection() -> Any:
    if not hasattr(_kept, "connection"):
        if _IS_SQLITE:
            _kept.connection = sqlite3.connect(_ADDRESS.database or "", isolation_level=None)
        else:
            plain = _ADDRESS.set(drivername="postgresql").render_as_string(hide_password=False)
            _kept.connection = psycopg.connect(plain, autocommit=True)
    return _kept.connection


@app.get("/load")
def load() -> str:
    claims = jwt.decode(
        request.args["signed_payload_jwt"],
        os.environ["BIGCOMMERCE_CLIENT_SECRET"],
        algorithms=["HS256"],
        audience=os.environ["BIGCOMMERCE_CLIENT_ID"],
    )
    store_hash = claims["sub"].removeprefix("stores/")
    if _connection().execute(_SELECT, (store_hash,)).fetchone() is None:
        abort(404)
    return f"<!doctype html><title>{store_hash}</title>"


@app.get("/readyz")
def ready() -> str:
    return "ready\n"
