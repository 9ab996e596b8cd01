"""Cloud Monitoring's ListTimeSeries for the metrics of a migration job (google.monitoring.v3)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc
from google.api import metric_pb2
from google.cloud import monitoring_v3
from google.cloud.monitoring_v3.types import metric_service

from sandbox.dms import lag
from sandbox.dms.errors import ApiError, invalid
from sandbox.dms.filters import MISSING, compile_filter
from sandbox.dms.grpc_service import Method
from sandbox.dms.model import Job
from sandbox.dms.names import Parent
from sandbox.dms.paging import cut, page_size
from sandbox.dms.world import World

_PREFIX = "datamigration.googleapis.com/migration_job/"
RESOURCE_TYPE = "datamigration.googleapis.com/MigrationJob"
SAMPLE_SECONDS = 60

Value = bool | int | float
Sample = Callable[[Job, str, float], Value | None]


@dataclass(frozen=True)
class Metric:
    name: str
    value_type: str
    unit: str
    sample: Sample


def _seconds(job: Job, database: str, scaled: float) -> Value | None:
    return lag.seconds_behind(job, database, scaled) if lag.replicating(job, scaled) else None


def _bytes(job: Job, database: str, scaled: float) -> Value | None:
    return lag.bytes_behind(job, database, scaled) if lag.replicating(job, scaled) else None


def _synced(job: Job, _: str, scaled: float) -> Value | None:
    spell = job.spell_at(scaled)
    if spell is None or spell.state not in ("RUNNING", "UPDATING"):
        return None
    return lag.replicating(job, scaled)


def _dumped(job: Job, database: str, scaled: float) -> Value | None:
    spell = job.spell_at(scaled)
    return lag.dump_percent(job, database, scaled) if spell and spell.phase == "FULL_DUMP" else None


METRICS = (
    Metric("max_replica_sec_lag", "INT64", "s", _seconds),
    Metric("max_replica_bytes_lag", "INT64", "By", _bytes),
    Metric("initial_sync_complete", "BOOL", "", _synced),
    Metric("fulldump_progress_percentage_per_object", "DOUBLE", "%", _dumped),
)


def _raw(wrapper: Any) -> Any:
    return type(wrapper.pb(wrapper()))


_Request = _raw(metric_service.ListTimeSeriesRequest)
_Response = _raw(metric_service.ListTimeSeriesResponse)
_Series = _raw(monitoring_v3.TimeSeries)
_VALUE_TYPES = metric_pb2.MetricDescriptor.ValueType
_ALIGNERS: dict[str, Callable[[list[float]], float]] = {
    "ALIGN_MAX": max,
    "ALIGN_MIN": min,
    "ALIGN_MEAN": lambda values: sum(values) / len(values),
    "ALIGN_SUM": sum,
    "ALIGN_COUNT": len,
    "ALIGN_NEXT_OLDER": lambda values: values[-1],
    "ALIGN_COUNT_TRUE": lambda values: sum(1 for v in values if v),
    "ALIGN_FRACTION_TRUE": lambda values: sum(1 for v in values if v) / len(values),
}
_REDUCERS: dict[str, Callable[[list[float]], float]] = {
    "REDUCE_MAX": max,
    "REDUCE_MIN": min,
    "REDUCE_MEAN": lambda values: sum(values) / len(values),
    "REDUCE_SUM": sum,
    "REDUCE_COUNT": len,
}

Points = list[tuple[float, float, float]]
"""Start, end (wall epoch seconds) and value, oldest first."""


class Monitoring:
    """Answers ListTimeSeries from the same jobs as the service."""

    def __init__(self, world: World) -> None:
        self._world = world

    def methods(self) -> list[Method]:
        return [Method("google.monitoring.v3.MetricService", "ListTimeSeries", _Request, self._list)]

    def _list(self, request: Any, _: grpc.ServicerContext) -> Any:
        with self._world.lock:
            self._world.settle()
            project = request.name.removeprefix("projects/")
            self._check_access(project)
            series = self._aggregated(self._series(project, request), request.aggregation)
        # Monitoring returns at most 100,000 points per page; here, pages are counted in series.
        size = page_size(request.page_size, 1000, 100_000)
        query = ("series", request.name, request.filter, str(request.interval))
        page = cut(series, size, request.page_token, query, lambda s: str(s.SerializeToString()))
        return _Response(time_series=page.items, next_page_token=page.next_token)

    def _check_access(self, project: str) -> None:
        if not self._world.monitoring:
            raise ApiError(
                "PERMISSION_DENIED",
                f"Permission monitoring.timeSeries.list denied (or the resource may not exist) on {project}.",
                reason="IAM_PERMISSION_DENIED",
                metadata={"permission": "monitoring.timeSeries.list"},
            )
        self._world.check_reachable(Parent(project, ""))

    def _series(self, project: str, request: Any) -> list[Any]:
        if not request.filter:
            raise invalid("The filter is required", "filter")
        start, end = _interval(request.interval)
        headers_only = request.view == 1
        found = []
        for metric, job, database, labels in self._matching(project, request.filter):
            points = self._points(metric, job, database, start, end)
            if points:
                found.append(_series(metric, job, labels, [] if headers_only else points))
        return found

    def _matching(self, project: str, text: str) -> Iterator[tuple[Metric, Job, str, dict[str, str]]]:
        predicate = compile_filter(text)
        assert predicate is not None
        jobs = self._jobs(project, text)
        for metric in METRICS:
            for job in jobs:
                for database in job.selected():
                    labels = _metric_labels(metric, database.name)
                    values = _fields(metric, job, labels)
                    if predicate(lambda path, values=values: _field(values, path)):  # type: ignore[misc]
                        yield metric, job, database.name, labels

    def _jobs(self, project: str, text: str) -> list[Job]:
        places = [(at, place) for (p, at), place in self._world.places.items() if p == project]
        if _names_a_place(text):
            places = [(at, place) for at, place in places if at in text]
        jobs = [job for _, place in places for job in place.jobs.values()]
        # With thousands of jobs, only those whose ID is in the filter are checked further.
        named = [j for j in jobs if j.id in text] if "migration_job_id" in text and "*" not in text else []
        return named or jobs

    def _points(self, metric: Metric, job: Job, database: str, start: float, end: float) -> Points:
        given = job.given_points.get(metric.name)
        if given is not None:
            mine = sorted((p.wall, p.wall, p.value) for p in given if p.database in ("", database))
            return [point for point in mine if start < point[1] <= end]
        clock = self._world.clock
        newest = min(end, clock.wall())
        first = math.ceil(max(start, newest - 6 * 7 * 86400) / SAMPLE_SECONDS) * SAMPLE_SECONDS
        moments = [float(m) for m in range(first, math.floor(newest) + 1, SAMPLE_SECONDS)]
        # The sandbox may run faster than the sampling, so there is always a newest value.
        if newest > start and (not moments or moments[-1] < newest):
            moments.append(newest)
        sampled = ((m, metric.sample(job, database, clock.scaled_of(m))) for m in moments)
        return [(m, m, float(value)) for m, value in sampled if value is not None]

    def _aggregated(self, series: list[Any], aggregation: Any) -> list[Any]:
        aligner = _enum_name(aggregation, "per_series_aligner")
        reducer = _enum_name(aggregation, "cross_series_reducer")
        if reducer != "REDUCE_NONE" and aligner == "ALIGN_NONE":
            raise invalid("A cross-series reducer needs a per-series aligner", "aggregation")
        if aligner == "ALIGN_NONE":
            return series
        period = aggregation.alignment_period.ToTimedelta().total_seconds()
        if period < 60:
            raise invalid("The alignment period must be at least 60 seconds", "aggregation.alignment_period")
        aligned = [_align(one, period, _known(_ALIGNERS, aligner)) for one in series]
        if reducer == "REDUCE_NONE":
            return aligned
        return _reduce(aligned, _known(_REDUCERS, reducer), list(aggregation.group_by_fields))


def _names_a_place(text: str) -> bool:
    """Whether the filter names one location."""
    unclear = any(each in text for each in ("*", " OR ", "NOT ", "!=", "-resource"))
    return "resource.labels.location =" in text and not unclear


def _interval(interval: Any) -> tuple[float, float]:
    if not interval.HasField("end_time"):
        raise invalid("interval.end_time is required", "interval.end_time")
    end = interval.end_time.ToNanoseconds() / 1e9
    start = interval.start_time.ToNanoseconds() / 1e9 if interval.HasField("start_time") else end
    if start > end:
        raise invalid("interval.start_time must not be later than interval.end_time", "interval")
    # Without a start, the interval is one point in time: the newest sample before it.
    return (start if start < end else end - SAMPLE_SECONDS), end


def _metric_labels(metric: Metric, database: str) -> dict[str, str]:
    if metric.name == "fulldump_progress_percentage_per_object":
        return {"database": database, "schema": "", "table": ""}
    return {"database": database}


def _resource_labels(job: Job) -> dict[str, str]:
    return {"resource_container": job.project, "location": job.location, "migration_job_id": job.id}


def _fields(metric: Metric, job: Job, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "project": job.project,
        "metric": {"type": _PREFIX + metric.name, "labels": labels},
        "resource": {"type": RESOURCE_TYPE, "labels": _resource_labels(job)},
    }


def _field(values: dict[str, Any], path: str) -> Any:
    if path == "*":
        raise invalid("The filter must compare fields", "filter")
    value: Any = values
    for index, part in enumerate(path.split(".")):
        name = "labels" if index == 1 and part == "label" else part
        if index == 0 and name not in values:
            raise KeyError(path)
        value = value.get(name, MISSING) if isinstance(value, dict) else MISSING
    return value


def _series(metric: Metric, job: Job, labels: dict[str, str], points: Points) -> Any:
    series = _Series()
    series.metric.type = _PREFIX + metric.name
    series.metric.labels.update(labels)
    series.resource.type = RESOURCE_TYPE
    series.resource.labels.update(_resource_labels(job))
    series.metric_kind = metric_pb2.MetricDescriptor.GAUGE
    series.value_type = _VALUE_TYPES.Value(metric.value_type)
    series.unit = metric.unit
    _put_points(series, points)
    return series


def _put_points(series: Any, points: Points) -> None:
    """Newest first, as in Monitoring."""
    del series.points[:]
    for start, end, value in reversed(points):
        point = series.points.add()
        point.interval.start_time.FromNanoseconds(int(start * 1e6) * 1000)
        point.interval.end_time.FromNanoseconds(int(end * 1e6) * 1000)
        if series.value_type == metric_pb2.MetricDescriptor.INT64:
            point.value.int64_value = round(value)
        elif series.value_type == metric_pb2.MetricDescriptor.BOOL:
            point.value.bool_value = bool(value)
        else:
            point.value.double_value = value


def _points_of(series: Any) -> Points:
    points = []
    for point in reversed(series.points):
        end = point.interval.end_time.ToNanoseconds() / 1e9
        value = getattr(point.value, point.value.WhichOneof("value"))
        points.append((end, end, float(value)))
    return points


def _align(series: Any, period: float, combine: Callable[[list[float]], float]) -> Any:
    buckets: dict[float, list[float]] = defaultdict(list)
    for _, end, value in _points_of(series):
        buckets[math.ceil(end / period) * period].append(value)
    series.value_type = _result_type(series.value_type, combine)
    _put_points(series, [(end, end, combine(values)) for end, values in sorted(buckets.items())])
    return series


def _reduce(series: list[Any], combine: Callable[[list[float]], float], group_by: list[str]) -> list[Any]:
    groups: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    for one in series:
        groups[tuple(_label(one, field) for field in group_by)].append(one)
    return [_reduce_group(group, combine, group_by) for group in groups.values()]


def _reduce_group(group: list[Any], combine: Callable[[list[float]], float], group_by: list[str]) -> Any:
    buckets: dict[float, list[float]] = defaultdict(list)
    for one in group:
        for _, end, value in _points_of(one):
            buckets[end].append(value)
    first = group[0]
    reduced = _Series(metric_kind=first.metric_kind, unit=first.unit)
    reduced.value_type = _result_type(first.value_type, combine)
    reduced.metric.type = first.metric.type
    reduced.resource.type = first.resource.type
    for field in group_by:
        root, _, key = field.rsplit(".", 2)
        getattr(reduced, root).labels[key] = _label(first, field)
    _put_points(reduced, [(end, end, combine(values)) for end, values in sorted(buckets.items())])
    return reduced


def _result_type(value_type: int, combine: Callable[[list[float]], float]) -> int:
    keeps = combine in (max, min, sum, _ALIGNERS["ALIGN_NEXT_OLDER"])
    counts = combine in (len, _ALIGNERS["ALIGN_COUNT_TRUE"])
    if counts:
        return int(metric_pb2.MetricDescriptor.INT64)
    return value_type if keeps else int(metric_pb2.MetricDescriptor.DOUBLE)


def _label(series: Any, field: str) -> str:
    parts = field.split(".")
    if len(parts) != 3 or parts[0] not in ("metric", "resource") or parts[1] not in ("label", "labels"):
        raise invalid(f"Unknown group_by field '{field}'", "aggregation.group_by_fields")
    return str(getattr(series, parts[0]).labels.get(parts[2], ""))


def _enum_name(aggregation: Any, field: str) -> str:
    enum = aggregation.DESCRIPTOR.fields_by_name[field].enum_type
    return str(enum.values_by_number[getattr(aggregation, field)].name)


def _known(table: dict[str, Callable[[list[float]], float]], name: str) -> Callable[[list[float]], float]:
    if name not in table:
        raise invalid(f"{name} is not supported for this metric", "aggregation")
    return table[name]
