"""Input is never lost, and never mixed up with what BigCommerce returned."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Route, expect

from sandbox.faults import Fault
from tests.journeys.conftest import Sites
from tests.journeys.tab import Tab
from tests.reference import DETAILS

OpenTab = Callable[[str], Tab]

OPEN_AT = "address => { document.querySelector('iframe[name=app]').src = address; }"


def test_saving_one_form_keeps_the_input_of_another(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    for zone, name in {"Australia": "Air", "New Zealand": "By sea"}.items():
        tab.open_zone(zone)
        tab.zone(zone).get_by_label("Name shown to shoppers").fill(name)

    tab.tick("New Zealand", "Offer FedEx in this zone")
    tab.tick("New Zealand", "International Economy")
    tab.save("New Zealand")
    tab.says("New Zealand saved")
    tab.keeps_details()
    expect(tab.zone("Australia").get_by_label("Name shown to shoppers")).to_have_value("Air")
    tab.open_zone("Australia")
    tab.zone("Australia").get_by_role("link", name="Cancel").click()
    expect(tab.zone("Australia").get_by_label("Name shown to shoppers")).to_have_value("FedEx")
    tab.keeps_details()
    tab.send()

    tab.says("FedEx details sent to BigCommerce")
    assert [verb for verb, _ in tab.sent()] == ["POST"]


def test_refreshing_resets_a_zone_form(open_tab: OpenTab, sites: Sites) -> None:
    tab = open_tab("harbour1")
    tab.type_details()
    tab.open_zone("Australia")
    tab.tick("Australia", "Offer FedEx in this zone")
    tab.tick("Australia", "Priority Overnight")
    sites.world.set_fault(Fault("methods", method="POST", status=500))
    tab.save("Australia")
    tab.says("Refresh to see what BigCommerce has")
    tab.keeps_details()

    tab.follow("Refresh")

    tab.badge("Australia", "Off")
    expect(tab.app.get_by_role("alert")).to_have_count(0)
    tab.open_zone("Australia")
    expect(
        tab.zone("Australia").get_by_role("checkbox", name="Priority Overnight")
    ).not_to_be_checked()
    tab.keeps_details()


def open_before_its_zones(tab: Tab, sites: Sites) -> list[Route]:
    """Launch FedEx's page and hold the request for its zones."""
    tab.install()
    held: list[Route] = []
    tab.page.route(re.compile("/carriers/zones"), lambda route: held.append(route), times=1)
    person = sites.world.person("harbour1", "owner")
    payload = sites.world.signed_payload("harbour1", person, url="/carriers/fedex")
    with tab.page.expect_request(re.compile("/carriers/zones")):
        tab.page.evaluate(OPEN_AT, f"{sites.app}/load?signed_payload_jwt={payload}")
    return held


def test_missing_zones_do_not_disturb_typing(open_tab: OpenTab, sites: Sites) -> None:
    tab = open_tab("harbour1")
    late = open_before_its_zones(tab, sites)
    tab.field("account_number").press_sequentially("51")

    late[0].abort()

    tab.says("We couldn’t read your zones")
    tab.page.keyboard.type("0087143")
    expect(tab.field("account_number")).to_have_value("510087143")
    tab.follow("Try again")
    tab.open_zone("Australia")
    expect(tab.field("account_number")).to_have_value("510087143")


def type_beside_a_save(tab: Tab, typed: str, *services: str) -> tuple[Route, Locator]:
    """Hold the save of Australia while typing in New Zealand."""
    tab.arrive()
    tab.follow("Set up Australia Post")
    tab.open_zone("Australia")
    tab.offer("Australia", *services)
    held: list[Route] = []
    tab.page.route(re.compile("/zones/1$"), lambda route: held.append(route))
    with tab.page.expect_request(re.compile("/zones/1$")):
        tab.save("Australia")
    tab.open_zone("New Zealand")
    name = tab.zone("New Zealand").get_by_label("Name shown to shoppers")
    name.fill(typed)
    return held[0], name


def test_saving_one_zone_does_not_disturb_typing_in_another(
    open_tab: OpenTab,
) -> None:
    tab = open_tab("harbour1")
    save, name = type_beside_a_save(tab, "Pos", "Parcel Post")

    save.continue_()

    tab.says("Australia saved")
    tab.page.keyboard.type("tie")
    expect(name).to_have_value("Postie")


