"""What the page's script looks after: the session, the history, the answers that do not come."""

import re
import sqlite3
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Route, expect
from werkzeug.wrappers import Request, Response

from bcapp.session_token import LIFETIME, Session, SessionTokens
from sandbox.faults import Fault
from sandbox.server import serving
from tests import make
from tests.journeys.conftest import Sites
from tests.journeys.tab import Tab
from tests.merchant import DETAILS

OpenTab = Callable[[str], Tab]
SEND = re.compile("/carriers/fedex/connection$")
TYPED = DETAILS["fedex"]


def at_the_form(tab: Tab) -> Tab:
    """Where somebody has typed all of FedEx's details and sent none."""
    tab.arrive()
    tab.follow("Set up FedEx")
    tab.fill(TYPED)
    return tab


def keeps_what_was_typed(tab: Tab) -> None:
    for name, value in TYPED.items():
        expect(tab.field(name)).to_have_value(value)


def expired_token(tab: Tab) -> str:
    person = tab.world.person(tab.store_hash, "owner")
    issued = datetime.now(UTC) - LIFETIME - timedelta(seconds=1)
    tokens = SessionTokens(make.config().session_keys)
    return tokens.issue(Session(tab.store_hash, person.id, issued, admission=0), issued)


def test_a_session_that_ends_in_the_middle_of_a_form_leaves_what_was_typed(
    open_tab: OpenTab,
) -> None:
    tab = at_the_form(open_tab("harbour1"))
    old = {"authorization": f"Bearer {expired_token(tab)}"}
    tab.page.route(SEND, lambda route: route.continue_(headers=route.request.headers | old))

    tab.send()

    expect(tab.app.get_by_role("alert")).to_be_focused()
    expect(tab.app.get_by_role("alert")).to_contain_text("Your session has ended")
    expect(tab.app.get_by_role("link", name="Go to My Apps")).to_have_attribute("target", "_top")
    keeps_what_was_typed(tab)
    assert tab.sent() == []

    tab.page.unroute_all()
    tab.arrive()
    tab.set_up("fedex")
    assert [verb for verb, _ in tab.sent()] == ["POST"]


