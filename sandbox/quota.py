"""The API quota of a store: a number of calls per time window (About our APIs: rate limits)."""

import time
from dataclasses import dataclass


@dataclass
class Quota:
    """Allow `total` calls in each window; reject further ones only if `is_enforced`."""

    total: int = 150
    window: float = 30  # seconds
    is_enforced: bool = False
    used: int = 0
    least_left: int = 150
    _started: float = 0.0

    def spend(self) -> bool:
        """Count one call; return False if the quota is used up."""
        now = time.monotonic()
        if now - self._started >= self.window:
            self._started, self.used = now, 0
        if self.is_enforced and self.used >= self.total:
            return False
        self.used += 1
        self.least_left = min(self.least_left, self.left)
        return True

    @property
    def left(self) -> int:
        return max(0, self.total - self.used) if self.is_enforced else self.total - 1

    def headers(self) -> dict[str, str]:
        reset = max(0.0, self._started + self.window - time.monotonic())
        return {
            "X-Rate-Limit-Time-Window-Ms": str(int(self.window * 1000)),
            "X-Rate-Limit-Time-Reset-Ms": str(int(reset * 1000)),
            "X-Rate-Limit-Requests-Quota": str(self.total),
            "X-Rate-Limit-Requests-Left": str(self.left),
        }
