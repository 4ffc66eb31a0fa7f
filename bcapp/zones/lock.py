"""One writer at a time per carrier and zone, across threads, processes and machines."""

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

# Beyond the time that a write may take: what the clocks of two machines may differ by.
_CLOCK_MARGIN = timedelta(seconds=5)
# How long BigCommerce may go on carrying out a creation whose answer we did not wait for.
_UNCERTAIN_FOR = timedelta(minutes=2)
_POLL_SECONDS = 0.05


class ZoneBusy(Exception):
    """Somebody else has been writing there for as long as we may wait."""

    http_status: ClassVar[int] = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}


class ZoneLock:
    """The right to write at a key. `is_uncertain` after a creation that went unanswered."""

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
        """A creation is being sent: whoever comes next must not send another in good faith."""
        self._set_uncertain(datetime.now(UTC) + _UNCERTAIN_FOR)

    def clear_uncertain(self) -> None:
        """It is known again whether there is a method."""
        if self.is_uncertain:
            self._set_uncertain(None)

    def release(self) -> None:
        self._db.rollback()  # else nothing could be asked after a statement that failed
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
        except IntegrityError:  # claimed at the same moment
            return None
        return row


@contextmanager
def zone_lock(db: Session, key: LockKey, budget: float) -> Iterator[ZoneLock]:
    """Wait for other writers at `key`, at most `budget` seconds; raises ZoneBusy.

    A row and not a lock of the database's: a lock would hold one of its connections for as long
    as BigCommerce takes to answer. The row of a writer that died runs out.
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
