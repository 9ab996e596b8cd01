"""How jobs are called: by the id, and by `location/id` where another job that is known has the same id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bot.dms.model import Job, parse_name, short_name
from bot.store.records import Request

JobNamer = Callable[[str], str]
"""From a job's full name to what people call it."""
_CONTEXT_KEY = "called"


def disambiguate(known: Iterable[str]) -> JobNamer:
    """Calls jobs so that none is taken for another; `known` are the full names of all jobs there are."""
    twins = Counter(short_name(name) for name in set(known))
    return lambda name: with_location(name) if twins[short_name(name)] > 1 else short_name(name)


def with_location(name: str) -> str:
    """`location/id`, as it can be typed; other texts as they are."""
    try:
        _, location, job_id = parse_name(name)
    except ValueError:
        return name
    return f"{location}/{job_id}"


def naming_context(jobs: Iterable[Job], known: Iterable[str]) -> dict[str, Any]:
    """The fact of a request that keeps how its jobs are called, where that is not by their ids."""
    names = [job.name for job in jobs]
    calls = disambiguate((*names, *known))
    apart = {name: calls(name) for name in names if calls(name) != short_name(name)}
    return {_CONTEXT_KEY: apart} if apart else {}


def display_name(request: Request, name: str) -> str:
    """What a job is called in a request, from its full name: the same in each message about it."""
    apart = request.facts.get(_CONTEXT_KEY)
    found = apart.get(name) if isinstance(apart, Mapping) else None
    return found if isinstance(found, str) else short_name(name)
