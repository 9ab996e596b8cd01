"""Puts a job into any state and phase, as if it had come there by itself."""

from __future__ import annotations

from typing import Any

from google.rpc import code_pb2

from sandbox.dms.dump import begin_dump, destination_of, enter_cdc, void_plan
from sandbox.dms.enums import OBJECT_PHASES, PHASES, STATES, JobPb, checked
from sandbox.dms.errors import make_status
from sandbox.dms.model import Database, Job
from sandbox.dms.rdsflow import BEFORE_THE_DUMP, PREPARING, take_up
from sandbox.dms.world import World

_PHASE_NEEDED = frozenset({"RUNNING", "STOPPING", "STOPPED", "RESUMING", "UPDATING"})


def status_of(error: Any) -> Any:
    """A google.rpc.Status from text or from `{code, message}` with a code name or number; None stays None."""
    if error is None:
        return None
    if isinstance(error, str):
        return make_status("INTERNAL", error)
    code = error.get("code", "INTERNAL")
    name = code_pb2.Code.Name(code) if isinstance(code, int) else str(code)
    return make_status(name, str(error.get("message", "")))


def place(
    world: World,
    job: Job,
    state: str,
    phase: str | None,
    at: float,
    error: Any = None,
    dump_at: float | None = None,
) -> None:
    """Set a job's state and phase as if it had reached them by itself at scaled time `at`."""
    checked(state, STATES, "state")
    phase = phase or ("CDC" if state in _PHASE_NEEDED else "PHASE_UNSPECIFIED")
    checked(phase, PHASES, "phase")
    void_plan(job)
    job.active = None
    job.started = _started(job, state, at)
    job.ended = at if state == "COMPLETED" else None
    job.parallel = JobPb.PerformanceConfig.DumpParallelLevel.Name(
        job.pb.performance_config.dump_parallel_level
    )
    status = status_of(error)
    job.running_error = status if state == "RUNNING" else None
    job.put(state, phase, at)
    if status is not None:
        job.pb.error.CopyFrom(status)
    _place_databases(world, job, at, status)
    if phase in ("CDC", "READY_FOR_PROMOTE", "PROMOTE_IN_PROGRESS"):
        enter_cdc(job, at, backlog=300.0)
    if phase == PREPARING:
        job.source_writes = False
    if state == "RUNNING" and phase in BEFORE_THE_DUMP:
        # The service's patience counts from now, however long the job is said to have waited.
        take_up(world, job, [d for d in job.selected() if not d.pinned], world.now())
    if state == "RUNNING" and phase == "FULL_DUMP":
        begin_dump(
            world, job, [d for d in job.selected() if not d.pinned], at if dump_at is None else dump_at
        )


def _started(job: Job, state: str, at: float) -> float | None:
    if state in ("DRAFT", "CREATING", "NOT_STARTED", "STARTING"):
        return None
    # People take a while between creating a job and starting it.
    return job.started if job.started is not None else min(at, job.created + 60.0)


def natural(state: str, phase: str, kind: str) -> tuple[str, str]:
    """State and phase of a database of a job that is in this state and phase."""
    if state in ("DRAFT", "CREATING", "NOT_STARTED", "STARTING"):
        return "NOT_STARTED", "PHASE_UNSPECIFIED"
    if state == "COMPLETED":
        return "COMPLETED", "PROMOTED" if kind == "CONTINUOUS" else "FULL_DUMP"
    if state == "FAILED":
        return "FAILED", _object_phase(phase)
    if state == "RESTARTING":
        return "RESTARTING", "PHASE_UNSPECIFIED"
    if state in ("STOPPED", "RESUMING", "DELETING", "DELETED"):
        return "STOPPED", _object_phase(phase)
    if state == "STOPPING":
        return "STOPPING", _object_phase(phase)
    if phase in BEFORE_THE_DUMP:
        return "NOT_STARTED", "PHASE_UNSPECIFIED"
    return "RUNNING", _object_phase(phase)


def _object_phase(phase: str) -> str:
    if phase == "PHASE_FAILBACK":
        return "CDC"
    return phase if phase in OBJECT_PHASES else "FULL_DUMP"


def _place_databases(world: World, job: Job, at: float, error: Any) -> None:
    state, phase = natural(job.state, job.phase, job.type)
    destination = destination_of(world, job)
    for database in job.selected():
        if not database.pinned:
            database.put(state, phase, at, error if state == "FAILED" else None)
    if destination is not None:
        alone = destination.existing and job.state in ("DRAFT", "CREATING", "NOT_STARTED")
        destination.role = "PRIMARY" if job.state == "COMPLETED" or alone else "REPLICA"
        destination.demoted = destination.existing and not alone
        for database in job.selected():
            if database.state != "NOT_STARTED" and (job.state, job.phase) != ("RUNNING", "FULL_DUMP"):
                destination.databases.setdefault(database.name, _content(database))


def _content(database: Database) -> str:
    return {"PROMOTED": "PROMOTED", "CDC": "REPLICATING", "READY_FOR_PROMOTE": "REPLICATING"}.get(
        database.phase, "LOADING"
    )
