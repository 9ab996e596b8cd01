"""Cloud Monitoring's ListTimeSeries for the metrics of jobs and their sources (google.monitoring.v3)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import grpc
from google.api import metric_pb2
from google.cloud import monitoring_v3
from google.cloud.monitoring_v3.types import metric_service

from sandbox.dms.errors import ApiError, invalid
from sandbox.dms.filters import MISSING, compile_filter
from sandbox.dms.grpc_service import Method
from sandbox.dms.metrics import METRICS, Key, Metric, Moment, Value
from sandbox.dms.model import Job
from sandbox.dms.names import Parent
from sandbox.dms.paging import cut, page_size
from sandbox.dms.world import World

SAMPLE_SECONDS = 60
_KEPT_SECONDS = 6 * 7 * 86400
"""How long Cloud Monitoring keeps the metrics of Google Cloud ("Quotas and limits", data retention)."""


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
    "ALIGN_DELTA": sum,
    "ALIGN_COUNT": len,
    "ALIGN_NEXT_OLDER": lambda values: values[-1],
    "ALIGN_COUNT_TRUE": lambda values: sum(1 for v in values if v),
    "ALIGN_FRACTION_TRUE": lambda values: sum(1 for v in values if v) / len(values),
}
_FOR_DELTA = frozenset({"ALIGN_SUM", "ALIGN_COUNT", "ALIGN_DELTA"})
"""Aligners of DELTA metrics; all others but ALIGN_DELTA are for GAUGE. Source: `Aggregation.Aligner`."""
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
        for metric, job, key in self._matching(project, request.filter):
            points = self._points(metric, job, key, start, end)
            if points:
                labels = dict(zip(metric.labels, key, strict=True))
                found.append(_series(metric, job, labels, [] if headers_only else points))
        return found

    def _matching(self, project: str, text: str) -> Iterator[tuple[Metric, Job, Key]]:
        predicate = compile_filter(text)
        assert predicate is not None
        jobs = self._jobs(project, text)
        # Of a filter on one metric, the others need not be evaluated.
        for metric in [each for each in METRICS if each.name in text] or METRICS:
            for job in filter(metric.is_of, jobs):
                for key in _keys(metric, job):
                    values = _fields(metric, job, dict(zip(metric.labels, key, strict=True)))
                    if predicate(lambda path, values=values: _field(values, path)):  # type: ignore[misc]
                        yield metric, job, key

    def _jobs(self, project: str, text: str) -> list[Job]:
        scope = {project, *self._world.monitored.get(project, ())}
        places = [(at, place) for (p, at), place in self._world.places.items() if p in scope]
        if _names_a_place(text):
            places = [(at, place) for at, place in places if at in text]
        jobs = [job for _, place in places for job in place.jobs.values()]
        # With thousands of jobs, only those whose ID is in the filter are checked further.
        named = [j for j in jobs if j.id in text] if "migration_job_id" in text and "*" not in text else []
        return named or jobs

    def _points(self, metric: Metric, job: Job, key: Key, start: float, end: float) -> Points:
        visible = self._world.clock.wall() - self._world.visible_after
        newest = min(end, visible)
        given = job.given_points.get(metric.name)
        if given is not None:
            mine = sorted((p.wall, p.value) for p in given if not p.series or metric.key(p.series) == key)
            return [_point(metric, at, at - SAMPLE_SECONDS, v) for at, v in mine if start < at <= newest]
        first = math.floor(max(start, newest - _KEPT_SECONDS) / SAMPLE_SECONDS + 1) * SAMPLE_SECONDS
        moments = [float(m) for m in self._moments(metric, job, first, math.floor(newest))]
        # The sandbox may run faster than the sampling, so there is always a newest value.
        at_edge = metric.kind == "GAUGE" or newest == visible
        if newest > start and at_edge and (not moments or moments[-1] < newest):
            moments.append(newest)
        return [
            _point(metric, at, before, float(value))
            for at, before, value in self._sampled(metric, job, key, moments)
        ]

    def _sampled(
        self, metric: Metric, job: Job, key: Key, moments: list[float]
    ) -> Iterator[tuple[float, float, Value]]:
        scaled_of = self._world.clock.scaled_of
        for at in moments:
            before = (math.ceil(at / SAMPLE_SECONDS) - 1) * float(SAMPLE_SECONDS)
            value = metric.value(job, key, Moment(scaled_of(at), scaled_of(before)))
            if value is not None:
                yield at, before, value

    def _moments(self, metric: Metric, job: Job, first: int, last: int) -> list[int]:
        """The full minutes of samples. Of a sparse metric, zeros are left out but for the newest."""
        if not metric.sparse:
            return list(range(first, last + 1, SAMPLE_SECONDS))
        steps = [step for each in job.metrics.get(metric.name, {}).values() for step in each]
        walls = [self._world.clock.wall_of(step.since) for step in steps]
        changes = {math.ceil(wall / SAMPLE_SECONDS) * SAMPLE_SECONDS for wall in walls}
        recent = range(max(first, last // SAMPLE_SECONDS * SAMPLE_SECONDS - 600), last + 1, SAMPLE_SECONDS)
        return sorted({*(at for at in changes if first <= at <= last), *recent})

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
        combine = _known(_ALIGNERS, aligner)
        if not all(_fits(one.metric_kind, aligner) for one in series):
            raise invalid(f"{aligner} does not fit the kind of this metric", "aggregation.per_series_aligner")
        aligned = [_align(one, period, combine) for one in series]
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


def _keys(metric: Metric, job: Job) -> list[Key]:
    """The series of a job. Samples that a test has set for some series alone are the only ones."""
    given = job.given_points.get(metric.name)
    if given and all(point.series for point in given):
        return list(dict.fromkeys(metric.key(point.series) for point in given))
    return metric.keys(job)


def _point(metric: Metric, at: float, before: float, value: float) -> tuple[float, float, float]:
    """A GAUGE is measured at one time, a DELTA over the time since the sample before."""
    return (before if metric.kind == "DELTA" else at), at, value


def _fields(metric: Metric, job: Job, labels: dict[str, str]) -> dict[str, Any]:
    kind, resource = metric.resource(job)
    return {
        "project": job.project,
        "metric": {"type": metric.type, "labels": labels},
        "resource": {"type": kind, "labels": resource},
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
    kind, resource = metric.resource(job)
    series.metric.type = metric.type
    series.metric.labels.update(labels)
    series.resource.type = kind
    series.resource.labels.update(resource)
    series.metric_kind = metric_pb2.MetricDescriptor.MetricKind.Value(metric.kind)
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


def _fits(kind: int, aligner: str) -> bool:
    if kind == metric_pb2.MetricDescriptor.DELTA:
        return aligner in _FOR_DELTA
    return aligner != "ALIGN_DELTA"


def _align(series: Any, period: float, combine: Callable[[list[float]], float]) -> Any:
    buckets: dict[float, list[float]] = defaultdict(list)
    for _, end, value in _points_of(series):
        buckets[math.ceil(end / period) * period].append(value)
    series.value_type = _result_type(series.value_type, combine)
    length = period if series.metric_kind == metric_pb2.MetricDescriptor.DELTA else 0.0
    _put_points(series, [(end - length, end, combine(values)) for end, values in sorted(buckets.items())])
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
