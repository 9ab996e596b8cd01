"""Which action the service takes in which state and phase (docs page "Manage migration jobs")."""

from __future__ import annotations

from sandbox.dms.enums import CHANGING
from sandbox.dms.errors import ApiError
from sandbox.dms.model import Job


def check(job: Job, verb: str, *, databases: bool = False) -> None:
    """Raises FAILED_PRECONDITION where the state forbids the verb, ABORTED while another operation runs.

    `databases` tells that a restart names databases, which a running job allows too.
    """
    if not _allowed(job, verb, databases):
        raise refused(job, verb)
    if job.active is not None and verb != "verify":
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
        return state == "RUNNING" and phase in ("FULL_DUMP", "CDC")
    if verb == "resume":
        return state == "STOPPED" and phase == "CDC"
    if verb == "restart":
        whole = state == "FAILED" or (state == "STOPPED" and phase == "FULL_DUMP")
        return whole or (databases and state == "RUNNING" and phase != "PROMOTE_IN_PROGRESS")
    if verb == "promote":
        return _promotable(job)
    if verb in ("delete", "verify"):
        return state not in CHANGING and state != "DELETED"
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
    return job.state == "STOPPED" and job.phase == "CDC"
