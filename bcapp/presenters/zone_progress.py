"""Describe how far a store's zones have been fetched, and what went wrong."""

from dataclasses import dataclass

from bcapp.bigcommerce.errors import CallFailed, RateLimited, Rejected, Unavailable
from bcapp.language import gettext as _
from bcapp.language import ngettext, number
from bcapp.presenters.messages import no_answer_heading, quote_answer, rate_limited_error
from bcapp.zones.refresh import Progress, State


@dataclass(frozen=True)
class ZonesProgress:
    """What a page says about a refresh.

    `retry_after` is the number of seconds after which its script asks again, None for never.
    """

    retry_after: int | None = None
    text: str = ""
    problem: str = ""


def describe_progress(progress: Progress, read: int, total: int) -> ZonesProgress:
    """Describe a refresh after which `read` of `total` zones are known."""
    if progress.state is State.FAILED:
        return ZonesProgress(problem=_problem(progress.error))
    problem = _problem(progress.error) if progress.error else ""
    if progress.state is State.FRESH:
        return ZonesProgress()
    if problem or read == total:
        return ZonesProgress(progress.retry_after, problem=problem)
    text = _(
        "%(read)s of %(total)s zones read, the rest in a moment.",
        read=number(read),
        total=number(total),
    )
    if progress.state is State.PAUSED:
        text = ngettext(
            "%(read)s of %(total)s zones read, the rest in about %(num)s second.",
            "%(read)s of %(total)s zones read, the rest in about %(num)s seconds.",
            progress.retry_after,
            read=number(read),
            total=number(total),
        )
    return ZonesProgress(progress.retry_after, text)


def _problem(error: CallFailed | None) -> str:
    if isinstance(error, RateLimited):
        return rate_limited_error(error).heading
    if isinstance(error, Rejected):
        return quote_answer(error)
    return no_answer_heading(error or Unavailable())
