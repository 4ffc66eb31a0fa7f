"""Back, forward and the address always match the shown page."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.tab import Tab
from tests.reference import DETAILS

OpenTab = Callable[[str], Tab]


def test_back_and_forward_restore_the_pages(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.page.set_viewport_size({"width": 1100, "height": 500})
    tab.arrive()
    tab.app.get_by_role("link", name="Set up Zoom2U").scroll_into_view_if_needed()
    scrolled = tab.frame.evaluate("scrollY")
    tab.follow("Set up Zoom2U")
    tab.shows("Connect Zoom2U")
    assert tab.frame.evaluate("scrollY") == 0
    tab.follow("Carriers")
    tab.shows("Carrier connections")

    tab.page.evaluate("history.back()")
    tab.shows("Connect Zoom2U")
    expect(tab.app.get_by_role("heading", level=1)).to_be_focused()
    tab.page.evaluate("history.back()")
    tab.shows("Carrier connections")
    assert tab.frame.evaluate("scrollY") == scrolled > 0
    tab.page.evaluate("history.forward()")
    tab.shows("Connect Zoom2U")
    tab.page.evaluate("history.forward()")
    tab.shows("Carrier connections")

    assert tab.frame.title() == "Carriers – Carrier connections"


def test_reloading_a_page_adds_no_history_entry(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.arrive()
    tab.follow("Activity")
    tab.says("Installed the app")
    tab.go("/activity")

    tab.page.evaluate("history.back()")

    tab.shows("Carrier connections")
    expect(tab.app.get_by_role("link", name="Set up FedEx")).to_be_visible()


def test_going_back_does_not_repeat_a_success_message(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.arrive()
    tab.follow("Set up Royal Mail")
    tab.send()
    tab.says("Royal Mail details sent to BigCommerce")
    assert tab.frame.url.endswith("/carriers/royalmail")
    tab.follow("Carriers")
    tab.shows("Carrier connections")

    tab.page.evaluate("history.back()")

    tab.shows("Royal Mail")
    tab.says("Sent to BigCommerce on")
    expect(tab.app.locator("#messages > *")).to_have_count(0)


def test_a_rejected_form_adds_no_history_entry(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.arrive()
    tab.follow("Set up FedEx")
    tab.send()
    tab.says("Nothing was sent.")

    assert tab.frame.url.endswith("/carriers/fedex")
    tab.page.evaluate("history.back()")

    tab.shows("Carrier connections")


def test_the_error_summary_links_to_the_field(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    tab.field("meter_number").fill("")
    tab.send()

    tab.app.get_by_role("alert").get_by_role("link").click()

    expect(tab.field("meter_number")).to_be_focused()
    expect(tab.field("account_number")).to_have_value(DETAILS["fedex"]["account_number"])
    assert tab.frame.url.endswith("/carriers/fedex")


AWAY = "ALTER TABLE activity_entries RENAME TO lost"
HERE = "ALTER TABLE lost RENAME TO activity_entries"


def cut_off(tab: Tab) -> None:
    tab.page.route(re.compile("/carriers$"), lambda route: route.abort())


@pytest.mark.parametrize(
    ("hinder", "said"),
    [
        pytest.param(cut_off, "We couldn’t load that page", id="no network"),
        pytest.param(
            lambda tab: tab.break_records(AWAY), "We can’t reach our records", id="an error of ours"
        ),
    ],
)
def test_a_failed_back_keeps_the_form_and_its_address(
    open_tab: OpenTab, hinder: Callable[[Tab], None], said: str
) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    hinder(tab)

    tab.page.evaluate("history.back()")

    expect(tab.app.get_by_role("alert")).to_contain_text(said)
    tab.keeps_details()
    assert tab.frame.url.endswith("/carriers/fedex")
    if said == "We can’t reach our records":
        tab.break_records(HERE)
    tab.page.unroute_all()
    tab.page.evaluate("history.back()")
    tab.shows("Carrier connections")
