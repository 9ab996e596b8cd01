"""Jobs that the service no longer has: what an answer says of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.cmdline.answers import RichPart, Time
from bot.config.projects import Place
from bot.dms.model import job_name, short_name
from bot.dms.rules import Action
from bot.requests.job_names import disambiguate
from bot.runtime.one_by_one import LeftOut
from bot.store.records import RunState
from bot.util.command import COMMAND
from commands.support.base import Context
from commands.support.visibility import can_see, is_hidden

_UNNOTICED = "the service no longer has it"


@dataclass(frozen=True, slots=True)
class DeletedJob:
    """A job that existed, by its full resource name."""

    name: str
    at: datetime | None
    """When it was deleted; None if that is not known."""
    has_history: bool
    """Whether the audit has rows about it that this person may read."""


def deleted_jobs(ctx: Context, verb: str, job_id: str, places: Iterable[Place]) -> tuple[DeletedJob, ...]:
    """The deleted jobs with this id in these places, without those that an answer of `verb` must hide."""
    names = [job_name(place.project, place.location, job_id) for place in places]
    return tuple(found for name in names if (found := _deleted_job(ctx, verb, name)) is not None)


def deleted_job_text(ctx: Context, jobs: tuple[DeletedJob, ...]) -> tuple[RichPart, ...]:
    """That they are gone, and since when; with their locations if there are several jobs of the ID."""
    ids = {short_name(job.name) for job in jobs}
    twins = [each for each in ctx.store.known_twins(ids) if can_see(ctx, "show", each)]
    calls = disambiguate((*(job.name for job in jobs), *twins), ctx.dms.projects)
    parts: list[RichPart] = []
    for job in jobs:
        called = calls(job.name)
        parts += [" "] if parts else []
        when: tuple[RichPart, ...] = ("it was deleted ", Time(job.at)) if job.at else (_UNNOTICED,)
        parts += [f"`{called}` is gone: ", *when, "."]
        parts += [f" `{COMMAND} history {called}` shows more."] if job.has_history else []
    return tuple(parts)


def _deleted_job(ctx: Context, verb: str, name: str) -> DeletedJob | None:
    left_out = LeftOut()  # what cannot be read shows as well that there was such a job
    known = ctx.store.known_job(name, left_out)
    events = ctx.store.events(job=name, limit=1, skip=left_out)
    rows = ctx.store.audit(job=name, newest_first=True, limit=1, skip=left_out)
    if not (known or events or rows or left_out.keys) or is_hidden(ctx, verb, name):
        return None
    seen = [each.at for each in events if each.kind == "deleted"]
    done = [each.at for each in rows if each.action == Action.DELETE and each.event == RunState.SUCCEEDED]
    return DeletedJob(name, max((*seen, *done), default=None), bool(rows) and can_see(ctx, "history", name))
