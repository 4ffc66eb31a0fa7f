"""The activity log: every attempt, newest first, paged, without any input."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from bcapp import activity
from bcapp.activity import Filters
from bcapp.models import ActivityEntry, Event, Store
from bcapp.outcomes import Outcome
from sandbox.faults import Fault
from tests.merchant import Browser, said
from tests.reference import DETAILS


@pytest.mark.both_databases("queries")
def test_everything_that_happened_is_listed_newest_first(merchant: Browser) -> None:
    merchant.send("zoom2u")
    merchant.send("zoom2u")
    merchant.world.set_fault(Fault("connection", status=400, body='[{"message": "No origin"}]'))
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


@pytest.mark.both_databases("queries")
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
def test_a_page_past_the_end_is_a_404(merchant: Browser, page: str) -> None:
    assert merchant.get(f"/activity?page={page}").status_code == 404


@pytest.fixture
def busy(merchant: Browser, db: Session) -> Browser:
    """A log with entries of all kinds; the Zoom2U send is forty days old."""
    merchant.send("zoom2u")
    db.execute(update(ActivityEntry).values(at=datetime.now(UTC) - timedelta(days=40)))
    db.commit()
    merchant.send("fedex")
    merchant.send("royalmail")
    merchant.world.set_fault(Fault("connection", status=400, body='[{"message": "No origin"}]'))
    merchant.send("fedex")
    merchant.post("/carriers", {"number": "33", "name": "Parcel Lane"})
    return merchant


def listed(page: TestResponse) -> list[str]:
    """Return the carrier of every line, in page order."""
    assert page.status_code == 200
    cells = re.findall(r'<td class="cell-carrier".*?</td>', page.text, re.DOTALL)
    return [re.findall(r">([^<>]+)</span>", cell)[-1] for cell in cells]


@pytest.mark.both_databases("queries")
@pytest.mark.parametrize(
    ("query", "carriers"),
    [
        ("", ["Parcel Lane", "FedEx", "Royal Mail", "FedEx"]),
        ("?carrier=&result=&period=", ["Parcel Lane", "FedEx", "Royal Mail", "FedEx"]),
        ("?period=all", ["Parcel Lane", "FedEx", "Royal Mail", "FedEx", "Zoom2U", "None"]),
        ("?period=90", ["Parcel Lane", "FedEx", "Royal Mail", "FedEx", "Zoom2U", "None"]),
        ("?period=7", ["Parcel Lane", "FedEx", "Royal Mail", "FedEx"]),
        ("?carrier=fedex", ["FedEx", "FedEx"]),
        ("?carrier=carrier_33", ["Parcel Lane"]),
        ("?carrier=zoom2u&period=all", ["Zoom2U"]),
        ("?result=rejected", ["FedEx"]),
        ("?result=sent", ["Parcel Lane", "Royal Mail", "FedEx"]),
        ("?result=sent&period=all&carrier=fedex", ["FedEx"]),
        ("?result=done&period=all", ["None"]),
    ],
)
def test_filters_limit_the_log(busy: Browser, query: str, carriers: list[str]) -> None:
    assert listed(busy.get(f"/activity{query}")) == carriers


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["All carriers", "All results", "Last 30 days"]),
        (
            "?carrier=carrier_33&result=no_answer&period=7",
            ["Parcel Lane", "No answer", "Last 7 days"],
        ),
        ("?carrier=canadapost&result=done&period=all", ["Canada Post", "Done", "All time"]),
    ],
)
def test_the_filters_show_their_current_values(busy: Browser, query: str, shown: list[str]) -> None:
    page = busy.get(f"/activity{query}").text

    assert re.findall(r"<option [^>]* selected>([^<]*)</option>", page) == shown


@pytest.mark.parametrize("query", ["?carrier=zoom2u", "?carrier=fedex&result=confirmed&period=all"])
def test_an_empty_result_says_so_and_links_to_clear_the_filters(busy: Browser, query: str) -> None:
    page = busy.get(f"/activity{query}")

    assert "Nothing matches these filters Clear filters" in said(page)
    (clear,) = re.findall(r'<a href="([^"]+)">Clear filters</a>', page.text)
    assert len(listed(busy.get(clear))) == 6


@pytest.mark.parametrize(
    "query",
    [
        "carrier=nobody",
        "carrier=carrier_34",
        "carrier=FedEx",
        "carrier=fedex%00",
        "carrier=" + "x" * 5000,
        "result=working",
        "result=SENT",
        "period=31",
        "period=-7",
        "period=9999999999",
        "carrier=fedex&page=2",
    ],
)
def test_an_unknown_filter_is_a_404(busy: Browser, query: str) -> None:
    assert busy.get(f"/activity?{query}").status_code == 404


@pytest.mark.both_databases("isolation")
def test_custom_carriers_of_other_stores_are_no_filters(busy: Browser) -> None:
    other = busy.another("owner", "elmfield2")
    other.install()

    assert "Parcel Lane" not in said(other.get("/activity"))
    assert other.get("/activity?carrier=carrier_33").status_code == 404


def test_filters_are_kept_from_page_to_page(merchant: Browser, db: Session) -> None:
    store_id = db.query(Store.id).scalar()
    for _ in range(activity.PAGE_SIZE * 2 + 1):
        about = {"carrier_id": "fedex", "carrier_name": "FedEx"}
        sent = Outcome.SENT
        activity.record(db, store_id, "a@h.example", Event.CONNECTION_SENT, sent, **about)
    db.commit()

    page = merchant.get("/activity?carrier=fedex&result=sent&period=90")
    while "Older activity" in page.text:
        seen = said(page)
        (older,) = re.findall(r'href="([^"]+)"(?:(?!href).)*Older activity', page.text, re.DOTALL)
        page = merchant.get(unescape(older))

    assert "21–40 of 41" in seen
    assert "41–41 of 41" in said(page)
    assert listed(page) == ["FedEx"]
    assert re.findall(r'value="(\w+)" selected', page.text) == ["fedex", "sent", "90"]


@pytest.mark.both_databases("queries")
@pytest.mark.own_database  # its planner statistics would stay
def test_a_filtered_page_uses_one_indexed_query(merchant: Browser, db: Session) -> None:
    store_id = db.query(Store.id).scalar()
    entry = {"store_id": store_id, "at": datetime.now(UTC), "who": "", "event": "connection:sent"}
    entry |= {"outcome": "sent", "detail": ""}
    rows = [entry | {"carrier_id": "fedex" if n % 500 else "zoom2u"} for n in range(10_000)]
    db.execute(ActivityEntry.__table__.insert(), rows)
    db.execute(text("ANALYZE"))
    db.commit()
    asked: list[tuple[str, Any]] = []

    def listen(_c: object, _cursor: object, statement: str, values: Any, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, values))

    event.listen(db.get_bind(), "before_cursor_execute", listen)
    page = activity.load_page(db, store_id, 1, Filters(carrier_id="zoom2u", outcome=Outcome.SENT))
    event.remove(db.get_bind(), "before_cursor_execute", listen)

    assert (page.total, len(page.entries)) == (20, 20)
    ((statement, values),) = asked
    explain = "EXPLAIN QUERY PLAN" if db.get_bind().dialect.name == "sqlite" else "EXPLAIN"
    plan = str(db.connection().exec_driver_sql(f"{explain} {statement}", values).all())
    assert plan.count("ix_activity_entries_carrier") == 2
    assert "SCAN activity_entries" not in plan
    assert "Seq Scan" not in plan


@pytest.mark.both_databases("isolation")
def test_activity_of_another_store_is_not_shown(merchant: Browser) -> None:
    other = merchant.another("owner", "elmfield2")
    other.install()
    other.send("royalmail")

    assert listed(merchant.get("/activity")) == ["None"]
