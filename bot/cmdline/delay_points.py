"""Measurements of the delay as the points of a line chart, and the times at which nothing was measured.

A chart in Slack has at most 20 points a line, labels of at most 20 characters, no time scale and no gaps
(https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block). So many points become the
largest of each stretch of time. A stretch without a measurement has no point: it is named, and never drawn as
zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise

from bot.dms.model import DelayPoint
from bot.util.durations import DAY, HOUR, MINUTE

MAX_POINTS = 20
_MAX_GAP = 2.5
"""Points are joined if they are at most this many typical distances apart."""
_MIN_RANGE_S = 60.0
_UNITS_OF_TIME = (("days", DAY * 2, DAY), ("hours", HOUR * 2, HOUR), ("minutes", MINUTE * 2, MINUTE))
_UNITS_OF_SIZE = tuple(
    (unit, 1024.0**power, 1024.0**power)
    for unit, power in zip(("PiB", "TiB", "GiB", "MiB", "KiB"), (5, 4, 3, 2, 1), strict=True)
)
"""Name, the value from which it is used, and its size."""


@dataclass(frozen=True, slots=True)
class LineChart:
    """A line chart: each line has a value for each label."""

    title: str
    unit: str
    labels: tuple[str, ...]
    """Times of day in `zone`."""
    lines: Mapping[str, tuple[float, ...]]
    zone: str = "UTC"


def seconds_chart(
    points: Sequence[DelayPoint], begin: datetime, end: datetime, alert_s: float, zone: tzinfo = UTC
) -> LineChart:
    """The time behind; with a line for the alert unless it is far above all values."""
    shown = largest(points, begin, end)
    top = max((each.value for each in shown), default=0.0)
    unit, size = _unit(top, _UNITS_OF_TIME, "seconds")
    lines = {"time behind": _scaled(shown, size)}
    if alert_s and top >= alert_s / 2:
        lines["alert"] = (_three_digits(alert_s / size),) * len(shown)
    labels, named = _labels(shown, zone)
    return LineChart("Time behind", unit, labels, lines, named)


def bytes_chart(
    points: Sequence[DelayPoint], begin: datetime, end: datetime, zone: tzinfo = UTC
) -> LineChart:
    """The data behind."""
    shown = largest(points, begin, end)
    unit, size = _unit(max((each.value for each in shown), default=0.0), _UNITS_OF_SIZE, "bytes")
    lines = {"data behind": _scaled(shown, size)}
    labels, named = _labels(shown, zone)
    return LineChart("Data behind", unit, labels, lines, named)


def largest(points: Sequence[DelayPoint], begin: datetime, end: datetime) -> list[DelayPoint]:
    """At most `MAX_POINTS`: the largest of each of 20 stretches of time, at the time when the stretch begins.

    Few points stay as they are. Stretches in which nothing was measured are left out.
    """
    if len({_label(each.time) for each in points}) == len(points) <= MAX_POINTS:
        return list(points)
    step = (end - begin) / MAX_POINTS
    found: dict[int, float] = {}
    for point in points:
        at = min(MAX_POINTS - 1, max(0, int((point.time - begin) / step)))
        found[at] = max(point.value, found.get(at, point.value))
    return [DelayPoint(begin + at * step, value) for at, value in sorted(found.items())]


def gaps(points: Sequence[DelayPoint], begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """When nothing was measured: before the first point, between two, and after the last."""
    limit = timedelta(seconds=_usual(points) * _MAX_GAP)
    times = [begin, *(each.time for each in points), end]
    return [(earlier, later) for earlier, later in pairwise(times) if later - earlier > limit]


def segments(points: Sequence[DelayPoint]) -> list[list[DelayPoint]]:
    """The points as runs without gaps: where nothing was measured, no line is drawn."""
    found: list[list[DelayPoint]] = []
    limit = _usual(points) * _MAX_GAP
    for point in points:
        if found and (point.time - found[-1][-1].time).total_seconds() <= limit:
            found[-1].append(point)
        else:
            found.append([point])
    return found


def _usual(points: Sequence[DelayPoint]) -> float:
    """The typical (median) distance of two points, in seconds."""
    distances = sorted((later.time - earlier.time).total_seconds() for earlier, later in pairwise(points))
    return max(_MIN_RANGE_S, distances[len(distances) // 2]) if distances else _MIN_RANGE_S


def _unit(top: float, units: Sequence[tuple[str, float, float]], smallest: str) -> tuple[str, float]:
    return next(((name, size) for name, least, size in units if top >= least), (smallest, 1.0))


def _scaled(points: Sequence[DelayPoint], size: float) -> tuple[float, ...]:
    return tuple(_three_digits(each.value / size) for each in points)


def _three_digits(value: float) -> float:
    """So a small value never becomes a zero."""
    return float(f"{value:.3g}")


def _labels(points: Sequence[DelayPoint], zone: tzinfo) -> tuple[tuple[str, ...], str]:
    """Times of day and their zone. UTC where the clocks go back meanwhile: Slack takes no label twice."""
    labels = tuple(_label(each.time, zone) for each in points)
    if zone is not UTC and len(set(labels)) < len(labels):
        return _labels(points, UTC)
    return labels, str(zone)


def _label(at: datetime, zone: tzinfo = UTC) -> str:
    return f"{at.astimezone(zone):%H:%M}"
