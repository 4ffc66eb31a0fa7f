"""Track a store's API quota, which all its apps share, from BigCommerce's response headers."""

import math
import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

_DIGITS = re.compile(r"[0-9]{1,12}")
_SHARE_OF_OTHERS = 1 / 3


class Quota:
    """What is left of the quota, as far as the responses of one StoreApi tell.

    `X-Rate-Limit-Requests-Left` counts the calls of all apps and processes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: int | None = None
        self._total = 0
        self.resets_at: datetime | None = None

    def observe(self, headers: Mapping[str, str]) -> None:
        left = _number(headers, "X-Rate-Limit-Requests-Left")
        total = _number(headers, "X-Rate-Limit-Requests-Quota")
        reset = _number(headers, "X-Rate-Limit-Time-Reset-Ms")
        if left is None or total is None or reset is None:
            return
        resets_at = datetime.now(UTC) + timedelta(milliseconds=reset)
        with self._lock:
            # Responses arrive out of order: within a window the lowest number is the newest.
            is_same_window = self.resets_at is not None and self.resets_at > datetime.now(UTC)
            if is_same_window and self._left is not None:
                left = min(left, self._left)
            self._left, self._total, self.resets_at = left, total, resets_at

    def spare(self) -> int | None:
        """Return how many calls leave a third of the quota to others; None if unknown."""
        with self._lock:
            if self._left is None:
                return None
            return max(0, self._left - math.ceil(self._total * _SHARE_OF_OTHERS))


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if _DIGITS.fullmatch(text) else None
