"""Display names of jobs: the id, or `location/id` where another known job has the same id.

Where there are several projects, it is `alias/location/id` then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from bot.config.projects import Place, Projects
from bot.dms.model import Job, parse_name, short_name
from bot.store.records import Request

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


def place_to_tell(name: str, projects: Projects) -> str:
    """The place of a job (its full resource name) as people call it, with the mark of production; empty where
    there is one project, which is not production."""
    project, location, _ = parse_name(name)
    tells = projects.several or projects.is_production(project)
    return projects.where(Place(project, location)) if tells else ""


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
