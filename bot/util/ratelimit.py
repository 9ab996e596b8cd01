"""When to look again: at locations, and at single jobs within a bounded rate."""

from __future__ import annotations

import heapq
import random
from collections.abc import Container
from dataclasses import dataclass, field

_JITTER = 0.1
"""Replicas and locations must not all ask at the same moment."""
_BACK_OFF_FROM_S = 2.0
_BACK_OFF_MAX_S = 120.0
_BOOST_S = 30.0
"""How long a location is looked at fast after an action: its effect may not show at once."""


def back_off(failures: int) -> float:
    """Seconds to wait after so many failures in a row (1 or more): exponential, with jitter."""
    most = min(_BACK_OFF_MAX_S, _BACK_OFF_FROM_S * 2.0 ** min(failures - 1, 16))
    return most * random.uniform(0.5, 1.0)  # noqa: S311 - no secret


@dataclass
class PollInterval:
    """When one location is due. Times are seconds of one monotonic clock."""

    fast_s: float
    slow_s: float
    due: float = 0.0
    failures: int = 0
    busy: bool = False
    _boosted_until: float = 0.0

    def answered(self, now: float, *, busy: bool) -> None:
        """The location answered; `busy` when something in it is changing."""
        self.failures = 0
        self.busy = busy
        fast = busy or now < self._boosted_until
        self.due = now + (self.fast_s if fast else self.slow_s) * _spread()

    def failed(self, now: float) -> None:
        self.failures += 1
        self.due = now + max(self.fast_s, back_off(self.failures))

    def nudge(self, now: float) -> None:
        """Look now, and fast for a while. A location in trouble keeps its distance."""
        self._boosted_until = now + _BOOST_S
        if not self.failures:
            self.due = now

    def hurry(self, now: float) -> None:
        """Look within the fast interval: something here is under way."""
        if not self.failures:
            self.due = min(self.due, now + self.fast_s)


@dataclass
class RateLimitedQueue:
    """Names that are looked at one after another, each at most once in `every_s`, `per_s` in all."""

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
        """Drop all others."""
        self._due = {name: due for name, due in self._due.items() if name in names}

    def clear(self) -> None:
        self._due.clear()

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, name: object) -> bool:
        return name in self._due

    def pop_due(self, now: float) -> list[str]:
        """Those to look at now, the longest waiting first; they come again after `every_s`."""
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
    """One rate limit. Times are seconds of one monotonic clock."""

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
        """No call before `until`: the far end has said so."""
        self._blocked_until = max(self._blocked_until, until)

    def _refill(self, now: float) -> None:
        if self._tokens is not None:
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.per_s)
        self._at = now
