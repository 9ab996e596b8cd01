"""Figures of Cloud Monitoring that people wait for: a part of `shared_reads`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from bot.dms.backup_files import BackupLags
from bot.dms.drain_samples import DrainSamples, Written
from bot.dms.errors import DmsError
from bot.dms.flights import Flights
from bot.dms.many_projects import ProjectGateways
from bot.dms.model import Delay, DelayPoint, DumpProgress, Job
from bot.dms.reachability import Gate
from bot.dms.unsupported import MAY_COUNT_BY_OBJECT, SERVICE, EventCounts
from bot.util import parallel

if TYPE_CHECKING:
    from bot.dms.figures import Figures  # loads Google's clients

T = TypeVar("T")


class SharedFigures:
    """Reads figures through `flights`, which join reads and limit them."""

    def __init__(self, dms: ProjectGateways, flights: Flights) -> None:
        self._dms = dms
        self._flights = flights

    def delay(self, job: Job, hours: float = 1.0, since: datetime | None = None) -> Delay:
        return self._figure(job, "delay", (hours, since), lambda: self._figures(job).delay(job, hours, since))

    def drain_samples(self, job: Job, since: datetime) -> DrainSamples:
        return self._figure(job, "drain", (since,), partial(self._figures(job).drain_samples, job, since))

    def source_writes(self, job: Job, since: datetime) -> Mapping[str, tuple[Written, ...]]:
        work = partial(self._figures(job).source_writes, job, since)
        # Apart from the other figures: the instance may be in a project that cannot be read.
        return self._read(_monitoring("source", job), (job.name, since), work)

    def dump_percentages(
        self, job: Job, hours: float, since: datetime | None = None
    ) -> tuple[DelayPoint, ...]:
        work = partial(self._figures(job).dump_percentages, job, hours, since)
        return self._figure(job, "dump", (hours, since), work)

    def dump_progress(self, job: Job, since: datetime | None = None) -> DumpProgress:
        work = partial(self._figures(job).dump_progress, job, since)
        return self._figure(job, "progress", (since,), work)

    def backup_lags(self, job: Job, since: datetime | None = None) -> BackupLags:
        return self._figure(job, "backups", (since,), partial(self._figures(job).backup_lags, job, since))

    def event_counts(self, job: Job) -> EventCounts:
        by_object = job.source.engine in MAY_COUNT_BY_OBJECT
        gate = Gate("events", job.project, job.location) if by_object else _monitoring("events", job)
        work = partial(self._figures(job).event_counts, job, self._dms.databases)
        try:
            return self._read(gate, (job.name, job.create_time), work)
        except DmsError as error:
            return EventCounts(note=str(error).rstrip("."))

    def _figure(self, job: Job, what: str, more: Hashable, work: Callable[[], T]) -> T:
        return self._read(_monitoring("figures", job), (what, job.name, job.create_time, more), work)

    def _read(self, gate: Gate, key: Hashable, work: Callable[[], T]) -> T:
        def noted() -> T:
            with self._dms.reachability.noting(gate):
                return work()

        return self._flights.read(gate, key, noted)

    def _figures(self, job: Job) -> Figures:
        return self._dms.of(job.name).figures.with_threads(parallel.all_of)


def _monitoring(what: str, job: Job) -> Gate:
    """Of reads that Cloud Monitoring answers, for all locations of a project."""
    return Gate(what, job.project, service=SERVICE)
