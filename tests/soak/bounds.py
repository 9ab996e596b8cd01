"""What may grow and by how much: each figure with its bound, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.soak.plan import Plan
from tests.soak.sampling import (
    AGED,
    CONNECTIONS,
    DATABASE,
    FILES,
    FIXED,
    HEAPS,
    LASTING,
    LOG,
    MEMORY,
    OBJECTS,
    OUTBOX,
    POOLED_THREADS,
    SERIES,
    THREADS,
    TIMELINES,
    WEBHOOKS,
    Sample,
    age_of,
    rows_of,
)
from tests.soak.verdict import Point, Trend, trend

_PURGED_EVERY = 0.1
"""Of how long rows are kept (`bot/store/retention.py`)."""
_POOLS = 256.0
"""Threads of all pools: 48 of `DMS_BOT_WORKERS`, and those of `bot/dms`, `bot/watch` and `bot/app.py`."""
_TICKS_S = 15.0
"""A round of maintenance is every five seconds, and may wait for a database that was away."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What is allowed. Without any limit, a figure grows by design and is only shown."""

    figure: str
    rise: float | None = None
    """How much it may go up from the end of the warm-up on, as a trend."""
    rise_share: float = 0.0
    """The same as a share of the first median; the larger one counts."""
    ceiling: float | None = None
    """What no sample may be above."""

    def allowed(self, first: float) -> float:
        return max(self.rise or 0.0, self.rise_share * first)


@dataclass(frozen=True, slots=True)
class Finding:
    """A figure, how it went, and what is wrong with it: empty where nothing is."""

    bound: Bound
    trend: Trend | None
    fault: str = ""


def bounds(plan: Plan) -> Iterator[Bound]:
    """All figures that are sampled."""
    # Half an hour has as many requests as a busy team makes in five days (a hundred a day). With 4 MB more
    # each time, the 350 MB that a container of 512 MB has left last for a year; what is in use is a part of
    # that. One step is allowed, however high, as `Trend.grows` wants two rises: such as a connection to
    # SQLite that fills (150 kB of schema, up to 128 statements of 10 kB each, 128 kB of pages).
    yield Bound(OBJECTS, rise=5.0, rise_share=0.01)
    yield Bound(HEAPS, rise=1.5)
    yield Bound(MEMORY, rise=4.0, rise_share=0.03, ceiling=256.0)
    yield Bound(FILES, rise=3.0)
    yield Bound(THREADS, rise=3.0)
    yield Bound(POOLED_THREADS, ceiling=_POOLS)
    yield Bound(CONNECTIONS, rise=3.0)
    # One for each verb, method and outcome that has come up at least once.
    yield Bound(SERIES, rise=60.0, ceiling=3000.0)
    yield Bound(OUTBOX, rise=20.0, ceiling=300.0)
    yield Bound(WEBHOOKS, rise=20.0, ceiling=300.0)
    # SQLite folds it in at 1,000 pages of 4 kB, as soon as no reader needs it.
    yield Bound(LOG, rise=2.0, ceiling=16.0)
    oldest_s = plan.keep_rows_s * (1 + _PURGED_EVERY) + _TICKS_S
    for table in AGED:
        yield Bound(rows_of(table), rise=30.0, rise_share=0.25)
        # What has not been sent yet is kept until it is.
        yield Bound(age_of(table), ceiling=oldest_s + (plan.settle_s if table == "outbox" else 0.0))
    for table in FIXED:
        yield Bound(rows_of(table), rise=10.0)
    for table in (*LASTING, TIMELINES):
        yield Bound(rows_of(table))
    yield Bound(DATABASE)


def judge(samples: Sequence[Sample], plan: Plan) -> list[Finding]:
    """One finding for each figure that was sampled at all."""
    found = []
    for bound in bounds(plan):
        points = [(each.at_s, each.figures[bound.figure]) for each in samples if bound.figure in each.figures]
        if points:
            found.append(judged(bound, points, plan.warm_up_s))
    return found


def judged(bound: Bound, points: Sequence[Point], warm_up_s: float) -> Finding:
    """One figure by its bound."""
    seen = trend(points, warm_up_s)
    most = max(value for _, value in points)
    if bound.ceiling is not None and most > bound.ceiling:
        return Finding(bound, seen, f"{most:.1f} is above {bound.ceiling:.0f}")
    if bound.rise is None:
        return Finding(bound, seen)
    if seen is None:
        return Finding(bound, None, "too few samples to say anything")
    allowed = bound.allowed(seen.first)
    if seen.grows(allowed):
        rise = seen.last - seen.first
        return Finding(bound, seen, f"it grows: by {rise:.1f}, where {allowed:.1f} is allowed")
    return Finding(bound, seen)
