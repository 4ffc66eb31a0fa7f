"""Set faults and change settings in the control panel; all but the zones affect both stores."""

from dataclasses import replace

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from sandbox.faults import ENDPOINT_LABELS, FAULT_PRESETS
from sandbox.panel_request import redirect_to_store
from sandbox.request_context import current_world
from sandbox.shipping_reference import ENDICIA_PASSPHRASE_FIELDS

panel_controls = Blueprint("panel_controls", __name__)

ZONE_COUNTS = (0, 1, 4, 60)


@panel_controls.post("/stores/<store_hash>/set_fault")
def set_fault(store_hash: str) -> Response:
    preset, endpoint = request.form.get("fault", ""), request.form.get("endpoint", "")
    if preset not in FAULT_PRESETS or endpoint not in ENDPOINT_LABELS:
        abort(400)
    times = None if request.form.get("until_cleared") else 1
    current_world().set_fault(replace(FAULT_PRESETS[preset][1], endpoint=endpoint, times=times))
    return redirect_to_store(store_hash)


@panel_controls.post("/stores/<store_hash>/clear_faults")
def clear_faults(store_hash: str) -> Response:
    current_world().clear_faults()
    return redirect_to_store(store_hash)


@panel_controls.post("/stores/<store_hash>/change_settings")
def change_settings(store_hash: str) -> Response:
    """Apply the settings; replace the zones only if their number changes, to keep their methods."""
    world = current_world()
    number = request.form.get("zones", type=int)
    passphrase_field = request.form.get("endicia_passphrase_field")
    if store_hash not in world.stores or passphrase_field not in ENDICIA_PASSPHRASE_FIELDS:
        abort(400)
    world.odd_responses = "odd_responses" in request.form
    world.strict_verbs = "strict_verbs" in request.form
    world.endicia_passphrase_field = passphrase_field
    if number in ZONE_COUNTS and number != len(world.store(store_hash).zones):
        world.set_zones(store_hash, number)
    return redirect_to_store(store_hash)
