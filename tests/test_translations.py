"""Catalogs are complete, honest and current, and every text on every page is translatable."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from bcapp.carriers.catalog import CARRIERS
from bcapp.database import CHECKOUT
from bcapp.language import SUPPORTED
from bcapp.models import ActivityEntry, ZoneList
from bcapp.outcomes import Outcome
from bcapp.runtime import runtime
from sandbox.faults import Fault
from tests.merchant import Browser

LANGUAGES = SUPPORTED[1:]
FOLDER = CHECKOUT / "bcapp" / "translations"
KEYWORDS: dict[str, Any] = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\(\w+\)s")

# What may not be said of a connection, in its forms; each is looked for as a whole word. Verbs for
# what the merchant does ("connect", "activate in a zone") are another matter.
FORBIDDEN = {
    "en": r"connected|active|verified|valid|working|success\w*|live|oops|please",
    "es": r"conectad[oa]s?|activ[oa]s?|en vivo|verificad[oa]s?|válid[oa]s?|validad[oa]s?|éxito\w*"
    r"|exitos\w*|correct[oa]s?|correctamente|operativ[oa]s?|funcionando|en funcionamiento"
    r"|por favor",
    "fr": r"connectée?s?|actifs?|actives?|en direct|vérifiée?s?|valides?|validée?s?|succès"
    r"|réussi\w*|correcte?s?|correctement|opérationnel\w*|fonctionnel\w*|veuillez|s’il vous plaît",
    "de": r"verbunden\w*|aktiv|aktive\w?|live|verifiziert\w*|überprüft\w*|geprüft\w*|gültig\w*"
    r"|erfolg\w*|korrekt\w*|funktionierend\w*|funktionsfähig\w*|bitte",
}
ALLOWED = {  # by what they begin with
    ("en", "Live"),  # the opposite of test
    ("de", "Live"),
    ("en", "BigCommerce gives the same answer for working"),
    ("de", "Ihre Bitte um Trennung"),
}

FIXED = {
    "BigCommerce does not confirm credentials. It gives the same answer whether they work or not, "
    "so check a rate before you rely on them.": {
        "es": "BigCommerce no confirma las credenciales. Da la misma respuesta funcionen o no, así "
        "que compruebe una tarifa antes de confiar en ellas.",
        "fr": "BigCommerce ne confirme pas les identifiants. Il donne la même réponse qu’ils "
        "fonctionnent ou non\N{NO-BREAK SPACE}; vérifiez donc un tarif avant de vous y fier.",
        "de": "BigCommerce bestätigt keine Zugangsdaten. Die Antwort ist dieselbe, ob sie "
        "funktionieren oder nicht. Prüfen Sie also einen Tarif, bevor Sie sich auf sie verlassen.",
    }
}


def extracted() -> dict[str | tuple[str, ...], str]:
    """Extract every text in code and templates, with its place."""
    with (CHECKOUT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(CHECKOUT, methods, options, KEYWORDS)
    return {message: f"{file}:{line}" for file, line, message, *_ in found}


def catalogue(code: str) -> Catalog:
    with (FOLDER / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=code)


def messages(code: str) -> list[Message]:
    return [message for message in catalogue(code) if message.id]


def forms(text: Any) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


@pytest.mark.parametrize("code", LANGUAGES)
def test_catalogs_match_the_texts_in_the_code(code: str) -> None:
    texts = extracted()

    translated = {m.id: forms(m.string) for m in messages(code) if not m.fuzzy}

    assert len(texts) > 400
    assert set(texts) - set(translated) == set(), "run `make translations`"
    assert set(translated) - set(texts) == set(), "run `make translations`"
    assert [text for text, strings in translated.items() if not all(strings)] == []
    assert not catalogue(code).obsolete


@pytest.mark.parametrize("code", LANGUAGES)
def test_translations_keep_the_placeholders(code: str) -> None:
    for message in messages(code):
        wanted = [set(PLACEHOLDER.findall(text)) for text in forms(message.id)]
        for string in forms(message.string):
            assert set(PLACEHOLDER.findall(string)) in wanted, message.id
            assert "%" not in PLACEHOLDER.sub("", string), message.id


@pytest.mark.parametrize("code", LANGUAGES)
def test_compiled_catalogs_are_current(code: str) -> None:
    with (FOLDER / code / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        compiled = [(forms(m.id), forms(m.string)) for m in read_mo(file) if m.id]

    translated = [(forms(m.id), forms(m.string)) for m in messages(code)]
    assert sorted(compiled) == sorted(translated), "run `make translations`"


def claims_too_much(code: str, text: str) -> bool:
    for allowed_in, allowed in ALLOWED:
        if allowed_in == code and text.startswith(allowed):
            text = text.removeprefix(allowed)
    return re.search(rf"\b({FORBIDDEN[code]})\b", text, re.IGNORECASE) is not None


@pytest.mark.parametrize("code", SUPPORTED)
def test_no_text_claims_that_a_connection_works(code: str) -> None:
    texts = (
        [text for message in extracted() for text in forms(message)]
        if code == "en"
        else [text for message in messages(code) for text in forms(message.string)]
    )

    assert [text for text in texts if claims_too_much(code, text)] == []
    assert [text for text in texts if "!" in text] == []


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("english", FIXED)
def test_the_sent_message_is_unchanged(code: str, english: str) -> None:
    said = {message.id: message.string for message in messages(code)}

    assert said[english] == FIXED[english][code]


@pytest.mark.parametrize("code", LANGUAGES)
def test_translations_are_plain_text(code: str) -> None:
    texts = [text for message in messages(code) for text in forms(message.string)]

    assert [text for text in texts if re.search(r"[<>]|&\w+;", text)] == []


def sentences(file: Path) -> Iterator[str]:
    """List the strings of a module that look like text for people, docstrings aside."""
    tree = ast.parse(file.read_text())
    docs = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and node not in docs else None
        if isinstance(text, str) and re.match(r"[A-Z%][\w’()%]+ [\w%]", text):
            yield text


@pytest.mark.parametrize("package", ["carriers", "views", "presenters"])
def test_every_sentence_in_the_code_is_translatable(package: str) -> None:
    texts = {text for message in extracted() for text in forms(message)}

    found = [
        text for file in (CHECKOUT / "bcapp" / package).rglob("*.py") for text in sentences(file)
    ]

    assert len(found) >= 5
    assert [text for text in found if text not in texts | NAMES] == []


# No text goes around the catalogues: with one that puts every text into brackets, all words of
# every page have to stand in brackets, but for what is not ours to translate.

OPEN, CLOSE = "⟦", "⟧"
INNERMOST = re.compile(rf"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")
SPOKEN_ATTRIBUTES = {"aria-label", "title", "alt", "placeholder", "data-busy", "data-renewed"}
UNSPOKEN = {"script", "style", "code", "samp"}
NUMBERED = re.compile(r"[\w.]+@[\w.]+|Postcode area \d+|\d+\. \w+\.? \d{4}")
NAMES = {
    "Carrier connections", "carrier_", "JavaScript", "UTC", "Australia/Sydney",
    "Harbour & Pine", "Australia", "New Zealand", "Tasmania and remote", "Rest of the world",
    "Parcel Lane", "PL", "Lane", "NEW_ONE", "token", "···",
    *(word for carrier in CARRIERS for word in (carrier.name, carrier.monogram)),
    # A plain string among the services is a product's name; those of ours are lazy ones.
    *(title for carrier in CARRIERS for title in carrier.services if type(title) is str),
    *(label for carrier in CARRIERS for group in carrier.services.values()
      for label in group.values() if type(label) is str),
    *(label for carrier in CARRIERS for option in carrier.options
      for label in option.choices.values() if type(label) is str),
}  # fmt: skip


class Reader(HTMLParser):
    """Collect what people see or hear of a page, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.spoken: list[str] = []
        self._within: list[str] = []
        self.feed(page)

    def says(self, found: re.Pattern[str]) -> bool:
        said = ["".join(self.texts), *self.spoken]
        # From the inside out, as one text may stand in another.
        while said:
            if any(found.search(text) for text in said):
                return True
            said = [opened for text in said if (opened := INNERMOST.sub("", text)) != text]
        return False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in UNSPOKEN:
            self._within.append(tag)
        self.spoken += [value or "" for name, value in attributes if name in SPOKEN_ATTRIBUTES]

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, text: str) -> None:
        if not self._within:
            self.texts.append(text)


