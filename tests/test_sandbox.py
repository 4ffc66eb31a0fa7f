"""Holds the double to BigCommerce's documents: examples transcribed from its reference."""

import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import jwt
import pytest
import requests

from sandbox.faults import Fault
from sandbox.server import serve
from sandbox.world import DEFAULT_SCOPE, World

APP_URL = "https://app.example"
CONNECTION = "/shipping/carrier/connection"
# For requests that are to run into their time limit; ample for a loaded machine to begin one.
SOON = 0.5

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

# Create a Shipping Method: the example of each carrier's section, and of two settings objects.
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

# Store Information, the response example's keys.
STORE_FIELDS = {
    "id", "account_uuid", "domain", "secure_url", "control_panel_base_url", "status", "name",
    "first_name", "last_name", "address", "country", "country_code", "infrastructure_region",
    "phone", "admin_email", "order_email", "favicon_url", "timezone", "language", "currency",
    "currency_symbol", "decimal_separator", "thousands_separator", "decimal_places",
    "currency_symbol_location", "weight_units", "dimension_units", "dimension_decimal_places",
    "dimension_decimal_token", "dimension_thousands_token", "plan_name", "plan_level",
    "plan_is_trial", "industry", "logo", "is_price_entered_with_tax", "store_id",
    "default_channel_id", "default_site_id", "active_comparison_modules", "features",
}  # fmt: skip

Ask = Callable[..., requests.Response]


@pytest.fixture
def world() -> World:
    return World("client-id", "a client secret of more than 32 bytes", APP_URL)


@pytest.fixture
def address(world: World) -> Iterator[str]:
    with serve(world) as address:
        yield address


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def exchange(world: World, address: str, session: requests.Session) -> Ask:
    """A token request with everything right, save what a test changes."""

    def ask(
        encoding: str = "json", query: dict[str, str] | None = None, **changes: str
    ) -> requests.Response:
        query = query or world.install_query("harbour1", world.person("harbour1", "owner"))
        body = {
            "client_id": world.client_id,
            "client_secret": world.client_secret,
            "grant_type": "authorization_code",
            "redirect_uri": f"{APP_URL}/auth",
            **{name: query[name] for name in ("code", "context", "scope")},
            **changes,
        }
        encoded: dict[str, Any] = {encoding: body}
        return session.request("POST", f"{address}/oauth2/token", **encoded)

    return ask


@pytest.fixture
def ask(world: World, address: str, session: requests.Session) -> Ask:
    """A request to the API of harbour1, which has the app installed."""
    world.store("harbour1").access_token = "token-of-harbour"
    session.headers["X-Auth-Token"] = "token-of-harbour"

    def ask(method: str, path: str, body: object = None, **options: Any) -> requests.Response:
        if body is not None:
            options["json"] = body
        options.setdefault("timeout", 10)
        return session.request(method, f"{address}/stores/harbour1/v2{path}", **options)

    return ask


def message(reply: requests.Response) -> str:
    """The one message of the array that V2 endpoints answer errors with."""
    (error,) = reply.json()
    assert error["status"] == reply.status_code
    return str(error["message"])


# Create, Update, Delete Carrier Connection


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
    assert "would refuse" in world.calls_to(CONNECTION)[-1].note


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
    world.endicia_spelling = "passphrase"
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


# Who may call (About our APIs: authentication, status codes, rate limits)


@pytest.mark.parametrize(
    ("path", "token"),
    [
        pytest.param("/stores/harbour1/v2/time", None, id="no token"),
        pytest.param("/stores/harbour1/v2/time", "invented", id="invented token"),
        pytest.param("/stores/harbour1/v2/time", "token-of-elm", id="another store's token"),
        pytest.param("/stores/unknown3/v2/time", "token-of-elm", id="unknown store"),
    ],
)
def test_only_a_stores_own_token_opens_it(
    world: World, address: str, session: requests.Session, path: str, token: str | None
) -> None:
    world.store("harbour1").access_token = "token-of-harbour"
    world.store("elmfield2").access_token = "token-of-elm"

    reply = session.get(address + path, headers={"X-Auth-Token": token} if token else {})

    assert reply.status_code == 401
    assert reply.json()["status"] == 401


