"""Convert responses to the odd shapes found in BigCommerce's own sample responses."""

from typing import Any


def make_odd(value: object, name: str = "") -> object:
    """Convert a JSON value to its odd form.

    Booleans become "1" or "", ids strings and a single service an object; empty options are dropped
    and unknown keys added.
    """
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
    odd = {name: make_odd(member, name) for name, member in value.items()}
    if "delivery_services" in odd:
        odd["packaging"] = []
    if "id" in odd and "type" in odd:
        odd["sandbox_extra"] = {"unknown": [None]}
    return odd


def _odd_list(value: list[Any], name: str) -> object:
    if name == "delivery_services" and len(value) == 1:
        return {"value": value[0]}
    return [make_odd(item) for item in value]
