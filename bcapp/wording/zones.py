"""What the pages show and say of zones: only what BigCommerce itself returned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bcapp.bigcommerce.errors import AccessRevoked, RateLimited, Rejected
from bcapp.bigcommerce.shipping import Method, Zone
from bcapp.carriers.choice import Choice
from bcapp.carriers.fields import Carrier
from bcapp.models import Outcome
from bcapp.wording.messages import Badge, Message, Refusal, asked_to_wait, no_answer, quoted
from bcapp.wording.zone_form import ZoneForm, zone_form
from bcapp.zones.reading import Reading, ZoneState
from bcapp.zones.saving import Failure, NotSaved, StillUnknown
from bcapp.zones.single_writer import Busy

# With more zones than this only the opened one carries its form.
MOST_FORMS = 10

ON = Badge("On", "success")
OFF = Badge("Off", "secondary")
ZONE_OFF = Badge("Zone off", "secondary")

_ZONE_TYPES = {"zip": "Postcode", "country": "Country", "state": "State", "global": "Global"}


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
    is_unchanged: bool = True  # whether nothing has been written as far as we know
    read_at: datetime | None = None
    rows: Sequence[ZoneRow] = ()


@dataclass(frozen=True)
class Refused:
    """A zone's form that comes back: what was typed, and why."""

    zone_id: int
    zone_name: str
    choice: Choice
    refusal: Refusal


def panel(
    carrier: Carrier,
    reading: Reading | None,
    written_here: set[int | None],
    opened: int | None = None,
    refused: Refused | None = None,
) -> ZonesPanel:
    states = list(reading.zones) if reading else []
    if refused and refused.zone_id not in {state.zone.id for state in states}:
        # What was typed comes back even where the zone cannot be shown as it is.
        name = refused.zone_name or "This zone"
        states.append(ZoneState(Zone(refused.zone_id, name, "", enabled=True), ()))
    few = len(states) <= MOST_FORMS
    rows = [_row(carrier, state, written_here, opened, refused, few=few) for state in states]
    return ZonesPanel(
        readable=reading is not None,
        is_unchanged=refused is None,
        read_at=reading.read_at if reading else None,
        rows=rows,
    )


def _row(
    carrier: Carrier,
    state: ZoneState,
    written_here: set[int | None],
    opened: int | None,
    refused: Refused | None,
    *,
    few: bool,
) -> ZoneRow:
    zone, method = state.zone, state.method_of(carrier.id)
    back = refused if refused and refused.zone_id == zone.id else None
    is_open = zone.id == opened or back is not None
    return ZoneRow(
        zone_id=zone.id,
        name=zone.name,
        summary=_summary(carrier, state),
        badge=_badge(zone, method),
        zone_off=not zone.enabled,
        made_elsewhere=method is not None and zone.id not in written_here,
        open=is_open,
        form=zone_form(carrier, method, back.choice if back else None) if few or is_open else None,
        refusal=back.refusal if back else None,
    )


def offered_in(carrier: Carrier, reading: Reading) -> str:
    """ "2 of 4 zones", for the overview."""
    number = len(reading.offering(carrier.id))
    total = len(reading.zones)
    return f"{number} of {total} zone{'s' if total != 1 else ''}" if number else "No zones"


def saved(carrier: Carrier, state: ZoneState, outcome: Outcome) -> Message:
    """The message after a save: from what BigCommerce answered to it, and what it says now."""
    method = state.method_of(carrier.id)
    if outcome is not Outcome.CONFIRMED:
        return Message(
            "info",
            f"{state.zone.name} sent to BigCommerce",
            "BigCommerce answered without showing all that it saved. Check the zone below.",
        )
    if method is None or not method.enabled:
        said = f"BigCommerce confirmed that {carrier.name} is off in this zone."
    else:
        number = method.services
        services = f" with {_counted(len(number))}" if number else ""
        off = "" if state.zone.enabled else ", which is itself turned off"
        said = f"BigCommerce confirmed that {carrier.name} is on{services} in this zone{off}."
        said = said.replace(" in this zone.", ".")
    return Message("success", f"{state.zone.name} saved", said)


def nothing_to_do(carrier: Carrier, state: ZoneState) -> Message:
    return Message(
        "info",
        f"{carrier.name} is off in {state.zone.name}",
        "BigCommerce has no method of it there, so nothing was sent.",
    )


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
    if isinstance(error, AccessRevoked):
        return Refusal("error", heading, "BigCommerce no longer lets this app in.")
    if isinstance(error, StillUnknown):
        return Refusal(
            "warning",
            heading,
            f"We still don’t know whether BigCommerce is turning {carrier.name} on here from an "
            "earlier try, so nothing was sent this time. Refresh in a minute or two.",
        )
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


def turned_off(results: Iterable[tuple[str, Failure | None]], carrier: Carrier) -> list[str]:
    """A line for each zone in which a carrier was to be turned off."""
    lines = []
    for zone_name, failure in results:
        said = "BigCommerce confirmed that it is off."
        if failure is not None:
            back = refusal(zone_name, carrier, failure)
            said = back.answer or back.text
        lines.append(f"{zone_name}: {said}")
    return lines


def _input_id(zone_id: int, field: str) -> str:
    return f"zone-{zone_id}-{field}"


def _badge(zone: Zone, method: Method | None) -> Badge:
    if not zone.enabled:
        return ZONE_OFF
    return ON if method is not None and method.enabled else OFF


def _summary(carrier: Carrier, state: ZoneState) -> str:
    zone, method = state.zone, state.method_of(carrier.id)
    number = sum(1 for one in state.methods if one.type == carrier.id)
    several = f", {number} methods" if number > 1 else ""
    return _about(carrier, zone, method) + several


def _about(carrier: Carrier, zone: Zone, method: Method | None) -> str:
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