def test_uninstalling_kills_the_token(ask: Ask, world: World) -> None:
    before = ask("GET", "/time").status_code

    world.revoke("harbour1")

    assert (before, ask("GET", "/time").status_code) == (200, 401)


def test_a_new_token_replaces_the_earlier_one(ask: Ask, world: World, exchange: Ask) -> None:
    token = exchange().json()["access_token"]

    assert ask("GET", "/time").status_code == 401
    assert ask("GET", "/time", headers={"X-Auth-Token": token}).status_code == 200


@pytest.mark.parametrize(
    ("scope", "reading", "writing"),
    [
        pytest.param(DEFAULT_SCOPE, 200, 204, id="modify"),
        pytest.param("store_v2_information_read_only", 200, 403, id="read-only"),
        pytest.param("store_v2_orders", 403, 403, id="other"),
        pytest.param(None, 403, 403, id="none"),
    ],
)
def test_the_scope_of_the_token_decides(
    ask: Ask, world: World, scope: str | None, reading: int, writing: int
) -> None:
    world.store("harbour1").scope = scope

    read = ask("GET", "/shipping/zones")
    written = ask("POST", CONNECTION, {"carrier_id": "royalmail", "connection": {}})

    assert (read.status_code, written.status_code) == (reading, writing)


def test_normal_answers_carry_the_rate_limit_headers(ask: Ask) -> None:
    headers = ask("GET", "/time").headers

    assert headers["X-Rate-Limit-Time-Window-Ms"] == "30000"
    assert int(headers["X-Rate-Limit-Time-Reset-Ms"]) <= 30000
    assert int(headers["X-Rate-Limit-Requests-Left"]) < int(headers["X-Rate-Limit-Requests-Quota"])


# The token exchange (Apps guide, auth callback)


@pytest.mark.parametrize("encoding", ["json", "data"])
def test_a_code_becomes_a_token_sent_as_json_or_as_form(
    exchange: Ask, world: World, encoding: str
) -> None:
    reply = exchange(encoding)

    granted = reply.json()
    assert reply.status_code == 200
    assert granted["access_token"] == world.store("harbour1").access_token
    assert granted["context"] == "stores/harbour1"
    assert granted["scope"] == DEFAULT_SCOPE
    assert granted["user"] == granted["owner"]
    assert granted["user"]["email"] == granted["user"]["username"] == "owner@harbourpine.example"
    assert set(granted) == {"access_token", "scope", "user", "owner", "context", "account_uuid"}


def test_whoever_pressed_install_is_the_user(exchange: Ask, world: World) -> None:
    jo = world.person("harbour1", "authorized")

    granted = exchange(query=world.install_query("harbour1", jo)).json()

    assert (granted["user"]["id"], granted["owner"]["id"]) == (jo.id, 9128)


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        pytest.param({"client_id": "other"}, 401, "invalid_client", id="client id"),
        pytest.param({"client_secret": "other"}, 401, "invalid_client", id="client secret"),
        pytest.param({"grant_type": "password"}, 400, "unsupported_grant_type", id="grant type"),
        pytest.param(
            {"redirect_uri": f"{APP_URL}/auth/"},
            400,
            "Parameter redirect_uri does not match registered URI",
            id="redirect, as reported in bigcommerce-api-php#281",
        ),
        pytest.param({"code": "never-issued"}, 400, "invalid_grant", id="code"),
        pytest.param({"context": ""}, 400, "invalid_request", id="no context"),
    ],
)
def test_a_wrong_token_request_is_refused(
    exchange: Ask, world: World, changes: dict[str, str], status: int, error: str
) -> None:
    reply = exchange(**changes)

    assert (reply.status_code, reply.json()) == (status, {"error": error})
    assert world.store("harbour1").access_token is None


def test_a_code_works_once(exchange: Ask, world: World) -> None:
    query = world.install_query("harbour1", world.person("harbour1", "owner"))

    replies = [exchange(query=query), exchange(query=query)]

    assert [reply.status_code for reply in replies] == [200, 400]


