"""The card that its requester confirms: what will be lost, and the buttons, of which one may be red."""

from __future__ import annotations

from typing import Literal

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import Button
from bot.dms.rules import DESTRUCTIVE, HARMLESS, Action, running_dump
from bot.requests.delay import all_zero
from bot.requests.job_names import display_name
from bot.requests.queries import RelatedRequests
from bot.requests.rules import delay_counts, needs_typed_confirmation
from bot.slack.render import message as m
from bot.slack.render import mrkdwn
from bot.slack.render.request_details import has_long_list, offers_destination, request_details
from bot.store.records import Request
from bot.util.text import count_of

_Style = Literal["", "primary", "danger"]


def confirming(request: Request, related: RelatedRequests) -> list[Block]:
    """What is asked, what will be lost, and who has to do what next."""
    who = mrkdwn.mention("@", request.by.user)
    small = (
        _typing(request),
        f"Only {who} can confirm",
        f"expires {mrkdwn.date(request.expires)}",
        _starts_later(request),
    )
    return [
        *request_details(request, related, headed=True),
        *m.buttons(_confirm_buttons(request)),
        *m.context(" · ".join(filter(None, small))),
    ]


def _typing(request: Request) -> str:
    apart = display_name(request, request.jobs[0].name) != request.jobs[0].id
    one = "the job's location and ID" if apart else "the job ID"
    what = one if len(request.jobs) == 1 else f"“{request.action} {len(request.jobs)} jobs”"
    if needs_typed_confirmation(request):
        return f"You'll type {what} next{_why_typed(request)}"
    if offers_destination(request):
        return f"You'll type {what} next if the destination goes too"
    return ""


def _why_typed(request: Request) -> str:
    if request.typed:
        return ""
    if all_zero(request.facts.delays, request.jobs):
        return ", as changes may be missing on the destination"
    if any(each.partial for each in request.facts.delays.values()):
        return ""  # a zero of such a source leaves changes out, so it would not do
    return ", unless the delay is 0 by then"


def _starts_later(request: Request) -> str:
    """Says that the request waits for approvals after the confirmation."""
    if request.needed == 0:
        return ""
    rule = f", rule “{mrkdwn.verbatim(request.rule)}”" if request.rule else ""
    return f"then it waits for *{count_of(request.needed, 'approval')}*{rule}"


def _confirm_buttons(request: Request) -> list[Button]:
    found = []
    if offers_destination(request):
        only, both = ("job", "destination") if len(request.jobs) == 1 else ("jobs", "destinations")
        alone = _asking(request, f"Delete {only} only")
        found.append(request_button(request, alone, "confirm", _style(request)))
        found.append(request_button(request, f"Delete {only} and {both}…", "confirm_destination"))
    else:
        label = _asking(request, _confirm_label(request))
        found.append(request_button(request, label, "confirm", _style(request)))
    label = "Let it continue" if request.action is Action.CANCEL else "Cancel"
    leave = request_button(request, label, "cancel")
    return [*found, *recheck_button(request), leave, *list_button(request)]


def _confirm_label(request: Request) -> str:
    if request.action is Action.CANCEL:
        return "Cancel the operation"
    if request.facts.cutover:
        return "Confirm the plan"
    return f"{'Confirm' if request.facts.due is None else 'Schedule'} {request.action}"


def recheck_button(request: Request) -> list[Button]:
    """The button that measures the replication delay again, for a promote."""
    measured = delay_counts(request)
    return [request_button(request, "Re-check delay", "recheck")] if measured else []


def _asking(request: Request, label: str) -> str:
    """The label, with “…” if the job ID is asked for next."""
    return f"{label}…" if needs_typed_confirmation(request) else label


def _style(request: Request) -> _Style:
    """Red is what sends a call that discards something, and nothing else: where an ID is typed next, where
    approvals are needed, or where a cutover has its own last press, that comes later."""
    if request.action in HARMLESS:
        return ""
    if not _loses_data(request):
        return "primary"
    later = needs_typed_confirmation(request) or request.needed or request.facts.cutover
    return "" if later else "danger"


def _loses_data(request: Request) -> bool:
    """Whether it discards something: data, a job, or a full dump that has to start again."""
    loses_dump = request.action is Action.STOP and any(map(running_dump, request.jobs))
    return loses_dump or request.action in DESTRUCTIVE


def list_button(request: Request) -> list[Button]:
    """The button for a view with all names, if the card cannot hold them."""
    return [request_button(request, "Show all names", "names")] if has_long_list(request) else []


def request_button(request: Request, label: str, step: str, style: _Style = "") -> Button:
    return Button(label, str(request.action), step, request.id, style)
