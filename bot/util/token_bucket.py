"""How fast calls may follow one another: a bucket of calls that fills up again with time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Lane:
    """One rate limit. Times are seconds of one monotonic clock."""

    per_s: float
    burst: float = 1.0
    _left: float | None = None
    _at: float = 0.0
    _closed_until: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next call may be made; 0 when it may be made now."""
        self._refill(now)
        left = self.burst if self._left is None else self._left
        short = max(0.0, 1.0 - left) / self.per_s
        return max(short if short > 1e-9 else 0.0, self._closed_until - now, 0.0)

    def take(self, now: float) -> None:
        self._refill(now)
        self._left = (self.burst if self._left is None else self._left) - 1.0

    def close(self, until: float) -> None:
        """No call before `until`: the far end has said so."""
        self._closed_until = max(self._closed_until, until)

    def _refill(self, now: float) -> None:
        if self._left is not None:
            self._left = min(self.burst, self._left + (now - self._at) * self.per_s)
        self._at = now
