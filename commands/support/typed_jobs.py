"""Which jobs people can mean by what they typed: full resource names, in the places that the bot serves."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.answers import Note
from bot.config.projects import ALL_LOCATIONS, Place, Project
from bot.dms.model import job_name, parse_name
from commands.support.base import Context, EarlyAnswer


def names_meant(ctx: Context, text: str) -> tuple[str, ...]:
    """The full resource names that the text can stand for; none if it is an id alone, which can be anywhere.

    `location/id` is in every project that has this location; `alias/location/id` is in one, whose ID may
    stand for its alias.

    Raises:
        EarlyAnswer: the bot does not serve that project or that location.
    """
    *where, job_id = text.split("/")
    match where:
        case []:
            return ()
        case [location]:
            projects = [each for each in ctx.dms.projects if _has(each, location)]
            # A project without a list of locations would take its own alias for one of them.
            if not projects or (ctx.dms.projects.several and ctx.dms.projects.named(location)):
                raise EarlyAnswer(_other_location(ctx, ctx.dms.projects.all, location, job_id))
        case [named, location]:
            projects = [_project(ctx, named, f"{location}/{job_id}")]
        case _:
            project, location, job_id = parse_name(text)
            projects = [_project(ctx, project, f"{location}/{job_id}")]
    if not _has(projects[0], location):
        raise EarlyAnswer(_other_location(ctx, projects, location, job_id))
    return tuple(job_name(each.id, location, job_id) for each in projects)


def can_mean(ctx: Context, typed: str, name: str) -> bool:
    """Whether what was typed (an ID, `location/id`, `alias/location/id` or the full resource name) can stand
    for the job with this full resource name. The job may be deleted, and its place no longer served."""
    if typed == name:
        return True
    project, location, job_id = parse_name(name)
    match typed.split("/"):
        case [typed_id]:
            return typed_id == job_id
        case [there, typed_id]:
            return (there, typed_id) == (location, job_id)
        case [named, there, typed_id]:
            served = ctx.settings.projects.named(named)
            return (served.id if served else named, there, typed_id) == (project, location, job_id)
    return False


def known_places(ctx: Context) -> tuple[Place, ...]:
    """All places by name. Of a project that has no list of locations: where the watcher knows a job."""
    known = {place_of(name) for name in ctx.store.known_names()}
    found: list[Place] = []
    for place in ctx.dms.projects.places:
        everywhere = place.location == ALL_LOCATIONS
        found += sorted(each for each in known if each.project == place.project) if everywhere else [place]
    return tuple(found)


def is_served(ctx: Context, name: str) -> bool:
    """Whether the settings name the place of the job with this full resource name."""
    return ctx.dms.projects.has(place_of(name))


def places_text(ctx: Context) -> str:
    """Everywhere the bot looks, for a sentence: `acme-databases (europe-west1, us-central1)`."""
    return "; ".join(
        f"{each.shown} ({', '.join(each.locations) or 'any location'})" for each in ctx.dms.projects
    )


def place_of(name: str) -> Place:
    """The place of the job with this full resource name."""
    return Place(*parse_name(name)[:2])


def _has(project: Project, location: str) -> bool:
    return not project.locations or location in project.locations


def _project(ctx: Context, named: str, rest: str) -> Project:
    projects = ctx.dms.projects
    found = projects.named(named)
    if found is not None:
        return found
    if not projects.several:
        raise EarlyAnswer(
            Note(f"This bot serves project `{projects.all[0].id}`, not `{named}`.", tone="warn")
        )
    names = ", ".join(each.shown for each in projects)
    example = f"`{projects.all[0].shown}/{rest}`"
    raise EarlyAnswer(
        Note(f"This bot serves the projects {names}, not `{named}`: for example {example}.", tone="warn")
    )


def _other_location(ctx: Context, projects: Sequence[Project], location: str, job_id: str) -> Note:
    several = ctx.dms.projects.several
    if several and (project := ctx.dms.projects.named(location)) is not None:
        first = project.locations[0] if project.locations else "europe-west1"
        return Note(
            f"`{location}` is a project: write `{location}/LOCATION/{job_id}`, for example "
            f"`{project.shown}/{first}/{job_id}`.",
            tone="warn",
        )
    places = dict.fromkeys(place for each in projects for place in each.locations)
    of = f" of {projects[0].shown}" if several and len(projects) == 1 else ""
    first = next(iter(places), "")
    example = f"{projects[0].shown}/{first}" if of else first
    runs = f"This bot serves the locations {', '.join(places)}{of}, not `{location}`"
    return Note(f"{runs}: for example `{example}/{job_id}`.", tone="warn")
