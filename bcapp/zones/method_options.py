"""The options of a carrier's method: what the merchant chose, laid over what is there already."""

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
from bcapp.zones.form import Choice

SERVICES = "delivery_services"


def merged(carrier: Carrier, present: Method | None, choice: Choice) -> dict[str, Any] | None:
    """`carrier_options` to write; None where we know of none and none were chosen.

    What the form does not know goes back as it came; what it knows goes out strictly: real
    booleans, a list of services. A new method is given every option, as BigCommerce's examples do;
    one that has an option not is given it only when somebody chose it.
    """
    there = dict(present.options) if present else {}
    options = dict(there)
    for option in carrier.options:
        chosen = choice.options.get(option.name)
        if present is None or option.name in there or chosen not in (None, "", False):
            options[option.name] = _value(option, there, choice)
    if choice.own is not None:
        kept = {name: value for name, value in options.items() if not is_expressible(name, value)}
        options = kept | dict(choice.own.details)
    elif carrier.services:
        services = _services(carrier, present, choice)
        if services or SERVICES in there:
            options[SERVICES] = services
    return options or None


def known_options(carrier: Carrier, options: dict[str, Any], choice: Choice) -> dict[str, Any]:
    """Those of the options that the carrier's entry or the merchant named: not somebody else's."""
    names = {SERVICES, *(option.name for option in carrier.options)}
    names |= {row.name for row in choice.own.rows} if choice.own else set()
    return {name: value for name, value in options.items() if name in names}


def texts(choice: Choice) -> list[str]:
    """What the merchant typed into a custom carrier's options: it may be a password."""
    typed = choice.own.rows if choice.own else ()
    return [line for row in typed if row.kind != "boolean" for line in row.value.splitlines()]


def selected(option: MethodOption, options: dict[str, Any]) -> str:
    """A select's current value as text, "" for none; Endicia's packaging may be a list of one."""
    value = options.get(option.name, "")
    return printable_line(value[0] if isinstance(value, list) and value else value)


def is_expressible(name: str, value: object) -> bool:
    """Whether a row of name, kind and value can show an option, and give it back unharmed."""
    if isinstance(value, bool):
        return custom.is_acceptable(name, [])
    items = value if isinstance(value, list) else [value]
    texts = [item for item in items if isinstance(item, str) and item == item.strip()]
    return bool(items) and texts == items and custom.is_acceptable(name, texts)


def _value(option: MethodOption, there: dict[str, Any], choice: Choice) -> Any:
    chosen = choice.options.get(option.name)
    if option.is_boolean:
        if chosen is None and option.name in there:
            return parse_api_bool(there[option.name])
        return option.default if chosen is None else chosen
    if option.name in there and chosen in (None, selected(option, there)):
        return there[option.name]
    return chosen or option.default


def _services(carrier: Carrier, present: Method | None, choice: Choice) -> list[Any]:
    raw = present.options.get(SERVICES) if present else None
    there = parse_service_codes(raw)
    if not choice.services and not choice.enabled:
        chosen = there  # turning off keeps the chosen services for later
    else:
        chosen = [c for c in there if c in choice.services or c not in carrier.service_codes]
        chosen += [code for code in choice.services if code not in chosen]
    return [*chosen, *unparsed_services(raw)]
