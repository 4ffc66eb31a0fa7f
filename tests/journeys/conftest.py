"""Control panel and app on two TLS sites, and a Chromium that blocks third-party cookies."""

import json
import re
import shutil
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, expect, sync_playwright

from bcapp.factory import create_app
from sandbox.factory import create_sandbox
from sandbox.server import run_sandbox, run_server
from sandbox.world import World
from tests import make
from tests.certificates import server_tls
from tests.conftest import close, missing
from tests.journeys.tab import Tab

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, "
    "EXCLUDE 127.0.0.1",
]
if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

expect.set_options(timeout=10_000)

CALLBACKS = {"/auth", "/load", "/uninstall", "/remove_user"}
BLOCK_THIRD_PARTY_COOKIES = {"profile": {"cookie_controls_mode": 1}}


@dataclass
class Watched:
    """The app, recording its requests and response headers."""

    app: Flask
    asked: list[str] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        def answer(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            self.headers.extend(headers)
            return start_response(status, headers, *error)

        self.asked.append(f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}")
        return self.app(environ, answer)


@dataclass(frozen=True)
class Sites:
    """Both programs as a browser sees them: two sites behind TLS."""

    world: World
    panel: str
    app: str
    watched: Watched
    database: Path


@contextmanager
def both_sites(database_file: Path, certificate: ssl.SSLContext) -> Iterator[Sites]:
    with ExitStack() as stack:
        outside, inside = (
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)
        )
        app_url = f"https://app.test:{outside.getsockname()[1]}"
        callback_base_url = f"http://127.0.0.1:{inside.getsockname()[1]}"
        world = World(make.CLIENT_ID, make.CLIENT_SECRET, app_url, callback_base_url)
        bigcommerce = stack.enter_context(run_sandbox(world))
        panel = stack.enter_context(run_server(create_sandbox(world), tls=certificate))
        panel_url = f"https://control-panel.test:{panel.port}"
        app = create_app(
            make.config(
                APP_URL=app_url,
                BIGCOMMERCE_LOGIN_URL=bigcommerce,
                BIGCOMMERCE_API_URL=bigcommerce,
                BIGCOMMERCE_FRAME_ANCESTORS=panel_url,
                BIGCOMMERCE_SDK_URL=f"{panel_url}/static/app-sdk.js",
                DATABASE_URL=f"sqlite:///{database_file}",
                HELP_URL=f"{panel_url}/help",
                SUPPORT_URL=f"{panel_url}/support",
            )
        )
        stack.callback(close, app)
        watched = Watched(app)
        stack.enter_context(run_server(watched, fd=outside.fileno(), tls=certificate))
        stack.enter_context(run_server(watched, fd=inside.fileno()))
        yield Sites(world, panel_url, app_url, watched, database_file)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return server_tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def sites(sqlite_template: Path, tmp_path: Path, certificate: ssl.SSLContext) -> Iterator[Sites]:
    file = shutil.copy(sqlite_template, tmp_path / "journey.sqlite3")
    with both_sites(file, certificate) as sites:
        yield sites


@contextmanager
def chromium(profile: Path) -> Iterator[BrowserContext]:
    """A fresh profile that blocks third-party cookies."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        missing("a Chromium (Debian: apt install chromium)")
    (profile / "Default").mkdir(parents=True)
    (profile / "Default" / "Preferences").write_text(json.dumps(BLOCK_THIRD_PARTY_COOKIES))
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=path,
            args=CHROMIUM_FLAGS,
            ignore_https_errors=True,
            viewport={"width": 1300, "height": 1000},
        )
        context.set_default_timeout(10_000)
        yield context
        context.close()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    with chromium(tmp_path_factory.mktemp("profile")) as context:
        yield context


@pytest.fixture
def open_tab(browser: BrowserContext, sites: Sites) -> Iterator[Callable[[str], Tab]]:
    """Open tabs with a store's control panel; closed after the test.

    Checks then what holds for every step of every journey.
    """
    tabs: list[Tab] = []

    def open_one(store_hash: str) -> Tab:
        tabs.append(Tab(browser.new_page(), sites.world, sites.panel, sites.database, store_hash))
        return tabs[-1]

    yield open_one
    for tab in tabs:
        tab.page.close()
    assert browser.cookies() == []
    check_every_step(sites.watched, tabs)


def check_every_step(watched: Watched, tabs: list[Tab]) -> None:
    """No browser error, no cookie, no secret in a URL, except in BigCommerce's own callbacks."""
    assert [complaint for tab in tabs for complaint in tab.complaints] == []
    assert "set-cookie" not in {name.lower() for name, _ in watched.headers}
    tokens = {value for name, value in watched.headers if name == "X-Session-Token"}
    for address in {*watched.asked, *(address for tab in tabs for address in tab.addresses)}:
        arrives = urlsplit(address).path in CALLBACKS
        assert arrives or not re.search("signed_payload|jwt=|code=", address), address
        assert not any(token in address for token in tokens), address
