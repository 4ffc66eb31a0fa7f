"""Page states in which something goes wrong: error pages, and errors above a form."""

import re
from collections.abc import Iterator
from datetime import timedelta

from playwright.sync_api import expect

from bcapp.session_token import MAX_SESSION_LIFETIME
from sandbox.faults import Fault
from tests.journeys.tab import Tab
from tests.reference import DETAILS


def whole_pages(tab: Tab) -> Iterator[str]:
    tab.arrive()
    tab.go("/nowhere")
    tab.shows("We can’t find that page")
    yield "page not found"
    tab.world.set_fault(Fault("zones", status=403))
    tab.go("/carriers?refresh=1")
    tab.shows("BigCommerce no longer lets this app in")
    yield "access revoked"
    tab.go("/carriers/royalmail/connection")
    tab.world.set_fault(Fault("connection", status=401))
    tab.send()
    tab.says("BigCommerce no longer lets this app in")
    yield "access revoked, above a form"


def locked_out(tab: Tab) -> Iterator[str]:
    tab.arrive()
    tab.go("/carriers/auspost/zones/1")
    tab.shows("That page can’t be opened like this")
    yield "wrong method"
    tab.page.route("**/activity", lambda route: route.continue_(headers={"authorization": "x"}))
    tab.go("/activity")
    tab.shows("Your session has ended")
    yield "session ended"
    tab.page.unroute_all()
    tab.arrive()
    tab.break_records("UPDATE activity_entries SET event = 'nonsense'")
    tab.go("/activity")
    tab.shows("Something went wrong on our side")
    yield "broken"
    tab.break_records("UPDATE store_users SET removed_at = added_at")
    tab.go("/carriers")
    tab.shows("You no longer have access to this app")
    yield "access removed"
    tab.break_records("UPDATE store_users SET removed_at = NULL")
    tab.press("Uninstall")
    expect(tab.page.get_by_text("uninstall callback: 204")).to_be_visible()
    tab.go("/carriers")
    tab.shows("This app isn’t installed on your store")
    yield "not installed"


def above_a_form(tab: Tab) -> Iterator[str]:
    tab.type_details()
    tab.break_records("ALTER TABLE activity_entries RENAME TO lost")
    tab.send()
    tab.says("We can’t reach our records")
    yield "form, records away"
    tab.break_records("ALTER TABLE lost RENAME TO activity_entries")
    tab.break_records("UPDATE activity_entries SET event = 'nonsense'")
    tab.follow("Open activity")
    tab.says("Something went wrong on our side")
    yield "form, broken"
    tab.page.route("**/carriers", lambda route: route.abort())
    tab.follow("Carriers")
    tab.says("We couldn’t load that page")
    yield "form, page lost"


def ending(tab: Tab) -> Iterator[str]:
    """The last minutes of a session."""
    tab.page.clock.install()
    tab.type_details()
    tab.page.clock.run_for("58:05")
    tab.says("Your session ends in two minutes.")
    yield "session about to end"
    tab.page.route("**/activity", lambda route: route.abort(), times=1)
    tab.button("Stay signed in").click()
    tab.says("We couldn’t keep you signed in")
    yield "session not prolonged, above a form"
    tab.travel(launched=MAX_SESSION_LIFETIME - timedelta(seconds=100))
    tab.go("/carriers/fedex")
    tab.says("Your session is about to end.")
    yield "session about to end for good"
    tab.fill(DETAILS["fedex"])
    tab.page.route(re.compile("/carriers"), lambda route: route.abort())
    tab.page.clock.run_for("02:00")
    tab.says("cannot be sent from this page")
    yield "session ended, without network"
    tab.page.unroute_all()
    tab.page.route("**/carriers", lambda route: route.continue_(headers={"authorization": "x"}))
    tab.follow("Carriers")
    tab.says("Anything you typed since then was not saved.")
    yield "session ended, above a form"
    tab.page.unroute_all()
    tab.press("Log out")
    tab.shows("Open this app again")
    yield "opened without a session"
