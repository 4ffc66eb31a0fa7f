"""What the pages show and say of zones: only what BigCommerce itself returned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bcapp.bigcommerce.errors import RateLimited, Rejected
from bcapp.bigcommerce.shipping import Method, Zone, read_boolean
from bcapp.carriers.choice import Choice
from bcapp.carriers.custom import Setting, Settings
from bcapp.carriers.fields import Carrier, MethodOption
from bcapp.wording.messages import Badge, Message, Refusal, asked_to_wait, no_answer, quoted
from bcapp.zones.options import is_expressible, selected
from bcapp.zones.reading import Reading, ZoneState
from bcapp.zones.saving import NotSaved
from bcapp.zones.single_writer import Busy

# With more zones than this only the opened one carries its form.
MOST_FORMS = 10

ON = Badge("On", "success")
OFF = Badge("Off", "secondary")
ZONE_OFF = Badge("Zone off", "secondary")

_ZONE_TYPES = {"zip": "Postcode", "country": "Country", "state": "State", "global": "Global"}


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


@dataclass(frozen=True)
class ZoneForm:
    enabled: bool
    method_name: str
    groups: Sequence[tuple[str, Sequence[Service]]]
    count_on: int
    count_all: int
    options: Sequence[OptionInput]
    custom_rows: Sequence[Setting]


@dataclass(frozen=True)
class ZoneRow:
    zone_id: int
    name: str
    summary: str
    badge: Badge
    zone_off: bool
    made_elsewhere: bool
    open: bool
    form: ZoneForm | None
    refusal: Refusal | None


@dataclass(frozen=True)
class ZonesPanel:
    readable: bool
    pending: bool = False
    read_at: datetime | None = None
    rows: Sequence[ZoneRow] = ()


@dataclass(frozen=True)
class Refused:
    """A zone's form that comes back: what was typed, and why."""

    zone_id: int
    choice: Choice
    refusal: Refusal


def panel(
    carrier: Carrier,
    reading: Reading | None,
    written_here: set[int | None],
    opened: int | None = None,
    refused: Refused | None = None,
) -> ZonesPanel:
    if reading is None:
        return ZonesPanel(readable=False)
    few = len(reading.zones) <= MOST_FORMS
    rows = []
    for state in reading.zones:
        zone, method = state.zone, state.method_of(carrier.id)
        back = refused if refused and refused.zone_id == zone.id else None
        is_open = zone.id == opened or back is not None
        rows.append(
            ZoneRow(
                zone_id=zone.id,
                name=zone.name,
                summary=_summary(carrier, zone, method),
                badge=_badge(zone, method),
                zone_off=not zone.enabled,
                made_elsewhere=method is not None and zone.id not in written_here,
                open=is_open,
                form=_form(carrier, method, back.choice if back else None)
                if few or is_open
                else None,
                refusal=back.refusal if back else None,
            )
        )
    return ZonesPanel(True, False, reading.read_at, rows)


def offered_in(carrier: Carrier, reading: Reading) -> str:
    """ "2 of 4 zones", for the overview."""
    number = len(reading.offering(carrier.id))
    total = len(reading.zones)
    return f"{number} of {total} zone{'s' if total != 1 else ''}" if number else "No zones"


def saved(carrier: Carrier, state: ZoneState | None) -> Message | None:
    """The message after a save, from what BigCommerce says now."""
    if state is None:
        return None
    method = state.method_of(carrier.id)
    if method is None or not method.enabled:
        said = f"BigCommerce confirmed that {carrier.name} is off in this zone."
    else:
        number = method.services
        services = f" with {_counted(len(number))}" if number else ""
        said = f"BigCommerce confirmed that {carrier.name} is on{services}."
    return Message("success", f"{state.zone.name} saved", said)


def refusal(zone_name: str, carrier: Carrier, failure: NotSaved | Busy) -> Refusal:
    heading = f"{zone_name or 'The zone'} was not saved"
    if isinstance(failure, Busy):
        return Refusal(
            "warning",
            heading,
            f"Somebody else is changing {carrier.name} in this zone. Nothing was sent. Try again "
            "in a moment.",
        )
    error = failure.error
    if isinstance(error, Rejected):
        return Refusal("error", heading, "BigCommerce’s answer is below.", answer=quoted(error))
    if isinstance(error, RateLimited):
        return asked_to_wait(error)
    if not failure.written:
        return Refusal("warning", heading, "BigCommerce didn’t answer. Nothing was changed.")
    return Refusal(
        "warning",
        no_answer(error),
        f"{carrier.name} may or may not be changed in {zone_name}. Refresh to see what "
        "BigCommerce has.",
    )


