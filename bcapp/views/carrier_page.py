"""One carrier's page, connection and zones: shown by itself, and again when a zone is refused."""

from flask import g, render_template, request

from bcapp.runtime import db, read_zones, runtime
from bcapp.views.guard import query, visit
from bcapp.wording import connections as connection_wording
from bcapp.wording import zones as zone_wording
from bcapp.wording.connections import Standing
from bcapp.wording.messages import Message
from bcapp.wording.zones import Refused, ZonesPanel
from bcapp.zones.reading import Reading, forget_reading
from bcapp.zones.saving import zones_written_here


def reading() -> Reading | None:
    """The zones of this visit's store for a page; None when they cannot be read.

    A launch does not wait for BigCommerce: the page says that zones are being read, and its script
    asks for it again.
    """
    store = visit().store
    if request.method == "GET" and "refresh" in query():
        forget_reading(db(), store)
    if "launching" in g and runtime().readings.get(store) is None:
        g.zones_pending = True
        return None
    return read_zones(store)


def render(standing: Standing, *, opened: int | None = None, refused: Refused | None = None) -> str:
    known = reading()
    notice = None if refused else _notice(standing, known, opened)
    if standing.last_attempt is None and standing.carrier.connectable:
        return render_template(
            "settings/form.html",
            standing=standing,
            carrier=standing.carrier,
            form=standing.carrier.form(),
            updating=False,
            refusal=None,
            zones=_panel(standing, known, opened, refused),
            notice=notice,
        )
    return render_template(
        "settings/carrier.html",
        standing=standing,
        carrier=standing.carrier,
        fields=_facts(standing),
        zones=_panel(standing, known, opened, refused),
        notice=notice,
    )


def _panel(
    standing: Standing, known: Reading | None, opened: int | None, refused: Refused | None
) -> ZonesPanel:
    if "zones_pending" in g:
        return ZonesPanel(readable=False, pending=True)
    written = zones_written_here(db(), visit().store.id, standing.carrier.id)
    return zone_wording.panel(standing.carrier, known, written, opened, refused)


def _notice(standing: Standing, known: Reading | None, opened: int | None) -> Message | None:
    code = query().get("notice")
    if code == "zone_saved" and known is not None and opened is not None:
        return zone_wording.saved(standing.carrier, known.zone(opened))
    return connection_wording.notice(code, standing)


def _facts(standing: Standing) -> list[tuple[str, str]]:
    """What the page lists about a connection: never a value that was typed."""
    facts = []
    if standing.is_sent:
        typed = [field for field in standing.carrier.credentials if field.kind != "boolean"]
        facts += [(field.label, "Sent, not kept here") for field in typed]
    if standing.test_mode is not None:
        facts.append(("Mode", "Test" if standing.test_mode else "Live"))
    facts.append(("Carrier ID", standing.carrier.id))
    if standing.last_attempt:
        facts.append(("BigCommerce’s answer", standing.last_attempt.answer))
    return facts
