"""What came of something that BigCommerce was asked to do, as the activity log keeps it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from bcapp import activity
from bcapp.bigcommerce.errors import (
    AccessRevoked,
    BigCommerceError,
    RateLimited,
    Rejected,
    TimedOut,
)
from bcapp.models import ActivityEntry, Outcome
from bcapp.redaction import mask_values

NOT_CARRIED_OUT = {Outcome.NOT_SENT, Outcome.ACCESS_REVOKED}


@dataclass(frozen=True)
class Actor:
    """On whose behalf: the store's id and the e-mail address of the person."""

    store_id: int
    email: str


# The detail of an entry, kept in English as all are: an earlier creation may yet be carried out.
STILL_UNKNOWN = "Waiting for an earlier request"

_MAX_MESSAGE_LENGTH = 300
_MAX_WAIT = timedelta(seconds=60)  # what `bigcommerce_time_budget` may be at most
_TIMED_OUT = re.compile(r"Timed out after (\d+) seconds?")

_Error = TypeVar("_Error", bound=BigCommerceError)


def masked(error: _Error, secrets: Sequence[str]) -> _Error:
    """BigCommerce might quote what it was sent; that must not reach the log or the page."""
    if isinstance(error, Rejected):
        masks = [mask_values(text, secrets)[:_MAX_MESSAGE_LENGTH] for text in error.messages]
        return error.with_messages(masks)
    return error


def settle_failed(entry: ActivityEntry, error: BigCommerceError) -> None:
    """Say in an entry that was recorded beforehand how BigCommerce's answer failed."""
    activity.set_outcome(entry, _outcome(error), error.status, _detail(error))


def is_awaited(entry: ActivityEntry) -> bool:
    """Recorded beforehand and not settled since, but not for so long that no answer will come."""
    is_settled = entry.outcome is not Outcome.NO_ANSWER or entry.status or entry.detail
    return not is_settled and datetime.now(UTC) - entry.at < _MAX_WAIT


def seconds_waited(detail: str) -> int | None:
    """How long was waited in vain, of an entry's detail: it is kept in English."""
    timed_out = _TIMED_OUT.fullmatch(detail)
    return int(timed_out[1]) if timed_out else None


def _outcome(error: BigCommerceError) -> Outcome:
    if isinstance(error, Rejected):
        return Outcome.REJECTED
    if isinstance(error, RateLimited):
        return Outcome.NOT_SENT
    if isinstance(error, AccessRevoked):
        return Outcome.ACCESS_REVOKED
    return Outcome.NO_ANSWER


def _detail(error: BigCommerceError) -> str:
    if isinstance(error, Rejected):
        return " ".join(error.messages)
    if isinstance(error, TimedOut):
        seconds = max(1, round(error.seconds))
        return f"Timed out after {seconds} second{'s' if seconds > 1 else ''}"
    # A status or a detail tells what is settled from what is still awaited.
    return "" if error.status else "Nothing came back"