def outside_brackets(text: str) -> str:
    while (opened := INNERMOST.sub("", text)) != text:
        text = opened
    return text


def untranslated(reader: Reader, quoted: Iterable[str]) -> list[str]:
    """Return the words outside brackets that are neither names nor quoted."""
    left = " | ".join(outside_brackets(text) for text in ["\n".join(reader.texts), *reader.spoken])
    left = NUMBERED.sub("", left)
    for name in sorted(NAMES.union(quoted), key=len, reverse=True):
        left = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "", left)
    return re.findall(r"[^\W\d_]{2,}", left)


@pytest.fixture
def bracketed(app: Flask, tmp_path: Path) -> None:
    """Make German the English text in brackets."""
    catalog = Catalog(locale="de")
    for message in extracted():
        strings = tuple(f"{OPEN}{text}{CLOSE}" for text in forms(message))
        catalog.add(message, strings[0] if isinstance(message, str) else strings)
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, catalog)
    app.extensions["babel"].translation_directories[:] = [str(tmp_path)]


Walk = Callable[[Browser], Iterator[TestResponse]]
ON = {"enabled": "on", "delivery_services": "FEDEX_GROUND"}
CUSTOM = {
    "number": "33", "name": "Parcel Lane",
    "setting_name": ["token"], "setting_kind": ["secret"], "setting_value": ["hush"],
}  # fmt: skip
MISSING = '[{"message": "Required fields missing [key]"}]'


