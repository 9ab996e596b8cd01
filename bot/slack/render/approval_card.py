"""A request in the approval channel, the reminder in its thread, and the notice of a denial."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import Button, RichPart
from bot.dms.rules import DESTRUCTIVE
from bot.requests.queries import NO_RELATED, RelatedRequests, valid_approvals
from bot.requests.rules import needs_typed_confirmation
from bot.slack.render import message as m
from bot.slack.render import mrkdwn
from bot.slack.render.message import Message
from bot.slack.render.request_card import (
    approvals_text,
    list_button,
    recheck_button,
    request_card,
)
from bot.slack.render.request_details import request_details, subject
from bot.store.records import Decision, Request, RequestState, Run
from bot.util.durations import humanize
from bot.util.text import count_of


def approval_card(
    request: Request,
    approvers: Sequence[RichPart],
    decisions: Sequence[Decision],
    now: datetime,
    runs: Sequence[Run] = (),
    related: RelatedRequests = NO_RELATED,
) -> Message:
    """While the request is open, with Approve and Deny; afterwards, who decided and the outcome.

    `approvers` are the people and groups that may approve; they are mentioned. `related` are other open
    requests for the same jobs.
    """
    if request.state is not RequestState.APPROVING:
        return _decided(request, decisions, now, runs)
    who = _people(approvers)
    summary = (
        f"{who}: {mrkdwn.mention('@', request.by.user)} asks to {mrkdwn.verbatim(subject(request))}. "
        "Approve or deny."
    )
    sign = "🚨 " if request.action in DESTRUCTIVE else ""
    title = f"{sign}Approve: {subject(request)}?"
    blocks: list[Block] = [m.header(title), m.section(f"{who}, please approve or deny.")]
    blocks.extend(request_details(request, related))
    rule = f" Rule: {mrkdwn.code(request.rule)}." if request.rule else ""
    blocks.append(m.section(f"{approvals_text(request, decisions)}.{_self_approval_note(request)}{rule}"))
    blocks.extend(m.buttons(_buttons(request)))
    blocks.extend(m.context(f"Expires {mrkdwn.date(request.expires)}."))
    return m.message(summary, blocks)


def reminder_text(
    request: Request, approvers: Sequence[RichPart], decisions: Sequence[Decision], now: datetime
) -> Message:
    """The message in the thread when the request is about to expire."""
    left = humanize(request.expires - now) if request.expires > now else "no time"
    missing = max(0, request.needed - len(valid_approvals(request, decisions)))
    shown = (
        f"⏰ {_people(approvers)}: {left} left to decide on "
        f"*{mrkdwn.verbatim(subject(request))}*, requested by "
        f"{mrkdwn.mention('@', request.by.user)}. {count_of(missing, 'approval')} still needed; "
        f"it expires {mrkdwn.date(request.expires)}."
    )
    return m.message(shown, m.sections(shown))


def denial_text(request: Request) -> Message:
    """The message to the requester after a denial: who denied, what and why."""
    shown = (
        f"⛔ {mrkdwn.mention('@', request.by.user)}: "
        f"{mrkdwn.mention('@', request.ended_by)} has denied "
        f"*{mrkdwn.verbatim(subject(request))}*. {mrkdwn.verbatim(request.note)}"
    )
    return m.message(shown, m.sections(shown))


def _decided(request: Request, decisions: Sequence[Decision], now: datetime, runs: Sequence[Run]) -> Message:
    """The requester's card without its buttons, which are for the channel where it was asked."""
    card = request_card(request, runs, decisions, now, copy=True)
    kept = [block for block in card.blocks if block.type != "actions"]
    return m.message(card.text, kept)


def _people(approvers: Sequence[RichPart]) -> str:
    return mrkdwn.rich_text(_joined(approvers)) or "Approvers"


def _joined(approvers: Sequence[RichPart]) -> tuple[RichPart, ...]:
    found: list[RichPart] = []
    for each in approvers:
        found.extend([", ", each] if found else [each])
    return tuple(found)


def _self_approval_note(request: Request) -> str:
    if request.self_approval:
        return ""
    return f" {mrkdwn.mention('@', request.by.user)} cannot approve their own request."


def _approve_label(request: Request) -> str:
    """With dots where a dialog asks first."""
    return "Approve …" if needs_typed_confirmation(request) else "Approve"


def _buttons(request: Request) -> list[Button]:
    verb = str(request.action)
    return [
        Button(_approve_label(request), verb, "approve", request.id, "primary"),
        Button("Deny", verb, "deny", request.id, "danger"),
        *recheck_button(request),
        *list_button(request),
    ]
