"""What a view of BigCommerce needs of the request it answers."""

from typing import Any, cast

from flask import Response, current_app, jsonify, request

from sandbox.world import Call, SandboxStore, World


class Refused(Exception):
    """The request cannot be executed; becomes an error body as V2 endpoints have it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def the_world() -> World:
    return cast(World, current_app.extensions["sandbox.world"])


def the_store() -> SandboxStore:
    return the_world().store(cast(dict[str, str], request.view_args)["store_hash"])


def note(text: str) -> None:
    """Tell whoever reads the list of calls what the answer does not say."""
    call: Call = request.environ["sandbox.call"]
    call.note = text


def json_object() -> dict[str, Any]:
    """The body, which must be a JSON object; the wording of this refusal is ours."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise Refused(400, "The request body is not a JSON object.")
    return body


def v2_error(status: int, message: str) -> Response:
    response = jsonify([{"status": status, "message": message}])
    response.status_code = status
    return response


def v3_error(status: int, title: str) -> Response:
    """The gateway in front of the endpoints answers in the style of V3, whatever the version."""
    response = jsonify(
        {
            "status": status,
            "title": title,
            "type": "https://developer.bigcommerce.com/docs/start/about/status-codes",
            "errors": {},
        }
    )
    response.status_code = status
    return response
