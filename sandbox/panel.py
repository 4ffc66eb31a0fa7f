"""The control panel: a store's page with the app in a frame, and what happened behind it."""

from urllib.parse import urlencode

import requests
from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.call_log import recent_calls
from sandbox.faults import ENDPOINT_LABELS, FAULT_PRESETS, describe_fault
from sandbox.panel_controls import ZONE_COUNTS
from sandbox.panel_request import ROLES, current_user, get_store_or_404, redirect_to_store
from sandbox.request_context import current_world
from sandbox.world import Person, SandboxStore

panel = Blueprint("panel", __name__)

# How long the real control panel waits for a callback is not documented.
CALLBACK_TIMEOUT = 10


@panel.get("/")
def stores() -> str:
    return render_template("stores.html", stores=current_world().stores.values())


@panel.get("/help")
def help_page() -> str:
    return render_template("sentence.html", title="Help guide", sentence="Here an app's help is.")


@panel.get("/support")
def support_page() -> str:
    return render_template("sentence.html", title="Support", sentence="Here an app's support is.")


@panel.get("/stores/<store_hash>")
def store(store_hash: str) -> str:
    one, person, world = get_store_or_404(store_hash), current_user(store_hash), current_world()
    return render_template(
        "panel.html",
        world=world,
        store=one,
        person=person,
        roles=ROLES,
        may_install=_may_install(person),
        may_open=_may_open(one, person),
        mark=_mark(one),
        done=request.args.get("done"),
        status=request.args.get("status"),
        fault_presets=FAULT_PRESETS,
        endpoint_labels=ENDPOINT_LABELS,
        zone_counts=ZONE_COUNTS,
        faults=[describe_fault(fault) for fault in tuple(world.faults)],
    )


@panel.get("/stores/<store_hash>/frame")
def empty_frame(store_hash: str) -> str:
    """What the frame holds before the app does, and instead of it."""
    return render_template(
        "frame.html",
        store=get_store_or_404(store_hash),
        person=current_user(store_hash),
        may_install=_may_install(current_user(store_hash)),
    )


@panel.post("/stores/<store_hash>/install")
def install(store_hash: str) -> AnyResponse:
    """The form's target is the frame, so the redirect leads to the app there."""
    get_store_or_404(store_hash)
    person = current_user(store_hash)
    if not _may_install(person):
        abort(403)
    query = current_world().install_query(store_hash, person, external="external" in request.form)
    return redirect(f"{current_world().app_url}/auth?{urlencode(query)}", 303)


@panel.post("/stores/<store_hash>/open")
def open_app(store_hash: str) -> AnyResponse:
    person = current_user(store_hash)
    if not _may_open(get_store_or_404(store_hash), person):
        return redirect(f"/stores/{store_hash}/frame?as={person.role}", 303)
    return redirect(current_world().app_url + _callback("load", store_hash, person), 303)


@panel.post("/stores/<store_hash>/uninstall")
def uninstall(store_hash: str) -> AnyResponse:
    """The token dies first: an app may try it to find out whether the callback is true."""
    get_store_or_404(store_hash)
    person = current_user(store_hash)
    if not _may_install(person):
        abort(403)
    current_world().uninstall(store_hash)
    status = _call_the_app(_callback("uninstall", store_hash, person))
    return redirect_to_store(store_hash, done="uninstall", status=status)


@panel.post("/stores/<store_hash>/remove_user")
def remove_user(store_hash: str) -> AnyResponse:
    person = _chosen(store_hash)
    current_world().set_access(store_hash, person, False)
    status = _call_the_app(_callback("remove_user", store_hash, person))
    return redirect_to_store(store_hash, done="remove_user", status=status)


@panel.post("/stores/<store_hash>/give_access")
def give_access(store_hash: str) -> AnyResponse:
    """The app hears nothing of it until that person opens it."""
    current_world().set_access(store_hash, _chosen(store_hash), True)
    return redirect_to_store(store_hash, done="give_access")


@panel.get("/calls.json")
def calls() -> Response:
    store_hash = request.args.get("store", "")
    one = get_store_or_404(store_hash)
    listed = recent_calls(current_world(), store_hash, show_secrets=request.args.get("show") == "1")
    return jsonify({"mark": _mark(one), "calls": listed})


def _chosen(store_hash: str) -> Person:
    chosen = request.form.get("person", type=int)
    people = get_store_or_404(store_hash).people
    return next((p for p in people if p.id == chosen), None) or abort(404)


def _may_install(person: Person) -> bool:
    return person.role != "staff"


def _may_open(store: SandboxStore, person: Person) -> bool:
    return store.access_token is not None and person.id in store.user_ids_with_access


def _mark(store: SandboxStore) -> str:
    """Changes whenever the page would look different; its script then fetches the page anew."""
    world = current_world()
    with world.lock:
        granted = "-".join(str(person_id) for person_id in sorted(store.user_ids_with_access))
        return f"{store.access_token is not None}:{granted}:{len(world.faults)}"


def _callback(name: str, store_hash: str, person: Person) -> str:
    payload = current_world().signed_payload(store_hash, person)
    return f"/{name}?{urlencode({'signed_payload_jwt': payload})}"


def _call_the_app(callback: str) -> str:
    """What the app answered, in words; redirects are not followed, the answer itself counts."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy from the environment cannot reach our loopback
        try:
            reply = session.get(
                current_world().callback_base_url + callback,
                headers={"Accept": "application/json"},
                timeout=CALLBACK_TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as fault:
            return f"no answer ({type(fault).__name__})"
    return str(reply.status_code)
