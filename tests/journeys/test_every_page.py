"""Every page in every state: accessible, no wider than its frame, focus visible."""

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlencode

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from flask import template_rendered
from jinja2 import Template
from playwright.sync_api import BrowserContext, Frame, Page

from tests.journeys.conftest import Sites
from tests.journeys.page_states import WALKS, Walk
from tests.journeys.tab import Tab

WIDTHS = (320, 360, 480, 559, 600, 719, 800, 899, 960, 1024, 1100, 1300)
NARROW_AND_WIDE = (320, 960)
LOOKED_AT = (600, 1100)

AXE = {"resultTypes": ["violations"]}

OVERHANG = "document.documentElement.scrollWidth - innerWidth"

# The frame tells the panel how far its page hangs over, as soon as it is as wide as it was asked.
ANSWER_WIDTHS = """() => {
  window.answersWidths ??= addEventListener("message", ({ data }) => {
    const answer = () => {
      if (innerWidth !== data.measuredAt) return addEventListener("resize", answer, { once: true });
      const overhang = document.documentElement.scrollWidth - innerWidth;
      parent.postMessage({ measuredAt: innerWidth, overhang }, "*");
    };
    if (data.measuredAt) answer();
  }) ?? true;
}"""
ASK_WIDTHS = """async (widths) => {
  const frame = document.querySelector("iframe[name=app]");
  const found = [];
  for (const width of widths) {
    const answered = new Promise((done) => {
      addEventListener("message", function listen({ data }) {
        if (data.measuredAt !== width) return;
        removeEventListener("message", listen);
        done(data.overhang);
      });
    });
    frame.style.width = `${width}px`;
    frame.contentWindow.postMessage({ measuredAt: width }, "*");
    found.push([width, await answered]);
  }
  return found;
}"""

# What shows where the focus is: the outline or halo of the element, or of the frame drawn round it.
# Says what is wrong with the stop, "" if nothing is, null at the end of the page.
STOP = """() => {
  const on = document.activeElement;
  if (on === document.body || !document.hasFocus()) return null;
  const rings = () =>
    [on, on.closest(".control"), on.closest(".card")].filter(Boolean).map((one) => {
      const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(one);
      return outlineStyle === "none" ? boxShadow : outlineWidth + outlineColor + boxShadow;
    });
  const { left, top, width, height } = on.getBoundingClientRect();
  const there = document.elementFromPoint(left + width / 2, top + height / 2);
  const isSeen = there && (on.contains(there) || there.contains(on));
  const focused = rings().join();
  on.blur();
  const isMarked = rings().join() !== focused;
  on.focus({ preventScroll: true });
  if (isSeen && isMarked) return "";
  return `${on.outerHTML.slice(0, 200)} ${isSeen ? "looks the same with the focus" : "is covered"}`;
}"""
MAX_STOPS = 150

UNWRAP = """() => {
  const told = document.querySelector("noscript");
  told.replaceWith(...told.childNodes);
}"""


def sideways(tab: Tab, widths: Sequence[int]) -> list[str]:
    tab.resize(WIDTHS[-1])
    tab.frame.evaluate(ANSWER_WIDTHS)
    found = tab.page.evaluate(ASK_WIDTHS, widths)
    return [f"{overhang} px too wide at {width}" for width, overhang in found if overhang > 0]


def inaccessible(tab: Tab, widths: Sequence[int]) -> list[str]:
    faults = []
    for width in widths:
        tab.resize(width)
        faults += [f"{fault} at {width}" for fault in violations(tab.frame)]
    return faults


def violations(page: Page | Frame) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("options => axe.run(options).then((told) => told.violations)", AXE)
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


def unseen_focus(tab: Tab) -> list[str]:
    tab.resize(800)
    tab.focus_top()
    faults = []
    for _ in range(MAX_STOPS):
        tab.page.keyboard.press("Tab")
        fault = tab.frame.evaluate(STOP)
        if fault is None:
            return faults
        faults += [fault] if fault else []
    return [*faults, "the focus never leaves the page"]


@pytest.fixture
def templates(sites: Sites) -> Iterator[list[str]]:
    """Collect the names of rendered templates, the latest last."""
    names: list[str] = []

    def note(_app: object, template: Template, **_: object) -> None:
        names.append(str(template.name))

    with template_rendered.connected_to(note, sites.watched.app):
        yield names


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
def test_every_page_state_is_accessible_and_fits_its_frame(
    open_tab: Callable[[str], Tab], templates: list[str], walk: Walk
) -> None:
    """All widths where a template or language is new to the walk, two in its other states."""
    tab = open_tab("harbour1")
    tab.page.emulate_media(reduced_motion="reduce")
    layouts: set[tuple[str, str]] = set()
    faults: dict[str, list[str]] = {}

    for state in walk(tab):
        layout = templates[-1], tab.frame.evaluate("document.documentElement.lang")
        is_new = layout not in layouts
        layouts.add(layout)
        faults[state] = [
            *sideways(tab, WIDTHS if is_new else NARROW_AND_WIDE),
            *inaccessible(tab, LOOKED_AT if is_new else LOOKED_AT[:1]),
            *unseen_focus(tab),
        ]

    assert {state: found for state, found in faults.items() if found} == {}


def without_frame(page: Page, sites: Sites) -> None:
    page.goto(f"{sites.app}/carriers")


def without_script(page: Page, sites: Sites) -> None:
    person = sites.world.person("harbour1", "owner")
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setScriptExecutionDisabled", {"value": True})
    page.goto(f"{sites.app}/auth?{urlencode(sites.world.install_query('harbour1', person))}")
    # axe is a script itself. What was parsed without one is still there, but not shown.
    session.send("Emulation.setScriptExecutionDisabled", {"value": False})
    page.evaluate(UNWRAP)


@pytest.mark.parametrize("way", [without_frame, without_script])
def test_pages_outside_the_frame_are_accessible_and_fit(
    browser: BrowserContext, sites: Sites, way: Callable[[Page, Sites], None]
) -> None:
    page = browser.new_page()
    way(page, sites)

    faults = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        faults += [f"{width}: too wide"] if page.evaluate(OVERHANG) > 0 else []
        faults += violations(page) if width in LOOKED_AT else []

    assert faults == []
    page.close()
