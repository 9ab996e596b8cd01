"""A request is asked for in one channel, so its jobs must not belong to different ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from bot.cmdline.answers import Button, Channel, Note, RichPart
from bot.policy.access import Verdict
from bot.requests.base import RequestContext
from bot.requests.buttons import opening
from bot.requests.draft import RequestDraft
from bot.requests.groups import asked_flags, same_again
from bot.store.records import Request
from bot.util.text import count_of

_MAX_PROJECTS = 20


def different_channels(
    context: RequestContext, team: str, asked: RequestDraft | Request, verdicts: Sequence[Verdict]
) -> Note | None:
    """Why these jobs of several projects cannot share a request, with a button for each project; None if they
    can. In one project's channel, the people of the other would not see it, and they could not stop it."""
    channels: dict[str, set[str]] = {}
    for job, verdict in zip(asked.jobs, verdicts, strict=True):
        places = channels.setdefault(job.project, set())
        if verdict.approvals:
            places.add(verdict.channel or context.approval_channel)
    if len(channels) < 2 or len(set().union(*channels.values())) < 2:
        return None
    parts: list[RichPart] = [
        "Nothing was requested: these jobs need approval in different channels. Make a request "
        "for each project:"
    ]
    buttons = []
    for project, places in islice(channels.items(), _MAX_PROJECTS):
        names = tuple(job.name for job in asked.jobs if job.project == project)
        shown = context.access.policy.projects.shown(project)
        parts.append(f"\n• `{shown}`: {count_of(len(names), 'job')}")
        for place in sorted(filter(None, places)):
            parts += [", ", Channel(place)]
        if asked.facts.cutover or asked.facts.moves:
            continue  # no command asks for the same
        # Jobs of several projects are always asked about first; those of one need not be.
        flags = asked_flags(asked.facts, ask=True)
        again = same_again(asked.action, names, asked.options, flags)
        ref = context.store.put_ref(team, "invocation", again.to_dict())
        label = opening(
            f"{asked.action.capitalize()} {len(names)} of {shown}", asked.action, len(names), flags
        )
        buttons.append(Button(label, asked.action, "run", ref))
    return Note(tuple(parts), tuple(buttons), tone="warn")
