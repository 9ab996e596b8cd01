"""The sandbox's control API under `/sandbox/`: tests set it up and read its state with it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict
from typing import Any

from google.cloud import clouddms_v1

from sandbox.dms import large, logbackups, recovery, scenario, seed, views
from sandbox.dms.calls import CallLog
from sandbox.dms.conditions import DMS, TITLES
from sandbox.dms.dump import destination_of, finish_dump_if_over
from sandbox.dms.errors import make_status
from sandbox.dms.faults import Fault, Faults
from sandbox.dms.model import Job
from sandbox.dms.placing import status_of
from sandbox.dms.world import DEFAULT_LOCATIONS, PlannedOutcome, World

_VerificationError: Any = type(
    clouddms_v1.MigrationJobVerificationError.pb(clouddms_v1.MigrationJobVerificationError())
)
Handler = Callable[..., Any]


class ControlService:
    """One method per control call; each takes the JSON body's keys as arguments and returns JSON."""

    def __init__(self, world: World, log: CallLog, faults: Faults) -> None:
        self._world = world
        self._log = log
        self._faults = faults

    def run(self, name: str, arguments: dict[str, Any]) -> Any:
        """Raises KeyError for unknown calls and jobs, ValueError and TypeError for bad arguments."""
        handler = self._handlers().get(name)
        if handler is None:
            raise KeyError(f"no control call {name}")
        with self._world.lock:
            self._world.settle()
            return handler(**arguments)

    def _handlers(self) -> dict[str, Handler]:
        return {
            "status": self.status,
            "add_project": self.add_project,
            "project_condition": self.project_condition,
            "switch_service": self.switch_service,
            "quota": self.quota,
            "reset": self.reset,
            "add_job": self.add_job,
            "add_many": self.add_many,
            "spread": self.spread,
            "set_job": self.set_job,
            "set_database": self.set_database,
            "upload_final_log": self.upload_final_log,
            "fix": self.fix,
            "remove_job": self.remove_job,
            "job": self.job,
            "jobs": self.jobs,
            "destinations": self.destinations,
            "set_destination": self.set_destination,
            "calls": self.calls,
            "clear_calls": self.clear_calls,
            "clock": self.clock,
            "fault": self.fault,
            "clear_faults": self.clear_faults,
            "location_unreachable": self.location_unreachable,
            "operation_outcome": self.operation_outcome,
            "operation_seconds": self.operation_seconds,
            "permissions": self.permissions,
            "monitoring": self.monitoring,
            "metrics_scope": self.metrics_scope,
        }

    # Jobs

    def status(self) -> dict[str, Any]:
        jobs = sum(1 for _ in self._world.all_jobs())
        return {
            "project": self._world.project,
            "projects": self._world.projects(),
            "jobs": jobs,
            "clock_factor": self._world.clock.factor,
        }

    def reset(self, seed_name: str = "empty") -> dict[str, Any]:
        """A fresh seed, no faults, no logged calls."""
        if seed_name not in seed.SEEDS:
            raise ValueError(f"unknown seed {seed_name!r}; known: {', '.join(seed.SEEDS)}")
        self._faults.clear()
        self._log.clear()
        seed.plant(self._world, seed_name)
        return self.status()

    def add_project(self, project: str, locations: list[str] | None = None) -> dict[str, Any]:
        """A further project with these locations, until the next reset."""
        self._world.add_project(project, locations or DEFAULT_LOCATIONS)
        return self.status()

    def add_job(self, job_id: str, **values: Any) -> dict[str, Any]:
        return self._snapshot(scenario.add_job(self._world, job_id, **values))

    def add_many(
        self,
        count: int,
        location: str = "europe-west1",
        prefix: str = "job",
        state: str = "RUNNING",
        phase: str | None = None,
        **values: Any,
    ) -> list[str]:
        return scenario.add_many(self._world, count, location, prefix, state, phase, **values)

    def spread(self, jobs: int, locations: list[str], projects: list[str] | None = None) -> list[str]:
        """So many jobs over these locations of these projects, or of the first one."""
        return large.spread(self._world, jobs, locations, projects or [self._world.project])

    def set_job(self, job: str, changes: dict[str, Any]) -> dict[str, Any]:
        found = self._world.job_by_id(job)
        scenario.set_job(self._world, found, changes)
        return self._snapshot(found)

    def set_database(self, job: str, database: str, changes: dict[str, Any]) -> dict[str, Any]:
        found, now = self._world.job_by_id(job), self._world.now()
        scenario.set_database(self._world, found, database, changes, now)
        found.touch(now)
        finish_dump_if_over(self._world, found, now)
        return self._snapshot(found)

    def upload_final_log(self, job: str, databases: list[str] | None = None) -> dict[str, Any]:
        found = self._world.job_by_id(job)
        logbackups.upload_final_log(self._world, found, databases or [], self._world.now())
        return self._snapshot(found)

    def fix(self, job: str) -> dict[str, Any]:
        """The cause of the job's errors, and of its databases', is gone."""
        found = self._world.job_by_id(job)
        recovery.fix(found, self._world.now(), self._world)
        return self._snapshot(found)

    def remove_job(self, job: str) -> dict[str, Any]:
        """Remove the job at once, as if it was deleted elsewhere; its destination stays."""
        self._world.drop_job(self._world.job_by_id(job))
        return {}

    def job(self, job: str) -> dict[str, Any]:
        return self._snapshot(self._world.job_by_id(job))

    def jobs(self) -> list[str]:
        return sorted(job.name for job in self._world.all_jobs())

    def _snapshot(self, job: Job) -> dict[str, Any]:
        data = views.job_json(self._world, job, self._world.now())
        databases = [
            {
                "name": d.name,
                "state": d.state,
                "phase": d.phase,
                "error": None if d.error is None else {"code": d.error.code, "message": d.error.message},
                "selected": d.selected,
            }
            for d in job.databases.values()
        ]
        return scenario.job_snapshot(self._world, job, data, databases)

    def destinations(self) -> list[dict[str, Any]]:
        return [asdict(d) for d in self._world.destinations.values()]

    def set_destination(
        self,
        job: str,
        settings: dict[str, Any] | None = None,
        backups: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        found = destination_of(self._world, self._world.job_by_id(job))
        if found is None:
            raise ValueError(f"{job} has no destination")
        found.settings = found.settings if settings is None else settings
        found.backups = found.backups if backups is None else backups
        return {}

    # Calls and time

    def calls(self, methods: Collection[str] = (), about: str = "") -> list[dict[str, Any]]:
        return self._log.as_json(methods, about)

    def clear_calls(self) -> dict[str, Any]:
        self._log.clear()
        return {}

    def clock(self, factor: float | None = None, advance_seconds: float = 0.0) -> dict[str, Any]:
        self._world.clock.change(factor, advance_seconds)
        self._world.settle()
        return {"factor": self._world.clock.factor, "now": self._world.stamp(self._world.now())}

    # Faults

    def project_condition(
        self, project: str, kind: str | None = None, seconds: float = 0.0
    ) -> dict[str, Any]:
        """From now on, a project refuses, keeps silent or is slow; None: it is well again."""
        self._check_project(project)
        self._world.conditions.put(project, kind, seconds)
        return {}

    def switch_service(self, project: str, service: str = DMS, on: bool = True) -> dict[str, Any]:
        """Enable or disable an API of a project."""
        self._check_project(project)
        if service not in TITLES:
            raise ValueError(f"unknown service {service!r}; known: {', '.join(TITLES)}")
        self._world.conditions.switch(project, service, on)
        return {}

    def quota(self, project: str, requests_per_minute: int) -> dict[str, Any]:
        """How many API requests a minute Service Usage names for a project. Nobody counts them."""
        self._check_project(project)
        self._world.quotas[project] = int(requests_per_minute)
        return {}

    def _check_project(self, project: str) -> None:
        if project not in self._world.projects():
            raise KeyError(f"no project {project}")

    def fault(self, **values: Any) -> dict[str, Any]:
        self._faults.add(Fault(**values))
        return {}

    def clear_faults(self) -> dict[str, Any]:
        self._faults.clear()
        self._world.conditions.clear()
        self._world.unreachable.clear()
        self._world.outcomes.clear()
        return {}

    def location_unreachable(self, location: str, on: bool = True, project: str = "") -> dict[str, Any]:
        """In one project, or in all of them."""
        (self._world.unreachable.add if on else self._world.unreachable.discard)((project, location))
        return {}

    def operation_outcome(
        self,
        job: str,
        verb: str,
        error_code: str = "INTERNAL",
        message: str = "The operation failed.",
        verification_errors: list[dict[str, str]] | None = None,
    ) -> dict[str, Any]:
        """The next operation of this verb on the job fails; `job` may be `*`."""
        error = status_of({"code": error_code, "message": message})
        if verification_errors:
            details = tuple(_verification_error(**values) for values in verification_errors)
            error = make_status(error_code, message, details)
        self._world.outcomes.append(PlannedOutcome(job, verb, error))
        return {}

    def operation_seconds(self, seconds: float) -> dict[str, Any]:
        """How long operations take from now on, in scaled seconds."""
        if seconds < 0:
            raise ValueError("operations cannot take less than no time")
        self._world.operation_seconds = seconds
        return {}

    def permissions(self, granted: list[str] | None = None, project: str = "") -> dict[str, Any]:
        """What testIamPermissions grants, in one project or in all others; None grants all."""
        if granted is None:
            self._world.permissions.pop(project, None)
        else:
            self._world.permissions[project] = frozenset(granted)
        return {}

    def monitoring(self, available: bool, visible_after: float = 0.0) -> dict[str, Any]:
        self._world.monitoring = available
        self._world.visible_after = visible_after
        return {}

    def metrics_scope(self, project: str, monitored: list[str]) -> dict[str, Any]:
        self._world.monitored[project] = set(monitored)
        return {}


def _verification_error(error_code: str, error_message: str = "", error_detail_message: str = "") -> Any:
    return _VerificationError(
        error_code=_VerificationError.ErrorCode.Value(error_code),
        error_message=error_message,
        error_detail_message=error_detail_message,
    )
