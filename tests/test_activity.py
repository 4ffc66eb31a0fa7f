"""The activity log: every attempt, newest first, in pages; nothing that was typed."""

import pytest
from sqlalchemy.orm import Session

from bcapp import activity
from bcapp.models import Event, Store
from sandbox.faults import Fault
from tests.merchant import DETAILS, Browser, said


def test_everything_that_happened_is_listed_newest_first(merchant: Browser) -> None:
    merchant.send("zoom2u")
    merchant.send("zoom2u")
    merchant.world.order(Fault("connection", status=400, body='[{"message": "No origin"}]'))
    merchant.send("fedex")
    merchant.disconnect("zoom2u")
    merchant.another("staff").remove()
    merchant.another("staff").uninstall()

    page = said(merchant.get("/activity"))

    expected = [
        "Asked to remove the app; nothing changed",
        "User removed",
        "Asked to disconnect",
        "Sent account details Rejected No origin (400)",
        "Updated account details Sent Received (204)",
        "Sent account details Sent Received (204)",
        "Installed the app Done",
    ]
    positions = [page.find(words) for words in expected]
    assert -1 not in positions, expected[positions.index(-1)]
    assert positions == sorted(positions)


def test_nothing_typed_reaches_the_log(merchant: Browser) -> None:
    for carrier_id in DETAILS:
        merchant.send(carrier_id)

    page = merchant.get("/activity").text

    for details in DETAILS.values():
        for value in details.values():
            assert value not in page


def test_entries_come_in_pages(merchant: Browser, db: Session) -> None:
    store_id = db.query(Store.id).scalar()
    for number in range(activity.PAGE_SIZE):
        activity.record(db, store_id, f"person{number}@h.example", Event.USER_REMOVED)
    db.commit()

    first, second = merchant.get("/activity"), merchant.get("/activity?page=2")

    assert "1–20 of 21" in said(first)
    assert "person19@h.example" in said(first)
    assert "Installed the app" not in said(first)
    assert "21–21 of 21" in said(second)
    assert "Installed the app" in said(second)


@pytest.mark.parametrize(
    "page", ["0", "-1", "x", "", "1e3", "²", "7", "9" * 30, "0" * 8 + "1" + "9" * 5000]
)
def test_a_page_that_is_not_there_is_a_404(merchant: Browser, page: str) -> None:
    assert merchant.get(f"/activity?page={page}").status_code == 404


def test_activity_of_another_store_is_not_shown(merchant: Browser) -> None:
    other = merchant.another("owner", "elmfield2")
    other.install()
    other.send("royalmail")

    assert "Royal Mail" not in said(merchant.get("/activity"))
