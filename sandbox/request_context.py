"""What a view of BigCommerce needs of the request it answers."""

from typing import Any, cast

from flask import current_app, request

from sandbox.errors import ApiError
from sandbox.world import Call, SandboxStore, World


def current_world() -> World:
    return cast(World, current_app.extensions["sandbox.world"])


def current_store() -> SandboxStore:
    return current_world().store(cast(dict[str, str], request.view_args)["store_hash"])


def add_note(text: str) -> None:
    """Tell whoever reads the list of calls what the answer does not say."""
    call: Call = request.environ["sandbox.call"]
    call.note = text


def parse_json_object() -> dict[str, Any]:
    """The body, which must be a JSON object; the wording of this refusal is ours."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise ApiError(400, "The request body is not a JSON object.")
    return body
