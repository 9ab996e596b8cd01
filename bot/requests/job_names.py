"""Display names of jobs: the id, or `location/id` where another known job has the same id.

Where there are several projects, it is `alias/location/id` then.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from bot.config.projects import Place, Projects
from bot.dms.model import Job, parse_name, short_name
from bot.store.records import Request
from bot.util.command import COMMAND

T = TypeVar("T")
JobNamer = Callable[[str], str]
"""Maps a full resource name to a display name."""


def disambiguate(known: Iterable[str], projects: Projects | None = None) -> JobNamer:
    """Names jobs unambiguously; `known` are the full resource names of all jobs, `projects` those served."""
    twins = Counter(short_name(name) for name in set(known))
    return lambda name: with_location(name, projects) if twins[short_name(name)] > 1 else short_name(name)


def namer(known: Iterable[str], projects: Projects | None) -> JobNamer:
    """As `disambiguate`, but where there are several projects, every name says its own, with the mark of
    production."""
    if projects is None or not projects.several:
        return disambiguate(known, projects)
    return lambda name: f"{projects.where(_place(name))}/{short_name(name)}"


def _place(name: str) -> Place:
    return Place(*parse_name(name)[:2])


def with_location(name: str, projects: Projects | None = None) -> str:
    """`location/id`, or `alias/location/id` where there are several projects, as people can type it; text
    that is no resource name stays as it is."""
    try:
        project, location, job_id = parse_name(name)
    except ValueError:
        return name
    return f"{projects.called(Place(project, location)) if projects else location}/{job_id}"


def place_to_tell(name: str, projects: Projects, known: Callable[[], Iterable[str]] = tuple) -> str:
    """The place of a job (its full resource name) as people call it, with the mark of production; empty where
    there is one project, which is not production, and no other of the `known` jobs has this ID."""
    project, location, job_id = parse_name(name)
    if projects.several or projects.is_production(project):
        return projects.where(Place(project, location))
    twin = any(each != name and short_name(each) == job_id for each in known())
    return projects.where(Place(project, location)) if twin else ""


def ambiguous_names(
    jobs: Iterable[Job], known: Iterable[str], projects: Projects | None = None
) -> dict[str, str]:
    """By full resource name, the display names of those jobs whose ids are ambiguous among `known`."""
    names = [job.name for job in jobs]
    calls = disambiguate((*names, *known), projects)
    return {name: calls(name) for name in names if calls(name) != short_name(name)}


def display_name(request: Request, name: str) -> str:
    """The display name of a job, the same in all messages of a request; `name` is its resource name."""
    return request.facts.display_names.get(name) or short_name(name)


def name_in_commands(text: str, name: str, shown: str) -> str:
    """The text, in which the commands that it suggests call the job `shown`, where they had its bare id.

    Only our own sentences hold `COMMAND`, so what people and the service write stays as it is. `name` is the
    full resource name of the job that the text is about.
    """
    job_id = short_name(name)
    if COMMAND not in text or shown == job_id:
        return text
    bare = rf"({COMMAND} [a-z]+ (?:--[a-z-]+ )*){re.escape(job_id)}(?![\w/-])"
    return re.sub(bare, lambda found: f"{found[1]}{shown}", text)


def by_id(called: Mapping[str, str]) -> dict[str, str]:
    """The display names by full resource name, without those whose id does not say which of the jobs is
    meant."""
    twins = Counter(short_name(name) for name in called)
    return {name: shown for name, shown in called.items() if twins[short_name(name)] == 1}


def in_commands(value: T, called: Mapping[str, str]) -> T:
    """A text, or a record with texts, in which every suggested command says which job it is for.

    `called` are the display names, by full resource name, of the jobs that the texts are about.
    """
    return _in_commands(value, by_id(called)) if called else value  # type: ignore[return-value]  # same type


def _in_commands(value: object, called: Mapping[str, str]) -> object:
    if isinstance(value, str):
        for name, shown in called.items():
            value = name_in_commands(value, name, shown)
        return value
    if isinstance(value, tuple):
        return tuple(_in_commands(each, called) for each in value) if type(value) is tuple else value
    if isinstance(value, Job) or not is_dataclass(value) or isinstance(value, type):
        return value
    had = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
    made = {name: _in_commands(each, called) for name, each in had.items()}
    changed = {name: each for name, each in made.items() if each != had[name]}
    return replace(value, **changed) if changed else value
