"""What pages show of zones and of the store."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from bcapp.config import Config
from bcapp.factory import create_app
from bcapp.models import ActivityEntry, Event, ZoneRecord
from bcapp.outcomes import Outcome
from sandbox.faults import Fault
from sandbox.world import World
from tests.conftest import close
from tests.merchant import Browser, said
from tests.ops import Operator

AUSTRALIA, NEW_ZEALAND, TASMANIA, REST_OF_THE_WORLD = 1, 2, 3, 4

TURN_ON: dict[str, str | list[str]] = {
    "enabled": "true",
    "name": "Australia Post",
    "delivery_services": ["AUS_PARCEL_REGULAR"],
}
UNREADABLE = Fault("zones", status=500, times=None)
SYDNEY = ZoneInfo("Australia/Sydney")


def put_on(world: World, *zone_ids: int, **changes: Any) -> None:
    """Give Australia Post a method in these zones, as if set up in the control panel."""
    for zone_id in zone_ids:
        method = {
            "id": world.next_id(),
            "name": "Australia Post",
            "type": "auspost",
            "enabled": True,
            "settings": {"carrier_options": {"delivery_services": ["AUS_PARCEL_REGULAR"]}},
            "handling_fees": {"fixed_surcharge": "2"},
            "is_fallback": False,
            "channel_ids": [1, 3],
        }
        world.store("harbour1").methods[zone_id].append(method | changes)


def is_on(world: World, zone_id: int) -> bool:
    methods = world.store("harbour1").methods[zone_id]
    return any(method["enabled"] for method in methods if method["type"] == "auspost")


def listed(page: TestResponse) -> list[str]:
    """Return the ids of the carriers on the overview, in order."""
    return re.findall(r"<code>(\w+)</code>", page.text)


def offered_in(page: TestResponse, carrier_id: str = "auspost") -> str:
    """Return a carrier's cell in the column "Offered in"."""
    row = page.text.partition(f"<code>{carrier_id}</code>")[2].partition("</tr>")[0]
    cell = row.partition('class="cell-offered"')[2].partition("</td>")[0]
    (words,) = re.findall(r'<p class="cell-value[^"]*">(.*?)</p>', cell)
    return str(words)


def forms(page: TestResponse) -> list[int]:
    """Return the ids of the zones that contain their form."""
    return [int(n) for n in re.findall(r'action="/carriers/auspost/zones/(\d+)"', page.text)]


def links(page: TestResponse) -> list[int]:
    """Return the ids of the zones that are links."""
    return [int(n) for n in re.findall(r'href="/carriers/auspost\?zone=(\d+)"', page.text)]


def is_also_off_ticked(page: TestResponse) -> bool:
    (box,) = re.findall(r'<input[^>]* name="also_off"[^>]*>', page.text)
    return " checked" in box


def turned_off(db: Session) -> list[tuple[str | None, Outcome]]:
    """Return zone and outcome of every entry about turning off."""
    db.expire_all()
    of_zones = ActivityEntry.event == Event.ZONE_TURNED_OFF
    entries = db.scalars(select(ActivityEntry).where(of_zones))
    return sorted((entry.zone_name, entry.outcome) for entry in entries)


@pytest.fixture
def elsewhere(config: Config, merchant: Browser) -> Iterator[Browser]:
    """The same session in another process on the same database."""
    app = create_app(config)
    app.testing = True
    browser = Browser(app, merchant.world, merchant.store_hash, "owner")
    browser.token = merchant.token
    yield browser
    close(app)


def test_the_overview_counts_the_zones_in_which_shoppers_see_a_carrier(merchant: Browser) -> None:
    put_on(merchant.world, AUSTRALIA, TASMANIA)
    put_on(merchant.world, NEW_ZEALAND, enabled=False)
    put_on(merchant.world, REST_OF_THE_WORLD)  # that zone itself is off

    page = merchant.get("/carriers")

    assert offered_in(page) == "2 of 4 zones"
    assert offered_in(page, "fedex") == "No zones"


