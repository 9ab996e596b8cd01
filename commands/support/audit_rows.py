"""A row of the audit as a sentence, for `/dms history`. Exports contain the row itself."""

from __future__ import annotations

import re
from datetime import datetime

from bot.cmdline.answers import Channel, RichPart, Time, User
from bot.cmdline.quoted import quoted
from bot.config.projects import Projects
from bot.cutover.wording import REHEARSAL_NOTE, event_text
from bot.dms.display import status_text
from bot.dms.resource_names import is_job_name, project_of
from bot.policy.describe import watched_jobs
from bot.requests.job_names import JobNamer
from bot.store.records import EVERY_JOB, AuditEntry
from commands.support import subscriptions

_MAX_TEXT = 300
_BY_PEOPLE = frozenset({"requested", "confirmed", "approved", "denied", "cancelled", "unfollowed"})
"""Events that a person caused directly; all others follow from a request."""
_FREEZE = re.compile(r"until (?P<until>\S+): (?P<reason>.*)", re.DOTALL)
_WATCH = re.compile(r"(?P<jobs>.+) for (?P<target>[A-Z0-9]+)(?:, only (?P<only>\S+))?")


def audit_line(
    entry: AuditEntry, calls: JobNamer | None, projects: Projects, *, workspace: bool = False
) -> tuple[RichPart, ...]:
    """Time, person, event and channel, and the `workspace` where there are several. `calls` gives the job's
    display name; None leaves the job out."""
    public = entry.channel.startswith(("C", "G"))
    of_watch = entry.event in ("watched", "unwatched")
    lead, end = (" (typed in ", ")") if of_watch else (" in ", "")
    where: tuple[RichPart, ...] = (lead, Channel(entry.channel), end) if public else ()
    if workspace and entry.team:
        where = (*where, f", from `{entry.team}`")
    return (Time(entry.at), " ", *_what(entry, calls, projects), *where, *_detail(entry))


def _what(entry: AuditEntry, calls: JobNamer | None, projects: Projects) -> tuple[RichPart, ...]:
    who: tuple[RichPart, ...] = (User(entry.user), " ") if entry.user else ()
    job = _job(entry, calls, projects)
    match entry.event:
        case "frozen":
            return (*who, f"*froze* {job or 'the job'}", *_until(entry))
        case "unfrozen":
            return (*who, f"*lifted the freeze* of {job or 'the job'}")
        case "acknowledged":
            return (*who, f"*acknowledged* an alert of {job or 'the job'}")
        case "watched" | "unwatched":
            return (
                *who,
                "*subscribed*" if entry.event == "watched" else "*unsubscribed*",
                *_watch(entry, projects),
            )
    of = f" of {job}" if job else ""
    status = f" ({status_text(entry.job_status)})" if entry.job_status else ""
    done = f"{entry.action}{of}{status}"
    if entry.action == "cutover":
        rehearsal = entry.detail.startswith(REHEARSAL_NOTE)
        by = (" · ", User(entry.user)) if entry.user else ()
        said = event_text(entry.event, rehearsal=rehearsal)
        return (f"*{'rehearsal' if rehearsal else 'cutover'}*{of}: {said}", *by)
    if entry.event in _BY_PEOPLE:
        return (*who, f"*{entry.event}* {done}")
    asker = (", requested by ", User(entry.user)) if entry.user else ()
    return (f"*{entry.event}*: {done}", *asker)


def _job(entry: AuditEntry, calls: JobNamer | None, projects: Projects) -> str:
    if entry.job == EVERY_JOB:
        return "all jobs"
    if entry.job and not is_job_name(entry.job):
        return f"all jobs of `{projects.shown(project_of(entry.job))}`"
    return f"`{calls(entry.job)}`" if calls is not None and entry.job else ""


def _until(entry: AuditEntry) -> tuple[RichPart, ...]:
    found = _FREEZE.fullmatch(entry.detail)
    until = _timestamp(found["until"]) if found else None
    return (" until ", Time(until)) if until else ()


def _watch(entry: AuditEntry, projects: Projects) -> tuple[RichPart, ...]:
    found = _WATCH.fullmatch(entry.detail)
    if found is None:
        return ()
    only = tuple(found["only"].split(",")) if found["only"] else ()
    to = "to" if entry.event == "watched" else "from"
    about = f" {to} {watched_jobs(found['jobs'], projects)}{subscriptions.events_text(only)}"
    return (" ", subscriptions.target_text(found["target"]), about)


def _detail(entry: AuditEntry) -> tuple[RichPart, ...]:
    text = _detail_text(entry)
    if not text:
        return ()
    return ("\n", *quoted(text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"))


def _detail_text(entry: AuditEntry) -> str:
    """The part of the detail that the line does not contain."""
    if entry.event == "unfrozen":
        return ""
    if entry.event in ("watched", "unwatched"):
        return "" if _WATCH.fullmatch(entry.detail) else entry.detail
    if entry.event == "frozen" and _until(entry):
        found = _FREEZE.fullmatch(entry.detail)
        return found["reason"] if found else ""
    if entry.action == "cutover":
        return entry.detail.removeprefix(REHEARSAL_NOTE).strip().replace("`", "")
    return entry.detail if entry.event in _BY_PEOPLE else entry.detail.replace("`", "")


def _timestamp(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
