"""Take the screenshots for the documents: `make screenshots`."""

import io
import tempfile
from itertools import accumulate
from pathlib import Path

from PIL import Image

from bcapp.database import CHECKOUT
from sandbox.faults import Fault
from tests.certificates import server_tls
from tests.conftest import migrate
from tests.journeys.conftest import both_sites, chromium
from tests.journeys.page_states import KEY_MISSING, custom_form
from tests.journeys.tab import Tab
from tests.reference import DETAILS

FOLDER = CHECKOUT / "docs" / "screenshots"
WIDTH = 1100
CONTENT = "document.getElementById('page').offsetHeight"

# What has the focus: of which kind it is, and what of the page shows that; null at the end.
FOCUS = """() => {
  const on = document.activeElement;
  if (on === document.body || !document.hasFocus()) return null;
  const { x, y, width, height } = (on.closest(".card, .control") ?? on).getBoundingClientRect();
  return { kind: `${on.localName}.${on.className}.${on.type}`, box: [x, y, width, height] };
}"""
MARGIN = 8
WIDEST = 480


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        database = Path(made, "screenshots.sqlite3")
        migrate(f"sqlite:///{database}")
        with (
            chromium(Path(made, "profile")) as browser,
            both_sites(database, server_tls(Path(made))) as sites,
        ):
            take_all(Tab(browser.new_page(), sites.world, sites.panel, database, "harbour1"))


def take(tab: Tab, name: str) -> None:
    tab.resize(WIDTH)
    tab.resize(WIDTH, tab.frame.evaluate(CONTENT))
    tab.frame.evaluate("document.activeElement.blur()")
    tab.app.locator("h1").hover()  # or something else would look as if pointed at
    tab.page.locator("iframe[name=app]").screenshot(
        path=FOLDER / f"{name}.png", animations="disabled"
    )


def take_focus(tab: Tab) -> None:
    """Picture one of each kind of focusable element with the focus."""
    taken: dict[str, Image.Image] = {}
    for path in ("/carriers", "/carriers/auspost/connection", "/carriers/new", "/carriers/auspost"):
        tab.go(path)
        tab.focus_top()
        tab.page.keyboard.press("Tab")
        while (stop := tab.frame.evaluate(FOCUS)) is not None:
            if stop["kind"] not in taken:
                taken[stop["kind"]] = picture_of(tab, stop["box"])
            tab.page.keyboard.press("Tab")
    tops = [0, *accumulate(picture.height for picture in taken.values())]
    sheet = Image.new("RGB", (WIDEST, tops[-1]), "white")
    for picture, top in zip(taken.values(), tops, strict=False):
        sheet.paste(picture, (0, top))
    sheet.save(FOLDER / "focus.png")


def picture_of(tab: Tab, box: list[float]) -> Image.Image:
    frame = tab.page.locator("iframe[name=app]").bounding_box()
    assert frame is not None
    left, top, width, height = box
    clip = {
        "x": frame["x"] + max(0, left - MARGIN),
        "y": frame["y"] + max(0, top - MARGIN),
        "width": min(width + 2 * MARGIN, WIDEST),
        "height": height + 2 * MARGIN,
    }
    return Image.open(io.BytesIO(tab.page.screenshot(clip=clip, animations="disabled")))


def take_all(tab: Tab) -> None:
    tab.install()
    tab.app.get_by_label("FedEx").check()
    take(tab, "welcome")

    tab.follow("Skip for now")
    tab.set_up("auspost")
    tab.go("/carriers/auspost")
    tab.open_zone("Australia")
    tab.tick("Australia", "Offer Australia Post in this zone")
    for service in ("Parcel Post", "Express Post", "Courier Post"):
        tab.tick("Australia", service)
    tab.save("Australia")
    tab.says("BigCommerce confirmed")
    tab.go("/carriers/auspost")
    tab.open_zone("Australia")
    take(tab, "carrier")

    tab.world.set_fault(Fault("connection", status=400, body=KEY_MISSING))
    tab.go("/carriers/fedex/connection")
    tab.fill(DETAILS["fedex"])
    tab.send()
    tab.says("Key: BigCommerce says it is missing")
    take(tab, "form")

    settings = [("api_token", "secret", "s3cret"), ("account_key", "text", "HP-20931")]
    tab.post("/carriers", custom_form("33", "Parcel Lane", settings))
    tab.go("/carriers/carrier_33/connection")
    take(tab, "custom-carrier")

    tab.world.set_fault(Fault("connection", status=500))
    tab.post("/carriers/endicia/connection", DETAILS["endicia"])
    tab.post("/carriers/royalmail/connection", {})
    tab.post("/carriers/royalmail/disconnect", {})
    tab.go("/carriers")
    take(tab, "carriers")
    tab.go("/activity")
    take(tab, "activity")
    take_focus(tab)


if __name__ == "__main__":
    main()
