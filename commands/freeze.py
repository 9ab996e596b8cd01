"""`/dms freeze`: forbid changes to a job, to those of a project, or to all, until a time."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from bot.cmdline.answers import Answer, Button, Note, RichPart, Time, User, Verbatim
from bot.cmdline.invocation import Flag, FlagValue, Invocation, Syntax, UsageError
from bot.cmdline.token_values import job_word
from bot.dms.resource_names import project_of
from bot.policy.permissions import Permission
from bot.runtime.one_by_one import LeftOut
from bot.store.records import ACTIVE_RUNS, EVERY_JOB, Freeze
from bot.util.command import COMMAND
from bot.util.redact import redact
from bot.util.wall_time import BadTime, parse_until
from commands.support.base import Context, Verb, only_of_a_job
from commands.support.freezes import FreezeTarget, announce, audit, is_public, target
from commands.support.projects import PROJECT
from commands.support.schedule import zone_of
from commands.support.visibility import is_hidden

MAX_FREEZE = timedelta(days=366)
_MAX_REASON = 300
_SURE = "sure"
"""A flag that no one can type: the button of the question has it."""


def _run(ctx: Context, invocation: Invocation) -> Answer:
    until, reason = _until(ctx, invocation), _reason(invocation)
    frozen = target(ctx, invocation)
    if frozen.name == EVERY_JOB and not invocation.is_set(_SURE):
        return _question(ctx, frozen, until, reason)
    freeze = Freeze(
        id=secrets.token_urlsafe(12),
        job=frozen.name,
        until=until,
        reason=reason,
        by=ctx.who.user,
        created=ctx.now(),
    )
    with ctx.store.transaction():
        ctx.store.add_freeze(freeze)
        ctx.store.append_audit(audit(ctx, "frozen", frozen, f"until {until.isoformat()}: {reason}"))
        announce(ctx, frozen, freeze, "set")
    parts: list[RichPart] = [f"{frozen.subject} frozen until ", Time(until), " by ", User(ctx.who.user)]
    parts += [": ", Verbatim(reason), f". No changes until then.{_runs_in_progress(ctx, frozen)}"]
    unfreeze = Button("Unfreeze", "unfreeze", "run", ctx.ref(frozen.with_verb("unfreeze")))
    return Note(tuple(parts), (unfreeze,), public=is_public(ctx, frozen))


def _question(ctx: Context, frozen: FreezeTarget, until: datetime, reason: str) -> Note:
    """Asked before everything is frozen. The button has the time of the end, however late it is pressed."""
    flags: dict[str, FlagValue] = {
        "all": True,
        "until": f"{until:%Y-%m-%dT%H:%M:%SZ}",
        "reason": reason,
        _SURE: True,
    }
    sure = Button("Freeze all jobs", "freeze", "run", ctx.ref(Invocation("freeze", flags=flags)), "primary")
    text = (
        "Freeze all jobs until ",
        Time(until),
        ": ",
        Verbatim(reason),
        f"? Nobody can change any job from here until then.{_runs_in_progress(ctx, frozen)}",
    )
    return Note(text, (sure,), tone="warn")


def _until(ctx: Context, invocation: Invocation) -> datetime:
    text = invocation.word("until")
    if not text:
        raise UsageError(
            f"Say until when: `{_example(invocation)}`; a time such as `tomorrow 09:00` works too."
        )
    try:
        until = parse_until(text, ctx.now(), lambda: zone_of(ctx))
    except BadTime as error:
        raise UsageError(f"{error}.") from None
    if until <= ctx.now():
        raise UsageError(f"`{text}` is in the past: give a later time, as in `{_example(invocation)}`.")
    if until - ctx.now() > MAX_FREEZE:
        raise UsageError(
            f"A freeze lasts a year at most: give an earlier time, as in `{_example(invocation)}`."
        )
    return until


def _reason(invocation: Invocation) -> str:
    reason = redact(" ".join(invocation.word("reason").split())).rstrip(".")
    if not reason:
        raise UsageError(f"Say why, for people who are blocked: `{_example(invocation)}`.")
    if len(reason) > _MAX_REASON:
        raise UsageError(f"Say why in at most {_MAX_REASON} characters, as in `{_example(invocation)}`.")
    return reason


def _example(invocation: Invocation) -> str:
    project = invocation.word("project")
    every = f"--project {project}" if project else "--all" if invocation.is_set("all") else "orders-db"
    subject = job_word(invocation.jobs[0]) if invocation.jobs else every
    return f'{COMMAND} freeze {subject} --until 2h --reason "month end"'


def _runs_in_progress(ctx: Context, frozen: FreezeTarget) -> str:
    """What a freeze does not stop. It is set all the same where that cannot be read."""
    job, left_out = frozen.job, LeftOut()
    runs = [
        each
        for each in ctx.store.runs(states=ACTIVE_RUNS, job=job.name if job else "", skip=left_out)
        if frozen.project is None or project_of(each.job) == frozen.project.id
    ]
    count = sum(1 for run in runs if job or not is_hidden(ctx, "freeze", run.job))
    known = f" {count} {'action' if count == 1 else 'actions'} in progress will continue." if count else ""
    return known + (" Not all actions in progress could be read." if left_out.keys else "")


VERB = Verb(
    name="freeze",
    permission=Permission.FREEZE,
    summary="block changes for a while",
    usage=(
        'freeze JOB --until 2h --reason "…"',
        'freeze --project prod --until 2h --reason "…"',
        'freeze --all --until "tomorrow 09:00" --reason "…"',
    ),
    syntax=Syntax(
        "optional",
        flags=(
            Flag("all", "switch", "all jobs"),
            replace(PROJECT, help="all jobs of this project (alias or ID)"),
            Flag("until", "time", "when it ends"),
            Flag("reason", "text", "shown to people who are blocked"),
        ),
    ),
    details="Blocks all changes to a job, a project or all jobs until the time that you give.",
    more=(
        f"`{COMMAND} unfreeze` lifts it early. Actions in progress continue. Changes made elsewhere "
        "(console, gcloud) are not stopped."
    ),
    examples=(
        'freeze orders-db --until 2h --reason "month end"',
        'freeze --all --until 3d --reason "audit"',
    ),
    run=_run,
    asks_service=only_of_a_job,
)
