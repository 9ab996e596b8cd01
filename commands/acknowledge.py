"""`/dms acknowledge`: say that somebody is working on an alert, which ends its reminders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.cmdline.answers import Answer, Note, Time, User
from bot.cmdline.invocation import Invocation, Syntax, UsageError
from bot.cmdline.unreadable_text import unreadable_text
from bot.policy.permissions import Permission
from bot.policy.principal import DirectoryUnavailable
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.store.records import AuditEntry, Escalation
from bot.store.table import Skip
from bot.util.command import COMMAND
from bot.watch.escalations import mark_messages_dirty
from commands.support.base import Context, EarlyAnswer, Verb, always, only_of_a_job
from commands.support.freezes import job_namer
from commands.support.resolve import find_job
from commands.support.typed_jobs import can_mean
from commands.support.visibility import is_hidden, may_hide

_HIDDEN = "You may not see what this alert is about, so you cannot acknowledge it."


@dataclass(frozen=True, slots=True)
class _Alert:
    """An alert and what can be read of its events."""

    escalation: Escalation
    jobs: tuple[str, ...]
    """Full resource names of the jobs that it is about."""
    lacks_an_event: bool
    """Whether one of its events cannot be read: nobody knows of which job it is."""


def _run(ctx: Context, invocation: Invocation) -> Answer:
    _require_member(ctx)
    id = invocation.word("escalation")
    if id:
        return _acknowledge_one(ctx, id)
    if not invocation.jobs:
        text = f"Name the job of the alert, for example `{COMMAND} acknowledge orders-db`."
        raise UsageError(text, choose=invocation)
    left_out = LeftOut()
    found = [_read(ctx, each) for each in ctx.store.open_escalations(skip=left_out)]
    alerts = [each for each in found if _may_see(ctx, each)]
    name = _with_alert(ctx, invocation.jobs[0], alerts) or find_job(ctx, invocation.jobs[0], invocation).name
    ended = [each for each in alerts if name in each.jobs and _end(ctx, each.escalation) is not None]
    shown = job_namer(ctx)(name)
    others = [each for each in alerts if name not in each.jobs and each.lacks_an_event]
    lacking = unreadable_text({"alert": len(left_out.keys) + len(others)})
    if lacking:
        done = f"Acknowledged what I found of `{shown}`" if ended else f"I found no alert of `{shown}`"
        return Note(f"{done}. Not looked at: {lacking}", tone="warn")
    if not ended:
        return Note(f"`{shown}` has no alert to acknowledge.")
    return Note(f"Acknowledged: no more reminders about `{shown}`.", tone="good")


def _with_alert(ctx: Context, typed: str, alerts: Sequence[_Alert]) -> str:
    """The full name of the one job that this can stand for and that one of these alerts is about; else empty.
    The service is not asked: it may have lost the job, or not answer, and the alert may be about that."""
    names = {name for each in alerts for name in each.jobs if can_mean(ctx, typed, name)}
    if len(names) != 1:
        return ""
    (name,) = names
    ctx.found.append(name)
    return name


def _acknowledge_one(ctx: Context, id: str) -> Answer:
    escalation = ctx.store.escalation(id)
    if escalation is None:
        return Note("This alert is too old to be acknowledged.", tone="warn")
    if not _may_see(ctx, _read(ctx, escalation)):
        return Note(_HIDDEN, tone="warn")
    if _end(ctx, escalation) is not None:
        return Note("Acknowledged: no more reminders about this alert.", tone="good")
    current = ctx.store.escalation(id) or escalation
    if current.acknowledged_by and current.ended is not None:
        return Note(
            (
                User(current.acknowledged_by),
                " already acknowledged this alert, ",
                Time(current.ended),
                ".",
            )
        )
    return Note("This alert is over: there are no more reminders.")


def _require_member(ctx: Context) -> None:
    """Only full members act here; those who may only look do not.

    Raises:
        EarlyAnswer: the person is none, or Slack does not say so now.
    """
    try:
        member = ctx.access.is_member(ctx.who.user)
    except DirectoryUnavailable as error:
        again = "" if error.lasts else " Try again later."
        raise EarlyAnswer(Note(f"{error}{again}", tone="warn")) from None
    if not member:
        raise EarlyAnswer(Note("Only full members of the workspace can acknowledge alerts.", tone="warn"))


def _read(ctx: Context, escalation: Escalation) -> _Alert:
    left_out = LeftOut()
    return _Alert(escalation, _jobs(ctx, escalation, left_out), bool(left_out.keys))


def _may_see(ctx: Context, alert: _Alert) -> bool:
    """Not where an event cannot be read that may be about a job that is hidden from them."""
    if alert.lacks_an_event and may_hide(ctx, "acknowledge"):
        return False
    return not any(is_hidden(ctx, "acknowledge", name) for name in alert.jobs)


def _jobs(ctx: Context, escalation: Escalation, skip: Skip = pass_over) -> tuple[str, ...]:
    """Full resource names of the jobs that it is about."""
    events = ctx.store.events_of(escalation.events, skip)
    return tuple(dict.fromkeys(event.job for event in events))


def _end(ctx: Context, escalation: Escalation) -> Escalation | None:
    """End it, with an audit row for each job; None where it has ended already."""
    now = ctx.now()
    with ctx.store.transaction():
        # Its jobs are read here: an event may have joined it since.
        ended = ctx.store.change_escalation(escalation.id, ended=now, acknowledged_by=ctx.who.user)
        if ended is None:
            return None
        for name in _jobs(ctx, ended):
            ctx.store.append_audit(
                AuditEntry(
                    at=now,
                    event="acknowledged",
                    user=ctx.who.user,
                    team=ctx.who.audit_team,
                    channel=ctx.who.channel,
                    job=name,
                    detail=f"an alert of the rule {ended.rule}",
                )
            )
        mark_messages_dirty(ctx.store, ended)
    return ended


VERB = Verb(
    name="acknowledge",
    permission=Permission.VIEW,
    summary="stop an alert's reminders",
    usage=("acknowledge JOB",),
    syntax=Syntax("optional"),
    details=(
        "Stops the reminders of an alert, as its *Acknowledge* button does. Everybody sees that you "
        "are on it."
    ),
    more=("The policy can have a user group mentioned again and again until somebody acknowledges."),
    examples=("acknowledge orders-db",),
    run=_run,
    saves=always,
    asks_service=only_of_a_job,
)
