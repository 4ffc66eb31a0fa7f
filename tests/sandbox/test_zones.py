"""Shipping zones and methods, compared with the Shipping V2 reference."""

from typing import Any

import pytest

from sandbox.world import World
from tests.sandbox.conftest import SendRequest, error_message

# Examples of Create a Shipping Method: one per carrier, and two of other types.
METHOD_EXAMPLES: dict[str, dict[str, Any]] = {
    "perorder": {"rate": 7},
    "peritem": {"rate": 8},
    "endicia": {
        "carrier_options": {
            "delivery_services": ["PriorityExpress", "MediaMail"],
            "packaging_type": "FlatRateLegalEnvelope",
            "show_transit_time": True,
        }
    },
    "fedex": {
        "carrier_options": {
            "delivery_services": ["PRIORITY_OVERNIGHT", "FEDEX_2_DAY"],
            "dropoff_type": "REGULAR_PICKUP",
            "packaging_type": "FEDEX_ENVELOPE",
            "packing_method": "SEPARATE",
            "rate_type": "NONE",
            "include_package_value": True,
            "destination_type": "residential",
        }
    },
    "upsready": {
        "carrier_options": {
            "delivery_services": ["2nd_Day_Air", "Standard"],
            "packaging_type": "21",
            "packing_method": "separate",
            "include_package_value": True,
            "destination_type": "residential",
            "show_transit_time": True,
        }
    },
    "canadapost": {"carrier_options": {"delivery_services": ["DOM.RP", "DOM.EP"]}},
    "auspost": {
        "carrier_options": {"delivery_services": ["AUS_PARCEL_REGULAR", "AUS_PARCEL_EXPRESS"]}
    },
    "royalmail": {
        "carrier_options": {"delivery_services": ["StandardFirstClass", "StandardSecondClass"]}
    },
    "zoom2u": {"carrier_options": {"delivery_services": ["3_hour", "Same_day", "VIP"]}},
}


# Shipping zones; the ids are the names of the examples of POST.


@pytest.mark.parametrize("count", [0, 1, 4, 60])
def test_the_number_of_zones_can_be_changed(
    call_api: SendRequest, world: World, count: int
) -> None:
    world.set_zones("harbour1", count)

    response = call_api("GET", "/shipping/zones")

    assert response.status_code == 200
    assert [zone["id"] for zone in response.json()] == list(range(1, count + 1))


def test_the_sample_zones_have_different_types(call_api: SendRequest) -> None:
    zones = call_api("GET", "/shipping/zones").json()

    assert [(zone["name"], zone["type"], zone["enabled"]) for zone in zones] == [
        ("Australia", "country", True),
        ("New Zealand", "country", True),
        ("Tasmania and remote", "zip", True),
        ("Rest of the world", "global", False),
    ]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            {
                "name": "United States",
                "type": "zip",
                "locations": [{"zip": "11103", "country_iso2": "US"}],
            },
            id="Type: ZIP",
        ),
        pytest.param(
            {"name": "Mexico", "type": "country", "locations": [{"country_iso2": "MX"}]},
            id="Type: Country",
        ),
        pytest.param(
            {
                "name": "South Carolina",
                "type": "state",
                "locations": [{"country_iso2": "US", "state_iso2": "SC"}],
            },
            id="Type: State",
        ),
        pytest.param({"name": "Global", "type": "global"}, id="Type: Global"),
    ],
)
def test_every_documented_zone_can_be_created_read_updated_and_deleted(
    call_api: SendRequest, body: dict[str, Any]
) -> None:
    created = call_api("POST", "/shipping/zones", body)
    path = f"/shipping/zones/{created.json()['id']}"

    updated = call_api("PUT", path, {"name": "Renamed", "enabled": False})
    read = call_api("GET", path)
    deleted = call_api("DELETE", path)

    assert (created.status_code, updated.status_code, deleted.status_code) == (201, 200, 204)
    assert read.json() == {**created.json(), "name": "Renamed", "enabled": False}
    assert body.items() <= created.json().items()
    assert call_api("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("POST", "/shipping/zones", {"name": "No type"}, id="zone without type"),
        pytest.param("POST", "/shipping/zones", {"name": "n", "type": "town"}, id="zone type"),
        pytest.param("PUT", "/shipping/zones/1", {"enabled": True}, id="PUT without name"),
        pytest.param("PUT", "/shipping/zones/1", {"name": "n", "enabled": "1"}, id="text boolean"),
    ],
)
def test_an_invalid_zone_is_rejected(
    call_api: SendRequest, method: str, path: str, body: object
) -> None:
    response = call_api(method, path, body)

    assert response.status_code == 400
    assert error_message(response)