def test_an_answer_nobody_accepts_is_406(exchange: Ask, session: requests.Session) -> None:
    session.headers["Accept"] = "text/html"

    reply = exchange()

    assert (reply.status_code, reply.json()) == (406, {"error": "Invalid format."})


def test_a_wrong_context_earns_a_token_that_opens_nothing(
    exchange: Ask, address: str, session: requests.Session
) -> None:
    granted = exchange(context="stores/elmfield2").json()

    reply = session.get(
        f"{address}/stores/elmfield2/v2/store", headers={"X-Auth-Token": granted["access_token"]}
    )

    assert granted["scope"] is None
    assert reply.status_code == 403


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_an_install_by_external_button_ends_on_a_page(
    address: str, session: requests.Session, outcome: str
) -> None:
    reply = session.get(f"{address}/app/client-id/install/{outcome}")

    assert reply.status_code == 200
    assert "installed" in reply.text


# Signed payloads (Apps guide, callbacks)


def test_a_signed_payload_holds_the_documented_claims(world: World) -> None:
    sam = world.person("harbour1", "staff")

    token = world.signed_payload("harbour1", sam, url="/deep", channel_id=3)

    claims = jwt.decode(
        token, world.client_secret, algorithms=["HS256"], audience="client-id", issuer="bc"
    )
    assert claims["sub"] == "stores/harbour1"
    assert claims["user"] == {"id": sam.id, "email": sam.email, "locale": sam.locale}
    assert claims["owner"] == {"id": 9128, "email": "owner@harbourpine.example"}
    assert (claims["url"], claims["channel_id"]) == ("/deep", 3)
    assert (claims["nbf"], claims["exp"]) == (claims["iat"] - 5, claims["iat"] + 86400)


def test_a_signed_payload_can_be_made_wrong(world: World) -> None:
    owner = world.person("harbour1", "owner")

    token = world.signed_payload(
        "harbour1", owner, now=1000, algorithm="none", without=["jti"], iss=5, sub="store/harbour1"
    )

    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["iat"], claims["iss"], claims["sub"]) == (1000, 5, "store/harbour1")
    assert "jti" not in claims
    assert jwt.get_unverified_header(token)["alg"] == "none"


# Store and time (Store Information reference)


def test_store_information_has_the_documented_fields(ask: Ask) -> None:
    store = ask("GET", "/store").json()

    assert set(store) == STORE_FIELDS
    assert (store["id"], store["name"]) == ("harbour1", "Harbour & Pine Supply")
    assert (store["country_code"], store["timezone"]["name"]) == ("AU", "Australia/Sydney")
    assert store["control_panel_base_url"] == "https://store-harbour1.mybigcommerce.com"


def test_the_time_is_a_number(ask: Ask) -> None:
    assert isinstance(ask("GET", "/time").json()["time"], int)


def test_an_unknown_address_is_404_in_the_apis_own_shape(ask: Ask) -> None:
    reply = ask("GET", "/shipping/nothing")

    assert reply.status_code == 404
    assert message(reply) == "Not Found"


# Shipping Zones: POST's examples by their names there


@pytest.mark.parametrize("number", [0, 1, 4, 60])
def test_the_number_of_zones_can_be_switched(ask: Ask, world: World, number: int) -> None:
    world.set_zones("harbour1", number)

    reply = ask("GET", "/shipping/zones")

    assert reply.status_code == 200
    assert [zone["id"] for zone in reply.json()] == list(range(1, number + 1))