def fail(tab: Browser, where: Any, **fault: Any) -> None:
    tab.world.faults.clear()
    tab.world.set_fault(Fault(where, **({"times": None} | fault)))


def installing(tab: Browser) -> Iterator[TestResponse]:
    yield tab.install()
    yield tab.install()
    yield tab.install(code=None)
    yield tab.install(scope="store_v2_default")
    fail(tab, "token", status=500)
    yield tab.install()
    fail(tab, "token", status=400, body='{"error": "invalid_grant"}')
    yield tab.install()


def opening(tab: Browser) -> Iterator[TestResponse]:
    yield tab.open()
    for url in ("/activity", "/carriers/new", "/carriers/fedex", "/carriers/royalmail"):
        yield tab.open(url=url)
    for carrier in CARRIERS:
        yield tab.get(f"/carriers/{carrier.id}?zone=1")
    yield tab.get("/carriers")


def sending(tab: Browser) -> Iterator[TestResponse]:
    for carrier in ("fedex", "auspost", "royalmail", "endicia"):
        yield tab.send(carrier)
    yield tab.send("auspost", {"auth_key": "yourKey", "test_mode": "on"})
    yield tab.get("/carriers/fedex/connection")
    yield tab.get("/activity?result=rejected")
    yield tab.get("/carriers")
    yield tab.get("/activity")


def refused(tab: Browser) -> Iterator[TestResponse]:
    yield tab.send("fedex", {"key": "", "password": "x" * 300, "account_number": "a\x07b"})
    yield tab.send("auspost", {"auth_key": "key", "test_mode": "maybe"})
    yield tab.send("fedex")
    for body in (MISSING, '[{"message": "???"}]'):
        fail(tab, "connection", status=400, body=body)
        yield tab.send("fedex")
        yield tab.get("/carriers/fedex")
        yield tab.disconnect("fedex")
        yield tab.get("/carriers/fedex")
    fail(tab, "connection", status=404)
    yield tab.send("zoom2u")
    for status in (401, 403, 429, 500, 200):
        fail(tab, "connection", status=status)
        yield tab.send("zoom2u")
        yield tab.get("/carriers/zoom2u")
        yield tab.disconnect("fedex")
        yield tab.get("/carriers/fedex")
    fail(tab, "connection", kind="reset")
    yield tab.send("zoom2u")
    fail(tab, "connection", kind="hang", seconds=20)
    yield tab.send("zoom2u")
    tab.world.faults.clear()
    yield tab.get("/carriers")
    yield tab.get("/activity")


