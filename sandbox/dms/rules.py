"""Which actions the service accepts in which state and phase.

Sources: the docs pages "Migration job statuses" (the user actions of each status, of the MySQL, PostgreSQL,
SQL Server and Oracle guides), "Manage migration jobs" and "Promote a migration", and the reference of the
REST methods.
"""

from __future__ import annotations

from typing import Any

from google.cloud import clouddms_v1

from sandbox.dms.errors import ApiError
from sandbox.dms.guides import Guide, guide_of
from sandbox.dms.model import Job
from sandbox.dms.recovery import has_errors

_VerificationError: Any = type(
    clouddms_v1.MigrationJobVerificationError.pb(clouddms_v1.MigrationJobVerificationError())
)

_BEFORE_CDC = ("FULL_DUMP", "WAITING_FOR_SOURCE_WRITES_TO_STOP", "PREPARING_THE_DUMP")
_BESIDE_OTHERS = ("verify", "delete")
"""Verbs that do not wait for an operation. "Migration job statuses" lists Delete for Starting, Restarting,
Resuming and Stopping, which are the statuses of a job with an operation under way."""


def check(job: Job, verb: str, *, databases: bool = False) -> None:
    """Raises FAILED_PRECONDITION where the state forbids the verb, ABORTED while another operation runs.

    `databases` says that a restart names databases, which a running job allows as well.
    """
    if not _allowed(job, verb, databases):
        raise _runs_already(job) if (verb, job.state) == ("restart", "RUNNING") else refused(job, verb)
    if job.active is not None and verb not in _BESIDE_OTHERS:
        raise ApiError(
            "ABORTED",
            f"Unable to {verb} the migration job '{job.name}': the operation '{job.active.name}' "
            f"({job.active.verb}) is still in progress.",
            reason="CONCURRENT_OPERATION",
            metadata={"operation": job.active.name},
        )


def _runs_already(job: Job) -> ApiError:
    """The reference of `MigrationJobVerificationError` has a code of its own for this."""
    code = "CANT_RESTART_RUNNING_MIGRATION"
    because = f"not allowed in {_situation(job)} ({code})"
    detail = _VerificationError(
        error_code=_VerificationError.ErrorCode.Value(code),
        error_message="The migration job is running. Stop it before you restart it.",
    )
    return refused(job, "restart", because, (detail,))


def refused(job: Job, verb: str, because: str = "", details: tuple[Any, ...] = ()) -> ApiError:
    """The service's answer to an action that the job does not allow now."""
    return ApiError(
        "FAILED_PRECONDITION",
        f"Unable to {verb} the migration job '{job.name}': {because or 'not allowed in ' + _situation(job)}.",
        reason="INVALID_MIGRATION_JOB_STATE",
        metadata={"state": job.state, "phase": job.phase, "action": verb},
        details=details,
    )


def _situation(job: Job) -> str:
    phase = "" if job.phase == "PHASE_UNSPECIFIED" else f" and phase {job.phase}"
    return f"state {job.state}{phase}"


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
        running = state == "RUNNING" and phase != "PROMOTE_IN_PROGRESS"
        # "Migration job statuses", Running with errors: Stop. Restart. Promote. MySQL's page has no such row.
        faulty = has_errors(job) and guide_of(job) is not Guide.MYSQL
        return whole or (running and (databases or faulty))
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
