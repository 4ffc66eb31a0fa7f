"""The options of a carrier's method: what the merchant chose, laid over what is there already."""

from typing import Any

from bcapp.bigcommerce.shipping import Method, read_boolean
from bcapp.carriers.choice import Choice
from bcapp.carriers.fields import Carrier, MethodOption

SERVICES = "delivery_services"


def merged(carrier: Carrier, present: Method | None, choice: Choice) -> dict[str, Any]:
    """`carrier_options` to write.

    What the form does not know goes back as it came; what it knows goes out strictly: real
    booleans, a list of services. A new method is given every option, as BigCommerce's examples do.
    """
    there = dict(present.options) if present else {}
    options = there | {
        option.name: _value(option, there, choice)
        for option in carrier.options
        if present is None or option.name in there or option.name in choice.options
    }
    if choice.own is not None:
        return _with_own(options, choice)
    if carrier.services:
        services = _services(carrier, present, choice)
        if services or SERVICES in there:
            options[SERVICES] = services
    return options


def selected(option: MethodOption, options: dict[str, Any]) -> str:
    """A select's current value as text; the first of a list, as Endicia's packaging may be one."""
    value = options.get(option.name, option.default)
    value = value[0] if isinstance(value, list) and value else value
    return value if isinstance(value, str) else str(option.default)


def is_expressible(value: object) -> bool:
    """Whether a row of name, kind and value can show an option, and give it back unharmed."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, str) and item.strip() for item in value)
    return isinstance(value, bool) or (isinstance(value, str) and value.strip() != "")


def _value(option: MethodOption, there: dict[str, Any], choice: Choice) -> Any:
    chosen = choice.options.get(option.name)
    if option.is_boolean:
        if chosen is None and option.name in there:
            return read_boolean(there[option.name])
        return option.default if chosen is None else chosen
    if option.name in there and chosen in (None, selected(option, there)):
        return there[option.name]
    return chosen or option.default


def _services(carrier: Carrier, present: Method | None, choice: Choice) -> list[str]:
    there = (present.services if present else None) or []
    if not choice.services and not choice.enabled:
        return there  # turning off keeps the chosen services for later
    kept = [c for c in there if c in choice.services or c not in carrier.service_codes]
    return kept + [code for code in choice.services if code not in kept]


def _with_own(options: dict[str, Any], choice: Choice) -> dict[str, Any]:
    """A custom carrier's options: the rows replace what rows can show."""
    assert choice.own is not None  # noqa: S101 - asked by the caller
    if not choice.own.rows and not choice.enabled:
        return options
    kept = {name: value for name, value in options.items() if not is_expressible(value)}
    return kept | dict(choice.own.details)