def on_its_way(tab: Browser) -> Iterator[TestResponse]:
    """Before BigCommerce has answered, as another tab sees it."""
    tab.send("zoom2u")
    with tab.app.app_context(), runtime().sessions.begin() as db:
        never_answered = {"outcome": Outcome.NO_ANSWER, "status": None, "settled_at": None}
        db.execute(update(ActivityEntry).values(**never_answered))
    yield tab.get("/carriers/zoom2u")
    yield tab.get("/activity")


def custom(tab: Browser) -> Iterator[TestResponse]:
    yield tab.post("/carriers", CUSTOM | {"number": "x", "name": ""})
    rows = ["", "a b", "token", "token", "empty", "flag"]
    kinds = ["text", "text", "text", "text", "text", "boolean"]
    values = ["v", "v", "v", "v", "", "maybe"]
    odd = {"setting_name": rows, "setting_kind": kinds, "setting_value": values}
    yield tab.post("/carriers", CUSTOM | {"name": "n" * 101} | odd)
    many = [f"s{number}" for number in range(51)]
    values = ["x" * 300] + ["v"] * 50
    odd = {"setting_name": many, "setting_kind": ["text"] * 51, "setting_value": values}
    yield tab.post("/carriers", CUSTOM | odd)
    fail(tab, "connection", status=400, body='[{"message": "Required fields missing [token]"}]')
    yield tab.post("/carriers", CUSTOM)
    tab.world.faults.clear()
    yield tab.post("/carriers", CUSTOM)
    yield tab.post("/carriers", CUSTOM)
    yield tab.post("/carriers/carrier_33/connection", CUSTOM)
    yield tab.get("/carriers/carrier_33/connection")
    yield tab.post("/carriers/carrier_33/connection", CUSTOM | {"setting_value": [""]})
    options = {"option_rows": "1", "option_name": ["a b"], "option_value": ["v"]}
    yield tab.post("/carriers/carrier_33/zones/1", {"enabled": "on", "name": ""} | options)
    yield tab.get("/carriers/carrier_33/disconnect")
    yield tab.disconnect("carrier_33")
    yield tab.get("/carriers")


def zones(tab: Browser) -> Iterator[TestResponse]:
    yield tab.send("fedex")
    for zone in ("1", "4"):
        yield tab.post(f"/carriers/fedex/zones/{zone}", ON)
        yield tab.post(f"/carriers/fedex/zones/{zone}", ON | {"name": "Other"})
    yield tab.post("/carriers/royalmail/zones/1", ON)
    yield tab.post("/carriers/fedex/zones/99", ON)
    yield tab.post("/carriers/fedex/zones/2", {"enabled": "off"})
    yield tab.post("/carriers/fedex/zones/1", {"enabled": "on"})
    yield tab.post("/carriers/fedex/zones/1", {"enabled": "maybe", "name": ""})
    yield tab.post("/carriers/fedex/zones/1", ON | {"delivery_services": "a\x07"})
    yield tab.post("/carriers/fedex/zones/1", ON | {"packaging_type": "a\x07"})
    yield tab.get("/carriers/fedex/disconnect")
    yield tab.get("/carriers")
    yield tab.get("/activity")
    for status in (400, 401, 403, 404, 409, 429, 500, 200):
        fail(tab, "methods", status=status, method="PUT")
        yield tab.post("/carriers/fedex/zones/1", ON)
        fail(tab, "methods", status=status, method="POST")
        yield tab.post("/carriers/fedex/zones/3", ON)
        yield tab.post("/carriers/fedex/zones/3", ON)
    yield tab.post("/carriers/fedex/disconnect", {"also_off": "on", "zone_id": ["1"]})
    fail(tab, "zones", status=500)
    for path in ("/carriers?refresh=1", "/carriers/fedex", "/carriers/fedex/disconnect"):
        yield tab.get(path)
    yield tab.post("/carriers/fedex/zones/1", ON)
    tab.world.faults.clear()
    yield tab.post("/carriers/fedex/disconnect", {"also_off": "on", "zone_id": ["1"]})
    yield tab.get("/activity")
    for number in (0, 1, 60):
        tab.world.set_zones("harbour1", number)
        yield tab.get("/carriers?refresh=1")
        yield tab.get("/carriers/fedex")
        yield tab.get("/carriers/fedex/disconnect")
    yield from zones_half_known(tab)