def test_a_rejected_zone_opens_while_another_is_edited(
    open_tab: OpenTab,
) -> None:
    tab = open_tab("harbour1")
    save, name = type_beside_a_save(tab, "Postie")

    save.continue_()

    expect(tab.app.get_by_role("alert")).to_be_focused()
    expect(tab.app.get_by_text("Choose at least one delivery service").first).to_be_visible()
    tab.open_zone("New Zealand")
    expect(name).to_have_value("Postie")


def test_a_newer_answer_replaces_all_errors(open_tab: OpenTab, sites: Sites) -> None:
    tab = open_tab("harbour1")
    tab.arrive()
    tab.follow("Set up FedEx")
    tab.send()
    expect(tab.app.locator("[aria-invalid]")).to_have_count(4)
    tab.fill(DETAILS["fedex"])
    tab.app.get_by_role("button", name="Show key", exact=True).click()
    sites.world.set_fault(Fault("connection", status=429))

    tab.send()

    tab.says("asked us to wait")
    expect(tab.app.locator("[aria-invalid], .error")).to_have_count(0)
    tab.keeps_details()
    expect(tab.field("key")).to_have_attribute("type", "password")
    tab.send()
    tab.says("FedEx details sent to BigCommerce")
    assert tab.sent()[-1] == tab.sent()[-2]


def test_secrets_stay_in_their_setting_rows(open_tab: OpenTab, sites: Sites) -> None:
    tab = open_tab("harbour1")
    tab.arrive()
    tab.follow("Add custom carrier")
    tab.app.get_by_label("Carrier ID").fill("33")
    tab.app.get_by_label("Name", exact=False).nth(0).fill("Parcel Lane")
    for _ in range(2):
        tab.button("Add setting").click()
    # The first row and the third are left blank.
    for number, name in {2: "api_key", 4: "pin"}.items():
        row = tab.app.get_by_role("group", name=f"Setting {number}", exact=True)
        row.get_by_label("Setting name").fill(name)
        row.get_by_label("Type").select_option("secret")
        row.get_by_label("Value").fill(f"secret of {name}")
    sites.world.set_fault(Fault("connection", status=400, body='[{"message": "no"}]'))

    tab.send()

    expect(tab.app.get_by_role("alert")).to_be_focused()
    tab.send()
    tab.says("Parcel Lane details sent to BigCommerce")
    settings = {"api_key": "secret of api_key", "pin": "secret of pin"}
    expected = {"carrier_id": "carrier_33", "connection": settings}
    assert tab.sent() == [("POST", expected), ("POST", expected)]


def test_a_lost_send_says_that_zones_are_no_longer_loaded(open_tab: OpenTab, sites: Sites) -> None:
    tab = open_tab("harbour1")
    open_before_its_zones(tab, sites)
    tab.fill(DETAILS["fedex"])
    tab.page.route("**/connection", lambda route: route.abort())

    tab.send()

    tab.says("We didn’t get an answer")
    tab.says("We couldn’t read your zones")


def test_an_error_instead_of_zones_keeps_the_input(open_tab: OpenTab, sites: Sites) -> None:
    tab = open_tab("harbour1")
    late = open_before_its_zones(tab, sites)
    tab.says("Reading your zones from BigCommerce…")
    tab.shows("Connect FedEx")
    tab.field("account_number").fill("0042")
    tab.break_records("ALTER TABLE activity_entries RENAME TO lost")

    late[0].continue_()

    expect(tab.app.get_by_role("alert")).to_contain_text("We can’t reach our records")
    expect(tab.field("account_number")).to_have_value("0042")
    expect(tab.app.locator("[aria-busy=true]")).to_have_count(0)


def test_a_setting_value_survives_switching_its_type(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.arrive()
    tab.follow("Add custom carrier")
    row = tab.app.get_by_role("group", name="Setting 1", exact=True)
    row.get_by_label("Value").fill("north")

    for kind in ("secret", "boolean", "list"):
        row.get_by_label("Type").press("ArrowDown")
        expect(row.get_by_label("Type")).to_have_value(kind)

    expect(row.get_by_label("Value")).to_have_value("north")


def test_a_slow_page_shows_that_it_is_loading(open_tab: OpenTab) -> None:
    tab = open_tab("harbour1")
    tab.arrive()
    held: list[Route] = []
    tab.page.route("**/activity", lambda route: held.append(route))
    tab.frame.evaluate("scrollTo(0, document.body.scrollHeight)")
    with tab.page.expect_request("**/activity"):
        tab.frame.evaluate("document.querySelector('a[href=\"/activity\"]').click()")

    expect(tab.app.get_by_text("Loading…")).to_be_in_viewport()
    held[0].continue_()

    tab.says("Installed the app")
    expect(tab.app.get_by_text("Loading…")).to_have_count(0)
