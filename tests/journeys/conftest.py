"""Control panel and app on two sites, over TLS, and a Chromium that blocks third-party cookies."""

import json
import re
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, expect, sync_playwright

from bcapp.factory import create_app
from sandbox.server import serve, serving
from sandbox.world import World
from tests import make
from tests.conftest import close, missing
from tests.journeys import tls
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
expect.set_options(timeout=10_000)

BLOCK_THIRD_PARTY_COOKIES = {"profile": {"cookie_controls_mode": 1}}


@dataclass(frozen=True)
class Sites:
    """Both programs as a browser finds them: two sites, each behind TLS."""

    world: World
    panel: str
    app: str
    front: tls.Front
    database: Path


@contextmanager
def both_sites(database_file: Path, certificate: ssl.SSLContext) -> Iterator[Sites]:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        inside = listener.getsockname()[1]
        front = stack.enter_context(tls.in_front_of(inside, certificate))
        app_url = f"https://app.test:{front.port}"
        world = World(make.CLIENT_ID, make.CLIENT_SECRET, app_url, f"http://127.0.0.1:{inside}")
        bigcommerce = stack.enter_context(serve(world))
        panel = tls.in_front_of(int(bigcommerce.rpartition(":")[2]), certificate)
        panel_url = f"https://control-panel.test:{stack.enter_context(panel).port}"
        app = create_app(
            make.config(
                APP_URL=app_url,
                BIGCOMMERCE_LOGIN_URL=bigcommerce,
                BIGCOMMERCE_API_URL=bigcommerce,
                BIGCOMMERCE_FRAME_ANCESTORS=panel_url,
                DATABASE_URL=f"sqlite:///{database_file}",
                BIGCOMMERCE_SDK_URL=f"{panel_url}/static/app-sdk.js",
                HELP_URL=f"{panel_url}/help",
                SUPPORT_URL=f"{panel_url}/support",
            )
        )
        stack.callback(close, app)
        stack.enter_context(serving(app, fd=listener.fileno()))
        yield Sites(world, panel_url, app_url, front, database_file)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return tls.certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def sites(sqlite_template: Path, tmp_path: Path, certificate: ssl.SSLContext) -> Iterator[Sites]:
    file = shutil.copy(sqlite_template, tmp_path / "journey.sqlite3")
    with both_sites(file, certificate) as sites:
        yield sites


@contextmanager
def chromium(profile: Path) -> Iterator[BrowserContext]:
    """A fresh profile with the browser's own switch set that blocks third-party cookies."""
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
    """Opens a tab with a store's control panel; all are closed when the test ends.

    Then it looks at what holds on every step of every journey.
    """
    tabs: list[Tab] = []

    def open_one(store_hash: str) -> Tab:
        tabs.append(Tab(browser.new_page(), sites.world, sites.panel, store_hash))
        return tabs[-1]

    yield open_one
    for tab in tabs:
        tab.page.close()
    assert browser.cookies() == []
    check_every_step(sites.front, tabs)


def check_every_step(front: tls.Front, tabs: list[Tab]) -> None:
    """What holds for every journey: no complaint of the browser, no cookie, no secret address.

    Only the address at which BigCommerce hands the person over has a code or a payload in it.
    """
    assert [complaint for tab in tabs for complaint in tab.complaints] == []
    assert b"\nset-cookie:" not in front.answered.lower()
    asked = re.findall(r"^(?:GET|POST|HEAD) (\S+) HTTP", front.asked.decode("latin-1"), re.M)
    tokens = re.findall(r"^X-Session-Token: (\S+)", front.answered.decode("latin-1"), re.M)
    assert tokens
    for address in {*asked, *(address for tab in tabs for address in tab.addresses)}:
        arrives = urlsplit(address).path in {"/auth", "/load"}
        assert arrives or not re.search("signed_payload|jwt=|code=", address), address
        assert not any(token in address for token in tokens), address
