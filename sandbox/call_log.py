"""The latest calls as JSON for the control panel, with secrets masked."""

import json

from sandbox.world import Call, World

MAX_CALLS = 60
MASK = "••••••"
# In the token exchange. In carrier connections every string is masked, since any setting of a
# registered provider may be a secret.
SECRET_NAMES = ("access_token", "client_secret", "code")


def recent_calls(world: World, store_hash: str, *, show_secrets: bool) -> list[dict[str, object]]:
    """Return the latest calls of a store, and those for unknown stores, newest first."""
    with world.lock:
        calls = [
            call
            for call in world.calls
            if call.store_hash == store_hash or call.store_hash not in world.stores
        ]
    return [_call_as_json(call, show_secrets) for call in reversed(calls[-MAX_CALLS:])]


def _call_as_json(call: Call, show_secrets: bool) -> dict[str, object]:
    body, response = call.body, _parse_json(call.response_body)
    if not show_secrets:
        body, response = mask_secrets(body), mask_secrets(response)
    return {
        "number": call.number,
        "at": call.at.isoformat(timespec="milliseconds"),
        "method": call.method,
        "path": call.path,
        "body": "" if body is None else json.dumps(body, ensure_ascii=False),
        "status": call.status,
        "response": response
        if isinstance(response, str)
        else json.dumps(response, ensure_ascii=False),
        "note": call.note,
    }


def _parse_json(response: str) -> object:
    try:
        parsed: object = json.loads(response)
    except ValueError:
        return response
    return parsed


def mask_secrets(value: object, secret: bool = False) -> object:
    if isinstance(value, dict):
        return {
            name: mask_secrets(member, secret or name == "connection" or name in SECRET_NAMES)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [mask_secrets(item, secret) for item in value]
    return MASK if secret and isinstance(value, str | int) and type(value) is not bool else value
