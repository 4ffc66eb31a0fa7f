"""One writer at a time per carrier and zone, across threads, processes and machines."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bcapp import database
from bcapp.models import ZoneWrite

Place = tuple[int, str, int]  # store id, carrier id, zone id

# Beyond the time that a write may take: what the clocks of two machines may differ by.
_MARGIN = timedelta(seconds=5)
_ASK_EVERY = 0.05


class Busy(Exception):
    """Somebody else has been writing there for as long as we may wait."""


@contextmanager
def only_writer(db: Session, place: Place, budget: float) -> Iterator[None]:
    """Wait for other writers at `place`, at most `budget` seconds; raises Busy.

    A row and not a lock of the database's: a lock would hold one of its connections for as long
    as BigCommerce takes to answer. The row of a writer that died runs out.
    """
    holder = uuid.uuid4().hex
    give_up = time.monotonic() + budget
    while not _claim(db, place, holder, timedelta(seconds=budget) + _MARGIN):
        if time.monotonic() > give_up:
            raise Busy
        time.sleep(_ASK_EVERY)
    try:
        yield
    finally:
        database.begin_write(db)
        db.execute(delete(ZoneWrite).where(ZoneWrite.holder == holder))
        db.commit()


def _claim(db: Session, place: Place, holder: str, at_most: timedelta) -> bool:
    database.begin_write(db)
    now = datetime.now(UTC)
    row = db.get(ZoneWrite, place, populate_existing=True, with_for_update=True)
    if row is not None and row.until > now:
        db.commit()
        return False
    if row is None:
        row = ZoneWrite(
            store_id=place[0], carrier_id=place[1], zone_id=place[2], holder="", until=now
        )
        try:
            with db.begin_nested():
                db.add(row)
        except IntegrityError:  # claimed at the same moment
            db.commit()
            return False
    row.holder, row.until = holder, now + at_most
    db.commit()
    db.expunge(row)
    return True
