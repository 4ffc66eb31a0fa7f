"""Add and update custom carriers: number, name, and settings named by the merchant."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.form import BaseForm

from bcapp import connections
from bcapp.bigcommerce.errors import CallFailed, Rejected
from bcapp.carriers import custom
from bcapp.carriers.custom import Settings
from bcapp.carriers.fields import Carrier
from bcapp.connections import AlreadyListed
from bcapp.language import gettext as _
from bcapp.presenters import connections as presenters
from bcapp.presenters.connections import CarrierStatus
from bcapp.presenters.messages import FormError, validation_error
from bcapp.runtime import db, store_api
from bcapp.views.request_context import carrier_status_or_404
from bcapp.views.session import current_session

bp = Blueprint("custom_carriers", __name__)


@bp.get("/carriers/new")
def new() -> ResponseReturnValue:
    return _page(None, custom.identity_form(), Settings())


@bp.post("/carriers")
def create() -> ResponseReturnValue:
    identity = custom.identity_form(request.form)
    settings = custom.parse_settings(request.form)
    carrier, form_error = _read(identity, settings)
    if carrier is None:
        return _page(None, identity, settings, form_error), 422
    try:
        connections.add_custom(
            db(),
            store_api(current_session().store),
            current_session().actor,
            carrier,
            settings.details,
        )
    except AlreadyListed:
        message = _(
            "%(carrier)s is listed already. Open it under Carriers to update its details.",
            carrier=carrier.id,
        )
        identity["number"].errors = [message]
        return _page(None, identity, settings, validation_error([("number", message)])), 422
    except CallFailed as error:
        return _not_accepted(error, None, carrier, identity, settings)
    return _sent(carrier, "sent")


# More specific than `/carriers/<carrier_id>/connection`, so it wins.
@bp.get("/carriers/carrier_<number>/connection")
def form(number: str) -> ResponseReturnValue:
    carrier_status = carrier_status_or_404(f"carrier_{number}")
    assert carrier_status.connection is not None  # noqa: S101 - no custom carrier exists without one
    kept = custom.stored_settings(carrier_status.connection.settings)
    return _page(carrier_status, custom.identity_form(None, _identity(carrier_status)), kept)


@bp.post("/carriers/carrier_<number>/connection")
def send(number: str) -> ResponseReturnValue:
    carrier_status = carrier_status_or_404(f"carrier_{number}")
    identity, settings = _resubmitted(carrier_status)
    carrier, form_error = _read(identity, settings)
    if carrier is None:
        return _page(carrier_status, identity, settings, form_error), 422
    notice = "updated" if carrier_status.is_sent else "sent"
    try:
        connections.connect(
            db(),
            store_api(current_session().store),
            current_session().actor,
            carrier,
            settings.details,
            updating=carrier_status.is_sent,
        )
    except CallFailed as error:
        reloaded = carrier_status_or_404(f"carrier_{number}")
        return _not_accepted(error, reloaded, carrier, identity, settings)
    return _sent(carrier, notice)


def _identity(carrier_status: CarrierStatus) -> dict[str, str]:
    number = carrier_status.carrier.id.removeprefix("carrier_")
    return {"number": number, "name": carrier_status.carrier.name}


def _resubmitted(carrier_status: CarrierStatus) -> tuple[BaseForm, Settings]:
    """Parse the form of a known carrier: rows as on the page, or one field per known setting."""
    identity_values = _identity(carrier_status)
    if _is_by_property(carrier_status):
        assert carrier_status.connection is not None  # noqa: S101 - no settings without one
        settings = custom.parse_known_settings(request.form, carrier_status.connection.settings)
        return custom.identity_form(None, identity_values), settings
    identity_values["name"] = request.form.get("name", identity_values["name"])
    return custom.identity_form(None, identity_values), custom.parse_settings(request.form)


def _is_by_property(carrier_status: CarrierStatus) -> bool:
    """Tell whether the request names known settings instead of rows of our form.

    Our form may have no rows left, but always has a name.
    """
    setting_names = {field.name for field in carrier_status.carrier.credentials}
    if "setting_name" in request.form or not setting_names:
        return False
    return "name" not in request.form or not setting_names.isdisjoint(request.form)


def _read(identity: BaseForm, settings: Settings) -> tuple[Carrier | None, FormError | None]:
    """Build the carrier from the form, or describe its faults."""
    if identity.validate() and settings.is_valid:
        carrier_id = custom.carrier_id(identity["number"].data)
        name = identity["name"].data
        return custom.carrier(carrier_id, name, settings.names_and_kinds), None
    links = [(field.id, field.errors[0]) for field in identity if field.errors]
    links += [(_row_id(row.index), row.errors[0]) for row in settings.for_page() if row.errors]
    first: dict[str, str] = {}  # one link per distinct message
    for field_id, text in links:
        first.setdefault(text, field_id)
    return None, validation_error([(field_id, text) for text, field_id in first.items()])


def _not_accepted(
    error: CallFailed,
    carrier_status: CarrierStatus | None,
    carrier: Carrier,
    identity: BaseForm,
    settings: Settings,
) -> ResponseReturnValue:
    if isinstance(error, Rejected):
        settings = settings.with_errors(presenters.missing_field_errors(error, carrier))
    ids = {row.name: _row_id(row.index) for row in settings.for_page()}
    form_error = presenters.send_error(error, carrier, ids)
    return _page(carrier_status, identity, settings, form_error), error.http_status, error.headers


def _page(
    carrier_status: CarrierStatus | None,
    identity: BaseForm,
    settings: Settings,
    form_error: FormError | None = None,
) -> str:
    carrier = carrier_status.carrier if carrier_status else None
    return render_template(
        "carriers/custom_form.html",
        carrier_status=carrier_status,
        carrier=carrier,
        form={"number": identity["number"], "name": identity["name"]},
        rows=settings.for_page(),
        form_error=form_error,
        action_url=(
            url_for("carriers.send", carrier_id=carrier.id)
            if carrier
            else url_for("custom_carriers.create")
        ),
    )


def _row_id(index: int) -> str:
    return f"setting_name-{index}"


def _sent(carrier: Carrier, notice: str) -> ResponseReturnValue:
    return redirect(url_for("carriers.show", carrier_id=carrier.id, notice=notice), 303)
