"""Replication delay and progress of the full dump, from Cloud Monitoring.

Source: service `google.monitoring.v3.MetricService`, method `ListTimeSeries`; metrics
`datamigration.googleapis.com/migration_job/max_replica_sec_lag`, `…/max_replica_bytes_lag` and
`…/fulldump_progress_percentage_per_object` (gauges, sampled every 60 seconds and visible up to 180
seconds later) on the resource `datamigration.googleapis.com/MigrationJob`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from typing import Any

import grpc
from google.cloud.monitoring_v3 import MetricServiceClient
from google.cloud.monitoring_v3.services.metric_service.transports import MetricServiceGrpcTransport
from google.cloud.monitoring_v3.types import Aggregation, ListTimeSeriesRequest, TimeInterval

from bot.dms.convert import utc
from bot.dms.model import DelayPoint, DumpProgress, parse_name

SECONDS = "datamigration.googleapis.com/migration_job/max_replica_sec_lag"
BYTES = "datamigration.googleapis.com/migration_job/max_replica_bytes_lag"
DUMPED = "datamigration.googleapis.com/migration_job/fulldump_progress_percentage_per_object"

_SAMPLED_S = 60
_FRESH_S = 600
"""Seconds that a percentage of the dump counts for: a few samples, as they show up late."""
_POINTS = 288
"""Most points asked for: every 5 minutes of a day, as many as a chart can show."""


class Monitoring:
    """Reads time series on one channel; raises what the client library raises."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._client = MetricServiceClient(transport=MetricServiceGrpcTransport(channel=channel))

    def lag(self, metric: str, job: str, hours: float, timeout: float) -> tuple[DelayPoint, ...]:
        """`metric` of the job over the last `hours`, newest last; the largest value of each period."""
        most = Aggregation(
            alignment_period={"seconds": period_s(hours)},
            per_series_aligner=Aggregation.Aligner.ALIGN_MAX,
        )
        return points(self._series(metric, job, hours, most, timeout))

    def dumped(self, job: str, timeout: float) -> DumpProgress:
        """The newest percentage of each object of the job that is in the full dump."""
        newest = Aggregation(
            alignment_period={"seconds": _FRESH_S},
            per_series_aligner=Aggregation.Aligner.ALIGN_NEXT_OLDER,
        )
        series = self._series(DUMPED, job, _FRESH_S / 3600, newest, timeout)
        return DumpProgress({_labels(each): _newest(each) for each in series if each.points})

    def _series(
        self, metric: str, job: str, hours: float, aggregation: Aggregation, timeout: float
    ) -> Iterator[Any]:
        project, location, job_id = parse_name(job)
        request = ListTimeSeriesRequest(
            name=f"projects/{project}",
            filter=(
                f'metric.type = "{metric}" AND '
                'resource.type = "datamigration.googleapis.com/MigrationJob" AND '
                f'resource.labels.location = "{location}" AND resource.labels.migration_job_id = "{job_id}"'
            ),
            interval=_last(hours),
            aggregation=aggregation,
            view=ListTimeSeriesRequest.TimeSeriesView.FULL,
        )
        pager = self._client.list_time_series(request, retry=None, timeout=timeout)
        for page in pager.pages:
            yield from type(page).pb(page).time_series


def period_s(hours: float) -> int:
    """Seconds from one point to the next: whole minutes, no more than `_POINTS` of them."""
    minutes = math.ceil(hours * 3600 / _POINTS / _SAMPLED_S)
    return max(1, minutes) * _SAMPLED_S


def points(series: Iterable[Any]) -> tuple[DelayPoint, ...]:
    """All series as one, oldest first: at each time the largest value, as the worst one counts."""
    worst: dict[Any, float] = {}
    for each in series:
        for point in each.points:
            at = utc(point.interval.end_time)
            worst[at] = max(worst.get(at, 0.0), _number(point.value))
    return tuple(DelayPoint(at, worst[at]) for at in sorted(worst))


def _labels(series: Any) -> tuple[str, str, str]:
    labels = series.metric.labels
    return labels.get("database", ""), labels.get("schema", ""), labels.get("table", "")


def _newest(series: Any) -> float:
    return _number(max(series.points, key=lambda point: utc(point.interval.end_time)).value)


def _number(value: Any) -> float:
    kind = value.WhichOneof("value")
    return float(getattr(value, kind)) if kind in ("int64_value", "double_value") else 0.0


def _last(hours: float) -> TimeInterval:
    now = time.time()
    return TimeInterval(
        start_time={"seconds": int(now - hours * 3600)},
        end_time={"seconds": int(now)},
    )
