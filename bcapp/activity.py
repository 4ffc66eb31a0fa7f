"""Write and query the activity log: who did what, and its outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bcapp import metrics
from bcapp.models import ActivityEntry, Event
from bcapp.outcomes import Outcome

PAGE_SIZE = 20
MAX_DETAIL_LENGTH = 1000


@dataclass(frozen=True)
class Filters:
    """What to list; None means "any"."""

    carrier_id: str | None = None
    outcome: Outcome | None = None
    since: datetime | None = None


NO_FILTERS = Filters()


@dataclass(frozen=True)
class Page:
    """One page of entries, newest first; `first` and `last` count from 1, or are 0 if empty."""

    number: int
    total: int
    entries: Sequence[ActivityEntry]

    @property
    def first(self) -> int:
        return (self.number - 1) * PAGE_SIZE + 1 if self.entries else 0

    @property
    def last(self) -> int:
        return self.first + len(self.entries) - 1 if self.entries else 0

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.last < self.total and self.entries else None


def record(
    db: Session,
    store_id: int,
    actor_email: str,
    event: Event,
    outcome: Outcome = Outcome.DONE,
    *,
    carrier_id: str | None = None,
    carrier_name: str | None = None,
) -> ActivityEntry:
    """Add an entry to the caller's transaction; with NO_ANSWER it is pending."""
    now = datetime.now(UTC)
    entry = ActivityEntry(
        store_id=store_id,
        at=now,
        actor_email=actor_email,
        event=event,
        outcome=outcome,
        settled_at=None if outcome is Outcome.NO_ANSWER else now,
        carrier_id=carrier_id,
        carrier_name=carrier_name,
        detail="",
    )
    db.add(entry)
    metrics.EVENTS.labels(event.value).inc()
    return entry


def load_page(db: Session, store_id: int, number: int, filters: Filters = NO_FILTERS) -> Page:
    """Load one page of entries. A page past the end is empty and has a total of 0."""
    matching = [ActivityEntry.store_id == store_id]
    if filters.carrier_id is not None:
        matching.append(ActivityEntry.carrier_id == filters.carrier_id)
    if filters.outcome is not None:
        matching.append(ActivityEntry.outcome == filters.outcome)
    if filters.since is not None:
        matching.append(ActivityEntry.at >= filters.since)
    # A subquery: a window function would make the database sort all entries to show twenty.
    total = select(func.count()).select_from(ActivityEntry).where(*matching).scalar_subquery()
    newest_first = select(ActivityEntry, total).where(*matching).order_by(ActivityEntry.id.desc())
    rows = db.execute(newest_first.offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE)).all()
    return Page(number, rows[0][1] if rows else 0, [entry for entry, _ in rows])


def latest_for_zone(
    db: Session, store_id: int, carrier_id: str, zone_id: int
) -> ActivityEntry | None:
    """Find the newest entry about a carrier in a zone."""
    return db.scalar(
        select(ActivityEntry)
        .where(
            ActivityEntry.store_id == store_id,
            ActivityEntry.carrier_id == carrier_id,
            ActivityEntry.zone_id == zone_id,
        )
        .order_by(ActivityEntry.id.desc())
        .limit(1)
    )


def zone_entries_after(
    db: Session, store_id: int, carrier_id: str, entry_id: int
) -> Sequence[ActivityEntry]:
    return db.scalars(
        select(ActivityEntry)
        .where(
            ActivityEntry.store_id == store_id,
            ActivityEntry.carrier_id == carrier_id,
            ActivityEntry.zone_id.is_not(None),
            ActivityEntry.id > entry_id,
        )
        .order_by(ActivityEntry.id)
    ).all()


def zone_ids_written(db: Session, store_id: int, carrier_id: str) -> set[int | None]:
    """Load the ids of the zones in which this app has saved the carrier's method."""
    return set(
        db.scalars(
            select(ActivityEntry.zone_id)
            .where(
                ActivityEntry.store_id == store_id,
                ActivityEntry.carrier_id == carrier_id,
                ActivityEntry.outcome.in_([Outcome.CONFIRMED, Outcome.SENT]),
                ActivityEntry.zone_id.is_not(None),
            )
            .distinct()
        )
    )
