"""Show carriers, send their details, disconnect. For custom carriers see `custom_carriers`."""

import re
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.form import BaseForm

from bcapp import connections
from bcapp.bigcommerce.errors import CallFailed, Rejected
from bcapp.bigcommerce.store_api import StoreApi
from bcapp.carriers.fields import Carrier, parse_form_switch
from bcapp.language import gettext as _
from bcapp.presenters import connections as presenters
from bcapp.presenters import zones as zone_presenters
from bcapp.presenters.connections import CarrierStatus
from bcapp.presenters.messages import FormError, validation_error
from bcapp.presenters.zone_progress import describe_progress
from bcapp.runtime import (
    FRAGMENT_TIMEOUT,
    ZONE_FETCH_TIMEOUT,
    db,
    refresh_zones,
    runtime,
    store_api,
)
from bcapp.views import carrier_detail
from bcapp.views.request_context import carrier_status_or_404, query
from bcapp.views.session import current_session
from bcapp.zones import refresh, saving
from bcapp.zones import snapshot as snapshots
from bcapp.zones.refresh import Progress
from bcapp.zones.saving import Failure

bp = Blueprint("carriers", __name__)


@bp.get("/carriers")
def overview() -> ResponseReturnValue:
    if "choose" in query():
        return redirect(_chosen(query()["choose"]), 303)
    store = current_session().store
    recorded = connections.load_for_store(db(), store.id)
    listed = connections.carriers_for_store(recorded, store.country_code)
    return render_template(
        "carriers/overview.html",
        carrier_statuses=[CarrierStatus(carrier, recorded.get(carrier.id)) for carrier in listed],
        **_zones_of(listed, carrier_detail.refresh()),
    )


@bp.get("/carriers/zones")
def zones() -> ResponseReturnValue:
    """Return only what a page lacked of the zones when it was rendered."""
    store = current_session().store
    status = carrier_status_or_404(query()["carrier"]) if "carrier" in query() else None
    is_get = request.method == "GET"
    progress = (
        refresh_zones(store, at_most=FRAGMENT_TIMEOUT) if is_get else refresh.check(db(), store.id)
    )
    if status is not None:
        return carrier_detail.render_panel(status, progress)
    recorded = connections.load_for_store(db(), store.id)
    listed = connections.carriers_for_store(recorded, store.country_code)
    statuses = [CarrierStatus(carrier, recorded.get(carrier.id)) for carrier in listed]
    return render_template(
        "carriers/zones_fragment.html", carrier_statuses=statuses, **_zones_of(listed, progress)
    )


def _zones_of(carriers: Sequence[Carrier], progress: Progress) -> dict[str, Any]:
    """What the overview says about zones."""
    listed = progress.listed
    total, unread = (listed.total, listed.unread) if listed else (0, 0)
    return {
        "offered": {c.id: zone_presenters.offered_in(c, listed) for c in carriers},
        "zones_read_at": listed and (listed.read_at or listed.listed_at),
        "zones_progress": describe_progress(progress, total - unread, total),
    }


@bp.get("/carriers/<carrier_id>")
def show(carrier_id: str) -> ResponseReturnValue:
    carrier_status = carrier_status_or_404(carrier_id)
    if carrier_status.last_attempt is None and carrier_status.carrier.is_custom:
        number = carrier_id.removeprefix("carrier_")
        return redirect(url_for("custom_carriers.form", number=number), 303)
    return carrier_detail.render(carrier_status, opened=_zone_id(query().get("zone", "")))


@bp.get("/carriers/<carrier_id>/connection")
def form(carrier_id: str) -> ResponseReturnValue:
    return _form_page(_connectable(carrier_id))


@bp.post("/carriers/<carrier_id>/connection")
def send(carrier_id: str) -> ResponseReturnValue:
    carrier_status = _connectable(carrier_id)
    typed = carrier_status.carrier.form(request.form)
    if not typed.validate():
        links = [(field.id, field.errors[0]) for field in typed if field.errors]
        return _form_page(carrier_status, typed, validation_error(links)), 422
    details = carrier_status.carrier.connection_from(typed)
    notice = "updated" if carrier_status.is_sent else "sent"
    try:
        connections.connect(
            db(),
            store_api(current_session().store),
            current_session().actor,
            carrier_status.carrier,
            details,
            updating=carrier_status.is_sent,
        )
    except CallFailed as error:
        return _not_accepted(error, carrier_id, typed)
    return redirect(url_for("carriers.show", carrier_id=carrier_id, notice=notice), 303)


@bp.get("/carriers/<carrier_id>/disconnect")
def confirm_disconnect(carrier_id: str) -> ResponseReturnValue:
    return _disconnect_page(_connectable(carrier_id))


