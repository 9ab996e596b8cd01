"""What a job's card recommends: one action, or what to look at. Pure functions.

The order of steps is that of `bot.dms.advice`, which has the sources. A recommendation is never what the
advice warns of, what no source lists (`rules.caution`), or what loses data of a job that is well.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.dms import rules
from bot.dms.delay import is_measured
from bot.dms.model import CHANGING, Database, Job, ObjectState, Options, Phase, State
from bot.dms.rules import Action
from bot.dms.running_errors import runs_with_errors


def recommended_action(
    job: Job, databases: Sequence[Database] = (), *, verified: bool = False, clear: bool = False
) -> Action | None:
    """The action that is the next step, if the job allows it.

    `verified` is whether a verification of the job has succeeded; `clear`, whether its replication delay is
    known to be zero and nothing else is known to be missing.
    """
    action = _next(job, databases, verified=verified, clear=clear)
    if action is None or action not in rules.allowed(job, databases):
        return None
    options = Options(failed_only=action is Action.RESTART and job.state == State.RUNNING)
    return None if rules.caution(action, job, options, databases) else action


def recommended_look(job: Job, databases: Sequence[Database] = ()) -> str:
    """The verb that shows what matters now, where no action is recommended."""
    if runs_with_errors(job, databases):
        return "databases"
    if is_measured(job):
        return "delay"
    if job.state == State.RUNNING or job.state in CHANGING:
        return "watch"
    return "history" if job.state == State.COMPLETED else "databases"


def _next(job: Job, databases: Sequence[Database], *, verified: bool, clear: bool) -> Action | None:
    if runs_with_errors(job, databases):
        failed = any(each.state == ObjectState.FAILED for each in databases)
        return Action.RESTART if failed else None
    if job.state == State.RUNNING:
        return Action.PROMOTE if clear and job.phase == Phase.READY_FOR_PROMOTE else None
    if job.state == State.STOPPED:
        return Action.RESUME if Action.RESUME in rules.allowed(job, databases) else Action.RESTART
    if job.state == State.NOT_STARTED:
        return Action.START if verified else Action.VERIFY
    return Action.VERIFY if job.state == State.FAILED else None
