"""A client for a served app, over real HTTP."""

from collections.abc import Callable

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from sandbox.world import Person, SandboxStore, World
from tests.crash.worker import MAX_WAIT
from tests.served import http_session


def add_store(world: World, number: int) -> str:
    """Add a store with an owner at BigCommerce; returns its hash."""
    owner = Person(10_000 + number, f"owner@store{number}.example", "owner")
    store = SandboxStore(f"store{number}", "Shop", "Australia", "AU", "Australia/Sydney", [owner])
    world.stores[store.store_hash] = store
    world.set_zones(store.store_hash, 2)
    return store.store_hash


def was_refused(error: requests.ConnectionError) -> bool:
    """Tell whether the connection was refused, after which a proxy may try another instance."""
    cause = error.args[0]
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


class Tab:
    """One person's tab; each request uses its own connection, so that none hides a lost one."""

    def __init__(
        self, world: World, store_hash: str, url: str, role: str = "owner", trusts: str = ""
    ) -> None:
        self.world = world
        self.store_hash = store_hash
        self.url = url
        self.person: Person = world.person(store_hash, role)
        self.token: str | None = None
        self.http = http_session()
        self.http.verify = trusts or True  # the certificate authority of whoever speaks TLS

    def install(self) -> requests.Response:
        return self.get("/auth", self.world.install_query(self.store_hash, self.person))

    def open(self) -> requests.Response:
        return self.get("/load", self._payload())

    def uninstall(self) -> requests.Response:
        """Uninstall as BigCommerce does: the token is revoked before the callback."""
        self.world.uninstall(self.store_hash)
        return self.get("/uninstall", self._payload())

    def send(self, carrier_id: str, form: dict[str, str]) -> requests.Response:
        return self.post(f"/carriers/{carrier_id}/connection", form)

    def get(self, path: str, query: dict[str, str] | None = None) -> requests.Response:
        return self._keep(lambda: self._ask("GET", path, query, None))

    def post(self, path: str, form: dict[str, str] | None = None) -> requests.Response:
        return self._keep(lambda: self._ask("POST", path, None, form or {}))

    def _payload(self) -> dict[str, str]:
        return {"signed_payload_jwt": self.world.signed_payload(self.store_hash, self.person)}

    def _ask(
        self, method: str, path: str, query: dict[str, str] | None, form: dict[str, str] | None
    ) -> requests.Response:
        return self.http.request(
            method,
            self.url + path,
            params=query,
            data=form,
            headers={"Authorization": f"Bearer {self.token}", "Connection": "close"},
            allow_redirects=False,
            timeout=MAX_WAIT,
        )

    def _keep(self, ask: Callable[[], requests.Response]) -> requests.Response:
        answer = ask()
        self.token = answer.headers.get("X-Session-Token", self.token)
        return answer