def test_the_sample_zones_are_of_several_kinds(ask: Ask) -> None:
    zones = ask("GET", "/shipping/zones").json()

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
def test_every_documented_zone_can_be_made_read_changed_and_deleted(
    ask: Ask, body: dict[str, Any]
) -> None:
    made = ask("POST", "/shipping/zones", body)
    path = f"/shipping/zones/{made.json()['id']}"

    changed = ask("PUT", path, {"name": "Renamed", "enabled": False})
    read = ask("GET", path)
    deleted = ask("DELETE", path)

    assert (made.status_code, changed.status_code, deleted.status_code) == (201, 200, 204)
    assert read.json() == {**made.json(), "name": "Renamed", "enabled": False}
    assert body.items() <= made.json().items()
    assert ask("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("POST", "/shipping/zones", {"name": "No type"}, id="zone without type"),
        pytest.param("POST", "/shipping/zones", {"name": "n", "type": "town"}, id="zone type"),
        pytest.param("PUT", "/shipping/zones/1", {"enabled": True}, id="PUT without name"),
        pytest.param("PUT", "/shipping/zones/1", {"name": "n", "enabled": "1"}, id="text boolean"),
    ],
)
def test_a_malformed_zone_is_refused(ask: Ask, method: str, path: str, body: object) -> None:
    reply = ask(method, path, body)

    assert reply.status_code == 400
    assert message(reply)


# Shipping Method


@pytest.mark.parametrize(("kind", "settings"), METHOD_EXAMPLES.items(), ids=METHOD_EXAMPLES)
def test_every_documented_method_can_be_made(ask: Ask, kind: str, settings: dict[str, Any]) -> None:
    body = {"name": "Example", "type": kind, "settings": settings, "enabled": True}

    made = ask("POST", "/shipping/zones/2/methods", body)

    listed = ask("GET", "/shipping/zones/2/methods").json()
    assert made.status_code == 200
    assert body.items() <= made.json().items()
    assert listed == [made.json()]


def test_a_method_lives_in_its_own_zone(ask: Ask) -> None:
    (flat_rate,) = ask("GET", "/shipping/zones/1/methods").json()

    found = ask("GET", f"/shipping/zones/1/methods/{flat_rate['id']}")
    elsewhere = ask("GET", f"/shipping/zones/2/methods/{flat_rate['id']}")

    assert found.json() == flat_rate
    assert flat_rate["type"] == "perorder"
    assert elsewhere.status_code == 404


def test_put_keeps_what_it_does_not_name_and_replaces_settings(ask: Ask) -> None:
    (flat_rate,) = ask("GET", "/shipping/zones/1/methods").json()
    # Update a Shipping Method, the request example.
    body = {"settings": {"rate": 11}, "handling_fees": {"fixed_surcharge": "0"}, "channel_ids": [2]}

    reply = ask("PUT", f"/shipping/zones/1/methods/{flat_rate['id']}", body)

    assert reply.status_code == 200
    assert reply.json() == flat_rate | body


def test_a_deleted_method_is_gone_and_its_id_never_comes_back(ask: Ask) -> None:
    body = {"name": "Flat", "type": "perorder", "settings": {"rate": 1}}
    first = ask("POST", "/shipping/zones/2/methods", body).json()["id"]

    deleted = ask("DELETE", f"/shipping/zones/2/methods/{first}")
    second = ask("POST", "/shipping/zones/2/methods", body).json()["id"]

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
def test_a_method_with_a_code_that_is_not_in_the_reference_is_refused(
    ask: Ask, changes: dict[str, Any], name: str
) -> None:
    top = {key: value for key, value in changes.items() if key in ("type", "enabled")}
    options = {key: value for key, value in changes.items() if key not in top}
    settings = {"carrier_options": {"delivery_services": ["FEDEX_GROUND"], **options}}

    reply = ask(
        "POST",
        "/shipping/zones/1/methods",
        {"name": "FedEx", "type": "fedex", "settings": settings, **top},
    )

    assert reply.status_code == 400
    assert message(reply) == f"The field '{name}' is invalid."


def test_awkward_replies_have_the_shapes_of_the_samples(ask: Ask, world: World) -> None:
    options = {"delivery_services": ["MediaMail"], "show_transit_time": False}
    for carrier_options in (options, {}):
        body = {"name": "USPS", "type": "endicia", "settings": {"carrier_options": carrier_options}}
        ask("POST", "/shipping/zones/2/methods", body)

    world.awkward = True

    lone, bare = ask("GET", "/shipping/zones/2/methods").json()
    assert lone["settings"]["carrier_options"] == {
        "delivery_services": {"value": "MediaMail"},
        "show_transit_time": "",
        "packaging": [],
    }
    assert bare["settings"] == {}
    assert (lone["enabled"], isinstance(lone["id"], str)) == ("1", True)
    assert ask("GET", "/shipping/zones/3/methods").status_code == 204


