"""Events about the errors of a job that keeps running: RUNNING with errors. Pure functions.

An error is announced once, however often its text changes, and once more when it is over. An error that comes
while people know of others of the job is no alert, unless a database fails.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import datetime

from bot.dms.error_news import TOLD
from bot.dms.model import Database, Job, State
from bot.dms.running_errors import error_of, faulty_databases, has_failed, same_error
from bot.store.records import Event, JobSnapshot
from bot.util.text import first_few
from bot.watch.new_events import new_event

_MAX_NAMES = 10
"""Databases named in one event."""


def job_error_events(last: JobSnapshot, job: Job, now: datetime) -> tuple[Event, ...]:
    """Whether the error of the job itself is new, another one, or over."""
    before = last.job.error
    if job.error == before:
        return ()
    faulty = faulty_databases(last.databases) if job.state == State.RUNNING else ()
    if job.error is None:
        return (_cleared(job, now, "error", faulty),)
    known = [before.message] if before is not None else []
    known.extend(error_of(last.databases[name]) or "" for name in faulty)
    if any(same_error(each, job.error.message) for each in known):
        return ()
    told = TOLD if before is not None and last.job.state == State.RUNNING else ""
    return (new_event(job, now, "error", before=told, after=job.status, detail=job.error.message),)


def database_error_events(
    last: JobSnapshot, databases: Sequence[Database], fresh: Mapping[str, str], now: datetime
) -> tuple[Event, ...]:
    """Which databases of a RUNNING job have failed or have an error since, and which are well again.

    `fresh` has the `database_status` of each of the `databases`.
    """
    was, still = faulty_databases(last.databases), faulty_databases(fresh)
    failed = {name for name in still if has_failed(fresh[name])}
    failed -= {name for name in was if has_failed(last.databases[name])}
    rest = [name for name in still if name not in failed]
    new = {name for name in rest if name not in was and _was_known(last.databases, name)}
    changed = {name for name in rest if name in was and _is_another(last.databases[name], fresh[name])}
    events = (
        _faulty(last.job, "database_failed", _named(databases, failed), now),
        _faulty(last.job, "database_error", _named(databases, new), now),
        _faulty(last.job, "database_error", _named(databases, changed), now, told=True),
        _recovered(last, fresh, now),
    )
    return tuple(each for each in events if each is not None)


def _named(databases: Sequence[Database], names: Container[str]) -> list[Database]:
    return [each for each in databases if str(each.id) in names]


def _was_known(before: Mapping[str, str], name: str) -> bool:
    """Whether it is known to have had no error: older versions did not save that."""
    return name not in before or error_of(before[name]) is not None


def _is_another(before: str, fresh: str) -> bool:
    """Whether a database that is still faulty has another error."""
    known, error = error_of(before), error_of(fresh)
    return bool(known and error) and not same_error(known or "", error or "")


def _faulty(
    job: Job, kind: str, databases: Sequence[Database], now: datetime, *, told: bool = False
) -> Event | None:
    if not databases:
        return None
    texts = [each.error.message if each.error else "no reason given" for each in databases]
    lines = [f"{each.id}: {text}" for each, text in zip(databases, texts, strict=True)]
    names = first_few([str(each.id) for each in databases], _MAX_NAMES)
    told = told or all(_is_of_job(job, text) for text in texts)
    detail = "\n".join(lines[:_MAX_NAMES])
    return new_event(job, now, kind, before=TOLD if told else "", after=names, detail=detail)


def _is_of_job(job: Job, text: str) -> bool:
    """Whether the job as a whole has reported the same error."""
    return job.error is not None and same_error(job.error.message, text)


def _recovered(last: JobSnapshot, fresh: Mapping[str, str], now: datetime) -> Event | None:
    still = faulty_databases(fresh)
    over = [name for name in faulty_databases(last.databases) if name not in still]
    if not over:
        return None
    failed = [name for name in over if has_failed(last.databases[name])]
    groups = {
        "No longer failed": [name for name in failed if name in fresh],
        "No longer with an error": [name for name in over if name in fresh and name not in failed],
        "No longer in the job": [name for name in over if name not in fresh],
    }
    detail = " ".join(f"{text}: {first_few(names, _MAX_NAMES)}." for text, names in groups.items() if names)
    return _cleared(last.job, now, "database_failed" if failed else "database_error", still, detail)


def _cleared(job: Job, now: datetime, what: str, still: Sequence[str], detail: str = "") -> Event:
    """`still` are the databases that are faulty from now on."""
    clean = job.state == State.RUNNING and job.error is None and not still
    rest = [f"Still with errors: {first_few(list(still), _MAX_NAMES)}."] if still else []
    text = " ".join(part for part in (detail, *rest) if part)
    return new_event(job, now, "cleared", before=what, after=job.status if clean else "", detail=text)
