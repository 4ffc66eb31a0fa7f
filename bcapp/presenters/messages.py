"""Badges, messages and form errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bcapp.bigcommerce.errors import (
    BigCommerceError,
    Overloaded,
    RateLimited,
    Rejected,
    TimedOut,
    Unconfirmed,
)
from bcapp.language import gettext as _
from bcapp.language import ngettext

MessageKind = Literal["info", "success", "warning", "error"]


@dataclass(frozen=True)
class Badge:
    label: str
    colour: Literal["secondary", "primary", "danger", "warning", "success"]


@dataclass(frozen=True)
class Message:
    """`lines` holds one result per requested item."""

    kind: MessageKind
    heading: str
    text: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class FormError(Message):
    """Why a form is shown again: `links` are (field id, text), `answer` is BigCommerce's text."""

    links: tuple[tuple[str, str], ...] = ()
    answer: str = ""


def validation_error(links: Sequence[tuple[str, str]]) -> FormError:
    """Describe faults found by our own checks."""
    return FormError(
        "error", _("Check the fields marked below"), _("Nothing was sent."), links=tuple(links)
    )


def rate_limited_error(error: RateLimited) -> FormError:
    ours = isinstance(error, Overloaded)
    return FormError(
        "warning",
        _("Too many people are sending right now") if ours else _("BigCommerce asked us to wait"),
        ngettext(
            "Nothing was sent. Try again in %(num)s second.",
            "Nothing was sent. Try again in %(num)s seconds.",
            error.retry_after,
        ),
    )


def quote_answer(error: Rejected) -> str:
    return " ".join([str(error.status), *error.messages])


def no_answer_heading(error: BigCommerceError) -> str:
    """Return the heading for a request that may have been carried out."""
    if isinstance(error, TimedOut):
        return _("BigCommerce didn’t answer in time")
    if isinstance(error, Unconfirmed):
        return _("BigCommerce didn’t confirm it")
    if error.status is None:
        return _("BigCommerce didn’t answer")
    if error.status < 400:
        return _("BigCommerce’s answer was not readable")
    return _("BigCommerce answered with an error (%(status)s)", status=error.status)
