"""Zones, methods and store information: parsed leniently, refused if meaningless."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bcapp.bigcommerce.errors import MalformedResponse
from bcapp.bigcommerce.http import new_session
from bcapp.bigcommerce.schemas import Method, StoreInformation, Zone, parse_api_bool
from bcapp.bigcommerce.store_api import StoreApi
from sandbox.faults import Fault
from sandbox.world import World

# A method as the reference's examples have it, with what no document names besides.
METHOD: dict[str, Any] = {
    "id": 4,
    "name": "UPS®",
    "type": "upsready",
    "settings": {
        "carrier_options": {"delivery_services": ["Express", "Ground"], "packaging": []},
        "unknown": "kept",
    },
    "enabled": True,
    "handling_fees": {"fixed_surcharge": "0"},
    "is_fallback": False,
    "channel_ids": [1],
    "unknown": {"deep": [None, {"0": "x"}]},
}
STORE = {
    "name": "Harbour & Pine Supply",
    "country_code": "AU",
    "timezone": {"name": "Australia/Sydney", "raw_offset": 36000},
}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
WHOLE_NUMBERS = st.integers(min_value=0, max_value=10**18 - 1)
ITEMS = st.builds(
    lambda unknown, known: unknown | known,
    st.dictionaries(st.text(), JSON, max_size=4),
    st.fixed_dictionaries(
        {"id": WHOLE_NUMBERS | WHOLE_NUMBERS.map(str) | JSON},
        optional={
            "name": JSON,
            "type": JSON,
            "enabled": JSON,
            "is_fallback": JSON,
            "handling_fees": JSON,
            "channel_ids": JSON,
            "settings": JSON
            | st.dictionaries(st.sampled_from(["carrier_options", "rate"]), JSON)
            | st.fixed_dictionaries(
                {"carrier_options": st.fixed_dictionaries({"delivery_services": JSON})}
            ),
        },
    ),
)


@pytest.fixture
def api(world: World, bigcommerce: str) -> Iterator[StoreApi]:
    world.store("harbour1").access_token = "token"
    with new_session() as http:
        yield StoreApi(http, bigcommerce, "harbour1", SecretStr("token"), budget=5)


@pytest.mark.parametrize(
    ("spelling", "meant"),
    [
        pytest.param(True, True, id="true"),
        pytest.param(1, True, id="1"),
        pytest.param("1", True, id="1 as text"),
        pytest.param("true", True, id="true as text"),
        pytest.param("TRUE", True, id="TRUE as text"),
        pytest.param(False, False, id="false"),
        pytest.param(0, False, id="0"),
        pytest.param("0", False, id="0 as text"),
        pytest.param("", False, id="empty text"),
        pytest.param("false", False, id="false as text"),
        pytest.param(None, False, id="null"),
        pytest.param(2, False, id="2"),
        pytest.param([], False, id="list"),
        pytest.param([1], False, id="list of 1"),
        pytest.param({}, False, id="object"),
    ],
)
def test_booleans_are_parsed_in_any_spelling(spelling: object, meant: bool) -> None:
    zone = Zone.from_json({"id": 1, "enabled": spelling})
    method = Method.from_json(METHOD | {"enabled": spelling, "is_fallback": spelling})

    assert parse_api_bool(spelling) is meant
    assert zone.enabled is meant
    assert method.enabled is meant
    assert method.update_body("UPS", True, {})["is_fallback"] is meant


@pytest.mark.parametrize(
    ("spelling", "number"),
    [
        pytest.param(4, 4, id="number"),
        pytest.param("4", 4, id="text"),
        pytest.param("004", 4, id="zeros in front"),
        pytest.param("9" * 18, 10**18 - 1, id="18 digits"),
    ],
)
def test_an_id_is_a_number_or_its_digits(spelling: object, number: int) -> None:
    assert Zone.from_json({"id": spelling}).id == number
    assert Method.from_json({"id": spelling}).id == number


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="list"),
        pytest.param("zone", id="text"),
        pytest.param(1, id="number"),
        pytest.param({}, id="no id"),
        pytest.param({"id": None}, id="id null"),
        pytest.param({"id": True}, id="id true"),
        pytest.param({"id": 1.0}, id="id with a point"),
        pytest.param({"id": ""}, id="id empty"),
        pytest.param({"id": " 1"}, id="id with a space"),
        pytest.param({"id": "-1"}, id="id with a sign"),
        pytest.param({"id": "²"}, id="id in superscript"),
        pytest.param({"id": "١"}, id="id in Arabic digits"),
        pytest.param({"id": "9" * 19}, id="id of 19 digits"),
        pytest.param({"id": [1]}, id="id in a list"),
    ],
)
def test_an_item_without_an_id_is_malformed(item: object) -> None:
    with pytest.raises(MalformedResponse):
        Zone.from_json(item)
    with pytest.raises(MalformedResponse):
        Method.from_json(item)


@pytest.mark.parametrize(
    ("given_text", "text"),
    [
        pytest.param("Australia", "Australia", id="plain"),
        pytest.param(" a\nb\x00c\ud800 ", "a b c", id="hidden characters"),
        pytest.param("x" * 300, "x" * 255, id="endless"),
        pytest.param(None, "", id="null"),
        pytest.param(7, "", id="number"),
        pytest.param(["Australia"], "", id="list"),
    ],
)
def test_names_and_types_are_one_printable_line(given_text: object, text: str) -> None:
    item = {"id": 1, "name": given_text, "type": given_text}

    zone, method = Zone.from_json(item), Method.from_json(item)

    assert (zone.name, zone.type) == (text, text)
    assert (method.name, method.type) == (text, text)


@pytest.mark.parametrize(
    ("settings", "services"),
    [
        pytest.param({}, None, id="settings empty"),
        pytest.param([], None, id="settings an empty list"),
        pytest.param(None, None, id="settings null"),
        pytest.param("", None, id="settings text"),
        pytest.param({"rate": 7}, None, id="no carrier options"),
        pytest.param({"carrier_options": {}}, None, id="carrier options empty"),
        pytest.param({"carrier_options": []}, None, id="carrier options an empty list"),
        pytest.param({"carrier_options": None}, None, id="carrier options null"),
        pytest.param({"carrier_options": {"packaging": []}}, None, id="no services"),
        pytest.param({"carrier_options": {"delivery_services": []}}, [], id="services empty"),
        pytest.param({"carrier_options": {"delivery_services": None}}, [], id="services null"),
        pytest.param({"carrier_options": {"delivery_services": ""}}, [], id="services empty text"),
        pytest.param({"carrier_options": {"delivery_services": {}}}, [], id="services an object"),
        pytest.param({"carrier_options": {"delivery_services": ["A", "B"]}}, ["A", "B"], id="two"),
        pytest.param({"carrier_options": {"delivery_services": "A"}}, ["A"], id="lone text"),
        pytest.param(
            {"carrier_options": {"delivery_services": {"value": "A"}}}, ["A"], id="lone object"
        ),
        pytest.param(
            {"carrier_options": {"delivery_services": [{"value": "A"}, "B"]}},
            ["A", "B"],
            id="objects in a list",
        ),
    ],
)
def test_services_are_parsed_in_any_shape(settings: object, services: list[str] | None) -> None:
    assert Method.from_json(METHOD | {"settings": settings}).services == services


@pytest.mark.parametrize(
    ("settings", "written"),
    [
        pytest.param({}, {}, id="empty"),
        pytest.param([], {}, id="empty list"),
        pytest.param({"carrier_options": []}, {}, id="options an empty list"),
        pytest.param(METHOD["settings"], {"unknown": "kept"}, id="unknown setting"),
        pytest.param({"rate": 7}, {"rate": 7}, id="another kind's setting"),
    ],
)
def test_written_settings_keep_unknown_keys(settings: object, written: dict[str, object]) -> None:
    method = Method.from_json(METHOD | {"settings": settings})

    body = method.update_body("UPS", True, {"delivery_services": ["Ground"]})

    options = {"carrier_options": {"delivery_services": ["Ground"]}}
    assert body["settings"] == written | options


def test_an_update_is_the_whole_object_without_its_id() -> None:
    body = Method.from_json(METHOD).update_body("Parcels", False, {"delivery_services": ["Ground"]})

    assert body == {
        "name": "Parcels",
        "type": "upsready",
        "settings": {
            "carrier_options": {"delivery_services": ["Ground"]},
            "unknown": "kept",
        },
        "enabled": False,
        "handling_fees": {"fixed_surcharge": "0"},
        "is_fallback": False,
        "channel_ids": [1],
        "unknown": {"deep": [None, {"0": "x"}]},
    }


@given(ITEMS)
def test_unknown_keys_are_never_lost(item: dict[str, Any]) -> None:
    before = copy.deepcopy(item)
    try:
        method = Method.from_json(item)
    except MalformedResponse:
        return

    body = method.update_body("Post", True, {"delivery_services": ["A"]})

    ours = {"id", "name", "enabled", "settings", "is_fallback"}
    assert {k: v for k, v in body.items() if k not in ours} == {
        k: v for k, v in before.items() if k not in ours
    }
    assert set(body) - {"name", "enabled", "settings"} <= set(before) - {"id"}
    assert body["settings"]["carrier_options"] == {"delivery_services": ["A"]}
    assert item == before
    assert all(isinstance(code, str) for code in method.services or [])


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(
            STORE, ("Harbour & Pine Supply", "Australia/Sydney", "AU"), id="as documented"
        ),
        pytest.param({}, ("", "", ""), id="empty"),
        pytest.param(STORE | {"timezone": []}, ("Harbour & Pine Supply", "", "AU"), id="zone []"),
        pytest.param(
            STORE | {"timezone": {"name": None}}, ("Harbour & Pine Supply", "", "AU"), id="null"
        ),
        pytest.param(
            STORE | {"timezone": "Australia/Sydney"},
            ("Harbour & Pine Supply", "", "AU"),
            id="zone as text",
        ),
        pytest.param({"name": 5, "country_code": ["AU"]}, ("", "", ""), id="other types"),
    ],
)
def test_store_information_may_be_partial(item: object, expected: tuple[str, str, str]) -> None:
    information = StoreInformation.from_json(item)

    assert (information.name, information.timezone, information.country_code) == expected


@pytest.mark.parametrize("item", [None, [], "store", 1], ids=str)
def test_store_information_must_be_an_object(item: object) -> None:
    with pytest.raises(MalformedResponse):
        StoreInformation.from_json(item)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(status=204, times=2), id="204"),
        pytest.param(Fault(status=200, body="[]", times=2), id="200 with an empty list"),
    ],
)
def test_an_empty_list_may_be_a_204(world: World, api: StoreApi, fault: Fault) -> None:
    world.set_fault(fault)

    assert api.list_zones() == []
    assert api.list_methods(1) == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="nothing at all"),
        pytest.param("{}", id="object"),
        pytest.param("null", id="null"),
        pytest.param('"zones"', id="text"),
        pytest.param("[", id="half a list"),
        pytest.param("[" * 100_000, id="endlessly nested"),
        pytest.param("[1]", id="list of numbers"),
        pytest.param("[null]", id="list of null"),
        pytest.param('[{"name": "Australia"}]', id="item without an id"),
        pytest.param(f'[{{"id": {"9" * 5000}}}]', id="endless number"),
        pytest.param(f'[{{"id": {10**30}}}]', id="a number that no column holds"),
        pytest.param('[{"id": 1, "other": NaN}]', id="not a number"),
        pytest.param(f'[{{"id": 1, "other": {"[" * 60}{"]" * 60}}}]', id="too deep to write back"),
        pytest.param(json.dumps([{"id": n} for n in range(1001)]), id="too many"),
        pytest.param("<html></html>", id="HTML"),
    ],
)
def test_an_invalid_list_is_malformed(world: World, api: StoreApi, body: str) -> None:
    world.set_fault(Fault(status=200, body=body, times=2))

    with pytest.raises(MalformedResponse):
        api.list_zones()
    with pytest.raises(MalformedResponse):
        api.list_methods(1)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(status=204), id="204"),
        pytest.param(Fault(status=200, body=""), id="no body"),
        pytest.param(Fault(status=200, body="[]"), id="list"),
        pytest.param(Fault(status=200, body=json.dumps({"name": "Australia"})), id="no id"),
    ],
)
def test_an_invalid_zone_is_malformed(world: World, api: StoreApi, fault: Fault) -> None:
    world.set_fault(fault)

    with pytest.raises(MalformedResponse):
        api.get_zone(1)


def test_the_sandboxs_odd_responses_are_parsed(world: World, api: StoreApi) -> None:
    zones, methods = api.list_zones(), api.list_methods(1)
    world.odd_responses = True

    awkward_methods = api.list_methods(1)

    assert api.list_zones() == zones
    assert [(m.id, m.name, m.type, m.enabled) for m in awkward_methods] == [
        (m.id, m.name, m.type, m.enabled) for m in methods
    ]
    assert api.list_methods(2) == []
