"""Filters of `/dms list` and of bulk actions: `project=prod`, `state=running`, `label.env=prod`, text …"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache

from bot.cmdline.invocation import UsageError
from bot.config.projects import ALL_LOCATIONS, Place
from bot.dms.errors import DmsError
from bot.dms.missing import called_by_project, missing_location
from bot.dms.model import Database, Job, JobList, JobType, Phase, State
from bot.dms.running_errors import runs_with_errors
from bot.util import parallel
from bot.util.suggest import did_you_mean, nearest
from commands.support.base import Context
from commands.support.projects import chosen_projects
from commands.support.visibility import viewing_verb

_FIELDS = {"state": "state", "phase": "phase", "type": "type", "location": "location"}
_ERRORS = ("WITH_ERRORS", "ERRORS")
"""Words for the jobs that run with errors, for which the API has no state of its own."""
_NAMES: Mapping[str, type[StrEnum]] = {"state": State, "phase": Phase, "type": JobType}


def all_matching(ctx: Context, verb: str, filters: Mapping[str, str], words: Sequence[str] = ()) -> JobList:
    """All jobs that match and that an answer of `verb` may show this person, from all locations asked.

    Raises:
        DmsError: no location answered.
        UsageError: a filter names a project, state, phase, type or location that does not exist.
    """
    found = _listed(ctx, filters)
    visible = ctx.access.visible(ctx.who, viewing_verb(ctx, verb), found.jobs)
    for field, names in _NAMES.items():
        if field in filters:
            observed = [getattr(job, field) for job in visible]
            more = _ERRORS if field == "state" else ()
            check_value(field, filters[field], [*(each.value for each in names), *more], observed)
    with_errors = _with_errors(ctx, visible) if asks_for_errors(filters.get("state", "")) else frozenset()
    rest = {key: value for key, value in filters.items() if key != "project"}
    return replace(found, jobs=matching(visible, rest, words, with_errors))


def _listed(ctx: Context, filters: Mapping[str, str]) -> JobList:
    """The jobs of the places that the filters leave. Others are not asked, so none that is away is missed."""
    if "project" not in filters:
        return ctx.dms.list_jobs(_place(ctx, filters.get("location")))
    places = _places(ctx, filters["project"], filters.get("location"))
    lists = parallel.map_concurrently(lambda place: _list_or_error(ctx, place), places)
    found = [each for each in lists if isinstance(each, JobList)]
    refused = [(place, each) for place, each in zip(places, lists, strict=True) if isinstance(each, DmsError)]
    if not found:
        raise refused[0][1]
    silent = [missing_location(place, error) for place, error in refused]
    return JobList(
        jobs=tuple(job for each in found for job in each.jobs),
        missing=(
            *(missing for each in found for missing in each.missing),
            *called_by_project(silent, ctx.dms.projects),
        ),
        calls=sum(each.calls for each in found),
    )


def _list_or_error(ctx: Context, place: Place) -> JobList | DmsError:
    try:
        return ctx.dms.list_jobs(place)
    except DmsError as error:
        return error


def _places(ctx: Context, projects: str, location: str | None) -> list[Place]:
    """The places of these projects at this location.

    Raises:
        UsageError: there is no such project, or none of them has the location.
    """
    chosen = chosen_projects(ctx, projects)
    places = [place for each in chosen for place in each.places]
    if location is None:
        return places
    found = [each for each in places if each.location == ALL_LOCATIONS or one_of(location, each.location)]
    if not found:
        names = " or ".join(f"`{each.shown}`" for each in chosen)
        has = ", ".join(dict.fromkeys(each.location for each in places))
        raise UsageError(f"This bot does not serve the location `{location}` of {names}: it serves {has}.")
    return found


def asks_for_errors(filter_value: str) -> bool:
    """Whether a filter of states includes the jobs that run with errors."""
    return any(one_of(filter_value, each) for each in _ERRORS)


def faulty_databases(ctx: Context, jobs: Sequence[Job]) -> dict[str, tuple[Database, ...]]:
    """By full resource name, the databases with errors of those jobs that run, as the watcher saw them."""
    return ctx.store.faulty_databases([job.name for job in jobs if job.state == State.RUNNING])


def _with_errors(ctx: Context, jobs: Sequence[Job]) -> frozenset[str]:
    """Full resource names of the jobs that run with errors."""
    faulty = faulty_databases(ctx, jobs)
    return frozenset(job.name for job in jobs if runs_with_errors(job) or job.name in faulty)


def _place(ctx: Context, filter_value: str | None) -> Place | None:
    """The one place to ask; None for all.

    Raises:
        UsageError: the location is not one of the bot's.
    """
    if filter_value is None:
        return None
    everywhere = [each for each in ctx.dms.projects if not each.locations]
    if everywhere:
        return None if ctx.dms.projects.several else Place(everywhere[0].id, filter_value)
    places = [each for each in ctx.dms.projects.places if one_of(filter_value, each.location)]
    if not places:
        locations = list(dict.fromkeys(each.location for each in ctx.dms.projects.places))
        near = nearest(filter_value, locations)
        hint = f"did you mean `location={near}`?" if near else f"it serves {', '.join(locations)}."
        raise UsageError(
            f"This bot does not serve the location `{filter_value}`: {hint}",
            corrections=[{filter_value: near}] if near else (),
        )
    return places[0] if len(places) == 1 else None


def check_value(field: str, filter_value: str | None, names: Sequence[str], observed: Sequence[str]) -> None:
    """Refuse a filter's value that is neither one of the API's `names` nor among the `observed` values.

    Raises:
        UsageError: with the most similar value.
    """
    known = dict.fromkeys((*names, *observed))
    for each in re.split(r"[|,]", filter_value or ""):
        if not each.strip() or any(one_of(each, name) for name in known):
            continue
        plain = {_plain(name): name for name in known if name and not name.endswith("_UNSPECIFIED")}
        hint = did_you_mean(_plain(each), plain, f"{field}={{}}") or f" It is one of {', '.join(plain)}."
        near = nearest(_plain(each), plain)
        raise UsageError(
            f"There is no {field} `{each.strip()}`.{hint}", corrections=[{each.strip(): near}] if near else ()
        )


def matching(
    jobs: Sequence[Job],
    filters: Mapping[str, str],
    words: Sequence[str] = (),
    with_errors: Container[str] = frozenset(),
) -> tuple[Job, ...]:
    """The jobs that match every filter and contain every word (in id, name, labels, hosts or engines).

    `with_errors` are the full resource names of those that run with errors, if a filter asks for them.
    """
    for key, value in filters.items():
        jobs = _matching(jobs, key, value, with_errors)
    return tuple(job for job in jobs if _contains(job, words)) if words else tuple(jobs)


@lru_cache(maxsize=512)
def one_of(filter_value: str, value: str) -> bool:
    """Whether `value` is in `filter_value`, a list with commas or bars. People may write values their way:
    `not-started`, `full dump` and `failback` mean NOT_STARTED, FULL_DUMP and PHASE_FAILBACK."""
    return _plain(value) in {_plain(each) for each in re.split(r"[|,]", filter_value)}


def _plain(value: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", value.casefold()).strip("_").removeprefix("phase_")


def _matching(jobs: Sequence[Job], key: str, filter_value: str, with_errors: Container[str]) -> Sequence[Job]:
    if key.startswith("label."):
        name = key.removeprefix("label.")
        return [job for job in jobs if job.label(name) == filter_value]
    values = [str(getattr(job, _FIELDS[key])) for job in jobs]
    fitting = {each for each in set(values) if one_of(filter_value, each)}
    errors = with_errors if key == "state" else frozenset()
    return [job for job, value in zip(jobs, values, strict=True) if value in fitting or job.name in errors]


def _contains(job: Job, words: Sequence[str]) -> bool:
    hay = " ".join(
        (
            job.id,
            job.display_name,
            job.location,
            *(f"{key}={value}" for key, value in job.labels),
            job.source.host,
            job.destination.host,
            job.source.engine,
            job.destination.provider,
        )
    ).casefold()
    return all(word.casefold() in hay for word in words)
