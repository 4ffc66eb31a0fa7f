"""Describe activity entries: who, what, and BigCommerce's answer."""

from dataclasses import dataclass
from datetime import datetime

from bcapp.attempts import is_awaited
from bcapp.language import gettext as _
from bcapp.language import lazy_gettext, ngettext
from bcapp.models import ActivityEntry, Event
from bcapp.outcomes import Outcome, Reason
from bcapp.presenters.messages import Badge

NOT_SET_UP = Badge(lazy_gettext("Not set up"), "secondary")
DISCONNECT_SENT = Badge(lazy_gettext("Disconnect sent"), "secondary")
NOT_ANSWERED_YET = Badge(lazy_gettext("No answer yet"), "secondary")
ELSEWHERE = Badge(lazy_gettext("Connect in BigCommerce"), "secondary")

OUTCOME_BADGES = {
    Outcome.SENT: Badge(lazy_gettext("Sent"), "primary"),
    Outcome.CONFIRMED: Badge(lazy_gettext("Confirmed"), "success"),
    Outcome.REJECTED: Badge(lazy_gettext("Rejected"), "danger"),
    Outcome.NO_ANSWER: Badge(lazy_gettext("No answer"), "warning"),
    Outcome.NOT_SENT: Badge(lazy_gettext("Not sent"), "secondary"),
    Outcome.ACCESS_REVOKED: Badge(lazy_gettext("No access"), "danger"),
}

_EVENTS = {
    Event.STORE_INSTALLED: lazy_gettext("Installed the app"),
    Event.STORE_GRANTED: lazy_gettext("Approved the app again"),
    Event.STORE_UNINSTALLED: lazy_gettext("Removed the app"),
    Event.STORE_UNINSTALL_IGNORED: lazy_gettext("Asked to remove the app; nothing changed"),
    Event.STORE_TOKEN_REFUSED: lazy_gettext("Access ended: BigCommerce no longer lets this app in"),
    Event.USER_REMOVED: lazy_gettext("User removed"),
    Event.CONNECTION_SENT: lazy_gettext("Sent account details"),
    Event.CONNECTION_UPDATED: lazy_gettext("Updated account details"),
    Event.CONNECTION_DELETED: lazy_gettext("Asked to disconnect"),
    Event.ZONE_TURNED_ON: lazy_gettext("Turned on in %(zone)s"),
    Event.ZONE_TURNED_OFF: lazy_gettext("Turned off in %(zone)s"),
    Event.ZONE_CHANGED: lazy_gettext("Changed services in %(zone)s"),
}
_IN_NAMELESS_ZONE = {
    Event.ZONE_TURNED_ON: lazy_gettext("Turned on in a zone"),
    Event.ZONE_TURNED_OFF: lazy_gettext("Turned off in a zone"),
    Event.ZONE_CHANGED: lazy_gettext("Changed services in a zone"),
}


def result_labels() -> dict[str, str]:
    """Map outcomes to their labels."""
    labels = {outcome.value: str(badge.label) for outcome, badge in OUTCOME_BADGES.items()}
    return {**labels, Outcome.DONE.value: _("Done")}


def period_label(days: int | None) -> str:
    if days is None:
        return _("All time")
    return ngettext("Last %(num)s day", "Last %(num)s days", days)


@dataclass(frozen=True)
class AttemptView:
    """A request to BigCommerce, as pages show it."""

    at: datetime
    actor_email: str
    is_disconnect: bool
    outcome: Outcome
    status: int | None
    answer: str
    is_awaited: bool

    @property
    def badge(self) -> Badge:
        if self.is_awaited:
            return NOT_ANSWERED_YET
        if self.is_disconnect and self.outcome is Outcome.SENT:
            return DISCONNECT_SENT
        return OUTCOME_BADGES[self.outcome]


def attempt_view(entry: ActivityEntry) -> AttemptView:
    return AttemptView(
        at=entry.at,
        actor_email=entry.actor_email,
        is_disconnect=entry.event is Event.CONNECTION_DELETED,
        outcome=entry.outcome,
        status=entry.status,
        answer=answer(entry),
        is_awaited=is_awaited(entry),
    )


def answer(entry: ActivityEntry) -> str:
    """Describe the answer: "Received (204)", or BigCommerce's words with the status."""
    text = _answer_in_words(entry)
    return f"{text} ({entry.status})" if entry.status else text


def _answer_in_words(entry: ActivityEntry) -> str:
    if entry.outcome is Outcome.DONE:
        return _("Done")
    if entry.outcome is Outcome.SENT:
        return _("Received")
    if entry.outcome is Outcome.CONFIRMED:
        return _("Saved")
    if entry.outcome is Outcome.ACCESS_REVOKED:
        return _("BigCommerce no longer lets this app in")
    # By the status too: version 1.0 may still be running, and leaves `reason` empty.
    if entry.reason in {Reason.RATE_LIMITED, Reason.OVERLOADED} or entry.status == 429:
        return _("BigCommerce asked us to wait")
    if entry.reason is Reason.CREATION_PENDING:
        return _("Not sent: an earlier request may still be carried out")
    if entry.outcome is Outcome.NOT_SENT:
        return _("Not sent: your zones could not be read")
    if entry.outcome is Outcome.REJECTED:
        return entry.detail or _("Refused")
    if is_awaited(entry):
        return _("It may still come")
    if entry.waited_seconds is None:
        return _("No answer that we could read")
    return ngettext(
        "Timed out after %(num)s second",
        "Timed out after %(num)s seconds",
        entry.waited_seconds,
    )


@dataclass(frozen=True)
class ActivityLine:
    at: datetime
    actor_email: str
    carrier_name: str | None
    what: str
    badge: Badge | None
    answer: str


def activity_line(entry: ActivityEntry) -> ActivityLine:
    return ActivityLine(
        at=entry.at,
        actor_email=_("This app")
        if entry.event is Event.STORE_TOKEN_REFUSED
        else entry.actor_email,
        carrier_name=entry.carrier_name,
        what=_what(entry),
        badge=NOT_ANSWERED_YET if is_awaited(entry) else OUTCOME_BADGES.get(entry.outcome),
        answer=answer(entry),
    )


def _what(entry: ActivityEntry) -> str:
    if entry.zone_name:
        return str(_EVENTS[entry.event]) % {"zone": entry.zone_name}
    return str(_IN_NAMELESS_ZONE.get(entry.event, _EVENTS[entry.event]))
