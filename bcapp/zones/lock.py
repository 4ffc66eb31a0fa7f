"""Lock a carrier's method in a zone, across threads, processes and machines."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bcapp import database
from bcapp.models import ZoneWrite

LockKey = tuple[int, str, int]  # store id, carrier id, zone id

# Added to the time that a write may take, for clock differences between machines.
_CLOCK_MARGIN = timedelta(seconds=5)
# How long BigCommerce may still carry out a creation after we stopped waiting.
_UNCERTAIN_FOR = timedelta(minutes=2)
_POLL_SECONDS = 0.05


class ZoneBusy(Exception):
    """Somebody else held the lock for as long as this request could wait."""

    http_status: ClassVar[int] = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}


class ZoneLock:
    """A held lock. `is_uncertain` after a creation that was not answered."""

    def __init__(self, db: Session, key: LockKey, holder: str) -> None:
        self._db, self._key, self._holder = db, key, holder
        self.is_uncertain = False

    def acquire(self, lifetime: timedelta) -> bool:
        database.begin_write(self._db)
        now = datetime.now(UTC)
        row = self._row()
        if row is None:
            row = self._insert(now)
        if row is None or row.until > now:
            self._db.commit()
            return False
        row.holder, row.until = self._holder, now + lifetime
        self.is_uncertain = row.doubtful_until is not None and row.doubtful_until > now
        self._db.commit()
        return True

    def mark_uncertain(self) -> None:
        """Record that a creation is being sent, so that nobody sends a second one."""
        self._set_uncertain(datetime.now(UTC) + _UNCERTAIN_FOR)

    def clear_uncertain(self) -> None:
        """Record that it is known whether the method exists."""
        if self.is_uncertain:
            self._set_uncertain(None)

    def release(self) -> None:
        self._db.rollback()  # a failed statement would block the ones below
        database.begin_write(self._db)
        row = self._row()
        if row is not None and row.holder == self._holder:
            if self.is_uncertain:
                row.holder, row.until = "", datetime.now(UTC)
            else:
                self._db.delete(row)
        self._db.commit()

    def _set_uncertain(self, until: datetime | None) -> None:
        database.begin_write(self._db)
        row = self._row()
        if row is not None and row.holder == self._holder:
            row.doubtful_until = until
        self.is_uncertain = until is not None
        self._db.commit()

    def _row(self) -> ZoneWrite | None:
        return self._db.get(ZoneWrite, self._key, populate_existing=True, with_for_update=True)

    def _insert(self, now: datetime) -> ZoneWrite | None:
        store_id, carrier_id, zone_id = self._key
        row = ZoneWrite(
            store_id=store_id, carrier_id=carrier_id, zone_id=zone_id, holder="", until=now
        )
        try:
            with self._db.begin_nested():
                self._db.add(row)
        except IntegrityError:  # a concurrent request was first
            return None
        return row


@contextmanager
def zone_lock(db: Session, key: LockKey, budget: float) -> Iterator[ZoneLock]:
    """Wait for the lock, at most `budget` seconds; raises ZoneBusy.

    A row, not a database lock, which would keep a connection busy while BigCommerce is asked. The
    row of a process that died expires.
    """
    lock = ZoneLock(db, key, uuid.uuid4().hex)
    give_up = time.monotonic() + budget
    while not lock.acquire(timedelta(seconds=budget) + _CLOCK_MARGIN):
        if time.monotonic() > give_up:
            raise ZoneBusy
        time.sleep(_POLL_SECONDS)
    try:
        yield lock
    finally:
        lock.release()
