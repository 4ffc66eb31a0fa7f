"""Objects that live as long as the process, and how requests reach them."""

from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from threading import BoundedSemaphore

import requests
from flask import Flask, current_app, g
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from bcapp import database, metrics, store_information
from bcapp.bigcommerce.errors import BigCommerceError, Overloaded
from bcapp.bigcommerce.http import new_session
from bcapp.bigcommerce.store_api import StoreApi
from bcapp.config import Config
from bcapp.install_limit import InstallLimit
from bcapp.models import TOKEN_PLACE, Store
from bcapp.session_token import SessionTokens
from bcapp.stores import NotInstalled
from bcapp.vault import Vault
from bcapp.zones import refresh as zones
from bcapp.zones.refresh import Progress, State

_EXTENSION = "bcapp"
ZONE_FETCHERS = 128
ZONE_FETCH_TIMEOUT = 10  # seconds that a page waits for zones
FRAGMENT_TIMEOUT = 5  # seconds that a page waits for the next zones
INFORMATION_WAIT = 1  # seconds more that it waits for the store's information


@dataclass(frozen=True)
class Runtime:
    config: Config
    vault: Vault
    session_tokens: SessionTokens
    engine: Engine
    sessions: sessionmaker[Session]
    http: requests.Session
    install_limit: InstallLimit
    bigcommerce_slots: BoundedSemaphore  # one for each request that may wait for it
    zone_fetchers: Executor


def init_app(app: Flask, config: Config) -> None:
    engine = database.open_engine(config.database_url, config.database_time_limit)
    app.extensions[_EXTENSION] = Runtime(
        config=config,
        vault=Vault(config.encryption_keys),
        session_tokens=SessionTokens(config.session_keys),
        engine=engine,
        sessions=database.session_factory(engine),
        http=new_session(ZONE_FETCHERS + config.bigcommerce_concurrency),
        install_limit=InstallLimit(config),
        bigcommerce_slots=BoundedSemaphore(config.bigcommerce_concurrency),
        # Enough to fetch the methods of 60 zones for two stores at once.
        zone_fetchers=ThreadPoolExecutor(max_workers=ZONE_FETCHERS, thread_name_prefix="zones"),
    )
    metrics.WAITING_LIMIT.set(config.bigcommerce_concurrency)
    app.teardown_appcontext(_release_resources)


def runtime() -> Runtime:
    built: Runtime = current_app.extensions[_EXTENSION]
    return built


def config() -> Config:
    return runtime().config


def db() -> Session:
    """Return the database session of the request; it is closed when the request ends."""
    if "db" not in g:
        g.db = runtime().sessions()
    session: Session = g.db
    return session


def store_api(store: Store, at_most: float = float("inf")) -> StoreApi:
    """Create an API client for a store; its budget of at most `at_most` seconds starts now.

    Raises NotInstalled, or Unopenable if the stored token cannot be decrypted.
    """
    if store.sealed_access_token is None:
        raise NotInstalled
    token = runtime().vault.open(TOKEN_PLACE, store.store_hash, store.sealed_access_token)
    return store_api_with_token(store.store_hash, token, at_most)


def store_api_with_token(
    store_hash: str, access_token: SecretStr, at_most: float = float("inf")
) -> StoreApi:
    acquire_bigcommerce_slot()
    built = runtime()
    return StoreApi(
        built.http,
        built.config.bigcommerce_api_url,
        store_hash,
        access_token,
        min(at_most, built.config.bigcommerce_time_budget),
    )


def acquire_bigcommerce_slot() -> None:
    """Reserve one of the slots for requests that wait for BigCommerce, until the request ends.

    Raises Overloaded if all are taken, so that launches and callbacks are answered even while
    BigCommerce hangs.
    """
    if "holds_bigcommerce_slot" not in g:
        if not runtime().bigcommerce_slots.acquire(blocking=False):
            metrics.REFUSED.labels(Overloaded.__name__).inc()
            raise Overloaded
        g.holds_bigcommerce_slot = True
        metrics.WAITING.inc()


def refresh_zones(store: Store, *, force: bool = False, at_most: float) -> Progress:
    """Fetch the store's zones that are due, for at most `at_most` seconds.

    Also fetches the store's information if it is missing or old. Raises AccessRevoked.
    """
    if not force:
        progress = zones.check(db(), store.id)
        if progress.state in {State.FRESH, State.PAUSED}:
            return progress
    try:
        api = store_api(store, at_most)
    except Overloaded as error:
        return Progress(State.FAILED, zones.check(db(), store.id).listed, error=error)
    pool = runtime().zone_fetchers
    wants_information = store_information.is_stale(store)
    db().commit()
    information = wants_information and pool.submit(copy_context().run, api.get_store)
    progress = zones.refresh(db(), api, pool, store.id, force=force)
    if information:
        # Zones do not wait long for it; the next refresh asks again.
        with suppress(BigCommerceError, TimeoutError):
            store_information.save(db(), store, information.result(INFORMATION_WAIT))
    return progress


def _release_resources(_error: BaseException | None) -> None:
    if g.pop("holds_bigcommerce_slot", False):
        runtime().bigcommerce_slots.release()
        metrics.WAITING.dec()
    session = g.pop("db", None)
    if session is not None:
        session.close()
