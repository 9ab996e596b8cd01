"""A row of the audit in words, as `/dms history` shows it; the exports have the row as it is."""

from __future__ import annotations

import re
from datetime import datetime

from bot.cmdline.answers import Channel, Outside, Part, Time, User
from bot.dms.model import status_plain
from bot.requests.job_names import Calling
from bot.store.records import EVERY_JOB, AuditEntry
from commands.support import subscriptions

_LONGEST = 300
_PEOPLES = frozenset({"requested", "confirmed", "approved", "denied", "cancelled", "unfollowed"})
"""What a person has done; all else comes of a request."""
_FREEZE = re.compile(r"until (?P<until>\S+): (?P<reason>.*)", re.DOTALL)
_WATCH = re.compile(r"(?P<jobs>.+) for (?P<target>[A-Z0-9]+)(?:, only (?P<only>\S+))?")


def row(entry: AuditEntry, calls: Calling | None) -> tuple[Part, ...]:
    """When, who, what and where; `calls` names the job, None leaves it out."""
    public = entry.channel.startswith(("C", "G"))
    of_watch = entry.event in ("watched", "unwatched")
    lead, end = (" (typed in ", ")") if of_watch else (" in ", "")
    where: tuple[Part, ...] = (lead, Channel(entry.channel), end) if public else ()
    return (Time(entry.at), " ", *_what(entry, calls), *where, *_detail(entry))


def _what(entry: AuditEntry, calls: Calling | None) -> tuple[Part, ...]:
    who: tuple[Part, ...] = (User(entry.user), " ") if entry.user else ()
    job = _job(entry, calls)
    match entry.event:
        case "frozen":
            return (*who, f"*froze* {job or 'the job'}", *_until(entry))
        case "unfrozen":
            return (*who, f"*lifted the freeze* of {job or 'the job'}")
        case "watched" | "unwatched":
            return (
                *who,
                "*began a watch*" if entry.event == "watched" else "*ended a watch*",
                *_watch(entry),
            )
    of = f" of {job}" if job else ""
    done = f"{entry.action}{of}{_status(entry)}"
    if entry.event in _PEOPLES:
        return (*who, f"*{entry.event}* {done}")
    asker = (", asked by ", User(entry.user)) if entry.user else ()
    return (f"*{entry.event}*: {done}", *asker)


def _job(entry: AuditEntry, calls: Calling | None) -> str:
    if entry.job == EVERY_JOB:
        return "all jobs"
    return f"`{calls(entry.job)}`" if calls is not None and entry.job else ""


def _status(entry: AuditEntry) -> str:
    return f" ({status_plain(entry.job_status)})" if entry.job_status else ""


def _until(entry: AuditEntry) -> tuple[Part, ...]:
    found = _FREEZE.fullmatch(entry.detail)
    until = _moment(found["until"]) if found else None
    return (" until ", Time(until)) if until else ()


def _watch(entry: AuditEntry) -> tuple[Part, ...]:
    found = _WATCH.fullmatch(entry.detail)
    if found is None:
        return ()
    only = tuple(found["only"].split(",")) if found["only"] else ()
    hears = "hears" if entry.event == "watched" else "no longer hears"
    about = f" {hears} of {subscriptions.what(found['jobs'])}{subscriptions.wanted(only)}"
    return (": ", subscriptions.where(found["target"]), about)


def _detail(entry: AuditEntry) -> tuple[Part, ...]:
    text = _said(entry)
    if not text:
        return ()
    return ("\n", Outside(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"))


def _said(entry: AuditEntry) -> str:
    """What is not told in the line itself."""
    if entry.event == "unfrozen":
        return ""
    if entry.event in ("watched", "unwatched"):
        return "" if _WATCH.fullmatch(entry.detail) else entry.detail
    if entry.event == "frozen" and _until(entry):
        found = _FREEZE.fullmatch(entry.detail)
        return found["reason"] if found else ""
    return entry.detail if entry.event in _PEOPLES else entry.detail.replace("`", "")


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
