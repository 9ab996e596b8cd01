"""What may be offered to one person: no button of which it is sure that pressing it only refuses."""

from __future__ import annotations

from collections.abc import Iterable

from bot.dms.model import Job
from bot.dms.rules import HARMLESS, Action
from bot.store.records import EVERY_JOB
from commands.support.base import Context


def offered(ctx: Context, actions: Iterable[Action], *jobs: Job) -> tuple[Action, ...]:
    """Those of `actions` that neither the policy nor a freeze forbids this person on all of `jobs`."""
    frozen = {each.job for each in ctx.store.freezes(ctx.now())}
    judge = ctx.access.judge(ctx.who)

    def may(action: Action, job: Job) -> bool:
        if action not in HARMLESS and not frozen.isdisjoint((EVERY_JOB, job.name)):
            return False
        return judge.may(action, job)

    return tuple(action for action in actions if any(may(action, job) for job in jobs))


def permits(ctx: Context, verb: str, job: Job) -> bool:
    """Whether the policy lets this person use `verb` on the job."""
    return ctx.access.judge(ctx.who).may(verb, job)
