"""A session of one store with identifiers of another: nothing is shown, asked or changed."""

import copy
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from bcapp import activity
from bcapp.models import Base, Event, Store
from bcapp.views.session import EMBEDDED
from sandbox import sample_data
from sandbox.world import World
from tests.merchant import Browser, check_every_answer
from tests.reference import DETAILS

pytestmark = pytest.mark.both_databases("isolation")

# Both stores have a carrier_33, a zone 1 and a FedEx connection, each its own; carrier_88 and
# zone 7001 are the other store's alone.
SHARED_CARRIER, FOREIGN_CARRIER = "carrier_33", "carrier_88"
SHARED_ZONE, FOREIGN_ZONE = 1, 7001

# What an embedded address may name. A new parameter has to be added here, or the walk fails.
PARAMETERS: dict[str, tuple[str | int, ...]] = {
    "carrier_id": (FOREIGN_CARRIER, SHARED_CARRIER, "fedex"),
    "number": ("88", "33"),
    "zone_id": (FOREIGN_ZONE, SHARED_ZONE),
}
QUERIES: tuple[dict[str, str], ...] = (
    {},
    {"zone": str(FOREIGN_ZONE), "notice": "zone_saved"},
    {"choose": FOREIGN_CARRIER},
    {"page": "2"},
    {"carrier": FOREIGN_CARRIER, "period": "all"},
    {"refresh": "1"},
)
FORM: dict[str, str | list[str]] = {
    **DETAILS["fedex"],
    "also_off": "on",
    "carrier_id": FOREIGN_CARRIER,
    "enabled": "on",
    "name": "A name of our own",
    "number": "88",
    "setting_kind": ["text"],
    "setting_name": ["account"],
    "setting_value": ["1"],
    "delivery_services": ["FEDEX_GROUND"],
    "zone_id": str(FOREIGN_ZONE),
}
BOTH_WAYS = [
    pytest.param("harbour1", "elmfield2", id="first-looks-at-second"),
    pytest.param("elmfield2", "harbour1", id="second-looks-at-first"),
]


@dataclass(frozen=True)
class Answer:
    request: str
    status: int
    text: str


def name_of(what: str, browser: Browser) -> str:
    """Put the store hash into a name, so that a leak is easy to find."""
    return f"{what}-{browser.store_hash}"


def belongings(browser: Browser, db: Session) -> list[str]:
    """List the texts that only this store may see."""
    db.expire_all()
    store = browser.world.store(browser.store_hash)
    sealed = select(Store.sealed_access_token).where(Store.store_hash == browser.store_hash)
    owned = [
        browser.store_hash,
        store.name,
        store.access_token,
        browser.token,
        db.scalars(sealed).one(),
        *(person.email for person in store.people),
    ]
    return [text for text in owned if text]


def furnish(browser: Browser, db: Session) -> None:
    """Install, and create what the other store has too, under the same identifiers."""
    store = browser.world.store(browser.store_hash)
    store.name = name_of("Shop", browser)
    store.zones, store.methods = [], {}
    add_zone(browser, SHARED_ZONE)
    browser.install()
    browser.send("fedex", {name: name_of(name, browser) for name in DETAILS["fedex"]})
    add_custom(browser, SHARED_CARRIER, SHARED_ZONE)
    store_id = db.scalars(select(Store.id).where(Store.store_hash == browser.store_hash)).one()
    for _ in range(activity.PAGE_SIZE * 2):
        entry = activity.record(
            db, store_id, browser.person.email, Event.ZONE_CHANGED, carrier_id="fedex"
        )
        entry.zone_name = name_of("Zone", browser)
    db.commit()


def add_zone(browser: Browser, zone_id: int) -> None:
    store = browser.world.store(browser.store_hash)
    name = name_of(f"Zone{zone_id}", browser)
    store.zones.append(sample_data.zone(zone_id, name, "country", []))
    store.methods[zone_id] = []


def add_custom(browser: Browser, carrier_id: str, zone_id: int) -> None:
    """Add a custom carrier and turn it on in a zone."""
    browser.post(
        "/carriers",
        {
            "number": carrier_id,
            "name": name_of("Drays", browser),
            "setting_name": [name_of("setting", browser)],
            "setting_kind": ["text"],
            "setting_value": [name_of("value", browser)],
        },
    )
    method = {"enabled": "on", "name": name_of("Method", browser)}
    browser.post(f"/carriers/{carrier_id}/zones/{zone_id}", method)