# Shipping methods


@pytest.mark.parametrize(("method_type", "settings"), METHOD_EXAMPLES.items(), ids=METHOD_EXAMPLES)
def test_every_documented_method_can_be_created(
    call_api: SendRequest, method_type: str, settings: dict[str, Any]
) -> None:
    body = {"name": "Example", "type": method_type, "settings": settings, "enabled": True}

    created = call_api("POST", "/shipping/zones/2/methods", body)

    methods = call_api("GET", "/shipping/zones/2/methods").json()
    assert created.status_code == 200
    assert body.items() <= created.json().items()
    assert methods == [created.json()]


def test_a_method_is_found_only_in_its_zone(call_api: SendRequest) -> None:
    (flat_rate,) = call_api("GET", "/shipping/zones/1/methods").json()

    in_own_zone = call_api("GET", f"/shipping/zones/1/methods/{flat_rate['id']}")
    in_other_zone = call_api("GET", f"/shipping/zones/2/methods/{flat_rate['id']}")

    assert in_own_zone.json() == flat_rate
    assert flat_rate["type"] == "perorder"
    assert in_other_zone.status_code == 404


def test_updating_a_method_keeps_missing_fields_and_replaces_settings(
    call_api: SendRequest,
) -> None:
    (flat_rate,) = call_api("GET", "/shipping/zones/1/methods").json()
    # The request example of Update a Shipping Method.
    body = {"settings": {"rate": 11}, "handling_fees": {"fixed_surcharge": "0"}, "channel_ids": [2]}

    response = call_api("PUT", f"/shipping/zones/1/methods/{flat_rate['id']}", body)

    assert response.status_code == 200
    assert response.json() == flat_rate | body


def test_the_id_of_a_deleted_method_is_not_reused(call_api: SendRequest) -> None:
    body = {"name": "Flat", "type": "perorder", "settings": {"rate": 1}}
    first = call_api("POST", "/shipping/zones/2/methods", body).json()["id"]

    deleted = call_api("DELETE", f"/shipping/zones/2/methods/{first}")
    second = call_api("POST", "/shipping/zones/2/methods", body).json()["id"]

    assert deleted.status_code == 204
    assert second > first


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        pytest.param({"type": "dhl"}, "type", id="type"),
        pytest.param({"enabled": "true"}, "enabled", id="text boolean"),
        pytest.param({"delivery_services": ["FEDEX_3_DAY"]}, "delivery_services", id="service"),
        pytest.param({"delivery_services": []}, "delivery_services", id="no service"),
        pytest.param({"delivery_services": "FEDEX_GROUND"}, "delivery_services", id="not a list"),
        pytest.param({"packing_method": "separate"}, "packing_method", id="UPS's spelling"),
        pytest.param({"include_package_value": "1"}, "include_package_value", id="text option"),
    ],
)
def test_a_method_with_a_value_outside_the_reference_is_rejected(
    call_api: SendRequest, changes: dict[str, Any], name: str
) -> None:
    top_level = {key: value for key, value in changes.items() if key in ("type", "enabled")}
    options = {key: value for key, value in changes.items() if key not in top_level}
    settings = {"carrier_options": {"delivery_services": ["FEDEX_GROUND"], **options}}

    response = call_api(
        "POST",
        "/shipping/zones/1/methods",
        {"name": "FedEx", "type": "fedex", "settings": settings, **top_level},
    )

    assert response.status_code == 400
    assert error_message(response) == f"The field '{name}' is invalid."


def test_odd_responses_have_the_shapes_of_the_samples(call_api: SendRequest, world: World) -> None:
    options = {"delivery_services": ["MediaMail"], "show_transit_time": False}
    for carrier_options in (options, {}):
        body = {"name": "USPS", "type": "endicia", "settings": {"carrier_options": carrier_options}}
        call_api("POST", "/shipping/zones/2/methods", body)

    world.odd_responses = True

    single_service, without_options = call_api("GET", "/shipping/zones/2/methods").json()
    assert single_service["settings"]["carrier_options"] == {
        "delivery_services": {"value": "MediaMail"},
        "show_transit_time": "",
        "packaging": [],
    }
    assert without_options["settings"] == {}
    assert (single_service["enabled"], isinstance(single_service["id"], str)) == ("1", True)
    assert call_api("GET", "/shipping/zones/3/methods").status_code == 204
