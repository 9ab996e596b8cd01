"""`/dms approvals`: open requests."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.answers import Answer, AnswerPage, Button, Note, RichPart, Section, Time, User
from bot.cmdline.invocation import Flag, Invocation, Syntax
from bot.dms.display import status_text
from bot.policy.permissions import Permission
from bot.requests.job_names import display_name
from bot.requests.queries import valid_approvals
from bot.requests.wording import scope
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.store.records import OPEN_REQUESTS, Decision, Request, RequestState
from bot.util.command import COMMAND
from bot.util.text import count_of, first_few
from commands.support.base import Context, Verb, no_service_call
from commands.support.pages import page_buttons
from commands.support.unreadable import with_unreadable
from commands.support.visibility import is_hidden, may_hide

PER_PAGE = 8
_SHOWN_JOBS = 5


def _run(ctx: Context, invocation: Invocation) -> Answer:
    left_out = LeftOut()
    found = ctx.store.requests(OPEN_REQUESTS, limit=1000, skip=left_out)
    return with_unreadable(_list(ctx, invocation, found), {"request": len(left_out.keys)})


def _list(ctx: Context, invocation: Invocation, found: Sequence[Request]) -> Note | AnswerPage:
    open_requests = [each for each in found if _is_visible(ctx, each)]
    if not open_requests:
        if may_hide(ctx, "approvals"):
            return Note("No request that you may see awaits approval.", tone="info")
        return Note(f"No request awaits approval. `{COMMAND} history` shows past decisions.", tone="good")
    pages = -(-len(open_requests) // PER_PAGE)
    page = min(max(1, int(invocation.word("page", "1"))), pages)
    shown = open_requests[(page - 1) * PER_PAGE : page * PER_PAGE]
    return AnswerPage(
        title=count_of(len(open_requests), "open request"),
        sections=tuple(_section(ctx, each) for each in shown),
        buttons=page_buttons(ctx, invocation, page, pages),
        footer=f"Page {page} of {pages}" if pages > 1 else "",
    )


def _is_visible(ctx: Context, request: Request) -> bool:
    """Whether the person may see the request: their own; or, once it waits for approvals, one that they may
    approve or whose jobs are not hidden from them."""
    if request.by.team != ctx.who.team or request.expires <= ctx.now():
        return False
    if request.by.user == ctx.who.user:
        return True
    if request.state is not RequestState.APPROVING:
        return False
    hidden = any(is_hidden(ctx, "approvals", job.name) for job in request.jobs)
    return not hidden or ctx.access.may_approve(ctx.who, request).allowed


def _section(ctx: Context, request: Request) -> Section:
    parts: list[RichPart] = [
        f"*{request.action.capitalize()}* {_jobs(request)}{scope(request)}, requested by ",
        User(request.by.user),
    ]
    if request.state is RequestState.CONFIRMING:
        parts.append("\nAwaiting your confirmation")
    else:
        parts += [
            "\n",
            *_approvals_text(_approvals(ctx, request), request.needed),
        ]
    parts += ["; expires ", Time(request.expires)]
    if request.rule:
        parts.append(f". Rule: {request.rule}")
    verdict = ctx.access.may_approve(ctx.who, request)
    if request.state is RequestState.APPROVING and not verdict.allowed and request.by.user != ctx.who.user:
        parts.append(f"\n{verdict.why}")
    return Section(tuple(parts), _buttons(ctx, request, may_approve=verdict.allowed))


def _jobs(request: Request) -> str:
    names = [f"`{display_name(request, job.name)}`" for job in request.jobs]
    states = [status_text(job.status) for job in request.jobs]
    if len(set(states)) == 1:
        return f"{first_few(names, _SHOWN_JOBS)} ({states[0]})"
    return first_few([f"{name} ({state})" for name, state in zip(names, states, strict=True)], _SHOWN_JOBS)


def _approvals(ctx: Context, request: Request) -> Sequence[Decision]:
    return valid_approvals(request, ctx.store.decisions(request.id, pass_over))


def _approvals_text(given: Sequence[Decision], needed: int) -> list[RichPart]:
    parts: list[RichPart] = [f"{len(given)} of {needed} approved"]
    for number, each in enumerate(given):
        parts += [" by " if number == 0 else ", ", User(each.user)]
    return parts


def _buttons(ctx: Context, request: Request, *, may_approve: bool) -> tuple[Button, ...]:
    """No Approve or Deny here: people decide on the complete request, which Review shows."""
    verb, found = request.action, []
    review = Button("Review", verb, "review", request.id, "primary")
    if request.state is RequestState.CONFIRMING:
        return (review, Button("Cancel", verb, "cancel", request.id))
    approved = {each.user for each in _approvals(ctx, request)}
    if may_approve and ctx.who.user not in approved:
        found.append(review)
    if request.by.user == ctx.who.user:
        found.append(Button("Withdraw", verb, "withdraw", request.id))
    return tuple(found)


VERB = Verb(
    name="approvals",
    permission=Permission.VIEW,
    summary="requests awaiting approval",
    usage=("approvals",),
    syntax=Syntax(flags=(Flag("page", "number", "which page"),), all_by_default=True),
    details=(
        "Requests awaiting approval or confirmation. *Review* shows the whole request, where you "
        "approve, deny or confirm it."
    ),
    more=(
        "Each shows who requested what, how many have approved, and when it expires. *Withdraw* "
        "takes your own request back."
    ),
    begins="approvals",
    examples=("approvals",),
    run=_run,
    asks_service=no_service_call,
)
