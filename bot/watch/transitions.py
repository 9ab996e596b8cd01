"""Compares the last snapshot of a job with the present one and says what happened. Pure functions.

Kinds of events, with what `before`, `after` and `detail` hold:

- `created`, `recreated`: `after` is the status, `detail` the error if there is one.
- `changed`: `before` and `after` are statuses, `detail` the error of a job that failed.
- `error`: an error of the job appeared; `after` is the status, `detail` its text.
- `deleted`: `before` is the last status.
- `stuck`: `after` is the status, `detail` says in a sentence why waiting does not help.
- `delayed`: `after` is the replication delay in seconds, `before` when it was measured (ISO 8601).
- `database_failed`, `database_error`: databases of a running job failed, or have an error and go on; `after`
  names them, `detail` has one line for each.
- `cleared`: `before` names what is over (`error`, `delayed`, `database_failed`, `database_error`), `detail`
  says more. `after` is the status of a job that runs without any error from then on, else empty.

An error that comes while people know of others has `error_news.TOLD` as its `before`: it is no alert.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.dms.advice import source_log_growth
from bot.dms.error_news import goes_on_with_errors
from bot.dms.model import BEFORE_CDC, CHANGING, Database, DelayPoint, Job, Phase, State
from bot.dms.running_errors import database_status
from bot.store.records import Event, JobSnapshot, Run
from bot.util.durations import humanize
from bot.util.redact import redact
from bot.util.utc_times import utc_text
from bot.watch.attribution import OUTSIDE, changed_by
from bot.watch.error_events import database_error_events, job_error_events
from bot.watch.new_events import new_event as _event

STUCK = "stuck"
DELAYED = "delayed"
BASELINE = "baseline"
"""Flag of a job that existed at the first poll of its location: nothing was announced of it yet."""

REPLICATING = frozenset({Phase.CDC, Phase.READY_FOR_PROMOTE})
_BEFORE_A_RUN = frozenset(
    {State.DRAFT, State.CREATING, State.NOT_STARTED, State.FAILED, State.STOPPED, State.COMPLETED}
)
_RECOVERED_RATIO = 0.5
"""A delay is over below this part of the threshold, so that the alert does not flap."""


@dataclass(frozen=True, slots=True)
class Diff:
    """The new snapshot, and what happened since the last one."""

    snapshot: JobSnapshot
    events: tuple[Event, ...] = ()


def diff_first(job: Job, now: datetime, *, baseline: bool = False) -> Diff:
    """A job never seen before. In the `baseline` (the first poll of a location) it makes no event."""
    flags = (BASELINE, *_initial_flags(job)) if baseline else _initial_flags(job)
    snapshot = JobSnapshot(job=job, seen=now, changed=now, flags=flags)
    if baseline:
        return Diff(snapshot)
    return Diff(snapshot, (_created_event("created", job, now), *_first_news(job, now, flags)))


def diff(
    last: JobSnapshot,
    job: Job,
    now: datetime,
    *,
    stuck_after: timedelta,
    runs: Sequence[Run] = (),
    since: datetime | None = None,
) -> Diff:
    """Compare `job` with its last snapshot; `runs` and `since` (the previous poll) say who changed it."""
    if job.create_time != last.job.create_time:
        return _replaced(last, job, now, runs, since or last.seen)
    if job.status != last.job.status:
        return _status_changed(last, job, now, runs, since or last.seen)
    events = job_error_events(last, job, now)
    flags = last.flags
    if STUCK not in flags and is_stuck(job, last.changed, now, stuck_after):
        flags = (*flags, STUCK)
        minutes = (now - last.changed).total_seconds() / 60
        detail = f"No change for {minutes:.0f} minutes."
        events = (*events, _event(job, now, "stuck", after=job.status, detail=detail))
    return Diff(replace(last, job=job, seen=now, flags=flags), events)


def status_since(known: JobSnapshot) -> datetime | None:
    """When the job came to its status; None if it had it at the first poll, so that this is not known."""
    return None if BASELINE in known.flags else known.changed


def is_stuck(job: Job, changed: datetime, now: datetime, stuck_after: timedelta) -> bool:
    """Whether a changing state has lasted too long."""
    return job.state in CHANGING and now - changed >= stuck_after


def deleted_event(
    last: JobSnapshot, now: datetime, runs: Sequence[Run], since: datetime | None = None
) -> Event | None:
    """The event for a job that is no longer listed; None if its last snapshot was DELETED already."""
    if last.job.state == State.DELETED:
        return None
    return Event(
        job=last.job.name,
        create_time=last.job.create_time,
        at=now,
        kind="deleted",
        before=last.job.status,
        by=changed_by(last.job, None, runs, since or last.seen),
    )


def diff_databases(last: JobSnapshot, databases: Sequence[Database], now: datetime) -> Diff:
    """What happened to the databases of a job since they were last read."""
    fresh = {str(each.id): database_status(each) for each in databases}
    if fresh == dict(last.databases):
        return Diff(last)
    updated = replace(last, databases=fresh, seen=now)
    first_read = not last.databases and BASELINE in last.flags
    if first_read or last.job.state != State.RUNNING:
        return Diff(updated)  # a job that failed or stopped as a whole has an event of its own
    return Diff(updated, database_error_events(last, databases, fresh, now))


def diff_delay(last: JobSnapshot, point: DelayPoint | None, now: datetime, alert_s: float) -> Diff:
    """One event when the delay exceeds `alert_s` seconds, and one when it is over."""
    if point is None or last.job.state != State.RUNNING or last.job.phase not in REPLICATING:
        return Diff(last)
    delayed = DELAYED in last.flags
    if not delayed and point.value > alert_s:
        measured = point.time.isoformat()
        event = _event(last.job, now, "delayed", before=measured, after=f"{point.value:.0f}")
        return Diff(replace(last, flags=(*last.flags, DELAYED)), (event,))
    if delayed and point.value <= alert_s * _RECOVERED_RATIO:
        measured = utc_text(point.time)
        detail = f"The replication delay is down to {humanize(point.value)} (measured {measured})."
        event = _event(last.job, now, "cleared", before=DELAYED, detail=detail)
        flags = tuple(each for each in last.flags if each != DELAYED)
        return Diff(replace(last, flags=flags), (event,))
    return Diff(last)


def starts_new_run(before: Job, after: Job) -> bool:
    """Whether a start or a restart has begun a new run, even if polls missed the states between."""
    if after.state in (State.STARTING, State.RESTARTING):
        return before.state in _BEFORE_A_RUN
    if after.state != State.RUNNING:
        return False
    if before.state in _BEFORE_A_RUN:
        resumed = before.state in (State.STOPPED, State.FAILED) and after.phase in REPLICATING
        return not resumed
    return before.state == State.RUNNING and before.phase in REPLICATING and after.phase in BEFORE_CDC


def _replaced(last: JobSnapshot, job: Job, now: datetime, runs: Sequence[Run], since: datetime) -> Diff:
    """Another job has the same name: the old one was deleted."""
    old = deleted_event(last, now, runs, since)
    flags = _initial_flags(job)
    events = (_created_event("recreated", job, now, last.job.status), *_first_news(job, now, flags))
    fresh = JobSnapshot(job=job, seen=now, changed=now, flags=flags)
    if old is None:
        return Diff(fresh, events)
    return Diff(fresh, (replace(old, detail="Another job was created with the same ID."), *events))


def _status_changed(last: JobSnapshot, job: Job, now: datetime, runs: Sequence[Run], since: datetime) -> Diff:
    new_run = starts_new_run(last.job, job)
    runs_again = _runs_again(last, job)
    flags = (*_kept_flags(last.flags, job), *_initial_flags(job))
    event = Event(
        job=job.name,
        create_time=job.create_time,
        at=now,
        kind="deleted" if job.state == State.DELETED else "changed",
        before=last.job.status,
        after=job.status,
        detail=redact(_error_text(job)),
        by=changed_by(last.job, job, runs, since),
    )
    fresh = replace(
        last,
        job=job,
        seen=now,
        changed=now,
        flags=flags,
        run=last.run + new_run,
        # The databases of a failed job have failed as well; they are not announced one by one. The alerts of
        # those that had errors have ended when the job stopped to run.
        databases={} if new_run or runs_again or last.job.state == State.FAILED else last.databases,
    )
    return Diff(fresh, (event, *_errors(last, job, now), *_warning(job, now, flags)))


def _errors(last: JobSnapshot, job: Job, now: datetime) -> tuple[Event, ...]:
    """The errors that came or went with a change of status; a job that failed reports its own."""
    if job.state == State.FAILED:
        return ()
    if job.error is None and (last.job.state != State.RUNNING or job.state != State.RUNNING):
        return ()  # its errors ended with the status, which is what people are told
    if _runs_again(last, job) and last.job.state != State.FAILED:
        return _running_error(job, now)
    return job_error_events(last, job, now)


def _runs_again(last: JobSnapshot, job: Job) -> bool:
    """Whether the job runs after a state without alerts of its errors; those before it have ended."""
    return job.state == State.RUNNING and not goes_on_with_errors(last.job.state)


def _running_error(job: Job, now: datetime) -> tuple[Event, ...]:
    if job.error is None or job.state != State.RUNNING:
        return ()
    return (_event(job, now, "error", after=job.status, detail=job.error.message),)


def _kept_flags(flags: tuple[str, ...], job: Job) -> tuple[str, ...]:
    """A change of status ends all warnings, except a delay while replication goes on."""
    replicating = job.state == State.RUNNING and job.phase in REPLICATING
    return (DELAYED,) if DELAYED in flags and replicating else ()


def _initial_flags(job: Job) -> tuple[str, ...]:
    """Flags that a status sets at once, without waiting for `stuck_after`."""
    return (STUCK,) if job.state == State.STOPPED and job.phase == Phase.FULL_DUMP else ()


def _first_news(job: Job, now: datetime, flags: tuple[str, ...]) -> tuple[Event, ...]:
    """What people have to know of a new job beside its status."""
    return (*_running_error(job, now), *_warning(job, now, flags))


def _warning(job: Job, now: datetime, flags: tuple[str, ...]) -> tuple[Event, ...]:
    if STUCK not in flags:
        return ()
    growth = source_log_growth(job)
    until_then = f" Until then, {growth}." if growth else ""
    detail = f"Stopped in the full dump: it can only restart or be deleted.{until_then}"
    return (_event(job, now, "stuck", after=job.status, detail=detail),)


def _created_event(kind: str, job: Job, now: datetime, before: str = "") -> Event:
    event = _event(job, now, kind, before=before, after=job.status, detail=_error_text(job))
    return replace(event, by=OUTSIDE)


def _error_text(job: Job) -> str:
    return job.error.message if job.error is not None and job.state == State.FAILED else ""
