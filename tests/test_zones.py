"""A carrier in a zone: turn on, change, turn off, and what BigCommerce confirms."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from bcapp.models import ActivityEntry, Event, Store, ZoneWrite
from bcapp.outcomes import Outcome
from sandbox import shipping_reference
from sandbox.faults import Fault
from sandbox.world import World
from tests.merchant import Browser, at_once, said

pytestmark = pytest.mark.both_databases("locks")

AUSTRALIA = 1

ON: dict[str, str | list[str]] = {
    "enabled": "true",
    "name": "Australia Post",
    "delivery_services": ["AUS_PARCEL_REGULAR", "AUS_PARCEL_EXPRESS"],
}

# A method as somebody might have made it in the control panel.
MADE_ELSEWHERE: dict[str, Any] = {
    "id": 901,
    "name": "Post",
    "type": "auspost",
    "enabled": False,
    "settings": {
        "carrier_options": {
            "delivery_services": ["AUS_PARCEL_REGULAR", "AUS_SOMETHING_NEW"],
            "packaging": [],
            "surprise": {"deep": [1, None]},
        },
        "other": "kept",
    },
    "handling_fees": {"percentage_surcharge": "5"},
    "is_fallback": False,
    "channel_ids": [1, 3],
}


def methods(world: World, carrier_id: str = "auspost", zone_id: int = AUSTRALIA) -> list[Any]:
    in_zone = world.store("harbour1").methods[zone_id]
    return [method for method in in_zone if method["type"] == carrier_id]


def writes(world: World) -> list[tuple[str, Any]]:
    calls = [call for call in world.calls if "/methods" in call.path and call.method != "GET"]
    return [(call.method, call.body) for call in calls]


def save(
    merchant: Browser, form: Mapping[str, str | list[str]] = ON, carrier_id: str = "auspost"
) -> Any:
    return merchant.post(f"/carriers/{carrier_id}/zones/{AUSTRALIA}", form)


def entries(db: Session) -> list[tuple[Event, Outcome]]:
    db.expire_all()
    of_zones = ActivityEntry.zone_id.is_not(None)
    rows = db.scalars(select(ActivityEntry).where(of_zones).order_by(ActivityEntry.id))
    return [(row.event, row.outcome) for row in rows]


def test_turning_on_creates_the_method_once(merchant: Browser, db: Session) -> None:
    response = save(merchant)

    assert response.status_code == 303
    assert response.headers["Location"] == "/carriers/auspost?zone=1&notice=zone_saved"
    ((method, body),) = writes(merchant.world)
    assert method == "POST"
    assert body == {
        "name": "Australia Post",
        "type": "auspost",
        "enabled": True,
        "settings": {
            "carrier_options": {"delivery_services": ["AUS_PARCEL_REGULAR", "AUS_PARCEL_EXPRESS"]}
        },
    }
    assert entries(db) == [(Event.ZONE_TURNED_ON, Outcome.CONFIRMED)]


def test_a_confirmed_save_is_shown_in_green(merchant: Browser) -> None:
    merchant.send("auspost")
    response = merchant.get(save(merchant).headers["Location"])

    page = said(response)
    assert (
        "Australia saved BigCommerce confirmed that Australia Post is on with 2 delivery services."
        in page
    )
    assert "Country zone, 2 services On" in page
    assert "2 of 20 on now" in page
    assert "1 of 4 zones" in said(merchant.get("/carriers"))


def test_changing_services_is_a_put_of_the_whole_method(merchant: Browser, db: Session) -> None:
    save(merchant)

    save(merchant, ON | {"name": "Post", "delivery_services": ["AUS_PARCEL_COURIER"]})

    method, body = writes(merchant.world)[-1]
    assert method == "PUT"
    assert body["name"] == "Post"
    assert body["settings"] == {"carrier_options": {"delivery_services": ["AUS_PARCEL_COURIER"]}}
    assert body["handling_fees"] == {"fixed_surcharge": "0"}
    assert body["channel_ids"] == [1]
    assert "id" not in body
    assert entries(db)[-1] == (Event.ZONE_CHANGED, Outcome.CONFIRMED)


def test_turning_off_keeps_the_chosen_services(merchant: Browser, db: Session) -> None:
    save(merchant)

    response = save(merchant, {"name": "Australia Post"})

    assert response.status_code == 303
    (method,) = methods(merchant.world)
    assert method["enabled"] is False
    assert method["settings"]["carrier_options"]["delivery_services"] == [
        "AUS_PARCEL_REGULAR",
        "AUS_PARCEL_EXPRESS",
    ]
    assert entries(db)[-1] == (Event.ZONE_TURNED_OFF, Outcome.CONFIRMED)
    page = said(merchant.get(response.headers["Location"]))
    assert "BigCommerce confirmed that Australia Post is off in this zone." in page


def test_turning_off_a_missing_method_writes_nothing(merchant: Browser, db: Session) -> None:
    response = save(merchant, {"name": "Australia Post"})

    assert response.status_code == 303
    assert writes(merchant.world) == []
    assert entries(db) == []


@pytest.fixture
def newer_bigcommerce(monkeypatch: pytest.MonkeyPatch) -> None:
    """A BigCommerce that knows an undocumented service."""
    known = shipping_reference.DELIVERY_SERVICES["auspost"]
    monkeypatch.setitem(
        shipping_reference.DELIVERY_SERVICES, "auspost", (*known, "AUS_SOMETHING_NEW")
    )


@pytest.mark.usefixtures("newer_bigcommerce")
def test_a_method_made_elsewhere_keeps_unknown_values(merchant: Browser) -> None:
    merchant.world.store("harbour1").methods[AUSTRALIA].append(dict(MADE_ELSEWHERE))
    before = said(merchant.get("/carriers/auspost?zone=1"))

    save(merchant)

    assert "This was set up in BigCommerce, not here." in before
    assert "AUS_SOMETHING_NEW" in before
    (method,) = methods(merchant.world)
    assert method == MADE_ELSEWHERE | {
        "name": "Australia Post",
        "enabled": True,
        "settings": {
            "carrier_options": {
                "delivery_services": [
                    "AUS_PARCEL_REGULAR",
                    "AUS_SOMETHING_NEW",
                    "AUS_PARCEL_EXPRESS",
                ],
                "packaging": [],
                "surprise": {"deep": [1, None]},
            },
            "other": "kept",
        },
    }
    after = said(merchant.get("/carriers/auspost?zone=1"))
    assert "This was set up in BigCommerce, not here." not in after


def test_odd_responses_are_parsed_and_strict_bodies_written(merchant: Browser) -> None:
    merchant.world.odd_responses = True
    one = {"enabled": "true", "name": "FedEx", "delivery_services": ["FEDEX_GROUND"]}
    save(merchant, one, "fedex")

    page = said(merchant.get("/carriers/fedex?zone=1"))
    save(merchant, one | {"name": "FedEx at home"}, "fedex")

    assert "Country zone, 1 service On" in page
    method, body = writes(merchant.world)[-1]
    assert method == "PUT"
    assert body["enabled"] is True
    options = body["settings"]["carrier_options"]
    assert options["delivery_services"] == ["FEDEX_GROUND"]
    assert options["include_package_value"] is True


def test_a_new_method_is_given_every_option(merchant: Browser) -> None:
    form = {
        "enabled": "true",
        "name": "FedEx",
        "delivery_services": ["FEDEX_GROUND"],
        "dropoff_type": "DROP_BOX",
        "rate_type": "NONE",
    }

    save(merchant, form, "fedex")

    ((_, body),) = writes(merchant.world)
    assert body["settings"]["carrier_options"] == {
        "delivery_services": ["FEDEX_GROUND"],
        "dropoff_type": "DROP_BOX",
        "packaging_type": "YOUR_PACKAGING",
        "packing_method": "SEPARATE",
        "rate_type": "NONE",
        "include_package_value": False,
        "destination_type": "residential",
    }


def test_custom_carrier_options_are_free_rows(merchant: Browser) -> None:
    merchant.post("/carriers", {"number": "33", "name": "Parcel Lane"})
    form = {
        "enabled": "true",
        "name": "Parcel Lane",
        "option_name": ["delivery_services", "fragile", "depot", ""],
        "option_kind": ["list", "boolean", "text", "text"],
        "option_value": ["north\nsouth", "true", "007", ""],
    }

    response = save(merchant, form, "carrier_33")

    assert response.status_code == 303
    ((_, body),) = writes(merchant.world)
    assert body["type"] == "carrier_33"
    assert body["settings"]["carrier_options"] == {
        "delivery_services": ["north", "south"],
        "fragile": True,
        "depot": "007",
    }
    page = merchant.get("/carriers/carrier_33?zone=1").text
    assert 'value="007"' in page


def test_services_are_ignored_for_carriers_without_any(merchant: Browser) -> None:
    merchant.post("/carriers", {"number": "33", "name": "Parcel Lane"})

    response = save(merchant, ON | {"delivery_services": ["a\nb"]}, "carrier_33")

    assert response.status_code == 303
    ((_, body),) = writes(merchant.world)
    assert "delivery_services" not in body["settings"].get("carrier_options", {})


@pytest.mark.parametrize("carrier_id", ["canadapost", "upsready"])
def test_carriers_without_a_connection_can_be_turned_on(merchant: Browser, carrier_id: str) -> None:
    service = {"canadapost": "DOM.RP", "upsready": "Ground"}[carrier_id]
    form = {"enabled": "true", "name": "X", "delivery_services": [service]}

    saved = save(merchant, form, carrier_id)

    assert saved.status_code == 303
    assert f"{carrier_id} Connect in BigCommerce" in said(merchant.get("/carriers"))
    assert "Zones and services" in said(merchant.get(f"/carriers/{carrier_id}"))
    assert merchant.get(f"/carriers/{carrier_id}/connection").status_code == 404
    assert merchant.post(f"/carriers/{carrier_id}/connection").status_code == 404
    assert merchant.get(f"/carriers/{carrier_id}/disconnect").status_code == 404
    assert merchant.post(f"/carriers/{carrier_id}/disconnect").status_code == 404


@pytest.mark.parametrize(
    ("form", "message"),
    [
        pytest.param({"enabled": "true", "name": "X"}, "at least one delivery service", id="none"),
        pytest.param(ON | {"name": " "}, "Enter the name that shoppers see.", id="no name"),
        pytest.param(ON | {"name": "x" * 256}, "longer than 255 characters", id="long name"),
        pytest.param(ON | {"name": "a\x00b"}, "hidden character", id="NUL in the name"),
        pytest.param(ON | {"enabled": "maybe"}, "either on or off", id="neither on nor off"),
        pytest.param(ON | {"delivery_services": ["a\nb"]}, "not a code", id="odd code"),
    ],
)
def test_an_invalid_form_is_not_sent(
    merchant: Browser, form: dict[str, str | list[str]], message: str
) -> None:
    merchant.get("/carriers/auspost")

    response = save(merchant, form)

    assert response.status_code == 422
    page = said(response)
    assert "Australia was not saved Nothing was sent." in page
    assert page.count(message) == 2, "above the form and at the field"
    assert "<details" in response.text
    assert writes(merchant.world) == []


def test_a_refused_service_quotes_bigcommerce_and_keeps_the_input(
    merchant: Browser, db: Session
) -> None:
    response = save(merchant, ON | {"name": "Mail", "delivery_services": ["NO_SUCH_SERVICE"]})

    assert response.status_code == 422
    page = said(response)
    assert "Australia was not saved BigCommerce’s answer is below." in page
    assert "400 The field 'delivery_services' is invalid." in page
    assert 'value="Mail"' in response.text
    assert entries(db) == [(Event.ZONE_TURNED_ON, Outcome.REJECTED)]


@pytest.mark.parametrize("zone_id", [99, 10**12, 10**30])
def test_an_unknown_zone_is_a_404_without_an_entry(
    merchant: Browser, db: Session, zone_id: int
) -> None:
    response = merchant.post(f"/carriers/auspost/zones/{zone_id}", ON)

    assert response.status_code == 404
    assert "BigCommerce has no such zone" in said(response)
    assert writes(merchant.world) == []
    assert entries(db) == []


@pytest.mark.parametrize("kind", ["reset", "response"])
def test_a_lost_answer_is_verified_and_never_resent(
    merchant: Browser, db: Session, kind: Any
) -> None:
    merchant.world.set_fault(Fault("methods", kind, method="POST", status=504, execute_first=True))

    response = save(merchant)

    assert response.status_code == 303
    assert len(methods(merchant.world)) == 1
    assert [method for method, _ in writes(merchant.world)] == ["POST"]
    assert entries(db) == [(Event.ZONE_TURNED_ON, Outcome.CONFIRMED)]


def test_a_lost_request_is_shown_as_unknown(merchant: Browser, db: Session) -> None:
    merchant.world.set_fault(Fault("methods", "reset", method="POST"))

    response = save(merchant)

    assert response.status_code == 502
    assert "may or may not be changed in Australia" in said(response)
    assert [method for method, _ in writes(merchant.world)] == ["POST"]
    assert entries(db) == [(Event.ZONE_TURNED_ON, Outcome.NO_ANSWER)]


def test_an_answer_that_shows_another_method_is_not_believed(
    merchant: Browser, db: Session
) -> None:
    """The shipping guide's sample answer to creating a carrier's method is a flat rate."""
    other = '{"id": 5, "name": "Per Order", "type": "perorder", "enabled": true, "settings": {}}'
    merchant.world.set_fault(
        Fault("methods", method="POST", status=200, body=other, execute_first=True)
    )
    confirmed = save(merchant)
    merchant.world.set_fault(Fault("methods", method="PUT", status=200, body=other))

    unsure = save(merchant, ON | {"delivery_services": ["AUS_PARCEL_COURIER"]})

    assert confirmed.status_code == 303
    assert unsure.status_code == 502
    assert entries(db)[-1] == (Event.ZONE_CHANGED, Outcome.NO_ANSWER)


FLAT_RATE = {
    "id": 5,
    "name": "Flat rate",
    "type": "perorder",
    "enabled": True,
    "settings": {"rate": 9},
}


@pytest.mark.parametrize(
    "answered",
    [
        pytest.param(FLAT_RATE, id="another method"),
        pytest.param(FLAT_RATE | {"type": "auspost"}, id="another id"),
        pytest.param(FLAT_RATE | {"id": 901}, id="another type"),
    ],
)
def test_a_wrong_answer_never_leads_to_a_write_to_another_method(
    merchant: Browser, db: Session, answered: dict[str, Any]
) -> None:
    methods = merchant.world.store("harbour1").methods[1]
    methods += [dict(FLAT_RATE), MADE_ELSEWHERE | {"settings": {}}]
    listed_as_it_is = Fault("methods", method="GET", kind="delay")
    wrong = Fault("methods", method="GET", status=200, body=json.dumps(answered))
    merchant.world.set_fault(listed_as_it_is)
    merchant.world.set_fault(wrong)

    response = save(merchant)

    assert response.status_code == 502
    assert "Nothing was changed." in said(response)
    assert writes(merchant.world) == []
    assert FLAT_RATE in merchant.world.store("harbour1").methods[1]
    assert entries(db) == [(Event.ZONE_TURNED_ON, Outcome.NOT_SENT)]


def test_a_wrong_list_never_leads_to_a_write_to_another_method(
    merchant: Browser, db: Session
) -> None:
    methods = merchant.world.store("harbour1").methods[1]
    methods.append(dict(FLAT_RATE))
    options = {"carrier_options": {"delivery_services": ["AUS_PARCEL_REGULAR"]}}
    wrong = [FLAT_RATE | {"type": "auspost", "settings": options}]
    merchant.world.set_fault(Fault("methods", method="GET", status=200, body=json.dumps(wrong)))

    response = save(merchant)

    assert response.status_code == 502
    assert writes(merchant.world) == []
    assert FLAT_RATE in merchant.world.store("harbour1").methods[1]
    assert entries(db) == [(Event.ZONE_CHANGED, Outcome.NOT_SENT)]


def test_an_answer_about_another_zone_is_not_believed(merchant: Browser, db: Session) -> None:
    other = '{"id": 2, "name": "New Zealand", "type": "country", "enabled": true}'
    merchant.world.set_fault(Fault("zones", method="GET", status=200, body=other))

    response = save(merchant)

    assert response.status_code == 502
    assert writes(merchant.world) == []
    assert entries(db) == [(Event.ZONE_TURNED_ON, Outcome.NOT_SENT)]


@pytest.mark.parametrize(
    ("fault", "status", "outcome"),
    [
        pytest.param({"status": 429}, 503, Outcome.NOT_SENT, id="429"),
        pytest.param({"status": 500}, 502, Outcome.NOT_SENT, id="500"),
        pytest.param({"status": 200, "body": "<html>"}, 502, Outcome.NOT_SENT, id="HTML"),
        pytest.param({"status": 200, "body": '{"a": 1}'}, 502, Outcome.NOT_SENT, id="no list"),
        pytest.param({"status": 200, "body": "[1]"}, 502, Outcome.NOT_SENT, id="list of numbers"),
        pytest.param({"status": 401}, 403, Outcome.ACCESS_REVOKED, id="401"),
    ],
)
def test_nothing_is_written_if_the_zone_is_unavailable(
    merchant: Browser, db: Session, fault: dict[str, Any], status: int, outcome: Outcome
) -> None:
    merchant.world.set_fault(Fault("methods", method="GET", times=None, **fault))

    response = save(merchant)

    assert response.status_code == status
    assert writes(merchant.world) == []
    assert entries(db) == [(Event.ZONE_TURNED_ON, outcome)]


@pytest.mark.usefixtures("newer_bigcommerce")
def test_unwritable_fields_are_left_out(merchant: Browser) -> None:
    made = dict(MADE_ELSEWHERE) | {"date_created": "today"}
    merchant.world.store("harbour1").methods[AUSTRALIA].append(made)
    said_no = '[{"status":400,"message":"The field \'date_created\' cannot be written to."}]'
    merchant.world.set_fault(Fault("methods", method="PUT", status=400, body=said_no))

    response = save(merchant)

    assert response.status_code == 303
    first, second = writes(merchant.world)
    assert "date_created" in first[1]
    assert "date_created" not in second[1]


def test_concurrent_saves_create_one_method(
    app: Flask, world: World, merchant: Browser, db: Session
) -> None:
    def turn_on() -> int:
        tab = Browser(app, world, "harbour1", "owner")
        tab.token = merchant.token
        status: int = save(tab).status_code
        return status

    statuses = at_once(4, turn_on)

    assert statuses == [303] * 4
    assert len(methods(world)) == 1
    assert [method for method, _ in writes(world)] == ["POST", "PUT", "PUT", "PUT"]
    assert db.scalars(select(ZoneWrite)).all() == []


@pytest.mark.settings(BIGCOMMERCE_TIME_BUDGET="0.4")
def test_waiting_too_long_for_the_lock_is_a_503(merchant: Browser, db: Session) -> None:
    merchant.get("/carriers/auspost")
    db.add(another_writer(db))
    db.commit()

    response = save(merchant)

    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert "Somebody else is changing Australia Post in this zone." in said(response)
    assert writes(merchant.world) == []


def another_writer(db: Session) -> ZoneWrite:
    store_id = db.scalars(select(Store.id)).one()
    until = datetime.now(UTC) + timedelta(minutes=1)
    return ZoneWrite(
        store_id=store_id, carrier_id="auspost", zone_id=AUSTRALIA, holder="x", until=until
    )


def test_the_lock_of_a_dead_writer_expires(merchant: Browser, db: Session) -> None:
    dead = another_writer(db)
    dead.until = dead.until.replace(year=2020)
    db.add(dead)
    db.commit()

    assert save(merchant).status_code == 303


@pytest.mark.parametrize("second", [400, 401, 404, 429, 500])
def test_a_lost_write_stays_unknown_if_verification_fails(
    merchant: Browser, db: Session, second: int
) -> None:
    merchant.world.set_fault(Fault("methods", "reset", method="POST", execute_first=True))
    merchant.world.set_fault(
        Fault("methods", status=200, body="[]", method="GET")
    )  # before the write
    merchant.world.set_fault(Fault("methods", status=second, method="GET", times=None))

    response = save(merchant)

    assert response.status_code == 502
    assert "may or may not be changed in Australia" in said(response)
    assert "unchanged" not in said(response)
    assert entries(db) == [(Event.ZONE_TURNED_ON, Outcome.NO_ANSWER)]


def test_an_unanswered_creation_is_not_sent_again(
    merchant: Browser,
) -> None:
    merchant.world.set_fault(Fault("methods", "reset", method="POST"))
    save(merchant)

    again = save(merchant)
    merchant.world.store("harbour1").methods[AUSTRALIA].append(dict(MADE_LATE))
    found = save(merchant)

    assert again.status_code == 502
    assert "nothing was sent this time" in said(again)
    assert found.status_code == 303
    assert [method for method, _ in writes(merchant.world)] == ["POST", "PUT"]
    assert len(methods(merchant.world)) == 1


# What BigCommerce may carry out of a creation whose answer was not waited for.
MADE_LATE: dict[str, Any] = {
    "id": 950,
    "name": "Australia Post",
    "type": "auspost",
    "enabled": True,
    "settings": {"carrier_options": {"delivery_services": ["AUS_PARCEL_REGULAR"]}},
}


def test_hidden_settings_are_not_cleared(merchant: Browser, db: Session) -> None:
    save(merchant)
    merchant.world.hide_method_settings = True

    page = said(merchant.get("/carriers/auspost?zone=1&refresh=1"))
    off = save(merchant, {"name": "Australia Post"})

    assert "BigCommerce does not show which are on" in page
    assert off.status_code == 303
    assert "settings" not in writes(merchant.world)[-1][1]
    (method,) = methods(merchant.world)
    assert method["enabled"] is False
    assert method["settings"]["carrier_options"]["delivery_services"] == ON["delivery_services"]


def test_an_unconfirmed_save_is_shown_as_sent(merchant: Browser, db: Session) -> None:
    merchant.world.hide_method_settings = True

    response = save(merchant)

    assert entries(db) == [(Event.ZONE_TURNED_ON, Outcome.SENT)]
    page = merchant.get(response.headers["Location"])
    assert "Australia sent to BigCommerce" in said(page)
    assert "message-success" not in page.text


@pytest.mark.parametrize(
    "echo",
    [
        pytest.param({"name": "Something else"}, id="other name"),
        pytest.param({"enabled": False}, id="other state"),
        pytest.param(
            {"settings": {"carrier_options": {"delivery_services": ["AUS_PARCEL_COURIER"]}}},
            id="other services",
        ),
    ],
)
def test_a_different_answer_is_no_confirmation(
    merchant: Browser, db: Session, echo: dict[str, Any]
) -> None:
    save(merchant)
    (there,) = methods(merchant.world)
    body = json.dumps(there | {"name": "Mail"} | echo)
    merchant.world.set_fault(Fault("methods", method="PUT", status=200, body=body))

    response = save(merchant, ON | {"name": "Mail"})

    assert response.status_code == 502
    assert "BigCommerce didn’t confirm it" in said(response)
    assert entries(db)[-1] == (Event.ZONE_CHANGED, Outcome.NO_ANSWER)


def test_turning_off_turns_off_every_method(merchant: Browser, db: Session) -> None:
    two = [MADE_LATE | {"id": number, "channel_ids": [number]} for number in (950, 951)]
    merchant.world.store("harbour1").methods[AUSTRALIA] += [dict(method) for method in two]
    before = said(merchant.get("/carriers/auspost"))

    response = save(merchant, {"name": "Australia Post"})

    assert "2 methods" in before
    assert response.status_code == 303
    assert [method["enabled"] for method in methods(merchant.world)] == [False, False]
    assert [method["channel_ids"] for method in methods(merchant.world)] == [[950], [951]]
    assert entries(db) == [(Event.ZONE_TURNED_OFF, Outcome.CONFIRMED)]


def test_input_is_kept_even_if_zones_are_unavailable(merchant: Browser) -> None:
    merchant.world.set_fault(Fault("api", status=500, times=None))

    response = save(merchant, ON | {"name": "Typed by hand"})

    assert response.status_code == 502
    assert "Nothing was changed." in said(response)
    assert 'value="Typed by hand"' in response.text


def test_a_notice_parameter_alone_claims_nothing(merchant: Browser) -> None:
    page = merchant.get("/carriers/auspost?zone=1&notice=zone_saved")

    assert "Australia saved" not in said(page)
    assert "message-success" not in page.text


def test_turning_off_a_missing_method_says_so(merchant: Browser) -> None:
    response = save(merchant, {"name": "Australia Post"})

    page = merchant.get(response.headers["Location"])
    assert "BigCommerce has no method of it there, so nothing was sent." in said(page)
    assert "message-success" not in page.text


def test_options_that_rows_cannot_show_are_kept(merchant: Browser) -> None:
    merchant.post("/carriers", {"number": "33", "name": "Parcel Lane"})
    odd = {
        "depot": "007",
        "pad": "  7",
        "greeting": "two\nlines",
        "my depot": "x",
        "long": "x" * 300,
        "nested": {"a": [1]},
    }
    made = MADE_LATE | {"type": "carrier_33", "settings": {"carrier_options": dict(odd)}}
    merchant.world.store("harbour1").methods[AUSTRALIA].append(made)
    rows = {"option_name": ["depot"], "option_kind": ["text"], "option_value": ["008"]}

    only_name = save(merchant, {"enabled": "true", "name": "Lane"}, "carrier_33")
    with_rows = save(merchant, {"enabled": "true", "name": "Lane"} | rows, "carrier_33")

    assert (only_name.status_code, with_rows.status_code) == (303, 303)
    first, second = (body["settings"]["carrier_options"] for _, body in writes(merchant.world))
    assert first == odd
    assert second == odd | {"depot": "008"}


def test_an_untouched_form_adds_no_options(
    merchant: Browser,
) -> None:
    made = MADE_LATE | {
        "type": "fedex",
        "settings": {"carrier_options": {"delivery_services": ["FEDEX_GROUND"]}},
    }
    merchant.world.store("harbour1").methods[AUSTRALIA].append(made)
    untouched = {
        "enabled": "true",
        "name": "Australia Post",
        "delivery_services": ["FEDEX_GROUND"],
        "dropoff_type": "",
        "packaging_type": "",
        "packing_method": "",
        "rate_type": "",
        "destination_type": "",
    }

    save(merchant, untouched, "fedex")

    ((_, body),) = writes(merchant.world)
    assert body["settings"] == made["settings"]


def test_turning_off_keeps_an_unusual_name(
    merchant: Browser,
) -> None:
    name = "Post\u00a0\u200d" + "x" * 300
    merchant.world.store("harbour1").methods[AUSTRALIA].append(MADE_LATE | {"name": name})

    merchant.send("auspost")
    merchant.post("/carriers/auspost/disconnect", {"also_off": "true"})

    (method,) = methods(merchant.world)
    assert (method["name"], method["enabled"]) == (name, False)


def test_typed_options_are_masked_in_answers(merchant: Browser, db: Session) -> None:
    merchant.post("/carriers", {"number": "33", "name": "Parcel Lane"})
    merchant.world.set_fault(
        Fault("methods", method="POST", status=400, body='[{"message": "bad value hunter22"}]')
    )
    rows = {"option_name": ["pin"], "option_kind": ["text"], "option_value": ["hunter22"]}

    save(merchant, {"enabled": "true", "name": "Lane"} | rows, "carrier_33")

    db.expire_all()
    details = list(db.scalars(select(ActivityEntry.detail)))
    assert "bad value •••" in details
    assert not any("hunter22" in detail for detail in details)


def test_a_save_blocked_by_a_pending_creation_is_recorded(
    merchant: Browser,
) -> None:
    merchant.world.set_fault(Fault("methods", status=500, method="POST"))
    unanswered = save(merchant)

    again = save(merchant)

    assert (unanswered.status_code, again.status_code) == (502, 502)
    assert "We still don’t know whether" in said(again)
    listed = said(merchant.get("/activity"))
    assert "Not sent: an earlier request may still be carried out" in listed


def test_a_refused_creation_leaves_no_uncertainty(merchant: Browser, db: Session) -> None:
    merchant.world.set_fault(Fault("methods", status=429, method="POST"))
    refused = save(merchant)

    again = save(merchant)

    assert (refused.status_code, again.status_code) == (503, 303)
    assert db.scalars(select(ZoneWrite)).all() == []


def test_unusual_option_values_are_shown_and_kept(merchant: Browser) -> None:
    options = {
        "delivery_services": {"0": "FEDEX_GROUND", "2": "NEW", "3": "NEW"},
        "dropoff_type": "a\ud800b",
    }
    made = MADE_LATE | {"type": "fedex", "settings": {"carrier_options": options}}
    merchant.world.store("harbour1").methods[AUSTRALIA].append(made)

    page = merchant.get("/carriers/fedex?zone=1")
    off = save(merchant, {"name": "Australia Post"}, "fedex")

    assert page.status_code == 200
    assert "2 services" in said(page)
    assert page.text.count('value="NEW"') == 1
    body = writes(merchant.world)[-1][1]
    assert off.status_code == 422, "the sandbox knows no such codes"
    assert body["settings"]["carrier_options"] == {
        "delivery_services": ["FEDEX_GROUND", "NEW"],
        "dropoff_type": "a\ud800b",
    }
