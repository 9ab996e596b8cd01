"""What names of resources say: jobs, projects, Cloud SQL instances."""

from __future__ import annotations

import re

from bot.config.projects import Place, Projects
from bot.dms.model import parse_name

_INSTANCE = re.compile(r"(?:(?P<project>[a-z][a-z0-9.:-]*):)?(?P<id>[a-z][a-z0-9-]{0,97})")


def is_job_name(name: str) -> bool:
    """Whether a text is a job's full resource name."""
    try:
        parse_name(name)
    except ValueError:
        return False
    return True


def project_of(name: str) -> str:
    """The project's ID in a resource name of a project or of what is in it; empty for any other text."""
    kind, _, rest = name.partition("/")
    return rest.partition("/")[0] if kind == "projects" else ""


def with_project_id(name: str, project: str) -> str:
    """The name with the ID of its project, of which it may have the number.

    Source: AIP-2510, "Resource references": a response has them as they were sent with the resource.
    """
    given = project_of(name)
    return f"projects/{project}{name.removeprefix(f'projects/{given}')}" if given.isdecimal() else name


def cloud_sql_instance(host: str, project: str) -> tuple[str, str] | None:
    """Project and ID of the Cloud SQL instance that a connection profile names: `PROJECT:ID`, or `ID` alone
    for one in `project`. None for a host."""
    found = _INSTANCE.fullmatch(host)
    return None if found is None else (found["project"] or project, found["id"])


def location_of(name: str) -> str:
    """The location in a resource name of what is in one; empty for any other text."""
    parts = name.split("/")
    return parts[3] if parts[0] == "projects" and parts[2:3] == ["locations"] and len(parts) > 3 else ""


def is_served(job: str, projects: Projects) -> bool:
    """Whether the bot serves the project of a job (its full resource name), and this location of it; always
    True if the projects are not known. What was taken out of the settings is not polled any more."""
    return not len(projects) or projects.has(Place(project_of(job), location_of(job)))


def unserved_reason(name: str, projects: Projects) -> str:
    """Why no call is made for a resource of this name, or a project of this ID; empty if it is served."""
    project, location = project_of(name) or name, location_of(name)
    if projects.get(project) is None:
        served = ", ".join(each.id for each in projects)
        return f"This bot serves the {'projects' if projects.several else 'project'} {served}, not {project}."
    if not location or projects.has(Place(project, location)):
        return ""
    served = ", ".join(each.location for each in projects.places if each.project == project)
    what = "locations" if "," in served else "location"
    return f"This bot serves the {what} {served} of {project}, not {location}."
