"""Merge the merchant's choice into the options of a carrier's method."""

from typing import Any

from bcapp.bigcommerce.schemas import (
    Method,
    parse_api_bool,
    parse_service_codes,
    printable_line,
    unparsed_services,
)
from bcapp.carriers import custom
from bcapp.carriers.fields import Carrier, MethodOption
from bcapp.zones.form import ZoneChoice

SERVICES = "delivery_services"


def merge_options(
    carrier: Carrier, existing: Method | None, choice: ZoneChoice
) -> dict[str, Any] | None:
    """Return the `carrier_options` to write; None if there are none.

    Unknown options go back unchanged; known ones are written strictly, as booleans and lists. A new
    method gets every option, as in BigCommerce's examples. An existing method gets a missing option
    only if the merchant chose it.
    """
    existing_options = dict(existing.options) if existing else {}
    options = dict(existing_options)
    for option in carrier.options:
        chosen = choice.options.get(option.name)
        if existing is None or option.name in existing_options or chosen not in (None, "", False):
            options[option.name] = _value(option, existing_options, choice)
    if choice.custom_options is not None:
        kept = {name: value for name, value in options.items() if not fits_option_row(name, value)}
        options = kept | dict(choice.custom_options.details)
    elif carrier.services:
        services = _services(carrier, existing, choice)
        if services or SERVICES in existing_options:
            options[SERVICES] = services
    return options or None


def known_options(carrier: Carrier, options: dict[str, Any], choice: ZoneChoice) -> dict[str, Any]:
    """Select the options that the catalog or the merchant named."""
    names = {SERVICES, *(option.name for option in carrier.options)}
    names |= {row.name for row in choice.custom_options.rows} if choice.custom_options else set()
    return {name: value for name, value in options.items() if name in names}


def typed_texts(choice: ZoneChoice) -> list[str]:
    """Return the texts typed into a custom carrier's options, which may be passwords."""
    typed = choice.custom_options.rows if choice.custom_options else ()
    return [line for row in typed if row.kind != "boolean" for line in row.value.splitlines()]


def selected_value(option: MethodOption, options: dict[str, Any]) -> str:
    """Return the value of a select as text, "" for none; Endicia's packaging may be a list."""
    value = options.get(option.name, "")
    return printable_line(value[0] if isinstance(value, list) and value else value)


def fits_option_row(name: str, value: object) -> bool:
    """Tell whether a form row can show an option and send it back unchanged."""
    if isinstance(value, bool):
        return custom.is_acceptable(name, [])
    items = value if isinstance(value, list) else [value]
    texts = [item for item in items if isinstance(item, str) and item == item.strip()]
    return bool(items) and texts == items and custom.is_acceptable(name, texts)


def _value(option: MethodOption, existing_options: dict[str, Any], choice: ZoneChoice) -> Any:
    chosen = choice.options.get(option.name)
    if option.is_boolean:
        if chosen is None and option.name in existing_options:
            return parse_api_bool(existing_options[option.name])
        return option.default if chosen is None else chosen
    if option.name in existing_options and chosen in (
        None,
        selected_value(option, existing_options),
    ):
        return existing_options[option.name]
    return chosen or option.default


def _services(carrier: Carrier, existing: Method | None, choice: ZoneChoice) -> list[Any]:
    raw = existing.options.get(SERVICES) if existing else None
    existing_codes = parse_service_codes(raw)
    if not choice.services and not choice.enabled:
        chosen = existing_codes  # turning off keeps the services for later
    else:
        chosen = [
            c for c in existing_codes if c in choice.services or c not in carrier.service_codes
        ]
        chosen += [code for code in choice.services if code not in chosen]
    return [*chosen, *unparsed_services(raw)]
