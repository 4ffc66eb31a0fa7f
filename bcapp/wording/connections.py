"""What the pages say of a carrier's connection: what we recorded of it, and what came back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bcapp import connections
from bcapp.bigcommerce.errors import BigCommerceError, NotFound, RateLimited, Rejected
from bcapp.carriers.fields import Carrier, mid_sentence
from bcapp.models import CarrierConnection, Outcome
from bcapp.wording.activity import (
    DISCONNECT_SENT,
    ELSEWHERE,
    NO_ANSWER,
    NOT_SET_UP,
    OUTCOME_BADGES,
    REJECTED,
    SENT,
    Attempt,
    attempt,
)
from bcapp.wording.messages import Badge, Message, Refusal, asked_to_wait, no_answer, quoted


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
        if not self.carrier.connectable:
            return ELSEWHERE
        if last is None:
            return NOT_SET_UP
        if last.outcome is Outcome.SENT and last.is_disconnect:
            return DISCONNECT_SENT
        return OUTCOME_BADGES[last.outcome]

    @property
    def action(self) -> str:
        actions = {SENT: "Manage", ELSEWHERE: "Manage", REJECTED: "Review", NO_ANSWER: "Review"}
        return actions.get(self.badge, "Set up")


def notice(code: str | None, standing: Standing, turned_off: Sequence[str] = ()) -> Message | None:
    """The message after a redirect. An address alone cannot make us say what is not recorded.

    `turned_off` are the results in zones in which the carrier was turned off with it.
    """
    name = standing.carrier.name
    last = standing.last_attempt
    received = last is not None and last.outcome is Outcome.SENT
    if code == "disconnected" and received and not standing.is_sent:
        return Message(
            "info",
            "Disconnect sent to BigCommerce",
            f"BigCommerce received it. Check that {name} no longer appears at checkout.",
            tuple(turned_off),
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
        no_answer(error),
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
        no_answer(error),
        f"{carrier.name} may or may not be disconnected. You can ask again.",
    )


def disconnected_but(carrier: Carrier, lines: Sequence[str]) -> Refusal:
    """The disconnect was received, but not every zone that was to be turned off is."""
    return Refusal(
        "warning",
        "Disconnect sent, but not every zone was turned off",
        f"BigCommerce received the disconnect of {carrier.name}. What it said of each zone:",
        lines=tuple(lines),
    )


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
    if isinstance(error, NotFound):
        return Refusal(
            "error",
            "BigCommerce didn’t find your store’s shipping settings",
            "Nothing was changed. The store may be closed or suspended. If it is open, send the "
            "answer below to support.",
            answer=quoted(error),
        )
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
