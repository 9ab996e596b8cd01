"""`/dms unfreeze`: allow changes again."""

from __future__ import annotations

from bot.cmdline.answers import Answer, Note, RichPart, User
from bot.cmdline.invocation import Flag, Invocation, Syntax
from bot.dms.model import Job
from bot.policy.permissions import Permission
from bot.requests.wording import freeze_terms
from bot.store.records import EVERY_JOB
from commands.support.base import Context, Verb, only_of_a_job
from commands.support.freezes import audit, jobs_text, target
from commands.support.visibility import is_hidden


def _run(ctx: Context, invocation: Invocation) -> Answer:
    job = target(ctx, invocation)
    with ctx.store.transaction():
        count = ctx.store.lift_freezes(job.name if job else EVERY_JOB, ctx.who.user, ctx.now())
        if count:
            ctx.store.append_audit(audit(ctx, "unfrozen", job, f"freezes lifted: {count}"))
    still = _still(ctx, job)
    if not count:
        nothing = _nothing(job, alone=not still)
        return Note((nothing, " ", *still) if still else nothing, tone="warn" if still else "info")
    parts: tuple[RichPart, ...] = (f"{jobs_text(job)} no longer frozen: ", User(ctx.who.user), " lifted it.")
    return Note((*parts, " ", *still) if still else parts, tone="good", public=True)


def _nothing(job: Job | None, *, alone: bool) -> str:
    if job is None:
        return "There is no freeze of all jobs to lift."
    return f"`{job.id}` is not frozen." if alone else f"`{job.id}` has no freeze of its own to lift."


def _still(ctx: Context, job: Job | None) -> tuple[RichPart, ...]:
    """What else forbids changes, and how to lift it; empty if nothing does."""
    if job is None:
        frozen = {freeze.job for freeze in ctx.store.freezes(ctx.now())} - {EVERY_JOB}
        others = [name for name in frozen if not is_hidden(ctx, "unfreeze", name)]
        names = ", ".join(f"`{name.rpartition('/')[2]}`" for name in sorted(others)[:10])
        return (f"Frozen on their own are still: {names}.",) if others else ()
    for freeze in ctx.store.freezes(ctx.now(), job.name):
        return (
            f"All jobs are frozen, `{job.id}` too, ",
            *freeze_terms(freeze),
            ". `/dms unfreeze --all` lifts that.",
        )
    closed = ctx.access.planned_freeze_reason(job)
    return (closed,) if closed else ()


VERB = Verb(
    name="unfreeze",
    permission=Permission.FREEZE,
    summary="allow changes again",
    usage=("unfreeze JOB", "unfreeze --all"),
    syntax=Syntax("optional", flags=(Flag("all", "switch", "lift the freeze of every job"),)),
    details="Lifts every freeze that was set on the job; `--all` lifts the freeze of all jobs and leaves "
    "those of single jobs. Planned freezes stand in the policy file and end by themselves.",
    examples=("unfreeze orders-db", "unfreeze --all"),
    run=_run,
    asks_service=only_of_a_job,
)
