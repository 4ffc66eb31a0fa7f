"""One store's calls to BigCommerce's API."""

import random
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import requests
import structlog
import urllib3
from pydantic import SecretStr

from bcapp import metrics
from bcapp.bigcommerce.errors import (
    AccessRevoked,
    MalformedResponse,
    RateLimited,
    Rejected,
    Unavailable,
)
from bcapp.bigcommerce.http import Deadline, read_body, to_bigcommerce_error
from bcapp.bigcommerce.responses import ApiResponse, parse_json, raise_for_status
from bcapp.bigcommerce.schemas import Method, StoreInformation, Zone

NO_CONTENT = 204
CONNECTION = "/v2/shipping/carrier/connection"

# What may be repeated, once, inside the time budget (BigCommerce's status code page and migration
# guide, tightened for a page that somebody waits for): a 429 whose reset is near, as it was not
# carried out; and what went without an answer of BigCommerce's own code (a fault of the network,
# 502 to 504), where doing it twice is like doing it once.
_MAX_WAIT = 10
MAX_LIST_ITEMS = 1000  # zones, each of which costs a call, or methods: no shop comes near

_log = structlog.get_logger()

T = TypeVar("T")
Item = TypeVar("Item", Zone, Method)


class StoreApi:
    """Made for one action: its time budget starts here and all calls share it."""

    def __init__(
        self,
        http: requests.Session,
        api_url: str,
        store_hash: str,
        access_token: SecretStr,
        budget: float,
    ) -> None:
        self._http = http
        self._base = f"{api_url}/stores/{store_hash}"
        self._token = access_token
        self._deadline = Deadline(budget)

    @property
    def budget(self) -> float:
        """Seconds that all calls of this action may take together."""
        return self._deadline.budget

    def remaining(self) -> float:
        return max(0.0, self._deadline.remaining())

    def create_connection(self, carrier_id: str, connection: Mapping[str, Any]) -> int:
        """POST; the status says "received", never that the credentials work."""
        return self._call("POST", CONNECTION, _status, _connection(carrier_id, connection))

    def update_connection(self, carrier_id: str, connection: Mapping[str, Any]) -> int:
        """PUT: replaces the whole connection, so every property has to be there again."""
        return self._call("PUT", CONNECTION, _status, _connection(carrier_id, connection))

    def delete_connection(self, carrier_id: str) -> int:
        """DELETE, with a JSON body: that is where the reference puts the carrier."""
        return self._call("DELETE", CONNECTION, _status, {"carrier_id": carrier_id})

    def list_zones(self) -> list[Zone]:
        return self._call("GET", "/v2/shipping/zones", _list_of(Zone.from_json))

    def get_zone(self, zone_id: int) -> Zone:
        """Raises NotFound for a zone that is gone."""
        return self._call("GET", f"/v2/shipping/zones/{zone_id}", _json_of(zone_id, Zone.from_json))

    def list_methods(self, zone_id: int) -> list[Method]:
        return self._call("GET", _methods(zone_id), _list_of(Method.from_json))

    def get_method(self, zone_id: int, method_id: int) -> Method:
        parse = _json_of(method_id, Method.from_json)
        return self._call("GET", f"{_methods(zone_id)}/{method_id}", parse)

    def create_method(self, zone_id: int, body: Mapping[str, Any]) -> Method:
        """POST. Never repeated after a lost answer: a second one would be a second method."""
        return self._call(
            "POST", _methods(zone_id), _json(Method.from_json), body, idempotent=False
        )

    def update_method(self, zone_id: int, method_id: int, body: Mapping[str, Any]) -> Method:
        """PUT. A key that BigCommerce will not have written is left out and the rest sent again."""
        path = f"{_methods(zone_id)}/{method_id}"
        parse = _json_of(method_id, Method.from_json)
        for _ in range(_MAX_UNWRITABLE_RETRIES):
            try:
                return self._call("PUT", path, parse, body)
            except Rejected as error:
                named = {name for text in error.messages for name in _UNWRITABLE.findall(text)}
                if not named & (body.keys() - _ESSENTIAL):
                    raise
                body = {k: v for k, v in body.items() if k not in named - _ESSENTIAL}
        return self._call("PUT", path, parse, body)

    def get_store(self) -> StoreInformation:
        return self._call("GET", "/v2/store", _json(StoreInformation.from_json))

    def is_token_valid(self) -> bool:
        """False only when BigCommerce itself says no; raises when it says nothing."""
        try:
            self._call("GET", "/v2/time", _status)
        except AccessRevoked as error:
            if error.is_page:
                raise
            return False
        except (Rejected, RateLimited):
            return True
        return True

    def is_token_rejected(self) -> bool:
        """True on a 401 of the API itself, False on the time that was asked for.

        Everything else says nothing about the token, and raises.
        """
        try:
            self._call("GET", "/v2/time", parse_json)
        except AccessRevoked as error:
            if error.status == 401 and not error.is_page:
                return True
            raise
        return False

    def _call(
        self,
        method: str,
        path: str,
        read: Callable[[ApiResponse], T],
        body: object = None,
        *,
        idempotent: bool = True,
    ) -> T:
        unknown: Unavailable | None = None
        try:
            return self._send_once(method, path, read, body)
        except RateLimited as error:
            if error.reset_after is None or error.reset_after >= _MAX_WAIT:
                raise
            wait: float = error.retry_after
            if wait >= self._deadline.remaining():
                raise
        except Unavailable as error:
            wait = random.uniform(0.1, 0.4)  # noqa: S311 - jitter
            if not (idempotent and error.is_retryable) or wait >= self._deadline.remaining():
                raise
            unknown = error
        time.sleep(wait)
        try:
            return self._send_once(method, path, read, body)
        except (RateLimited, AccessRevoked):
            # The second try was not carried out. The first may have been, and that is what counts.
            if unknown is not None:
                raise unknown from None
            raise

    def _send_once(
        self, method: str, path: str, read: Callable[[ApiResponse], T], body: object
    ) -> T:
        # No number stays in it, so there are as many names as there are calls.
        endpoint = re.sub(r"\d+", "_", path.removeprefix("/v2"))
        with metrics.measure_call(f"{method} {endpoint}"):
            return read(self._request(method, path, body, endpoint))

    def _request(self, method: str, path: str, body: object, endpoint: str) -> ApiResponse:
        started = time.monotonic()
        status = fault = None
        try:
            with self._http.request(
                method,
                self._base + path,
                json=body,
                headers={"X-Auth-Token": self._token.get_secret_value(), **_HEADERS},
                timeout=self._deadline.timeouts(),
                # requests would carry X-Auth-Token along to whatever host a redirect names.
                allow_redirects=False,
                stream=True,
            ) as response:
                status = response.status_code
                api_response = ApiResponse(status, read_body(response, self._deadline))
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            fault = type(error).__name__  # which says a TLS failure from a refused connection
            # Not chained: the request that it carries has the token and the account details.
            raise to_bigcommerce_error(error, self._deadline.elapsed()) from None
        finally:
            _log.info(
                "bigcommerce_call",
                method=method,
                path=endpoint,
                upstream_status=status,
                fault=fault,
                duration_ms=round((time.monotonic() - started) * 1000, 1),
            )
        raise_for_status(api_response, response.headers)
        return api_response


