"""Describe a carrier's connection: what was sent, and what BigCommerce answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bcapp import connections
from bcapp.bigcommerce.errors import BigCommerceError, NotFound, RateLimited, Rejected
from bcapp.carriers.fields import Carrier, mid_sentence
from bcapp.language import format_list
from bcapp.language import gettext as _
from bcapp.models import CarrierConnection
from bcapp.outcomes import Outcome
from bcapp.presenters.activity import ELSEWHERE, NOT_SET_UP, AttemptView, attempt_view
from bcapp.presenters.messages import (
    Badge,
    FormError,
    Message,
    no_answer_heading,
    quote_answer,
    rate_limited_error,
)


@dataclass(frozen=True)
class CarrierStatus:
    """What is recorded about one carrier in one store."""

    carrier: Carrier
    connection: CarrierConnection | None = None

    @property
    def is_sent(self) -> bool:
        return connections.is_sent(self.connection)

    @cached_property
    def last_attempt(self) -> AttemptView | None:
        entry = self.connection.last_attempt if self.connection else None
        return attempt_view(entry) if entry else None

    @property
    def last_sent(self) -> AttemptView | None:
        """The last acknowledged send, unless a disconnect followed."""
        entry = self.connection.acknowledged if self.connection else None
        return attempt_view(entry) if entry and self.is_sent else None

    @property
    def test_mode(self) -> bool | None:
        return self.connection.test_mode if self.connection and self.is_sent else None

    @property
    def badge(self) -> Badge:
        last = self.last_attempt
        if not self.carrier.connectable:
            return ELSEWHERE
        return NOT_SET_UP if last is None else last.badge

    @property
    def action(self) -> str:
        last = self.last_attempt
        if not self.carrier.connectable:
            return _("Manage")
        if last is not None and last.outcome is Outcome.SENT and not last.is_disconnect:
            return _("Manage")
        if last is not None and last.outcome in {Outcome.REJECTED, Outcome.NO_ANSWER}:
            return _("Review")
        return _("Set up")


def notice(
    code: str | None, carrier_status: CarrierStatus, turned_off: Sequence[str] = ()
) -> Message | None:
    """Return the message after a redirect, only if the log confirms it.

    `turned_off` lists the results of zones that were turned off together with the carrier.
    """
    name = carrier_status.carrier.name
    last = carrier_status.last_attempt
    received = last is not None and last.outcome is Outcome.SENT
    if code == "disconnected" and received and not carrier_status.is_sent:
        return Message(
            "info",
            _("Disconnect sent to BigCommerce"),
            _(
                "BigCommerce received it. Check that %(carrier)s no longer appears at checkout.",
                carrier=name,
            ),
            tuple(turned_off),
        )
    if code == "sent" and received and carrier_status.is_sent:
        return Message(
            "info",
            _("%(carrier)s details sent to BigCommerce", carrier=name),
            _(
                "BigCommerce received them but does not confirm credentials. Next, turn "
                "%(carrier)s on in a zone and check a rate.",
                carrier=name,
            ),
        )
    if code == "updated" and received and carrier_status.is_sent:
        return Message(
            "info",
            _("New %(carrier)s details sent to BigCommerce", carrier=name),
            _("BigCommerce received them but does not confirm credentials. Check a rate again."),
        )
    return None


def send_error(
    error: BigCommerceError, carrier: Carrier, ids: Mapping[str, str] | None = None
) -> FormError:
    """Describe why the details were not accepted.

    `ids` maps a property to the id of its input if that is not its name.
    """
    if isinstance(error, Rejected):
        return _rejected_error(error, carrier, ids or {})
    if isinstance(error, RateLimited):
        return rate_limited_error(error)
    return FormError(
        "warning",
        no_answer_heading(error),
        _(
            "Your %(carrier)s details may or may not have arrived. You can send them again.",
            carrier=carrier.name,
        ),
    )


def disconnect_error(error: BigCommerceError, carrier: Carrier) -> FormError:
    if isinstance(error, Rejected):
        return FormError(
            "error",
            _("BigCommerce didn’t accept this"),
            _("%(carrier)s was not disconnected. Its answer is below.", carrier=carrier.name),
            answer=quote_answer(error),
        )
    if isinstance(error, RateLimited):
        return rate_limited_error(error)
    return FormError(
        "warning",
        no_answer_heading(error),
        _("%(carrier)s may or may not be disconnected. You can ask again.", carrier=carrier.name),
    )


def zones_left_on_error(carrier: Carrier, lines: Sequence[str]) -> FormError:
    """Describe a disconnect after which some zones are still on."""
    return FormError(
        "warning",
        _("Disconnect sent, but not every zone was turned off"),
        _(
            "BigCommerce received the disconnect of %(carrier)s. What it said of each zone:",
            carrier=carrier.name,
        ),
        lines=tuple(lines),
    )


def missing_field_errors(error: Rejected, carrier: Carrier) -> dict[str, str]:
    """Map the properties that BigCommerce calls missing to messages."""
    by_name = {field.name: field for field in carrier.credentials}
    by_name |= {field.alternative: field for field in carrier.credentials if field.alternative}
    messages = {}
    for field in (by_name[name] for name in error.missing if name in by_name):
        messages[field.name] = _(
            "BigCommerce received no %(label)s. Paste the whole %(label)s with no spaces before or "
            "after it.",
            label=mid_sentence(field.label),
        )
    return messages


def _rejected_error(error: Rejected, carrier: Carrier, ids: Mapping[str, str]) -> FormError:
    heading = _("BigCommerce didn’t accept these details")
    if isinstance(error, NotFound):
        return FormError(
            "error",
            _("BigCommerce didn’t find your store’s shipping settings"),
            _(
                "Nothing was changed. The store may be closed or suspended. If it is open, send "
                "the answer below to support."
            ),
            answer=quote_answer(error),
        )
    fields = missing_field_errors(error, carrier)
    if not fields:
        return FormError(
            "error",
            heading,
            _(
                "Its answer is below. Check every field and send again, or send the answer to "
                "support."
            ),
            answer=quote_answer(error),
        )
    labels = {field.name: field.label for field in carrier.credentials}
    return FormError(
        "error",
        heading,
        _what_to_mend(carrier),
        links=tuple(
            (
                ids.get(name, name),
                _("%(label)s: BigCommerce says it is missing", label=labels[name]),
            )
            for name in fields
        ),
        answer=quote_answer(error),
    )


def _what_to_mend(carrier: Carrier) -> str:
    secrets = [mid_sentence(f.label) for f in carrier.credentials if f.kind == "secret"]
    if not secrets:
        return _("Fix the field below and send once more. Nothing was turned on in your zones.")
    return _(
        "Fix the field below, enter your %(secrets)s again and send once more. Nothing was turned "
        "on in your zones.",
        secrets=format_list(secrets),
    )
