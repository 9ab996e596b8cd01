"""Poll intervals, back-off and rate limits. All times are seconds of a monotonic clock."""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections.abc import Callable, Container
from dataclasses import dataclass, field

_MAX_PEOPLE = 1000
"""People whose limits are remembered, before those who wait for nothing are forgotten."""
_JITTER = 0.1
"""Spread, so that replicas and locations do not all poll at the same moment."""
_BACK_OFF_FROM_S = 2.0
_BACK_OFF_MAX_S = 120.0
_BOOST_S = 30.0
"""Seconds of fast polling after an action, whose effect may not show at once."""


def back_off(failures: int) -> float:
    """Seconds to wait after this many failures in a row (1 or more): exponential, with jitter."""
    most = min(_BACK_OFF_MAX_S, _BACK_OFF_FROM_S * 2.0 ** min(failures - 1, 16))
    return most * random.uniform(0.5, 1.0)  # noqa: S311 - no secret


@dataclass
class PollInterval:
    """When to poll one location again."""

    fast_s: float
    slow_s: float
    due: float = 0.0
    failures: int = 0
    busy: bool = False
    _boosted_until: float = 0.0

    def answered(self, now: float, *, busy: bool) -> None:
        """The location answered; `busy` if something in it is changing."""
        self.failures = 0
        self.busy = busy
        fast = busy or now < self._boosted_until
        self.due = now + (self.fast_s if fast else self.slow_s) * _spread()

    def failed(self, now: float) -> None:
        self.failures += 1
        self.due = now + max(self.fast_s, back_off(self.failures))

    def nudge(self, now: float) -> None:
        """Poll now, and fast for a while. After failures, the back-off still applies."""
        self._boosted_until = now + _BOOST_S
        if not self.failures:
            self.due = now

    def hurry(self, now: float) -> None:
        """Poll within the fast interval: an operation is running."""
        if not self.failures:
            self.due = min(self.due, now + self.fast_s)


@dataclass
class RateLimitedQueue:
    """Names to poll in turn: each at most once in `every_s` seconds, and `per_s` a second in all."""

    every_s: float
    per_s: float
    max_batch: int = 10
    _due: dict[str, float] = field(default_factory=dict)
    _refilled: float | None = None
    _credit: float = 0.0

    def add(self, name: str, now: float, *, at_once: bool = False) -> None:
        if at_once or name not in self._due:
            self._due[name] = now

    def discard(self, name: str) -> None:
        self._due.pop(name, None)

    def retain(self, names: Container[str]) -> None:
        """Drop all names that are not in `names`."""
        self._due = {name: due for name, due in self._due.items() if name in names}

    def clear(self) -> None:
        self._due.clear()

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, name: object) -> bool:
        return name in self._due

    def pop_due(self, now: float) -> list[str]:
        """The names to poll now, longest overdue first; they are due again after `every_s`."""
        passed = 1.0 / self.per_s if self._refilled is None else now - self._refilled
        self._refilled = now
        self._credit = min(float(self.max_batch), self._credit + passed * self.per_s)
        if self._credit < 1 or not self._due:
            return []
        waiting = ((due, name) for name, due in self._due.items() if due <= now)
        taken = [name for _, name in heapq.nsmallest(int(self._credit), waiting)]
        self._credit -= len(taken)
        for name in taken:
            self._due[name] = now + self.every_s * _spread()
        return taken


def _spread() -> float:
    return random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret


@dataclass
class TokenBucket:
    """One rate limit: `per_s` calls a second, and `burst` at once."""

    per_s: float
    burst: float = 1.0
    _tokens: float | None = None
    _at: float = 0.0
    _blocked_until: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next call may be made; 0 when it may be made now."""
        self._refill(now)
        left = self.burst if self._tokens is None else self._tokens
        short = max(0.0, 1.0 - left) / self.per_s
        return max(short if short > 1e-9 else 0.0, self._blocked_until - now, 0.0)

    def take(self, now: float) -> None:
        self._refill(now)
        self._tokens = (self.burst if self._tokens is None else self._tokens) - 1.0

    def block(self, until: float) -> None:
        """Block calls until `until` (Slack sent Retry-After)."""
        self._blocked_until = max(self._blocked_until, until)

    def is_full(self, now: float) -> bool:
        """Whether it has not been used for so long that it can be forgotten."""
        self._refill(now)
        return self._tokens is None or self._tokens >= self.burst

    def _refill(self, now: float) -> None:
        if self._tokens is not None:
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.per_s)
        self._at = now


class PersonalLimit:
    """A token bucket for each person, with half a minute's share at once. Thread-safe."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}
        self._lock = threading.Lock()

    def take(self, person: str) -> float:
        """Take one; returns 0, or the seconds until there is one, and then nothing was taken."""
        with self._lock:
            now = self._clock()
            if person not in self._buckets and len(self._buckets) >= _MAX_PEOPLE:
                self._buckets = {who: each for who, each in self._buckets.items() if not each.is_full(now)}
            new = TokenBucket(self._per_minute / 60, max(1.0, self._per_minute / 2))
            bucket = self._buckets.setdefault(person, new)
            wait = bucket.wait(now)
            if wait == 0:
                bucket.take(now)
            return wait
