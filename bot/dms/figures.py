"""What Cloud Monitoring, and the objects of a job, say of its progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from bot.dms.backup_files import BackupLags
from bot.dms.calls import Calls
from bot.dms.drain_samples import DrainSamples, Series, Written
from bot.dms.engines import reads_backup_files
from bot.dms.errors import DmsError
from bot.dms.model import Database, Delay, DelayPoint, DumpProgress, Job, Lag
from bot.dms.monitoring import (
    BYTES,
    LOG_UPLOAD,
    SECONDS,
    UNPROCESSED_BYTES,
    UNPROCESSED_FILES,
    Monitoring,
)
from bot.dms.source_counters import source_instance
from bot.dms.unsupported import (
    KEPT,
    MAY_COUNT_BY_OBJECT,
    SERVICE,
    EventCounts,
    Labels,
    Span,
    object_counts,
    spans,
)

T = TypeVar("T")
Concurrently = Callable[[Sequence[Callable[[], Any]]], list[Any]]
"""Runs tasks in parallel and returns their results in order."""

_RECENT_H = 1.0


class Figures:
    """Reads figures of jobs; raises the errors of `bot.dms.errors`."""

    def __init__(self, calls: Calls, monitoring: Monitoring, concurrently: Concurrently) -> None:
        self._calls = calls
        self._monitoring = monitoring
        self._concurrently = concurrently

    def with_threads(self, concurrently: Concurrently) -> Figures:
        """The same, with other threads."""
        return Figures(self._calls, self._monitoring, concurrently)

    def delay(self, job: Job, hours: float, since: datetime | None) -> Delay:
        begun = _begin(job, since)
        seconds, in_bytes = self._concurrently(
            [partial(self._delay_series, each, job, hours, begun) for each in (SECONDS, BYTES)]
        )
        return Delay(seconds=seconds, bytes=in_bytes)

    def _delay_series(self, metric: str, job: Job, hours: float, since: datetime) -> Lag:
        return self._read(
            f"read the replication delay of {job.id}",
            lambda t: self._monitoring.delay_series(metric, job.name, hours, since, t),
        )

    def backup_lags(self, job: Job, since: datetime | None) -> BackupLags:
        begun = _begin(job, since)
        series = [
            partial(self._delay_series, each, job, _RECENT_H, begun)
            for each in (UNPROCESSED_FILES, UNPROCESSED_BYTES, LOG_UPLOAD)
        ]
        return BackupLags(*self._concurrently(series))

    def drain_samples(self, job: Job, since: datetime) -> DrainSamples:
        begun = _begin(job, since)
        by_files = reads_backup_files(job)
        metrics = (SECONDS, BYTES, *((UNPROCESSED_FILES, UNPROCESSED_BYTES, LOG_UPLOAD) if by_files else ()))
        reads: list[Callable[[], Any]] = [partial(self._samples, each, job, begun) for each in metrics]
        more = (
            partial(self._written, job, begun),
            partial(_error_or, partial(self.source_writes, job, begun)),
        )
        *series, written, source = self._concurrently([*reads, *more])
        files, size, upload = series[2:] or ({}, {}, {})
        at_source = {} if isinstance(source, DmsError) else source
        return DrainSamples(series[0], series[1], files, size, upload, written, at_source)

    def source_writes(self, job: Job, since: datetime) -> dict[str, tuple[Written, ...]]:
        instance = source_instance(job)
        if instance is None:
            return {}
        return self._read(
            f"read what is written to the source of {job.id}",
            lambda t: self._monitoring.source_writes(*instance, since, t),
        )

    def _samples(self, metric: str, job: Job, since: datetime) -> Series:
        return self._read(
            f"read the replication delay of {job.id}",
            lambda t: self._monitoring.samples(metric, job.name, since, t),
        )

    def _written(self, job: Job, since: datetime) -> dict[str, tuple[Written, ...]]:
        return self._read(
            f"read what is written by {job.id}",
            lambda t: self._monitoring.written(job.name, since, t),
        )

    def dump_percentages(self, job: Job, hours: float, since: datetime | None) -> tuple[DelayPoint, ...]:
        return self._read(
            f"read how far the dump of {job.id} is",
            lambda t: self._monitoring.dump_percentages(job.name, hours, _begin(job, since), t),
        )

    def dump_progress(self, job: Job, since: datetime | None) -> DumpProgress:
        return self._read(
            f"read how far the databases of {job.id} are",
            lambda t: self._monitoring.dump_progress(job.name, _begin(job, since), t),
        )

    def event_counts(self, job: Job, databases: Callable[[str], Sequence[Database]]) -> EventCounts:
        """Unsupported events since the job was created. What cannot be read is told in `note`, not raised."""
        end = time.time()
        begin = max(job.create_time, datetime.fromtimestamp(end, UTC) - KEPT)
        reads: list[Callable[[], Any]] = [
            partial(self._events, job, span, begin) for span in spans(begin.timestamp(), end)
        ]
        of_metric = len(reads)
        if job.source.engine in MAY_COUNT_BY_OBJECT:
            reads.append(partial(databases, job.name))
        answers = self._concurrently([partial(_error_or, each) for each in reads])
        errors = [str(each) for each in answers if isinstance(each, DmsError)]
        counted, listed = answers[:of_metric], answers[of_metric:]
        parts = [each for each in counted if not isinstance(each, DmsError)]
        return EventCounts(
            metric=_sum([part[0] for part in parts]) if len(parts) == len(counted) else None,
            objects=next((object_counts(each) for each in listed if not isinstance(each, DmsError)), None),
            until=max((at for _, at in parts if at is not None), default=None),
            since=begin if begin > job.create_time else None,
            note=errors[0].rstrip(".") if errors else "",
        )

    def _events(self, job: Job, span: Span, since: datetime) -> tuple[dict[Labels, int], datetime | None]:
        return self._read(
            f"read the unsupported events of {job.id}",
            lambda t: self._monitoring.event_counts(job.name, span, since, t),
        )

    def _read(self, action_text: str, call: Callable[[float], T]) -> T:
        return self._calls.read("ListTimeSeries", action_text, call, service=SERVICE)


def _begin(job: Job, since: datetime | None) -> datetime:
    """No figure before the job was created counts: it belongs to a deleted job of the same name."""
    return max(job.create_time, since or job.create_time)


def _error_or(read: Callable[[], T]) -> T | DmsError:
    try:
        return read()
    except DmsError as error:
        return error


def _sum(parts: Sequence[dict[Labels, int]]) -> dict[Labels, int]:
    total: dict[Labels, int] = {}
    for part in parts:
        for labels, count in part.items():
            total[labels] = total.get(labels, 0) + count
    return total
