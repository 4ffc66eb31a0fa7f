"""Frames as small as a phone leaves them: sticky bars never cover the focus."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Sites
from tests.journeys.tab import MAX_STOPS, Tab

OpenTab = Callable[[str], Tab]

FRAMES = [(320, 256), (320, 360), (320, 568), (360, 640), (600, 500), (700, 500), (1100, 500)]

# What has the focus, where something else is drawn over all of it; "" where it is not, null once
# the focus has left the page.
BEHIND = """() => {
  const on = document.activeElement;
  if (on === document.body || !document.hasFocus()) return null;
  const { left, top, width, bottom } = on.getBoundingClientRect();
  const isSeenAt = (y) => {
    const there = document.elementFromPoint(left + width / 2, y);
    return there && (on.contains(there) || there.contains(on));
  };
  const isSeen = [top + 2, (top + bottom) / 2, bottom - 2].some(isSeenAt);
  return isSeen ? "" : on.id || on.textContent.trim();
}"""


def behind_bars(tab: Tab, start: str, key: str) -> list[str]:
    """List the elements that have the focus but are covered."""
    hidden = []
    tab.app.locator(start).focus()
    for _ in range(MAX_STOPS):
        tab.page.keyboard.press(key)
        name = tab.frame.evaluate(BEHIND)
        if name is None:
            return hidden
        hidden += [name] if name else []
    return [*hidden, "the focus never leaves the page"]


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_the_focused_element_is_never_covered(
    open_tab: OpenTab, sites: Sites, language: str
) -> None:
    tab = open_tab("harbour1")
    tab.page.clock.install()
    tab.page.emulate_media(reduced_motion="reduce")
    tab.arrive()
    people = sites.world.store("harbour1").people
    people[0] = replace(people[0], locale=language)
    with tab.page.expect_event("framenavigated"):
        tab.press("Open the app")
    expect(tab.app.locator(f"html[lang={language}]")).to_have_count(1)
    tab.frame.wait_for_url("**/carriers")

    faults = []
    for path in ("/carriers/fedex/connection", "/carriers/new"):
        tab.go(path)
        tab.page.clock.run_for("58:05")
        expect(tab.app.locator(".session-warning")).to_be_visible()
        for size in FRAMES:
            tab.resize(*size)
            for start, key in (("main", "Tab"), (".action-bar a", "Shift+Tab")):
                faults += [(path, size, key, name) for name in behind_bars(tab, start, key)]

    assert faults == []
