"""Switches of the control panel that make BigCommerce misbehave, for both stores at once."""

import json
from dataclasses import replace

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from sandbox.acting import back
from sandbox.current import the_world
from sandbox.faults import Endpoint, Fault
from sandbox.shipping_reference import ENDICIA_PASSPHRASE_FIELDS

misbehaviour = Blueprint("misbehaviour", __name__)

ZONE_NUMBERS = (0, 1, 4, 60)

ENDPOINT_LABELS: dict[Endpoint, str] = {
    "api": "the whole API",
    "connection": "carrier connections",
    "zones": "zones",
    "methods": "shipping methods",
    "store": "store information",
    "token": "the token exchange",
}

LIMITED = json.dumps({"status": 429, "title": "Too many requests", "type": "", "errors": {}})
LIMIT_HEADERS = {
    "X-Rate-Limit-Time-Window-Ms": "30000",
    "X-Rate-Limit-Time-Reset-Ms": "15000",
    "X-Rate-Limit-Requests-Quota": "150",
    "X-Rate-Limit-Requests-Left": "0",
    "X-Retry-After": "15",
}
# Without headers a 429 means that the platform is busy, not that the quota is spent.
KINDS: dict[str, tuple[str, Fault]] = {
    "slow": ("Answer 200 ms late", Fault(kind="delay", seconds=0.2)),
    "delay": ("Answer 2 seconds late", Fault(kind="delay", seconds=2)),
    "hang": ("Give no answer", Fault(kind="hang")),
    "lost": ("Act, but lose the answer", Fault(kind="reset", execute_first=True)),
    "reset": ("Reset the connection", Fault(kind="reset")),
    "refused": (
        "400, field missing [key]",
        Fault(status=400, body='[{"status":400,"message":"Required fields missing [key]"}]'),
    ),
    "limited": (
        "429, wait 15 seconds",
        Fault(status=429, headers=LIMIT_HEADERS, body=LIMITED),
    ),
    "busy": ("429 without headers", Fault(status=429, body=LIMITED)),
    "broken": (
        "500 internal error",
        Fault(body='[{"status":500,"message":"An internal error occurred."}]'),
    ),
    "html": (
        "HTML instead of JSON",
        Fault(status=200, body="<html><title>Welcome</title></html>", content_type="text/html"),
    ),
    "unauthorized": (
        "401, token refused",
        Fault(status=401, body='{"status":401,"title":"Unauthorized","type":"","errors":{}}'),
    ),
}


@misbehaviour.post("/stores/<store_hash>/misbehave")
def set_fault(store_hash: str) -> Response:
    kind, endpoint = request.form.get("kind", ""), request.form.get("endpoint", "")
    if kind not in KINDS or endpoint not in ENDPOINT_LABELS:
        abort(400)
    times = None if request.form.get("until_cleared") else 1
    the_world().set_fault(replace(KINDS[kind][1], endpoint=endpoint, times=times))
    return back(store_hash)


@misbehaviour.post("/stores/<store_hash>/behave")
def behave(store_hash: str) -> Response:
    the_world().clear_faults()
    return back(store_hash)


@misbehaviour.post("/stores/<store_hash>/switches")
def switch(store_hash: str) -> Response:
    """Zones are replaced only when their number changes: what the merchant set up there stays."""
    world = the_world()
    number = request.form.get("zones", type=int)
    passphrase_field = request.form.get("endicia_passphrase_field")
    if store_hash not in world.stores or passphrase_field not in ENDICIA_PASSPHRASE_FIELDS:
        abort(400)
    world.odd_responses = "odd_responses" in request.form
    world.strict_verbs = "strict_verbs" in request.form
    world.endicia_passphrase_field = passphrase_field
    if number in ZONE_NUMBERS and number != len(world.store(store_hash).zones):
        world.set_zones(store_hash, number)
    return back(store_hash)


def in_words(fault: Fault) -> str:
    """A fault ordered here by its label, one ordered by a test by its kind."""
    plain = replace(fault, endpoint="api", times=1)
    label = next((label for label, known in KINDS.values() if known == plain), fault.kind)
    often = "until cleared" if fault.times is None else "once"
    return f"{label}: {ENDPOINT_LABELS.get(fault.endpoint, fault.endpoint)}, {often}"
