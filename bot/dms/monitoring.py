"""Replication delay, progress of the full dump and unsupported events, from Cloud Monitoring.

Source: service `google.monitoring.v3.MetricService`, method `ListTimeSeries`; metrics
`datamigration.googleapis.com/migration_job/max_replica_sec_lag`, `…/max_replica_bytes_lag`,
`…/fulldump_progress_percentage`, `…/fulldump_progress_percentage_per_object`, those below `…/sqlserver`
(gauges), `…/unsupported_events_count` and `…/write_rows_count` (deltas), sampled every 60 seconds and visible
up to 180 seconds later, on the resource `datamigration.googleapis.com/MigrationJob`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import grpc
from google.cloud.monitoring_v3 import MetricServiceClient
from google.cloud.monitoring_v3.services.metric_service.transports import MetricServiceGrpcTransport
from google.cloud.monitoring_v3.types import Aggregation, ListTimeSeriesRequest, TimeInterval

from bot.dms.convert import utc
from bot.dms.drain_samples import Series, Written
from bot.dms.error_mapping import one_line
from bot.dms.errors import Unavailable
from bot.dms.model import DelayPoint, DumpProgress, Lag, parse_name
from bot.dms.paging import read_all
from bot.dms.source_counters import TUPLES
from bot.dms.unsupported import Labels, Span

SECONDS = "datamigration.googleapis.com/migration_job/max_replica_sec_lag"
BYTES = "datamigration.googleapis.com/migration_job/max_replica_bytes_lag"
DUMPED = "datamigration.googleapis.com/migration_job/fulldump_progress_percentage"
DUMPED_BY_OBJECT = "datamigration.googleapis.com/migration_job/fulldump_progress_percentage_per_object"
UNPROCESSED_FILES = "datamigration.googleapis.com/migration_job/sqlserver/unprocessed_files"
UNPROCESSED_BYTES = "datamigration.googleapis.com/migration_job/sqlserver/unprocessed_file_bytes"
LOG_UPLOAD = "datamigration.googleapis.com/migration_job/sqlserver/transaction_log_upload_sec_lag"
UNSUPPORTED = "datamigration.googleapis.com/migration_job/unsupported_events_count"
WRITTEN = "datamigration.googleapis.com/migration_job/write_rows_count"

_DUMPING = frozenset({"FULL_DUMP", "full_dump"})
"""Values of the label `phase` of rows that the full dump wrote. Any other counts as written in CDC."""
_SAMPLE_PERIOD_S = 60
_MAX_AGE_S = 600
"""Age, in seconds, up to which a percentage of the dump counts; samples become visible late."""
_SAMPLES_H = 1.0
"""Up to this many hours, every sample is read: 60 per hour and database."""
_MAX_POINTS = 288
"""Maximum number of points: one every 5 minutes of a day, as many as a chart can show."""


class Monitoring:
    """Reads time series on one channel; raises what the client library raises."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._client = MetricServiceClient(transport=MetricServiceGrpcTransport(channel=channel))

    def delay_series(self, metric: str, job: str, hours: float, since: datetime, timeout: float) -> Lag:
        """`metric` of the job over the last `hours`, without points before `since`.

        An aligned point has the time at which its period ends, not the time of the measurement. So up to an
        hour is read unaligned; for longer times, only the newest period is read unaligned as well.
        """
        end = int(time.time())
        start = end - round(hours * 3600)
        if hours <= _SAMPLES_H:
            return _lag(self._series(metric, job, start, end, None, timeout), since)
        period = period_s(hours)
        most = Aggregation(
            alignment_period={"seconds": period}, per_series_aligner=Aggregation.Aligner.ALIGN_MAX
        )
        found = points(self._series(metric, job, start, end, most, timeout), since)
        if not found:
            return Lag()
        last = math.ceil(found[-1].time.timestamp())
        # The last period does not always end where the interval does.
        sampled = self._series(metric, job, last - 2 * period, min(end, last), None, timeout)
        whole = since + timedelta(seconds=period)
        return Lag(tuple(each for each in found if each.time >= whole), _lag(sampled, since).newest)

    def samples(self, metric: str, job: str, since: datetime, timeout: float) -> Series:
        """Every sample of a gauge since then, by database, oldest first."""
        found: dict[str, set[DelayPoint]] = {}
        for each in self._series(metric, job, math.floor(since.timestamp()), int(time.time()), None, timeout):
            found.setdefault(_labels(each)[0], set()).update(_since(each, since))
        return {name: tuple(sorted(each, key=lambda p: p.time)) for name, each in found.items()}

    def written(self, job: str, since: datetime, timeout: float) -> dict[str, tuple[Written, ...]]:
        """The rows written in CDC since then, by database, oldest first."""
        found: dict[str, list[Written]] = {}
        series = self._series(WRITTEN, job, math.floor(since.timestamp()), int(time.time()), None, timeout)
        for each in series:
            if each.metric.labels.get("phase", "") not in _DUMPING:
                found.setdefault(_labels(each)[0], []).extend(_writes(each, since))
        return {name: tuple(sorted(each, key=lambda w: w.end)) for name, each in found.items()}

    def source_writes(
        self, project: str, instance: str, since: datetime, timeout: float
    ) -> dict[str, tuple[Written, ...]]:
        """The rows written to a Cloud SQL instance for PostgreSQL since then, by database, oldest first."""
        found: dict[str, list[Written]] = {}
        filter = (
            f'metric.type = "{TUPLES}" AND resource.type = "cloudsql_database" AND '
            f'resource.labels.database_id = "{project}:{instance}"'
        )
        span = (math.floor(since.timestamp()), int(time.time()))
        for each in self._read(project, filter, span, None, timeout, instance):
            found.setdefault(_labels(each)[0], []).extend(_writes(each, since))
        return {name: tuple(sorted(each, key=lambda w: w.end)) for name, each in found.items()}

    def dump_percentages(
        self, job: str, hours: float, since: datetime, timeout: float
    ) -> tuple[DelayPoint, ...]:
        """The percentage of the whole dump over the last `hours`, oldest first, none before `since`."""
        end = int(time.time())
        series = self._series(DUMPED, job, end - round(hours * 3600), end, None, timeout)
        found = {point.time: point for each in series for point in _since(each, since)}
        return tuple(found[at] for at in sorted(found))

    def dump_progress(self, job: str, since: datetime, timeout: float) -> DumpProgress:
        """The newest percentage of each object of the job in the full dump, none before `since`."""
        end = int(time.time())
        series = self._series(DUMPED_BY_OBJECT, job, end - _MAX_AGE_S, end, None, timeout)
        newest = {
            _labels(each): max(_since(each, since), key=lambda p: p.time, default=None) for each in series
        }
        return DumpProgress({labels: point for labels, point in newest.items() if point is not None})

    def event_counts(
        self, job: str, span: Span, since: datetime, timeout: float
    ) -> tuple[dict[Labels, int], datetime | None]:
        """The unsupported events in `span` by table, and the end of the newest point; none before `since`."""
        start, end, period = span
        summed = Aggregation(
            alignment_period={"seconds": period}, per_series_aligner=Aggregation.Aligner.ALIGN_SUM
        )
        found: dict[Labels, int] = {}
        until: datetime | None = None
        for each in self._series(UNSUPPORTED, job, start, end, summed if period else None, timeout):
            points = list(_since(each, since))
            if points:
                found[_labels(each)] = found.get(_labels(each), 0) + round(sum(p.value for p in points))
                newest = max(p.time for p in points)
                until = newest if until is None else max(until, newest)
        return found, until

    def _series(
        self, metric: str, job: str, start: int, end: int, aggregation: Aggregation | None, timeout: float
    ) -> list[Any]:
        project, location, job_id = parse_name(job)
        filter = (
            f'metric.type = "{metric}" AND '
            'resource.type = "datamigration.googleapis.com/MigrationJob" AND '
            f'resource.labels.location = "{location}" AND resource.labels.migration_job_id = "{job_id}"'
        )
        return self._read(project, filter, (start, end), aggregation, timeout, job_id)

    def _read(
        self,
        project: str,
        filter: str,
        span: tuple[int, int],
        aggregation: Aggregation | None,
        timeout: float,
        called: str,
    ) -> list[Any]:
        """All series of a project that the filter names; `span` in seconds since 1970.

        The project of a metrics scope sees the series of the projects that it monitors as well, and a job of
        another project may have the same ID. Source: "Monitoring filters", the selector `project`.
        """
        start, end = span
        request = ListTimeSeriesRequest(
            name=f"projects/{project}",
            filter=f'{filter} AND project = "{project}"',
            interval=TimeInterval(start_time={"seconds": start}, end_time={"seconds": end}),
            aggregation=aggregation,
            view=ListTimeSeriesRequest.TimeSeriesView.FULL,
        )
        pages: list[Any] = []

        def read(token: str) -> Any:
            request.page_token = token
            pager = self._client.list_time_series(request, retry=None, timeout=timeout)
            page = next(iter(pager.pages))
            return type(page).pb(page)

        read_all(pages, read, lambda page: str(page.next_page_token), f"figures of {called}")
        return _whole(pages, called)


