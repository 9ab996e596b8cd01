"""`/dms unfreeze`: allow changes again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.cmdline.answers import Answer, Note, RichPart, User
from bot.cmdline.invocation import Flag, Invocation, Syntax
from bot.dms.resource_names import project_of
from bot.policy.permissions import Permission
from bot.requests.freezes import is_free
from bot.requests.wording import freeze_terms, frozen_jobs, unfreeze_arguments
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.store.records import EVERY_JOB, Freeze, OutMessage
from bot.store.table import Skip
from bot.util.command import COMMAND
from commands.support.base import Context, Verb, only_of_a_job
from commands.support.freezes import FreezeTarget, announce, audit, is_public, job_namer, target
from commands.support.projects import PROJECT
from commands.support.visibility import is_hidden, is_open_here


def _run(ctx: Context, invocation: Invocation) -> Answer:
    frozen = target(ctx, invocation)
    unread = LeftOut()
    with ctx.store.transaction():
        lifted = ctx.store.lift_freezes(frozen.name, ctx.who.user, ctx.now(), unread)
        count = len(lifted) + len(unread.keys)
        if count:
            ctx.store.append_audit(audit(ctx, "unfrozen", frozen, f"freezes lifted: {count}"))
            _notify_owners(ctx, frozen, lifted)
            newest = replace(lifted[-1], lifted_by=ctx.who.user) if lifted else None
            announce(ctx, frozen, newest, "lifted")
    still = _still(ctx, frozen)
    public = is_public(ctx, frozen) and not (still and _names_hidden_jobs(ctx, frozen))
    if not count:
        nothing = _nothing(frozen, alone=not still)
        return Note((nothing, " ", *still) if still else nothing, tone="warn" if still else "info")
    parts: tuple[RichPart, ...] = (
        User(ctx.who.user),
        f" {'lifted a freeze of' if still else 'unfroze'} {frozen.text}.",
    )
    return Note((*parts, " ", *still) if still else parts, tone="good", public=public)


def _notify_owners(ctx: Context, frozen: FreezeTarget, lifted: Sequence[Freeze]) -> None:
    """A direct message to each other person whose freeze was lifted: they count on it."""
    for owner, freeze in {each.by: each for each in lifted if each.by != ctx.who.user}.items():
        free = is_free(ctx.store, ctx.access.policy, freeze, ctx.now())
        text = f"lifted your freeze of {frozen.text}.{' Changes are possible again.' if free else ''}"
        subject = {"by": ctx.who.user, "text": text}
        ctx.store.enqueue(OutMessage(f"lifted:{freeze.id}", owner, "text", subject, created=ctx.now()))


def _nothing(frozen: FreezeTarget, *, alone: bool) -> str:
    if frozen.job is None:
        return f"There is no freeze of {frozen.text} to lift."
    return f"{frozen.text} is not frozen." if alone else f"{frozen.text} has no freeze of its own to lift."


def _frozen_alone(ctx: Context, frozen: FreezeTarget, skip: Skip = pass_over) -> list[Freeze]:
    """Freezes of less than all that `frozen` stands for, without those of jobs hidden from this person."""
    inside = [
        each
        for each in ctx.store.freezes(ctx.now(), skip=skip)
        if each.job not in (EVERY_JOB, frozen.name)
        and (frozen.project is None or (each.is_of_one_job and project_of(each.job) == frozen.project.id))
    ]
    return [each for each in inside if not (each.is_of_one_job and is_hidden(ctx, "unfreeze", each.job))]


def _names_hidden_jobs(ctx: Context, frozen: FreezeTarget) -> bool:
    """Whether the answer names jobs that some readers of the channel may not see."""
    named = _frozen_alone(ctx, frozen) if frozen.job is None else []
    return not all(is_open_here(ctx, each.job) for each in named if each.is_of_one_job)


def _still(ctx: Context, frozen: FreezeTarget) -> tuple[RichPart, ...]:
    """What else forbids changes, and how to lift it; empty if nothing does."""
    unread = LeftOut()
    found = _known_still(ctx, frozen, unread)
    if not unread.keys:
        return found
    return (*found, *([" "] if found else []), "A freeze cannot be read: changes may still be refused.")


def _known_still(ctx: Context, frozen: FreezeTarget, skip: Skip) -> tuple[RichPart, ...]:
    wider = _wider(ctx, frozen, skip)
    if frozen.job is not None:
        closed = ctx.access.planned_freeze_reason(frozen.job)
        return wider or ((closed,) if closed else ())
    projects = ctx.settings.projects
    calls = job_namer(ctx)
    names = sorted({frozen_jobs(each, projects, calls) for each in _frozen_alone(ctx, frozen, skip)})
    alone = f"Still frozen on their own: {', '.join(names[:10])}." if names else ""
    return (*wider, *([" "] if wider and alone else []), *([alone] if alone else []))


def _wider(ctx: Context, frozen: FreezeTarget, skip: Skip) -> tuple[RichPart, ...]:
    """A freeze of more jobs that holds for these, too."""
    projects = ctx.settings.projects
    for freeze in ctx.store.freezes(ctx.now(), frozen.name, skip):
        if freeze.job != frozen.name:
            calls = job_namer(ctx)
            jobs = frozen_jobs(freeze, projects, calls)
            return (
                f"{jobs.capitalize()} are frozen, {frozen.text} too, ",
                *freeze_terms(freeze),
                f". `{COMMAND} unfreeze {unfreeze_arguments(freeze, projects, calls)}` lifts it.",
            )
    return ()


VERB = Verb(
    name="unfreeze",
    permission=Permission.FREEZE,
    summary="allow changes again",
    usage=("unfreeze JOB", "unfreeze --project prod", "unfreeze --all"),
    syntax=Syntax(
        "optional",
        flags=(
            Flag("all", "switch", "the freeze of all jobs"),
            replace(PROJECT, help="the freeze of this project (alias or ID)"),
        ),
    ),
    details="Lifts a freeze that was set with `freeze`.",
    more=(
        "`--all` lifts the freeze of all jobs; freezes of projects and single jobs stay. `--project` "
        "leaves those of single jobs. Planned freezes are in the policy file and end by themselves."
    ),
    examples=("unfreeze orders-db", "unfreeze --all"),
    run=_run,
    asks_service=only_of_a_job,
)
