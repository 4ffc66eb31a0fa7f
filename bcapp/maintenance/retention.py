"""Prune, export and erase stored data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, exists, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from bcapp import database
from bcapp.models import ActivityEntry, Base, CarrierConnection, Store, ZoneList, ZoneRecord
from bcapp.outcomes import Outcome

# Tables with rows of stores, referenced tables first.
_STORE_TABLES = [table for table in Base.metadata.sorted_tables if "store_id" in table.columns]
# Not the merchant's data, and it gives access to their store.
_NEVER_EXPORTED = {"sealed_access_token"}
_SAVED_OUTCOMES = (Outcome.CONFIRMED, Outcome.SENT)


@dataclass(frozen=True)
class Pruned:
    """One batch: its last id and the number of deleted entries."""

    last_id: int
    number: int


def export_store(db: Session, store: Store) -> dict[str, list[dict[str, Any]]]:
    """Return all rows about a store, by table, without its access token."""
    found = {"stores": _rows(db, Base.metadata.tables["stores"], "id", store.id)}
    for table in _STORE_TABLES:
        found[table.name] = _rows(db, table, "store_id", store.id)
    return found


def erase_store(db: Session, store: Store) -> None:
    """Delete all rows about a store, in the caller's transaction."""
    for table in reversed(_STORE_TABLES):
        db.execute(delete(table).where(table.c.store_id == store.id))
    db.delete(store)
    db.flush()


def count_old_activity(db: Session, before: datetime, uninstalled_before: datetime) -> int:
    """Count prunable entries, except those of stores that will be deleted too."""
    gone = select(Store.id).where(_is_expired(uninstalled_before))
    number = db.scalar(
        select(func.count()).where(_is_prunable(before), ActivityEntry.store_id.not_in(gone))
    )
    db.commit()
    return number or 0


def prune_activity(db: Session, before: datetime, after_id: int, at_most: int) -> Pruned | None:
    """Delete the next batch of old entries; None if none is left after `after_id`."""
    database.begin_write(db)
    following = select(ActivityEntry.id).where(_is_prunable(before), ActivityEntry.id > after_id)
    ids = db.scalars(following.order_by(ActivityEntry.id).limit(at_most)).all()
    db.execute(delete(ActivityEntry).where(ActivityEntry.id.in_(ids)))
    db.commit()
    return Pruned(ids[-1], len(ids)) if ids else None


def count_expired_stores(db: Session, before: datetime) -> int:
    number = db.scalar(select(func.count()).where(_is_expired(before)))
    db.commit()
    return number or 0


def prune_store(db: Session, before: datetime) -> str | None:
    """Delete one store uninstalled before `before`; returns its hash, or None."""
    database.begin_write(db)
    gone = select(Store).where(_is_expired(before)).order_by(Store.id).limit(1).with_for_update()
    store = db.scalar(gone)
    if store is not None:
        erase_store(db, store)
    db.commit()
    return store.store_hash if store else None


def prune_zones(db: Session, before: datetime) -> int:
    """Delete stored zones that no page needed since `before`; returns the number of stores."""
    database.begin_write(db)
    unused = select(ZoneList.store_id).where(ZoneList.used_at < before)
    store_ids = db.scalars(unused).all()
    for table in (ZoneRecord, ZoneList):
        db.execute(delete(table).where(table.store_id.in_(store_ids)))
    db.commit()
    return len(store_ids)


def _is_expired(before: datetime) -> ColumnElement[bool]:
    return and_(Store.sealed_access_token.is_(None), Store.uninstalled_at < before)


def _is_prunable(before: datetime) -> ColumnElement[bool]:
    """Match old entries that hold no current state.

    A connection's state is in the entries that it refers to. That a carrier was saved in a zone is
    in the zone's entries, of which only the newest is needed.
    """
    newer = aliased(ActivityEntry)
    has_newer = exists().where(
        newer.store_id == ActivityEntry.store_id,
        newer.carrier_id == ActivityEntry.carrier_id,
        newer.zone_id == ActivityEntry.zone_id,
        newer.outcome.in_(_SAVED_OUTCOMES),
        newer.id > ActivityEntry.id,
    )
    is_saved_in_zone = and_(
        ActivityEntry.zone_id.is_not(None), ActivityEntry.outcome.in_(_SAVED_OUTCOMES)
    )
    is_referred_to = exists().where(
        CarrierConnection.store_id == ActivityEntry.store_id,
        or_(
            CarrierConnection.last_attempt_id == ActivityEntry.id,
            CarrierConnection.acknowledged_id == ActivityEntry.id,
        ),
    )
    return and_(
        ActivityEntry.at < before,
        not_(is_referred_to),
        or_(not_(is_saved_in_zone), has_newer),
    )


def _rows(db: Session, table: Table, column: str, value: int) -> list[dict[str, Any]]:
    shown = [col for col in table.columns if col.name not in _NEVER_EXPORTED]
    rows = db.execute(select(*shown).where(table.c[column] == value).order_by(*table.primary_key))
    return [dict(row) for row in rows.mappings()]
