"""The new messages that tell requesters that their request has begun, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import Button
from bot.cutover.wording import missing_text
from bot.dms.rules import Action
from bot.requests.queries import valid_approvals
from bot.requests.wording import MOVED
from bot.slack.render import labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.confirming import request_button
from bot.slack.render.message import Message
from bot.slack.render.progress import failed, failed_lines, outcome, retryable
from bot.slack.render.request_card import findings
from bot.slack.render.request_details import jobs_text, subject
from bot.store.records import Decision, Request, RequestState, Run
from bot.util.durations import humanize
from bot.util.text import count_of

_NAMED = 10
"""Failed jobs that are named; the request's message has all."""


def outcome_message(
    request: Request,
    runs: Sequence[Run],
    decisions: Sequence[Decision],
    follow_up: Sequence[Button] = (),
    *,
    was_approving: bool = False,
) -> Message | None:
    """How a request ended, with what its requester can do now; None while it has not ended.

    `follow_up` are the next steps once it is done; `was_approving` says whether it waited for approvals.
    """
    who = mrkdwn.mention("@", request.by.user)
    if request.state is RequestState.DONE:
        return _done(who, request, runs, follow_up)
    said = _not_run(request, decisions, was_approving=was_approving)
    if not said:
        return None
    text = f"{who} {said}"
    return m.message(text, [*m.sections(text), *m.buttons(_ask_again(request))])


def begun_message(request: Request, decisions: Sequence[Decision]) -> Message | None:
    """That the approved runs have begun, or wait for their time; None if they have ended since."""
    if request.state not in (RequestState.SCHEDULED, RequestState.APPROVED, RequestState.RUNNING):
        return None
    by = ", ".join(mrkdwn.mention("@", each.user) for each in valid_approvals(request, decisions))
    text = (
        f"{mrkdwn.mention('@', request.by.user)} ⏳ {f'Approved by {by}: ' if by else ''}{_begun(request)}."
    )
    return m.message(text, m.sections(text))


def _begun(request: Request) -> str:
    if request.facts.cutover and request.state is RequestState.SCHEDULED:
        return (
            f"the cutover of {jobs_text(request)} is approved; nothing is sent before its writes are stopped"
            f"{_by_itself(request)}"
        )
    if request.state is RequestState.SCHEDULED and request.facts.waits_without_time:
        until = f"until {mrkdwn.date(request.expires)} at the latest"
        return f"*{request.action}* {jobs_text(request)} waits until nothing is missing, {until}"
    if request.state is RequestState.SCHEDULED and request.facts.due is not None:
        return f"*{request.action}* {jobs_text(request)} is scheduled for {mrkdwn.date(request.facts.due)}"
    return f"*{labels.DOING[request.action].lower()}* {jobs_text(request)} has begun"


def _by_itself(request: Request) -> str:
    terms = request.facts.terms
    if terms is None or not terms.by_itself:
        return ""
    return f"; it is then sent by itself, once {missing_text(terms)}"


def _done(who: str, request: Request, runs: Sequence[Run], follow_up: Sequence[Button]) -> Message:
    text = f"{who} {outcome(request, runs)}"
    blocks: list[Block] = m.sections(text)
    if len(request.jobs) == 1:
        blocks.extend(findings(request, runs))
    else:
        lines = failed_lines(request, runs, _NAMED)
        blocks.extend(m.sections("\n".join(lines)) if lines else [])
    blocks.extend(_afterwards(request, runs))
    blocks.extend(m.buttons([*_retry(request, runs), *follow_up]))
    return m.message(text, blocks)


def _afterwards(request: Request, runs: Sequence[Run]) -> list[Block]:
    """What people do after a promote. Of a cutover, its card says that."""
    promoted = request.action is Action.PROMOTE and not any(map(failed, runs)) and not request.facts.cutover
    lines = dict.fromkeys(request.facts.effect.splitlines()) if promoted else {}
    return m.sections(f"👉 *Next*: {mrkdwn.format_own(' '.join(lines))}") if lines else []


def _retry(request: Request, runs: Sequence[Run]) -> list[Button]:
    """Retry, where it may help; the ordinary confirmation follows."""
    count = sum(map(retryable, runs))
    label = "Retry" if len(request.jobs) == 1 else f"Retry {count_of(count, 'job')}"
    return [request_button(request, label, "retry")] if count else []


def _ask_again(request: Request) -> list[Button]:
    again = request.state in (RequestState.EXPIRED, RequestState.OUTDATED) and not request.facts.jobs_gone
    return [request_button(request, "Ask again", "again")] if again else []


def _not_run(request: Request, decisions: Sequence[Decision], *, was_approving: bool) -> str:
    """Why a request came to nothing; mrkdwn, empty while it is open."""
    what = f"*{mrkdwn.verbatim(subject(request))}*"
    by = mrkdwn.mention("@", request.ended_by) if request.ended_by else "Somebody"
    match request.state:
        case RequestState.DENIED:
            return f"⛔ {by} denied {what}: {mrkdwn.verbatim(request.note)}"
        case RequestState.CANCELLED if request.note.startswith(MOVED):
            return f"⏰ {by} moved {what}: it is {mrkdwn.verbatim(request.note)}."
        case RequestState.CANCELLED:
            return f"🚫 {by} cancelled {what}. Nothing was sent."
        case RequestState.OUTDATED:
            return f"🔁 {what} is out of date, so nothing was sent. {mrkdwn.format_own(request.note)}"
        case RequestState.EXPIRED if request.note:
            return f"⌛ {what} was not sent. {mrkdwn.format_own(request.note)}"
        case RequestState.EXPIRED if was_approving:
            return f"⌛ {_approvals(request, decisions)} {what}{_after(request)}, so nothing was done."
        case RequestState.EXPIRED:
            return f"⌛ You didn't confirm {what}{_after(request)}, so nothing was done."
        case _:
            return ""


def _approvals(request: Request, decisions: Sequence[Decision]) -> str:
    given = len(valid_approvals(request, decisions))
    return (
        f"Only {given} of {count_of(request.needed, 'person', 'people')} approved"
        if given
        else "Nobody approved"
    )


def _after(request: Request) -> str:
    """How long it waited. The time for approvals starts at the confirmation."""
    ttl_s = request.facts.approval_ttl_s
    waited_s = ttl_s if ttl_s is not None else (request.expires - request.created).total_seconds()
    return f" in {humanize(waited_s)}" if waited_s > 0 else ""
