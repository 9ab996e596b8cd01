"""How people name a job: its id, `location/id`, `project/location/id`, the full resource name, its console.

A project is named by its alias or its ID. Which there are is not known here.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from bot.cmdline.invocation import UsageError
from bot.cmdline.lexer import CONSOLE, short
from bot.dms.model import job_name
from bot.util.lookalikes import visible

_ID = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PROJECT = r"[a-z0-9][a-z0-9.:-]{0,99}"
_SHORT = re.compile(rf"(?:(?:{_PROJECT}/)?[a-z0-9-]{{1,40}}/)?{_ID}")
_FULL = re.compile(rf"projects/{_PROJECT}/locations/[a-z0-9-]{{1,40}}/migrationJobs/{_ID}")
FULL_NAMES = re.compile(rf"\b{_FULL.pattern}")
"""Full resource names in a text."""
_CONSOLE = re.compile(r"/dbmigration/migrations/locations/(?P<location>[^/]+)/instances/(?P<id>[^/?#]+)")
_LINK = re.compile(rf"{re.escape(CONSOLE)}[^\s<>|\"`]+")
_SERVICE = "//datamigration.googleapis.com/"
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))
_BEFORE, _AFTER = "#(\"'*_~", ".,;:!?…)\"'*_~"
"""Punctuation around a name in a sentence; no name has it."""
_CHANNEL = re.compile(r"#[CG][A-Z0-9]{7,}")
"""A channel whose name Slack did not send. Source: https://docs.slack.dev/messaging/formatting-message-text"""


def is_job(text: str) -> bool:
    """Whether the text can name a job."""
    return bool(_SHORT.fullmatch(text) or _FULL.fullmatch(_unwrapped(text)))


def is_job_in_a_sentence(text: str) -> bool:
    """Whether the text, as people write it, can name a job; case and punctuation around it are ignored."""
    return is_job(_cased(_unwrapped(text)))


def jobs_of_links(text: str) -> tuple[str, ...]:
    """Full resource names of the jobs whose console pages a text links to, each once, in its order.

    A job's page is `…/dbmigration/migrations/locations/LOCATION/instances/ID?project=PROJECT`.
    """
    found = (_unwrapped(each.replace("&amp;", "&")) for each in _LINK.findall(text))
    return tuple(dict.fromkeys(each for each in found if _FULL.fullmatch(each)))


def read(text: str, right: str) -> str:
    """The job that was typed; `right` is a command that works, for the error message.

    Raises:
        UsageError: it cannot name a job.
    """
    if _CHANNEL.fullmatch(text):
        raise UsageError(
            f"Slack did not tell me the name of that channel: type the job ID without `#`, as in `{right}`."
        )
    name = _cased(_unwrapped(text))
    if _SHORT.fullmatch(name) or _FULL.fullmatch(name):
        return name
    lower = _lowered(name)
    if is_job(lower):
        raise UsageError(
            f"`{short(_unwrapped(text), 80)}` cannot be a job: job IDs have lower-case letters, "
            f"digits and hyphens. Write it as `{lower}`.",
            corrections=[{text: lower}],
        )
    raise UsageError(
        f"`{short(visible(name), 80)}` is not a job: name it by its job ID (lower-case letters, digits, "
        f"hyphens), `location/ID`, `alias/location/ID` or its full resource name, as in `{right}`."
    )


def _unwrapped(text: str) -> str:
    """The full resource name in the URL of a console page or behind the service's name; else the text. What
    is around it in a sentence is left out."""
    inner = text.strip(_AFTER.replace("*", "") + "(#")
    if inner.startswith("*") != inner.endswith("*"):
        return text  # a pattern, such as `orders-*`: the job `orders` is not what it means
    text = text.translate(_DASHES).lstrip(_BEFORE).rstrip(_AFTER)
    if text.startswith(_SERVICE):
        return text.removeprefix(_SERVICE)
    if not text.startswith(CONSOLE):
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


def _cased(name: str) -> str:
    """In the case that IDs, projects and locations have. A job ID has lower-case letters only.

    Source: https://cloud.google.com/database-migration/docs/reference/rest/v1/projects.locations.migrationJobs/create
    """
    return name.lower().replace("/migrationjobs/", "/migrationJobs/")


def _lowered(name: str) -> str:
    return name if name.startswith("projects/") else name.replace("_", "-")
