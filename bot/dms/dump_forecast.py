"""How far a job's full dump is, and about how long it still takes.

Source: Google Cloud metrics list, `datamigration.googleapis.com/migration_job/fulldump_progress_percentage`
(a gauge from 0 to 100, sampled every 60 seconds). No page says how long a dump takes: the forecast is the
bot's own, from how the percentage rose lately.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from bot.dms.delay import is_recent
from bot.dms.model import DelayPoint
from bot.util.durations import humanize

LOOK_BACK_H = 6.0
"""Hours of samples that a forecast is made from."""
_WINDOWS = tuple(timedelta(minutes=each) for each in (15, 60, 60 * LOOK_BACK_H))
"""The speed is taken from the shortest of these in which the percentage rose enough."""
_MIN_SPAN = timedelta(minutes=5)
_MIN_RISE = 2.0
"""A smaller rise, in percentage points, may be mostly a rounding."""
_PAUSE = timedelta(minutes=10)
_PAUSES = 3
"""The dump stands still if it rose last this many times as long ago as it ever paused."""


@dataclass(frozen=True, slots=True)
class DumpForecast:
    """The progress of a full dump, as it was measured."""

    percent: DelayPoint | None = None
    """0 to 100, with the time of its measurement; None where it is not known."""
    left_s: float | None = None
    """Seconds left, roughly, from that measurement on; None where it is not known, and at 100%."""
    why: str = ""
    """Why the percentage, or the time left, is not known, in a clause; empty where it is, and at 100%."""


def forecast(points: Sequence[DelayPoint], now: datetime) -> DumpForecast:
    """What these samples of the percentage, oldest first, say `now`."""
    found = [DelayPoint(each.time, min(each.value, 100.0)) for each in points if _is_percentage(each.value)]
    if not found:
        return DumpForecast(why="nothing was measured lately")
    newest = found[-1]
    if newest.value >= 100:
        return DumpForecast(newest)
    if not is_recent(newest, now):
        return DumpForecast(newest, why="the figure is too old")
    why = _unsteady(found)
    if why:
        return DumpForecast(newest, why=why)
    left_s = _left_s(_since_last_fall(found))
    return DumpForecast(newest, left_s, "" if left_s is not None else "it rises too slowly to tell")


def _is_percentage(value: float) -> bool:
    return math.isfinite(value) and value >= 0


def _since_last_fall(points: Sequence[DelayPoint]) -> Sequence[DelayPoint]:
    """Points since the percentage fell last, as it does when the dump begins anew or grows."""
    falls = [at for at, (a, b) in enumerate(pairwise(points), start=1) if b.value < a.value]
    return points[falls[-1] :] if falls else points


def _unsteady(points: Sequence[DelayPoint]) -> str:
    """Why the percentage has not risen long or steadily enough to tell, or empty."""
    run = _since_last_fall(points)
    span = run[-1].time - run[0].time
    if span < _MIN_SPAN:
        return "it fell a short time ago" if len(run) < len(points) else "it is too early to tell"
    rises = [run[0].time, *(b.time for a, b in pairwise(run) if b.value > a.value)]
    since_rise = run[-1].time - rises[-1]
    if len(rises) == 1:
        return f"it has not risen for {humanize(span)}"
    longest = max(b - a for a, b in pairwise(rises))
    if since_rise > max(_PAUSE, _PAUSES * longest):
        return f"it has not risen for {humanize(since_rise)}"
    return ""


def _left_s(run: Sequence[DelayPoint]) -> float | None:
    """Seconds to 100% at the speed of the shortest window with a clear rise."""
    newest = run[-1]
    for window in _WINDOWS:
        first = next(each for each in run if newest.time - each.time <= window)
        rise, span = newest.value - first.value, newest.time - first.time
        if rise >= _MIN_RISE and span >= _MIN_SPAN:
            return (100.0 - newest.value) * span.total_seconds() / rise
    return None