def test_a_store_with_one_zone_is_counted_in_the_singular(merchant: Browser) -> None:
    merchant.world.set_zones("harbour1", 1)
    put_on(merchant.world, AUSTRALIA)

    assert offered_in(merchant.get("/carriers")) == "1 of 1 zone"


@pytest.mark.parametrize("where", ["zones", "methods"])
def test_pages_work_while_zones_are_unavailable(merchant: Browser, where: Any) -> None:
    merchant.world.set_fault(Fault(where, status=500, times=None))

    overview, carrier = merchant.get("/carriers"), merchant.get("/carriers/auspost")

    assert (overview.status_code, carrier.status_code) == (200, 200)
    assert "We couldn’t read your zones BigCommerce answered with an error (500)." in said(overview)
    assert "We couldn’t read your zones BigCommerce answered with an error (500)." in said(carrier)
    assert {offered_in(overview, carrier_id) for carrier_id in listed(overview)} == {"Not known"}
    assert forms(carrier) == []


def test_zones_are_shown_again_once_available(merchant: Browser) -> None:
    put_on(merchant.world, AUSTRALIA)
    merchant.world.set_fault(UNREADABLE)
    merchant.get("/carriers")
    merchant.world.clear_faults()

    page = merchant.get("/carriers")

    assert "We couldn’t read your zones" not in said(page)
    assert offered_in(page) == "1 of 4 zones"


@pytest.mark.parametrize("path", ["/carriers", "/carriers/auspost", "/carriers/auspost/disconnect"])
@pytest.mark.parametrize("where", ["zones", "methods"])
def test_revoked_access_gets_its_own_page(merchant: Browser, where: Any, path: str) -> None:
    merchant.world.set_fault(Fault(where, status=401, times=None))

    response = merchant.get(path)

    assert response.status_code == 403
    assert "BigCommerce no longer lets this app in" in said(response)


def test_a_second_page_within_a_minute_asks_bigcommerce_nothing(merchant: Browser) -> None:
    merchant.get("/carriers")
    merchant.world.calls.clear()
    put_on(merchant.world, AUSTRALIA)

    overview, carrier = merchant.get("/carriers"), merchant.get("/carriers/auspost")

    assert offered_in(overview) == "No zones"
    assert "Australia Country zone, no services Off" in said(carrier)
    assert merchant.world.calls == []


@pytest.mark.parametrize("path", ["/carriers?refresh=1", "/carriers/fedex?refresh=1"])
def test_refresh_fetches_the_zones(merchant: Browser, path: str) -> None:
    merchant.get("/carriers")
    put_on(merchant.world, AUSTRALIA)

    merchant.get(path)

    assert offered_in(merchant.get("/carriers")) == "1 of 4 zones"


def test_a_save_refreshes_that_zone_only(merchant: Browser) -> None:
    merchant.get("/carriers")
    put_on(merchant.world, NEW_ZEALAND)
    merchant.world.calls.clear()

    merchant.post("/carriers/auspost/zones/1", TURN_ON)

    assert offered_in(merchant.get("/carriers")) == "1 of 4 zones"
    assert len(merchant.world.calls) <= 6
    assert offered_in(merchant.get("/carriers?refresh=1")) == "2 of 4 zones"


def test_a_save_without_an_answer_has_that_zone_fetched_again(merchant: Browser) -> None:
    merchant.get("/carriers")
    merchant.world.set_fault(Fault("methods", method="POST", status=500, execute_first=True))
    merchant.world.set_fault(Fault("methods", method="GET", kind="delay"))
    merchant.world.set_fault(Fault("methods", method="GET", status=500))

    response = merchant.post("/carriers/auspost/zones/1", TURN_ON)
    merchant.world.clear_faults()
    merchant.world.calls.clear()

    assert response.status_code == 502
    assert offered_in(merchant.get("/carriers")) == "1 of 4 zones"
    assert [call.path for call in merchant.world.calls] == [
        "/stores/harbour1/v2/shipping/zones/1/methods"
    ]


