"""How people name a job: its id, `location/id`, `project/location/id`, the full resource name, its console.

A project is named by its alias or its ID. Which there are is not known here.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from bot.cmdline.invocation import UsageError
from bot.cmdline.lexer import short
from bot.dms.model import job_name

_ID = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PROJECT = r"[a-z0-9][a-z0-9.:-]{0,99}"
_SHORT = re.compile(rf"(?:(?:{_PROJECT}/)?[a-z0-9-]{{1,40}}/)?{_ID}")
_FULL = re.compile(rf"projects/{_PROJECT}/locations/[a-z0-9-]{{1,40}}/migrationJobs/{_ID}")
_CONSOLE = re.compile(r"/dbmigration/migrations/locations/(?P<location>[^/]+)/instances/(?P<id>[^/?#]+)")
_SERVICE = "//datamigration.googleapis.com/"


def is_job(text: str) -> bool:
    """Whether the text can name a job."""
    return bool(_SHORT.fullmatch(text) or _FULL.fullmatch(_unwrapped(text)))


def read(text: str, right: str) -> str:
    """The job that was typed; `right` is a command that works, for the error message.

    Raises:
        UsageError: it cannot name a job.
    """
    name = _unwrapped(text)
    if _SHORT.fullmatch(name) or _FULL.fullmatch(name):
        return name
    lower = _lowered(name)
    if is_job(lower):
        raise UsageError(
            f"`{short(name, 80)}` cannot be a job: ids have lower-case letters, digits and hyphens. "
            f"Write it as `{lower}`."
        )
    raise UsageError(
        f"`{short(name, 80)}` is not a job: name it by its id (lower-case letters, digits, hyphens), "
        f"`location/id`, `project/location/id` or its full resource name, as in `{right}`."
    )


def _unwrapped(text: str) -> str:
    """The full resource name in the URL of a console page or behind the service's name; else the text."""
    if text.startswith(_SERVICE):
        return text.removeprefix(_SERVICE)
    if not text.startswith("https://console.cloud.google.com/"):
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return text
    match = _CONSOLE.search(parts.path)
    projects = parse_qs(parts.query).get("project", [])
    if match is None or not projects:
        return text
    return job_name(projects[0], match["location"], match["id"])


def _lowered(name: str) -> str:
    if not name.lower().startswith("projects/"):
        return name.lower().replace("_", "-")
    return name.lower().replace("/migrationjobs/", "/migrationJobs/")
