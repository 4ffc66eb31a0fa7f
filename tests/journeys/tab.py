"""A browser tab with a store's control panel and the app in its frame."""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Frame, FrameLocator, Locator, Page, expect

from bcapp.session_token import SessionTokens
from sandbox.world import Call, World
from tests import make
from tests.reference import DETAILS

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

# What has the focus: a control by its name or, of several, its value; else by its words.
STOP = """() => {
  const on = document.activeElement;
  if (on === document.body) return "";
  if (["choose", "delivery_services"].includes(on.name)) return on.value;
  return on.name || on.innerText;
}"""
MAX_STOPS = 60

# The frame, of any size within the control panel's page, which else keeps it from being low.
RESIZE = """([width, height]) => {
  const frame = document.querySelector("iframe[name=app]");
  const size = `width: ${width}px; height: ${height}px; min-height: 0`;
  frame.style.cssText = `flex: none; border: 0; max-width: none; ${size}`;
}"""
HAS_SIZE = "([width, height]) => innerWidth === width && innerHeight === height"

# So that the next Tab leads to the first stop.
FOCUS_TOP = """() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}"""

TOKEN = "document.querySelector('meta[name=session-token]').content"

# Both leave the page's script to do it, and go with the page.
FOLLOW = """path => {
  const link = Object.assign(document.createElement("a"), { href: path, id: "shortcut" });
  document.getElementById("main").append(link);
  link.click();
}"""
SEND = """([path, fields]) => {
  const form = Object.assign(document.createElement("form"), { id: "shortcut" });
  form.setAttribute("method", "post");
  form.setAttribute("action", path);
  form.innerHTML = "<button><span class='face-busy'>Sending…</span></button>";
  for (const [name, value] of fields)
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  document.getElementById("main").append(form);
  form.querySelector("button").click();
}"""


