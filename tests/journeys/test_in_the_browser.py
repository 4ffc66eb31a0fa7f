"""A merchant's whole way, in Chromium, through the control panel's cross-site frame."""

import json
import re
import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from tests.journeys.conftest import Running
from tests.merchant import DETAILS
from tests.test_sending import REFERENCE_BODIES

NAMES = {
    "auspost": "Australia Post",
    "endicia": "USPS via Endicia",
    "fedex": "FedEx",
    "royalmail": "Royal Mail",
    "zoom2u": "Zoom2U",
}
LABELS = {
    "auth_key": "Authorization key",
    "account_id": "Account ID",
    "pass_phrase": "Passphrase",
    "key": "Key",
    "password": "Password",
    "account_number": "Account number",
    "meter_number": "Meter number",
}


class Tab:
    """One tab with a store's control panel; the app is in its frame."""

    def __init__(self, context: BrowserContext, running: Running, store_hash: str) -> None:
        self.running = running
        self.store_hash = store_hash
        self.page: Page = context.new_page()
        self.act_as("owner")

    @property
    def app(self) -> FrameLocator:
        return self.page.frame_locator("iframe[name=app]")

    @property
    def frame_address(self) -> str:
        return next(f.url for f in self.page.frames if f.url.startswith(self.running.app))

    def act_as(self, role: str) -> None:
        self.page.goto(f"{self.running.panel}/stores/{self.store_hash}?as={role}")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.app.get_by_role("link", name=name, exact=True).click()

    def shows(self, heading: str) -> None:
        expect(self.app.get_by_role("heading", level=1)).to_have_text(heading)

    def says(self, words: str) -> None:
        expect(self.app.get_by_text(words).first).to_be_visible()

    def fill(self, details: dict[str, str]) -> None:
        for name, value in details.items():
            self.app.get_by_label(re.compile(rf"^{LABELS[name]}\b")).fill(value)

    def send(self) -> None:
        self.app.get_by_role("button", name="Send to BigCommerce").click()

    def set_up(self, carrier_id: str) -> None:
        self.follow(f"Set up {NAMES[carrier_id]}")
        self.shows(f"Connect {NAMES[carrier_id]}")
        self.fill(DETAILS[carrier_id])
        self.send()
        self.says(f"{NAMES[carrier_id]} details sent to BigCommerce")
        self.follow("Carriers")
        self.shows("Carrier connections")

    def connection_calls(self) -> list[dict[str, object]]:
        """What BigCommerce received from this store, oldest first."""
        query = f"store={self.store_hash}&show=1"
        answer = self.page.request.get(f"{self.running.panel}/calls.json?{query}")
        calls = [c for c in answer.json()["calls"] if c["path"].endswith("/connection")]
        return sorted(calls, key=lambda call: int(call["number"]))


@pytest.fixture(scope="module")
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1300, "height": 1000})
    context.set_default_timeout(10_000)
    yield context
    context.close()


def body(call: dict[str, object]) -> object:
    sent = call["body"]
    return json.loads(sent) if isinstance(sent, str) else sent


def test_the_main_job_from_install_to_uninstall(context: BrowserContext, running: Running) -> None:
    first = Tab(context, running, "harbour1")
    first.press("Install")
    first.shows("Welcome to Carrier connections")
    assert "signed_payload_jwt" not in first.frame_address
    assert "code=" not in first.frame_address
    first.follow("Skip for now")

    for carrier_id in DETAILS:
        first.set_up(carrier_id)

    sent = {body(call)["carrier_id"]: body(call) for call in first.connection_calls()}  # type: ignore[index]
    assert sent == REFERENCE_BODIES
    assert {call["method"] for call in first.connection_calls()} == {"POST"}

    first.follow("Manage FedEx")
    first.follow("Update details")
    first.shows("Update FedEx details")
    first.fill(DETAILS["fedex"] | {"account_number": "0042"})
    first.send()
    first.says("New FedEx details sent to BigCommerce")
    assert first.connection_calls()[-1]["method"] == "PUT"

    second = Tab(context, running, "elmfield2")
    second.press("Install")
    second.follow("Skip for now")
    expect(second.app.get_by_role("link", name="Set up")).to_have_count(5)
    second.set_up("royalmail")
    first.follow("Carriers")
    expect(first.app.get_by_text("Sent", exact=True)).to_have_count(5)
    expect(second.app.get_by_text("Sent", exact=True)).to_have_count(1)

    first.follow("Manage Zoom2U")
    first.follow("Disconnect")
    first.shows("Disconnect Zoom2U?")
    first.app.get_by_role("button", name="Disconnect Zoom2U").click()
    first.says("Disconnect sent to BigCommerce")
    assert body(first.connection_calls()[-1]) == {"carrier_id": "zoom2u"}

    first.press("Give access to sam")
    staff = Tab(context, running, "harbour1")
    staff.act_as("staff")
    staff.press("Open the app")
    staff.shows("Carrier connections")
    first.press("Remove sam")
    expect(
        first.page.get_by_text("User removed. The app's remove_user callback: 204.")
    ).to_be_visible()
    staff.follow("Activity")
    staff.shows("You no longer have access to this app")

    first.press("Uninstall")
    expect(first.page.get_by_text("uninstall callback: 204")).to_be_visible()
    first.follow("Carriers")
    first.shows("This app isn’t installed on your store")
    with sqlite3.connect(running.database) as tables:
        rows = dict(tables.execute("SELECT store_hash, sealed_access_token FROM stores"))
    tables.close()
    assert rows["harbour1"] is None
    second.follow("Activity")
    second.says("Sent account details")


def test_a_refusal_is_shown_at_the_field_with_the_focus_on_the_summary(
    context: BrowserContext, running: Running
) -> None:
    tab = Tab(context, running, "elmfield2")
    tab.press("Install" if tab.page.get_by_text("Not installed").is_visible() else "Open the app")
    tab.app.get_by_role("heading", level=1).wait_for()
    tab.page.get_by_label("What").select_option("refused")
    tab.page.get_by_label("Where").select_option("connection")
    tab.press("Order")
    expect(tab.page.get_by_role("button", name="Clear all")).to_be_visible()
    tab.app.get_by_role("link", name="Carriers").or_(
        tab.app.get_by_role("link", name="Skip for now")
    ).first.click()
    tab.follow("Set up FedEx")
    tab.fill(DETAILS["fedex"])

    tab.send()

    tab.says("Key: BigCommerce says it is missing")
    tab.says("BigCommerce received no key.")
    expect(tab.app.get_by_role("alert")).to_be_focused()
    expect(tab.app.get_by_label(re.compile(r"^Key\b"))).to_have_value("")
    expect(tab.app.get_by_label("Account number")).to_have_value("yourFedexAccountNumber")


def test_no_cookie_is_ever_set(context: BrowserContext, running: Running) -> None:
    tab = Tab(context, running, "elmfield2")
    tab.press("Open the app")
    tab.shows("Carrier connections")
    tab.follow("Activity")
    tab.says("Installed the app")

    assert context.cookies() == []