@pytest.mark.both_databases("writes")
def test_a_save_in_another_process_is_shown_here(merchant: Browser, elsewhere: Browser) -> None:
    before = merchant.get("/carriers")

    elsewhere.post("/carriers/auspost/zones/1", TURN_ON)

    assert offered_in(before) == "No zones"
    assert offered_in(merchant.get("/carriers")) == "1 of 4 zones"


@pytest.mark.both_databases("writes")
def test_the_snapshot_of_an_erased_store_is_never_shown(app: Flask, merchant: Browser) -> None:
    """SQLite gives its number to the next store."""
    merchant.get("/carriers")
    Operator(app).run("erase", "harbour1", "--even-installed", "--yes")
    merchant.world.set_zones("elmfield2", 1)
    other = merchant.another("owner", "elmfield2")
    other.install()

    assert offered_in(other.get("/carriers")) == "No zones"
    assert len(forms(other.get("/carriers/auspost"))) == 1


def test_old_snapshots_show_their_date(app: Flask, merchant: Browser, db: Session) -> None:
    read_today = merchant.get("/carriers/auspost")
    db.execute(update(ZoneRecord).values(read_at=datetime(2026, 3, 4, 1, 30, tzinfo=UTC)))
    db.commit()
    merchant.world.set_fault(Fault("api", status=500, times=None))

    response = merchant.post("/carriers/auspost/zones/1", TURN_ON)

    assert "Read from BigCommerce today at" in said(read_today)
    assert "Read from BigCommerce 4 Mar 2026, 12:30" in said(response)


def test_snapshots_are_separate_for_each_store(merchant: Browser) -> None:
    put_on(merchant.world, AUSTRALIA)
    merchant.get("/carriers")
    other = merchant.another("owner", "elmfield2")
    other.install()

    page = other.get("/carriers/auspost")

    assert "United Kingdom Country zone, no services Off" in said(page)


def test_a_store_without_zones_gets_a_hint(merchant: Browser) -> None:
    merchant.world.set_zones("harbour1", 0)

    page = merchant.get("/carriers/auspost")

    assert "No shipping zones yet Add a zone in BigCommerce under" in said(page)
    assert forms(page) == []
    assert offered_in(merchant.get("/carriers")) == "No zones"


@pytest.mark.parametrize(
    ("number", "query", "with_form", "as_link"),
    [
        pytest.param(1, "", [1], [], id="1"),
        pytest.param(4, "", [1, 2, 3, 4], [], id="4"),
        pytest.param(4, "?zone=3", [1, 2, 3, 4], [], id="4, one opened"),
        pytest.param(10, "", list(range(1, 11)), [], id="10"),
        pytest.param(11, "", [], list(range(1, 12)), id="11"),
        pytest.param(60, "", [], list(range(1, 61)), id="60"),
        pytest.param(60, "?zone=7", [7], [*range(1, 7), *range(8, 61)], id="60, one opened"),
        pytest.param(60, "?zone=x", [], list(range(1, 61)), id="60, nonsense opened"),
    ],
)
def test_with_many_zones_only_the_opened_one_has_a_form(
    merchant: Browser, number: int, query: str, with_form: list[int], as_link: list[int]
) -> None:
    merchant.world.set_zones("harbour1", number)

    page = merchant.get(f"/carriers/auspost{query}")

    assert page.status_code == 200
    assert forms(page) == with_form
    assert links(page) == as_link


def test_opening_an_unknown_zone_is_a_404(merchant: Browser) -> None:
    assert merchant.get("/carriers/auspost?zone=99").status_code == 404


def test_the_opened_zone_is_open(merchant: Browser) -> None:
    page = merchant.get("/carriers/auspost?zone=2").text

    (opened,) = re.findall(r"<details[^>]* open>.*?</form>", page, re.DOTALL)
    assert 'action="/carriers/auspost/zones/2"' in opened


def test_a_zone_that_is_off_says_so(merchant: Browser) -> None:
    put_on(merchant.world, REST_OF_THE_WORLD)

    page = said(merchant.get("/carriers/auspost"))

    assert "Rest of the world Global zone, turned off in BigCommerce Zone off" in page
    assert "This zone is turned off in BigCommerce, so shoppers there see no rates." in page


