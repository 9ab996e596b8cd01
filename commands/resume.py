"""`/dms resume`: continue jobs that were stopped in CDC."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.invocation import Invocation, Syntax
from bot.dms.advice import on_resuming
from bot.dms.model import Job, Operation, Options
from bot.dms.port import Dms
from bot.dms.rules import Action
from bot.policy.permissions import Permission
from bot.requests.action import ActionVerb, Confirmation
from commands.support.actions import ALL, FILTERS, SKIP_VALIDATION, make_run
from commands.support.asked import REASON
from commands.support.base import Verb
from commands.support.schedule import AT


def _options(invocation: Invocation) -> Options:
    return Options(skip_validation=invocation.is_set("skip-validation"))


def _confirmation(_job: Job, _options: Options) -> Confirmation:
    return Confirmation.NONE


def _warning(job: Job, _options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    return (on_resuming(job),)


def _effect(job: Job, _options: Options) -> str:
    return f"{on_resuming(job)} The replication delay may be high at first."


def _call(dms: Dms, job: Job, options: Options, _call_id: str) -> Operation:
    return dms.resume(job, skip_validation=options.skip_validation)


VERB = Verb(
    name="resume",
    permission=Permission.CHANGE,
    summary="resume a job stopped in CDC",
    usage=(
        "resume JOB [JOB …] [--skip-validation]",
        "resume --all state=stopped phase=cdc",
        'resume JOB --at "TIME"',
    ),
    syntax=Syntax("many", (ALL, SKIP_VALIDATION, AT, REASON), FILTERS),
    details="Continues the replication of a job that was stopped in CDC.",
    more=(
        "A job stopped in the full dump or before it cannot be resumed: restart or delete it. "
        "Several jobs need the same status."
    ),
    begins="list state=stopped",
    examples=("resume orders-db", "resume --all state=stopped phase=cdc"),
    run=make_run(Action.RESUME, _options),
    action=ActionVerb(Action.RESUME, _confirmation, _warning, _effect, _call),
)
