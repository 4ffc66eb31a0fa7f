"""The store API: authentication, carrier connections, store information and time."""

import time
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox import shipping_reference
from sandbox.errors import ApiError, v2_error, v3_error
from sandbox.request_context import add_note, current_store, current_world, parse_json_object
from sandbox.store_information import store_information
from sandbox.zones import zones

api = Blueprint("api", __name__, url_prefix="/stores/<store_hash>/v2")
api.register_blueprint(zones)

CONNECTION_PATH = "/shipping/carrier/connection"
WRITE_SCOPE = "store_v2_information"
READ_SCOPE = "store_v2_information_read_only"


@api.before_request
def authenticate() -> Response | None:
    """Accept only the store's current access token; answer 401 for unknown stores too."""
    world = current_world()
    if not world.quota(requested_store_hash()).spend():
        return v3_error(429, "Too many requests")
    token = request.headers.get("X-Auth-Token")
    if token in world.tokens_without_scope:
        return v3_error(403, "You don't have a required scope to access the endpoint")
    store = world.stores.get((request.view_args or {})["store_hash"])
    if not token or store is None or token != store.access_token:
        return v3_error(401, "Unauthorized")
    accepted_scopes = {WRITE_SCOPE, READ_SCOPE} if request.method == "GET" else {WRITE_SCOPE}
    if not accepted_scopes & set((store.scope or "").split()):
        return v3_error(403, "You don't have a required scope to access the endpoint")
    return None


@api.after_request
def add_quota_headers(response: Response) -> Response:
    response.headers.update(current_world().quota(requested_store_hash()).headers())
    return response


def requested_store_hash() -> str:
    return str((request.view_args or {}).get("store_hash"))


@api.errorhandler(ApiError)
def handle_api_error(error: ApiError) -> Response:
    return v2_error(error.status, error.message)


@api.route(CONNECTION_PATH, methods=["POST", "PUT"])
def send_connection(store_hash: str) -> tuple[str, int]:
    """Store a carrier connection and answer 204, whatever the values.

    The reference: 204 for "both successful and unsuccessful attempts" (Create Carrier Connection).
    It does not say whether wrong values replace working ones; here they do.
    """
    carrier_id, connection = _validate_connection(parse_json_object())
    world, store = current_world(), current_store()
    exists = carrier_id in store.connections
    if world.strict_verbs and request.method == "POST" and exists:
        raise ApiError(409, "The carrier connection exists already.")
    if world.strict_verbs and request.method == "PUT" and not exists:
        raise ApiError(404, "The carrier connection does not exist.")
    store.connections[carrier_id] = connection
    if any(
        isinstance(value, str) and value.lower().startswith("wrong")
        for value in connection.values()
    ):
        add_note("The carrier would reject these credentials; BigCommerce still answers 204.")
    return "", 204


@api.delete(CONNECTION_PATH)
def delete_connection(store_hash: str) -> tuple[str, int]:
    """Delete a carrier connection but keep its shipping methods; the reference says neither."""
    carrier_id = _validate_carrier_id(parse_json_object())
    world, store = current_world(), current_store()
    if world.strict_verbs and carrier_id not in store.connections:
        raise ApiError(404, "The carrier connection does not exist.")
    store.connections.pop(carrier_id, None)
    return "", 204


def _validate_connection(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    carrier_id = _validate_carrier_id(body)
    connection = body.get("connection")
    if not isinstance(connection, dict):
        raise _missing_fields(["connection"])
    _reject_unknown_fields(body, {"carrier_id", "connection"})
    if not shipping_reference.is_custom_carrier(carrier_id):
        _validate_properties(carrier_id, connection)
    return carrier_id, connection


def _validate_carrier_id(body: dict[str, Any]) -> str:
    carrier_id = body.get("carrier_id")
    if not carrier_id:
        raise _missing_fields(["carrier_id"])
    if not isinstance(carrier_id, str) or not (
        carrier_id in shipping_reference.CONNECTION_PROPERTIES
        or shipping_reference.is_custom_carrier(carrier_id)
    ):
        raise _invalid_field("carrier_id")
    return carrier_id


def _validate_properties(carrier_id: str, connection: dict[str, Any]) -> None:
    """Report missing fields before unknown ones, so that Endicia's expected field is named."""
    required = shipping_reference.required_properties(
        carrier_id, current_world().endicia_passphrase_field
    )
    missing = [name for name in required if connection.get(name) in (None, "")]
    if missing:
        raise _missing_fields(missing)
    _reject_unknown_fields(connection, required)
    for name, value_type in required.items():
        if type(connection[name]) is not value_type:
            raise _invalid_field(name)


def _reject_unknown_fields(fields: dict[str, Any], allowed: "set[str] | dict[str, type]") -> None:
    for name in fields:
        if name not in allowed:
            raise ApiError(
                400,
                f"The field '{name}' cannot be written to. "
                "Please remove it from your request before trying again.",
            )


def _missing_fields(names: list[str]) -> ApiError:
    """Return the missing-fields error; we read "[key]" in the reference as a list of names."""
    return ApiError(400, f"Required fields missing [{', '.join(names)}]")


def _invalid_field(name: str) -> ApiError:
    """Return the wrong-type error; its wording is ours, since no documentation shows one."""
    return ApiError(400, f"The field '{name}' is invalid.")


@api.get("/store")
def show_store_information(store_hash: str) -> Response:
    return jsonify(store_information(current_store()))


@api.get("/time")
def show_time(store_hash: str) -> Response:
    return jsonify({"time": int(time.time())})
