"""Build raw requests: launches, installs, pages, and sends."""

import re
import time

from benchmarks import load
from benchmarks.test_data import email, store_hash
from sandbox.jwt_encoding import encode_jwt
from tests import make

_TOKEN = re.compile(rb"\r\nX-Session-Token: ([^\r]+)", re.IGNORECASE)
_A_DAY = 24 * 60 * 60


def launch(number: int, user: int | None = None) -> bytes:
    """Build a launch by the store's user, or by another user."""
    now = int(time.time())
    owner = {"id": number, "email": email(number)}
    claims = {
        "aud": make.CLIENT_ID,
        "iss": "bc",
        "iat": now,
        "nbf": now - 5,
        "exp": now + _A_DAY,
        "jti": f"{number}-{now}",
        "sub": f"stores/{store_hash(number)}",
        "user": owner if user is None else {"id": user, "email": email(user)},
        "owner": owner,
        "url": "/",
        "channel_id": None,
    }
    return load.get(
        "/load", {"signed_payload_jwt": encode_jwt(claims, make.CLIENT_SECRET, "HS256")}
    )


def install(number: int) -> bytes:
    asked = {
        "code": str(number),
        "scope": "store_v2_information",
        "context": f"stores/{store_hash(number)}",
    }
    return load.get("/auth", asked)


def token(port: int, number: int) -> str:
    """Create a session token of the store's user."""
    answer = load.ask(port, launch(number))
    found = _TOKEN.search(answer.head)
    if answer.status != 200 or found is None:
        raise RuntimeError(f"a launch was answered with {answer.status}")
    return found[1].decode()


def overview(session_token: str) -> bytes:
    return load.get("/carriers", Authorization=f"Bearer {session_token}")


DETAILS = {"key": "yourKey", "password": "yourPassword"} | dict.fromkeys(
    ("account_number", "meter_number"), "123456789"
)


def send(session_token: str) -> bytes:
    path = "/carriers/fedex/connection"
    return load.post(path, DETAILS, Authorization=f"Bearer {session_token}")
