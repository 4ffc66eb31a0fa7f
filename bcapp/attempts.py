"""Recorder of requests to BigCommerce: a pending activity entry before, its outcome after."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bcapp import activity, database
from bcapp.bigcommerce.errors import BigCommerceError, Rejected, TimedOut
from bcapp.carriers.fields import Carrier
from bcapp.models import ActivityEntry, Event
from bcapp.outcomes import Outcome
from bcapp.redaction import mask_values

_MAX_MESSAGE_LENGTH = 300
_MAX_WAIT = timedelta(seconds=60)  # the largest `bigcommerce_time_budget`

_Error = TypeVar("_Error", bound=BigCommerceError)


@dataclass(frozen=True)
class Actor:
    """Who a request is made for: the store's id and the person's e-mail address."""

    store_id: int
    email: str


class Attempt:
    """A recorded request; call one of `succeed`, `fail` and `discard` once.

    Each starts a write transaction, which the `with` block of `record` commits.
    """

    def __init__(self, db: Session, entry: ActivityEntry, secrets: Sequence[str]) -> None:
        self._db, self._secrets = db, secrets
        self.entry = entry
        self.has_failed = False

    def succeed(self, status: int, outcome: Outcome = Outcome.SENT) -> None:
        self._settle(outcome, status)

    def fail(self, error: _Error, *, was_sent: bool = True) -> _Error:
        """Record a failure and return the error with the secrets masked.

        `was_sent` is False if BigCommerce was only read from so far: then no answer means that
        nothing was carried out.
        """
        masked = _mask(error, self._secrets)
        is_unsent = not was_sent and masked.outcome is Outcome.NO_ANSWER
        self._settle(Outcome.NOT_SENT if is_unsent else masked.outcome, masked.status)
        self.has_failed = True
        self.entry.reason = masked.reason
        self.entry.detail = " ".join(masked.messages)[: activity.MAX_DETAIL_LENGTH]
        if isinstance(masked, TimedOut):
            self.entry.waited_seconds = max(1, round(masked.seconds))
        return masked

    def discard(self) -> None:
        """Delete the entry because nothing had to be asked."""
        database.begin_write(self._db)
        self._db.delete(self.entry)
        self.has_failed = True

    def _settle(self, outcome: Outcome, status: int | None) -> None:
        database.begin_write(self._db)
        self.entry.outcome, self.entry.status = outcome, status
        self.entry.settled_at = datetime.now(UTC)


@contextmanager
def record(
    db: Session, actor: Actor, event: Event, carrier: Carrier, secrets: Sequence[str] = ()
) -> Iterator[Attempt]:
    """Record a pending entry, let the caller ask BigCommerce, record the outcome.

    The block starts inside a write transaction that holds the entry. Add related rows and commit
    before asking BigCommerce, so that no transaction stays open meanwhile. If the process dies
    before the outcome is recorded, the entry stays pending.
    """
    structlog.contextvars.bind_contextvars(carrier_id=carrier.id)
    database.begin_write(db)
    entry = activity.record(
        db,
        actor.store_id,
        actor.email,
        event,
        Outcome.NO_ANSWER,
        carrier_id=carrier.id,
        carrier_name=carrier.name,
    )
    db.flush()
    attempt = Attempt(db, entry, secrets)
    try:
        yield attempt
    except SQLAlchemyError:
        raise  # the outcome was not written, so the entry stays pending
    except Exception:
        if attempt.has_failed:
            db.commit()
        else:
            db.rollback()  # else half of a success would be stored
        raise
    db.commit()


def is_awaited(entry: ActivityEntry) -> bool:
    """Tell whether an answer may still come: pending for less than the longest time budget."""
    # The outcome too: version 1.0 may still be running, and leaves `settled_at` empty.
    is_pending = entry.settled_at is None and entry.outcome is Outcome.NO_ANSWER
    return is_pending and datetime.now(UTC) - entry.at < _MAX_WAIT


def _mask(error: _Error, secrets: Sequence[str]) -> _Error:
    """Mask secrets that BigCommerce quotes, before they reach the log or a page."""
    if isinstance(error, Rejected):
        masked = [mask_values(text, secrets)[:_MAX_MESSAGE_LENGTH] for text in error.messages]
        return error.with_messages(masked)
    return error
