"""Walk through every page and every state of it; each yield is a state to check."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from playwright.sync_api import Route, expect

from sandbox.faults import Fault
from tests.journeys.error_states import above_a_form, ending, locked_out, whole_pages
from tests.journeys.tab import Tab
from tests.reference import DETAILS
from tests.test_zones import MADE_ELSEWHERE

Walk = Callable[[Tab], Iterator[str]]

KEY_MISSING = '[{"status":400,"message":"Required fields missing [key]"}]'
NOT_OURS = '[{"status":400,"message":"The request could not be understood"}]'


def welcome(tab: Tab) -> Iterator[str]:
    tab.install()
    yield "welcome"
    tab.app.get_by_label("FedEx").check()
    yield "welcome, a carrier chosen"
    tab.follow("Skip for now")
    tab.says("Nothing is set up yet")
    yield "carriers, nothing set up"
    tab.follow("Activity")
    tab.says("Installed the app")
    yield "activity, one entry"
    tab.press("Uninstall")
    tab.install()
    yield "welcome back"


def sending(tab: Tab) -> Iterator[str]:
    tab.arrive()
    tab.follow("Set up FedEx")
    yield "form, empty"
    tab.send()
    tab.says("Nothing was sent.")
    yield "form, our check failed"
    for name, fault in {
        "refused, field known": Fault("connection", status=400, body=KEY_MISSING),
        "refused, field unknown": Fault("connection", status=400, body=NOT_OURS),
        "too many requests": Fault("connection", status=429),
        "no answer": Fault("connection", status=500),
    }.items():
        tab.fill(DETAILS["fedex"])
        tab.world.set_fault(fault)
        tab.send()
        expect(tab.app.get_by_role("alert")).to_be_focused()
        yield f"form, {name}"
    held: list[Route] = []
    tab.page.route("**/connection", lambda route: held.append(route))
    tab.send()
    expect(tab.app.locator("[aria-disabled=true]")).to_be_visible()
    yield "form, busy"
    held[0].abort()
    tab.says("We didn’t get an answer")
    yield "form, no network"
    tab.page.unroute_all()
    tab.go("/carriers/royalmail/connection")
    yield "form, no details"
    tab.send()
    tab.says("Royal Mail details sent to BigCommerce")
    yield "carrier, just sent"
    tab.go("/carriers/royalmail/connection")
    yield "form, update"


def custom(tab: Tab) -> Iterator[str]:
    tab.arrive()
    tab.follow("Add custom carrier")
    yield "custom carrier, empty"
    tab.button("Add setting").click()
    row = tab.app.get_by_role("group", name="Setting 3")
    row.get_by_label("Type").select_option("list")
    yield "custom carrier, a row more"
    rows = [("api_key", "secret", "s3cret"), ("api_key", "text", "x"), ("depots", "list", "")]
    tab.post("/carriers", custom_form("33", "Parcel Lane", rows))
    tab.says("Setting api_key is listed twice.")
    yield "custom carrier, our check failed"
    tab.post("/carriers", custom_form("33", "Parcel Lane", [("api_key", "secret", "")]))
    tab.says("Enter a value for api_key.")
    yield "custom carrier, setting without value"
    for name, fault in {
        "refused": Fault("connection", status=400, body=NOT_OURS),
        "too many requests": Fault("connection", status=429),
    }.items():
        tab.world.set_fault(fault)
        tab.post("/carriers", custom_form("33", "Parcel Lane", rows[:1]))
        expect(tab.app.get_by_role("alert")).to_be_focused()
        yield f"custom carrier, {name}"
    tab.post("/carriers", custom_form("33", "Parcel Lane", rows[:1]))
    tab.says("Parcel Lane details sent to BigCommerce")
    yield "custom carrier, sent"
    tab.open_zone("Australia")
    yield "custom carrier, options of a zone"
    tab.post("/carriers", custom_form("33", "Parcel Lane", rows[:1]))
    tab.says("carrier_33 is listed already.")
    yield "custom carrier, ID taken"


def carrier(tab: Tab) -> Iterator[str]:
    tab.arrive()
    tab.set_up("auspost")
    tab.follow("Manage Australia Post")
    yield "carrier, sent"
    tab.open_zone("Australia")
    yield "carrier, a zone open"
    tab.tick("Australia", "Offer Australia Post in this zone")
    tab.save("Australia")
    tab.says("Choose at least one delivery service")
    yield "zone, our check failed"
    tab.tick("Australia", "Parcel Post")
    tab.save("Australia")
    tab.says("BigCommerce confirmed that Australia Post is on")
    yield "zone, saved"
    tab.follow("Disconnect")
    tab.shows("Disconnect Australia Post?")
    yield "disconnect, on in a zone"
    tab.world.store(tab.store_hash).zones[0]["enabled"] = False
    tab.go("/carriers/auspost?refresh=1")
    tab.says("Zone off")
    yield "carrier, zone off"
    tab.world.set_fault(Fault("connection", status=400, body=NOT_OURS))
    tab.post("/carriers/auspost/connection", DETAILS["auspost"])
    expect(tab.app.get_by_role("alert")).to_be_focused()
    yield "form, update refused"
    tab.go("/carriers/auspost")
    tab.says("BigCommerce refused the details")
    yield "carrier, rejected after a success"
    tab.world.set_fault(Fault("connection", status=500))
    tab.post("/carriers/auspost/connection", DETAILS["auspost"])
    tab.go("/carriers/auspost")
    tab.says("Your details may or may not have arrived.")
    yield "carrier, no answer"
    tab.go("/carriers")
    tab.says("No answer")
    yield "carriers, mixed"
    tab.world.set_fault(Fault("connection", status=400, body=NOT_OURS))
    tab.post("/carriers/auspost/disconnect", {})
    expect(tab.app.get_by_role("alert")).to_be_focused()
    yield "disconnect, refused"
    tab.post("/carriers/auspost/disconnect", {})
    tab.says("Disconnect sent to BigCommerce")
    yield "carrier, disconnect sent"
    tab.go("/carriers/fedex?refresh=1")
    tab.open_zone("Australia")
    tab.zone("Australia").get_by_text("More options").click()
    yield "carrier, more options"


def zones(tab: Tab) -> Iterator[str]:
    tab.world.set_fault(Fault("zones", status=500, times=None))
    tab.arrive()
    tab.set_up("auspost")
    tab.go("/carriers?refresh=1")
    tab.says("We couldn’t read your zones")
    yield "carriers, zones unreadable"
    tab.go("/carriers/auspost?refresh=1")
    tab.says("We couldn’t read your zones")
    yield "carrier, zones unreadable"
    tab.go("/carriers/auspost/disconnect")
    tab.says("We couldn’t check your zones")
    yield "disconnect, zones unreadable"
    tab.world.clear_faults()
    tab.world.set_zones(tab.store_hash, 0)
    tab.go("/carriers/auspost?refresh=1")
    tab.says("No shipping zones yet")
    yield "carrier, no zones"
    tab.go("/carriers/auspost/disconnect")
    yield "disconnect, on in none"
    tab.world.set_zones(tab.store_hash, 60)
    tab.go("/carriers/auspost?refresh=1")
    yield "carrier, sixty zones"
    for _ in range(2):
        for carrier_id in DETAILS:
            tab.post(f"/carriers/{carrier_id}/connection", DETAILS[carrier_id])
            tab.post(f"/carriers/{carrier_id}/disconnect", {})
    tab.go("/activity")
    yield "activity, first page"
    tab.go("/activity?page=2")
    yield "activity, second page"


def reading(tab: Tab) -> Iterator[str]:
    tab.install()
    tab.page.route("**/carriers/zones", lambda route: None)
    tab.press("Open the app")
    tab.says("Reading your zones from BigCommerce…")
    yield "carriers, zones being read"


def found(tab: Tab) -> Iterator[str]:
    """What was set up elsewhere, or is missing."""
    tab.arrive()
    tab.go("/activity?result=rejected")
    tab.says("Nothing matches these filters")
    yield "activity, none for this filter"
    for carrier_id in ("canadapost", "upsready"):
        tab.go(f"/carriers/{carrier_id}")
        tab.open_zone("Australia")
        yield f"{carrier_id}, a zone open"
    tab.world.store(tab.store_hash).methods[1].append(dict(MADE_ELSEWHERE))
    tab.go("/carriers/auspost?refresh=1&zone=1")
    tab.says("This was set up in BigCommerce, not here.")
    tab.says("AUS_SOMETHING_NEW")
    yield "carrier, set up elsewhere with a service we do not know"


def languages(tab: Tab) -> Iterator[str]:
    """Pages in the other languages, whose words are longer; reached by URL."""
    tab.arrive()
    tab.post("/carriers/auspost/connection", DETAILS["auspost"])
    people = tab.world.store(tab.store_hash).people
    for language in ("es", "fr", "de"):
        people[0] = replace(people[0], locale=language)
        tab.press("Open the app")
        expect(tab.app.locator(f"html[lang={language}]")).to_have_count(1)
        tab.frame.wait_for_url("**/carriers")
        tab.press("Install again")
        expect(tab.app.get_by_role("radio")).not_to_have_count(0)
        tab.frame.wait_for_url("**/carriers")
        yield f"{language}, welcome"
        for path in ("/carriers", "/carriers/auspost?zone=1", "/activity"):
            tab.go(path)
            yield f"{language}, {path}"
        tab.post("/carriers/fedex/connection", {})
        yield f"{language}, our check failed"


def long_words(tab: Tab) -> Iterator[str]:
    """Names without spaces, from merchants, carriers and BigCommerce."""
    store = tab.world.store(tab.store_hash)
    store.people[0] = replace(store.people[0], email=f"{'owner' * 12}@{'harbour' * 8}.example")
    store.zones[0]["name"] = "Donaudampfschifffahrtszone" * 4
    tab.act_as("owner")
    tab.arrive()
    tab.post("/carriers/auspost/connection", DETAILS["auspost"])
    quoted = f'[{{"status":400,"message":"{"unbroken" * 12}"}}]'
    tab.world.set_fault(Fault("connection", status=400, body=quoted))
    tab.post("/carriers/fedex/connection", DETAILS["fedex"])
    yield "long words, refused"
    tab.post("/carriers", custom_form("33", "N" * 60, [("k" * 60, "text", "v" * 90)]))
    yield "long words, custom carrier"
    tab.go("/carriers/carrier_33/connection")
    yield "long words, its form"
    tab.post("/carriers/auspost/zones/1", {"enabled": "on", "name": "n" * 60})
    yield "long words, zone refused"
    services = {"delivery_services": "AUS_PARCEL_REGULAR"}
    tab.post("/carriers/auspost/zones/1", {"enabled": "on", "name": "n" * 60, **services})
    yield "long words, zone saved"
    for path in ("/carriers?refresh=1", "/activity", "/carriers/auspost/disconnect"):
        tab.go(path)
        yield f"long words, {path}"


WALKS: list[Walk] = [
    welcome,
    sending,
    custom,
    carrier,
    zones,
    reading,
    found,
    languages,
    long_words,
    whole_pages,
    locked_out,
    above_a_form,
    ending,
]


def custom_form(
    number: str, name: str, rows: list[tuple[str, str, str]]
) -> dict[str, str | tuple[str, ...]]:
    names, kinds, values = zip(*rows, strict=True)
    return {
        "number": number,
        "name": name,
        "setting_name": names,
        "setting_kind": kinds,
        "setting_value": values,
    }
