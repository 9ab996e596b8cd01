"""`/dms schedule`: what is to be carried out at a set time."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline import job_refs
from bot.cmdline.answers import Answer, AnswerPage, Button, Note, RichPart, Section, Time, User
from bot.cmdline.invocation import Flag, Invocation, Syntax, UsageError
from bot.cmdline.unreadable_text import unreadable_text
from bot.policy.permissions import Permission
from bot.requests.job_names import display_name
from bot.requests.wording import scope
from bot.runtime.one_by_one import LeftOut
from bot.store.records import Request, RequestState
from bot.store.table import Skip
from bot.util.command import COMMAND
from bot.util.text import first_few
from bot.util.wall_time import from_now
from commands.support.base import Context, Verb
from commands.support.pages import page_buttons
from commands.support.schedule import AT, scheduled
from commands.support.typed_jobs import can_mean
from commands.support.unreadable import with_unreadable
from commands.support.visibility import is_hidden, may_hide

_PER_PAGE = 8
_SHOWN_JOBS = 5
_MOVE = Flag("move", "word", "whose request to move; needs `--at`")


def _run(ctx: Context, invocation: Invocation) -> Answer:
    if "move" in invocation.flags or "at" in invocation.flags:
        return _move(ctx, invocation)
    left_out = LeftOut()
    found = _visible(ctx, left_out)
    return with_unreadable(_list(ctx, invocation, found), {"request": len(left_out.keys)})


def _list(ctx: Context, invocation: Invocation, found: Sequence[Request]) -> Note | AnswerPage:
    due = sorted(found, key=lambda each: each.facts.due or each.created)
    if not due:
        seen = " that you may see" if may_hide(ctx, "schedule") else ""
        return Note(
            f'Nothing{seen} is scheduled. `{COMMAND} promote orders-db --at "Sat 02:00"` schedules a promote.'
        )
    pages = -(-len(due) // _PER_PAGE)
    page = min(max(1, int(invocation.word("page", "1"))), pages)
    shown = due[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    return AnswerPage(
        title="1 request is scheduled" if len(due) == 1 else f"{len(due)} requests are scheduled",
        sections=tuple(_section(ctx, each) for each in shown),
        buttons=page_buttons(ctx, invocation, page, pages),
        footer=f"Page {page} of {pages}" if pages > 1 else "",
    )


def _visible(ctx: Context, skip: Skip) -> list[Request]:
    """Those that are scheduled, and those that wait for the approvals that they need until their time."""
    states = (RequestState.APPROVING, RequestState.SCHEDULED)
    found = ctx.store.requests(states, limit=1000, skip=skip)
    return [each for each in found if each.expires > ctx.now() and _may_see(ctx, each)]


def _may_see(ctx: Context, request: Request) -> bool:
    if request.by.team != ctx.who.team or request.facts.due is None:
        return False
    if request.by.user == ctx.who.user:
        return True
    return not any(is_hidden(ctx, "schedule", job.name) for job in request.jobs)


def _section(ctx: Context, request: Request) -> Section:
    assert request.facts.due is not None
    names = first_few([f"`{display_name(request, job.name)}`" for job in request.jobs], _SHOWN_JOBS)
    parts: list[RichPart] = [
        f"*{request.action.capitalize()}* {names}{scope(request)}, requested by ",
        User(request.by.user),
        "\n",
        Time(request.facts.due),
        f", {from_now(request.facts.due, ctx.now())}",
    ]
    if request.state is RequestState.SCHEDULED and request.facts.when_drained:
        parts += ["\nSent once nothing is missing, until ", Time(request.expires)]
    if request.state is RequestState.APPROVING:
        parts.append("\nAwaiting approval until then")
    if request.facts.cutover:
        parts[0] = f"*Cutover* of {names}, planned by "
        return Section(tuple(parts), (Button("Open", "cutover", "details", request.facts.cutover),))
    may_end = ctx.approvals.expiry.may_end(ctx.who, request)
    cancel = Button("Cancel it", request.action, "cancel", request.id)
    return Section(tuple(parts), (cancel,) if may_end else ())


def _move(ctx: Context, invocation: Invocation) -> Answer:
    """Ask for the same at another time. The first request stays until the new one is confirmed.

    Raises:
        UsageError: `--move` or `--at` is missing, or nothing is scheduled by that name.
    """
    wanted = invocation.word("move")
    example = f'for example `{COMMAND} schedule --move orders-db --at "Sun 02:00"`'
    if not wanted or not invocation.word("at"):
        raise UsageError(f"`--move` and `--at` go together: {example}.")
    left_out = LeftOut()
    named = [each for each in _visible(ctx, left_out) if _is_named(ctx, each, wanted)]
    found = [each for each in named if each.state is RequestState.SCHEDULED]
    if not found and len(named) == 1 and named[0].facts.cutover:
        found = named  # a cutover can be moved while it awaits approval, too
    if named and not found:
        raise UsageError(
            f"The scheduled request for `{wanted}` still awaits approval: withdraw it, then request it again."
        )
    if not found:
        seen = " that you may see" if may_hide(ctx, "schedule") else ""
        nothing = f"Nothing{seen} is scheduled for `{wanted}`; `{COMMAND} schedule` lists what is."
        lacking = unreadable_text({"request": len(left_out.keys)})
        raise UsageError(f"{nothing} Not looked at: {lacking}" if lacking else nothing)
    if len(found) > 1:
        raise UsageError(
            f"Several requests are scheduled for `{wanted}`: cancel the ones that you do not want."
        )
    facts = scheduled(ctx, invocation)
    if found[0].facts.cutover:
        return ctx.cutovers.move(ctx.who, found[0].facts.cutover, facts.due, facts.zone, ctx.response_url)
    return ctx.approvals.creation.move(ctx.who, found[0], facts.due, facts.zone, ctx.response_url)


def _is_named(ctx: Context, request: Request, wanted: str) -> bool:
    """By its ID, or by any name of one of its jobs: all of them move, and the confirmation names each."""
    if request.id == wanted:
        return True
    if not job_refs.is_job_in_a_sentence(wanted):
        return False
    typed = job_refs.read(wanted, "orders-db")
    return any(can_mean(ctx, typed, job.name) for job in request.jobs)


VERB = Verb(
    name="schedule",
    permission=Permission.VIEW,
    same_for_all=True,
    summary="list or move scheduled requests",
    usage=("schedule", 'schedule --move JOB --at "TIME"'),
    syntax=Syntax(flags=(_MOVE, AT, Flag("page", "number", "which page")), all_by_default=True),
    details="Requests scheduled with `--at`. You can move or cancel them.",
    more=(
        "`--at` schedules `start`, `stop`, `resume`, `verify` and `promote`. They are confirmed and "
        "approved ahead. When one is due, policy, approvals, freezes and the job are checked again; "
        "a promote is sent only if its replication delay is zero then. A request that is moved needs "
        "a new confirmation and new approvals."
    ),
    begins="schedule",
    examples=("schedule", 'schedule --move orders-db --at "Sun 02:00"'),
    run=_run,
    saves=lambda invocation: "move" in invocation.flags,
    asks_service=lambda invocation: "move" in invocation.flags,
)
