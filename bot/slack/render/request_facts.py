"""The state of an open request in one line, for the cards of its requester and its approvers."""

from __future__ import annotations

from collections.abc import Sequence

from bot.dms.model import Job, Phase, State
from bot.dms.rules import Action
from bot.requests.queries import RelatedRequests, valid_approvals
from bot.slack.render import labels, mrkdwn
from bot.slack.render.consequence import databases_count
from bot.slack.render.delay_warning import short_delay
from bot.slack.render.request_details import subject
from bot.store.records import Decision, Request
from bot.util.text import count_of

_COUNTED = frozenset({Action.RESTART, Action.DELETE, Action.EDIT})
"""Actions whose consequence says which databases they affect, or how many."""


def facts_line(request: Request, decisions: Sequence[Decision], related: RelatedRequests) -> str:
    """Status, delay, databases, approvals with the rule that asks for them, other open requests; mrkdwn."""
    rule = f", rule “{mrkdwn.verbatim(request.rule)}”" if request.rule else ""
    parts = (
        _status(request),
        short_delay(request),
        "" if request.action in _COUNTED else databases_count(request),
        f"{approvals_text(request, decisions)}{rule}",
        _also_open(related),
    )
    return " · ".join(filter(None, parts))


def approvals_text(request: Request, decisions: Sequence[Decision]) -> str:
    """How many have approved, and who; mrkdwn."""
    given = valid_approvals(request, decisions)
    by = ", ".join(mrkdwn.mention("@", each.user) for each in given)
    line = f"*{len(given)} of {count_of(request.needed, 'approval')}*"
    return f"{line}, by {by}" if by else line


def _also_open(related: RelatedRequests) -> str:
    if len(related.first) == 1 and not related.more:
        return f"👥 *Also open*: *{mrkdwn.verbatim(subject(related.first[0]))}*"
    others = len(related.first) + related.more
    return f"👥 *Also open*: {count_of(others, 'request')}" if others else ""


def _status(request: Request) -> str:
    """The status of the jobs, which is the same for all but for errors; of a promote only if it is no usual
    one."""

    def faults(job: Job) -> tuple[bool, bool]:
        return labels.had_errors(request, job), request.facts.faulty.get(job.name, False)

    job = max(request.jobs, key=faults)
    usual = job.state == State.RUNNING and job.phase in (Phase.CDC, Phase.READY_FOR_PROMOTE)
    if request.action is Action.PROMOTE and usual and not labels.had_errors(request, job):
        return ""
    return f"{labels.requested_job_emoji(request, job)} {labels.requested_job_status(request, job)}"
