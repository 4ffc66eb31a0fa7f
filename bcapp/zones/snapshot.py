"""Store and load a store's zones as BigCommerce last returned them, one row per zone.

The rows are shared by all processes. They are only for showing: a zone that is written is always
fetched first.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bcapp.bigcommerce.schemas import Method, Zone
from bcapp.models import ZoneList, ZoneRecord

_MAX_OPTIONS_LENGTH = 20_000  # characters of JSON; real ones have a few hundred


@dataclass(frozen=True)
class ZoneState:
    """A zone with its methods, which are empty until `read_at` is set."""

    zone: Zone
    methods: tuple[Method, ...]
    read_at: datetime | None = None

    def method_of(self, carrier_id: str) -> Method | None:
        return method_of(carrier_id, self.methods)

    def offers(self, carrier_id: str) -> bool:
        method = self.method_of(carrier_id)
        return self.zone.enabled and method is not None and method.enabled


@dataclass(frozen=True)
class ZoneSnapshot:
    """All zones of a store; `read_at` is that of the zone that was fetched longest ago."""

    read_at: datetime
    zones: tuple[ZoneState, ...]

    @property
    def unread(self) -> int:
        return sum(1 for state in self.zones if state.read_at is None)

    def offering(self, carrier_id: str) -> list[ZoneState]:
        return [state for state in self.zones if state.offers(carrier_id)]

    def with_method_on(self, carrier_id: str) -> list[ZoneState]:
        """Return the zones whose method is on, even if the zone itself is off."""
        pairs = ((state, state.method_of(carrier_id)) for state in self.zones)
        return [state for state, method in pairs if method is not None and method.enabled]

    def zone(self, zone_id: int) -> ZoneState | None:
        return next((state for state in self.zones if state.zone.id == zone_id), None)


def load_snapshot(db: Session, store_id: int) -> ZoneSnapshot | None:
    """Load all zones of a store; None if they were never listed."""
    listed = db.get(ZoneList, store_id)
    return load_zones(db, listed) if listed is not None and listed.listed_at is not None else None


def load_zones(db: Session, listed: ZoneList) -> ZoneSnapshot:
    assert listed.listed_at is not None  # noqa: S101 - there are no zones without a list
    of_store = ZoneRecord.store_id == listed.store_id
    records = db.scalars(select(ZoneRecord).where(of_store).order_by(ZoneRecord.position))
    return ZoneSnapshot(listed.read_at or listed.listed_at, tuple(map(_state, records)))


def save_list(db: Session, listed: ZoneList, zones: Sequence[Zone]) -> None:
    """Store a new list of zones in the caller's transaction, which holds a lock on `listed`."""
    known = {
        record.zone_id: record
        for record in db.scalars(select(ZoneRecord).where(ZoneRecord.store_id == listed.store_id))
    }
    for position, zone in enumerate(zones):
        record = known.pop(zone.id, None)
        if record is None:
            record = ZoneRecord(store_id=listed.store_id, zone_id=zone.id, methods=[], offers=[])
            db.add(record)
        record.position, record.is_due = position, True
        _describe(record, zone)
    for gone in known.values():
        db.delete(gone)
    listed.listed_at = datetime.now(UTC)
    _summarize(db, listed)


def save_methods(
    db: Session, listed: ZoneList, fetched: Mapping[int, Sequence[Method] | None]
) -> None:
    """Store the methods of zones, None for a zone that is gone, in the caller's transaction."""
    now = datetime.now(UTC)
    for zone_id, methods in fetched.items():
        record = db.get(ZoneRecord, (listed.store_id, zone_id))
        if record is not None and methods is None:
            db.delete(record)
        elif record is not None and methods is not None:
            record.methods = [_method_to_json(method) for method in methods]
            record.read_at, record.is_due = now, False
            record.offers = _offers(_state(record))
    _summarize(db, listed)


def save_zone(db: Session, store_id: int, zone: Zone, methods: Sequence[Method]) -> None:
    """Store one zone after a write, in the caller's transaction; does nothing without a list."""
    listed = lock_list(db, store_id)
    if listed is None or listed.listed_at is None:
        return
    record = db.get(ZoneRecord, (store_id, zone.id))
    if record is not None:
        _describe(record, zone)
        save_methods(db, listed, {zone.id: methods})


def delete_zone(db: Session, store_id: int, zone_id: int) -> None:
    """Forget a zone that BigCommerce no longer has, in the caller's transaction."""
    listed = lock_list(db, store_id)
    if listed is not None:
        save_methods(db, listed, {zone_id: None})


def expire_zone(db: Session, store_id: int, zone_id: int) -> None:
    """Have a zone fetched again after a write of unknown outcome, in the caller's transaction."""
    listed = lock_list(db, store_id)
    record = db.get(ZoneRecord, (store_id, zone_id))
    if listed is not None and record is not None:
        record.is_due = True
        _summarize(db, listed)


def lock_list(db: Session, store_id: int) -> ZoneList | None:
    """Lock the list before anything else is written, in the order in which a store is erased."""
    with db.no_autoflush:
        return db.get(ZoneList, store_id, populate_existing=True, with_for_update=True)


def method_of(carrier_id: str, methods: Sequence[Method]) -> Method | None:
    """Return the carrier's method: the enabled one if there are several, else the oldest."""
    own = [method for method in methods if method.type == carrier_id]
    return min(own, key=lambda method: (not method.enabled, method.id), default=None)


def _describe(record: ZoneRecord, zone: Zone) -> None:
    record.name, record.type, record.enabled = zone.name, zone.type, zone.enabled
    record.offers = _offers(_state(record))


def _state(record: ZoneRecord) -> ZoneState:
    zone = Zone(record.zone_id, record.name, record.type, record.enabled)
    methods = tuple(_method_from_json(stored) for stored in record.methods)
    return ZoneState(zone, methods, record.read_at)


def _offers(state: ZoneState) -> list[str]:
    types = {method.type for method in state.methods}
    return sorted(carrier_id for carrier_id in types if state.offers(carrier_id))


def _summarize(db: Session, listed: ZoneList) -> None:
    db.flush()
    of_store = ZoneRecord.store_id == listed.store_id
    offers = db.scalars(select(ZoneRecord.offers).where(of_store)).all()
    counts = Counter(carrier_id for carrier_ids in offers for carrier_id in carrier_ids)
    due = func.count().filter(ZoneRecord.is_due)
    numbers = select(func.count(ZoneRecord.read_at), func.min(ZoneRecord.read_at), due)
    read, listed.read_at, listed.due = db.execute(numbers.where(of_store)).one()
    listed.total, listed.unread = len(offers), len(offers) - read
    listed.offered = dict(counts)


def _method_to_json(method: Method) -> dict[str, Any]:
    options = dict(method.options)
    if len(json.dumps(options)) > _MAX_OPTIONS_LENGTH:
        options = {}
    return {
        "id": method.id,
        "name": method.name,
        "type": method.type,
        "enabled": method.enabled,
        "options": options,
    }


def _method_from_json(stored: dict[str, Any]) -> Method:
    return Method(**stored, item={})
