"""Which actions the service accepts in which state and phase.

Sources: the docs pages "Migration job statuses" (the user actions of each status, of the MySQL, PostgreSQL,
SQL Server and Oracle guides), "Manage migration jobs" and "Promote a migration", and the reference of the
REST methods.
"""

from __future__ import annotations

from sandbox.dms.errors import ApiError
from sandbox.dms.model import Job

_BEFORE_CDC = ("FULL_DUMP", "WAITING_FOR_SOURCE_WRITES_TO_STOP", "PREPARING_THE_DUMP")
_BESIDE_OTHERS = ("verify", "delete")
"""Verbs that do not wait for an operation. "Migration job statuses" lists Delete for Starting, Restarting,
Resuming and Stopping, which are the statuses of a job with an operation under way."""


def check(job: Job, verb: str, *, databases: bool = False) -> None:
    """Raises FAILED_PRECONDITION where the state forbids the verb, ABORTED while another operation runs.

    `databases` says that a restart names databases, which a running job allows as well.
    """
    if not _allowed(job, verb, databases):
        raise refused(job, verb)
    if job.active is not None and verb not in _BESIDE_OTHERS:
        raise ApiError(
            "ABORTED",
            f"Unable to {verb} the migration job '{job.name}': the operation '{job.active.name}' "
            f"({job.active.verb}) is still in progress.",
            reason="CONCURRENT_OPERATION",
            metadata={"operation": job.active.name},
        )


def refused(job: Job, verb: str, because: str = "") -> ApiError:
    """The service's answer to an action that the job does not allow now."""
    situation = f"state {job.state}"
    if job.phase != "PHASE_UNSPECIFIED":
        situation += f" and phase {job.phase}"
    return ApiError(
        "FAILED_PRECONDITION",
        f"Unable to {verb} the migration job '{job.name}': {because or 'not allowed in ' + situation}.",
        reason="INVALID_MIGRATION_JOB_STATE",
        metadata={"state": job.state, "phase": job.phase, "action": verb},
    )


def _allowed(job: Job, verb: str, databases: bool) -> bool:
    state, phase = job.state, job.phase
    if verb == "start":
        return state == "NOT_STARTED"
    if verb == "stop":
        # "Migration job statuses" (MySQL): Stop in Running, waiting phases included. "Promote a migration":
        # a promotion cannot be stopped.
        return state == "RUNNING" and phase != "PROMOTE_IN_PROGRESS"
    if verb == "resume":
        # "Manage migration jobs" (SQL Server): stopped during the incremental load, which ready for promote
        # is a part of.
        return state == "STOPPED" and phase in ("CDC", "READY_FOR_PROMOTE")
    if verb == "restart":
        whole = state == "FAILED" or (state == "STOPPED" and phase in _BEFORE_CDC)
        return whole or (databases and state == "RUNNING" and phase != "PROMOTE_IN_PROGRESS")
    if verb == "promote":
        return _promotable(job)
    if verb == "delete":
        # "Migration job statuses": every status lists Delete; a job that is being deleted has no status
        # there.
        return state not in ("DELETING", "DELETED")
    if verb == "verify":
        # The reference of REST `migrationJobs.verify` names no required state.
        return state != "DELETED"
    if verb == "set dump parallelism of":
        return state == "RUNNING"
    if verb == "reconfigure":
        return state in ("DRAFT", "NOT_STARTED", "FAILED")
    return verb == "update"


def _promotable(job: Job) -> bool:
    if job.type != "CONTINUOUS":
        return False
    if job.state == "RUNNING":
        return job.phase in ("CDC", "READY_FOR_PROMOTE")
    # "Migration job statuses": a job that failed in CDC can be promoted, one that failed earlier cannot.
    return job.state in ("STOPPED", "FAILED") and job.phase == "CDC"