def _whole(pages: Iterable[Any], called: str) -> list[Any]:
    """All series of these pages.

    Raises:
        Unavailable: some may be missing, and what is missing must not look like nothing. Source: REST
            reference, `ListTimeSeriesResponse.executionErrors`.
    """
    series: list[Any] = []
    for page in pages:
        for error in page.execution_errors:
            reason = one_line(error.message) or "no reason was given"
            text = f"Cloud Monitoring could not read all figures of {called}: {reason}."
            raise Unavailable(text, code="INTERNAL", reason=reason)
        series += page.time_series
    return series


def period_s(hours: float) -> int:
    """Seconds between points: whole minutes, for at most `_MAX_POINTS` points."""
    minutes = math.ceil(hours * 3600 / _MAX_POINTS / _SAMPLE_PERIOD_S)
    return max(1, minutes) * _SAMPLE_PERIOD_S


def points(series: Iterable[Any], since: datetime) -> tuple[DelayPoint, ...]:
    """All series merged, oldest first, with the largest value at each time: the worst database counts."""
    worst: dict[datetime, float] = {}
    for each in series:
        for point in _since(each, since):
            worst[point.time] = max(worst.get(point.time, 0.0), point.value)
    return tuple(DelayPoint(at, worst[at]) for at in sorted(worst))


