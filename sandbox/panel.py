"""The control panel: the app in a frame, the actions of a user, and the list of API calls."""

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

# The documentation does not say how long BigCommerce waits for a callback.
CALLBACK_TIMEOUT = 10


@panel.get("/")
def list_stores() -> str:
    return render_template("stores.html", stores=current_world().stores.values())


@panel.get("/help")
def show_help() -> str:
    return render_template(
        "text.html", title="Help guide", text="This page takes the place of the app's help guide."
    )


@panel.get("/support")
def show_support() -> str:
    return render_template(
        "text.html", title="Support", text="This page takes the place of the app's support page."
    )


@panel.get("/stores/<store_hash>")
def show_store(store_hash: str) -> str:
    store, person, world = get_store_or_404(store_hash), current_user(store_hash), current_world()
    return render_template(
        "panel.html",
        world=world,
        store=store,
        person=person,
        roles=ROLES,
        may_install=_may_install(person),
        may_open=_may_open(store, person),
        page_version=_page_version(store),
        done=request.args.get("done"),
        status=request.args.get("status"),
        fault_presets=FAULT_PRESETS,
        endpoint_labels=ENDPOINT_LABELS,
        zone_counts=ZONE_COUNTS,
        faults=[describe_fault(fault) for fault in tuple(world.faults)],
    )


@panel.get("/stores/<store_hash>/frame")
def frame_placeholder(store_hash: str) -> str:
    """Show this in the frame while the app is not open."""
    return render_template(
        "frame_placeholder.html",
        store=get_store_or_404(store_hash),
        person=current_user(store_hash),
        may_install=_may_install(current_user(store_hash)),
    )


@panel.post("/stores/<store_hash>/install")
def install(store_hash: str) -> AnyResponse:
    """Redirect the frame, which is the form's target, to the app's auth callback."""
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
    return redirect(current_world().app_url + _callback_path("load", store_hash, person), 303)


@panel.post("/stores/<store_hash>/uninstall")
def uninstall(store_hash: str) -> AnyResponse:
    """Revoke the token, then send the callback: an app may use the token to verify the callback."""
    get_store_or_404(store_hash)
    person = current_user(store_hash)
    if not _may_install(person):
        abort(403)
    current_world().uninstall(store_hash)
    status = _send_callback(_callback_path("uninstall", store_hash, person))
    return redirect_to_store(store_hash, done="uninstall", status=status)


@panel.post("/stores/<store_hash>/remove_user")
def remove_user(store_hash: str) -> AnyResponse:
    person = _selected_user(store_hash)
    current_world().set_access(store_hash, person, False)
    status = _send_callback(_callback_path("remove_user", store_hash, person))
    return redirect_to_store(store_hash, done="remove_user", status=status)


@panel.post("/stores/<store_hash>/give_access")
def give_access(store_hash: str) -> AnyResponse:
    """Give a user access; BigCommerce sends no callback for this."""
    current_world().set_access(store_hash, _selected_user(store_hash), True)
    return redirect_to_store(store_hash, done="give_access")


@panel.get("/calls.json")
def list_calls() -> Response:
    store_hash = request.args.get("store", "")
    store = get_store_or_404(store_hash)
    calls = recent_calls(current_world(), store_hash, show_secrets=request.args.get("show") == "1")
    return jsonify({"page_version": _page_version(store), "calls": calls})


def _selected_user(store_hash: str) -> Person:
    user_id = request.form.get("person", type=int)
    people = get_store_or_404(store_hash).people
    return next((person for person in people if person.id == user_id), None) or abort(404)


def _may_install(person: Person) -> bool:
    return person.role != "staff"


def _may_open(store: SandboxStore, person: Person) -> bool:
    return store.access_token is not None and person.id in store.user_ids_with_access


def _page_version(store: SandboxStore) -> str:
    """Return a value that changes when the page has to be reloaded."""
    world = current_world()
    with world.lock:
        user_ids = "-".join(str(person_id) for person_id in sorted(store.user_ids_with_access))
        return f"{store.access_token is not None}:{user_ids}:{len(world.faults)}"


def _callback_path(name: str, store_hash: str, person: Person) -> str:
    payload = current_world().signed_payload(store_hash, person)
    return f"/{name}?{urlencode({'signed_payload_jwt': payload})}"


def _send_callback(path: str) -> str:
    """Send a callback to the app and return the status of its response; follow no redirect."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy cannot reach the loopback interface
        try:
            reply = session.get(
                current_world().callback_base_url + path,
                headers={"Accept": "application/json"},
                timeout=CALLBACK_TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            return f"no response ({type(error).__name__})"
    return str(reply.status_code)
