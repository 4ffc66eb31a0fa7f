"""The words for states, answers and errors. A connection is "sent", never more than that.

BigCommerce answers 204 to working and wrong credentials alike, so no word here may claim that a
connection works. Green is kept for what BigCommerce confirmed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bcapp import connections
from bcapp.bigcommerce.errors import BigCommerceError, RateLimited, Rejected
from bcapp.carriers.fields import Carrier, mid_sentence
from bcapp.models import ActivityEntry, CarrierConnection, Event, Outcome

MessageKind = Literal["info", "success", "warning", "error"]


@dataclass(frozen=True)
class Badge:
    label: str
    colour: Literal["secondary", "primary", "danger", "warning", "success"]


@dataclass(frozen=True)
class Message:
    kind: MessageKind
    heading: str
    text: str


@dataclass(frozen=True)
class Refusal(Message):
    """Why a form came back: `links` are (field id, text); `answer` quotes BigCommerce."""

    links: tuple[tuple[str, str], ...] = ()
    answer: str = ""


NOT_SET_UP = Badge("Not set up", "secondary")
SENT = Badge("Sent", "primary")
REJECTED = Badge("Rejected", "danger")
NO_ANSWER = Badge("No answer", "warning")
DISCONNECT_SENT = Badge("Disconnect sent", "secondary")

_OUTCOME_BADGES = {
    Outcome.SENT: SENT,
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
    Event.USER_REMOVED: "User removed",
    Event.CONNECTION_SENT: "Sent account details",
    Event.CONNECTION_UPDATED: "Updated account details",
    Event.CONNECTION_DELETED: "Asked to disconnect",
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


@dataclass(frozen=True)
class Standing:
    """What we recorded of one carrier in one store."""

    carrier: Carrier
    connection: CarrierConnection | None = None

    @property
    def is_sent(self) -> bool:
        return connections.is_sent(self.connection)

    @property
    def last_attempt(self) -> Attempt | None:
        entry = self.connection.last_attempt if self.connection else None
        return attempt(entry) if entry else None

    @property
    def last_sent(self) -> Attempt | None:
        """The send that BigCommerce acknowledged last, unless a disconnect came after it."""
        entry = self.connection.acknowledged if self.connection else None
        return attempt(entry) if entry and self.is_sent else None

    @property
    def test_mode(self) -> bool | None:
        return self.connection.test_mode if self.connection and self.is_sent else None

    @property
    def badge(self) -> Badge:
        last = self.last_attempt
        if last is None:
            return NOT_SET_UP
        if last.outcome is Outcome.SENT and last.is_disconnect:
            return DISCONNECT_SENT
        return _OUTCOME_BADGES[last.outcome]

    @property
    def action(self) -> str:
        actions = {SENT: "Manage", REJECTED: "Review", NO_ANSWER: "Review"}
        return actions.get(self.badge, "Set up")


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
    elif entry.outcome is Outcome.NOT_SENT:
        said = "BigCommerce asked us to wait"
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
        who=entry.who,
        carrier_name=entry.carrier_name,
        what=_EVENTS[entry.event],
        badge=_OUTCOME_BADGES.get(entry.outcome),
        answer=answer(entry),
    )


def notice(code: str | None, standing: Standing) -> Message | None:
    """The message after a redirect. An address alone cannot make us say what is not recorded."""
    name = standing.carrier.name
    last = standing.last_attempt
    received = last is not None and last.outcome is Outcome.SENT
    if code == "disconnected" and received and not standing.is_sent:
        return Message(
            "info",
            "Disconnect sent to BigCommerce",
            f"BigCommerce received it. Check that {name} no longer appears at checkout.",
        )
    if code == "sent" and received and standing.is_sent:
        return Message(
            "info",
            f"{name} details sent to BigCommerce",
            f"BigCommerce received them but does not confirm credentials. Next, turn {name} on "
            "in a zone and check a rate.",
        )
    if code == "updated" and received and standing.is_sent:
        return Message(
            "info",
            f"New {name} details sent to BigCommerce",
            "BigCommerce received them but does not confirm credentials. Check a rate again.",
        )
    return None


def not_sent(links: Sequence[tuple[str, str]]) -> Refusal:
    """Our own check failed."""
    return Refusal(
        "error", "Check the fields marked below", "Nothing was sent.", links=tuple(links)
    )


def refusal(
    error: BigCommerceError, carrier: Carrier, ids: Mapping[str, str] | None = None
) -> Refusal:
    """BigCommerce refused the details, asked us to wait, or did not answer.

    `ids` gives the id of a property's input where that is not its name.
    """
    if isinstance(error, Rejected):
        return _rejected(error, carrier, ids or {})
    if isinstance(error, RateLimited):
        return asked_to_wait(error)
    return Refusal(
        "warning",
        "BigCommerce didn’t answer in time",
        f"Your {carrier.name} details may or may not have arrived. You can send them again.",
    )


def disconnect_refusal(error: BigCommerceError, carrier: Carrier) -> Refusal:
    if isinstance(error, Rejected):
        return Refusal(
            "error",
            "BigCommerce didn’t accept this",
            f"{carrier.name} was not disconnected. Its answer is below.",
            answer=quoted(error),
        )
    if isinstance(error, RateLimited):
        return asked_to_wait(error)
    return Refusal(
        "warning",
        "BigCommerce didn’t answer in time",
        f"{carrier.name} may or may not be disconnected. You can ask again.",
    )


def asked_to_wait(error: RateLimited) -> Refusal:
    return Refusal(
        "warning",
        "BigCommerce asked us to wait",
        f"Nothing was sent. Try again in {error.retry_after} seconds.",
    )


def quoted(error: Rejected) -> str:
    return " ".join([str(error.status), *error.messages])


def refused_fields(error: Rejected, carrier: Carrier) -> dict[str, str]:
    """Field name → message, for the properties that BigCommerce says are missing."""
    by_name = {field.name: field for field in carrier.credentials}
    by_name |= {field.alternative: field for field in carrier.credentials if field.alternative}
    said = {}
    for field in (by_name[name] for name in error.missing if name in by_name):
        label = mid_sentence(field.label)
        said[field.name] = (
            f"BigCommerce received no {label}. Paste the whole {label} with no spaces before or "
            "after it."
        )
    return said


def _rejected(error: Rejected, carrier: Carrier, ids: Mapping[str, str]) -> Refusal:
    heading = "BigCommerce didn’t accept these details"
    fields = refused_fields(error, carrier)
    if not fields:
        return Refusal(
            "error",
            heading,
            "Its answer is below. Check every field and send again, or send the answer to support.",
            answer=quoted(error),
        )
    labels = {field.name: field.label for field in carrier.credentials}
    secrets = [mid_sentence(f.label) for f in carrier.credentials if f.kind == "secret"]
    again = f", enter your {' and '.join(secrets)} again" if secrets else ""
    return Refusal(
        "error",
        heading,
        f"Fix the field below{again} and send once more. Nothing was turned on in your zones.",
        links=tuple(
            (ids.get(name, name), f"{labels[name]}: BigCommerce says it is missing")
            for name in fields
        ),
        answer=quoted(error),
    )
