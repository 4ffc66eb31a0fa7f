"""The main journeys in Chromium, through the control panel's cross-site frame."""

import sqlite3
from collections.abc import Callable

from playwright.sync_api import Locator, expect

from sandbox.faults import Fault
from tests.journeys.conftest import Sites
from tests.journeys.tab import Tab
from tests.reference import DETAILS, REFERENCE_BODIES

KEY_MISSING = '[{"status":400,"message":"Required fields missing [key]"}]'


def test_the_main_job_from_install_to_uninstall(
    open_tab: Callable[[str], Tab], sites: Sites
) -> None:
    first = open_tab("harbour1")
    first.install()
    first.follow("Skip for now")

    for carrier_id in DETAILS:
        first.set_up(carrier_id)

    assert first.sent() == [("POST", REFERENCE_BODIES[carrier_id]) for carrier_id in DETAILS]

    first.follow("Manage FedEx")
    first.follow("Update details")
    first.shows("Update FedEx details")
    first.fill(DETAILS["fedex"] | {"account_number": "0042"})
    first.send()
    first.says("New FedEx details sent to BigCommerce")
    assert first.sent()[-1][0] == "PUT"

    first.follow("Carriers")
    first.follow("Manage Zoom2U")
    first.follow("Disconnect")
    first.shows("Disconnect Zoom2U?")
    first.button("Disconnect Zoom2U").click()
    first.says("Disconnect sent to BigCommerce")
    assert first.sent()[-1] == ("DELETE", {"carrier_id": "zoom2u"})

    first.press("Give access to sam")
    staff = open_tab("harbour1")
    staff.act_as("staff")
    staff.press("Open the app")
    staff.shows("Carrier connections")
    first.to_front()
    first.press("Remove sam")
    expect(
        first.page.get_by_text("User removed. Response to the remove_user callback: 204.")
    ).to_be_visible()
    staff.to_front()
    staff.follow("Activity")
    staff.shows("You no longer have access to this app")

    first.to_front()
    first.press("Uninstall")
    expect(first.page.get_by_text("uninstall callback: 204")).to_be_visible()
    first.follow("Carriers")
    first.shows("This app isn’t installed on your store")
    with sqlite3.connect(sites.database) as tables:
        rows = dict(tables.execute("SELECT store_hash, sealed_access_token FROM stores"))
    tables.close()
    assert rows["harbour1"] is None


def test_two_tabs_work_on_their_own_stores(
    open_tab: Callable[[str], Tab],
) -> None:
    tabs = [open_tab("harbour1"), open_tab("elmfield2")]
    for tab in tabs:
        tab.to_front()
        tab.arrive()
        tab.follow("Set up FedEx")
        tab.fill(DETAILS["fedex"] | {"key": f"key of {tab.store_hash}"})

    for tab in tabs:
        tab.to_front()
        tab.send()
        tab.says("FedEx details sent to BigCommerce")
    for tab, carrier_id in zip(tabs, ("royalmail", "zoom2u"), strict=True):
        tab.to_front()
        tab.follow("Carriers")
        tab.set_up(carrier_id)

    for tab, carrier_id in zip(tabs, ("royalmail", "zoom2u"), strict=True):
        fedex = REFERENCE_BODIES["fedex"]["connection"] | {"key": f"key of {tab.store_hash}"}
        assert tab.sent() == [
            ("POST", {"carrier_id": "fedex", "connection": fedex}),
            ("POST", REFERENCE_BODIES[carrier_id]),
        ]


def test_an_error_is_shown_at_the_field_and_focuses_the_summary(
    open_tab: Callable[[str], Tab], sites: Sites
) -> None:
    tab = open_tab("elmfield2")
    tab.arrive()
    tab.follow("Set up FedEx")
    tab.fill(DETAILS["fedex"])
    sites.world.set_fault(Fault("connection", status=400, body=KEY_MISSING))

    tab.send()

    tab.says("Key: BigCommerce says it is missing")
    tab.says("BigCommerce received no key.")
    expect(tab.app.get_by_role("alert")).to_be_focused()
    expect(tab.field("key")).to_have_value("")
    expect(tab.field("account_number")).to_have_value("yourFedexAccountNumber")


