"""Raise errors for failed responses, and parse JSON safely."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bcapp.bigcommerce.errors import (
    AccessRevoked,
    Conflict,
    MalformedResponse,
    NotFound,
    RateLimited,
    Rejected,
    ServerError,
)

_GATEWAY = {502, 503, 504}  # from a gateway, not from BigCommerce's own code
_MAX_RETRY_AFTER = 3600  # seconds
_MAX_MESSAGE_LENGTH = 4000
_DEEPEST = 50


@dataclass(frozen=True)
class ApiResponse:
    status: int
    body: bytes


def parse_json(response: ApiResponse) -> Any:
    """Parse a body; raises MalformedResponse for NaN or nesting that could not be written back."""
    try:
        value = json.loads(response.body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise MalformedResponse(response.status) from None
    if not _is_within(value, _DEEPEST):
        raise MalformedResponse(response.status)
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _is_within(value: object, levels: int) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return True
    return levels > 0 and all(_is_within(item, levels - 1) for item in value)


def raise_for_status(response: ApiResponse, headers: Mapping[str, str]) -> None:
    """Raise the BigCommerceError for a failed response."""
    status = response.status
    # HTML comes from a proxy or captive portal, not from the API.
    is_page = response.body.lstrip()[:1] == b"<"
    if 200 <= status < 300:
        if is_page:
            raise MalformedResponse(status)
        return
    if status < 400:
        raise MalformedResponse(status)
    if status in {401, 403}:
        raise AccessRevoked(status, is_page=is_page)
    if status == 429:
        raise RateLimited(_reset_seconds(headers))
    if status >= 500:
        raise ServerError(status, is_retryable=status in _GATEWAY)
    kind = {404: NotFound, 409: Conflict}.get(status, Rejected)
    raise kind(status, list(_messages(response.body)))


def _reset_seconds(headers: Mapping[str, str]) -> int | None:
    """Return the longer of the two rate limit headers, None if neither is a number."""
    waits = []
    for name, per_second in (("X-Rate-Limit-Time-Reset-Ms", 1000), ("X-Retry-After", 1)):
        text = headers.get(name, "").strip()
        if re.fullmatch(r"[0-9]{1,12}", text):
            waits.append(-(-int(text) // per_second))
    return min(max(waits), _MAX_RETRY_AFTER) if waits else None


def _messages(body: bytes) -> Iterator[str]:
    """Yield BigCommerce's messages from any of its error formats; never HTML."""
    text = body.decode("utf-8", "replace").strip()
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None if text.startswith("<") else text
    for item in (data if isinstance(data, list) else [data])[:5]:
        yield from _lines(item)


def _lines(item: object) -> Iterator[str]:
    if isinstance(item, dict):
        named = [item.get(key) for key in ("message", "title", "detail", "error")]
        fields = item.get("errors")
        listed = list(fields.values())[:5] if isinstance(fields, dict) else []
        texts = [*named, *listed]
    else:
        texts = [item]
    for text in texts:
        # A longer text is not meant for people. It is dropped, not cut: cutting before masking
        # could leave half of a secret.
        if isinstance(text, str) and text.strip() and len(text) <= _MAX_MESSAGE_LENGTH:
            yield "".join(c if c.isprintable() else " " for c in text).strip()
