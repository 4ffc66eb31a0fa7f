"""Bytes on the wire per page, with an empty cache."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext, Request, expect

from tests.journeys.conftest import Sites
from tests.journeys.tab import Tab

FIRST, LATER = 60_000, 15_000
PAGES = (
    "/carriers",
    "/carriers/auspost",
    "/carriers/auspost/connection",
    "/carriers/fedex",
    "/carriers/new",
    "/activity",
)


@contextmanager
def weighed(tab: Tab, app: str) -> Iterator[dict[str, int]]:
    """Sum the response bytes by URL, headers included, fonts excluded."""
    finished: list[Request] = []
    weights: dict[str, int] = {}
    tab.page.on("requestfinished", lambda request: finished.append(request))
    yield weights
    tab.page.wait_for_load_state("networkidle")
    for request in finished:
        if request.url.startswith(app) and not request.url.endswith(".woff2"):
            sizes = request.sizes()
            weights[request.url] = sizes["responseBodySize"] + sizes["responseHeadersSize"]


def test_page_weight_stays_within_its_limits(
    open_tab: Callable[[str], Tab], sites: Sites, browser: BrowserContext
) -> None:
    tab = open_tab("harbour1")
    network = browser.new_cdp_session(tab.page)
    network.send("Network.clearBrowserCache")
    with weighed(tab, sites.app) as first:
        tab.install()
    steps: dict[str, int] = {}
    for path in PAGES:
        with weighed(tab, sites.app) as step:
            tab.go(path)
            expect(tab.app.locator("[data-pending]")).to_have_count(0)
        steps |= step

    assets = [weight for address, weight in first.items() if "/static/" in address]
    assert len(first) <= 3
    assert sum(first.values()) < FIRST
    assert list(steps) == [f"{sites.app}{path}" for path in PAGES]
    assert {path: weight for path, weight in steps.items() if weight > LATER} == {}
    # Whichever of them is opened first comes with the same two assets.
    assert sum(assets) + max(steps.values()) < FIRST