def made_elsewhere(tab: Browser) -> Iterator[TestResponse]:
    """Zones and methods set up in BigCommerce or by another app."""
    tab.world.set_zones("harbour1", 4)
    store = tab.world.store("harbour1")
    store.zones[1]["type"], store.zones[2]["type"] = "state", "planet"
    options = {"delivery_services": ["FEDEX_GROUND", "NEW_ONE"], "packaging_type": ""}
    for zone_id, known in ((1, options), (1, options), (2, {"delivery_services": 7}), (4, {})):
        method = {
            "id": tab.world.next_id(), "name": "FedEx", "type": "fedex", "enabled": True,
            "settings": {"carrier_options": known}, "handling_fees": {}, "is_fallback": False,
        }  # fmt: skip
        store.methods[zone_id].append(method)
    yield tab.get("/carriers/fedex?refresh=1&zone=1")
    yield tab.get("/carriers/fedex/disconnect")
    yield tab.send("fedex")
    for zone_id in (1, 2):
        yield tab.post(f"/carriers/fedex/zones/{zone_id}", {"enabled": "off", "name": "FedEx"})
    yield tab.post("/carriers/canadapost/zones/1", {"enabled": "on", "delivery_services": "DOM.RP"})
    yield tab.post("/carriers", CUSTOM)
    for zone_id in (1, 4):
        yield tab.post(f"/carriers/carrier_33/zones/{zone_id}", {"enabled": "on", "name": "Lane"})
    for zone_id in ("1", "2"):
        yield tab.post(f"/carriers/fedex/zones/{zone_id}", ON)
    for status in (401, 500):
        yield tab.send("fedex")
        fail(tab, "methods", method="PUT", status=status, times=2)
        yield tab.post("/carriers/fedex/disconnect", {"also_off": "on", "zone_id": ["1", "2"]})
    fail(tab, "zones", status=500)
    yield tab.send("fedex")
    yield tab.get("/carriers/fedex?refresh=1")
    yield tab.post("/carriers/fedex/disconnect", {"also_off": "on"})
    tab.world.faults.clear()


def zones_unknown(other: Browser) -> Iterator[TestResponse]:
    """Zones that were never fetched."""
    other.send("fedex")
    fail(other, "zones", status=500, times=None)
    yield other.get("/carriers")
    yield other.get("/carriers/fedex/disconnect")
    yield other.post("/carriers/fedex/disconnect", {"also_off": "on"})
    other.world.faults.clear()


def zones_half_known(tab: Browser) -> Iterator[TestResponse]:
    """More zones than the quota allows to fetch at once."""
    for number in (0, 60):
        quota = tab.world.quota(tab.store_hash)
        quota.total, quota.is_enforced, quota.used = 30, True, 0
        tab.world.set_zones(tab.store_hash, number)
        yield tab.get("/carriers?refresh=1")
    yield tab.get("/carriers/fedex")
    with tab.app.app_context(), runtime().sessions.begin() as db:
        db.execute(update(ZoneList).values(paused_until=None))
    yield tab.open()
    quota.is_enforced = False
    yield tab.get("/carriers?refresh=1")


def another_store(tab: Browser) -> Iterator[TestResponse]:
    """A first install of a store without a time zone, then further ones."""
    other = tab.another("owner", "elmfield2")
    other.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    other.person = replace(other.person, locale="de-DE")
    fail(other, "store", status=500)
    yield other.install()
    other.another("staff").open()
    other.another("staff").uninstall()
    other.another("staff").remove()
    for _ in range(12):
        other.install()
    yield other.install()
    yield other.get("/activity")
    tab.world.faults.clear()
    yield from zones_unknown(other)
    other.another("owner").uninstall()


