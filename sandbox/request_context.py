"""Helpers for views: the current world and store, the JSON body, a note on the call."""

from typing import Any, cast

from flask import current_app, request

from sandbox.errors import ApiError
from sandbox.world import Call, SandboxStore, World


def current_world() -> World:
    return cast(World, current_app.extensions["sandbox.world"])


def current_store() -> SandboxStore:
    return current_world().store(cast(dict[str, str], request.view_args)["store_hash"])


def add_note(text: str) -> None:
    """Add a note to the current call, shown in the control panel's list of calls."""
    call: Call = request.environ["sandbox.call"]
    call.note = text


def parse_json_object() -> dict[str, Any]:
    """Return the body as a JSON object; the wording of the error is ours."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise ApiError(400, "The request body is not a JSON object.")
    return body