def test_names_and_codes_are_escaped(merchant: Browser) -> None:
    zone_name, method_name, code = '<i>Zone</i> "&"', '"><b>Method</b>', "<u>CODE</u>"
    merchant.world.store("harbour1").name = "<s>Store</s>"
    merchant.world.store("harbour1").zones[0]["name"] = zone_name
    options = {"carrier_options": {"delivery_services": [code]}}
    put_on(merchant.world, AUSTRALIA, name=method_name, settings=options)
    merchant.send("auspost")

    pages = [
        merchant.install(),
        merchant.get("/carriers/auspost?zone=1"),
        merchant.get("/carriers/auspost/disconnect"),
        merchant.post("/carriers/auspost/zones/1", TURN_ON | {"name": ""}),
        merchant.post("/carriers/auspost/zones/1", TURN_ON),
        merchant.get("/activity"),
    ]

    for page in pages:
        assert not re.search(r"<[isub]>", page.text)
    welcome, carrier, confirm, refused, rejected, activity = map(said, pages)
    assert "Installed on <s>Store</s>" in welcome
    assert zone_name in carrier
    assert code in carrier
    assert 'value="&#34;&gt;&lt;b&gt;Method&lt;/b&gt;"' in pages[1].text
    assert zone_name in confirm
    assert f"{zone_name} was not saved" in refused
    assert f"{zone_name} was not saved" in rejected
    assert f"Changed services in {zone_name}" in activity


@pytest.mark.parametrize("path", ["/", "/carriers/auspost", "/carriers/canadapost"])
def test_a_launch_does_not_wait_for_bigcommerce(merchant: Browser, path: str) -> None:
    response = merchant.open(url=path)

    assert response.status_code == 200
    assert merchant.world.calls == []
    assert "data-pending" in response.text
    assert "Reading your zones from BigCommerce…" in said(response)
    assert "We couldn’t read your zones" not in said(response)


def test_a_launch_shows_a_fresh_snapshot(merchant: Browser) -> None:
    put_on(merchant.world, AUSTRALIA)
    merchant.get("/carriers")

    response = merchant.open()

    assert offered_in(response) == "1 of 4 zones"
    assert "data-pending" not in response.text


def test_the_confirm_page_names_the_zones_where_a_carrier_is_on(merchant: Browser) -> None:
    put_on(merchant.world, AUSTRALIA, TASMANIA, REST_OF_THE_WORLD)
    put_on(merchant.world, NEW_ZEALAND, enabled=False)

    page = said(merchant.get("/carriers/auspost/disconnect"))

    assert (
        "Australia Post is on in 2 zones Shoppers in Australia and Tasmania and remote may stop "
        "seeing its rates." in page
    )
    assert "Also turn Australia Post off in these zones" in page
    assert "New Zealand" not in page


def test_the_confirm_page_says_when_a_carrier_is_off_everywhere(merchant: Browser) -> None:
    page = merchant.get("/carriers/auspost/disconnect")

    assert "Australia Post is not on in any zone." in said(page)
    assert "also_off" not in page.text


def test_the_confirm_page_says_when_zones_could_not_be_checked(merchant: Browser) -> None:
    merchant.world.set_fault(UNREADABLE)

    page = merchant.get("/carriers/auspost/disconnect")

    assert page.status_code == 200
    assert "We couldn’t check your zones" in said(page)
    assert "also_off" not in page.text


def test_a_disconnect_alone_leaves_the_zones_as_they_are(merchant: Browser, db: Session) -> None:
    put_on(merchant.world, AUSTRALIA)
    merchant.send("auspost")

    response = merchant.disconnect("auspost")

    assert response.status_code == 303
    assert is_on(merchant.world, AUSTRALIA)
    assert turned_off(db) == []


