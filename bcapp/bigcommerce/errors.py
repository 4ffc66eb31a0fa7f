"""Errors that a request to BigCommerce can raise, grouped by what the caller can do next."""

import re
from collections.abc import Sequence
from typing import ClassVar, Self

from bcapp.outcomes import Outcome, Reason

# The only text that BigCommerce's reference gives for incomplete details. "[key]" there may be
# FedEx's property of that name or a placeholder for a list, so it is parsed as a list.
_MISSING = re.compile(r"required fields? missing:? \[([^\]]*)\]", re.IGNORECASE)


class BigCommerceError(Exception):
    """Base class; `status` is BigCommerce's HTTP status, None if there was none.

    `http_status` is the status of our own response; the activity log stores `outcome` and `reason`.
    """

    http_status: ClassVar[int] = 502
    outcome: ClassVar[Outcome] = Outcome.NO_ANSWER
    reason: ClassVar[Reason] = Reason.UNREACHABLE

    def __init__(self, status: int | None = None) -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        return f"{type(self).__name__} (status {self.status})"

    @property
    def headers(self) -> dict[str, str]:
        """Headers for our own response."""
        return {}

    @property
    def messages(self) -> tuple[str, ...]:
        """BigCommerce's own words."""
        return ()


class AccessRevoked(BigCommerceError):
    """401 or 403: the token is invalid or lacks the scope; approve or install again.

    Not a CallFailed: no form can help, so views let it pass to the error page. `is_page` is True
    for an HTML answer, which may come from a proxy and not from the API.
    """

    http_status = 403
    outcome = Outcome.ACCESS_REVOKED
    reason = Reason.ACCESS_REVOKED

    def __init__(self, status: int | None = None, *, is_page: bool = False) -> None:
        super().__init__(status)
        self.is_page = is_page


class CallFailed(BigCommerceError):
    """One call failed; the merchant may correct the form or try again."""


class RateLimited(CallFailed):
    """429: not carried out. `reset_after` is in seconds, None if BigCommerce did not say."""

    http_status = 503
    outcome = Outcome.NOT_SENT
    reason = Reason.RATE_LIMITED
    # Seconds; the rate limit page says that the quota is renewed every 30 seconds.
    USUAL_WAIT = 30

    def __init__(self, reset_after: int | None) -> None:
        super().__init__(429)
        self.reset_after = reset_after

    @property
    def retry_after(self) -> int:
        return self.USUAL_WAIT if self.reset_after is None else max(1, self.reset_after)

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


class Overloaded(RateLimited):
    """Too many requests of this process are waiting for BigCommerce; nothing was sent."""

    reason = Reason.OVERLOADED

    def __init__(self) -> None:
        super().__init__(reset_after=5)


class Rejected(CallFailed):
    """4xx: refused and not carried out.

    `messages` are BigCommerce's words, one line each. `missing` names the properties that it says
    are missing, in its spelling.
    """

    http_status = 422
    outcome = Outcome.REJECTED
    reason = Reason.REFUSED

    def __init__(
        self, status: int, messages: Sequence[str] = (), missing: Sequence[str] | None = None
    ) -> None:
        super().__init__(status)
        self._messages = tuple(messages)
        self.missing = tuple(_parse_missing(messages) if missing is None else missing)

    @property
    def messages(self) -> tuple[str, ...]:
        return self._messages

    def with_messages(self, messages: Sequence[str]) -> Self:
        return type(self)(self.status or 0, messages, self.missing)


class NotFound(Rejected):
    """404: no such resource, or the store is closed."""

    reason = Reason.NOT_FOUND


class Conflict(Rejected):
    """409: conflicts with BigCommerce's current state."""

    reason = Reason.CONFLICT


class Unavailable(CallFailed):
    """Network fault or no usable answer; the request may have been carried out."""

    def __init__(self, status: int | None = None, *, is_retryable: bool = True) -> None:
        super().__init__(status)
        self.is_retryable = is_retryable


class ServerError(Unavailable):
    """5xx; the request may have been carried out."""

    reason = Reason.SERVER_ERROR


class TimedOut(Unavailable):
    """No answer within `seconds`."""

    http_status = 504
    reason = Reason.TIMED_OUT

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class MalformedResponse(Unavailable):
    """Not an API response: HTML, a redirect, or an undocumented shape."""

    reason = Reason.UNREADABLE

    def __init__(self, status: int | None = None) -> None:
        super().__init__(status, is_retryable=False)


class Unconfirmed(MalformedResponse):
    """A response that does not show what was written, nor did reading again; never retried."""

    reason = Reason.UNCONFIRMED


def _parse_missing(messages: Sequence[str]) -> list[str]:
    lists = (match[1] for text in messages for match in _MISSING.finditer(text))
    return [name.strip() for names in lists for name in names.split(",") if name.strip()]
