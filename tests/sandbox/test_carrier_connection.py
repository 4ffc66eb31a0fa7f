"""Holds the double to the reference of carrier connections."""

from typing import Any

import pytest

from sandbox.world import World
from tests.sandbox.conftest import CONNECTION, Ask, message

# Create Carrier Connection: the request body of each carrier's section. Update Carrier Connection
# says that PUT takes the same.
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
    ask: Ask, world: World, method: str, example: str
) -> None:
    carrier_id, connection = CONNECTION_EXAMPLES[example]

    reply = ask(method, CONNECTION, {"carrier_id": carrier_id, "connection": connection})

    assert (reply.status_code, reply.content) == (204, b"")
    assert world.store("harbour1").connections == {carrier_id: connection}


def test_wrong_details_are_answered_like_right_ones_but_noted(ask: Ask, world: World) -> None:
    connection = {"auth_key": "wrong-key", "test_mode": True}

    reply = ask("POST", CONNECTION, {"carrier_id": "auspost", "connection": connection})

    assert (reply.status_code, reply.content) == (204, b"")
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
def test_each_property_is_required(
    ask: Ask, method: str, carrier_id: str, connection: dict[str, Any], name: str
) -> None:
    incomplete = {key: value for key, value in connection.items() if key != name}

    reply = ask(method, CONNECTION, {"carrier_id": carrier_id, "connection": incomplete})

    assert reply.status_code == 400
    assert message(reply) == f"Required fields missing [{name}]"


def test_all_missing_properties_are_named_and_an_empty_one_is_missing(ask: Ask) -> None:
    connection = {"key": "", "password": "p", "account_number": "1"}

    reply = ask("POST", CONNECTION, {"carrier_id": "fedex", "connection": connection})

    assert message(reply) == "Required fields missing [key, meter_number]"


@pytest.mark.parametrize(
    ("body", "words"),
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
            id="boolean as text",
        ),
        pytest.param(
            {"carrier_id": "endicia", "connection": {"account_id": 12, "pass_phrase": "p"}},
            "The field 'account_id' is invalid.",
            id="text as number",
        ),
        pytest.param(
            {"carrier_id": "canadapost", "connection": {}},
            "The field 'carrier_id' is invalid.",
            id="carrier without a connection object",
        ),
        pytest.param(
            {"carrier_id": "carrier_x", "connection": {}},
            "The field 'carrier_id' is invalid.",
            id="provider without a number",
        ),
    ],
)
def test_a_malformed_connection_is_refused_and_not_kept(
    ask: Ask, world: World, body: dict[str, Any], words: str
) -> None:
    reply = ask("POST", CONNECTION, body)

    assert reply.status_code == 400
    assert message(reply) == words
    assert world.store("harbour1").connections == {}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_body_that_is_not_json_is_refused(ask: Ask, method: str) -> None:
    reply = ask(method, CONNECTION, data="carrier_id=fedex")

    assert reply.status_code == 400


def test_a_connection_cannot_be_read(ask: Ask) -> None:
    reply = ask("GET", CONNECTION)

    assert reply.status_code == 405
    assert {"POST", "PUT", "DELETE"} <= set(reply.headers["Allow"].split(", "))


def test_endicia_wants_the_spelling_in_force_and_names_it(ask: Ask, world: World) -> None:
    world.endicia_passphrase_field = "passphrase"
    old = {"account_id": "a", "pass_phrase": "p"}
    new = {"account_id": "a", "passphrase": "p"}

    refused = ask("POST", CONNECTION, {"carrier_id": "endicia", "connection": old})
    accepted = ask("POST", CONNECTION, {"carrier_id": "endicia", "connection": new})

    assert message(refused) == "Required fields missing [passphrase]"
    assert accepted.status_code == 204


def test_a_connection_is_deleted_by_a_json_body(ask: Ask, world: World) -> None:
    world.store("harbour1").connections["fedex"] = {}

    reply = ask("DELETE", CONNECTION, {"carrier_id": "fedex"})

    assert (reply.status_code, reply.content) == (204, b"")
    assert world.store("harbour1").connections == {}


def test_deleting_needs_a_carrier(ask: Ask) -> None:
    reply = ask("DELETE", CONNECTION, {})

    assert message(reply) == "Required fields missing [carrier_id]"


@pytest.mark.parametrize(
    ("strict", "statuses"), [(False, [204, 204, 204, 204]), (True, [404, 404, 204, 409])]
)
def test_verbs_in_the_wrong_state_are_undocumented_so_both_readings_exist(
    ask: Ask, world: World, strict: bool, statuses: list[int]
) -> None:
    world.strict_verbs = strict
    body = {"carrier_id": "royalmail", "connection": {}}

    replies = [ask(verb, CONNECTION, body) for verb in ("DELETE", "PUT", "POST", "POST")]

    assert [reply.status_code for reply in replies] == statuses
