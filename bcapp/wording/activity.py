"""What the activity log says: who, what, and BigCommerce's answer."""

from dataclasses import dataclass
from datetime import datetime

from bcapp.models import ActivityEntry, Event, Outcome
from bcapp.wording.messages import Badge

NOT_SET_UP = Badge("Not set up", "secondary")
SENT = Badge("Sent", "primary")
REJECTED = Badge("Rejected", "danger")
NO_ANSWER = Badge("No answer", "warning")
DISCONNECT_SENT = Badge("Disconnect sent", "secondary")
CONFIRMED = Badge("Confirmed", "success")
ELSEWHERE = Badge("Connect in BigCommerce", "secondary")

OUTCOME_BADGES = {
    Outcome.SENT: SENT,
    Outcome.CONFIRMED: CONFIRMED,
    Outcome.REJECTED: REJECTED,
    Outcome.NO_ANSWER: NO_ANSWER,
    Outcome.NOT_SENT: Badge("Not sent", "secondary"),
    Outcome.ACCESS_REVOKED: Badge("No access", "danger"),
}

_EVENTS = {
    Event.STORE_INSTALLED: "Installed the app",
    Event.STORE_GRANTED: "Approved the app again",
    Event.STORE_UNINSTALLED: "Removed the app",
    Event.STORE_UNINSTALL_IGNORED: "Asked to remove the app; nothing changed",
    Event.STORE_TOKEN_REFUSED: "Access ended: BigCommerce no longer lets this app in",
    Event.USER_REMOVED: "User removed",
    Event.CONNECTION_SENT: "Sent account details",
    Event.CONNECTION_UPDATED: "Updated account details",
    Event.CONNECTION_DELETED: "Asked to disconnect",
    Event.ZONE_TURNED_ON: "Turned on in {zone}",
    Event.ZONE_TURNED_OFF: "Turned off in {zone}",
    Event.ZONE_CHANGED: "Changed services in {zone}",
}


@dataclass(frozen=True)
class Attempt:
    """Something that was asked of BigCommerce, as the pages tell it."""

    at: datetime
    who: str
    is_disconnect: bool
    outcome: Outcome
    status: int | None
    answer: str


def attempt(entry: ActivityEntry) -> Attempt:
    return Attempt(
        at=entry.at,
        who=entry.who,
        is_disconnect=entry.event is Event.CONNECTION_DELETED,
        outcome=entry.outcome,
        status=entry.status,
        answer=answer(entry),
    )


def answer(entry: ActivityEntry) -> str:
    """BigCommerce's answer to an entry: "Received (204)", or its own words with the status."""
    status = f"({entry.status})" if entry.status else ""
    said = entry.detail
    if entry.outcome is Outcome.DONE:
        return "Done"
    if entry.outcome is Outcome.SENT:
        said = "Received"
    elif entry.outcome is Outcome.CONFIRMED:
        said = "Saved"
    elif entry.outcome is Outcome.NOT_SENT and entry.status == 429:
        said = "BigCommerce asked us to wait"
    elif entry.outcome is Outcome.NOT_SENT:
        said = "Not sent: your zones could not be read"
    elif entry.outcome is Outcome.ACCESS_REVOKED:
        said = "BigCommerce no longer lets this app in"
    elif entry.outcome is Outcome.NO_ANSWER and not said:
        said = "No answer that we could read"
    return f"{said or 'Refused'} {status}".strip()


@dataclass(frozen=True)
class ActivityLine:
    at: datetime
    who: str
    carrier_name: str | None
    what: str
    badge: Badge | None
    answer: str


def activity_line(entry: ActivityEntry) -> ActivityLine:
    return ActivityLine(
        at=entry.at,
        who="This app" if entry.event is Event.STORE_TOKEN_REFUSED else entry.who,
        carrier_name=entry.carrier_name,
        what=_EVENTS[entry.event].format(zone=entry.zone_name or "a zone"),
        badge=OUTCOME_BADGES.get(entry.outcome),
        answer=answer(entry),
    )
