"""`/dms resume`: continue jobs that were stopped in CDC."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.invocation import Invocation, Syntax
from bot.dms.model import Job, Operation, Options
from bot.dms.port import Dms
from bot.dms.rules import Action
from bot.policy.permissions import Permission
from bot.requests.action import ActionVerb, Confirmation
from commands.support.actions import ALL, FILTERS, SKIP_VALIDATION, make_run
from commands.support.base import Verb


def _options(invocation: Invocation) -> Options:
    return Options(skip_validation=invocation.is_set("skip-validation"))


def _confirmation(_job: Job, _options: Options) -> Confirmation:
    return Confirmation.NONE


def _warning(_job: Job, _options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    return ("What piled up on the source while the job was stopped is replayed.",)


def _effect(_job: Job, _options: Options) -> str:
    return "It replays what piled up while it was stopped: the replication delay is high at first and falls."


def _call(dms: Dms, job: Job, options: Options, _call_id: str) -> Operation:
    return dms.resume(job, skip_validation=options.skip_validation)


VERB = Verb(
    name="resume",
    permission=Permission.CHANGE,
    summary="let a job that was stopped in CDC go on",
    usage=("resume JOB [JOB …] [--skip-validation]", "resume --all state=stopped phase=cdc"),
    syntax=Syntax("many", (ALL, SKIP_VALIDATION), FILTERS),
    details="A job that was stopped in the full dump cannot resume; restart or delete it.",
    examples=("resume orders-db", "resume --all state=stopped phase=cdc"),
    run=make_run(Action.RESUME, _options),
    action=ActionVerb(Action.RESUME, _confirmation, _warning, _effect, _call),
)
