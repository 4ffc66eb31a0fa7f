"""The language of each page, and what stays English."""

import json
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from bcapp import language
from bcapp.config import Config
from bcapp.factory import create_app
from bcapp.models import ActivityEntry, Store, StoreUser
from bcapp.runtime import db as request_db
from bcapp.runtime import runtime
from sandbox.faults import Fault
from sandbox.world import World
from tests.conftest import close
from tests.merchant import Browser, said

WORD = {"en": "Carriers", "es": "Transportistas", "fr": "Transporteurs", "de": "Versanddienste"}

RUBBISH: list[Any] = [
    pytest.param(None, id="null"),
    pytest.param("", id="empty"),
    pytest.param("xx-YY", id="of nobody"),
    pytest.param("tlh", id="of Klingons"),
    pytest.param("../../etc", id="a path"),
    pytest.param("de/../es", id="a path that begins well"),
    pytest.param("de" * 5000, id="10 kB"),
    pytest.param("de-" + "a" * 40, id="a long part"),
    pytest.param("de_AT.UTF-8", id="with an encoding"),
    pytest.param("-".join(["de", *["1234"] * 9]), id="many parts"),
    pytest.param("de\n", id="a line break"),
    pytest.param("de\x00", id="NUL"),
    pytest.param("\ud800", id="lone surrogate"),
    pytest.param(1, id="a number"),
    pytest.param(True, id="true"),
    pytest.param(["de"], id="a list"),
    pytest.param({"de": "de"}, id="an object"),
]


def open_with(browser: Browser, locale: object) -> TestResponse:
    """Launch with that locale in the payload."""
    person = browser.person
    return browser.open(user={"id": person.id, "email": person.email, "locale": locale})


def language_of(page: TestResponse) -> str:
    """Return the language of a page, by its attributes and its words."""
    spoken = next(code for code, word in WORD.items() if f">{word}</a>" in page.text)
    assert f'<html lang="{spoken}">' in page.text
    assert f'<div id="page" lang="{spoken}"' in page.text
    return spoken


@pytest.mark.parametrize(
    ("locale", "spoken"),
    [
        ("en-US", "en"),
        ("en-AU", "en"),
        ("es", "es"),
        ("es-MX", "es"),
        ("fr-CA", "fr"),
        ("de-AT", "de"),
        ("DE-at", "de"),
        ("de_AT", "de"),
        ("de-Latn-CH-1996", "de"),
        ("ja-JP", "en"),
    ],
)
def test_pages_use_the_control_panels_language(merchant: Browser, locale: str, spoken: str) -> None:
    at_launch = open_with(merchant, locale)
    later = merchant.get("/carriers")

    assert [language_of(at_launch), language_of(later)] == [spoken, spoken]


@pytest.mark.parametrize("locale", RUBBISH)
def test_an_invalid_locale_is_english_and_not_stored(
    merchant: Browser, db: Session, locale: object
) -> None:
    page = open_with(merchant, locale)

    assert page.status_code == 200
    assert language_of(page) == "en"
    kept = db.scalar(select(StoreUser.locale))
    assert kept == (locale if locale in ("xx-YY", "tlh") else None)


@pytest.mark.both_databases("writes")
def test_a_launch_without_a_locale_keeps_the_language(merchant: Browser) -> None:
    open_with(merchant, "fr-FR")

    page = open_with(merchant, None)

    assert language_of(page) == "fr"


@pytest.mark.both_databases("writes")
def test_each_user_of_a_store_has_their_own_language(merchant: Browser) -> None:
    staff = merchant.another("staff")

    open_with(merchant, "de-DE")
    open_with(staff, "es-ES")

    assert language_of(merchant.get("/carriers")) == "de"
    assert language_of(staff.get("/carriers")) == "es"


@pytest.mark.both_databases("writes")
@pytest.mark.own_database
def test_the_locale_is_written_only_when_it_changes(merchant: Browser) -> None:
    written: list[str] = []
    read: list[str] = []

    def listen(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        (read if statement.startswith("SELECT") else written).append(statement)

    open_with(merchant, "de-DE")
    with merchant.app.app_context():
        event.listen(runtime().engine, "before_cursor_execute", listen)

    open_with(merchant, "de-DE").get_data()
    at_first = [statement for statement in read if "store_users" in statement]
    changed_nothing = [statement for statement in written if "store_users" in statement]
    open_with(merchant, "fr-FR")

    assert len(at_first) <= 1
    assert changed_nothing == []
    assert any(statement.startswith("UPDATE store_users") for statement in written)


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("de", "de"),
        ("fr-CA,fr;q=0.8,en;q=0.5", "fr"),
        ("ja,es-MX;q=0.7,en;q=0.3", "es"),
        ("en-GB,de;q=0.9", "en"),
        ("de;q=0,fr;q=0.1", "fr"),
        ("de;q=0", "en"),
        ("*", "en"),
        ("", "en"),
        (";;;,,,q=q", "en"),
        ("de;q=nan", "en"),
        ("../../etc/passwd", "en"),
        ("x" * 10_000, "en"),
        ("de_DE", "en"),
        ("%(zone)s {0}", "en"),
    ],
)
def test_pages_without_a_session_use_the_browsers_language(
    app: Flask, accepted: str, spoken: str
) -> None:
    page = app.test_client().get("/", headers={"Accept-Language": accepted})

    assert page.status_code == 404
    assert f'<html lang="{spoken}">' in page.text


