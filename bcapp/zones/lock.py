"""One writer at a time per carrier and zone, across threads, processes and machines."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bcapp import database
from bcapp.models import ZoneWrite

Place = tuple[int, str, int]  # store id, carrier id, zone id

# Beyond the time that a write may take: what the clocks of two machines may differ by.
_MARGIN = timedelta(seconds=5)
# How long BigCommerce may go on carrying out a creation whose answer we did not wait for.
_DOUBT_LASTS = timedelta(minutes=2)
_ASK_EVERY = 0.05


class Busy(Exception):
    """Somebody else has been writing there for as long as we may wait."""


class Claim:
    """The right to write at a place. `is_doubtful` after a creation that went unanswered."""

    def __init__(self, db: Session, place: Place, holder: str) -> None:
        self._db, self._place, self._holder = db, place, holder
        self.is_doubtful = False

    def take(self, at_most: timedelta) -> bool:
        database.begin_write(self._db)
        now = datetime.now(UTC)
        row = self._row()
        if row is None:
            row = self._insert(now)
        if row is None or row.until > now:
            self._db.commit()
            return False
        row.holder, row.until = self._holder, now + at_most
        self.is_doubtful = row.doubtful_until is not None and row.doubtful_until > now
        self._db.commit()
        return True

    def doubt(self) -> None:
        """A creation is being sent: whoever comes next must not send another in good faith."""
        self._set_doubt(datetime.now(UTC) + _DOUBT_LASTS)

    def resolve(self) -> None:
        """It is known again whether there is a method."""
        if self.is_doubtful:
            self._set_doubt(None)

    def release(self) -> None:
        self._db.rollback()  # else nothing could be asked after a statement that failed
        database.begin_write(self._db)
        row = self._row()
        if row is not None and row.holder == self._holder:
            if self.is_doubtful:
                row.holder, row.until = "", datetime.now(UTC)
            else:
                self._db.delete(row)
        self._db.commit()

    def _set_doubt(self, until: datetime | None) -> None:
        database.begin_write(self._db)
        row = self._row()
        if row is not None and row.holder == self._holder:
            row.doubtful_until = until
        self.is_doubtful = until is not None
        self._db.commit()

    def _row(self) -> ZoneWrite | None:
        return self._db.get(ZoneWrite, self._place, populate_existing=True, with_for_update=True)

    def _insert(self, now: datetime) -> ZoneWrite | None:
        store_id, carrier_id, zone_id = self._place
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
def only_writer(db: Session, place: Place, budget: float) -> Iterator[Claim]:
    """Wait for other writers at `place`, at most `budget` seconds; raises Busy.

    A row and not a lock of the database's: a lock would hold one of its connections for as long
    as BigCommerce takes to answer. The row of a writer that died runs out.
    """
    claim = Claim(db, place, uuid.uuid4().hex)
    give_up = time.monotonic() + budget
    while not claim.take(timedelta(seconds=budget) + _MARGIN):
        if time.monotonic() > give_up:
            raise Busy
        time.sleep(_ASK_EVERY)
    try:
        yield claim
    finally:
        claim.release()
