"""Fetch all zones of a store and cache them for a minute."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from bcapp import database
from bcapp.bigcommerce.errors import BigCommerceError, TimedOut
from bcapp.bigcommerce.schemas import Method, StoreInformation, Zone
from bcapp.bigcommerce.store_api import StoreApi
from bcapp.models import Store

FRESH_FOR = timedelta(minutes=1)
INFORMATION_FRESH_FOR = timedelta(hours=12)
INFORMATION_WAIT = 1  # seconds more than the zones take
_STORES_KEPT = 256


@dataclass(frozen=True)
class ZoneState:
    zone: Zone
    methods: tuple[Method, ...]

    def method_of(self, carrier_id: str) -> Method | None:
        return method_of(carrier_id, self.methods)

    def offers(self, carrier_id: str) -> bool:
        method = self.method_of(carrier_id)
        return self.zone.enabled and method is not None and method.enabled


@dataclass(frozen=True)
class ZoneSnapshot:
    """All zones of a store with their methods, as BigCommerce returned them at `read_at`."""

    read_at: datetime
    version: int
    zones: tuple[ZoneState, ...]

    def offering(self, carrier_id: str) -> list[ZoneState]:
        return [state for state in self.zones if state.offers(carrier_id)]

    def with_method_on(self, carrier_id: str) -> list[ZoneState]:
        """Return the zones whose method is on, even if the zone itself is off."""
        pairs = ((state, state.method_of(carrier_id)) for state in self.zones)
        return [state for state, method in pairs if method is not None and method.enabled]

    def zone(self, zone_id: int) -> ZoneState | None:
        return next((state for state in self.zones if state.zone.id == zone_id), None)


class ZoneSnapshotCache:
    """The latest snapshot of each store in this process, valid for a minute or until a write.

    A write by another process changes the store's `zones_version`. Keyed by hash, because SQLite
    reuses the ids of erased stores.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, ZoneSnapshot] = OrderedDict()
        self._under_way: dict[tuple[str, int], Future[ZoneSnapshot]] = {}

    def latest(self, store: Store) -> ZoneSnapshot | None:
        """Return the last snapshot, however old."""
        with self._lock:
            return self._kept.get(store.store_hash)

    def fetch_once(
        self, store: Store, read: Callable[[], ZoneSnapshot], at_most: float
    ) -> ZoneSnapshot:
        """Fetch, or wait for a concurrent request to fetch: each zone costs a call.

        Raises TimedOut if the other request takes longer than `at_most` seconds.
        """
        key = (store.store_hash, store.zones_version)
        with self._lock:
            under_way = self._under_way.get(key)
            mine: Future[ZoneSnapshot] = Future()
            if under_way is None:
                self._under_way[key] = mine
        if under_way is not None:
            try:
                return under_way.result(at_most)
            except TimeoutError:
                raise TimedOut(at_most) from None
        try:
            snapshot = read()
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(snapshot)
            self.keep(store, snapshot)
            return snapshot
        finally:
            with self._lock:
                del self._under_way[key]

    def get(self, store: Store) -> ZoneSnapshot | None:
        with self._lock:
            kept = self._kept.get(store.store_hash)
        if kept is None or kept.version != store.zones_version:
            return None
        return kept if datetime.now(UTC) - kept.read_at < FRESH_FOR else None

    def keep(self, store: Store, snapshot: ZoneSnapshot) -> None:
        with self._lock:
            self._kept[store.store_hash] = snapshot
            self._kept.move_to_end(store.store_hash)
            while len(self._kept) > _STORES_KEPT:
                self._kept.popitem(last=False)


def fetch_zones(db: Session, api: StoreApi, pool: Executor, store: Store) -> ZoneSnapshot:
    """Fetch all zones, and their methods concurrently.

    Raises BigCommerceError if any call fails: a partial snapshot would look complete.
    """
    version = store.zones_version
    db.commit()
    information = pool.submit(copy_context().run, api.get_store) if _is_stale(store) else None
    zones = api.list_zones()
    futures = [pool.submit(copy_context().run, api.list_methods, zone.id) for zone in zones]
    states = [
        ZoneState(zone, tuple(future.result())) for zone, future in zip(zones, futures, strict=True)
    ]
    # Zones do not wait long for it; the next snapshot asks again.
    if information is not None:
        with suppress(BigCommerceError, TimeoutError):
            save_store_information(db, store, information.result(timeout=INFORMATION_WAIT))
    return ZoneSnapshot(datetime.now(UTC), version, tuple(states))


def save_store_information(db: Session, store: Store, information: StoreInformation) -> None:
    database.begin_write(db)
    store.name = information.name or None
    store.timezone = information.timezone or None
    store.country_code = information.country_code or None
    store.information_read_at = datetime.now(UTC)
    db.commit()


def invalidate_snapshot(db: Session, store: Store) -> None:
    """Make every process fetch this store's zones again."""
    database.begin_write(db)
    bump_zones_version(db, store.id)
    db.refresh(store, ["zones_version"])
    db.commit()


def bump_zones_version(db: Session, store_id: int) -> None:
    db.execute(
        update(Store)
        .where(Store.id == store_id)
        .values(zones_version=Store.zones_version + 1)
        .execution_options(synchronize_session=False)
    )


def method_of(carrier_id: str, methods: Sequence[Method]) -> Method | None:
    """Return the carrier's method: the enabled one if there are several, else the oldest."""
    own = [method for method in methods if method.type == carrier_id]
    return min(own, key=lambda method: (not method.enabled, method.id), default=None)


def _is_stale(store: Store) -> bool:
    read_at = store.information_read_at
    return read_at is None or datetime.now(UTC) - read_at > INFORMATION_FRESH_FOR
