"""BigCommerce's double, alone: whoever asks its API, and whoever asks it for a token."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from sandbox.server import run_sandbox
from sandbox.world import World

APP_URL = "https://app.example"
CONNECTION = "/shipping/carrier/connection"

Ask = Callable[..., requests.Response]


@pytest.fixture
def world() -> World:
    return World("client-id", "a client secret of more than 32 bytes", APP_URL)


@pytest.fixture
def address(world: World) -> Iterator[str]:
    with run_sandbox(world) as address:
        yield address


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def exchange(world: World, address: str, session: requests.Session) -> Ask:
    """A token request with everything right, save what a test changes."""

    def ask(
        encoding: str = "json", query: dict[str, str] | None = None, **changes: str
    ) -> requests.Response:
        query = query or world.install_query("harbour1", world.person("harbour1", "owner"))
        body = {
            "client_id": world.client_id,
            "client_secret": world.client_secret,
            "grant_type": "authorization_code",
            "redirect_uri": f"{APP_URL}/auth",
            **{name: query[name] for name in ("code", "context", "scope")},
            **changes,
        }
        encoded: dict[str, Any] = {encoding: body}
        return session.request("POST", f"{address}/oauth2/token", **encoded)

    return ask


@pytest.fixture
def ask(world: World, address: str, session: requests.Session) -> Ask:
    """A request to the API of harbour1, which has the app installed."""
    world.store("harbour1").access_token = "token-of-harbour"
    session.headers["X-Auth-Token"] = "token-of-harbour"

    def ask(method: str, path: str, body: object = None, **options: Any) -> requests.Response:
        if body is not None:
            options["json"] = body
        options.setdefault("timeout", 10)
        return session.request(method, f"{address}/stores/harbour1/v2{path}", **options)

    return ask


def message(reply: requests.Response) -> str:
    """The one message of the array that V2 endpoints answer errors with."""
    (error,) = reply.json()
    assert error["status"] == reply.status_code
    return str(error["message"])