def check_failed(zone_id: int, zone_name: str, choice: Choice) -> Refusal:
    """Our own check failed; the links lead to the inputs of that zone's form."""
    links = [(_input_id(zone_id, field), said) for field, said in choice.errors.items()]
    return Refusal(
        "error",
        f"{zone_name or 'The zone'} was not saved",
        " ".join(choice.errors.values()) if len(links) == 1 else "Nothing was sent.",
        links=tuple(links) if len(links) > 1 else (),
    )


def turned_off(
    results: Iterable[tuple[str, NotSaved | Busy | None]], carrier: Carrier
) -> list[str]:
    """A line for each zone in which a carrier was to be turned off."""
    return [
        f"{zone_name}: BigCommerce confirmed that it is off."
        if failure is None
        else f"{zone_name}: {refusal(zone_name, carrier, failure).text}"
        for zone_name, failure in results
    ]


def _input_id(zone_id: int, field: str) -> str:
    return f"zone-{zone_id}-{field}"


def _badge(zone: Zone, method: Method | None) -> Badge:
    if not zone.enabled:
        return ZONE_OFF
    return ON if method is not None and method.enabled else OFF


def _summary(carrier: Carrier, zone: Zone, method: Method | None) -> str:
    kind = f"{_ZONE_TYPES[zone.type]} zone" if zone.type in _ZONE_TYPES else "Zone"
    if not zone.enabled:
        return f"{kind}, turned off in BigCommerce"
    if not carrier.services:
        return kind
    services = method.services if method else []
    return kind if services is None else f"{kind}, {_counted(len(services), 'services')}"


def _counted(number: int, words: str = "delivery services") -> str:
    if number == 1:
        return f"1 {words.removesuffix('s')}"
    return f"{number or 'no'} {words}"


def _form(carrier: Carrier, method: Method | None, typed: Choice | None) -> ZoneForm:
    options = dict(method.options) if method else {}
    there = (method.services if method else None) or []
    chosen = set(typed.services) if typed else set(there)
    chosen |= set(there) - carrier.service_codes  # what we do not recognise is never dropped
    if typed is not None:
        options |= typed.options
    name = method.name if method else carrier.name
    return ZoneForm(
        enabled=typed.enabled if typed else method is not None and method.enabled,
        method_name=name if typed is None or typed.name is None else typed.name,
        groups=_groups(carrier, there, chosen),
        count_on=len(there) if method and method.enabled else 0,
        count_all=len(carrier.service_codes | set(there)),
        options=[_input(option, options) for option in carrier.options],
        custom_rows=_rows(options, typed) if carrier.is_custom else [],
    )


def _groups(
    carrier: Carrier, there: Sequence[str], chosen: set[str]
) -> list[tuple[str, list[Service]]]:
    if not carrier.services:
        return []
    groups = [
        (title, [Service(code, label, code in chosen) for code, label in group.items()])
        for title, group in carrier.services.items()
    ]
    unknown = [code for code in there if code not in carrier.service_codes]
    if unknown:
        groups.append(("Other", [Service(code, code, True) for code in unknown]))
    return groups


def _input(option: MethodOption, options: dict[str, object]) -> OptionInput:
    if option.is_boolean:
        checked = read_boolean(options.get(option.name, option.default))
        return OptionInput(option.name, option.label, "boolean", (), "true", checked)
    value = selected(option, options)
    choices = dict(option.choices)
    choices.setdefault(value, value)
    return OptionInput(
        option.name, option.label, "select", tuple(choices.items()), value, checked=False
    )


def _rows(options: dict[str, object], typed: Choice | None) -> list[Setting]:
    if typed is not None and typed.own is not None:
        return typed.own.for_page()
    rows: list[Setting] = []
    for name, value in options.items():
        if not is_expressible(value):
            continue
        if isinstance(value, bool):
            row = Setting(len(rows), name, "boolean", "true" if value else "false")
        elif isinstance(value, list):
            row = Setting(len(rows), name, "list", "\n".join(value))
        else:
            row = Setting(len(rows), name, "text", str(value))
        rows.append(row)
    return Settings(tuple(rows)).for_page()
