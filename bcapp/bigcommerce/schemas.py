"""Zones, shipping methods and store information: parsed leniently, written strictly.

BigCommerce's own samples contain booleans as "1", ids as text, a single service as an object,
`settings: {}` for a carrier's method, and undocumented keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from bcapp.bigcommerce.errors import MalformedResponse
from bcapp.bigcommerce.identity import MAX_ID

# "Update a Shipping Method" accepts every other key, `type` included.
_READ_ONLY = {"id"}


@dataclass(frozen=True)
class Zone:
    id: int
    name: str
    type: str  # zip, country, state, global
    enabled: bool

    @classmethod
    def from_json(cls, item: Any) -> Self:
        item = _object(item)
        return cls(
            id=_whole_number(item.get("id")),
            name=printable_line(item.get("name")),
            type=printable_line(item.get("type")),
            enabled=parse_api_bool(item.get("enabled")),
        )


@dataclass(frozen=True)
class Method:
    """A shipping method; `item` keeps BigCommerce's object unchanged so that nothing is lost."""

    id: int
    name: str
    type: str  # a carrier id, or perorder, peritem, weight, total, …
    enabled: bool
    options: Mapping[str, Any]
    item: Mapping[str, Any]

    @classmethod
    def from_json(cls, item: Any) -> Self:
        item = _object(item)
        settings = item.get("settings")
        options = settings.get("carrier_options") if isinstance(settings, dict) else None
        return cls(
            id=_whole_number(item.get("id")),
            name=printable_line(item.get("name")),
            type=printable_line(item.get("type")),
            enabled=parse_api_bool(item.get("enabled")),
            # PHP serializes an empty object as a list.
            options=options if isinstance(options, dict) else {},
            item=item,
        )

    @property
    def services(self) -> list[str] | None:
        """Codes of the delivery services; None if the response did not list them."""
        if "delivery_services" not in self.options:
            return None
        return parse_service_codes(self.options["delivery_services"])

    def update_body(
        self, name: str | None, enabled: bool, options: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Build the object to PUT, with unknown keys unchanged.

        Without options `settings` is left out: a key that BigCommerce did not show must not be
        cleared, and its example of an update omits what stays.
        """
        body = {key: value for key, value in self.item.items() if key not in _READ_ONLY}
        settings = body.pop("settings", None)
        body["enabled"] = enabled
        if name not in (None, self.name):
            body["name"] = name
        if "is_fallback" in body:
            body["is_fallback"] = parse_api_bool(body["is_fallback"])
        if options is not None:
            kept = settings if isinstance(settings, dict) else {}
            body["settings"] = kept | {"carrier_options": dict(options)}
        return body


@dataclass(frozen=True)
class StoreInformation:
    name: str
    timezone: str  # as in "Australia/Sydney"
    country_code: str

    @classmethod
    def from_json(cls, item: Any) -> Self:
        item = _object(item)
        timezone = item.get("timezone")
        return cls(
            name=printable_line(item.get("name")),
            timezone=printable_line(timezone.get("name")) if isinstance(timezone, dict) else "",
            country_code=printable_line(item.get("country_code")),
        )


def new_method_body(carrier_id: str, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Build the body that creates a method, offered on every channel."""
    settings = {"carrier_options": dict(options)}
    return {"name": name, "type": carrier_id, "enabled": True, "settings": settings}


def _object(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise MalformedResponse(200)
    return item


def _whole_number(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    if type(value) is not int or abs(value) > MAX_ID:
        raise MalformedResponse(200)
    return value


def parse_service_codes(listed: object) -> list[str]:
    """Parse the codes from a list of services or a single one, each a text or an object."""
    return list(dict.fromkeys(code for code in map(_code, _items(listed)) if code))


def unparsed_services(listed: object) -> list[object]:
    """Return the entries that `parse_service_codes` skips, to be written back unchanged."""
    return [item for item in _items(listed) if not _code(item)]


def _items(listed: object) -> list[object]:
    if isinstance(listed, list):
        return listed
    if isinstance(listed, dict) and all(key.isdecimal() for key in listed):
        return list(listed.values())  # PHP serializes a list with gaps as an object
    return [] if listed in (None, "") else [listed]


def _code(item: object) -> str:
    return printable_line(item.get("value") if isinstance(item, dict) else item)


def parse_api_bool(value: object) -> bool:
    """Return True for true, 1, "1" and "true", the spellings in BigCommerce's samples."""
    return value in (True, 1) or (isinstance(value, str) and value.lower() in {"1", "true"})


def printable_line(value: object) -> str:
    """Reduce to one printable line of at most 255 characters; "" if it is not a text."""
    if not isinstance(value, str):
        return ""
    return "".join(letter if letter.isprintable() else " " for letter in value)[:255].strip()
