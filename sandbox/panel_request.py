"""Read the store and the current user from a request to the control panel."""

from urllib.parse import urlencode

from flask import abort, redirect, request
from werkzeug.wrappers import Response

from sandbox.request_context import current_world
from sandbox.world import Person, SandboxStore

ROLES = {"owner": "Store owner", "authorized": "Authorized user", "staff": "Staff user"}


def get_store_or_404(store_hash: str) -> SandboxStore:
    return current_world().stores.get(store_hash) or abort(404)


def current_user(store_hash: str) -> Person:
    """Return the user whose role is given as `as` in the query or the form."""
    role = request.values.get("as", "owner")
    if role not in ROLES:
        abort(404)
    return current_world().person(get_store_or_404(store_hash).store_hash, role)


def redirect_to_store(store_hash: str, **query: str) -> Response:
    """Redirect to the store's page and keep the current user."""
    parameters = urlencode({"as": current_user(store_hash).role, **query})
    return redirect(f"/stores/{store_hash}?{parameters}", 303)
