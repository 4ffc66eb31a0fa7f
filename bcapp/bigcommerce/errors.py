"""Every error that BigCommerce can cause us, sorted by what one can do next."""

import re
from collections.abc import Sequence
from typing import Self

# The only text that BigCommerce's reference gives for incomplete details. "[key]" there may be
# FedEx's property of that name or a place-holder for a list, so it is read as a list.
_MISSING = re.compile(r"required fields? missing:? \[([^\]]*)\]", re.IGNORECASE)


class BigCommerceError(Exception):
    """`status` is BigCommerce's HTTP status, None where none was read."""

    def __init__(self, status: int | None = None) -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        return f"{type(self).__name__} (status {self.status})"


class AccessRevoked(BigCommerceError):
    """401 or 403: the token is no longer honoured, or lacks the scope. Approve or install again.

    `is_page`: the answer was HTML, so perhaps not the API's own.
    """

    def __init__(self, status: int | None = None, *, is_page: bool = False) -> None:
        super().__init__(status)
        self.is_page = is_page


class RateLimited(BigCommerceError):
    """429: not carried out. `reset_after` is None when BigCommerce did not say how long."""

    # The quota is renewed every 30 seconds, says the rate limit page.
    USUAL_WAIT = 30

    def __init__(self, reset_after: int | None) -> None:
        super().__init__(429)
        self.reset_after = reset_after

    @property
    def retry_after(self) -> int:
        return self.USUAL_WAIT if self.reset_after is None else max(1, self.reset_after)


class Overloaded(RateLimited):
    """Ours, not BigCommerce's: too many requests of this process wait for it. Not carried out."""

    def __init__(self) -> None:
        super().__init__(reset_after=5)


class Rejected(BigCommerceError):
    """Refused and not carried out. `messages` are BigCommerce's words, one line each.

    `missing` names the properties that it says are missing, as it spells them.
    """

    def __init__(
        self, status: int, messages: Sequence[str] = (), missing: Sequence[str] | None = None
    ) -> None:
        super().__init__(status)
        self.messages = tuple(messages)
        self.missing = tuple(_names_missing(messages) if missing is None else missing)

    def with_messages(self, messages: Sequence[str]) -> Self:
        return type(self)(self.status or 0, messages, self.missing)


class NotFound(Rejected):
    """404: no such thing, or a store that is closed."""


class Conflict(Rejected):
    """409: against the state that BigCommerce has."""


class Unavailable(BigCommerceError):
    """Network fault or 5xx: whether it was carried out is unknown."""

    def __init__(self, status: int | None = None, *, is_retryable: bool = True) -> None:
        super().__init__(status)
        self.is_retryable = is_retryable


class TimedOut(Unavailable):
    """No answer within `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class MalformedResponse(Unavailable):
    """An answer that is not BigCommerce's API: HTML, a redirect, a shape nobody documented."""

    def __init__(self, status: int | None = None) -> None:
        super().__init__(status, is_retryable=False)


class Unconfirmed(MalformedResponse):
    """A readable answer that does not show what was asked for, nor did reading again."""


def _names_missing(messages: Sequence[str]) -> list[str]:
    listed = (match[1] for text in messages for match in _MISSING.finditer(text))
    return [name.strip() for names in listed for name in names.split(",") if name.strip()]
