"""login.bigcommerce.com: the token endpoint, and the result page of external installs.

BigCommerce does not document its error bodies. These are taken from public issues, and
`invalid_client`, `invalid_grant` and `unsupported_grant_type` from OAuth (RFC 6749, 5.2).
"""

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from sandbox.request_context import add_note, current_world
from sandbox.world import IssuedCode, Person

oauth = Blueprint("oauth", __name__)


@oauth.post("/oauth2/token")
def exchange_code() -> Response:
    world = current_world()
    parameters = _request_parameters()
    error = _find_error(parameters)
    if error:
        return _error_response(*error)
    exchanged = world.exchange_code(str(parameters.get("code")), str(parameters.get("context")))
    if exchanged is None:
        return _error_response(400, "invalid_grant")
    issued, token = exchanged
    context = str(parameters["context"])
    context_matches = context == f"stores/{issued.store_hash}"
    if not context_matches:
        add_note(
            "The context names another store: BigCommerce answers 200 with a token without scope."
        )
    return jsonify(
        _token_response(issued, token, context, issued.scope if context_matches else None)
    )


def _request_parameters() -> dict[str, Any]:
    """Return the parameters from JSON, as in the current guide, or a form, as in older ones."""
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else request.form.to_dict()


def _find_error(parameters: dict[str, Any]) -> tuple[int, str] | None:
    world = current_world()
    if not request.accept_mimetypes.accept_json:
        return 406, "Invalid format."
    if (parameters.get("client_id"), parameters.get("client_secret")) != (
        world.client_id,
        world.client_secret,
    ):
        return 401, "invalid_client"
    if parameters.get("grant_type") != "authorization_code":
        return 400, "unsupported_grant_type"
    if parameters.get("redirect_uri") != f"{world.app_url}/auth":
        return 400, "Parameter redirect_uri does not match registered URI"
    if not parameters.get("context"):
        return 400, "invalid_request"
    return None


def _error_response(status: int, error: str) -> Response:
    response = jsonify({"error": error})
    response.status_code = status
    return response


def _token_response(
    issued: IssuedCode, token: str, context: str, scope: str | None
) -> dict[str, object]:
    world = current_world()
    return {
        "access_token": token,
        "scope": scope,
        "user": _user_json(issued.person),
        "owner": _user_json(world.person(issued.store_hash, "owner")),
        "context": context,
        "account_uuid": world.account_uuid,
    }


def _user_json(person: Person) -> dict[str, object]:
    return {"id": person.id, "username": person.email, "email": person.email}


@oauth.get("/app/<client_id>/install/succeeded")
def install_succeeded(client_id: str) -> str:
    return render_template("install_result.html", client_id=client_id, succeeded=True)


@oauth.get("/app/<client_id>/install/failed")
def install_failed(client_id: str) -> str:
    return render_template("install_result.html", client_id=client_id, succeeded=False)