def test_the_welcome_after_an_install_is_in_the_browsers_language(browser: Browser) -> None:
    browser.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "fr-FR,fr;q=0.9"

    page = browser.install()

    assert '<html lang="fr">' in page.text
    assert "Bienvenue dans Carrier connections" in said(page)


def test_the_users_locale_overrides_the_browsers(merchant: Browser) -> None:
    merchant.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "fr-FR"

    page = open_with(merchant, "de-DE")

    assert language_of(page) == "de"


@pytest.mark.parametrize(
    ("locale", "date", "reading", "large"),
    [
        ("en-US", "12 Nov 2026, 14:05", r"today at \d\d:\d\d", "1–20 of 1,234"),
        ("en-GB", "12 Nov 2026, 14:05", r"today at \d\d:\d\d", "1–20 of 1,234"),
        ("es-ES", "12 nov 2026, 14:05", r"hoy a las \d\d:\d\d", "1–20 de 1.234"),
        ("fr-FR", "12 nov. 2026, 14:05", r"aujourd’hui à \d\d:\d\d", "1–20 sur 1 234"),
        ("de-DE", "12. Nov. 2026, 14:05", r"heute um \d\d:\d\d Uhr", "1–20 von 1.234"),
    ],
)
def test_dates_times_and_numbers_are_localized(
    merchant: Browser, db: Session, locale: str, date: str, reading: str, large: str
) -> None:
    store_id = db.scalar(select(Store.id))
    at = datetime(2026, 11, 12, 14, 5, tzinfo=ZoneInfo("Australia/Sydney"))
    db.execute(update(ActivityEntry).values(at=at))
    entry = {"store_id": store_id, "at": at, "who": "", "event": "user:removed"}
    rows = [entry | {"outcome": "done", "detail": ""} for _ in range(1233)]
    db.execute(ActivityEntry.__table__.insert(), rows)
    db.commit()
    open_with(merchant, locale)

    activity, carriers = (
        said(merchant.get(path)) for path in ("/activity?period=all", "/carriers")
    )

    assert date in activity
    assert large in activity
    assert re.search(reading, carriers)


@pytest.mark.parametrize(
    ("code", "two", "three"),
    [
        ("en", "a and b", "a, b and c"),
        ("es", "a y b", "a, b y c"),
        ("fr", "a et b", "a, b et c"),
        ("de", "a und b", "a, b und c"),
    ],
)
def test_lists_are_localized(app: Flask, code: str, two: str, three: str) -> None:
    with app.test_request_context(headers={"Accept-Language": code}):
        assert [language.format_list("ab"), language.format_list("abc")] == [two, three]


@pytest.mark.both_databases("writes")
@pytest.mark.settings(BIGCOMMERCE_TIME_BUDGET="1")
def test_stored_and_logged_texts_are_english(
    capsys: pytest.CaptureFixture[str], config: Config, world: World
) -> None:
    app = create_app(config)  # only now does it write its log to where it is read here
    merchant = Browser(app, world, "harbour1", "owner")
    merchant.install()
    open_with(merchant, "de-DE")
    merchant.world.set_fault(Fault("connection", kind="hang", seconds=30, times=None))
    merchant.send("zoom2u")
    merchant.world.faults.clear()
    merchant.send("fedex")
    merchant.post("/carriers/fedex/zones/1", {"enabled": "on", "delivery_services": "FEDEX_GROUND"})
    merchant.post("/carriers", {"number": "33", "name": "Parcel Lane"})
    merchant.get("/carriers/nothing")
    merchant.token = "gone"
    merchant.get("/activity")

    columns = ("event", "outcome", "reason", "carrier_name", "detail")
    with app.app_context():
        entries = request_db().execute(select(*(getattr(ActivityEntry, name) for name in columns)))
        stored = [tuple(str(value) for value in row) for row in entries]
    close(app)
    logged = {json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()}

    assert ("connection:sent", "no_answer", "timed_out", "Zoom2U", "") in stored
    assert ("zone:turned_on", "confirmed", "None", "FedEx", "") in stored
    assert ("connection:sent", "sent", "None", "Parcel Lane", "") in stored
    assert logged == {"refused"}


@pytest.mark.settings(BIGCOMMERCE_TIME_BUDGET="1")
def test_old_entries_are_shown_in_the_readers_language(merchant: Browser) -> None:
    merchant.world.set_fault(Fault("connection", kind="hang", seconds=30, times=None))
    merchant.send("zoom2u")

    in_english = said(merchant.get("/activity"))
    open_with(merchant, "de-DE")
    in_german = said(merchant.get("/activity"))

    assert "No answer Timed out after 1 second" in in_english
    assert "Keine Antwort Zeitüberschreitung nach 1 Sekunde" in in_german


def test_names_sent_to_bigcommerce_are_not_translated(merchant: Browser) -> None:
    open_with(merchant, "de-DE")

    form = merchant.get("/carriers/upsready?zone=1").text
    merchant.post("/carriers/upsready/zones/1", {"enabled": "on", "delivery_services": "Ground"})

    assert 'id="zone-1-name" name="name" type="text" autocomplete="off" value="UPS"' in form
    created = next(call for call in merchant.world.calls if call.method == "POST")
    assert isinstance(created.body, dict)
    assert created.body["name"] == "UPS"


def test_texts_outside_requests_are_english(app: Flask) -> None:
    with app.app_context():
        assert language.language() == "en"
        assert language.gettext("Carriers") == "Carriers"
    assert language.ngettext("%(num)s zone", "%(num)s zones", 2) == "2 zones"
