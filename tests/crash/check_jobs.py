"""What the bots told of jobs is what happened to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from bot.store.records import Event
from tests.crash.evidence import Evidence

_MOVES = frozenset({"created", "recreated", "changed", "deleted"})


def known(e: Evidence) -> Iterator[str]:
    """In the end the bot knows each job as it is, and has told so."""
    last = {(event.job, event.create_time): event for event in e.events if event.kind in _MOVES}
    for name, job in e.jobs.items():
        found = e.known.get(name)
        if found is None:
            yield f"unknown to the bot: {name}"
        elif found.job.status != _status(job):
            yield f"{name} is {_status(job)}, and the bot believes {found.job.status}"
        else:
            event = last.get((name, found.job.create_time))
            if event is not None and event.after != found.job.status:
                yield f"{name} is {found.job.status}, and the last word on it was {event}"
    yield from (f"long gone, and the bot still knows {name}" for name in e.known if name not in e.jobs)
    for (name, created), event in last.items():
        here = e.known.get(name)
        if event.kind != "deleted" and (here is None or here.job.create_time != created):
            yield f"gone, and the last word on it was {event}"


def told(e: Evidence) -> Iterator[str]:
    """The story of each job has no gap and no repetition, and agrees with the service's own."""
    stories: dict[tuple[str, datetime], list[Event]] = defaultdict(list)
    for event in e.events:
        if event.kind in _MOVES:
            stories[event.job, event.create_time].append(event)
    for (name, created), story in stories.items():
        for before, after in pairwise(story):
            if after.before != before.after and after.kind != "deleted":
                yield f"a gap between {before} and {after}"
        yield from (f"nothing changed: {event}" for event in story if event.before == event.after)
        job = e.jobs.get(name)
        if job is not None and datetime.fromisoformat(job["createTime"]) == created:
            yield from _not_in(story, job)


def _not_in(story: Sequence[Event], job: Mapping[str, Any]) -> Iterator[str]:
    """Events that the service's history does not have, in its order."""
    history = iter([_status(spell) for spell in job["history"]])
    for event in story:
        if event.kind != "deleted" and event.after not in history:
            yield f"not in the service's history, or not in this order: {event}"
            return


def _status(job: Mapping[str, Any]) -> str:
    phase = str(job.get("phase", ""))
    return f"{job['state']}/{phase}" if phase and phase != "PHASE_UNSPECIFIED" else str(job["state"])


__all__ = ["known", "told"]
