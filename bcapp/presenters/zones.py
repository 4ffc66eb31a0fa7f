"""Describe zones, only as BigCommerce returned them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bcapp.bigcommerce.errors import AccessRevoked, RateLimited, Rejected
from bcapp.bigcommerce.schemas import Method, Zone
from bcapp.carriers.fields import Carrier
from bcapp.language import gettext as _
from bcapp.language import lazy_gettext, ngettext, number
from bcapp.models import ZoneList
from bcapp.outcomes import Outcome
from bcapp.presenters.messages import (
    Badge,
    FormError,
    Message,
    no_answer_heading,
    quote_answer,
    rate_limited_error,
)
from bcapp.presenters.zone_form import ZoneForm, zone_form
from bcapp.presenters.zone_progress import ZonesProgress, describe_progress
from bcapp.zones.form import ZoneChoice
from bcapp.zones.lock import ZoneBusy
from bcapp.zones.refresh import Progress
from bcapp.zones.saving import CreationPending, Failure
from bcapp.zones.snapshot import ZoneSnapshot, ZoneState

# With more zones, only the opened one contains its form.
MAX_FORMS = 10

ON = Badge(lazy_gettext("On"), "success")
OFF = Badge(lazy_gettext("Off"), "secondary")
NOT_READ = Badge(lazy_gettext("Not read yet"), "secondary")
ZONE_OFF = Badge(lazy_gettext("Zone off"), "secondary")

_ZONE_TYPES = {
    "zip": lazy_gettext("Postcode zone"),
    "country": lazy_gettext("Country zone"),
    "state": lazy_gettext("State zone"),
    "global": lazy_gettext("Global zone"),
}


@dataclass(frozen=True)
class ZoneRow:
    zone_id: int
    name: str
    summary: str
    badge: Badge
    zone_off: bool
    is_read: bool
    made_elsewhere: bool
    open: bool
    form: ZoneForm | None
    form_error: FormError | None


@dataclass(frozen=True)
class StoredZones:
    """The last known zones, None if they were never fetched, and how a refresh of them went."""

    snapshot: ZoneSnapshot | None
    progress: Progress


@dataclass(frozen=True)
class ZonesPanel:
    """`read_at` is None until the zones were listed."""

    progress: ZonesProgress
    read_at: datetime | None = None
    rows: Sequence[ZoneRow] = ()


@dataclass(frozen=True)
class RejectedZoneForm:
    """A zone form that is shown again: the input, and the error."""

    zone_id: int
    zone_name: str
    choice: ZoneChoice
    form_error: FormError


def panel(
    carrier: Carrier,
    stored: StoredZones,
    written_here: set[int | None],
    opened: int | None = None,
    refused: RejectedZoneForm | None = None,
) -> ZonesPanel:
    known = stored.snapshot
    states = list(known.zones) if known else []
    if refused and refused.zone_id not in {state.zone.id for state in states}:
        # Show the input even if the zone itself is not in the snapshot.
        name = refused.zone_name or _("This zone")
        states.append(ZoneState(Zone(refused.zone_id, name, "", enabled=True), ()))
    few = len(states) <= MAX_FORMS
    rows = [_row(carrier, state, written_here, opened, refused, few=few) for state in states]
    unread = known.unread if known else 0
    return ZonesPanel(
        progress=describe_progress(stored.progress, len(states) - unread, len(states)),
        read_at=known.read_at if known else None,
        rows=rows,
    )


def _row(
    carrier: Carrier,
    state: ZoneState,
    written_here: set[int | None],
    opened: int | None,
    refused: RejectedZoneForm | None,
    *,
    few: bool,
) -> ZoneRow:
    zone, method = state.zone, state.method_of(carrier.id)
    rejected = refused if refused and refused.zone_id == zone.id else None
    choice = rejected.choice if rejected else None
    is_open = zone.id == opened or rejected is not None
    # Before its methods are known, a form would show defaults as if they were BigCommerce's.
    is_shown = rejected is not None or (state.read_at is not None and (few or is_open))
    return ZoneRow(
        zone_id=zone.id,
        name=zone.name,
        summary=_summary(carrier, state),
        badge=_badge(state, method),
        zone_off=not zone.enabled,
        is_read=state.read_at is not None,
        made_elsewhere=method is not None and zone.id not in written_here,
        open=is_open,
        form=zone_form(carrier, method, choice) if is_shown else None,
        form_error=rejected.form_error if rejected else None,
    )


def offered_in(carrier: Carrier, listed: ZoneList | None) -> str | None:
    """Return "2 of 4 zones" for the overview; "" for none, None while that is not known."""
    offering = listed.offered.get(carrier.id, 0) if listed else 0
    if listed is None or (not offering and listed.unread):
        return None
    if not offering:
        return ""
    return ngettext(
        "%(offering)s of %(num)s zone",
        "%(offering)s of %(num)s zones",
        listed.total,
        offering=number(offering),
    )


def saved(carrier: Carrier, state: ZoneState, outcome: Outcome) -> Message:
    """Describe a saved zone by BigCommerce's answer and current state."""
    method = state.method_of(carrier.id)
    if outcome is not Outcome.CONFIRMED:
        return Message(
            "info",
            _("%(zone)s sent to BigCommerce", zone=state.zone.name),
            _("BigCommerce answered without showing all that it saved. Check the zone below."),
        )
    heading = _("%(zone)s saved", zone=state.zone.name)
    return Message("success", heading, _confirmed(carrier.name, method, state.zone))


