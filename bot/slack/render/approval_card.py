"""A request in the approval channel, in a few lines; the whole of it in a modal; and the reminder.

The card notifies those who may approve and nobody else, so its requester is named, not mentioned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import Button, Group, RichPart
from bot.dms.rules import DESTRUCTIVE
from bot.policy.approver_list import NOBODY, ApproverList
from bot.requests.queries import NO_RELATED, RelatedRequests, valid_approvals
from bot.requests.rules import needs_typed_confirmation
from bot.slack.render import message as m
from bot.slack.render import mrkdwn
from bot.slack.render.confirming import list_button, recheck_button
from bot.slack.render.consequence import consequence
from bot.slack.render.cutover_terms import terms_line
from bot.slack.render.message import Message
from bot.slack.render.request_card import details_button, request_card
from bot.slack.render.request_details import names_of_several, request_details, request_text, sent_if, subject
from bot.slack.render.request_facts import approvals_text, facts_line
from bot.store.records import Decision, Request, RequestState, Run
from bot.util.durations import humanize
from bot.util.text import count_of

_MAX_REASON = 200
_MAX_RISK = 300


@dataclass(frozen=True, slots=True)
class Asking:
    """What a card says of the people, and of where the request was made."""

    approvers: ApproverList = NOBODY
    requester: str = ""
    """The name of whoever asks."""
    projects: str = ""
    """The projects of the jobs, with their counts; empty where it need not be said."""
    link: str = ""
    """URL of the request's own message; empty if there is none that others can open."""
    called: Callable[[str], str] = str
    """The name of a user ID."""


def approval_card(
    request: Request,
    asking: Asking,
    decisions: Sequence[Decision],
    now: datetime,
    runs: Sequence[Run] = (),
    related: RelatedRequests = NO_RELATED,
) -> Message:
    """While the request is open, what approvers need to know, with Approve, Deny and Details; afterwards, who
    decided and the outcome. `related` are other open requests for the same jobs."""
    if request.state is not RequestState.APPROVING:
        return _decided(request, decisions, now, runs)
    asks = f"🔐 {_asks(request, asking)}"
    lines = (
        asks,
        " ".join(filter(None, (_consequence(request), sent_if(request)))),
        terms_line(request, asking.called),
        facts_line(request, decisions, related),
        _who_until(request, asking),
    )
    shown = [*m.sections("\n".join(filter(None, lines))), *m.buttons(_buttons(request))]
    return m.message(f"{asks}. {who_can(asking.approvers)} approve.", shown)


def approval_details(
    request: Request,
    approvers: ApproverList,
    decisions: Sequence[Decision],
    related: RelatedRequests = NO_RELATED,
    *,
    may_decide: bool,
) -> Message:
    """All of an open request, for a modal: each database, where it is, what is lost, which rule asks for
    approvals, and who has decided so far. Approve and Deny are there if the reader `may_decide`."""
    blocks: list[Block] = [*request_details(request, related)]
    rule = f" Rule: {mrkdwn.code(request.rule)}." if request.rule else ""
    said = f"{approvals_text(request, decisions)}.{rule} {who_can(approvers)} approve."
    blocks.append(m.section(f"{said}{_self_approval_note(request)}"))
    blocks.extend(m.sections("\n".join(_history(request, decisions))))
    row = [*_deciding(request)] if may_decide else []
    blocks.extend(m.buttons([*row, *recheck_button(request), *list_button(request)]))
    blocks.extend(m.context(f"Expires {mrkdwn.date(request.expires)}."))
    return m.message(mrkdwn.verbatim(subject(request)), blocks)


