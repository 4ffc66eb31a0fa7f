"""Custom carriers over HTTP: added, updated, refused, listed once."""

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bcapp.models import CarrierConnection
from sandbox.faults import Fault
from tests.merchant import Browser, said

CONNECTION = "/shipping/carrier/connection"

PARCEL_LANE: dict[str, str | list[str]] = {
    "number": "33",
    "name": "Parcel Lane",
    "setting_name": ["api_token", "account_key", "use_sandbox", "lanes", ""],
    "setting_kind": ["secret", "text", "boolean", "list", "text"],
    "setting_value": ["s3cret-token", "0042", "false", "north\r\n\r\n south ", ""],
}


def sent(merchant: Browser) -> list[tuple[str, object]]:
    return [(call.method, call.body) for call in merchant.world.calls_to(CONNECTION)]


@pytest.mark.both_databases("types")
def test_a_custom_carrier_is_sent_with_its_settings_as_typed_json(merchant: Browser) -> None:
    response = merchant.post("/carriers", PARCEL_LANE)

    assert response.status_code == 303
    assert response.headers["Location"] == "/carriers/carrier_33?notice=sent"
    body = {
        "carrier_id": "carrier_33",
        "connection": {
            "api_token": "s3cret-token",
            "account_key": "0042",
            "use_sandbox": False,
            "lanes": ["north", "south"],
        },
    }
    assert sent(merchant) == [("POST", body)]


def test_a_custom_carrier_without_settings_is_sent_an_empty_connection(merchant: Browser) -> None:
    """As in "Create Carrier Connection", Shipping Provider API, no settings configured."""
    merchant.post("/carriers", {"number": "33", "name": "Parcel Lane"})

    assert sent(merchant) == [("POST", {"carrier_id": "carrier_33", "connection": {}})]


@pytest.mark.both_databases("types")
def test_a_custom_carrier_is_listed_with_its_settings(merchant: Browser) -> None:
    merchant.post("/carriers", PARCEL_LANE)

    assert "Parcel Lane Custom carrier, carrier_33 Sent" in said(merchant.get("/carriers"))
    page = said(merchant.get("/carriers/carrier_33"))
    assert "api_token Sent, not kept here" in page
    assert "s3cret-token" not in page


def test_the_update_form_asks_for_every_value_again(merchant: Browser) -> None:
    merchant.post("/carriers", PARCEL_LANE)

    page = merchant.get("/carriers/carrier_33/connection").text

    for name in ("api_token", "account_key", "use_sandbox", "lanes"):
        assert f'value="{name}"' in page
    for value in ("s3cret-token", "0042", "north"):
        assert value not in page


def test_the_update_form_preselects_no_boolean(merchant: Browser) -> None:
    merchant.post("/carriers", PARCEL_LANE)

    page = merchant.get("/carriers/carrier_33/connection").text
    untouched = PARCEL_LANE | {"setting_value": ["new", "0042", "", "north"]}
    response = merchant.post("/carriers/carrier_33/connection", untouched)

    (choices,) = re.findall(r'<select id="setting_value-2".*?</select>', page, re.DOTALL)
    assert re.findall(r"<option.*</option>", choices)[0] == (
        '<option value="" selected>Choose</option>'
    )
    assert response.status_code == 422
    assert "use_sandbox is either true or false." in said(response)
    assert len(sent(merchant)) == 1


def test_repeated_errors_of_rows_are_listed_once(merchant: Browser) -> None:
    names = [f"setting_{number}" for number in range(60)]
    rows = {"setting_name": names, "setting_kind": ["text"] * 60, "setting_value": ["x"] * 60}

    response = merchant.post("/carriers", {"number": "33", "name": "Parcel Lane"} | rows)

    summary = response.text.partition('role="alert"')[2].partition("</ul>")[0]
    assert summary.count("A carrier takes at most 50 settings.") == 1
    assert 'href="#setting_name-50"' in summary


@pytest.mark.both_databases("writes")
def test_an_update_is_a_put_under_the_same_number(merchant: Browser) -> None:
    merchant.post("/carriers", PARCEL_LANE)
    changed = PARCEL_LANE | {"number": "99", "name": "Parcel Lanes"}

    response = merchant.post("/carriers/carrier_33/connection", changed)

    assert response.headers["Location"] == "/carriers/carrier_33?notice=updated"
    method, body = sent(merchant)[-1]
    assert (method, body["carrier_id"]) == ("PUT", "carrier_33")  # type: ignore[index]
    assert "Parcel Lanes" in said(merchant.get("/carriers"))


