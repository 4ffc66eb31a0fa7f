"""Zones in Chromium: a carrier turned on, changed and turned off; sixty zones read slowly."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, expect

from tests.journeys.conftest import Running
from tests.journeys.test_in_the_browser import Tab

WAITING = "Reading your zones from BigCommerce…"

# What a page tells whoever waits is gone with the wait, and a test that looks now and then may miss
# it. So the page itself writes down what it showed.
WRITE_DOWN = """
window.told = [];
new MutationObserver(() => {
  for (const part of document.querySelectorAll("#announcer:not(.visually-hidden), [data-pending]"))
    if (part.checkVisibility()) told.push(part.textContent.trim());
}).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
"""


class ZonesTab(Tab):
    """A tab whose person works on zones."""

    def zone(self, name: str) -> Locator:
        return self.app.locator("details.zone").filter(has_text=re.compile(rf"^\s*{name}\b"))

    def tick(self, zone: str, box: str, ticked: bool = True) -> None:
        boxes = self.zone(zone).get_by_role("checkbox", name=box, exact=True)
        boxes.set_checked(ticked)

    def save(self, zone: str) -> None:
        self.zone(zone).get_by_role("button", name=f"Save {zone}").click()

    def badge(self, zone: str, words: str) -> None:
        expect(self.zone(zone).locator("summary .badge")).to_have_text(words)

    def switch_zones(self, number: int) -> None:
        self.page.locator("select[name=zones]").select_option(str(number))
        with self.page.expect_response(re.compile("/switches$")):
            self.press("Apply")

    def order_slowness(self) -> None:
        self.page.get_by_label("What").select_option("slow")
        self.page.get_by_label("Where").select_option("api")
        self.page.get_by_label("until cleared, not once").check()
        self.press("Order")
        expect(self.page.get_by_text("Answer 200 ms late: the whole API")).to_be_visible()

    def turn_on(self, carrier_id: str, zone_id: int, service: str) -> None:
        """Send a zone's form without opening its page, so that no zones have been read yet."""
        token = self.app.locator("meta[name=session-token]").get_attribute("content")
        answer = self.page.request.post(
            f"{self.running.app}/carriers/{carrier_id}/zones/{zone_id}",
            headers={"Authorization": f"Bearer {token}"},
            form={"enabled": "true", "name": carrier_id, "delivery_services": service},
            max_redirects=0,
        )
        assert answer.status == 303

    def told(self) -> list[str]:
        """What the app's page told meanwhile, since it was loaded."""
        frame = next(f for f in self.page.frames if f.url.startswith(self.running.app))
        told: list[str] = frame.evaluate("told")
        return told

    def method_writes(self) -> list[tuple[object, object, object]]:
        """Verb, whether on, and services of every write of a method, oldest first."""
        query = f"store={self.store_hash}&show=1"
        answer = self.page.request.get(f"{self.running.panel}/calls.json?{query}")
        calls = sorted(answer.json()["calls"], key=lambda call: int(call["number"]))
        written = [
            (c["method"], json.loads(c["body"]))
            for c in calls
            if "/methods" in c["path"] and c["body"]
        ]
        return [
            (verb, body["enabled"], body["settings"]["carrier_options"]["delivery_services"])
            for verb, body in written
        ]


@pytest.fixture(scope="module")
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1300, "height": 1000})
    context.set_default_timeout(10_000)
    context.add_init_script(WRITE_DOWN)
    yield context
    context.close()


def test_a_carrier_is_turned_on_changed_and_turned_off_in_one_zone(
    context: BrowserContext, running: Running
) -> None:
    tab = ZonesTab(context, running, "harbour1")
    tab.press("Install")
    tab.follow("Skip for now")
    tab.follow("Set up Australia Post")
    tab.zone("Australia").locator("summary").first.click()

    tab.tick("Australia", "Offer Australia Post in this zone")
    tab.tick("Australia", "Parcel Post")
    tab.tick("Australia", "Express Post")
    tab.save("Australia")
    tab.says("BigCommerce confirmed that Australia Post is on with 2 delivery services.")
    tab.badge("Australia", "On")

    tab.tick("Australia", "Express Post", False)
    tab.tick("Australia", "Courier Post")
    tab.tick("Australia", "Economy air")
    tab.save("Australia")
    tab.says("BigCommerce confirmed that Australia Post is on with 3 delivery services.")

    tab.follow("Carriers")
    tab.says("1 of 4 zones")
    tab.follow("Set up Australia Post")
    tab.zone("Australia").locator("summary").first.click()
    tab.tick("Australia", "Offer Australia Post in this zone", False)
    tab.save("Australia")
    tab.says("BigCommerce confirmed that Australia Post is off in this zone.")
    tab.badge("Australia", "Off")
    tab.badge("New Zealand", "Off")

    three = ["AUS_PARCEL_REGULAR", "AUS_PARCEL_COURIER", "INT_PARCEL_AIR_OWN_PACKAGING"]
    assert tab.method_writes() == [
        ("POST", True, ["AUS_PARCEL_REGULAR", "AUS_PARCEL_EXPRESS"]),
        ("PUT", True, three),
        ("PUT", False, three),
    ]


def test_while_sixty_zones_are_read_slowly_the_page_says_what_it_waits_for(
    context: BrowserContext, running: Running
) -> None:
    tab = ZonesTab(context, running, "elmfield2")
    tab.switch_zones(60)
    tab.press("Install")
    tab.shows("Welcome to Carrier connections")
    tab.turn_on("royalmail", 1, "StandardFirstClass")
    tab.order_slowness()

    tab.press("Open the app")

    tab.says("1 of 60 zones")
    expect(tab.app.get_by_text("No zones", exact=True)).to_have_count(6)
    assert WAITING in tab.told()
    tab.press("Clear all")