# Faults: what a network and an overloaded platform do, documented or not


@pytest.mark.parametrize(
    ("fault", "limit", "trouble"),
    [
        pytest.param(Fault(kind="reset"), 10, requests.ConnectionError, id="reset"),
        pytest.param(Fault(kind="hang"), SOON, requests.ReadTimeout, id="hang"),
        pytest.param(Fault(kind="hang", seconds=0.01), 10, requests.ConnectionError, id="hang up"),
        pytest.param(Fault(kind="delay", seconds=60), SOON, requests.ReadTimeout, id="delay"),
        pytest.param(Fault(kind="drip", seconds=600), SOON, requests.ConnectionError, id="drip"),
        pytest.param(
            Fault(kind="truncated"), 10, requests.exceptions.ChunkedEncodingError, id="truncated"
        ),
        pytest.param(
            Fault(kind="truncated", status=200, body="[]"),
            10,
            requests.exceptions.ChunkedEncodingError,
            id="truncated reply of its own",
        ),
    ],
)
def test_a_fault_is_met_once_and_then_all_is_well(
    ask: Ask, world: World, fault: Fault, limit: float, trouble: type[Exception]
) -> None:
    world.order(fault)

    with pytest.raises(trouble):
        ask("GET", "/time", timeout=limit)

    assert ask("GET", "/time").status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(kind="delay", seconds=0.01), id="delay"),
        pytest.param(Fault(kind="delay", seconds=0.01, after=True), id="delay afterwards"),
        pytest.param(Fault(kind="drip", seconds=0.01), id="drip"),
    ],
)
def test_a_slow_answer_is_the_true_one(ask: Ask, world: World, fault: Fault) -> None:
    truth = ask("GET", "/store").json()
    world.order(fault)

    reply = ask("GET", "/store")

    assert (reply.status_code, reply.json()) == (200, truth)


def test_an_ordered_reply_is_sent_as_it_is(ask: Ask, world: World) -> None:
    world.order(
        Fault(status=429, headers={"X-Retry-After": "7"}, body="<p>", content_type="text/html")
    )

    reply = ask("POST", CONNECTION, {"carrier_id": "royalmail", "connection": {}})

    assert (reply.status_code, reply.text, reply.headers["X-Retry-After"]) == (429, "<p>", "7")
    assert reply.headers["Content-Type"].startswith("text/html")
    assert world.store("harbour1").connections == {}


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        pytest.param(Fault(kind="reset", after=True), None, id="reset"),
        pytest.param(Fault(kind="hang", after=True), None, id="hang"),
        pytest.param(Fault(kind="delay", seconds=60, after=True), None, id="delay"),
        pytest.param(Fault(status=502, after=True), 502, id="reply"),
    ],
)
def test_the_request_can_be_executed_and_only_its_answer_lost(
    ask: Ask, world: World, fault: Fault, status: int | None
) -> None:
    world.order(fault)
    body = {"carrier_id": "royalmail", "connection": {}}

    try:
        answered: int | None = ask("POST", CONNECTION, body, timeout=SOON).status_code
    except requests.RequestException:
        answered = None

    assert answered == status
    assert "royalmail" in world.store("harbour1").connections


def test_an_endless_body_ends_when_the_reader_leaves(ask: Ask, world: World) -> None:
    world.order(Fault(kind="endless", status=200))

    with ask("GET", "/time", stream=True) as reply:
        start = reply.raw.read(1_000_000)

    assert (reply.status_code, len(start)) == (200, 1_000_000)


def test_a_reset_is_a_reset_and_no_mere_farewell(ask: Ask, world: World) -> None:
    world.order(Fault(kind="reset"))

    with pytest.raises(requests.ConnectionError) as caught:
        ask("GET", "/time")

    assert isinstance(caught.value.args[0].args[1], ConnectionResetError)


