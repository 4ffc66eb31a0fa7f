"""Pictures of the main pages, for the papers: `make screenshots`."""

import tempfile
from pathlib import Path

from bcapp.database import CHECKOUT
from sandbox.faults import Fault
from tests.certificates import server_tls
from tests.conftest import migrate
from tests.journeys.conftest import both_sites, chromium
from tests.journeys.tab import Tab
from tests.journeys.walks import KEY_MISSING, custom_form
from tests.merchant import DETAILS

FOLDER = CHECKOUT / "docs" / "screenshots"
WIDTH = 1100
CONTENT = "document.getElementById('page').offsetHeight"


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

    tab.world.order(Fault("connection", status=400, body=KEY_MISSING))
    tab.go("/carriers/fedex/connection")
    tab.fill(DETAILS["fedex"])
    tab.send()
    tab.says("Key: BigCommerce says it is missing")
    take(tab, "form")

    settings = [("api_token", "secret", "s3cret"), ("account_key", "text", "HP-20931")]
    tab.post("/carriers", custom_form("33", "Parcel Lane", settings))
    tab.go("/carriers/carrier_33/connection")
    take(tab, "custom-carrier")

    tab.world.order(Fault("connection", status=500))
    tab.post("/carriers/endicia/connection", DETAILS["endicia"])
    tab.post("/carriers/royalmail/connection", {})
    tab.post("/carriers/royalmail/disconnect", {})
    tab.go("/carriers")
    take(tab, "carriers")
    tab.go("/activity")
    take(tab, "activity")


if __name__ == "__main__":
    main()