def _confirmed(carrier: str, method: Method | None, zone: Zone) -> str:
    if method is None or not method.enabled:
        return _("BigCommerce confirmed that %(carrier)s is off in this zone.", carrier=carrier)
    services = len(method.services or [])
    if not services and zone.enabled:
        return _("BigCommerce confirmed that %(carrier)s is on.", carrier=carrier)
    if not services:
        return _(
            "BigCommerce confirmed that %(carrier)s is on in this zone, which is itself turned "
            "off.",
            carrier=carrier,
        )
    if zone.enabled:
        return ngettext(
            "BigCommerce confirmed that %(carrier)s is on with %(num)s delivery service.",
            "BigCommerce confirmed that %(carrier)s is on with %(num)s delivery services.",
            services,
            carrier=carrier,
        )
    return ngettext(
        "BigCommerce confirmed that %(carrier)s is on with %(num)s delivery service in this zone, "
        "which is itself turned off.",
        "BigCommerce confirmed that %(carrier)s is on with %(num)s delivery services in this zone, "
        "which is itself turned off.",
        services,
        carrier=carrier,
    )


def nothing_to_do(carrier: Carrier, state: ZoneState) -> Message:
    return Message(
        "info",
        _("%(carrier)s is off in %(zone)s", carrier=carrier.name, zone=state.zone.name),
        _("BigCommerce has no method of it there, so nothing was sent."),
    )


def save_error(zone_name: str, carrier: Carrier, failure: Failure) -> FormError:
    heading = _not_saved(zone_name)
    if isinstance(failure, ZoneBusy):
        return FormError(
            "warning",
            heading,
            _(
                "Somebody else is changing %(carrier)s in this zone. Nothing was sent. Try again "
                "in a moment.",
                carrier=carrier.name,
            ),
        )
    if isinstance(failure, AccessRevoked):
        return FormError("error", heading, _("BigCommerce no longer lets this app in."))
    error = failure.error
    if isinstance(error, Rejected):
        return FormError(
            "error", heading, _("BigCommerce’s answer is below."), answer=quote_answer(error)
        )
    if isinstance(error, CreationPending):
        return FormError(
            "warning",
            heading,
            _(
                "We still don’t know whether BigCommerce is turning %(carrier)s on here from an "
                "earlier try, so nothing was sent this time. Refresh in a minute or two.",
                carrier=carrier.name,
            ),
        )
    if isinstance(error, RateLimited):
        return rate_limited_error(error)
    if not failure.was_sent:
        return FormError("warning", heading, _("BigCommerce didn’t answer. Nothing was changed."))
    return FormError(
        "warning",
        no_answer_heading(error),
        _(
            "%(carrier)s may or may not be changed in %(zone)s. Refresh to see what BigCommerce "
            "has.",
            carrier=carrier.name,
            zone=zone_name,
        ),
    )


def validation_error(zone_id: int, zone_name: str, choice: ZoneChoice) -> FormError:
    """Describe faults in a zone's form, with links to its inputs."""
    links = tuple((_input_id(zone_id, field), message) for field, message in choice.errors.items())
    return FormError("error", _not_saved(zone_name), _("Nothing was sent."), links=links)


def turned_off(results: Iterable[tuple[str, Failure | None]], carrier: Carrier) -> list[str]:
    """Return one line for each zone in which a carrier was turned off."""
    lines = []
    for zone_name, failure in results:
        line = _("BigCommerce confirmed that it is off.")
        if failure is not None:
            form_error = save_error(zone_name, carrier, failure)
            line = form_error.answer or form_error.text
        lines.append(f"{zone_name}: {line}")
    return lines


def _not_saved(zone_name: str) -> str:
    if not zone_name:
        return _("The zone was not saved")
    return _("%(zone)s was not saved", zone=zone_name)


def _input_id(zone_id: int, field: str) -> str:
    return f"zone-{zone_id}-{field}"


def _badge(state: ZoneState, method: Method | None) -> Badge:
    if not state.zone.enabled:
        return ZONE_OFF
    if state.read_at is None:
        return NOT_READ
    return ON if method is not None and method.enabled else OFF


def _summary(carrier: Carrier, state: ZoneState) -> str:
    zone, method = state.zone, state.method_of(carrier.id)
    facts = [str(_ZONE_TYPES.get(zone.type) or _("Zone"))]
    services = method.services if method else []
    if not zone.enabled:
        facts.append(_("turned off in BigCommerce"))
    elif carrier.services and services is not None and state.read_at is not None:
        facts.append(_services(len(services)))
    methods = sum(1 for one in state.methods if one.type == carrier.id)
    if methods > 1:
        facts.append(ngettext("%(num)s method", "%(num)s methods", methods))
    return ", ".join(facts)


def _services(count: int) -> str:
    return ngettext("%(num)s service", "%(num)s services", count) if count else _("no services")
