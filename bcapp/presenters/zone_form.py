"""Build the form of a carrier in one zone, from BigCommerce or from rejected input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bcapp.bigcommerce.schemas import Method, parse_api_bool
from bcapp.carriers.custom import Setting, Settings
from bcapp.carriers.fields import Carrier, MethodOption
from bcapp.language import gettext as _
from bcapp.language import number
from bcapp.zones.form import ZoneChoice
from bcapp.zones.method_options import fits_option_row, selected_value


@dataclass(frozen=True)
class Service:
    code: str
    label: str
    checked: bool


@dataclass(frozen=True)
class OptionInput:
    name: str
    label: str
    kind: str  # "select" or "boolean"
    choices: Sequence[tuple[str, str]]
    value: str
    checked: bool
    fault: str


@dataclass(frozen=True)
class ZoneForm:
    """`errors` maps a field to its message."""

    enabled: bool
    method_name: str
    groups: Sequence[tuple[str, Sequence[Service]]]
    count: str
    options: Sequence[OptionInput]
    custom_rows: Sequence[Setting]
    errors: Mapping[str, str]


def zone_form(carrier: Carrier, method: Method | None, typed: ZoneChoice | None) -> ZoneForm:
    # A new method gets every option, so its form shows their defaults.
    defaults = {option.name: option.default for option in carrier.options}
    options: dict[str, object] = dict(method.options) if method else dict(defaults)
    current_codes = (method.services if method else None) or []
    chosen = set(typed.services) if typed else set(current_codes)
    chosen |= set(current_codes) - carrier.service_codes  # keep unknown services
    if typed is not None:
        options.update(typed.options)
    errors = typed.errors if typed else {}
    name = method.name if method else carrier.name
    return ZoneForm(
        enabled=typed.enabled if typed else method is not None and method.enabled,
        method_name=name if typed is None or typed.name is None else typed.name,
        groups=_groups(carrier, current_codes, chosen),
        count=_count_on(carrier, method),
        options=[_input(option, options, errors) for option in carrier.options],
        custom_rows=_rows(options, typed) if carrier.is_custom else [],
        errors=errors,
    )


def _count_on(carrier: Carrier, method: Method | None) -> str:
    if method is not None and method.services is None:
        return _("BigCommerce does not show which are on")
    current_codes = (method.services if method else None) or []
    enabled = len(current_codes) if method and method.enabled else 0
    total = len(carrier.service_codes | set(current_codes))
    return _("%(number)s of %(total)s on now", number=number(enabled), total=number(total))


def _groups(
    carrier: Carrier, current_codes: Sequence[str], chosen: set[str]
) -> list[tuple[str, list[Service]]]:
    if not carrier.services:
        return []
    groups = [
        (title, [Service(code, label, code in chosen) for code, label in group.items()])
        for title, group in carrier.services.items()
    ]
    unknown = [code for code in current_codes if code not in carrier.service_codes]
    if unknown:
        groups.append((_("Other"), [Service(code, code, True) for code in unknown]))
    return groups


def _input(
    option: MethodOption, options: dict[str, object], errors: Mapping[str, str]
) -> OptionInput:
    fault = errors.get(option.name, "")
    if option.is_boolean:
        checked = parse_api_bool(options.get(option.name))
        return OptionInput(option.name, option.label, "boolean", (), "true", checked, fault)
    value = selected_value(option, options)
    choices = dict(option.choices)
    choices.setdefault(value, value or _("Not set"))
    return OptionInput(
        option.name, option.label, "select", tuple(choices.items()), value, False, fault
    )


def _rows(options: dict[str, object], typed: ZoneChoice | None) -> list[Setting]:
    if typed is not None and typed.custom_options is not None:
        return typed.custom_options.for_page()
    rows: list[Setting] = []
    for name, value in options.items():
        if not fits_option_row(name, value):
            continue
        if isinstance(value, bool):
            row = Setting(len(rows), name, "boolean", "true" if value else "false")
        elif isinstance(value, list):
            row = Setting(len(rows), name, "list", "\n".join(value))
        else:
            row = Setting(len(rows), name, "text", str(value))
        rows.append(row)
    return Settings(tuple(rows)).for_page()
