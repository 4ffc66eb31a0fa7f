"""The state of the simulated BigCommerce: stores, recorded calls, faults and settings."""

import secrets
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sandbox import sample_data, shipping_reference
from sandbox.faults import Endpoint, Fault
from sandbox.jwt_encoding import encode_jwt
from sandbox.quota import Quota

# Two of the three are in no public table of scopes, but BigCommerce returns them with real tokens.
DEFAULT_SCOPE = "store_v2_default store_v2_information users_basic_information"
DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Person:
    id: int
    email: str
    role: str  # "owner" | "authorized" | "staff"
    locale: str = "en-US"


@dataclass
class SandboxStore:
    store_hash: str
    name: str
    country: str
    country_code: str
    timezone: str
    people: list[Person]
    access_token: str | None = None
    scope: str | None = DEFAULT_SCOPE
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    zones: list[dict[str, Any]] = field(default_factory=list)
    methods: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    user_ids_with_access: set[int] = field(default_factory=set)


@dataclass
class Call:
    """A recorded API call and its response; `status` is None if no response was sent."""

    number: int
    at: datetime
    method: str
    path: str
    store_hash: str | None
    body: object
    headers: dict[str, str]
    status: int | None = None
    response_body: str = ""
    note: str = ""


@dataclass(frozen=True)
class IssuedCode:
    store_hash: str
    person: Person
    scope: str