def errors(tab: Browser) -> Iterator[TestResponse]:
    yield tab.get("/")
    yield tab.get("/nowhere")
    yield tab.post("/activity")
    yield tab.post("/carriers", {"name": "x" * 300_000})
    yield tab.open(aud="another")
    fail(tab, "api", status=401)
    yield tab.get("/carriers?refresh=1")
    staff = tab.another("staff")
    staff.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    staff.person = replace(staff.person, locale="de-DE")
    staff.open()
    yield staff.get("/carriers/new")
    yield staff.get("/activity?page=2")
    staff.remove()
    yield staff.get("/carriers/new")
    tab.uninstall()
    yield tab.get("/carriers")
    yield tab.client.get("/carriers")
    tab.token = "none"
    yield tab.get("/carriers")


WALKS: list[Walk] = [
    opening,
    sending,
    refused,
    on_its_way,
    custom,
    zones,
    made_elsewhere,
    another_store,
    errors,
    installing,
]


# Texts for races, for a database that is away, for keys that were lost, and for what no form or
# log has today. That they are in the catalogues at all is tested above.
NOT_WALKED = {
    "%(label)s takes at most %(limit)s lines.",
    "(optional)",
    "Access ended: BigCommerce no longer lets this app in",
    "BigCommerce answered without showing all that it saved. Check the zone below.",
    "BigCommerce confirmed that %(carrier)s is off in this zone.",
    "BigCommerce confirmed that it is off.",
    "BigCommerce didn’t answer.",
    "BigCommerce didn’t confirm it",
    "BigCommerce’s answer was not readable",
    "Changed services in a zone",
    "Fix the field below and send once more. Nothing was turned on in your zones.",
    "Needs an %(details)s",
    "No activity yet",
    "Nothing changed on %(date)s (%(who)s)",
    "Nothing was sent. Try again in a few seconds.",
    "Nothing was sent. Try again in a minute.",
    "Open activity",
    "Removed the app",
    "Somebody else is changing %(carrier)s in this zone. Nothing was sent. Try again in a moment.",
    "Something went wrong on our side",
    "This app",
    "This app has to be approved again",
    "This setting",
    "This zone",
    "Too many people are sending right now",
    "Turned off in a zone",
    "We can’t reach our records",
    "We can’t read the access that BigCommerce gave us for your store. Nothing has changed. Open "
    "the app again to renew access. If this page comes back, the store owner needs to install it "
    "again from the App Marketplace.",
    "We don’t know whether your last change went through. Check Activity before you try again.",
    "We don’t know whether your last change went through. Wait a minute, then check Activity "
    "before you try again.",
    "What you and your colleagues send or change will be listed here.",
}


def pattern(text: str) -> re.Pattern[str]:
    """Match a text in brackets, with anything for its placeholders."""
    literal = [re.escape(part) for part in PLACEHOLDER.split(text)]
    return re.compile(OPEN + rf"[^{OPEN}{CLOSE}]*?".join(literal) + CLOSE)


@pytest.mark.own_database
@pytest.mark.settings(
    BIGCOMMERCE_TIME_BUDGET="1",
    INSTALL_LIMIT_PER_STORE="10/minute",
    SUPPORT_URL="https://help.example",
    HELP_URL="https://help.example",
)
def test_every_word_of_every_page_is_translated(
    merchant: Browser, db: Session, bracketed: None
) -> None:
    merchant.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    merchant.person = replace(merchant.person, locale="de-DE")
    merchant.open()
    unseen = {message: [pattern(text) for text in forms(message)] for message in extracted()}

    for page in (page for walk in WALKS for page in walk(merchant)):
        if page.status_code == 303:
            page = merchant.get(page.location)
        reader = Reader(page.text)
        assert OPEN in page.text
        with db.begin():
            bigcommerces_words = db.scalars(select(ActivityEntry.detail)).all()
        assert untranslated(reader, bigcommerces_words) == [], (
            page.request.method,
            page.request.path,
        )
        for message in [m for m, found in unseen.items() if any(map(reader.says, found))]:
            del unseen[message]

    assert {forms(message)[0] for message in unseen} - NOT_WALKED == set()
