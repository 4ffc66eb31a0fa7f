"""A send is sent once, and its outcome is shown wherever the merchant went meanwhile."""

import re
from collections.abc import Callable

from playwright.sync_api import Route, expect

from sandbox.faults import Fault
from tests.journeys.conftest import Sites
from tests.journeys.tab import Tab
from tests.reference import DETAILS

OpenTab = Callable[[str], Tab]


def test_leaving_during_a_send_shows_its_answer_on_the_next_page(
    open_tab: OpenTab, sites: Sites
) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    sites.world.set_fault(Fault("connection", kind="delay", seconds=1))

    tab.button("Send to BigCommerce").click()
    expect(tab.app.locator("[aria-disabled=true]")).to_contain_text("Sending…")
    tab.follow("Carriers")

    row = tab.app.get_by_role("row").filter(has_text="FedEx")
    expect(row).to_contain_text("Sent")
    assert len(tab.sent()) == 1


def test_leaving_a_send_for_the_carrier_page_shows_its_answer_there(
    open_tab: OpenTab,
) -> None:
    """The page has forms too, in which nothing was typed."""
    tab = open_tab("harbour1")
    tab.arrive()
    tab.set_up("royalmail")
    tab.follow("Manage Royal Mail")
    tab.follow("Update details")
    held: list[Route] = []
    tab.page.route(re.compile("/connection$"), lambda route: held.append(route), times=1)
    with tab.page.expect_request(re.compile("/connection$")):
        tab.send()
    tab.break_records(
        "UPDATE activity_entries SET outcome = 'no_answer', status = NULL, settled_at = NULL"
    )
    tab.follow("Royal Mail")
    tab.says("BigCommerce hasn’t answered yet")

    held[0].continue_()

    tab.says("Sent to BigCommerce on")
    expect(tab.app.get_by_text("No answer")).to_have_count(0)


def test_leaving_a_send_shows_that_no_answer_came(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    held: list[Route] = []
    tab.page.route(re.compile("/connection$"), lambda route: held.append(route))
    with tab.page.expect_request(re.compile("/connection$")):
        tab.send()
    tab.follow("Carriers")
    tab.shows("Carrier connections")

    held[0].abort()

    expect(tab.app.get_by_role("alert")).to_contain_text("may or may not have arrived")


def test_a_page_sends_one_thing_at_a_time(open_tab: OpenTab, sites: Sites) -> None:
    """A second save would take the place of the first one's answer."""
    tab = open_tab("harbour1")
    tab.arrive()
    tab.follow("Set up Australia Post")
    sites.world.set_fault(Fault("methods", method="POST", kind="delay", seconds=1))

    for zone in ("Australia", "New Zealand"):
        tab.open_zone(zone)
        tab.tick(zone, "Offer Australia Post in this zone")
        tab.tick(zone, "Parcel Post")
        tab.save(zone)

    tab.says("Australia saved")
    tab.badge("Australia", "On")
    assert len(tab.method_writes()) == 1


def test_a_double_click_sends_once(open_tab: OpenTab, sites: Sites) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    sites.world.set_fault(Fault("connection", kind="delay", seconds=0.5))

    tab.button("Send to BigCommerce").dblclick()

    expect(tab.app.locator("[aria-disabled=true]")).to_contain_text("Sending…")
    expect(tab.app.get_by_role("status").first).to_have_text("Sending…")
    tab.says("FedEx details sent to BigCommerce")
    expect(tab.app.get_by_role("status").first).to_have_text(
        "FedEx details sent to BigCommerce. FedEx – Carrier connections"
    )
    assert len(tab.sent()) == 1


def test_a_second_send_says_what_is_still_being_sent(open_tab: OpenTab, sites: Sites) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    said = tab.app.get_by_role("status").first
    held: list[Route] = []
    tab.page.route(re.compile("fedex/connection$"), lambda route: held.append(route))
    with tab.page.expect_request(re.compile("fedex/connection$")):
        tab.send()
    tab.follow("Carriers")
    tab.follow("Set up Zoom2U")
    tab.fill(DETAILS["zoom2u"])

    tab.send()
    expect(said).to_have_text("Sending…")
    expect(said).to_be_visible()
    tab.field("auth_key").focus()
    held[0].continue_()

    expect(said).to_have_text("Connect Zoom2U – Carrier connections")
    expect(tab.field("auth_key")).to_be_focused()
    expect(tab.field("auth_key")).to_have_value(DETAILS["zoom2u"]["auth_key"])
    tab.send()
    tab.says("Zoom2U details sent to BigCommerce")
    assert len(tab.sent()) == 2


def test_a_send_cancels_a_pending_link(
    open_tab: OpenTab,
) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    tab.page.route(re.compile("/carriers$"), lambda route: None)
    with tab.page.expect_request(re.compile("/carriers$")) as asked_first:
        tab.follow("Carriers")

    with tab.page.expect_event("requestfailed", lambda given: given == asked_first.value):
        tab.send()

    tab.says("FedEx details sent to BigCommerce")
    tab.page.unroute_all()
