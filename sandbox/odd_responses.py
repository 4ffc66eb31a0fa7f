"""Replies odd into the odd shapes that BigCommerce's own sample answers have."""

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
