"""Carriers and their details: show, send, disconnect. Custom carriers' forms: `custom_page`."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.form import BaseForm

from bcapp import carriers, connections, wording
from bcapp.bigcommerce.errors import AccessRevoked, BigCommerceError, Rejected
from bcapp.runtime import db, store_api
from bcapp.views.answers import status_of
from bcapp.views.guard import standing_or_404, visit
from bcapp.wording import Refusal, Standing

bp = Blueprint("settings_page", __name__)


@bp.get("/carriers")
def overview() -> ResponseReturnValue:
    if "choose" in request.args:
        return redirect(_chosen(request.args["choose"]), 303)
    recorded = connections.for_store(db(), visit().store.id)
    own = [connections.carrier_of(row) for row in recorded.values()]
    own = sorted((c for c in own if c.is_custom), key=lambda carrier: carrier.name.lower())
    standings = [
        Standing(carrier, recorded.get(carrier.id)) for carrier in [*carriers.offered(), *own]
    ]
    return render_template(
        "settings/overview.html",
        standings=standings,
        show_zones=False,
        offered=None,
        zones_read_at=None,
    )


@bp.get("/carriers/<carrier_id>")
def show(carrier_id: str) -> ResponseReturnValue:
    standing = standing_or_404(carrier_id)
    if standing.last_attempt is None:
        if standing.carrier.is_custom:
            number = carrier_id.removeprefix("carrier_")
            return redirect(url_for("custom_page.form", number=number), 303)
        return _form_page(standing)
    return render_template(
        "settings/carrier.html",
        standing=standing,
        fields=_facts(standing),
        zones=None,
        notice=wording.notice(request.args.get("notice"), standing),
    )


@bp.get("/carriers/<carrier_id>/connection")
def form(carrier_id: str) -> ResponseReturnValue:
    return _form_page(_connectable(carrier_id))


@bp.post("/carriers/<carrier_id>/connection")
def send(carrier_id: str) -> ResponseReturnValue:
    standing = _connectable(carrier_id)
    typed = standing.carrier.form(request.form)
    if not typed.validate():
        links = [(field.id, field.errors[0]) for field in typed if field.errors]
        return _form_page(standing, typed, wording.not_sent(links)), 422
    details = standing.carrier.read(typed)
    try:
        connections.connect(
            db(), store_api(visit().store), visit().sender, standing.carrier, details
        )
    except AccessRevoked:
        raise
    except BigCommerceError as error:
        return _not_accepted(error, carrier_id, typed)
    notice = "updated" if standing.is_sent else "sent"
    return redirect(url_for("settings_page.show", carrier_id=carrier_id, notice=notice), 303)


@bp.get("/carriers/<carrier_id>/disconnect")
def confirm_disconnect(carrier_id: str) -> ResponseReturnValue:
    return _disconnect_page(_connectable(carrier_id))


@bp.post("/carriers/<carrier_id>/disconnect")
def disconnect(carrier_id: str) -> ResponseReturnValue:
    standing = _connectable(carrier_id)
    try:
        connections.disconnect(db(), store_api(visit().store), visit().sender, standing.carrier)
    except AccessRevoked:
        raise
    except BigCommerceError as error:
        refusal = wording.disconnect_refusal(error, standing.carrier)
        return _disconnect_page(standing_or_404(carrier_id), refusal), *status_of(error)
    return redirect(
        url_for("settings_page.show", carrier_id=carrier_id, notice="disconnected"), 303
    )


def _chosen(requested_carrier: str) -> str:
    if requested_carrier == "custom":
        return url_for("custom_page.new")
    return url_for("settings_page.form", carrier_id=standing_or_404(requested_carrier).carrier.id)


def _connectable(carrier_id: str) -> Standing:
    standing = standing_or_404(carrier_id)
    if not standing.carrier.connectable:
        abort(404)
    return standing


def _form_page(
    standing: Standing, typed: BaseForm | None = None, refusal: Refusal | None = None
) -> str:
    return render_template(
        "settings/form.html",
        standing=standing,
        form=typed or standing.carrier.form(),
        updating=standing.is_sent,
        refusal=refusal,
    )


def _not_accepted(error: BigCommerceError, carrier_id: str, typed: BaseForm) -> ResponseReturnValue:
    standing = standing_or_404(carrier_id)  # afresh: the attempt is on record by now
    if isinstance(error, Rejected):
        for name, said in wording.refused_fields(error, standing.carrier).items():
            typed[name].errors = [said]
    refusal = wording.refusal(error, standing.carrier)
    return _form_page(standing, typed, refusal), *status_of(error)


def _disconnect_page(standing: Standing, refusal: Refusal | None = None) -> str:
    return render_template(
        "settings/disconnect.html",
        standing=standing,
        refusal=refusal,
        show_zones=False,
        zones_on=[],
        again=standing.carrier.details,
    )


def _facts(standing: Standing) -> list[tuple[str, str]]:
    """What the carrier's page lists about its connection: never a value that was typed."""
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
