"""Render a carrier's page: its connection and zones."""

from datetime import UTC, datetime, timedelta

from flask import abort, g, render_template, request

from bcapp import activity
from bcapp.language import gettext as _
from bcapp.outcomes import Outcome
from bcapp.presenters import activity as activity_presenters
from bcapp.presenters import connections as connection_presenters
from bcapp.presenters import zones as zone_presenters
from bcapp.presenters.connections import CarrierStatus
from bcapp.presenters.messages import Message
from bcapp.presenters.zones import RejectedZoneForm, StoredZones, ZonesPanel
from bcapp.runtime import ZONE_FETCH_TIMEOUT, db, refresh_zones
from bcapp.views.request_context import query
from bcapp.views.session import current_session
from bcapp.zones import refresh as zones
from bcapp.zones import snapshot
from bcapp.zones.refresh import Progress
from bcapp.zones.snapshot import ZoneSnapshot

_NEWS_FOR = timedelta(minutes=2)


def refresh() -> Progress:
    """Bring the store's zones up to date before a page shows them, as far as time allows.

    A launch does not wait for BigCommerce: its script fetches the zones afterwards. HEAD, which
    only renews the session, fetches nothing.
    """
    store = current_session().store
    if request.method != "GET" or "launching" in g:
        return zones.check(db(), store.id)
    return refresh_zones(store, force="refresh" in query(), at_most=ZONE_FETCH_TIMEOUT)


def load_zones(progress: Progress) -> StoredZones:
    listed = progress.listed
    return StoredZones(snapshot.load_zones(db(), listed) if listed else None, progress)


def render(carrier_status: CarrierStatus, *, opened: int | None = None) -> str:
    stored = load_zones(refresh())
    known = stored.snapshot
    if opened is not None and known is not None and known.zone(opened) is None:
        abort(404)
    panel = _panel(carrier_status, stored, opened)
    return _render(carrier_status, panel, _notice(carrier_status, known, opened))


def render_refused(carrier_status: CarrierStatus, refused: RejectedZoneForm) -> str:
    """Render the page with a zone's rejected form.

    Fetches nothing, since the time budget is spent.
    """
    stored = load_zones(zones.check(db(), current_session().store.id))
    return _render(carrier_status, _panel(carrier_status, stored, None, refused), None)


def render_panel(carrier_status: CarrierStatus, progress: Progress) -> str:
    return render_template(
        "zones/panel.html",
        carrier=carrier_status.carrier,
        zones=_panel(carrier_status, load_zones(progress), None),
    )


def _render(carrier_status: CarrierStatus, panel: ZonesPanel, notice: Message | None) -> str:
    never_sent = carrier_status.last_attempt is None and carrier_status.carrier.connectable
    return render_template(
        "carriers/form.html" if never_sent else "carriers/carrier.html",
        carrier_status=carrier_status,
        carrier=carrier_status.carrier,
        form=carrier_status.carrier.form(),
        updating=False,
        form_error=None,
        fields=_facts(carrier_status),
        zones=panel,
        notice=notice,
    )


def _panel(
    carrier_status: CarrierStatus,
    stored: StoredZones,
    opened: int | None,
    refused: RejectedZoneForm | None = None,
) -> ZonesPanel:
    written = activity.zone_ids_written(db(), current_session().store.id, carrier_status.carrier.id)
    return zone_presenters.panel(carrier_status.carrier, stored, written, opened, refused)


def _notice(
    carrier_status: CarrierStatus, known: ZoneSnapshot | None, opened: int | None
) -> Message | None:
    """Return the message after a redirect, only if the log confirms it."""
    code = query().get("notice")
    state = known.zone(opened) if known and opened is not None else None
    if state is None:
        off = _turned_off_with_it(carrier_status)
        return connection_presenters.notice(code, carrier_status, off)
    if code == "zone_off" and state.method_of(carrier_status.carrier.id) is None:
        return zone_presenters.nothing_to_do(carrier_status.carrier, state)
    last = activity.latest_for_zone(
        db(), current_session().store.id, carrier_status.carrier.id, state.zone.id
    )
    is_news = last is not None and datetime.now(UTC) - last.at < _NEWS_FOR
    if code != "zone_saved" or last is None or not is_news:
        return None
    is_saved = last.outcome in {Outcome.CONFIRMED, Outcome.SENT}
    return zone_presenters.saved(carrier_status.carrier, state, last.outcome) if is_saved else None


def _turned_off_with_it(carrier_status: CarrierStatus) -> list[str]:
    """Describe the zones that were turned off after the disconnect."""
    connection = carrier_status.connection
    if connection is None or connection.acknowledged_id is None or carrier_status.is_sent:
        return []
    since = connection.acknowledged_id
    entries = activity.zone_entries_after(
        db(), current_session().store.id, carrier_status.carrier.id, since
    )
    return [f"{entry.zone_name}: {activity_presenters.answer(entry)}" for entry in entries]


def _facts(carrier_status: CarrierStatus) -> list[tuple[str, str]]:
    """List the facts about a connection; never a value that was typed."""
    facts = []
    if carrier_status.is_sent:
        typed = [field for field in carrier_status.carrier.credentials if field.kind != "boolean"]
        facts += [(field.label, _("Sent, not kept here")) for field in typed]
    if carrier_status.test_mode is not None:
        facts.append((_("Mode"), _("Test") if carrier_status.test_mode else _("Live")))
    facts.append((_("Carrier ID"), carrier_status.carrier.id))
    if carrier_status.last_attempt:
        facts.append((_("BigCommerce’s answer"), carrier_status.last_attempt.answer))
    return facts
