"""`/dms stop`: stop running jobs, with the warning that belongs to their phase."""

from __future__ import annotations

from collections.abc import Sequence

from bot.action import ActionVerb, Danger
from bot.dms.model import Job, Operation, Options, Phase
from bot.dms.port import Dms
from bot.dms.rules import Action
from bot.invocation import Syntax
from commands.base import Verb
from commands.doing import ALL, FILTERS, runner


def _danger(job: Job, _options: Options) -> Danger:
    return Danger.ASK if job.phase == Phase.FULL_DUMP else Danger.NONE


def _warning(job: Job, _options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    if job.phase == Phase.FULL_DUMP:
        return (
            "Stopped in the full dump, a job can only be restarted from the beginning or deleted: "
            "what has been dumped so far is of no more use.",
            _piling_up(job),
        )
    return (
        "Stopped in CDC, a job can be resumed, promoted or deleted.",
        _lost_position(job),
    )


def _piling_up(job: Job) -> str:
    if job.source.engine in ("", "POSTGRESQL"):
        return (
            "WAL keeps piling up in the source's replication slots until the source's disk is full, "
            "and network traffic goes on: restart or delete the job soon."
        )
    return "The source keeps its logs for the job, and network traffic goes on: restart or delete it soon."


def _lost_position(job: Job) -> str:
    if job.source.engine == "MYSQL":
        return (
            "Left stopped for longer than the source keeps its binary log, the job loses its position "
            "and has to be made anew."
        )
    return "While it is stopped, changes pile up on the source: watch its disk, and resume before it fills."


def _effect(job: Job, options: Options) -> str:
    return "\n".join(_warning(job, options, ()))


def _call(dms: Dms, job: Job, _options: Options, _call_id: str) -> Operation:
    return dms.stop(job)


VERB = Verb(
    looks=False,
    name="stop",
    summary="stop a running job",
    usage=("stop JOB [JOB …]", "stop --all phase=cdc [location=…]"),
    syntax=Syntax("many", (ALL,), FILTERS),
    details=(
        "A job can be stopped in the full dump or in CDC. In the full dump it asks first: after it, only "
        "restart and delete remain, and logs (WAL, with PostgreSQL) pile up on the source."
    ),
    examples=("stop orders-db", "stop orders-db billing-db", "stop --all phase=cdc label.env=staging"),
    run=runner(Action.STOP),
    action=ActionVerb(Action.STOP, _danger, _warning, _effect, _call),
)
