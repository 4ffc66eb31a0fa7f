"""Turn a carrier on or off in a zone, or change its services."""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from bcapp.bigcommerce.identity import MAX_ID
from bcapp.presenters import zones as zone_presenters
from bcapp.presenters.connections import CarrierStatus
from bcapp.presenters.messages import FormError
from bcapp.runtime import db, store_api
from bcapp.views import carrier_detail
from bcapp.views.request_context import carrier_status_or_404
from bcapp.views.session import current_session
from bcapp.zones import saving, snapshot
from bcapp.zones.form import ZoneChoice, parse_zone_form
from bcapp.zones.lock import ZoneBusy
from bcapp.zones.saving import Result, UnknownZone, ZoneNotSaved

bp = Blueprint("zones", __name__)


@bp.post("/carriers/<carrier_id>/zones/<int:zone_id>")
def save(carrier_id: str, zone_id: int) -> ResponseReturnValue:
    carrier_status = carrier_status_or_404(carrier_id)
    if zone_id > MAX_ID:
        raise UnknownZone
    chosen = parse_zone_form(carrier_status.carrier, request.form)
    if chosen.errors:
        name = _zone_name(zone_id)
        form_error = zone_presenters.validation_error(zone_id, name, chosen)
        return _again(carrier_status, zone_id, name, chosen, form_error), 422
    try:
        result = saving.save_zone(
            db(),
            store_api(current_session().store),
            current_session().actor,
            carrier_status.carrier,
            zone_id,
            chosen,
        )
    except (ZoneBusy, ZoneNotSaved) as failure:
        name = failure.zone_name if isinstance(failure, ZoneNotSaved) else _zone_name(zone_id)
        form_error = zone_presenters.save_error(name, carrier_status.carrier, failure)
        page = _again(carrier_status, zone_id, name, chosen, form_error)
        return page, failure.http_status, failure.headers
    notice = "zone_off" if result is Result.NOTHING_TO_DO else "zone_saved"
    address = url_for("carriers.show", carrier_id=carrier_id, zone=zone_id, notice=notice)
    return redirect(address, 303)


def _again(
    carrier_status: CarrierStatus,
    zone_id: int,
    zone_name: str,
    chosen: ZoneChoice,
    form_error: FormError,
) -> str:
    # Reload, as the attempt is recorded by now.
    reloaded = carrier_status_or_404(carrier_status.carrier.id)
    refused = zone_presenters.RejectedZoneForm(zone_id, zone_name, chosen, form_error)
    return carrier_detail.render_refused(reloaded, refused)


def _zone_name(zone_id: int) -> str:
    """Return the zone's last known name for a message; raises UnknownZone if it is not listed."""
    known = snapshot.load_snapshot(db(), current_session().store.id)
    state = known.zone(zone_id) if known else None
    if known is not None and state is None:
        raise UnknownZone
    return state.zone.name if state else ""
