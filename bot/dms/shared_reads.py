"""The reads that people wait for: with a limit, joined with the same reads of others, side by side.

What runs without anybody waiting (the watcher, runs, their recovery) uses the gateway itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from bot.dms import answer_deadline
from bot.dms.backup_files import BackupLags
from bot.dms.errors import DmsError, Refused
from bot.dms.figures import MAY_COUNT_BY_OBJECT, SERVICE
from bot.dms.flights import Flight, Flights
from bot.dms.gateway import Gateway
from bot.dms.jobs import LocationJobs, merged
from bot.dms.model import (
    Database,
    Delay,
    DelayPoint,
    DumpProgress,
    Job,
    JobList,
    ObjectsConfig,
    Operation,
    Vm,
)
from bot.dms.reachability import JOB, JOBS, Gate
from bot.dms.rest_fields import RestFields
from bot.dms.unsupported import EventCounts
from bot.util import parallel

T = TypeVar("T")

_GRACE_S = 0.8
"""Once a job is found, how long, in seconds, other locations are waited for: one with the same id is rare."""
_THREADS = 64
_THREADS_PER_LOCATION = 4
_FIGURES = Gate("figures", service=SERVICE)


class SharedReads:
    """Implements `bot.dms.port.Reads` on a gateway; thread-safe.

    A read takes at most `limit_s` seconds.
    """

    def __init__(self, gateway: Gateway, limit_s: float = answer_deadline.READ_S) -> None:
        self.project = gateway.project
        self.locations = gateway.locations
        self._gateway = gateway
        self._figures = gateway.figures.with_threads(parallel.all_of)
        threads = _THREADS + _THREADS_PER_LOCATION * max(1, len(gateway.locations))
        self._flights = Flights(gateway.reachability, threads, limit_s)

    # Jobs

    def list_jobs(self, location: str | None = None, filter: str = "", *, durations: bool = True) -> JobList:
        names = (location,) if location else self.locations or ("-",)
        begun = {
            each: self._begin(
                Gate(JOBS, each),
                (filter, durations),
                partial(self._gateway.jobs.in_location, each, filter, durations=durations),
            )
            for each in names
        }
        return _answer(self._parts(begun))

    def find(self, job_id: str, *, thorough: bool = True) -> JobList:
        if not self.locations:
            listed = self.list_jobs()
            return replace(listed, jobs=tuple(job for job in listed.jobs if job.id == job_id))
        begun = {
            each: self._begin(Gate(JOB, each), job_id, partial(self._gateway.jobs.find_in, each, job_id))
            for each in self.locations
        }
        until = float("inf") if thorough else _soon_after_the_first(begun)
        return _answer(self._parts(begun, until))

    def get_job(self, name: str, *, fresh: bool = False) -> Job:
        # What a decision is based on is read for it alone: a joined read may have begun seconds ago.
        alone = object() if fresh else None
        return self._in_location(JOB, name, partial(self._gateway.get_job, name, fresh=fresh), alone)

    # Parts of a job

    def databases(self, name: str) -> tuple[Database, ...]:
        return self._in_location("databases", name, partial(self._gateway.databases, name))

    def objects_config(self, name: str) -> ObjectsConfig:
        return self._in_location("config", name, partial(self._gateway.objects_config, name))

    def rest_fields(self, name: str) -> RestFields:
        return self._in_location("rest", name, partial(self._gateway.rest_fields, name))

    def fetch_source_objects(self, name: str) -> Operation:
        return self._in_location("source", name, partial(self._gateway.fetch_source_objects, name))

    def ssh_script(self, job: Job, vm: Vm) -> str:
        return self._in_location("script", job.name, partial(self._gateway.ssh_script, job, vm), vm)

    def tcp_proxy_script(self, job: Job, vm: Vm) -> str:
        return self._in_location("proxy", job.name, partial(self._gateway.tcp_proxy_script, job, vm), vm)

    def get_operation(self, name: str) -> Operation:
        return self._in_location("operation", name, partial(self._gateway.get_operation, name))

    def operations(self, job: Job, since: datetime) -> tuple[Operation, ...]:
        work = partial(self._gateway.operations, job, since)
        return self._in_location("operations", job.name, work, since)

    def profiles_note(self, job: Job) -> str:
        return self._gateway.profiles_note(job)

    def console_url(self, job: Job) -> str:
        return self._gateway.console_url(job)

    # Figures

    def delay(self, job: Job, hours: float = 1.0, since: datetime | None = None) -> Delay:
        return self._figure(job, "delay", (hours, since), lambda: self._figures.delay(job, hours, since))

    def dump_percentages(
        self, job: Job, hours: float, since: datetime | None = None
    ) -> tuple[DelayPoint, ...]:
        work = partial(self._figures.dump_percentages, job, hours, since)
        return self._figure(job, "dump", (hours, since), work)

    def dump_progress(self, job: Job, since: datetime | None = None) -> DumpProgress:
        work = partial(self._figures.dump_progress, job, since)
        return self._figure(job, "progress", (since,), work)

    def backup_lags(self, job: Job, since: datetime | None = None) -> BackupLags:
        return self._figure(job, "backups", (since,), partial(self._figures.backup_lags, job, since))

    def event_counts(self, job: Job) -> EventCounts:
        by_object = job.source.engine in MAY_COUNT_BY_OBJECT
        gate = Gate("events", job.location) if by_object else Gate("events", service=SERVICE)
        work = partial(self._figures.event_counts, job, self._gateway.databases)
        try:
            return self._read(gate, (job.name, job.create_time), work)
        except DmsError as error:
            return EventCounts(note=str(error).rstrip("."))

    def _figure(self, job: Job, what: str, more: Hashable, work: Callable[[], T]) -> T:
        return self._read(_FIGURES, (what, job.name, job.create_time, more), work)

    def close(self) -> None:
        """Make no more reads; those in flight end when the gateway is closed."""
        self._flights.close()

    def _in_location(self, what: str, name: str, work: Callable[[], T], *more: Hashable) -> T:
        return self._read(Gate(what, _location(name)), (name, *more), work)

    def _read(self, gate: Gate, key: Hashable, work: Callable[[], T]) -> T:
        def noted() -> T:
            with self._gateway.reachability.noting(gate):
                return work()

        return self._flights.read(gate, key, noted)

    def _begin(
        self, gate: Gate, key: Hashable, work: Callable[[], LocationJobs]
    ) -> Flight[LocationJobs] | DmsError:
        try:
            return self._flights.begin(gate, key, work, lambda part: part.error is None)
        except DmsError as error:
            return error

    def _parts(
        self, begun: Mapping[str, Flight[LocationJobs] | DmsError], until: float = float("inf")
    ) -> list[LocationJobs]:
        return [_part(location, each, self._flights, until) for location, each in begun.items()]


def _part(
    location: str, begun: Flight[LocationJobs] | DmsError, flights: Flights, until: float
) -> LocationJobs:
    """What the location answered; what went wrong is in the part."""
    try:
        if isinstance(begun, DmsError):
            raise begun
        return flights.result(begun, until)
    except DmsError as error:
        part = LocationJobs(location)
        part.fail(error)
        return part


def _location(name: str) -> str:
    """Of a resource name: `projects/…/locations/LOCATION/…`."""
    return name.split("/")[3]


def _soon_after_the_first(begun: Mapping[str, Flight[LocationJobs] | DmsError]) -> float:
    """When to leave, by `time.monotonic`: a moment after one location has the job; infinite if none has."""
    flights = [each for each in begun.values() if not isinstance(each, DmsError)]
    pending: set[Future[LocationJobs]] = {each.future for each in flights}
    last = min(answer_deadline.until(), max((each.limit for each in flights), default=0.0))
    while pending and (left := last - time.monotonic()) > 0:
        done, pending = wait(pending, left, FIRST_COMPLETED)
        if any(_has_job(each) for each in done):
            return time.monotonic() + _GRACE_S
    return float("inf")


def _has_job(done: Future[LocationJobs]) -> bool:
    return not done.cancelled() and done.exception() is None and bool(done.result().jobs)


def _answer(parts: Sequence[LocationJobs]) -> JobList:
    """The parts as one answer, which names the locations that are missing.

    Raises:
        DmsError: there is one error for all locations: the filter is not valid, or `-` did not answer.
    """
    errors = [each.error for each in parts if each.error is not None]
    concern_all = [each for each in errors if isinstance(each, Refused) or each.code == "UNAUTHENTICATED"]
    if len(errors) == len(parts) and (concern_all or parts[0].location == "-"):
        raise (concern_all or errors)[0]
    return merged(parts)
