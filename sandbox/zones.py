"""The API of shipping zones and methods.

The reference shows no error bodies for them; these have the format of the carrier connection's.
"""

from typing import Any

from flask import Blueprint, Response, jsonify

from sandbox import shipping_reference
from sandbox.errors import ApiError
from sandbox.odd_responses import make_odd
from sandbox.request_context import add_note, current_store, current_world, parse_json_object
from sandbox.world import SandboxStore

zones = Blueprint("zones", __name__, url_prefix="/shipping/zones")

ZONE_PATH = "/<int:zone_id>"
METHODS_PATH = "/<int:zone_id>/methods"
METHOD_PATH = "/<int:zone_id>/methods/<int:method_id>"


@zones.get("")
def list_zones(store_hash: str) -> Response:
    return _respond(current_store().zones)


@zones.post("")
def create_zone(store_hash: str) -> tuple[Response, int]:
    world, store, body = current_world(), current_store(), parse_json_object()
    _require_fields(body, "name", "type")
    _validate_zone(body)
    # Does not collide with the sample zones, whose ids start at 1.
    zone = {"locations": [], "enabled": True, **body, "id": 1000 + world.next_id()}
    store.zones.append(zone)
    store.methods[zone["id"]] = []
    return _respond(zone), 201


@zones.get(ZONE_PATH)
def show_zone(store_hash: str, zone_id: int) -> Response:
    return _respond(_find_zone(current_store(), zone_id))


@zones.put(ZONE_PATH)
def update_zone(store_hash: str, zone_id: int) -> Response:
    body = parse_json_object()
    _require_fields(body, "name")
    _validate_zone(body)
    zone = _find_zone(current_store(), zone_id)
    zone.update(body, id=zone_id)
    return _respond(zone)


@zones.delete(ZONE_PATH)
def delete_zone(store_hash: str, zone_id: int) -> tuple[str, int]:
    store = current_store()
    store.zones.remove(_find_zone(store, zone_id))
    del store.methods[zone_id]
    return "", 204


@zones.get(METHODS_PATH)
def list_methods(store_hash: str, zone_id: int) -> Response:
    store = current_store()
    _find_zone(store, zone_id)
    return _respond(store.methods[zone_id])


@zones.post(METHODS_PATH)
def create_method(store_hash: str, zone_id: int) -> Response:
    """Create a method, enabled by default; answer 200, not 201, as the reference says."""
    world, store, body = current_world(), current_store(), parse_json_object()
    _require_fields(body, "name", "type")
    _validate_method(body, body["type"])
    _find_zone(store, zone_id)
    method = {
        "settings": {},
        "enabled": True,
        "handling_fees": {"fixed_surcharge": "0"},
        "is_fallback": False,
        "channel_ids": [1],
        **body,
        "id": world.next_id(),
    }
    store.methods[zone_id].append(method)
    _note_missing_connection(store, method["type"])
    return _respond(method)


@zones.get(METHOD_PATH)
def show_method(store_hash: str, zone_id: int, method_id: int) -> Response:
    return _respond(_find_method(current_store(), zone_id, method_id))


@zones.put(METHOD_PATH)
def update_method(store_hash: str, zone_id: int, method_id: int) -> Response:
    """Update a method: keep missing fields, as in the reference's example; replace `settings`.

    The reference can also be read as merging `settings`. Replacing finds more mistakes in an app.
    """
    store, body = current_store(), parse_json_object()
    method = _find_method(store, zone_id, method_id)
    _validate_method(body, body.get("type", method["type"]))
    method.update(body, id=method_id)
    _note_missing_connection(store, method["type"])
    return _respond(method)


@zones.delete(METHOD_PATH)
def delete_method(store_hash: str, zone_id: int, method_id: int) -> tuple[str, int]:
    store = current_store()
    store.methods[zone_id].remove(_find_method(store, zone_id, method_id))
    return "", 204


def _respond(resource: object) -> Response:
    if current_world().hide_method_settings:
        resource = _without_settings(resource)
    if not current_world().odd_responses:
        return jsonify(resource)
    if resource == []:
        return Response(status=204)
    return jsonify(make_odd(resource))


def _without_settings(resource: object) -> object:
    if isinstance(resource, list):
        return [_without_settings(item) for item in resource]
    if isinstance(resource, dict) and "carrier_options" in resource.get("settings", {}):
        return resource | {"settings": {}}
    return resource


def _find_zone(store: SandboxStore, zone_id: int) -> dict[str, Any]:
    return _find(store.zones, zone_id)


def _find_method(store: SandboxStore, zone_id: int, method_id: int) -> dict[str, Any]:
    return _find(store.methods.get(zone_id, []), method_id)


def _find(resources: list[dict[str, Any]], resource_id: int) -> dict[str, Any]:
    for resource in resources:
        if resource["id"] == resource_id:
            return resource
    raise ApiError(404, "The requested resource was not found.")


def _require_fields(body: dict[str, Any], *names: str) -> None:
    missing = [name for name in names if not body.get(name)]
    if missing:
        raise ApiError(400, f"Required fields missing [{', '.join(missing)}]")


def _validate_zone(body: dict[str, Any]) -> None:
    _require_valid(isinstance(body["name"], str), "name")
    _require_valid("type" not in body or body["type"] in shipping_reference.ZONE_TYPES, "type")
    _require_valid(type(body.get("enabled", True)) is bool, "enabled")


def _validate_method(body: dict[str, Any], method_type: object) -> None:
    _require_valid(
        isinstance(method_type, str) and shipping_reference.is_method_type(method_type), "type"
    )
    _require_valid(
        isinstance(body.get("name", "name"), str) and body.get("name", "name") != "", "name"
    )
    _require_valid(type(body.get("enabled", True)) is bool, "enabled")
    settings = body.get("settings", {})
    _require_valid(isinstance(settings, dict), "settings")
    options = settings.get("carrier_options", {})
    _require_valid(isinstance(options, dict), "carrier_options")
    if "delivery_services" in options:
        _validate_services(
            options["delivery_services"], shipping_reference.DELIVERY_SERVICES.get(str(method_type))
        )
    for name, allowed in shipping_reference.CARRIER_OPTIONS.get(str(method_type), {}).items():
        if name in options:
            _require_valid(_is_allowed(options[name], allowed), name)


def _validate_services(services: object, supported: tuple[str, ...] | None) -> None:
    """Require one service or more, all in the reference; providers' services are not checked."""
    _require_valid(isinstance(services, list) and len(services) > 0, "delivery_services")
    if supported is not None and isinstance(services, list):
        _require_valid(all(service in supported for service in services), "delivery_services")


def _is_allowed(value: object, allowed: tuple[str, ...] | type[bool]) -> bool:
    """Accept a list or a single value; the reference shows both for Endicia's packaging."""
    if not isinstance(allowed, tuple):
        return type(value) is allowed
    return all(item in allowed for item in (value if isinstance(value, list) else [value]))


def _require_valid(is_valid: bool, name: str) -> None:
    if not is_valid:
        raise ApiError(400, f"The field '{name}' is invalid.")


def _note_missing_connection(store: SandboxStore, method_type: str) -> None:
    if (
        method_type in shipping_reference.CONNECTION_PROPERTIES
        or shipping_reference.is_custom_carrier(method_type)
    ) and (method_type not in store.connections):
        add_note("This carrier has no connection yet, so the method returns no rates.")
