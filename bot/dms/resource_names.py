"""What the resource names of jobs and projects say."""

from __future__ import annotations

from bot.config.projects import Place, Projects
from bot.dms.model import parse_name


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


def location_of(name: str) -> str:
    """The location in a resource name of what is in one; empty for any other text."""
    parts = name.split("/")
    return parts[3] if parts[0] == "projects" and parts[2:3] == ["locations"] and len(parts) > 3 else ""


def is_served(job: str, projects: Projects) -> bool:
    """Whether the bot serves the project of a job (its full resource name), and this location of it; always
    True if the projects are not known. What was taken out of the settings is not polled any more."""
    return not len(projects) or projects.has(Place(project_of(job), location_of(job)))