def _lag(series: Iterable[Any], since: datetime) -> Lag:
    """A `Lag` of unaligned series."""
    found = list(series)
    newest: dict[str, DelayPoint] = {}
    for each in found:
        for point in _since(each, since):
            before = newest.get(database := _labels(each)[0])
            if before is None or point.time > before.time:
                newest[database] = point
    return Lag(points(found, since), newest)


def _since(series: Any, since: datetime) -> Iterator[DelayPoint]:
    """Points at or after `since`: older ones belong to another job or to the time before a pause."""
    for each in series.points:
        at, value = utc(each.interval.end_time), _number(each.value)
        if at >= since and value is not None:
            yield DelayPoint(at, value)


def _writes(series: Any, since: datetime) -> Iterator[Written]:
    for each in series.points:
        begin, end = utc(each.interval.start_time), utc(each.interval.end_time)
        value = _number(each.value)
        if end >= since and value is not None:
            yield Written(begin, end, round(value))


def _labels(series: Any) -> Labels:
    labels = series.metric.labels
    return labels.get("database", ""), labels.get("schema", ""), labels.get("table", "")


def _number(value: Any) -> float | None:
    """None if it is no number, which must not count as a zero. Source: `google.monitoring.v3.TypedValue`."""
    kind = value.WhichOneof("value")
    number = float(getattr(value, kind)) if kind in ("int64_value", "double_value") else math.nan
    return number if math.isfinite(number) else None