def test_known_settings_may_be_sent_under_their_own_names(merchant: Browser) -> None:
    merchant.post("/carriers", PARCEL_LANE)

    form = {"api_token": "new", "account_key": "1", "use_sandbox": "true", "lanes": "west"}
    response = merchant.post("/carriers/carrier_33/connection", form)

    assert response.status_code == 303
    connection = {"api_token": "new", "account_key": "1", "use_sandbox": True, "lanes": ["west"]}
    assert sent(merchant)[-1] == (
        "PUT",
        {"carrier_id": "carrier_33", "connection": connection},
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"number": ""}, "Carrier ID must be a number, such as 33.", id="no number"),
        pytest.param({"number": "x"}, "Carrier ID must be a number, such as 33.", id="letters"),
        pytest.param({"number": "０３"}, "must be a number", id="digits of another script"),
        pytest.param({"name": " "}, "Enter a name for the carrier.", id="no name"),
        pytest.param({"name": "x" * 101}, "Name is longer than", id="long name"),
        pytest.param(
            {"setting_name": ["a", "a"], "setting_kind": ["text"] * 2, "setting_value": ["1", "2"]},
            "Setting a is listed twice.",
            id="twice",
        ),
        pytest.param(
            {"setting_name": ["a"], "setting_kind": ["text"], "setting_value": [""]},
            "Enter a value for a.",
            id="no value",
        ),
        pytest.param(
            {"setting_name": [""], "setting_kind": ["text"], "setting_value": ["1"]},
            "Enter the name of this setting",
            id="no setting name",
        ),
        pytest.param(
            {"setting_name": ["a"], "setting_kind": ["boolean"], "setting_value": ["perhaps"]},
            "a is either true or false.",
            id="neither true nor false",
        ),
        pytest.param(
            {
                "setting_name": [f"s{n}" for n in range(51)],
                "setting_kind": ["text"] * 51,
                "setting_value": ["1"] * 51,
            },
            "at most 50 settings",
            id="too many",
        ),
    ],
)
def test_an_invalid_form_is_rejected_and_nothing_sent(
    merchant: Browser, changes: dict[str, str | list[str]], message: str
) -> None:
    response = merchant.post("/carriers", PARCEL_LANE | changes)

    assert response.status_code == 422
    assert "Nothing was sent." in said(response)
    assert message in said(response)
    assert "s3cret-token" not in response.text
    assert merchant.world.calls == []


@pytest.mark.both_databases("writes")
def test_a_number_in_use_is_rejected(merchant: Browser) -> None:
    merchant.post("/carriers", PARCEL_LANE)

    response = merchant.post("/carriers", PARCEL_LANE | {"name": "Another"})

    assert response.status_code == 422
    assert "carrier_33 is listed already." in said(response)
    assert len(sent(merchant)) == 1


@pytest.mark.both_databases("writes")
def test_a_refused_carrier_may_be_corrected_in_place(merchant: Browser, db: Session) -> None:
    body = '[{"status": 400, "message": "Required fields missing [api_token]"}]'
    merchant.world.set_fault(Fault("connection", status=400, body=body))
    refused = merchant.post("/carriers", PARCEL_LANE)

    accepted = merchant.post("/carriers", PARCEL_LANE)

    assert refused.status_code == 422
    assert "BigCommerce received no api_token." in said(refused)
    assert "s3cret-token" not in refused.text
    assert accepted.status_code == 303
    assert len(db.scalars(select(CarrierConnection)).all()) == 1


@pytest.mark.both_databases("writes")
def test_settings_of_a_refused_update_are_not_shown_as_sent(merchant: Browser) -> None:
    merchant.post("/carriers", PARCEL_LANE)
    merchant.world.set_fault(Fault("connection", status=400, body="[]"))
    other = {"setting_name": ["new"], "setting_kind": ["text"], "setting_value": ["1"]}
    merchant.post("/carriers/carrier_33/connection", PARCEL_LANE | other)

    page = said(merchant.get("/carriers/carrier_33"))

    assert "api_token Sent, not kept here" in page
    assert "new Sent, not kept here" not in page


@pytest.mark.both_databases("writes")
def test_a_custom_carrier_can_be_disconnected_and_added_again(merchant: Browser) -> None:
    merchant.post("/carriers", PARCEL_LANE)
    merchant.disconnect("carrier_33")

    response = merchant.post("/carriers", PARCEL_LANE)

    assert response.status_code == 303
    assert [method for method, _ in sent(merchant)] == ["POST", "DELETE", "POST"]


@pytest.mark.both_databases("isolation")
def test_another_stores_custom_carrier_is_unknown_here(merchant: Browser) -> None:
    other = merchant.another("owner", "elmfield2")
    other.install()
    other.post("/carriers", PARCEL_LANE)

    assert merchant.get("/carriers/carrier_33").status_code == 404
    assert "Parcel Lane" not in said(merchant.get("/carriers"))


def test_all_settings_may_be_removed_in_the_form(merchant: Browser) -> None:
    merchant.post("/carriers", PARCEL_LANE)

    response = merchant.post("/carriers/carrier_33/connection", {"name": "Lane"})

    assert response.status_code == 303
    assert sent(merchant)[-1] == ("PUT", {"carrier_id": "carrier_33", "connection": {}})
    assert "Lane" in said(merchant.get("/carriers"))
