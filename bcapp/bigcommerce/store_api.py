"""Call BigCommerce's V2 API for one store."""

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
from bcapp.bigcommerce.quota import Quota
from bcapp.bigcommerce.responses import ApiResponse, parse_json, raise_for_status
from bcapp.bigcommerce.schemas import Method, StoreInformation, Zone

NO_CONTENT = 204
CONNECTION = "/v2/shipping/carrier/connection"

# A call is retried once, within the time budget: a 429 whose reset is near, which was not carried
# out, and idempotent calls that BigCommerce itself did not answer (network faults, 502 to 504).
# BigCommerce's status code page and migration guide suggest more; a merchant waits for this page.
_MAX_WAIT = 10
MAX_LIST_ITEMS = 1000  # zones or methods; real stores have far fewer

_log = structlog.get_logger()

T = TypeVar("T")
Item = TypeVar("Item", Zone, Method)


class StoreApi:
    """API client for one action: all its calls share one time budget."""

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
        self.quota = Quota()

    @property
    def budget(self) -> float:
        """Seconds for all calls of this action together."""
        return self._deadline.budget

    def remaining(self) -> float:
        return max(0.0, self._deadline.remaining())

    def create_connection(self, carrier_id: str, connection: Mapping[str, Any]) -> int:
        """POST; the status means "received", not that the credentials work."""
        return self._call("POST", CONNECTION, _status, _connection(carrier_id, connection))

    def update_connection(self, carrier_id: str, connection: Mapping[str, Any]) -> int:
        """PUT; replaces the whole connection, so every property is sent again."""
        return self._call("PUT", CONNECTION, _status, _connection(carrier_id, connection))

    def delete_connection(self, carrier_id: str) -> int:
        """DELETE with a JSON body, as the reference says."""
        return self._call("DELETE", CONNECTION, _status, {"carrier_id": carrier_id})

    def list_zones(self) -> list[Zone]:
        return self._call("GET", "/v2/shipping/zones", _list_of(Zone.from_json))

    def get_zone(self, zone_id: int) -> Zone:
        """Raises NotFound if the zone was deleted."""
        return self._call("GET", f"/v2/shipping/zones/{zone_id}", _json_of(zone_id, Zone.from_json))

    def list_methods(self, zone_id: int) -> list[Method]:
        return self._call("GET", _methods(zone_id), _list_of(Method.from_json))

    def get_method(self, zone_id: int, method_id: int) -> Method:
        parse = _json_of(method_id, Method.from_json)
        return self._call("GET", f"{_methods(zone_id)}/{method_id}", parse)

    def create_method(self, zone_id: int, body: Mapping[str, Any]) -> Method:
        """POST; not retried after a lost answer, which could create a second method."""
        return self._call(
            "POST", _methods(zone_id), _json(Method.from_json), body, idempotent=False
        )

    def update_method(self, zone_id: int, method_id: int, body: Mapping[str, Any]) -> Method:
        """PUT; keys that BigCommerce calls unwritable are dropped and the rest is sent again."""
        path = f"{_methods(zone_id)}/{method_id}"
        parse = _json(Method.from_json)
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
        """Return False only if the API itself refuses the token; raises if it does not answer."""
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
        """Return True for a 401 from the API itself, False if the API answers with JSON.

        Any other answer proves nothing about the token and raises: unlike `is_token_valid`, which
        counts a 403, a 404 or a 429 too.
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
            # The retry was not carried out, but the first call may have been.
            if unknown is not None:
                raise unknown from None
            raise

    def _send_once(
        self, method: str, path: str, read: Callable[[ApiResponse], T], body: object
    ) -> T:
        # Without ids, so that the number of metric labels is limited.
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
                # requests would send X-Auth-Token to the redirect target.
                allow_redirects=False,
                stream=True,
            ) as response:
                status = response.status_code
                api_response = ApiResponse(status, read_body(response, self._deadline))
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            fault = type(error).__name__  # tells a TLS failure from a refused connection
            # Not chained: the attached request holds the token and the account details.
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
        self.quota.observe(response.headers)
        raise_for_status(api_response, response.headers)
        return api_response


# BigCommerce's message for an unknown or read-only field.
_UNWRITABLE = re.compile(r"field '([^']+)' cannot be written")

_MAX_UNWRITABLE_RETRIES = 3
# Dropping one of these would change the meaning of the write.
_ESSENTIAL = {"name", "enabled", "settings", "type"}

_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}


def _status(response: ApiResponse) -> int:
    return response.status


def _json(read: Callable[[Any], T]) -> Callable[[ApiResponse], T]:
    return lambda response: read(parse_json(response))


def _json_of(item_id: int, parse: Callable[[Any], Item]) -> Callable[[ApiResponse], Item]:
    """Raise MalformedResponse if the response is about another item than requested."""

    def parse_same(response: ApiResponse) -> Item:
        item = parse(parse_json(response))
        if item.id != item_id:
            raise MalformedResponse(response.status)
        return item

    return parse_same


def _list_of(read: Callable[[Any], T]) -> Callable[[ApiResponse], list[T]]:
    """Parse a list; some endpoints answer 204 for an empty one."""

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