def reminder_text(request: Request, asking: Asking, decisions: Sequence[Decision], now: datetime) -> Message:
    """The message in the thread when the request is about to expire; it mentions who has not decided."""
    left = humanize(request.expires - now) if request.expires > now else "no time"
    missing = max(0, request.needed - len(valid_approvals(request, decisions)))
    shown = (
        f"⏰ {_mentions(asking.approvers)}: {left} left to decide on "
        f"*{mrkdwn.verbatim(subject(request))}*, requested by "
        f"{_name(asking.requester)}. {count_of(missing, 'approval')} still needed; "
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


def who_can(approvers: ApproverList) -> str:
    """`@alex or anyone in @leads can`, to begin a sentence; mrkdwn."""
    groups = [f"anyone in {mrkdwn.rich_text((each,))}" for each in approvers.asked if isinstance(each, Group)]
    people = [mrkdwn.rich_text((each,)) for each in approvers.asked if not isinstance(each, Group)]
    others = [count_of(approvers.more, "other")] if approvers.more else []
    channels = [f"anyone in {mrkdwn.rich_text((each,))}" for each in approvers.channels]
    found = [*people, *groups, *others, *channels]
    if found:
        said = " or ".join(filter(None, (", ".join(found[:-1]), found[-1])))
        return f"{said[:1].upper()}{said[1:]} can"
    return "Any member can" if approvers.everybody else "Approvers can"


def _decided(request: Request, decisions: Sequence[Decision], now: datetime, runs: Sequence[Run]) -> Message:
    """The requester's card without its buttons, which are for the channel where it was asked."""
    card = request_card(request, runs, decisions, now, copy=True)
    kept = [block for block in card.blocks if block.type != "actions"]
    return m.message(card.text, kept)


def _asks(request: Request, asking: Asking) -> str:
    """Who asks to do what to which job, and why."""
    told = "; ".join(filter(None, (names_of_several(request), mrkdwn.format_own(asking.projects))))
    where = f" ({told})" if told else ""
    when = f" at {mrkdwn.date(request.facts.due)}" if request.facts.due else ""
    return f"{_name(asking.requester)} asks to {request_text(request)}{where}{when}{_reason(request)}"


def _reason(request: Request) -> str:
    reason = mrkdwn.clip(mrkdwn.verbatim(" ".join(request.facts.reason.split())), _MAX_REASON)
    return f": “{reason}”" if reason else ""


def _name(requester: str) -> str:
    return f"*{mrkdwn.name(f'@{requester}')}*" if requester else "Somebody"


def _consequence(request: Request) -> str:
    """With the first of the databases that are at risk, if any."""
    risk = request.warning[0] if request.facts.at_risk and request.warning else ""
    warned = f" ⚠️ {mrkdwn.clip(mrkdwn.format_own(risk), _MAX_RISK)}" if risk else ""
    return f"{consequence(request)}{warned}"


def _who_until(request: Request, asking: Asking) -> str:
    link = f" · {mrkdwn.link(asking.link, 'Request')}" if asking.link else ""
    return f"{who_can(asking.approvers)} approve · until {mrkdwn.date(request.expires)}{link}"


def _mentions(approvers: ApproverList) -> str:
    return mrkdwn.rich_text(_joined(approvers.asked)) or "Approvers"


def _joined(approvers: Sequence[RichPart]) -> tuple[RichPart, ...]:
    found: list[RichPart] = []
    for each in approvers:
        found.extend([", ", each] if found else [each])
    return tuple(found)


def _self_approval_note(request: Request) -> str:
    if request.self_approval:
        return ""
    return f" {mrkdwn.mention('@', request.by.user)} cannot approve their own request."


def _history(request: Request, decisions: Sequence[Decision]) -> list[str]:
    void = request.facts.void_approvers
    lines = [f"📝 {mrkdwn.mention('@', request.by.user)} requested it {mrkdwn.date(request.created)}"]
    for each in decisions:
        verb = "✅ {} approved" if each.approve else "⛔ {} denied"
        gone = ", which no longer counts" if each.approve and each.user in void else ""
        lines.append(f"{verb.format(mrkdwn.mention('@', each.user))} {mrkdwn.date(each.at)}{gone}")
    return lines


def _deciding(request: Request) -> list[Button]:
    """Approve and Deny, of which neither is red, and Approve is green only where nothing is destroyed. The
    dots of Approve say that a dialog asks first."""
    verb = str(request.action)
    asks_first = needs_typed_confirmation(request)
    harmless = not asks_first and request.action not in DESTRUCTIVE
    return [
        Button(
            "Approve…" if asks_first else "Approve",
            verb,
            "approve",
            request.id,
            "primary" if harmless else "",
        ),
        Button("Deny…", verb, "deny", request.id),
    ]


def _buttons(request: Request) -> list[Button]:
    return [*_deciding(request), details_button(request)]
