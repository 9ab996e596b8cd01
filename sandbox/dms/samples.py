"""Measurements that are set by hand, in place of the service's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.dms.metrics import BY_NAME, Metric
from sandbox.dms.model import GivenPoint, Job, LagPin, MetricStep
from sandbox.dms.world import World

POINTS = {"sec_points": "max_replica_sec_lag", "bytes_points": "max_replica_bytes_lag"}


def give_points(world: World, job: Job, metric: str, points: Any) -> None:
    """Serve only these samples: `[[age in wall seconds, value], …]` of every series, or such lists by series
    (`database`, `database.schema.table`); None lets the service sample by itself again."""
    if points is None:
        job.given_points.pop(metric, None)
        return
    wall = world.clock.wall()
    by_series = points if isinstance(points, Mapping) else {"": points}
    job.given_points[metric] = [
        GivenPoint(wall - float(age), float(value), name)
        for name, samples in by_series.items()
        for age, value in samples
    ]


def set_metric(job: Job, name: str, values: Any, since: float) -> None:
    """From scaled time `since` on, a metric has these values; see `scenario.set_job`. Raises ValueError."""
    is_delta = metric_named(name).kind == "DELTA"
    series = job.metrics.setdefault(name, {})
    for key, value in (values if isinstance(values, Mapping) else {"": values}).items():
        steps = series.setdefault(key, [])
        total = sum(step.change for step in steps)
        if is_delta and (value is None or value < total):
            raise ValueError(f"the total of {name} does not fall below {total:g}")
        steps.append(MetricStep(since, value, value - total if is_delta else 0.0))


def metric_named(name: str) -> Metric:
    """Raises ValueError for an unknown metric."""
    if name not in BY_NAME:
        raise ValueError(f"unknown metric {name!r}; known: {', '.join(BY_NAME)}")
    return BY_NAME[name]


def pin_lag(job: Job, seconds: int | None, size: int | None, since: float) -> None:
    """From scaled time `since` on, the delay has these values; None lets it change by itself."""
    job.lag_pins.append(LagPin(since, seconds, size))
