"""Shipping zones and their methods.

The reference names no error bodies here; the refusals borrow the connection's array of messages.
"""

from typing import Any

from flask import Blueprint, Response, jsonify

from sandbox import shipping_reference
from sandbox.errors import ApiError
from sandbox.odd_responses import make_odd
from sandbox.request_context import add_note, current_store, current_world, parse_json_object
from sandbox.world import SandboxStore

zones = Blueprint("zones", __name__, url_prefix="/shipping/zones")

ZONE = "/<int:zone_id>"
METHODS = "/<int:zone_id>/methods"
METHOD = "/<int:zone_id>/methods/<int:method_id>"


@zones.get("")
def list_zones(store_hash: str) -> Response:
    return _read(current_store().zones)


@zones.post("")
def create_zone(store_hash: str) -> tuple[Response, int]:
    world, store, body = current_world(), current_store(), parse_json_object()
    _require(body, "name", "type")
    _check_zone(body)
    # Clear of the sample zones, which count from 1.
    zone = {"locations": [], "enabled": True, **body, "id": 1000 + world.next_id()}
    store.zones.append(zone)
    store.methods[zone["id"]] = []
    return _read(zone), 201


@zones.get(ZONE)
def show_zone(store_hash: str, zone_id: int) -> Response:
    return _read(_zone(current_store(), zone_id))


@zones.put(ZONE)
def update_zone(store_hash: str, zone_id: int) -> Response:
    body = parse_json_object()
    _require(body, "name")
    _check_zone(body)
    zone = _zone(current_store(), zone_id)
    zone.update(body, id=zone_id)
    return _read(zone)


@zones.delete(ZONE)
def delete_zone(store_hash: str, zone_id: int) -> tuple[str, int]:
    store = current_store()
    store.zones.remove(_zone(store, zone_id))
    del store.methods[zone_id]
    return "", 204


@zones.get(METHODS)
def list_methods(store_hash: str, zone_id: int) -> Response:
    store = current_store()
    _zone(store, zone_id)
    return _read(store.methods[zone_id])


@zones.post(METHODS)
def create_method(store_hash: str, zone_id: int) -> Response:
    """200, not 201: so says the reference. A method starts enabled and on every channel."""
    world, store, body = current_world(), current_store(), parse_json_object()
    _require(body, "name", "type")
    _check_method(body, body["type"])
    _zone(store, zone_id)
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
    return _read(method)


@zones.get(METHOD)
def show_method(store_hash: str, zone_id: int, method_id: int) -> Response:
    return _read(_method(current_store(), zone_id, method_id))


@zones.put(METHOD)
def update_method(store_hash: str, zone_id: int, method_id: int) -> Response:
    """Fields left out are kept, as in the reference's example; `settings` is replaced as a whole,
    which is the unkinder of the two readings it allows."""
    store, body = current_store(), parse_json_object()
    method = _method(store, zone_id, method_id)
    _check_method(body, body.get("type", method["type"]))
    method.update(body, id=method_id)
    _note_missing_connection(store, method["type"])
    return _read(method)


@zones.delete(METHOD)
def delete_method(store_hash: str, zone_id: int, method_id: int) -> tuple[str, int]:
    store = current_store()
    store.methods[zone_id].remove(_method(store, zone_id, method_id))
    return "", 204


def _read(saved: object) -> Response:
    if current_world().hide_method_settings:
        saved = _without_settings(saved)
    if not current_world().odd_responses:
        return jsonify(saved)
    if saved == []:
        return Response(status=204)
    return jsonify(make_odd(saved))


def _without_settings(saved: object) -> object:
    if isinstance(saved, list):
        return [_without_settings(one) for one in saved]
    if isinstance(saved, dict) and "carrier_options" in saved.get("settings", {}):
        return saved | {"settings": {}}
    return saved


def _zone(store: SandboxStore, zone_id: int) -> dict[str, Any]:
    return _found(store.zones, zone_id)


def _method(store: SandboxStore, zone_id: int, method_id: int) -> dict[str, Any]:
    return _found(store.methods.get(zone_id, []), method_id)


def _found(among: list[dict[str, Any]], wanted: int) -> dict[str, Any]:
    for one in among:
        if one["id"] == wanted:
            return one
    raise ApiError(404, "The requested resource was not found.")


def _require(body: dict[str, Any], *names: str) -> None:
    missing = [name for name in names if not body.get(name)]
    if missing:
        raise ApiError(400, f"Required fields missing [{', '.join(missing)}]")


def _check_zone(body: dict[str, Any]) -> None:
    _check(isinstance(body["name"], str), "name")
    _check("type" not in body or body["type"] in shipping_reference.ZONE_TYPES, "type")
    _check(type(body.get("enabled", True)) is bool, "enabled")


def _check_method(body: dict[str, Any], kind: object) -> None:
    _check(isinstance(kind, str) and shipping_reference.is_method_type(kind), "type")
    _check(isinstance(body.get("name", "name"), str) and body.get("name", "name") != "", "name")
    _check(type(body.get("enabled", True)) is bool, "enabled")
    settings = body.get("settings", {})
    _check(isinstance(settings, dict), "settings")
    options = settings.get("carrier_options", {})
    _check(isinstance(options, dict), "carrier_options")
    if "delivery_services" in options:
        _check_services(
            options["delivery_services"], shipping_reference.DELIVERY_SERVICES.get(str(kind))
        )
    for name, allowed in shipping_reference.CARRIER_OPTIONS.get(str(kind), {}).items():
        if name in options:
            _check(_allowed(options[name], allowed), name)


def _check_services(services: object, known: tuple[str, ...] | None) -> None:
    """At least one, each as the reference spells it; a registered provider's are its own affair."""
    _check(isinstance(services, list) and len(services) > 0, "delivery_services")
    if known is not None and isinstance(services, list):
        _check(all(service in known for service in services), "delivery_services")


def _allowed(value: object, allowed: tuple[str, ...] | type[bool]) -> bool:
    """Endicia's packaging is an array in the property table and a string in the example."""
    if not isinstance(allowed, tuple):
        return type(value) is allowed
    return all(one in allowed for one in (value if isinstance(value, list) else [value]))


def _check(fine: bool, name: str) -> None:
    if not fine:
        raise ApiError(400, f"The field '{name}' is invalid.")


def _note_missing_connection(store: SandboxStore, kind: str) -> None:
    if (
        kind in shipping_reference.CONNECTION_PROPERTIES
        or shipping_reference.is_custom_carrier(kind)
    ) and (kind not in store.connections):
        add_note("Nothing was sent for this carrier yet, so the method gives no rates.")
