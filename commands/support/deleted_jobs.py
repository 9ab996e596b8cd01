"""Jobs that the bot has known and the service has no more: what is said when one is named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.cmdline.answers import Part, Time
from bot.dms.model import job_name, short_name
from bot.dms.rules import Action
from bot.requests.job_names import with_location
from bot.store.records import RunState
from commands.support.base import Context
from commands.support.visibility import kept_from, sees


@dataclass(frozen=True, slots=True)
class Gone:
    """A job that was there, by its full resource name."""

    name: str
    at: datetime | None
    """When it was deleted, as far as that is known."""
    has_history: bool
    """Whether anything was asked for it from here, of which this person may read."""


def gone_jobs(ctx: Context, job_id: str, places: Iterable[str]) -> tuple[Gone, ...]:
    """The jobs with this id that were in `places`, which have none now, and that this person may see."""
    names = [job_name(ctx.dms.project, place, job_id) for place in places]
    return tuple(found for name in names if (found := _gone(ctx, name)) is not None)


def farewell(jobs: tuple[Gone, ...]) -> tuple[Part, ...]:
    """That they are gone, and since when; twins are told apart by their locations."""
    parts: list[Part] = []
    for job in jobs:
        called = short_name(job.name) if len(jobs) == 1 else with_location(job.name)
        parts += [" "] if parts else []
        parts += [f"`{called}` is gone: ", *_when(job), "."]
        parts += [f" `/dms history {called}` tells more."] if job.has_history else []
    return tuple(parts)


def _when(job: Gone) -> tuple[Part, ...]:
    return ("the service no longer has it",) if job.at is None else ("it was deleted ", Time(job.at))


def _gone(ctx: Context, name: str) -> Gone | None:
    known = ctx.store.known_job(name)
    events = ctx.store.events(job=name, limit=1)
    rows = ctx.store.audit(job=name, newest_first=True, limit=1)
    if not (known or events or rows) or kept_from(ctx, "list", name):
        return None
    told = [each.at for each in events if each.kind == "deleted"]
    done = [each.at for each in rows if each.action == Action.DELETE and each.event == RunState.SUCCEEDED]
    return Gone(name, max((*told, *done), default=None), bool(rows) and sees(ctx, "history", name))
