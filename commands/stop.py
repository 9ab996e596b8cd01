"""`/dms stop`: stop running jobs, with a warning for their phase."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.invocation import Syntax
from bot.dms.advice import source_log_growth, while_stopped
from bot.dms.engines import reads_backup_files
from bot.dms.model import BEFORE_THE_DUMP, Job, JobType, Operation, Options, Phase
from bot.dms.port import Dms
from bot.dms.rules import Action
from bot.policy.permissions import Permission
from bot.requests.action import ActionVerb, Confirmation
from commands.support.actions import ALL, FILTERS, make_run
from commands.support.asked import REASON
from commands.support.base import Verb
from commands.support.schedule import AT


def _confirmation(job: Job, _options: Options) -> Confirmation:
    return Confirmation.NONE if job.phase == Phase.CDC else Confirmation.CLICK


def _warning(job: Job, _options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    """Source: "Manage migration jobs" of each guide: stopped in CDC, or in the full dump."""
    if job.phase == Phase.FULL_DUMP:
        return (
            "Stopped in the full dump, a job can only be restarted from the beginning or deleted: "
            "the partial dump is discarded.",
            _after_dump(job),
        )
    if job.phase in BEFORE_THE_DUMP:
        return (
            "Its full dump has not begun. Stopped now, a job can only be restarted or deleted.",
            "Once it is stopped, writes to the source may resume.",
        )
    if job.phase == Phase.CDC:
        return ("Stopped in CDC, a job can be resumed, promoted or deleted.", while_stopped(job))
    if job.phase == Phase.READY_FOR_PROMOTE:
        # "Manage migration jobs" (SQL Server): a stopped job can be resumed, deleted or promoted.
        can = "resumed, promoted or deleted" if reads_backup_files(job) else "resumed or deleted"
        return (f"Stopped when ready for promote, a job can be {can}.", while_stopped(job))
    if job.phase in ("", Phase.UNSPECIFIED):
        replicates = "" if job.type == JobType.ONE_TIME else " In CDC, it can be resumed or promoted too."
        return (
            "The service does not report the job's phase. Stopped in the full dump or before, a job can only "
            f"be restarted or deleted.{replicates}",
            while_stopped(job),
        )
    return (
        f"DMS does not document what else can be done with a job stopped in this phase ({job.phase}) than to "
        "delete it.",
        while_stopped(job),
    )


def _after_dump(job: Job) -> str:
    growth = source_log_growth(job)
    return f"Restart or delete it soon{f': {growth}' if growth else ''}."


def _effect(job: Job, options: Options) -> str:
    return "\n".join(_warning(job, options, ()))


def _call(dms: Dms, job: Job, _options: Options, _call_id: str) -> Operation:
    return dms.stop(job)


VERB = Verb(
    name="stop",
    permission=Permission.CHANGE,
    summary="stop a running job",
    usage=("stop JOB [JOB …]", "stop --all phase=cdc [location=…]", 'stop JOB --at "TIME"'),
    syntax=Syntax("many", (ALL, AT, REASON), FILTERS),
    details=(
        "In CDC it stops at once. In other phases you confirm first: stopped in the full dump or "
        "before, a job can only be restarted or deleted."
    ),
    more=(
        "A promotion can be neither stopped nor undone. With PostgreSQL, WAL piles up on the source "
        "of a job that was stopped in the full dump. Several jobs need the same status."
    ),
    begins="list state=running",
    examples=("stop orders-db", "stop orders-db billing-db", "stop --all phase=cdc label.env=staging"),
    run=make_run(Action.STOP),
    action=ActionVerb(Action.STOP, _confirmation, _warning, _effect, _call),
)