@bp.post("/carriers/<carrier_id>/disconnect")
def disconnect(carrier_id: str) -> ResponseReturnValue:
    carrier_status = _connectable(carrier_id)
    api = store_api(current_session().store)
    try:
        connections.disconnect(db(), api, current_session().actor, carrier_status.carrier)
    except CallFailed as error:
        form_error = presenters.disconnect_error(error, carrier_status.carrier)
        return (
            _disconnect_page(carrier_status_or_404(carrier_id), form_error),
            error.http_status,
            error.headers,
        )
    if _wants_zones_off():
        failed = _turn_off(carrier_status, api)
        if failed is not None:
            return failed
    return redirect(url_for("carriers.show", carrier_id=carrier_id, notice="disconnected"), 303)


def _wants_zones_off() -> bool:
    return parse_form_switch(request.form.get("also_off", "")) is True


def _turn_off(carrier_status: CarrierStatus, api: StoreApi) -> ResponseReturnValue | None:
    """Turn the carrier off in the zones that the merchant saw; returns a page if that failed."""
    carrier = carrier_status.carrier
    shown = {_zone_id(text) for text in request.form.getlist("zone_id")}
    # From the confirmation page's snapshot: fetching again would need another time budget, and each
    # save reads its zone anyway.
    store = current_session().store
    snapshot = snapshots.load_snapshot(db(), store.id)
    if snapshot is None:
        refresh_zones(store, at_most=ZONE_FETCH_TIMEOUT)
        snapshot = snapshots.load_snapshot(db(), store.id)
    enabled_zones = snapshot.with_method_on(carrier.id) if snapshot else []
    if snapshot and shown:
        enabled_zones = [state for state in snapshot.zones if state.zone.id in shown]
    chosen = [(state.zone.id, state.zone.name) for state in enabled_zones]
    built = runtime()
    results = saving.turn_off(
        built.sessions, built.zone_fetchers, api, current_session().actor, carrier, chosen
    )
    failures = [failure for _, failure in results if failure is not None]
    lines = zone_presenters.turned_off(results, carrier)
    if snapshot is None:
        lines = [_("We couldn’t read your zones, so nothing was turned off in them.")]
    elif not failures:
        return None
    form_error = presenters.zones_left_on_error(carrier, lines)
    page = _disconnect_page(carrier_status_or_404(carrier.id), form_error, is_done=True)
    # The highest status; 502 if the zones could not be fetched.
    worst = max(failures, key=_severity, default=None)
    return (page, worst.http_status, worst.headers) if worst else (page, 502)


def _severity(failure: Failure) -> tuple[int, int]:
    return failure.http_status, int(failure.headers.get("Retry-After", 0))


def _zone_id(requested: str) -> int | None:
    return int(requested) if re.fullmatch(r"[0-9]{1,18}", requested) else None


def _chosen(requested_carrier: str) -> str:
    if requested_carrier == "custom":
        return url_for("custom_carriers.new")
    return url_for("carriers.form", carrier_id=carrier_status_or_404(requested_carrier).carrier.id)


def _connectable(carrier_id: str) -> CarrierStatus:
    carrier_status = carrier_status_or_404(carrier_id)
    if not carrier_status.carrier.connectable:
        abort(404)
    return carrier_status


def _form_page(
    carrier_status: CarrierStatus,
    typed: BaseForm | None = None,
    form_error: FormError | None = None,
) -> str:
    return render_template(
        "carriers/form.html",
        carrier_status=carrier_status,
        form=typed or carrier_status.carrier.form(test_mode=carrier_status.test_mode),
        updating=carrier_status.is_sent,
        form_error=form_error,
        carrier=carrier_status.carrier,
        zones=None,
    )


def _not_accepted(error: CallFailed, carrier_id: str, typed: BaseForm) -> ResponseReturnValue:
    carrier_status = carrier_status_or_404(carrier_id)  # reload, as the attempt is recorded by now
    if isinstance(error, Rejected):
        for name, message in presenters.missing_field_errors(error, carrier_status.carrier).items():
            typed[name].errors = [message]
    form_error = presenters.send_error(error, carrier_status.carrier)
    return _form_page(carrier_status, typed, form_error), error.http_status, error.headers


def _disconnect_page(
    carrier_status: CarrierStatus, form_error: FormError | None = None, *, is_done: bool = False
) -> str:
    # After a failure the time budget is spent, so use the last snapshot.
    if not form_error:
        carrier_detail.refresh()
    store = current_session().store
    snapshot = snapshots.load_snapshot(db(), store.id)
    if snapshot is None:
        refresh_zones(store, at_most=ZONE_FETCH_TIMEOUT)
        snapshot = snapshots.load_snapshot(db(), store.id)
    enabled_zones = snapshot.with_method_on(carrier_status.carrier.id) if snapshot else []
    offering = snapshot.offering(carrier_status.carrier.id) if snapshot else []
    return render_template(
        "carriers/disconnect.html",
        carrier_status=carrier_status,
        form_error=form_error,
        is_done=is_done,
        zones_on=[state.zone for state in offering] if snapshot else None,
        zones_off=[state.zone for state in enabled_zones if not state.zone.enabled],
        also_off=form_error is None or _wants_zones_off(),
        details_to_type=carrier_status.carrier.details,
    )