class World:
    """The simulated BigCommerce; tests change it directly, the app through HTTP."""

    def __init__(
        self, client_id: str, client_secret: str, app_url: str, callback_base_url: str | None = None
    ) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.app_url = app_url
        # BigCommerce's servers may reach the app at another URL than browsers.
        self.callback_base_url = callback_base_url or app_url
        self.account_uuid = str(uuid.uuid4())
        self.lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Return to the initial state: two stores without the app, no calls, no faults."""
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.endicia_passphrase_field = shipping_reference.ENDICIA_PASSPHRASE_FIELDS[0]
        self.strict_verbs = (
            False  # 404 for PUT and DELETE without a connection, 409 for POST with one
        )
        self.odd_responses = False
        # Return carrier methods with `settings: {}`, as in the reference's second sample.
        self.hide_method_settings = False
        # Tokens issued for a wrong context; BigCommerce answers every call with one with 403.
        self.tokens_without_scope: set[str] = set()
        self._quotas: dict[str, Quota] = {}
        self._codes: dict[str, IssuedCode] = {}
        self._last_id = 0
        self.stores = {store.store_hash: store for store in _sample_stores()}
        for store_hash in self.stores:
            self.set_zones(store_hash, 4)

    def store(self, store_hash: str) -> SandboxStore:
        return self.stores[store_hash]

    def quota(self, store_hash: str) -> Quota:
        return self._quotas.setdefault(store_hash, Quota())

    def person(self, store_hash: str, role: str) -> Person:
        return next(p for p in self.store(store_hash).people if p.role == role)

    def next_id(self) -> int:
        """Return a new id; ids are never reused, even after a method is deleted."""
        with self.lock:
            self._last_id += 1
            return self._last_id

    def set_zones(self, store_hash: str, count: int) -> None:
        """Replace all zones and their methods with `count` sample zones."""
        with self.lock:
            store = self.store(store_hash)
            store.zones = sample_data.zones(store.country_code, count)
            store.methods = {zone["id"]: [] for zone in store.zones}
            if store.zones:
                store.methods[store.zones[0]["id"]].append(sample_data.flat_rate(self.next_id()))

    def issue_code(self, store_hash: str, person: Person, scope: str = DEFAULT_SCOPE) -> str:
        code = secrets.token_hex(16)
        with self.lock:
            self._codes[code] = IssuedCode(store_hash, person, scope)
        return code

    def exchange_code(self, code: str, context: str) -> tuple[IssuedCode, str] | None:
        """Exchange an unused code for an access token; return None if the code is unknown or used.

        A wrong context results in a token without scope (reported: NangoHQ/nango#7026).
        """
        with self.lock:
            issued = self._codes.pop(code, None)
            if issued is None:
                return None
            token = secrets.token_hex(16)
            if context != f"stores/{issued.store_hash}":
                self.tokens_without_scope.add(token)
                return issued, token
            store = self.store(issued.store_hash)
            store.access_token, store.scope = token, issued.scope
            store.user_ids_with_access |= {p.id for p in store.people if p.role != "staff"}
            return issued, token

    def install_query(
        self, store_hash: str, person: Person, external: bool = False, **changes: str | None
    ) -> dict[str, str]:
        """Return the query of the auth callback; a parameter set to None is left out."""
        query: dict[str, str | None] = {
            "code": self.issue_code(store_hash, person),
            "context": f"stores/{store_hash}",
            "scope": DEFAULT_SCOPE,
            "account_uuid": self.account_uuid,
            "external_install": "true" if external else None,
        }
        return {name: value for name, value in (query | changes).items() if value is not None}

    def signed_payload(
        self,
        store_hash: str,
        person: Person,
        url: str = "/",
        channel_id: int | None = None,
        now: float | None = None,
        secret: str | None = None,
        algorithm: str = "HS256",
        omit: Sequence[str] = (),
        **claims: object,
    ) -> str:
        """Return a callback's signed payload; `claims` override claims, `omit` removes them."""
        owner = self.person(store_hash, "owner")
        issued_at = int(time.time() if now is None else now)
        payload: dict[str, object] = {
            "aud": self.client_id,
            "iss": "bc",
            "iat": issued_at,
            "nbf": issued_at - 5,  # as in the guide's example; its table says nbf equals iat
            "exp": issued_at + DAY,
            "jti": str(uuid.uuid4()),
            "sub": f"stores/{store_hash}",
            "user": {"id": person.id, "email": person.email, "locale": person.locale},
            "owner": {"id": owner.id, "email": owner.email},
            "url": url,
            "channel_id": channel_id,
        }
        payload |= claims
        included = {name: value for name, value in payload.items() if name not in omit}
        return encode_jwt(included, self.client_secret if secret is None else secret, algorithm)

    def revoke_token(self, store_hash: str) -> None:
        with self.lock:
            self.store(store_hash).access_token = None

    def uninstall(self, store_hash: str) -> None:
        with self.lock:
            self.revoke_token(store_hash)
            self.store(store_hash).user_ids_with_access.clear()

    def set_access(self, store_hash: str, person: Person, has_access: bool) -> None:
        with self.lock:
            user_ids = self.store(store_hash).user_ids_with_access
            (user_ids.add if has_access else user_ids.discard)(person.id)

    def set_fault(self, fault: Fault) -> None:
        """Set a fault for the next matching requests; faults apply in the order they were set."""
        with self.lock:
            self.faults.append(replace(fault))  # a copy, because take_fault() changes `times`

    def take_fault(self, endpoint: Endpoint, method: str) -> Fault | None:
        with self.lock:
            fault = next((f for f in self.faults if f.matches(endpoint, method)), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults = [f for f in self.faults if f is not fault]
            return fault

    def clear_faults(self) -> None:
        with self.lock:
            self.faults.clear()

    def record(self, call: Call) -> None:
        with self.lock:
            call.number = len(self.calls) + 1
            self.calls.append(call)

    def calls_to(self, path_suffix: str, method: str | None = None) -> list[Call]:
        with self.lock:
            return [
                call
                for call in self.calls
                if call.path.endswith(path_suffix) and method in (None, call.method)
            ]


def _sample_stores() -> list[SandboxStore]:
    return [
        SandboxStore(
            "harbour1", "Harbour & Pine Supply", "Australia", "AU", "Australia/Sydney",
            [
                Person(9128, "owner@harbourpine.example", "owner", "en-AU"),
                Person(9131, "jo@harbourpine.example", "authorized", "en-AU"),
                Person(9140, "sam@harbourpine.example", "staff", "en-AU"),
            ],
        ),
        SandboxStore(
            "elmfield2", "Elm Field Books", "United Kingdom", "GB", "Europe/London",
            [
                Person(7702, "owner@elmfield.example", "owner", "en-GB"),
                Person(7710, "kit@elmfield.example", "authorized", "en-GB"),
                Person(7715, "lee@elmfield.example", "staff", "en-GB"),
            ],
        ),
    ]  # fmt: skip
