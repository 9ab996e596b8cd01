"""What the resource names of jobs and projects say."""

from __future__ import annotations

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