def test_an_idle_connection_ends_with_the_server(world: World, session: requests.Session) -> None:
    with serve(world) as address:
        port = int(address.rpartition(":")[2])
        idle = socket.create_connection(("127.0.0.1", port))
        session.get(address)  # connections are accepted in order: the idle one was

    with idle:
        farewell = idle.recv(1)

    assert farewell == b""


@pytest.mark.parametrize(
    ("where", "met"),
    [
        ("zones", ["zones"]),
        ("methods", ["methods"]),
        ("connection", ["connection"]),
        ("store", ["store"]),
        ("time", ["time"]),
        ("token", ["token"]),
        ("api", ["zones", "methods", "connection", "store", "time"]),
        ("any", ["zones", "methods", "connection", "store", "time", "token"]),
    ],
)
def test_a_fault_strikes_where_it_was_ordered(
    ask: Ask, exchange: Ask, world: World, where: Any, met: list[str]
) -> None:
    world.order(Fault(where=where, status=555, times=None))

    statuses = {
        "zones": ask("GET", "/shipping/zones/1").status_code,
        "methods": ask("GET", "/shipping/zones/1/methods").status_code,
        "connection": ask("DELETE", CONNECTION, {"carrier_id": "fedex"}).status_code,
        "store": ask("GET", "/store").status_code,
        "time": ask("GET", "/time").status_code,
        "token": exchange().status_code,
    }

    assert [name for name, status in statuses.items() if status == 555] == met


def test_a_fault_can_wait_for_one_verb_strike_twice_and_be_cleared(ask: Ask, world: World) -> None:
    fault = Fault(where="zones", method="POST", status=503, times=2)
    body = {"name": "Global", "type": "global"}
    world.order(fault)
    world.order(Fault(where="time", times=None))

    statuses = [ask("GET", "/shipping/zones").status_code]
    statuses += [ask("POST", "/shipping/zones", body).status_code for _ in range(3)]
    world.clear_faults()
    statuses.append(ask("GET", "/time").status_code)

    assert statuses == [200, 503, 503, 201, 200]
    assert fault.times == 2


# What is written down, and what the control panel shows of it


def test_every_request_is_written_down_with_its_answer(
    ask: Ask, exchange: Ask, world: World
) -> None:
    ask("DELETE", CONNECTION, {"carrier_id": "fedex"})
    exchange("data")

    deleted, exchanged = world.calls
    assert (deleted.number, deleted.method, deleted.status) == (1, "DELETE", 204)
    assert (deleted.store_hash, deleted.body) == ("harbour1", {"carrier_id": "fedex"})
    assert deleted.headers["X-Auth-Token"] == "token-of-harbour"
    assert (exchanged.store_hash, exchanged.status) == ("harbour1", 200)
    assert "access_token" in exchanged.answer
    assert world.calls_to(CONNECTION, "DELETE") == [deleted]


def test_the_panel_masks_secrets_unless_asked_to_show_them(
    ask: Ask, exchange: Ask, world: World, address: str, session: requests.Session
) -> None:
    exchange()
    token = world.store("harbour1").access_token or ""
    connection = {"auth_key": "hush-hush", "test_mode": True}
    body = {"carrier_id": "auspost", "connection": connection}
    ask("POST", CONNECTION, body, headers={"X-Auth-Token": token})
    secrets = [token, world.client_secret, "hush-hush"]

    masked = session.get(f"{address}/calls.json?store=harbour1").text
    shown = session.get(f"{address}/calls.json?store=harbour1&show=1").text

    assert [secret for secret in secrets if secret in masked] == []
    assert [secret for secret in secrets if secret in shown] == secrets


def test_the_panel_shows_a_store_only_its_own_calls(
    ask: Ask, address: str, session: requests.Session
) -> None:
    ask("GET", "/time")

    calls = session.get(f"{address}/calls.json?store=elmfield2").json()["calls"]

    assert calls == []


