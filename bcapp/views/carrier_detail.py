"""One carrier's page, connection and zones: shown by itself, and again when a zone is refused."""

from datetime import UTC, datetime, timedelta

from flask import abort, g, render_template, request

from bcapp import activity
from bcapp.language import gettext as _
from bcapp.models import Outcome
from bcapp.presenters import activity as activity_presenters
from bcapp.presenters import connections as connection_presenters
from bcapp.presenters import zones as zone_presenters
from bcapp.presenters.connections import Standing
from bcapp.presenters.messages import Message
from bcapp.presenters.zones import Refused, ZonesPanel
from bcapp.runtime import db, read_zones, runtime
from bcapp.views.request_context import query
from bcapp.views.session import current_session
from bcapp.zones.snapshot import Reading, forget_reading

_NEWS_FOR = timedelta(minutes=2)


def reading() -> Reading | None:
    """The zones of this visit's store for a page; None when they cannot be read.

    A launch does not wait for BigCommerce: the page says that zones are being read, and its script
    asks for it again. HEAD, which only renews the session, does not ask for anything.
    """
    store = current_session().store
    if request.method == "GET" and "refresh" in query():
        forget_reading(db(), store)
    kept = runtime().readings.get(store)
    if kept is None and request.method == "GET" and "launching" in g:
        g.zones_pending = True
        return None
    return kept if request.method == "HEAD" else read_zones(store)


def render(standing: Standing, *, opened: int | None = None) -> str:
    known = reading()
    if opened is not None and known is not None and known.zone(opened) is None:
        abort(404)
    panel = _panel(standing, known, opened)
    return _render(standing, panel, _notice(standing, known, opened))


def render_refused(standing: Standing, refused: Refused) -> str:
    """The page with a zone's form as it was typed.

    With the zones as they were read last, be it a while ago: the time for asking is used up.
    """
    known = runtime().readings.latest(current_session().store)
    return _render(standing, _panel(standing, known, None, refused), None)


def _render(standing: Standing, panel: ZonesPanel, notice: Message | None) -> str:
    never_sent = standing.last_attempt is None and standing.carrier.connectable
    return render_template(
        "carriers/form.html" if never_sent else "carriers/carrier.html",
        standing=standing,
        carrier=standing.carrier,
        form=standing.carrier.form(),
        updating=False,
        refusal=None,
        fields=_facts(standing),
        zones=panel,
        notice=notice,
    )


def _panel(
    standing: Standing, known: Reading | None, opened: int | None, refused: Refused | None = None
) -> ZonesPanel:
    if "zones_pending" in g:
        return ZonesPanel(readable=False, pending=True)
    written = activity.zones_written(db(), current_session().store.id, standing.carrier.id)
    return zone_presenters.panel(standing.carrier, known, written, opened, refused)


def _notice(standing: Standing, known: Reading | None, opened: int | None) -> Message | None:
    """The message after a redirect. An address alone cannot make us say what is not recorded."""
    code = query().get("notice")
    state = known.zone(opened) if known and opened is not None else None
    if state is None:
        off = _turned_off_with_it(standing)
        return connection_presenters.notice(code, standing, off)
    if code == "zone_off" and state.method_of(standing.carrier.id) is None:
        return zone_presenters.nothing_to_do(standing.carrier, state)
    last = activity.last_in_zone(
        db(), current_session().store.id, standing.carrier.id, state.zone.id
    )
    is_news = last is not None and datetime.now(UTC) - last.at < _NEWS_FOR
    if code != "zone_saved" or last is None or not is_news:
        return None
    is_saved = last.outcome in {Outcome.CONFIRMED, Outcome.SENT}
    return zone_presenters.saved(standing.carrier, state, last.outcome) if is_saved else None


def _turned_off_with_it(standing: Standing) -> list[str]:
    """What became of the zones in which the carrier was turned off after its disconnect."""
    connection = standing.connection
    if connection is None or connection.acknowledged_id is None or standing.is_sent:
        return []
    since = connection.acknowledged_id
    entries = activity.in_zones_since(db(), current_session().store.id, standing.carrier.id, since)
    return [f"{entry.zone_name}: {activity_presenters.answer(entry)}" for entry in entries]


def _facts(standing: Standing) -> list[tuple[str, str]]:
    """What the page lists about a connection: never a value that was typed."""
    facts = []
    if standing.is_sent:
        typed = [field for field in standing.carrier.credentials if field.kind != "boolean"]
        facts += [(field.label, _("Sent, not kept here")) for field in typed]
    if standing.test_mode is not None:
        facts.append((_("Mode"), _("Test") if standing.test_mode else _("Live")))
    facts.append((_("Carrier ID"), standing.carrier.id))
    if standing.last_attempt:
        facts.append((_("BigCommerce’s answer"), standing.last_attempt.answer))
    return facts
