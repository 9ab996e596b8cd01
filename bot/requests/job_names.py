"""How jobs are called: by the id, and by `location/id` where another job that is known has the same id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from bot.dms.model import Job, parse_name, short_name
from bot.store.records import Request

JobNamer = Callable[[str], str]
"""From a job's full name to what people call it."""


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


def ambiguous_names(jobs: Iterable[Job], known: Iterable[str]) -> dict[str, str]:
    """By full name, what those of the jobs are called whose ids alone are ambiguous among `known`."""
    names = [job.name for job in jobs]
    calls = disambiguate((*names, *known))
    return {name: calls(name) for name in names if calls(name) != short_name(name)}


def display_name(request: Request, name: str) -> str:
    """What a job is called in a request, from its full name: the same in each message about it."""
    return request.facts.display_names.get(name) or short_name(name)
