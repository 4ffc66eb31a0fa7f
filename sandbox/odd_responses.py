"""Replies bent into the odd shapes that BigCommerce's own sample answers have."""

from typing import Any


def make_odd(value: object, name: str = "") -> object:
    """Booleans "1" and "", ids as text, a lone service as an object, options lost, keys unknown."""
    if isinstance(value, bool):
        return "1" if value else ""
    if name == "id":
        return str(value)
    if isinstance(value, dict):
        return _odd_object(value)
    if isinstance(value, list):
        return _odd_list(value, name)
    return value


def _odd_object(value: dict[str, Any]) -> dict[str, object]:
    if value == {"carrier_options": {}}:
        return {}
    bent = {name: make_odd(one, name) for name, one in value.items()}
    if "delivery_services" in bent:
        bent["packaging"] = []
    if "id" in bent and "type" in bent:
        bent["sandbox_extra"] = {"unknown": [None]}
    return bent


def _odd_list(value: list[Any], name: str) -> object:
    if name == "delivery_services" and len(value) == 1:
        return {"value": value[0]}
    return [make_odd(one) for one in value]