# BigCommerce's words for a field that it does not know or that is read-only.
_UNWRITABLE = re.compile(r"field '([^']+)' cannot be written")

_MAX_UNWRITABLE_RETRIES = 3
# Without these a write would not be what the merchant asked for.
_ESSENTIAL = {"name", "enabled", "settings", "type"}

_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}


def _status(response: ApiResponse) -> int:
    return response.status


def _json(read: Callable[[Any], T]) -> Callable[[ApiResponse], T]:
    return lambda response: read(parse_json(response))


def _json_of(item_id: int, parse: Callable[[Any], Item]) -> Callable[[ApiResponse], Item]:
    """Refuse another item than the one that was asked for: its id would be written to."""

    def parse_same(response: ApiResponse) -> Item:
        item = parse(parse_json(response))
        if item.id != item_id:
            raise MalformedResponse(response.status)
        return item

    return parse_same


def _list_of(read: Callable[[Any], T]) -> Callable[[ApiResponse], list[T]]:
    """A list; several of BigCommerce's answer 204 when there is nothing in it."""

    def read_all(response: ApiResponse) -> list[T]:
        items = [] if response.status == NO_CONTENT else parse_json(response)
        if not isinstance(items, list) or len(items) > MAX_LIST_ITEMS:
            raise MalformedResponse(response.status)
        return [read(item) for item in items]

    return read_all


def _methods(zone_id: int) -> str:
    return f"/v2/shipping/zones/{zone_id}/methods"


def _connection(carrier_id: str, connection: Mapping[str, Any]) -> dict[str, Any]:
    return {"carrier_id": carrier_id, "connection": dict(connection)}
