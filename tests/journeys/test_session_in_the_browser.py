"""The page's script: session, history, and the control panel around it."""

import re
import ssl
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Route, expect
from werkzeug.wrappers import Request, Response

from bcapp.session_token import LIFETIME, MAX_SESSION_LIFETIME
from sandbox.server import run_server
from tests.journeys.conftest import Sites
from tests.journeys.tab import Tab

OpenTab = Callable[[str], Tab]


def test_an_expired_session_keeps_the_form(
    open_tab: OpenTab,
) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    tab.travel(issued=LIFETIME)

    tab.send()

    expect(tab.app.get_by_role("alert")).to_be_focused()
    expect(tab.app.get_by_role("alert")).to_contain_text("Your session has ended")
    expect(tab.app.get_by_role("link", name="Go to My Apps")).to_have_attribute("target", "_top")
    expect(tab.app.locator(".message .button-primary")).to_have_count(0)
    tab.keeps_details()
    assert tab.sent() == []

    tab.arrive()
    tab.set_up("fedex")
    assert [verb for verb, _ in tab.sent()] == ["POST"]


def test_a_session_can_be_renewed_two_minutes_before_its_end(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.page.clock.install()
    tab.type_details()
    warning = tab.app.get_by_role("region", name="Session")

    tab.page.clock.run_for("57:50")
    expect(warning).to_be_hidden()
    tab.frame.evaluate("scrollTo(0, document.body.scrollHeight)")
    tab.page.clock.run_for("00:15")
    expect(warning).to_be_in_viewport()
    tab.button("Stay signed in").click()
    expect(warning).to_be_hidden()

    expect(tab.app.get_by_role("status").first).to_have_text("You stay signed in.")
    expect(tab.app.locator("main")).to_be_focused()
    tab.keeps_details()
    tab.page.clock.run_for("57:00")
    expect(warning).to_be_hidden()


def test_a_failed_renewal_keeps_the_form(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.page.clock.install()
    tab.type_details()
    tab.page.clock.run_for("58:05")
    tab.page.route("**/activity", lambda route: route.abort(), times=1)

    tab.button("Stay signed in").click()
    expect(tab.app.get_by_role("alert")).to_contain_text("We couldn’t keep you signed in")
    tab.keeps_details()

    tab.button("Stay signed in").click()
    expect(tab.app.get_by_role("status").first).to_have_text("You stay signed in.")
    expect(tab.app.get_by_role("alert")).to_have_count(0)
    tab.keeps_details()

    tab.page.clock.run_for("58:05")
    tab.travel(issued=LIFETIME)
    tab.button("Stay signed in").click()
    expect(tab.app.get_by_role("alert")).to_contain_text("Your session has ended")
    expect(tab.app.get_by_role("region", name="Session")).to_be_hidden()
    tab.keeps_details()


def test_answers_without_a_session_keep_the_expiry_warning(
    open_tab: OpenTab,
) -> None:
    tab = open_tab("harbour1")
    tab.page.clock.install()
    tab.type_details()
    with tab.page.expect_response("**/nowhere"):
        tab.frame.evaluate(
            "document.querySelector('.back').href = '/nowhere',"
            " document.querySelector('.back').click()"
        )
    expect(tab.app.get_by_role("alert")).to_contain_text("We can’t find that page")

    tab.page.clock.run_for("58:05")

    expect(tab.app.get_by_role("region", name="Session")).to_be_visible()
    tab.keeps_details()


def test_a_day_old_session_offers_no_renewal(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.page.clock.install()
    tab.type_details()
    warning = tab.app.get_by_role("region", name="Session")
    tab.page.clock.run_for("58:05")
    tab.travel(launched=MAX_SESSION_LIFETIME - timedelta(seconds=100))

    tab.button("Stay signed in").click()

    expect(warning).to_contain_text("Open the app again from My Apps to go on.")
    expect(warning.get_by_text("Your session is about to end.")).to_be_visible()
    expect(warning.get_by_text("two minutes")).to_be_hidden()
    expect(warning.get_by_role("button")).to_have_count(0)
    expect(tab.app.get_by_role("status").first).to_contain_text("A session lasts a day at most.")
    tab.keeps_details()


@pytest.mark.parametrize(
    "hinder",
    [
        pytest.param(lambda tab: tab.travel(issued=LIFETIME), id="asked"),
        pytest.param(
            lambda tab: tab.page.route(re.compile("/carriers"), lambda route: route.abort()),
            id="no network",
        ),
    ],
)
def test_the_page_announces_the_end_of_the_session(
    open_tab: OpenTab, hinder: Callable[[Tab], None]
) -> None:
    tab = open_tab("harbour1")
    tab.page.clock.install()
    tab.type_details()
    hinder(tab)

    tab.page.clock.run_for("01:00:01")

    expect(tab.app.get_by_role("alert")).to_contain_text("Your session has ended")
    expect(tab.app.get_by_role("region", name="Session")).to_be_hidden()
    tab.keeps_details()


def test_logging_out_in_one_tab_blanks_the_app_in_every_tab(open_tab: OpenTab) -> None:
    first, second = open_tab("harbour1"), open_tab("elmfield2")
    for tab in (first, second):
        tab.to_front()
        tab.type_details()

    second.press("Log out")

    for tab in (second, first):
        tab.to_front()
        tab.shows("Open this app again")
        page = tab.frame.content()
        assert tab.frame.evaluate("[document.forms.length, history.state]") == [0, None]
        assert not re.search("FedEx|session-token|yourFedexKey", page)


def test_log_out_blanks_the_page_even_if_the_reload_fails(open_tab: OpenTab) -> None:
    """Neither what was being asked nor what was being sent brings the session back."""
    tab = open_tab("harbour1")
    tab.page.clock.install()
    tab.type_details()
    asked: list[str | None] = []
    held: list[Route] = []

    def answer_nothing(route: Route) -> None:
        asked.append(route.request.headers.get("authorization"))
        route.fulfill(status=204)  # the browser stays where it is

    tab.page.route(re.compile("/carriers/fedex$"), answer_nothing)
    tab.page.route(re.compile("/carriers$"), lambda route: None)
    tab.page.route(re.compile("/connection$"), lambda route: held.append(route))
    with tab.page.expect_request(re.compile("/connection$")):
        tab.send()
    with tab.page.expect_request(re.compile("/carriers$")) as asked_before:
        tab.follow("Carriers")

    with tab.page.expect_event("requestfailed", lambda given: given == asked_before.value):
        tab.press("Log out")
    with tab.page.expect_response(re.compile("/connection$")) as sent:
        held[0].continue_()
    sent.value.finished()
    tab.frame.evaluate("() => fetch('/static/bcapp.css').then(style => style.text())")
    tab.page.clock.run_for("01:00:01")

    expect(tab.app.locator("html > *")).to_have_count(0)
    assert asked == [None]


def test_a_failed_launch_links_to_my_apps(open_tab: OpenTab) -> None:
    """Its page has no session, which is no fault of the merchant's connection."""
    tab = open_tab("harbour1")
    tab.arrive()
    tab.break_records("ALTER TABLE stores RENAME TO away")
    tab.press("Open the app")
    tab.shows("We can’t reach our records")
    tab.break_records("ALTER TABLE away RENAME TO stores")

    tab.follow("Open activity")

    tab.shows("Open this app again")


def test_going_back_to_the_panel_asks_to_open_the_app_again(
    open_tab: OpenTab,
) -> None:
    """The browser brings back the frame's last address, and nothing that could open it."""
    tab = open_tab("harbour1")
    tab.arrive()
    tab.page.goto(tab.panel)

    tab.page.go_back()

    tab.shows("Open this app again")
    tab.says("this page was reached without it")
    expect(tab.app.get_by_role("link", name="Go to My Apps")).to_be_visible()
    tab.press("Open the app")
    tab.shows("Carrier connections")


def test_the_path_reported_to_the_panel_holds_no_secret(open_tab: OpenTab, sites: Sites) -> None:
    tab = open_tab("harbour1")
    told = tab.page.locator("#app-url")

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
        pytest.param(lambda route: route.abort(), id="blocked"),
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
    expect(tab.page.locator("#app-url")).to_have_text("none")


@Request.application
def elsewhere(request: Request) -> Response:
    """A foreign page that frames the app."""
    frame = f'<iframe name="app" src="{request.args["src"]}"></iframe>'
    return Response(frame, mimetype="text/html")


def test_a_page_that_is_not_the_control_panel_cannot_frame_the_app(
    browser: BrowserContext, sites: Sites, certificate: ssl.SSLContext
) -> None:
    page = browser.new_page()
    with run_server(elsewhere, tls=certificate) as server:
        with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
            page.goto(f"https://elsewhere.test:{server.port}/?src={sites.app}/carriers")

        page.frames[1].wait_for_url("chrome-error://**")
    page.close()


def test_without_javascript_the_page_says_so(browser: BrowserContext, sites: Sites) -> None:
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
