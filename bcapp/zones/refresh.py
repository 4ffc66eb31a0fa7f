"""Fetch a store's zones into the stored snapshot, within the store's API quota."""

import enum
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bcapp import database
from bcapp.bigcommerce.errors import AccessRevoked, CallFailed, NotFound, RateLimited
from bcapp.bigcommerce.schemas import Method
from bcapp.bigcommerce.store_api import StoreApi
from bcapp.models import ZoneList, ZoneRecord
from bcapp.zones.snapshot import lock_list, save_list, save_methods

FRESH_FOR = timedelta(minutes=1)
_BATCH = 16  # zones whose methods are fetched at once
_CLAIM_LASTS = timedelta(seconds=30)  # longer than one refresh; after it, its process has died


class _Erased(Exception):
    """The store was uninstalled or erased meanwhile."""


class State(enum.Enum):
    FRESH = enum.auto()
    UNFINISHED = enum.auto()  # out of time, or another request is fetching
    PAUSED = enum.auto()  # the rest of the quota is for other apps
    FAILED = enum.auto()


@dataclass(frozen=True)
class Progress:
    """How a refresh ended, and the store's list after it, None if it was never fetched.

    Going on makes sense after `retry_after` seconds.
    """

    state: State
    listed: ZoneList | None
    retry_after: int = 1
    error: CallFailed | None = None


def check(db: Session, store_id: int) -> Progress:
    """Tell, without asking BigCommerce, whether a refresh is needed."""
    listed = db.get(ZoneList, store_id)
    now = datetime.now(UTC)
    if listed is None or listed.listed_at is None:
        return Progress(State.UNFINISHED, None)
    if not listed.due and now - listed.listed_at < FRESH_FOR:
        return Progress(State.FRESH, listed)
    if listed.paused_until is not None and listed.paused_until > now:
        return Progress(State.PAUSED, listed, _seconds_until(listed.paused_until))
    return Progress(State.UNFINISHED, listed)


def refresh(
    db: Session, api: StoreApi, pool: Executor, store_id: int, *, force: bool = False
) -> Progress:
    """Fetch what is due, oldest first, until it is done, the time budget of `api` or the quota.

    At most two thirds of the quota are used: it is shared with all other apps of the store. One
    request at a time fetches a store's zones. `force` lists the zones again even if they are fresh.
    Raises AccessRevoked; other errors of BigCommerce end as FAILED.
    """
    before = check(db, store_id)
    if before.state is State.PAUSED or (before.state is State.FRESH and not force):
        return before
    if not _claim(db, store_id):
        return Progress(State.UNFINISHED, before.listed)
    state, error = State.FRESH, None
    try:
        state = _fetch(db, api, pool, store_id, force=force)
    except CallFailed as failure:
        state, error = State.FAILED, failure
        if isinstance(failure, RateLimited):
            until = datetime.now(UTC) + timedelta(seconds=failure.retry_after)
            state = _pause(db, store_id, until)
    except _Erased:
        state = State.FAILED
    finally:
        _release(db, store_id)
    listed = db.get(ZoneList, store_id)
    wait = _seconds_until(listed.paused_until) if listed and listed.paused_until else 1
    return Progress(state, listed if listed and listed.listed_at else None, wait, error)


def _fetch(db: Session, api: StoreApi, pool: Executor, store_id: int, *, force: bool) -> State:
    due = _due(db, store_id)
    if force or not due:
        db.commit()
        zones = api.list_zones()
        with _locked(db, store_id) as listed:
            save_list(db, listed, zones)
        due = _due(db, store_id)
    while due:
        spare = api.quota.spare()
        if spare == 0:
            return _pause(db, store_id, api.quota.resets_at or datetime.now(UTC))
        if api.remaining() < api.budget / 5:
            return State.UNFINISHED
        batch = due[: min(_BATCH, spare or _BATCH)]
        db.commit()
        futures = [pool.submit(copy_context().run, _methods, api, zone_id) for zone_id in batch]
        errors = [error for future in futures if (error := future.exception())]
        fetched = {
            zone_id: future.result()
            for zone_id, future in zip(batch, futures, strict=True)
            if future.exception() is None
        }
        with _locked(db, store_id) as listed:
            save_methods(db, listed, fetched)
        if errors:
            raise next((e for e in errors if isinstance(e, AccessRevoked)), errors[0])
        due = _due(db, store_id)
    return State.FRESH


def _methods(api: StoreApi, zone_id: int) -> Sequence[Method] | None:
    """Fetch a zone's methods; None if the zone was deleted since it was listed."""
    try:
        return api.list_methods(zone_id)
    except NotFound:
        return None


def _due(db: Session, store_id: int) -> Sequence[int]:
    """Return the ids of zones to fetch: those never fetched first, then the oldest."""
    return db.scalars(
        select(ZoneRecord.zone_id)
        .where(ZoneRecord.store_id == store_id, ZoneRecord.is_due)
        .order_by(ZoneRecord.read_at.is_not(None), ZoneRecord.read_at, ZoneRecord.position)
    ).all()


def _claim(db: Session, store_id: int) -> bool:
    """Reserve the right to fetch; False if another request has it."""
    database.begin_write(db)
    now = datetime.now(UTC)
    listed = lock_list(db, store_id)
    if listed is None:
        listed = ZoneList(store_id=store_id, used_at=now)
        try:
            with db.begin_nested():
                db.add(listed)
        except IntegrityError:  # a concurrent request was first
            db.commit()
            return False
    elif listed.refreshing_until is not None and listed.refreshing_until > now:
        db.commit()
        return False
    listed.refreshing_until, listed.used_at = now + _CLAIM_LASTS, now
    listed.paused_until = None
    db.commit()
    return True


def _release(db: Session, store_id: int) -> None:
    db.rollback()  # a failed statement would block the ones below
    with suppress(_Erased), _locked(db, store_id) as listed:
        listed.refreshing_until = None


def _pause(db: Session, store_id: int, until: datetime) -> State:
    with _locked(db, store_id) as listed:
        listed.paused_until = until
    return State.PAUSED


def _seconds_until(moment: datetime) -> int:
    return max(1, math.ceil((moment - datetime.now(UTC)).total_seconds()))


@contextmanager
def _locked(db: Session, store_id: int) -> Iterator[ZoneList]:
    """Lock the store's list for one write transaction."""
    database.begin_write(db)
    listed = lock_list(db, store_id)
    if listed is None:
        db.commit()
        raise _Erased
    yield listed
    db.commit()
