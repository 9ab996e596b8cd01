"""The message of a request in each of its states: confirm, approve, running, done, ended.

It is rendered from the store's present state whenever the request changes. The value of each button is the
request's id.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import Button
from bot.dms.rules import DESTRUCTIVE
from bot.requests.buttons import abandon_button, not_started_note
from bot.requests.queries import NO_RELATED, RelatedRequests, valid_approvals
from bot.requests.rules import (
    OVERDUE_AFTER,
    is_overdue,
    not_started,
)
from bot.requests.unposted import POSTED_ONCE
from bot.requests.wording import MOVED
from bot.slack.render import labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.confirming import confirming, list_button, recheck_button, request_button
from bot.slack.render.consequence import consequence
from bot.slack.render.findings import finding_lines
from bot.slack.render.message import Message
from bot.slack.render.progress import failed, outcome, progress, retryable
from bot.slack.render.request_details import (
    changes,
    effect,
    jobs_text,
    named_databases,
    names_of_several,
    reason_text,
    request_details,
    request_text,
    scheduled,
    subject,
)
from bot.slack.render.request_facts import facts_line
from bot.store.records import Decision, OutMessage, Request, RequestState, Run, RunState
from bot.util.command import COMMAND
from bot.util.durations import humanize
from bot.util.text import count_of

_DECIDED_AT = "Approvers decide here"
_OVER: dict[RequestState, str] = {
    RequestState.CANCELLED: "🚫 *Cancelled*",
    RequestState.DENIED: "⛔ *Denied*",
    RequestState.EXPIRED: "⌛ *Expired*: nobody decided in time",
    RequestState.OUTDATED: "🔁 *Out of date*: nothing was sent",
}


def request_card(
    request: Request,
    runs: Sequence[Run],
    decisions: Sequence[Decision],
    now: datetime,
    approval_message: OutMessage | None = None,
    follow_up: Sequence[Button] = (),
    related: RelatedRequests = NO_RELATED,
    *,
    approval_link: str = "",
    copy: bool = False,
    usual_s: float | None = None,
) -> Message:
    """The card where the request was made.

    `approval_message` asks for approvals elsewhere, and `approval_link` is its URL; `follow_up` are the next
    steps offered once it is done; `related` are other open requests for the same jobs. A `copy` in another
    channel has no buttons, so it does not explain how to stop following a run that does not end.
    `usual_s` is how long the action usually takes.
    """
    match request.state:
        case RequestState.CONFIRMING:
            body = confirming(request, related)
        case RequestState.APPROVING:
            body = _approving(request, decisions, approval_message, related, approval_link)
        case RequestState.SCHEDULED:
            body = _scheduled(request, decisions, related, copy=copy)
        case RequestState.APPROVED:
            body = [m.section(f"⏳ {_approvals_given(request, decisions)}Starting now."), *effect(request)]
        case RequestState.RUNNING:
            way_out = [] if copy else _abandon_buttons(request, runs, now)
            body = [*_running(request, runs, decisions, now, usual_s), *way_out]
        case RequestState.DONE:
            body = _done(request, runs, decisions, follow_up)
        case _:
            body = _ended_card(request, decisions)
    return m.message(summary(request, runs), [m.header(_title(request, runs)), *body])


def summary(request: Request, runs: Sequence[Run] = ()) -> str:
    """One line for notifications; mrkdwn."""
    who = mrkdwn.mention("@", request.by.user)
    what = mrkdwn.verbatim(subject(request))
    match request.state:
        case RequestState.CONFIRMING:
            return f"{who}: {what}? Confirm or cancel."
        case RequestState.APPROVING:
            return f"{who} asks to {what}: {count_of(request.needed, 'approval')} needed."
        case RequestState.SCHEDULED:
            if request.facts.waits_without_time:
                return f"⏳ {what} waits until nothing is missing."
            return f"⏰ {what} is scheduled for {_due(request)}."
        case RequestState.DONE:
            return outcome(request, runs)
        case RequestState.RUNNING | RequestState.APPROVED:
            return f"⏳ *{labels.DOING[request.action]}* {jobs_text(request)}"
        case _:
            why = f": {mrkdwn.clip(_end_reason(request), 300)}" if request.note else ""
            return f"{_ended(request)} — {what}{why}"


def _title(request: Request, runs: Sequence[Run]) -> str:
    what = subject(request)
    what = f"{what[:1].upper()}{what[1:]}"
    match request.state:
        case RequestState.CONFIRMING | RequestState.APPROVING:
            sign = "🚨 " if request.action in DESTRUCTIVE else ""
            return f"{sign}{what}?"
        case RequestState.SCHEDULED:
            return f"⏰ {what}"
        case RequestState.RUNNING | RequestState.APPROVED:
            return f"⏳ {what}"
        case RequestState.DONE:
            return f"{_sign(runs)} {what}"
        case _:
            return what


def _sign(runs: Sequence[Run]) -> str:
    bad = {run.state for run in runs if failed(run)}
    if not bad:
        return "✅"
    return "❓" if bad == {RunState.UNCLEAR} else "🔴"


def _ended(request: Request) -> str:
    by = f" by {mrkdwn.mention('@', request.ended_by)}" if request.ended_by else ""
    return f"{_over(request)}{by}"


def _over(request: Request) -> str:
    if request.state is RequestState.CANCELLED and request.note.startswith(MOVED):
        return "⏰ *Moved*"
    if request.state is RequestState.EXPIRED and request.note:
        return "⌛ *Expired*: nothing was sent"
    return _OVER[request.state]


def _approving(
    request: Request,
    decisions: Sequence[Decision],
    approval_message: OutMessage | None,
    related: RelatedRequests,
    link: str,
) -> list[Block]:
    facts = f"⏳ *Waiting for approval* · {facts_line(request, decisions, related)}"
    row = [request_button(request, "Withdraw", "withdraw"), *recheck_button(request), details_button(request)]
    small = f"Expires {mrkdwn.date(request.expires)}."
    return [
        *m.sections("\n".join(filter(None, (names_of_several(request), consequence(request), facts)))),
        *scheduled(request),
        *_not_asked(approval_message),
        *m.buttons(row),
        *m.context(reason_text(request), f"{small} {mrkdwn.link(link, _DECIDED_AT)}" if link else small),
    ]


def details_button(request: Request) -> Button:
    """The button for all of an open request, in a modal."""
    return request_button(request, "Details", "details")


def _scheduled(
    request: Request, decisions: Sequence[Decision], related: RelatedRequests, *, copy: bool
) -> list[Block]:
    row = [] if copy else m.buttons([request_button(request, "Cancel", "cancel"), *list_button(request)])
    where = f"`{COMMAND} schedule` lists, moves and cancels it."
    if request.facts.cutover:
        where = f"The cutover's card shows each step; `{COMMAND} cutover` lists it."
    small = f"{_approvals_given(request, decisions)}{where}"
    return [*request_details(request, related), *row, *m.context(small)]


def _due(request: Request) -> str:
    return mrkdwn.date(request.facts.due) if request.facts.due else "later"


def _not_asked(approval_message: OutMessage | None) -> list[Block]:
    """Tells the requester that the request could not be posted: no approver has seen it."""
    if approval_message is None or not approval_message.error:
        return []
    once = POSTED_ONCE.get(approval_message.error)
    then = f"It is posted once {once}. Until then, approvers" if once else "It is not tried again. Approvers"
    return m.sections(
        f"🔴 *This could not be posted in* {mrkdwn.mention('#', approval_message.channel)}: "
        f"{mrkdwn.verbatim(approval_message.error)}. {then} find it with `{COMMAND} approvals`."
    )


def _running(
    request: Request,
    runs: Sequence[Run],
    decisions: Sequence[Decision],
    now: datetime,
    usual_s: float | None,
) -> list[Block]:
    return [
        m.section(
            f"{_approvals_given(request, decisions)}Requested by {mrkdwn.mention('@', request.by.user)}."
        ),
        *progress(request, runs, now, usual_s),
        *changes(request),
        *named_databases(request),
        *effect(request),
    ]


def _abandon_buttons(request: Request, runs: Sequence[Run], now: datetime) -> list[Block]:
    """The button to stop following, if an operation does not end."""
    long = [run for run in runs if is_overdue(run, now)]
    if not long:
        return []
    one = len(long) == 1
    jobs = labels.job_name_code(request, long[0].job) if one else count_of(len(long), "job")
    are = "is" if one else "are"
    waiting = len(not_started(runs))
    rest = f" *{not_started_note(waiting)}*" if waiting else ""
    return [
        *m.sections(
            f"⏱️ *This has been running for more than {humanize(OVERDUE_AFTER)}*, and {jobs} {are} "
            "locked until it ends. Check it in the console. *Stop following* sends nothing and stops "
            f"nothing at the service: it reports the outcome as unclear and lifts the lock.{rest}"
        ),
        *m.buttons(abandon_button(runs, now)),
    ]


def _done(
    request: Request, runs: Sequence[Run], decisions: Sequence[Decision], follow_up: Sequence[Button]
) -> list[Block]:
    blocks: list[Block] = m.sections(outcome(request, runs))
    if len(request.jobs) > 1:
        blocks.extend(progress(request, runs, None))
    else:
        blocks.extend(findings(request, runs))
    blocks.extend([*changes(request), *named_databases(request)])
    if not any(failed(run) for run in runs):
        blocks.extend(effect(request))
    blocks.extend(m.buttons([*_next_steps(request, runs), *follow_up]))
    small = f"{_approvals_given(request, decisions)}Requested by {mrkdwn.mention('@', request.by.user)}."
    ended = f" Ended {mrkdwn.date(request.ended)}." if request.ended else ""
    return [*blocks, *m.context(f"{small}{ended}")]


def findings(request: Request, runs: Sequence[Run]) -> list[Block]:
    """What the service found wrong, with its usual causes, if the action failed."""
    jobs = {job.name: job for job in request.jobs}
    lines = [
        line
        for run in runs
        if run.state in (RunState.FAILED, RunState.REFUSED) and run.job in jobs
        for line in finding_lines(run.note, jobs[run.job])
    ]
    return m.sections("\n".join(lines)) if lines else []


def _next_steps(request: Request, runs: Sequence[Run]) -> list[Button]:
    found = []
    if any(retryable(run) for run in runs):
        label = "Retry the failed ones" if len(request.jobs) > 1 else "Try again"
        found.append(request_button(request, label, "retry"))
    restart = request.facts.restart_ref
    if restart and not any(failed(run) for run in runs):
        found.append(Button("Restart…", "restart", "run", restart))
    return found


def _ended_card(request: Request, decisions: Sequence[Decision]) -> list[Block]:
    line = _ended(request)
    if request.ended:
        line += f", {mrkdwn.date(request.ended)}"
    reason = f"\n{_end_reason(request)}" if request.note else ""
    blocks: list[Block] = [
        m.section(f"{line}.{reason}"),
        m.section(f"Requested by {mrkdwn.mention('@', request.by.user)}: {request_text(request)}."),
    ]
    if request.state in (RequestState.EXPIRED, RequestState.OUTDATED) and not request.facts.jobs_gone:
        blocks.extend(m.buttons([request_button(request, "Ask again", "again")]))
    return [*blocks, *m.context(_approvals_given(request, decisions))]


def _end_reason(request: Request) -> str:
    """Why it ended: the reason of a denial, which is quoted, else a sentence of ours."""
    show = mrkdwn.verbatim if request.state is RequestState.DENIED else mrkdwn.format_own
    return show(request.note)


def _approvals_given(request: Request, decisions: Sequence[Decision]) -> str:
    by = ", ".join(mrkdwn.mention("@", each.user) for each in valid_approvals(request, decisions))
    return f"Approved by {by}. " if by else ""