def test_everything_works_with_the_keyboard(open_tab: Callable[[str], Tab]) -> None:
    tab = open_tab("harbour1")
    keyboard = tab.page.keyboard
    tab.page.get_by_role("button", name="Install", exact=True).press("Enter")
    tab.shows("Welcome to Carrier connections")

    tab.walk_to("Skip to content")
    keyboard.press("Enter")
    expect(tab.app.get_by_role("main")).to_be_focused()
    tab.walk_to("auspost")
    keyboard.press("Space")
    tab.walk_to("Continue")
    keyboard.press("Enter")
    tab.shows("Connect Australia Post")
    tab.walk_to("auth_key")
    keyboard.type("typed by hand")
    tab.walk_to("test_mode")
    keyboard.press("Space")
    tab.walk_to("Send to BigCommerce")
    keyboard.press("Enter")
    tab.says("Australia Post details sent to BigCommerce")
    tab.walk_to("Australia")
    keyboard.press("Enter")
    tab.walk_to("enabled")
    keyboard.press("Space")
    tab.walk_to("AUS_PARCEL_REGULAR")
    keyboard.press("Space")
    tab.walk_to("Save Australia")
    keyboard.press("Enter")
    tab.says("BigCommerce confirmed that Australia Post is on with 1 delivery service.")

    details = {"auth_key": "typed by hand", "test_mode": True}
    assert tab.sent() == [("POST", {"carrier_id": "auspost", "connection": details})]
    assert tab.method_writes() == [("POST", True, ["AUS_PARCEL_REGULAR"])]


def test_update_disconnect_and_activity_work_with_the_keyboard(
    open_tab: Callable[[str], Tab],
) -> None:
    tab = open_tab("harbour1")
    keyboard = tab.page.keyboard
    tab.arrive()
    tab.set_up("endicia")

    def press(name: str) -> None:
        tab.walk_to(name)
        keyboard.press("Enter")

    press("Manage")
    tab.shows("USPS via Endicia")
    press("Update details")
    tab.shows("Update USPS via Endicia details")
    for name, value in DETAILS["endicia"].items():
        tab.walk_to(name)
        keyboard.type(value)
    press("Send to BigCommerce")
    tab.says("New USPS via Endicia details sent to BigCommerce")
    press("Disconnect")
    tab.shows("Disconnect USPS via Endicia?")
    press("Disconnect USPS via Endicia")
    tab.says("Disconnect sent to BigCommerce")
    assert [method for method, _ in tab.sent()] == ["POST", "PUT", "DELETE"]

    press("Carriers")
    tab.shows("Carrier connections")
    press("Activity")
    expect(tab.app.get_by_role("row")).to_have_count(5)
    tab.walk_to("carrier")
    keyboard.type("USPS")
    press("Apply")
    expect(tab.app.get_by_role("row")).to_have_count(4)


def test_setting_rows_can_be_added_changed_and_removed(open_tab: Callable[[str], Tab]) -> None:
    tab = open_tab("harbour1")
    tab.arrive()
    tab.follow("Add custom carrier")
    tab.app.get_by_label("Carrier ID").fill("33")
    tab.app.get_by_label("Name", exact=False).nth(0).fill("Parcel Lane")

    def row(number: int) -> Locator:
        return tab.app.get_by_role("group", name=f"Setting {number}", exact=True)

    def write(number: int, name: str, kind: str, value: str) -> None:
        row(number).get_by_label("Setting name").fill(name)
        row(number).get_by_label("Value").fill(value)
        row(number).get_by_label("Type").select_option(kind)

    tab.button("Add setting").click()
    tab.button("Add setting").click()
    expect(row(4).get_by_label("Setting name")).to_be_focused()
    write(1, "api_key", "secret", "s3cret")
    expect(row(1).get_by_label("Value")).to_have_attribute("type", "password")
    row(1).get_by_role("button", name="Show value").click()
    expect(row(1).get_by_label("Value")).to_have_attribute("type", "text")
    write(2, "unwanted", "text", "x")
    write(3, "depots", "list", "north")
    row(4).get_by_label("Setting name").fill("insured")
    row(4).get_by_label("Type").select_option("boolean")
    row(4).get_by_label("Value").select_option("false")
    tab.button("Remove setting 2").click()
    expect(row(3).get_by_label("Setting name")).to_be_focused()
    tab.send()

    tab.says("Parcel Lane details sent to BigCommerce")
    settings = {"api_key": "s3cret", "depots": ["north"], "insured": False}
    assert tab.sent() == [("POST", {"carrier_id": "carrier_33", "connection": settings})]