class Tab:
    def __init__(
        self, page: Page, world: World, panel: str, database: Path, store_hash: str
    ) -> None:
        self.page = page
        self.world = world
        self.panel = panel
        self.database = database  # the app's
        self.store_hash = store_hash
        self.complaints: list[str] = []  # the browser's: faults of the script, broken policies
        self.addresses: list[str] = []  # of the frame, one after another
        page.on("console", lambda said: self._listen(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("framenavigated", lambda frame: self.addresses.append(frame.url))
        self.act_as("owner")

    def _listen(self, kind: str, text: str) -> None:
        # Chromium writes every answer of 400 and above to the console as well.
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.complaints.append(text)

    @property
    def app(self) -> FrameLocator:
        return self.page.frame_locator("iframe[name=app]")

    @property
    def frame(self) -> Frame:
        frame = self.page.frame("app")
        assert frame is not None
        return frame

    def act_as(self, role: str) -> None:
        self.page.goto(f"{self.panel}/stores/{self.store_hash}?as={role}")

    def to_front(self) -> None:
        """Bring this tab to the front: browsers render only the front tab."""
        self.page.bring_to_front()

    def press(self, name: str) -> None:
        """Press a button of the control panel."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def arrive(self) -> None:
        """Open the app, installing it if necessary, and be at Carriers."""
        if self.world.store(self.store_hash).access_token is None:
            self.install()
            self.follow("Skip for now")
        else:
            self.press("Open the app")
        self.shows("Carrier connections")
        self.frame.wait_for_url("**/carriers")  # the page's script is at work

    def install(self) -> None:
        self.press("Install")
        expect(self.app.get_by_role("heading", level=1)).to_have_text(re.compile("^Welcome"))

    def button(self, name: str) -> Locator:
        return self.app.get_by_role("button", name=name, exact=True)

    def follow(self, name: str) -> None:
        self.app.get_by_role("link", name=name, exact=True).click()

    def shows(self, heading: str) -> None:
        expect(self.app.get_by_role("heading", level=1)).to_have_text(heading)

    def says(self, words: str) -> None:
        expect(self.app.get_by_text(words).first).to_be_visible()

    def field(self, name: str) -> Locator:
        return self.app.get_by_label(re.compile(rf"^{LABELS[name]}\b"))

    def resize(self, width: int, height: int = 900) -> None:
        seen = self.page.viewport_size
        assert seen is not None
        size = {
            "width": max(seen["width"], width + 300),
            "height": max(seen["height"], height + 500),
        }
        if size != seen:
            self.page.set_viewport_size(size)
        self.page.evaluate(RESIZE, [width, height])
        self.frame.wait_for_function(HAS_SIZE, arg=[width, height])

    def go(self, path: str) -> None:
        """Follow a link to a page several steps away."""
        self.frame.evaluate(FOLLOW, path)
        expect(self.app.locator("#shortcut")).to_have_count(0)

    def post(self, path: str, form: Mapping[str, str | Sequence[str]]) -> None:
        """Submit a form without filling it in step by step."""
        fields = [
            (name, value)
            for name, given in form.items()
            for value in ([given] if isinstance(given, str) else given)
        ]
        self.frame.evaluate(SEND, [path, fields])
        expect(self.app.locator("#shortcut")).to_have_count(0)

    def fill(self, details: dict[str, str]) -> None:
        for name, value in details.items():
            self.field(name).fill(value)

    def type_details(self) -> None:
        """Fill in FedEx's form without sending it."""
        self.arrive()
        self.follow("Set up FedEx")
        self.fill(DETAILS["fedex"])

    def keeps_details(self) -> None:
        self.shows("Connect FedEx")
        for name, value in DETAILS["fedex"].items():
            expect(self.field(name)).to_have_value(value)

    def send(self) -> None:
        self.button("Send to BigCommerce").click()

    def set_up(self, carrier_id: str) -> None:
        self.follow(f"Set up {NAMES[carrier_id]}")
        self.shows(f"Connect {NAMES[carrier_id]}")
        self.fill(DETAILS[carrier_id])
        self.send()
        self.says(f"{NAMES[carrier_id]} details sent to BigCommerce")
        self.follow("Carriers")
        self.shows("Carrier connections")

    def focus_top(self) -> None:
        self.page.locator("iframe[name=app]").focus()
        self.frame.evaluate(FOCUS_TOP)

    def walk_to(self, name: str) -> None:
        """Press Tab until the focus is on the element with this text, name or value."""
        passed: list[str] = []
        while not any(said == name or said.startswith(f"{name}\n") for said in passed[-1:]):
            assert len(passed) < MAX_STOPS, f"no {name} among {passed}"
            self.page.keyboard.press("Tab")
            passed.append(self.frame.evaluate(STOP))

    def travel(self, *, launched: timedelta = timedelta(), issued: timedelta = timedelta()) -> None:
        """Make the session of the next request that much older."""
        tokens = SessionTokens(make.config().session_keys)
        now = datetime.now(UTC)
        session = tokens.verify(self.frame.evaluate(TOKEN), now)
        older = replace(session, launched_at=session.launched_at - launched)
        header = {"authorization": f"Bearer {tokens.issue(older, now - issued)}"}
        self.page.route(
            re.compile("/carriers|/activity"),
            lambda route: route.continue_(headers=route.request.headers | header),
            times=1,
        )

    def zone(self, name: str) -> Locator:
        return self.app.locator("details.zone").filter(has_text=re.compile(rf"^\s*{name}\b"))

    def open_zone(self, name: str) -> None:
        self.zone(name).locator("summary").first.click()

    def tick(self, zone: str, box: str, ticked: bool = True) -> None:
        boxes = self.zone(zone).get_by_role("checkbox", name=box, exact=True)
        boxes.set_checked(ticked)

    def offer(self, zone: str, *services: str) -> None:
        """Tick Australia Post in a zone, without saving."""
        for box in ("Offer Australia Post in this zone", *services):
            self.tick(zone, box)

    def save(self, zone: str) -> None:
        self.zone(zone).get_by_role("button", name=f"Save {zone}").click()

    def badge(self, zone: str, words: str) -> None:
        expect(self.zone(zone).locator("summary .badge")).to_have_text(words)

    def break_records(self, statement: str) -> None:
        """Change the app's database with SQL."""
        with sqlite3.connect(self.database) as tables:
            tables.execute(statement)
        tables.close()

    # What BigCommerce received from this store, oldest first

    def calls(self, where: str) -> list[Call]:
        return [
            call
            for call in self.world.calls
            if call.store_hash == self.store_hash and where in call.path
        ]

    def sent(self) -> list[tuple[str, object]]:
        return [(call.method, call.body) for call in self.calls("/connection")]

    def method_writes(self) -> list[tuple[str, bool, list[str]]]:
        """List verb, state and services of every write of a method."""
        return [
            (call.method, body["enabled"], body["settings"]["carrier_options"]["delivery_services"])
            for call in self.calls("/methods")
            if isinstance(body := call.body, dict)
        ]
