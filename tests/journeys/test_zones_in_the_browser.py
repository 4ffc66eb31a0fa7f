"""Zones in Chromium: turn on, change, turn off; sixty slow zones."""

from collections.abc import Callable

from playwright.sync_api import expect

from sandbox.faults import Fault
from tests.journeys.conftest import Sites
from tests.journeys.tab import Tab

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


def test_a_carrier_can_be_turned_on_changed_and_off_in_a_zone(
    open_tab: Callable[[str], Tab],
) -> None:
    tab = open_tab("harbour1")
    tab.arrive()
    tab.follow("Set up Australia Post")
    tab.open_zone("Australia")

    tab.offer("Australia", "Parcel Post", "Express Post")
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
    tab.open_zone("Australia")
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


def test_slow_zones_show_a_loading_message(open_tab: Callable[[str], Tab], sites: Sites) -> None:
    sites.world.set_zones("elmfield2", 60)
    tab = open_tab("elmfield2")
    tab.page.add_init_script(WRITE_DOWN)
    tab.install()
    sites.world.set_fault(Fault(kind="delay", seconds=0.2, times=None))

    tab.press("Open the app")

    tab.says("Zones were read from BigCommerce")
    expect(tab.app.get_by_text("No zones", exact=True)).to_have_count(7)
    assert WAITING in tab.frame.evaluate("told")


def test_opening_one_of_sixty_zones_keeps_its_position(
    open_tab: Callable[[str], Tab], sites: Sites
) -> None:
    sites.world.set_zones("harbour1", 60)
    tab = open_tab("harbour1")
    tab.arrive()
    tab.follow("Set up Australia Post")
    tab.field("auth_key").fill("half a key")

    tab.app.get_by_role("link", name="Postcode area 41").click()

    expect(tab.zone("Postcode area 41").locator("summary").first).to_be_focused()
    expect(tab.zone("Postcode area 41").locator("summary").first).to_be_in_viewport()
    expect(tab.field("auth_key")).to_have_value("half a key")
    tab.offer("Postcode area 41", "Parcel Post")
    tab.save("Postcode area 41")
    tab.says("Postcode area 41 saved")
    expect(tab.app.locator("h1")).to_be_focused()
