"""Late, wrong or missing answers: no input is lost and nothing is sent twice."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from sandbox.faults import Fault
from tests.journeys.conftest import Sites
from tests.journeys.tab import Tab
from tests.reference import DETAILS

OpenTab = Callable[[str], Tab]


WAIT_A_HUNDREDTH = """
const wait = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (milliseconds) => wait(milliseconds / 100);
"""


def drop(route: Route) -> None:
    route.abort("internetdisconnected")


def busy_proxy(route: Route) -> None:
    route.fulfill(status=429, content_type="text/html", body="<h1>429 Too Many Requests</h1>")


@pytest.mark.parametrize(
    "fate", [pytest.param(drop, id="no network"), pytest.param(busy_proxy, id="429 of a proxy")]
)
def test_the_form_stays_if_the_app_does_not_answer(
    open_tab: OpenTab, fate: Callable[[Route], None]
) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    tab.page.route(re.compile("/carriers"), fate)

    tab.send()
    expect(tab.app.get_by_role("alert")).to_contain_text("We didn’t get an answer")
    tab.follow("Carriers")
    expect(tab.app.get_by_role("alert")).to_contain_text("We couldn’t load that page")

    tab.keeps_details()
    tab.page.unroute_all()
    tab.send()
    tab.says("FedEx details sent to BigCommerce")
    assert len(tab.sent()) == 1


AWAY = "ALTER TABLE activity_entries RENAME TO lost"


def test_an_app_error_is_shown_above_the_form(open_tab: OpenTab, sites: Sites) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    tab.break_records(AWAY)

    tab.send()

    alert = tab.app.get_by_role("alert")
    expect(alert).to_contain_text("We can’t reach our records")
    expect(alert).to_contain_text("Reference:")
    expect(alert.get_by_role("link", name="Open activity")).to_be_visible()
    tab.keeps_details()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(
            Fault("connection", status=401), "BigCommerce no longer lets this app in", id="revoked"
        ),
        pytest.param(Fault("connection", status=429), "BigCommerce asked us to wait", id="limited"),
        pytest.param(Fault("connection", status=500), "may or may not have arrived", id="broken"),
    ],
)
def test_a_bigcommerce_error_is_shown_beside_the_form(
    open_tab: OpenTab, sites: Sites, fault: Fault, said: str
) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    sites.world.set_fault(fault)

    tab.send()

    expect(tab.app.get_by_role("alert")).to_contain_text(said)
    expect(tab.app.get_by_role("alert")).to_be_focused()
    tab.keeps_details()  # secrets too: no field is at fault


def test_an_error_after_a_link_keeps_a_filled_form(open_tab: OpenTab, sites: Sites) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    tab.break_records(AWAY)

    tab.follow("Carriers")

    expect(tab.app.get_by_role("alert")).to_contain_text("We can’t reach our records")
    tab.keeps_details()


def test_an_error_after_a_link_keeps_a_rejected_form(open_tab: OpenTab, sites: Sites) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    sites.world.set_fault(Fault("connection", status=429))
    tab.send()
    tab.says("BigCommerce asked us to wait")
    tab.break_records(AWAY)

    tab.follow("Carriers")

    expect(tab.app.get_by_role("alert")).to_contain_text("We can’t reach our records")
    expect(tab.field("account_number")).to_have_value(DETAILS["fedex"]["account_number"])


def test_an_error_replaces_a_page_without_input(open_tab: OpenTab, sites: Sites) -> None:
    tab = open_tab("harbour1")
    tab.arrive()
    tab.follow("Activity")
    tab.app.get_by_label("Result").select_option("sent")
    tab.break_records(AWAY)

    tab.follow("Carriers")

    tab.shows("We can’t reach our records")


@pytest.mark.parametrize("come", [True, False], ids=["late", "not at all"])
def test_late_or_missing_zones_do_not_move_the_focus(open_tab: OpenTab, come: bool) -> None:
    tab = open_tab("harbour1")
    tab.install()
    held: list[Route] = []
    tab.page.route(re.compile("/carriers/zones$"), lambda route: held.append(route))
    with tab.page.expect_request(re.compile("/carriers/zones$")):
        tab.press("Open the app")
    link = tab.app.get_by_role("link", name="Set up FedEx")
    link.focus()

    held[0].continue_() if come else held[0].abort()

    news = "Zones were read from BigCommerce" if come else "We couldn’t read your zones"
    expect(tab.app.get_by_role("status").first).to_contain_text(news)
    expect(tab.app.locator(".panel-foot")).to_contain_text(news)
    expect(tab.app.locator("[aria-busy=true], [data-pending]")).to_have_count(0)
    expect(link).to_be_focused()


def test_a_send_without_an_answer_times_out(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.page.add_init_script(WAIT_A_HUNDREDTH)
    tab.type_details()
    tab.page.route(re.compile("/connection$"), lambda route: None)

    tab.send()

    expect(tab.app.get_by_role("alert")).to_contain_text("We didn’t get an answer")
    tab.keeps_details()
    tab.page.unroute_all()


def test_an_older_answer_does_not_replace_a_newer_page(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.arrive()
    tab.page.route(re.compile("/activity$"), lambda route: None)
    with tab.page.expect_request(re.compile("/activity$")) as asked_first:
        tab.follow("Activity")

    with tab.page.expect_event("requestfailed", lambda given: given == asked_first.value):
        tab.follow("Add custom carrier")

    tab.shows("Add custom carrier")
    tab.page.unroute_all()


def test_a_secret_is_shown_and_hidden_again(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    for seen in ("text", "password"):
        tab.button("Show key").click()

        expect(tab.field("key")).to_have_attribute("type", seen)
