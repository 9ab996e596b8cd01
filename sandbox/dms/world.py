"""The state of the sandbox: jobs, profiles, destinations, operations, and planned events."""

from __future__ import annotations

import heapq
import itertools
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.dms.clock import ScaledClock, rfc3339
from sandbox.dms.conditions import DMS, Conditions
from sandbox.dms.errors import ApiError, not_found
from sandbox.dms.model import Destination, Job, Operation, Profile
from sandbox.dms.names import Parent, location_of

DEFAULT_LOCATIONS = ("europe-west1", "us-central1")


@dataclass
class Place:
    """The jobs of one location, and their names in order (None: to be sorted again)."""

    jobs: dict[str, Job] = field(default_factory=dict)
    ordered: list[str] | None = None

    def sorted_names(self) -> list[str]:
        if self.ordered is None:
            self.ordered = sorted(self.jobs)
        return self.ordered


@dataclass(frozen=True)
class PlannedOutcome:
    """How the next operation of a job will fail. `job` is a name, an ID or `*`."""

    job: str
    verb: str
    error: Any

    def suits(self, job: Job, verb: str) -> bool:
        return verb == self.verb and self.job in ("*", job.id, job.name)


class World:
    """All state behind one lock. Nothing runs by itself: each caller calls `settle` before it reads."""

    def __init__(
        self,
        project: str,
        clock: ScaledClock,
        operation_seconds: float,
        more_projects: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.project = project
        """The first one, whose name may be left out."""
        self.more_projects = dict(more_projects or {})
        """Further ones with their locations."""
        self.conditions = Conditions()
        self.clock = clock
        self.default_operation_seconds = operation_seconds
        self._sequence = itertools.count()
        self.clear()

    def clear(self) -> None:
        """Forget everything except the speed of the clock."""
        self.clock.restart()
        self.places: dict[tuple[str, str], Place] = {}
        self.profiles: dict[str, Profile] = {}
        self.destinations: dict[str, Destination] = {}
        self.operations: dict[str, Operation] = {}
        self.requests: dict[tuple[str, str], str] = {}
        self.outcomes: list[PlannedOutcome] = []
        self.unreachable: set[tuple[str, str]] = set()  # project (empty: every one) and location
        self.permissions: dict[str, frozenset[str]] = {}  # by project (empty: every one); else all
        self.quotas: dict[str, int] = {}  # API requests a minute, by project
        self.conditions.clear()
        self.monitoring = True
        self.monitored: dict[str, set[str]] = {}  # by scoping project: the others of its metrics scope
        self.visible_after = 0.0  # wall seconds from a sample until Cloud Monitoring shows it
        self.operation_seconds = self.default_operation_seconds
        self._moment: float | None = None
        self._agenda: list[tuple[float, int, Callable[[float], None]]] = []
        self.add_project(self.project)
        for project, locations in self.more_projects.items():
            self.add_project(project, locations)

    # Time

    def now(self) -> float:
        """Scaled time. While planned events are made up for, the time that they were planned for."""
        return self.clock.now() if self._moment is None else self._moment

    def stamp(self, scaled: float) -> str:
        return rfc3339(self.clock.wall_of(scaled))

    def at(self, scaled: float, act: Callable[[float], None]) -> None:
        """Call `act` at the scaled time; it gets that time, even if it is called later."""
        heapq.heappush(self._agenda, (scaled, next(self._sequence), act))

    def settle(self) -> float:
        """Run everything that is due by now, in order. Returns now."""
        now = self.now()
        try:
            while self._agenda and self._agenda[0][0] <= now:
                self._moment, _, act = heapq.heappop(self._agenda)
                act(self._moment)
        finally:
            self._moment = None
        return now

    # Places and jobs

    def place(self, project: str, location: str) -> Place:
        return self.places.setdefault((project, location), Place())

    def add_project(self, project: str, locations: Sequence[str] = DEFAULT_LOCATIONS) -> None:
        """Let there be this project, with at least these locations."""
        for location in locations:
            self.place(project, location)

    def projects(self) -> list[str]:
        """In the order in which they came."""
        return list(dict.fromkeys(project for project, _ in self.places))

    def locations(self, project: str) -> list[str]:
        return sorted(location for p, location in self.places if p == project)

    def add_job(self, job: Job) -> None:
        place = self.place(job.project, job.location)
        place.jobs[job.name] = job
        place.ordered = None

    def drop_job(self, job: Job) -> None:
        place = self.place(job.project, job.location)
        # Do not remove a newer job of the same name.
        if place.jobs.get(job.name) is job:
            del place.jobs[job.name]
            place.ordered = None

    def job(self, name: str) -> Job:
        """Raises NOT_FOUND."""
        found = self.find_job(name)
        if found is None:
            raise not_found(name)
        return found

    def find_job(self, name: str) -> Job | None:
        where = location_of(name)
        place = self.places.get(where) if where else None
        return place.jobs.get(name) if place else None

    def all_jobs(self) -> Iterator[Job]:
        for place in self.places.values():
            yield from place.jobs.values()

    def job_by_id(self, name_or_id: str) -> Job:
        """By full name, `project/location/id`, `location/id` or a unique ID. Raises KeyError."""
        tail = tuple(name_or_id.split("/"))
        found = [
            j
            for j in self.all_jobs()
            if j.name == name_or_id or (j.project, j.location, j.id)[-len(tail) :] == tail
        ]
        if len(found) != 1:
            raise KeyError(f"{len(found)} jobs are called {name_or_id}")
        return found[0]

    # Reachability

    def check_project(self, project: str) -> None:
        """Raises PERMISSION_DENIED for a project that does not exist. Source: CONSUMER_INVALID of
        `google.api.ErrorReason`."""
        if not any(project == each for each, _ in self.places):
            raise ApiError(
                "PERMISSION_DENIED",
                f"Permission denied on resource project {project}.",
                reason="CONSUMER_INVALID",
                domain="googleapis.com",
                metadata={"service": DMS, "consumer": f"projects/{project}"},
            )

    def is_down(self, project: str, location: str) -> bool:
        return ("", location) in self.unreachable or (project, location) in self.unreachable

    def check_reachable(self, parent: Parent) -> None:
        """Raises PERMISSION_DENIED for a foreign project, UNAVAILABLE for a location that is down."""
        self.check_project(parent.project)
        if self.is_down(parent.project, parent.location):
            raise ApiError("UNAVAILABLE", f"The location {parent.location} is temporarily unavailable.")

    def granted(self, project: str, asked: Sequence[str]) -> list[str]:
        """Which of these permissions the caller has in a project."""
        if self.conditions.denied(project):
            return []
        found = self.permissions.get(project, self.permissions.get(""))
        return [each for each in asked if found is None or each in found]

    # Operations

    def begin(
        self,
        verb: str,
        target: str,
        finish: Callable[[float], Any],
        revert: Callable[[float], None],
        *,
        error: Any = None,
        seconds: float | None = None,
    ) -> Operation:
        """Start a long-running operation that ends by itself after `seconds` (scaled)."""
        now = self.now()
        where = "/".join(target.split("/")[:4])
        name = f"{where}/operations/operation-{int(self.clock.wall() * 1000)}-{uuid.uuid4().hex[:24]}"
        lasts = self.operation_seconds if seconds is None else seconds
        operation = Operation(name, verb, target, now, now + lasts, finish, revert, planned_error=error)
        self.operations[name] = operation
        self.at(operation.due, lambda at: self._end(operation, at))
        return operation

    def _end(self, operation: Operation, at: float) -> None:
        if operation.done:
            return
        if operation.planned_error is None:
            operation.response = operation.finish(at)
        else:
            operation.error = operation.planned_error
            operation.revert(at)
        operation.ended = at

    def cancel(self, operation: Operation, error: Any) -> None:
        """End an operation early with `error` and undo its effects. Call `request_cancel` for the API."""
        if operation.done:
            return
        now = self.now()
        operation.cancel_requested = True
        operation.error = error
        operation.revert(now)
        operation.ended = now

    def request_cancel(self, operation: Operation, error: Any) -> None:
        """The reference of `operations.cancel`: "makes a best effort", "success is not guaranteed"."""
        if operation.done:
            return
        operation.cancel_requested = True
        if operation.cancellable:
            self.cancel(operation, error)

    def take_outcome(self, job: Job, verb: str) -> Any:
        """The error planned for this operation, once; None for success."""
        for index, planned in enumerate(self.outcomes):
            if planned.suits(job, verb):
                return self.outcomes.pop(index).error
        return None

    def remembered(self, method: str, request_id: str) -> Operation | None:
        """The operation that an earlier call with the same request ID started."""
        name = self.requests.get((method, request_id)) if request_id else None
        return self.operations.get(name) if name else None

    def remember(self, method: str, request_id: str, operation: Operation) -> None:
        if request_id:
            self.requests[(method, request_id)] = operation.name
