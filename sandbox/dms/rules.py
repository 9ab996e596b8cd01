"""Which actions the service accepts in which state and phase, by the guide of the job's engines.

Sources: the pages "Migration job statuses" (the user actions of each status), "Manage migration jobs" and
"Promote a migration" of each guide, and the reference of the REST methods. Where two of them differ, the
choice and its reason stand beside the rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.cloud import clouddms_v1

from sandbox.dms.errors import ApiError
from sandbox.dms.guides import POSTGRES, Guide, guide_of
from sandbox.dms.model import Job
from sandbox.dms.recovery import has_errors

_VerificationError: Any = type(
    clouddms_v1.MigrationJobVerificationError.pb(clouddms_v1.MigrationJobVerificationError())
)
_BEFORE_CDC = ("FULL_DUMP", "WAITING_FOR_SOURCE_WRITES_TO_STOP", "PREPARING_THE_DUMP")
_REPLICATING = ("CDC", "READY_FOR_PROMOTE")
_BESIDE_OTHERS = ("verify", "delete")
"""Verbs that do not wait for an operation. "Migration job statuses" lists Delete for Starting, Restarting,
Resuming and Stopping, which are the statuses of a job with an operation under way."""


def check(job: Job, verb: str, *, databases: bool = False) -> None:
    """Raises FAILED_PRECONDITION where the state forbids the verb, ABORTED while another operation runs.

    `databases` says that a restart names databases, which a running job allows as well.
    """
    check_state(job, verb, databases=databases)
    if job.active is not None and verb not in _BESIDE_OTHERS:
        raise ApiError(
            "ABORTED",
            f"Unable to {verb} the migration job '{job.name}': the operation '{job.active.name}' "
            f"({job.active.verb}) is still in progress.",
            reason="CONCURRENT_OPERATION",
            metadata={"operation": job.active.name},
        )


def check_state(job: Job, verb: str, *, databases: bool = False) -> None:
    """Like `check`, but other operations do not matter."""
    if verb == "restart" and databases and job.state == "RUNNING" and job.phase != "PROMOTE_IN_PROGRESS":
        # "Manage migration jobs" (PostgreSQL): restart failed databases. gcloud's `--restart-failed-objects`
        # names the guides of PostgreSQL and MySQL.
        return
    if not _RULES[verb](job):
        raise _runs_already(job) if (verb, job.state) == ("restart", "RUNNING") else refused(job, verb)


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


def _start(job: Job) -> bool:
    # "Migration job statuses" lists Start for Not started alone. "Manage migration jobs" says "start jobs
    # that aren't in the Running or Starting state", but also "that were created without being started": the
    # narrower reading is taken, because no page says what a second start would do.
    return job.state == "NOT_STARTED"


def _stop(job: Job) -> bool:
    # "Migration job statuses" (MySQL): Stop in Running, waiting phases included. "Promote a migration": a
    # promotion cannot be stopped.
    return job.state == "RUNNING" and job.phase != "PROMOTE_IN_PROGRESS"


def _resume(job: Job) -> bool:
    # Reference of `resume`: "was stopped during CDC phase"; "Manage migration jobs" (SQL Server): during the
    # incremental load, which ready for promote is a part of.
    return job.state == "STOPPED" and job.phase in _REPLICATING


def _restart(job: Job) -> bool:
    # "Migration job statuses" (PostgreSQL, SQL Server, Oracle), Running with errors: Stop. Restart. Promote.
    # MySQL has no such row. Stopped: "Manage migration jobs" (MySQL) lists Restart for the full dump and not
    # for CDC, as the older pages of all guides do; the reference of `restart` names no phase: "Restart a
    # stopped or failed migration job". The narrower reading is taken.
    if job.state == "RUNNING":
        faulty = has_errors(job) and guide_of(job) is not Guide.MYSQL
        return faulty and job.phase != "PROMOTE_IN_PROGRESS"
    return job.state == "FAILED" or (job.state == "STOPPED" and job.phase in _BEFORE_CDC)


def _promote(job: Job) -> bool:
    if job.type != "CONTINUOUS" or job.phase not in _REPLICATING:
        return False
    # "Migration job statuses" (PostgreSQL, MySQL, Oracle), Failed: Promote, if it failed in CDC. The cell of
    # the SQL Server guide is empty; it says that the job needs a restart.
    if job.state == "FAILED":
        return guide_of(job) is not Guide.SQLSERVER
    return job.state in ("RUNNING", "STOPPED")


def _fail_back(job: Job) -> bool:
    # Reference of `PromoteMigrationJobRequest.failback`: "only supported when the migration job is in
    # FAILBACK phase".
    return job.state == "RUNNING" and job.phase == "PHASE_FAILBACK"


def _delete(job: Job) -> bool:
    # "Migration job statuses": every status lists Delete; a job that is being deleted has no status there.
    return job.state not in ("DELETING", "DELETED")


def _verify(job: Job) -> bool:
    # The reference of `verify` names no required state.
    return job.state != "DELETED"


def demotes(job: Job) -> bool:
    """Whether the job's destination is a replica while it migrates.

    Reference of `demoteDestination`: MySQL, PostgreSQL to Cloud SQL, PostgreSQL to AlloyDB. "Create a
    migration job to an existing destination" (PostgreSQL): quick-start migrations need no demotion.
    """
    native = (job.rest_only.get("postgresHomogeneousConfig") or {}).get("isNativeLogical")
    return guide_of(job) in {*POSTGRES, Guide.MYSQL} and not native


def _demote(job: Job) -> bool:
    # No page names a state. A job that moves data has a destination that replicates already, and a completed
    # one has given it up.
    return demotes(job) and job.state in ("NOT_STARTED", "STOPPED", "FAILED")


def _fetch(job: Job) -> bool:
    # Reference of `fetchSourceObjects`: PostgreSQL to Cloud SQL, PostgreSQL to AlloyDB.
    return guide_of(job) in POSTGRES


def _edit_databases(job: Job) -> bool:
    # "Manage migration jobs" (MySQL): Not started, Stopped, Failed. PostgreSQL: "in any migration state or
    # phase". The other guides name no state.
    return guide_of(job) is not Guide.MYSQL or job.state in ("DRAFT", "NOT_STARTED", "STOPPED", "FAILED")


def _set_parallelism(job: Job) -> bool:
    # "Manage migration jobs" (PostgreSQL): "the data dump parallelism level of a running migration job". The
    # other guides have no such edit.
    return guide_of(job) in POSTGRES and job.state == "RUNNING"


def _reconfigure(job: Job) -> bool:
    # gcloud `update`: these fields are not editable once the migration runs.
    return job.state in ("DRAFT", "NOT_STARTED", "FAILED")


_RULES: dict[str, Callable[[Job], bool]] = {
    "start": _start,
    "stop": _stop,
    "resume": _resume,
    "restart": _restart,
    "promote": _promote,
    "fail back": _fail_back,
    "delete": _delete,
    "verify": _verify,
    "demote the destination of": _demote,
    "fetch the source objects of": _fetch,
    "edit the databases of": _edit_databases,
    "set dump parallelism of": _set_parallelism,
    "reconfigure": _reconfigure,
    "update": lambda _: True,
}
