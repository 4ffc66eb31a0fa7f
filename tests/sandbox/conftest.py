"""Fixtures that send requests to the sandbox, without the app."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from sandbox.server import run_sandbox
from sandbox.world import World

APP_URL = "https://app.example"
CONNECTION = "/shipping/carrier/connection"

SendRequest = Callable[..., requests.Response]


@pytest.fixture
def world() -> World:
    return World("client-id", "a client secret of more than 32 bytes", APP_URL)


@pytest.fixture
def base_url(world: World) -> Iterator[str]:
    with run_sandbox(world) as base_url:
        yield base_url


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def request_token(world: World, base_url: str, session: requests.Session) -> SendRequest:
    """Send a valid token request, with the changes that a test makes."""

    def send(
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
        return session.request("POST", f"{base_url}/oauth2/token", **encoded)

    return send


@pytest.fixture
def call_api(world: World, base_url: str, session: requests.Session) -> SendRequest:
    """Send an API request for harbour1, which has the app installed."""
    world.store("harbour1").access_token = "token-of-harbour"
    session.headers["X-Auth-Token"] = "token-of-harbour"

    def send(method: str, path: str, body: object = None, **options: Any) -> requests.Response:
        if body is not None:
            options["json"] = body
        options.setdefault("timeout", 10)
        return session.request(method, f"{base_url}/stores/harbour1/v2{path}", **options)

    return send


def error_message(response: requests.Response) -> str:
    """Return the only message of a V2 error response."""
    (error,) = response.json()
    assert error["status"] == response.status_code
    return str(error["message"])