@pytest.mark.parametrize("role", ["owner", "authorized", "staff"])
def test_everybody_has_a_control_panel(address: str, session: requests.Session, role: str) -> None:
    page = session.get(f"{address}/stores/elmfield2?as={role}")
    frame = session.get(f"{address}/stores/elmfield2/frame?as={role}")

    assert (page.status_code, frame.status_code) == (200, 200)
    assert "Elm Field Books" in page.text
    assert ("Uninstall" in page.text, "not installed" in frame.text) == (False, True)


def test_install_leads_the_frame_to_the_app_with_a_code_that_works(
    exchange: Ask, world: World, address: str, session: requests.Session
) -> None:
    reply = session.post(
        f"{address}/stores/harbour1/install", data={"as": "authorized"}, allow_redirects=False
    )

    callback, _, query = reply.headers["Location"].partition("?")
    granted = exchange(query=dict(parse_qsl(query))).json()
    assert (reply.status_code, callback) == (303, f"{APP_URL}/auth")
    assert granted["user"]["id"] == world.person("harbour1", "authorized").id


@pytest.mark.parametrize("action", ["install", "uninstall"])
def test_a_staff_user_can_neither_install_nor_uninstall(
    world: World, address: str, session: requests.Session, action: str
) -> None:
    world.store("harbour1").access_token = "token"

    reply = session.post(f"{address}/stores/harbour1/{action}", data={"as": "staff"})

    assert reply.status_code == 403
    assert world.store("harbour1").access_token == "token"


def test_a_staff_user_opens_the_app_only_once_given_access(
    world: World, address: str, session: requests.Session
) -> None:
    world.store("harbour1").access_token = "token"
    sam = world.person("harbour1", "staff")
    url = f"{address}/stores/harbour1/open"

    before = session.post(url, data={"as": "staff"})
    session.post(f"{address}/stores/harbour1/give_access", data={"as": "owner", "person": sam.id})
    after = session.post(url, data={"as": "staff"}, allow_redirects=False)

    assert "Ask the owner for access" in before.text
    assert after.headers["Location"].startswith(f"{APP_URL}/load?signed_payload_jwt=")


def test_uninstalling_in_the_panel_kills_the_token_and_tells_the_app(
    session: requests.Session,
) -> None:
    # The app's place is taken by a second sandbox, which has no such page: it answers 404.
    with serve(World("other", "s" * 32, APP_URL)) as app_url:
        world = World("client-id", "s" * 32, app_url)
        world.store("harbour1").access_token = "token"
        with serve(world) as address:
            page = session.post(f"{address}/stores/harbour1/uninstall", data={"as": "owner"})

    assert "uninstall callback: 404" in page.text
    assert world.store("harbour1").access_token is None


@pytest.mark.parametrize(
    ("often", "words", "statuses"),
    [
        pytest.param({}, "zones, once", [429, 200, 200], id="once"),
        pytest.param(
            {"until_cleared": "on"}, "zones, until cleared", [429, 429, 200], id="until cleared"
        ),
    ],
)
def test_a_misbehaviour_ordered_in_the_panel_strikes(
    ask: Ask,
    address: str,
    session: requests.Session,
    often: dict[str, str],
    words: str,
    statuses: list[int],
) -> None:
    order = {"as": "owner", "kind": "limited", "where": "zones", **often}

    page = session.post(f"{address}/stores/harbour1/misbehave", data=order)
    replies = [ask("GET", "/shipping/zones"), ask("GET", "/shipping/zones")]
    session.post(f"{address}/stores/harbour1/behave", data={"as": "owner"})
    replies.append(ask("GET", "/shipping/zones"))

    assert f"429, wait 15 seconds: {words}" in page.text
    assert [reply.status_code for reply in replies] == statuses
    assert replies[0].headers["X-Retry-After"] == "15"


def test_the_panels_switches_change_this_bigcommerce(
    world: World, address: str, session: requests.Session
) -> None:
    switches = {"as": "owner", "zones": "60", "endicia": "passphrase", "awkward": "on"}

    session.post(f"{address}/stores/harbour1/switches", data=switches)

    assert (world.awkward, world.strict_verbs) == (True, False)
    assert world.endicia_spelling == "passphrase"
    assert len(world.store("harbour1").zones) == 60
    assert len(world.store("elmfield2").zones) == 4