def rows_of(db: Session, store_hash: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that belongs to a store."""
    db.expire_all()
    store_id = db.scalars(select(Store.id).where(Store.store_hash == store_hash)).one()
    rows = {}
    for table in Base.metadata.sorted_tables:
        owner = table.c.id if table.name == "stores" else table.c.store_id
        found = db.execute(select(table).where(owner == store_id).order_by(*table.primary_key))
        rows[table.name] = [tuple(row) for row in found]
    db.commit()
    return rows


def embedded_requests(app: Flask) -> list[tuple[str, str]]:
    """Yield every embedded route with every method and every identifier in every place.

    What adds a carrier comes last: afterwards the store has a carrier_88 of its own.
    """
    urls = app.url_map.bind("app.invalid")
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] not in EMBEDDED:
            continue
        names = sorted(rule.arguments)
        for values in product(*(PARAMETERS[name] for name in names)):
            path = urls.build(rule.endpoint, dict(zip(names, values, strict=True)))
            found += [(method, path) for method in sorted(rule.methods or ())]
    return sorted(found, key=lambda request: request == ("POST", "/carriers"))


def walk(browser: Browser, other: Browser) -> Iterator[Answer]:
    """Send every request as `browser`, naming `other`'s store wherever possible."""
    headers = with_session(browser, decoys(other)["headers"])
    client = actor(browser)
    for method, path in embedded_requests(browser.app):
        for query in QUERIES:
            response = client.open(
                path,
                method=method,
                query_string=query | {"store_hash": other.store_hash},
                data=FORM | {"store_hash": other.store_hash} if method == "POST" else None,
                headers=headers,
            )
            check_every_answer(response)
            yield Answer(f"{method} {path} {query}", response.status_code, everything(response))


def everything(response: TestResponse) -> str:
    return f"{response.headers}\n{response.text}"


def decoys(other: Browser) -> Mapping[str, Any]:
    """Name another store in every place that is not the session token."""
    named = {
        "store": other.store_hash,
        "store_hash": other.store_hash,
        "store_id": "2",
        "context": f"stores/{other.store_hash}",
        "sub": f"stores/{other.store_hash}",
        "user_id": str(other.person.id),
        "session_token": other.token or "",
        "signed_payload_jwt": other.payload(),
    }
    headers = {
        "X-Store-Hash": other.store_hash,
        "X-Auth-Token": other.world.store(other.store_hash).access_token or "",
        "X-Session-Token": other.token or "",
        "X-Forwarded-Host": f"store-{other.store_hash}.mybigcommerce.com",
        "X-Forwarded-User": other.person.email,
        "X-Original-URL": f"/stores/{other.store_hash}/carriers",
        "Origin": f"https://store-{other.store_hash}.mybigcommerce.com",
        "Referer": f"https://store-{other.store_hash}.mybigcommerce.com/manage",
        "Cookie": f"session={other.token}; store_hash={other.store_hash}",
    }
    return {"query": named, "form": named, "json": named, "headers": headers}


def actor(browser: Browser) -> FlaskClient:
    """A client that sends given headers, a cookie among them."""
    return browser.app.test_client(use_cookies=False)


def with_session(browser: Browser, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {browser.token}", **(extra or {})}


@pytest.fixture
def stores(request: pytest.FixtureRequest, app: Flask, world: World, db: Session) -> list[Browser]:
    """The owners of both stores, with equal data; one person is in both."""
    browsers = [Browser(app, world, store_hash, "owner") for store_hash in world.stores]
    for browser in browsers:
        furnish(browser, db)
    for browser, other in (browsers, browsers[::-1]):
        guest = browser.another("owner", other.store_hash)
        guest.person = browser.person
        guest.open()
    world.calls.clear()
    return browsers


def unequal(stores: Sequence[Browser], ours: str) -> tuple[Browser, Browser]:
    """The client, and the other store, which has one zone and one carrier more."""
    here, there = stores if stores[0].store_hash == ours else reversed(stores)
    add_zone(there, FOREIGN_ZONE)
    add_custom(there, FOREIGN_CARRIER, FOREIGN_ZONE)
    here.world.calls.clear()
    return here, there


@pytest.mark.parametrize(("ours", "theirs"), BOTH_WAYS)
def test_no_route_reaches_another_store(
    stores: list[Browser], db: Session, ours: str, theirs: str
) -> None:
    here, there = unequal(stores, ours)
    world, secrets = here.world, belongings(there, db)
    rows = rows_of(db, theirs)
    at_bigcommerce = copy.deepcopy(world.store(theirs))

    answers = list(walk(here, there))

    assert [(a.request, text) for a in answers for text in secrets if text in a.text] == []
    token = world.store(ours).access_token
    assert {(call.store_hash, call.headers["X-Auth-Token"]) for call in world.calls} == {
        (ours, token)
    }
    assert [call for call in world.calls for text in secrets if text in repr(call)] == []
    assert rows_of(db, theirs) == rows
    assert world.store(theirs) == at_bigcommerce
    # The walk was worth something: it was let in, it was redirected, it changed what is its own.
    assert {answer.status for answer in answers} >= {200, 303, 404, 422}
    assert {call.method for call in world.calls} == {"GET", "POST", "PUT", "DELETE"}


@pytest.mark.parametrize(("ours", "theirs"), BOTH_WAYS)
def test_resources_of_another_store_are_404(stores: list[Browser], ours: str, theirs: str) -> None:
    here, _there = unequal(stores, ours)
    foreign = [
        (method, path)
        for method, path in embedded_requests(here.app)
        if {FOREIGN_CARRIER, str(FOREIGN_ZONE)} & set(path.split("/")) and method in {"GET", "POST"}
    ]

    statuses = {
        (method, path): actor(here)
        .open(path, method=method, data=FORM, headers=with_session(here))
        .status_code
        for method, path in foreign
    }

    assert len(foreign) >= 6
    assert statuses == dict.fromkeys(foreign, 404)
    assert [call for call in here.world.calls if call.method != "GET"] == []


def test_activity_of_another_store_adds_no_pages(stores: list[Browser], db: Session) -> None:
    here, there = stores
    for _ in range(activity.PAGE_SIZE):
        there.send("royalmail")
    of_here = db.scalars(select(Store.id).where(Store.store_hash == here.store_hash)).one()
    total = activity.load_page(db, of_here, 1).total
    last = -(-total // activity.PAGE_SIZE)

    pages = [here.get(f"/activity?page={number}") for number in range(1, last + 2)]

    assert [page.status_code for page in pages] == [*([200] * last), 404]
    shown = "".join(page.text for page in pages)
    assert f"of {total}" in shown
    assert there.store_hash not in shown
    assert there.person.email not in shown


@pytest.mark.parametrize("place", ["query", "form", "json", "headers"])
def test_a_store_named_outside_the_session_is_ignored(stores: list[Browser], place: str) -> None:
    here, there = stores
    named = decoys(there)[place]
    options: dict[str, Any] = {
        "query": {"query_string": named},
        "form": {"data": named},
        "json": {"json": named},
        "headers": {},
    }[place]
    headers = with_session(here, named if place == "headers" else None)
    paths = [path for method, path in embedded_requests(here.app) if method == "GET"]

    for path in paths:
        plain = actor(here).get(path, headers=with_session(here))
        decoyed = actor(here).get(path, headers=headers, **options)

        assert decoyed.status_code == plain.status_code, path
        assert without_tokens(decoyed) == without_tokens(plain), path


def without_tokens(response: TestResponse) -> str:
    """Remove what is new in every response: session token and time."""
    text = re.sub(r'name="session-token" content="[^"]+"', "", response.text)
    return re.sub(r"<time.*?</time>", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", ["/load", "/uninstall", "/remove_user"])
def test_a_callback_is_about_the_store_of_its_payload_and_no_other(
    stores: list[Browser], db: Session, path: str
) -> None:
    here, there = stores
    named = decoys(there)
    before = rows_of(db, there.store_hash)
    query = named["query"] | {"signed_payload_jwt": here.payload()}

    response = actor(here).get(path, query_string=query, headers=named["headers"])

    assert response.status_code in {200, 204}
    assert [text for text in belongings(there, db) if text in everything(response)] == []
    assert rows_of(db, there.store_hash) == before
    assert {call.store_hash for call in here.world.calls} <= {here.store_hash}


def test_an_install_belongs_to_the_store_of_the_token_response(
    stores: list[Browser], db: Session
) -> None:
    """A code of one store, and the context of another."""
    here, there = stores
    before = rows_of(db, there.store_hash)

    response = here.install(context=f"stores/{there.store_hash}")

    assert response.status_code == 403
    assert [text for text in belongings(there, db) if text in everything(response)] == []
    assert rows_of(db, there.store_hash) == before
    assert there.get("/activity").status_code == 200


def test_concurrent_requests_of_two_stores_stay_separate(stores: list[Browser]) -> None:
    """They share the process's connection pool, its zone readers and its memory of zones."""
    turns, tabs = 5, [Browser(b.app, b.world, b.store_hash, "owner") for b in [*stores, *stores]]
    for tab in tabs:
        tab.open()
        tab.get("/carriers")  # one tab at a time fetches zones, the others show what is known
    barrier = threading.Barrier(len(tabs), timeout=30)
    shown: dict[str, list[str]] = {tab.store_hash: [] for tab in tabs}

    def ask(tab: Browser) -> None:
        for _ in range(turns):
            barrier.wait()
            shown[tab.store_hash].append(tab.get("/carriers/carrier_33?refresh=1").text)

    threads = [threading.Thread(target=ask, args=(tab,)) for tab in tabs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for store_hash, pages in shown.items():
        (other,) = set(shown) - {store_hash}
        assert len(pages) == turns * 2
        assert [page for page in pages if f"Zone1-{store_hash}" not in page or other in page] == []
