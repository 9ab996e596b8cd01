"""`/dms unfreeze`: allow changes again."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.answers import Answer, Note, RichPart, User
from bot.cmdline.invocation import Flag, Invocation, Syntax
from bot.dms.model import Job
from bot.policy.permissions import Permission
from bot.requests.wording import freeze_terms
from bot.store.records import EVERY_JOB, Freeze, OutMessage
from bot.util.command import COMMAND
from commands.support.base import Context, Verb, only_of_a_job
from commands.support.freezes import audit, is_public, jobs_text, target
from commands.support.visibility import is_hidden, is_open_here


def _run(ctx: Context, invocation: Invocation) -> Answer:
    job = target(ctx, invocation)
    with ctx.store.transaction():
        lifted = ctx.store.lift_freezes(job.name if job else EVERY_JOB, ctx.who.user, ctx.now())
        if lifted:
            ctx.store.append_audit(audit(ctx, "unfrozen", job, f"freezes lifted: {len(lifted)}"))
            _notify_owners(ctx, job, lifted)
    still = _still(ctx, job)
    public = is_public(ctx, job) and not (still and _names_hidden_jobs(ctx, job))
    if not lifted:
        nothing = _nothing(job, alone=not still)
        return Note((nothing, " ", *still) if still else nothing, tone="warn" if still else "info")
    parts: tuple[RichPart, ...] = (f"{jobs_text(job)} no longer frozen: ", User(ctx.who.user), " lifted it.")
    return Note((*parts, " ", *still) if still else parts, tone="good", public=public)


def _notify_owners(ctx: Context, job: Job | None, lifted: Sequence[Freeze]) -> None:
    """A direct message to each other person whose freeze was lifted: they count on it."""
    what = f"your freeze of {f'`{job.id}`' if job else 'all jobs'}"
    for owner, freeze in {each.by: each for each in lifted if each.by != ctx.who.user}.items():
        subject = {"by": ctx.who.user, "text": f"lifted {what}. Changes are possible again."}
        ctx.store.enqueue(OutMessage(f"lifted:{freeze.id}", owner, "text", subject, created=ctx.now()))


def _nothing(job: Job | None, *, alone: bool) -> str:
    if job is None:
        return "There is no freeze of all jobs to lift."
    return f"`{job.id}` is not frozen." if alone else f"`{job.id}` has no freeze of its own to lift."


def _frozen_alone(ctx: Context) -> list[str]:
    """Full names of the jobs with a freeze of their own that this person may see."""
    frozen = {freeze.job for freeze in ctx.store.freezes(ctx.now())} - {EVERY_JOB}
    return [name for name in frozen if not is_hidden(ctx, "unfreeze", name)]


def _names_hidden_jobs(ctx: Context, job: Job | None) -> bool:
    """Whether the answer names jobs that some readers of the channel may not see."""
    return job is None and not all(is_open_here(ctx, name) for name in _frozen_alone(ctx))


def _still(ctx: Context, job: Job | None) -> tuple[RichPart, ...]:
    """What else forbids changes, and how to lift it; empty if nothing does."""
    if job is None:
        others = _frozen_alone(ctx)
        names = ", ".join(f"`{name.rpartition('/')[2]}`" for name in sorted(others)[:10])
        return (f"Frozen on their own are still: {names}.",) if others else ()
    for freeze in ctx.store.freezes(ctx.now(), job.name):
        return (
            f"All jobs are frozen, `{job.id}` too, ",
            *freeze_terms(freeze),
            f". `{COMMAND} unfreeze --all` lifts that.",
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