def test_two_minutes_before_its_end_a_session_can_be_prolonged(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.page.clock.install()
    at_the_form(tab)
    warning = tab.app.get_by_role("region", name="Session")

    tab.page.clock.run_for("57:50")
    expect(warning).to_be_hidden()
    tab.page.clock.run_for("00:15")
    expect(warning).to_be_visible()
    tab.button("Stay signed in").click()
    expect(warning).to_be_hidden()

    expect(tab.app.get_by_role("status").first).to_have_text("You stay signed in.")
    expect(tab.app.locator("main")).to_be_focused()
    keeps_what_was_typed(tab)
    tab.page.clock.run_for("57:00")
    expect(warning).to_be_hidden()


def test_when_a_session_has_ended_the_page_says_so_by_itself(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.page.clock.install()
    at_the_form(tab)
    old = {"authorization": f"Bearer {expired_token(tab)}"}
    tab.page.route(
        re.compile("/carriers/fedex$"),
        lambda route: route.continue_(headers=route.request.headers | old),
    )

    tab.page.clock.run_for("01:00:01")

    expect(tab.app.get_by_role("alert")).to_contain_text("Your session has ended")
    expect(tab.app.get_by_role("region", name="Session")).to_be_hidden()
    keeps_what_was_typed(tab)


def test_who_leaves_during_a_send_sees_its_answer_on_the_next_page(
    open_tab: OpenTab, sites: Sites
) -> None:
    tab = at_the_form(open_tab("harbour1"))
    sites.world.order(Fault("connection", kind="delay", seconds=1))

    tab.button("Send to BigCommerce").click()
    expect(tab.app.locator("[aria-disabled=true]")).to_contain_text("Sending…")
    tab.follow("Carriers")

    row = tab.app.get_by_role("row").filter(has_text="FedEx")
    expect(row).to_contain_text("Sent")
    assert len(tab.sent()) == 1


def test_a_page_sends_one_thing_at_a_time(open_tab: OpenTab, sites: Sites) -> None:
    """A second save would take the place of the first one's answer."""
    tab = open_tab("harbour1")
    tab.arrive()
    tab.follow("Set up Australia Post")
    sites.world.order(Fault("methods", method="POST", kind="delay", seconds=1))

    for zone in ("Australia", "New Zealand"):
        tab.open_zone(zone)
        tab.tick(zone, "Offer Australia Post in this zone")
        tab.tick(zone, "Parcel Post")
        tab.save(zone)

    tab.says("Australia saved")
    tab.badge("Australia", "On")
    assert len(tab.method_writes()) == 1


def test_a_double_click_sends_once(open_tab: OpenTab, sites: Sites) -> None:
    tab = at_the_form(open_tab("harbour1"))
    sites.world.order(Fault("connection", kind="delay", seconds=0.5))

    tab.button("Send to BigCommerce").dblclick()

    expect(tab.app.locator("[aria-disabled=true]")).to_contain_text("Sending…")
    expect(tab.app.get_by_role("status").first).to_have_text("Sending…")
    tab.says("FedEx details sent to BigCommerce")
    assert len(tab.sent()) == 1


def test_back_and_forward_lead_through_the_pages(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.page.set_viewport_size({"width": 1100, "height": 700})
    tab.arrive()
    tab.app.get_by_role("link", name="Set up Zoom2U").scroll_into_view_if_needed()
    scrolled = tab.frame.evaluate("scrollY")
    tab.follow("Set up Zoom2U")
    tab.shows("Connect Zoom2U")
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


def drop(route: Route) -> None:
    route.abort("internetdisconnected")


def busy_proxy(route: Route) -> None:
    route.fulfill(status=429, content_type="text/html", body="<h1>429 Too Many Requests</h1>")


@pytest.mark.parametrize(
    "fate", [pytest.param(drop, id="no network"), pytest.param(busy_proxy, id="429 of a proxy")]
)
def test_without_an_answer_of_ours_the_form_stays(
    open_tab: OpenTab, fate: Callable[[Route], None]
) -> None:
    tab = at_the_form(open_tab("harbour1"))
    tab.page.route(re.compile("/carriers"), fate)

    tab.send()
    expect(tab.app.get_by_role("alert")).to_contain_text("We didn’t get an answer")
    tab.follow("Carriers")
    expect(tab.app.get_by_role("alert")).to_contain_text("We couldn’t load that page")

    tab.shows("Connect FedEx")
    keeps_what_was_typed(tab)
    tab.page.unroute_all()
    tab.send()
    tab.says("FedEx details sent to BigCommerce")
    assert len(tab.sent()) == 1


def test_an_error_of_ours_stands_above_the_form(open_tab: OpenTab, sites: Sites) -> None:
    tab = at_the_form(open_tab("harbour1"))
    with sqlite3.connect(sites.database) as tables:
        tables.execute("ALTER TABLE activity_entries RENAME TO lost")
    tables.close()

    tab.send()

    alert = tab.app.get_by_role("alert")
    expect(alert).to_contain_text("We can’t reach our records")
    expect(alert).to_contain_text("Reference:")
    expect(alert.get_by_role("link", name="Open activity")).to_be_visible()
    keeps_what_was_typed(tab)


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
def test_a_fault_of_bigcommerce_is_told_beside_the_form(
    open_tab: OpenTab, sites: Sites, fault: Fault, said: str
) -> None:
    tab = at_the_form(open_tab("harbour1"))
    sites.world.order(fault)

    tab.send()

    expect(tab.app.get_by_role("alert")).to_contain_text(said)
    expect(tab.app.get_by_role("alert")).to_be_focused()
    tab.shows("Connect FedEx")
    expect(tab.field("account_number")).to_have_value(TYPED["account_number"])


def test_logging_out_in_one_tab_blanks_the_app_in_every_tab(open_tab: OpenTab) -> None:
    first, second = open_tab("harbour1"), open_tab("elmfield2")
    for tab in (first, second):
        tab.to_front()
        tab.arrive()
        tab.follow("Set up FedEx")
        tab.fill(TYPED)

    second.press("Log out")

    for tab in (second, first):
        tab.to_front()
        tab.shows("Your session has ended")
        page = tab.frame.content()
        assert tab.frame.evaluate("[document.forms.length, history.state]") == [0, None]
        assert not re.search("FedEx|session-token|yourFedexKey", page)


def test_the_control_panel_is_told_addresses_without_secrets(
    open_tab: OpenTab, sites: Sites
) -> None:
    tab = open_tab("harbour1")
    told = tab.page.locator("#address")

    tab.install()
    expect(told).to_have_text(f"{sites.app}/carriers")
    tab.act_as("owner")
    tab.press("Open the app")
    expect(told).to_have_text(f"{sites.app}/carriers")
    tab.follow("Set up FedEx")

    expect(told).to_have_text(re.compile("/carriers/fedex$"))
    assert tab.frame.url.endswith("/carriers/fedex")


@pytest.mark.parametrize(
    "fate",
    [
        pytest.param(drop, id="blocked"),
        pytest.param(
            lambda route: route.fulfill(body="", content_type="text/javascript"), id="mute"
        ),
    ],
)
def test_the_app_works_without_the_app_sdk(
    open_tab: OpenTab, fate: Callable[[Route], None]
) -> None:
    tab = open_tab("harbour1")
    tab.page.route(re.compile("app-sdk"), fate)
    tab.arrive()

    tab.set_up("royalmail")

    assert len(tab.sent()) == 1
    expect(tab.page.locator("#address")).to_have_text("none")


@Request.application
def elsewhere(request: Request) -> Response:
    """A page of somebody else's with the app in a frame."""
    frame = f'<iframe name="app" src="{request.args["src"]}"></iframe>'
    return Response(frame, mimetype="text/html")


def test_a_page_that_is_not_the_control_panel_cannot_frame_the_app(
    browser: BrowserContext, sites: Sites, certificate: ssl.SSLContext
) -> None:
    page = browser.new_page()
    with serving(elsewhere, tls=certificate) as port:
        with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
            page.goto(f"https://elsewhere.test:{port}/?src={sites.app}/carriers")

        page.frames[1].wait_for_url("chrome-error://**")
    page.close()


def test_without_script_the_page_says_that_it_needs_it(
    browser: BrowserContext, sites: Sites
) -> None:
    person = sites.world.person("harbour1", "owner")
    page = browser.new_page()
    session = browser.new_cdp_session(page)
    session.send("Emulation.setScriptExecutionDisabled", {"value": True})
    query = urlencode(sites.world.install_query("harbour1", person))

    page.goto(f"{sites.app}/auth?{query}")

    expect(page.locator("noscript div")).to_be_visible()
    assert "This app needs JavaScript." in page.inner_text("body")
    assert page.locator("[data-action]:visible").count() == 0
    page.close()