@pytest.mark.both_databases("writes")
def test_a_disconnect_turns_the_carrier_off_where_it_was_on(merchant: Browser, db: Session) -> None:
    world = merchant.world
    put_on(world, AUSTRALIA, TASMANIA)
    put_on(world, NEW_ZEALAND, enabled=False)
    merchant.send("auspost")
    world.calls.clear()

    response = merchant.post("/carriers/auspost/disconnect", {"also_off": "true"})

    assert response.status_code == 303
    disconnected, *writes = [call for call in world.calls if call.method != "GET"]
    assert (disconnected.method, disconnected.body) == ("DELETE", {"carrier_id": "auspost"})
    assert sorted((call.method, call.path.partition("/zones/")[2]) for call in writes) == [
        ("PUT", f"1/methods/{world.store('harbour1').methods[1][-1]['id']}"),
        ("PUT", f"3/methods/{world.store('harbour1').methods[3][-1]['id']}"),
    ]
    off = {
        "name": "Australia Post",
        "type": "auspost",
        "enabled": False,
        "settings": {"carrier_options": {"delivery_services": ["AUS_PARCEL_REGULAR"]}},
        "handling_fees": {"fixed_surcharge": "2"},
        "is_fallback": False,
        "channel_ids": [1, 3],
    }
    assert [call.body for call in writes] == [off, off]
    assert turned_off(db) == [
        ("Australia", Outcome.CONFIRMED),
        ("Tasmania and remote", Outcome.CONFIRMED),
    ]
    assert "Disconnect sent to BigCommerce" in said(merchant.get(response.headers["Location"]))


def test_a_failed_zone_does_not_hide_the_others(merchant: Browser, db: Session) -> None:
    put_on(merchant.world, AUSTRALIA, NEW_ZEALAND, TASMANIA)
    merchant.send("auspost")
    merchant.world.set_fault(Fault("methods", method="PUT", status=500))

    response = merchant.post("/carriers/auspost/disconnect", {"also_off": "true"})

    assert response.status_code == 502
    # The zones are written at the same time, so any of them may be the one that meets the fault.
    names = {AUSTRALIA: "Australia", NEW_ZEALAND: "New Zealand", TASMANIA: "Tasmania and remote"}
    ((failed, name),) = [
        (zone, name) for zone, name in names.items() if is_on(merchant.world, zone)
    ]
    page = said(response)
    assert "Disconnect sent, but not every zone was turned off" in page
    assert f"{name}: Australia Post may or may not be changed in {name}." in page
    for zone in names.keys() - {failed}:
        assert f"{names[zone]}: BigCommerce confirmed that it is off." in page
    # The zones that were on before are no news, and there is nothing left to disconnect.
    assert "may stop seeing its rates" not in page
    assert "<form" not in response.text
    assert turned_off(db) == sorted(
        (names[zone], Outcome.NO_ANSWER if zone == failed else Outcome.CONFIRMED) for zone in names
    )
    assert "auspost" not in merchant.world.store("harbour1").connections


@pytest.mark.parametrize(("answered", "status"), [(400, 422), (500, 502)])
@pytest.mark.parametrize(("sent", "is_ticked"), [({"also_off": "true"}, True), ({}, False)])
def test_a_failed_disconnect_keeps_its_choices(
    merchant: Browser, answered: int, status: int, sent: dict[str, str], is_ticked: bool
) -> None:
    put_on(merchant.world, AUSTRALIA)
    merchant.send("auspost")
    shown = merchant.get("/carriers/auspost/disconnect")
    merchant.world.set_fault(Fault("connection", status=answered))

    refused = merchant.post("/carriers/auspost/disconnect", sent | {"zone_id": "1"})

    assert refused.status_code == status
    assert is_also_off_ticked(shown)
    assert is_also_off_ticked(refused) == is_ticked
    assert '<input type="hidden" name="zone_id" value="1">' in refused.text
    assert "data-typed" in refused.text
    assert "data-typed" not in shown.text


def test_unavailable_zones_are_reported_after_the_disconnect(
    merchant: Browser, db: Session
) -> None:
    put_on(merchant.world, AUSTRALIA)
    merchant.send("auspost")
    merchant.world.set_fault(UNREADABLE)

    response = merchant.post("/carriers/auspost/disconnect", {"also_off": "true"})

    assert response.status_code == 502
    assert "We couldn’t read your zones, so nothing was turned off in them." in said(response)
    assert "auspost" not in merchant.world.store("harbour1").connections
    assert turned_off(db) == []


