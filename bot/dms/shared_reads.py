"""The reads that people wait for: with a limit, joined with the same reads of others, side by side.

What runs without anybody waiting (the watcher, runs, their recovery) uses the gateway itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from bot.config.projects import Place
from bot.dms.answer_deadline import PATIENCE, Patience
from bot.dms.destination import Destination
from bot.dms.flights import Flights
from bot.dms.many_projects import ProjectGateways
from bot.dms.model import (
    Database,
    Job,
    JobList,
    ObjectsConfig,
    Operation,
    Vm,
)
from bot.dms.reachability import JOB, Gate
from bot.dms.rest_fields import RestFields
from bot.dms.shared_figures import SharedFigures
from bot.dms.shared_lists import SharedLists

T = TypeVar("T")

_THREADS = 64
_THREADS_PER_PLACE = 4


class SharedReads(SharedFigures):
    """Implements `bot.dms.port.Reads` on the gateways of all projects; thread-safe.

    What is silent or fails in one place holds back no other: each kind of read has a gate for each place.
    """

    def __init__(self, dms: ProjectGateways, patience: Patience = PATIENCE) -> None:
        self.projects = dms.projects
        threads = _THREADS + _THREADS_PER_PLACE * len(dms.projects.places)
        super().__init__(dms, Flights(dms.reachability, threads, patience))
        self._lists = SharedLists(dms, self._flights, patience)

    # Jobs

    def list_jobs(self, place: Place | None = None, filter: str = "", *, durations: bool = True) -> JobList:
        return self._lists.list_jobs(place, filter, durations=durations)

    def find(self, job_id: str, *, thorough: bool = True) -> JobList:
        return self._lists.find(job_id, thorough=thorough)

    def get_job(self, name: str, *, fresh: bool = False) -> Job:
        # What a decision is based on is read for it alone: a joined read may have begun seconds ago.
        alone = object() if fresh else None
        return self._in_location(JOB, name, partial(self._dms.get_job, name, fresh=fresh), alone)

    # Parts of a job

    def databases(self, name: str) -> tuple[Database, ...]:
        return self._in_location("databases", name, partial(self._dms.databases, name))

    def objects_config(self, name: str) -> ObjectsConfig:
        return self._in_location("config", name, partial(self._dms.objects_config, name))

    def rest_fields(self, name: str) -> RestFields:
        return self._in_location("rest", name, partial(self._dms.rest_fields, name))

    def fetch_source_objects(self, name: str) -> Operation:
        return self._in_location("source", name, partial(self._dms.fetch_source_objects, name))

    def ssh_script(self, job: Job, vm: Vm) -> str:
        return self._in_location("script", job.name, partial(self._dms.ssh_script, job, vm), vm)

    def tcp_proxy_script(self, job: Job, vm: Vm) -> str:
        return self._in_location("proxy", job.name, partial(self._dms.tcp_proxy_script, job, vm), vm)

    def get_operation(self, name: str) -> Operation:
        return self._in_location("operation", name, partial(self._dms.get_operation, name))

    def operations(self, job: Job, since: datetime) -> tuple[Operation, ...]:
        work = partial(self._dms.operations, job, since)
        return self._in_location("operations", job.name, work, since)

    def permissions(self, name: str, names: Sequence[str]) -> frozenset[str]:
        work = partial(self._dms.permissions, name, names)
        return self._in_location("permissions", name, work, tuple(names))

    def destination(self, job: Job) -> Destination | None:
        gate = Gate("destination", job.project, job.location, service=job.destination.provider or "Cloud SQL")
        return self._read(gate, job.destination, partial(self._dms.destination, job))

    def profiles_note(self, job: Job) -> str:
        return self._dms.profiles_note(job)

    def console_url(self, job: Job) -> str:
        return self._dms.console_url(job)

    def close(self) -> None:
        """Make no more reads; those in flight end when the gateway is closed."""
        self._flights.close()

    def _in_location(self, what: str, name: str, work: Callable[[], T], *more: Hashable) -> T:
        return self._read(Gate.of(what, _place(name)), (name, *more), work)


def _place(name: str) -> Place:
    """Of a resource name: `projects/PROJECT/locations/LOCATION/…`."""
    parts = name.split("/")
    return Place(parts[1], parts[3])
