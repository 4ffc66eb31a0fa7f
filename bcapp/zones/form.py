"""Parse and check the form of one carrier in one zone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bcapp.carriers import custom
from bcapp.carriers.custom import MAX_NAME_LENGTH, Settings
from bcapp.carriers.fields import Carrier, Value, fault, parse_form_switch
from bcapp.language import gettext as _


@dataclass(frozen=True)
class ZoneChoice:
    """What the zone form asks for; None means "leave as it is".

    `custom_options` are the options that the merchant named for a custom carrier.
    `errors` maps a field name to its message.
    """

    enabled: bool
    name: str | None = None
    services: tuple[str, ...] = ()
    options: Mapping[str, Value] = field(default_factory=dict)
    custom_options: Settings | None = None
    errors: Mapping[str, str] = field(default_factory=dict)


def parse_zone_form(carrier: Carrier, form: Any) -> ZoneChoice:
    """Parse a request's MultiDict; faults are returned in `errors`, not raised."""
    enabled = parse_form_switch(form.get("enabled", ""))
    name = form["name"].strip() if "name" in form else None
    services = tuple(dict.fromkeys(form.getlist("delivery_services")))
    has_rows = "option_rows" in form or "option_name" in form
    custom_options = (
        custom.parse_settings(form, "option") if carrier.is_custom and has_rows else None
    )
    errors = {
        "enabled": None if enabled is not None else _("This is either on or off."),
        "name": _name_fault(name),
        "delivery_services": _services_fault(carrier, enabled is True, services),
        **{option.name: _option_fault(option.name, form) for option in carrier.options},
        "option": None
        if custom_options is None or custom_options.is_valid
        else _("Check the options marked below."),
    }
    return ZoneChoice(
        enabled=enabled is True,
        name=name,
        services=services,
        options=_options(carrier, form),
        custom_options=custom_options,
        errors={field: message for field, message in errors.items() if message},
    )


def _name_fault(name: str | None) -> str | None:
    if name is None:
        return None
    if not name:
        return _("Enter the name that shoppers see.")
    # BigCommerce's limit is undocumented, and a name set elsewhere must pass unchanged.
    return fault(name, _("Name"))


def _services_fault(carrier: Carrier, enabled: bool, services: tuple[str, ...]) -> str | None:
    if not carrier.services:
        return None
    if enabled and not services:
        return _(
            "Choose at least one delivery service, or turn %(carrier)s off in this zone.",
            carrier=carrier.name,
        )
    if any(not code or len(code) > MAX_NAME_LENGTH or not code.isprintable() for code in services):
        return _("One of the delivery services is not a code of BigCommerce’s.")
    return None


def _option_fault(name: str, form: Any) -> str | None:
    typed = form.get(name, "")
    if len(typed) > MAX_NAME_LENGTH or not typed.isprintable():
        return _("One of the further options is not a value of BigCommerce’s.")
    return None


def _options(carrier: Carrier, form: Any) -> dict[str, Value]:
    """Parse further options if the form has any: an unticked box sends nothing."""
    selects = [option for option in carrier.options if not option.is_boolean]
    if not any(option.name in form for option in carrier.options):
        return {}
    chosen: dict[str, Value] = {o.name: form[o.name] for o in selects if o.name in form}
    for option in carrier.options:
        if option.is_boolean:
            chosen[option.name] = parse_form_switch(form.get(option.name, "")) is True
    return chosen