@pytest.mark.both_databases("writes")
def test_the_store_name_is_shown_after_the_install(browser: Browser) -> None:
    assert "Installed on Harbour & Pine Supply" in said(browser.install())


@pytest.mark.both_databases("writes")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault("store", status=500), id="500"),
        pytest.param(Fault("store", status=401), id="401"),
        pytest.param(Fault("store", status=429), id="429"),
        pytest.param(Fault("store", status=200, body="[]"), id="a list"),
        pytest.param(Fault("store", kind="reset", times=2), id="no answer, asked twice"),
    ],
)
def test_store_information_is_fetched_with_the_zones_if_missing(
    browser: Browser, fault: Fault
) -> None:
    browser.world.set_fault(fault)

    installed = browser.install()
    before = said(browser.get("/activity"))
    browser.get("/carriers")
    after = said(browser.get("/activity"))

    assert installed.status_code == 200
    assert "Installed on harbour1" in said(installed)
    assert "Times are in UTC." in before
    assert "Times are in your store’s time zone, Australia/Sydney." in after


def test_zones_are_shown_even_when_store_information_still_fails(browser: Browser) -> None:
    browser.world.set_fault(Fault("store", status=500, times=None))
    browser.install()

    page = browser.get("/carriers")

    assert offered_in(page) == "No zones"


def test_store_information_is_not_fetched_every_time(merchant: Browser) -> None:
    merchant.get("/carriers")
    merchant.get("/carriers?refresh=1")

    assert merchant.world.calls_to("/shipping/zones")
    assert merchant.world.calls_to("/store") == []


@pytest.mark.parametrize(
    ("timezone", "shown"),
    [
        pytest.param("Australia/Sydney", "16 Jan 2026, 00:30", id="Australia/Sydney"),
        pytest.param("Europe/London", "15 Jan 2026, 13:30", id="Europe/London"),
        pytest.param("Moon/Tranquility", "15 Jan 2026, 13:30", id="unknown"),
        pytest.param("Australia", "15 Jan 2026, 13:30", id="a folder of zones"),
        pytest.param("../../etc/passwd", "15 Jan 2026, 13:30", id="a path"),
        pytest.param("x\x00y", "15 Jan 2026, 13:30", id="NUL"),
        pytest.param("", "15 Jan 2026, 13:30", id="none"),
    ],
)
def test_times_use_the_stores_time_zone_or_utc(
    browser: Browser, db: Session, timezone: str, shown: str
) -> None:
    browser.world.store("harbour1").timezone = timezone
    browser.install()
    db.execute(update(ActivityEntry).values(at=datetime(2026, 1, 15, 13, 30, tzinfo=UTC)))
    db.commit()

    page = browser.get("/activity?period=all")

    assert page.status_code == 200
    assert f'<time datetime="2026-01-15T13:30:00+00:00">{shown}</time>' in page.text


@pytest.mark.both_databases("types")
def test_the_snapshot_time_uses_the_stores_time_zone(merchant: Browser) -> None:
    page = merchant.get("/carriers").text

    ((utc, clock),) = re.findall(r'<time datetime="([^"]+)">today at (\d\d:\d\d)</time>', page)
    sydney = datetime.fromisoformat(utc).astimezone(SYDNEY)
    assert f"{sydney:%H:%M}" == clock


@pytest.mark.parametrize(
    ("store_hash", "first"),
    [
        pytest.param("harbour1", ["auspost", "zoom2u"], id="Australia"),
        pytest.param("elmfield2", ["royalmail", "fedex"], id="United Kingdom"),
    ],
)
def test_the_stores_country_sorts_the_carriers(
    browser: Browser, store_hash: str, first: list[str]
) -> None:
    owner = browser.another("owner", store_hash)
    owner.install()

    carriers = listed(owner.get("/carriers"))

    assert carriers[:2] == first
    assert sorted(carriers) == [
        "auspost",
        "canadapost",
        "endicia",
        "fedex",
        "royalmail",
        "upsready",
        "zoom2u",
    ]
