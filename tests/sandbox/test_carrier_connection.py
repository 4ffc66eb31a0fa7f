"""Carrier connections, compared with the Shipping V2 reference."""

from typing import Any

import pytest

from sandbox.world import World
from tests.sandbox.conftest import CONNECTION, SendRequest, error_message

# The request bodies of Create Carrier Connection; Update Carrier Connection says that PUT takes the
# same.
CONNECTION_EXAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "Australia Post example": ("auspost", {"auth_key": "yourKey", "test_mode": False}),
    "Endicia example": ("endicia", {"account_id": "yourId", "pass_phrase": "yourPhrase"}),
    "FedEx example": (
        "fedex",
        {"key": "k", "password": "p", "account_number": "0012", "meter_number": "0034"},
    ),
    "Royal Mail example": ("royalmail", {}),
    "Zoom2U example": ("zoom2u", {"auth_key": "yourKey", "test_mode": False}),
    "Shipping Provider example without settings": ("carrier_33", {}),
    "Shipping Provider example with settings": ("carrier_33", {"your_configured_key_1": "v"}),
}


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("example", CONNECTION_EXAMPLES)
def test_every_documented_connection_is_accepted(
    call_api: SendRequest, world: World, method: str, example: str
) -> None:
    carrier_id, connection = CONNECTION_EXAMPLES[example]

    response = call_api(method, CONNECTION, {"carrier_id": carrier_id, "connection": connection})

    assert (response.status_code, response.content) == (204, b"")
    assert world.store("harbour1").connections == {carrier_id: connection}


def test_wrong_credentials_are_accepted_and_add_a_note_to_the_call(
    call_api: SendRequest, world: World
) -> None:
    connection = {"auth_key": "wrong-key", "test_mode": True}

    response = call_api("POST", CONNECTION, {"carrier_id": "auspost", "connection": connection})

    assert (response.status_code, response.content) == (204, b"")
    assert "would reject" in world.calls_to(CONNECTION)[-1].note


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("carrier_id", "connection", "name"),
    [
        pytest.param(carrier_id, connection, name, id=f"{carrier_id} {name}")
        for carrier_id, connection in CONNECTION_EXAMPLES.values()
        for name in connection
        if carrier_id != "carrier_33"
    ],
)
def test_every_connection_property_is_required(
    call_api: SendRequest, method: str, carrier_id: str, connection: dict[str, Any], name: str
) -> None:
    incomplete = {key: value for key, value in connection.items() if key != name}

    response = call_api(method, CONNECTION, {"carrier_id": carrier_id, "connection": incomplete})

    assert response.status_code == 400
    assert error_message(response) == f"Required fields missing [{name}]"


def test_the_error_names_all_missing_and_empty_properties(
    call_api: SendRequest,
) -> None:
    connection = {"key": "", "password": "p", "account_number": "1"}

    response = call_api("POST", CONNECTION, {"carrier_id": "fedex", "connection": connection})

    assert error_message(response) == "Required fields missing [key, meter_number]"


@pytest.mark.parametrize(
    ("body", "expected_message"),
    [
        pytest.param({"connection": {}}, "Required fields missing [carrier_id]", id="no carrier"),
        pytest.param(
            {"carrier_id": "royalmail"}, "Required fields missing [connection]", id="no connection"
        ),
        pytest.param(
            {"carrier_id": "royalmail", "connection": {"extra": "x"}},
            "The field 'extra' cannot be written to. "
            "Please remove it from your request before trying again.",
            id="unknown property",
        ),
        pytest.param(
            {"carrier_id": "royalmail", "connection": {}, "id": 5},
            "The field 'id' cannot be written to. "
            "Please remove it from your request before trying again.",
            id="id, as in the reference's 400 sample",
        ),
        pytest.param(
            {"carrier_id": "zoom2u", "connection": {"auth_key": "k", "test_mode": "false"}},
            "The field 'test_mode' is invalid.",
            id="text for boolean",
        ),
        pytest.param(
            {"carrier_id": "endicia", "connection": {"account_id": 12, "pass_phrase": "p"}},
            "The field 'account_id' is invalid.",
            id="number for text",
        ),
        pytest.param(
            {"carrier_id": "canadapost", "connection": {}},
            "The field 'carrier_id' is invalid.",
            id="carrier without a connection object",
        ),
        pytest.param(
            {"carrier_id": "carrier_x", "connection": {}},
            "The field 'carrier_id' is invalid.",
            id="provider id without a number",
        ),
    ],
)
def test_an_invalid_connection_is_rejected_and_not_stored(
    call_api: SendRequest, world: World, body: dict[str, Any], expected_message: str
) -> None:
    response = call_api("POST", CONNECTION, body)

    assert response.status_code == 400
    assert error_message(response) == expected_message
    assert world.store("harbour1").connections == {}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_body_that_is_not_json_is_rejected(call_api: SendRequest, method: str) -> None:
    response = call_api(method, CONNECTION, data="carrier_id=fedex")

    assert response.status_code == 400


def test_get_on_a_connection_is_not_allowed(call_api: SendRequest) -> None:
    response = call_api("GET", CONNECTION)

    assert response.status_code == 405
    assert {"POST", "PUT", "DELETE"} <= set(response.headers["Allow"].split(", "))


def test_the_required_endicia_passphrase_field_can_be_changed(
    call_api: SendRequest, world: World
) -> None:
    world.endicia_passphrase_field = "passphrase"
    with_old_field = {"account_id": "a", "pass_phrase": "p"}
    with_new_field = {"account_id": "a", "passphrase": "p"}

    rejected = call_api("POST", CONNECTION, {"carrier_id": "endicia", "connection": with_old_field})
    accepted = call_api("POST", CONNECTION, {"carrier_id": "endicia", "connection": with_new_field})

    assert error_message(rejected) == "Required fields missing [passphrase]"
    assert accepted.status_code == 204


def test_a_connection_is_deleted_by_the_carrier_id_in_the_body(
    call_api: SendRequest, world: World
) -> None:
    world.store("harbour1").connections["fedex"] = {}

    response = call_api("DELETE", CONNECTION, {"carrier_id": "fedex"})

    assert (response.status_code, response.content) == (204, b"")
    assert world.store("harbour1").connections == {}


def test_deleting_requires_a_carrier_id(call_api: SendRequest) -> None:
    response = call_api("DELETE", CONNECTION, {})

    assert error_message(response) == "Required fields missing [carrier_id]"


@pytest.mark.parametrize(
    ("strict_verbs", "statuses"), [(False, [204, 204, 204, 204]), (True, [404, 404, 204, 409])]
)
def test_strict_verbs_reject_requests_in_the_wrong_state(
    call_api: SendRequest, world: World, strict_verbs: bool, statuses: list[int]
) -> None:
    world.strict_verbs = strict_verbs
    body = {"carrier_id": "royalmail", "connection": {}}

    responses = [call_api(method, CONNECTION, body) for method in ("DELETE", "PUT", "POST", "POST")]

    assert [response.status_code for response in responses] == statuses
