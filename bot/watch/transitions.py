"""From what was known of a job and what is seen now to what happened. Pure functions.

Kinds of events, with what `before`, `after` and `detail` hold:

- `created`, `recreated`: `after` is the status, `detail` the error if there is one.
- `changed`: `before` and `after` are statuses, `detail` the error of a job that failed.
- `error`: an error appeared while the status stayed as it was; `detail` is its text.
- `deleted`: `before` is the last status.
- `stuck`: `after` is the status, `detail` says in words why nobody should wait any longer.
- `delayed`: `after` is the replication delay in seconds, `before` when it was measured (ISO).
- `database_failed`: `after` names the databases, `detail` has one line for each.
- `cleared`: `before` names what is over (`error`, `delayed`, `database_failed`), `detail` tells more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.dms.advice import source_log_growth
from bot.dms.model import BEFORE_CDC, CHANGING, Database, DelayPoint, Job, Phase, State
from bot.store.records import Event, JobSnapshot, Run, failed_databases
from bot.util.durations import humanize
from bot.util.redact import redact
from bot.watch.attribution import OUTSIDE, changed_by

STUCK = "stuck"
DELAYED = "delayed"
BASELINE = "baseline"
"""Flag of a job that was there at the very first look: nothing has been told of it yet."""

REPLICATING = frozenset({Phase.CDC, Phase.READY_FOR_PROMOTE})
_BEFORE_A_RUN = frozenset(
    {State.DRAFT, State.CREATING, State.NOT_STARTED, State.FAILED, State.STOPPED, State.COMPLETED}
)
_IN_A_RUN = frozenset({State.STARTING, State.RESTARTING, State.RUNNING})
_RECOVERED_RATIO = 0.5
"""A delay is over when it is below this part of the threshold: it must not flap."""
_MAX_NAMES = 10
"""Databases named in one event."""


@dataclass(frozen=True, slots=True)
class Diff:
    """What is known now, and what happened since the last look."""

    known: JobSnapshot
    events: tuple[Event, ...] = ()


def diff_first(job: Job, now: datetime, *, baseline: bool = False) -> Diff:
    """A job never seen before. In the `baseline` (the very first look) nothing is told."""
    flags = (BASELINE, *_initial_flags(job)) if baseline else _initial_flags(job)
    known = JobSnapshot(job=job, seen=now, changed=now, flags=flags)
    if baseline:
        return Diff(known)
    return Diff(known, (_created_event("created", job, now), *_warning(job, now, flags)))


def diff(
    known: JobSnapshot,
    job: Job,
    now: datetime,
    *,
    stuck_after: timedelta,
    runs: Sequence[Run] = (),
    since: datetime | None = None,
) -> Diff:
    """Compare `job` with what was known; `runs` and `since` (the look before) tell who changed it."""
    if job.create_time != known.job.create_time:
        return _replaced(known, job, now, runs, since or known.seen)
    if job.status != known.job.status:
        return _status_changed(known, job, now, runs, since or known.seen)
    events = _error_events(known.job, job, now)
    flags = known.flags
    if STUCK not in flags and is_stuck(job, known.changed, now, stuck_after):
        flags = (*flags, STUCK)
        events = (*events, _stuck(job, now, known.changed))
    return Diff(replace(known, job=job, seen=now, flags=flags), events)


def is_stuck(job: Job, changed: datetime, now: datetime, stuck_after: timedelta) -> bool:
    """Whether a changing state has lasted too long."""
    return job.state in CHANGING and now - changed >= stuck_after


def deleted_event(
    known: JobSnapshot, now: datetime, runs: Sequence[Run], since: datetime | None = None
) -> Event | None:
    """The event for a job that is not listed any more; None if its end has been told already."""
    if known.job.state == State.DELETED:
        return None
    return Event(
        job=known.job.name,
        create_time=known.job.create_time,
        at=now,
        kind="deleted",
        before=known.job.status,
        by=changed_by(known.job, None, runs, since or known.seen),
    )


def diff_databases(known: JobSnapshot, databases: Sequence[Database], now: datetime) -> Diff:
    """What happened to the databases of a job since they were last asked for."""
    fresh = {str(each.id): f"{each.state}/{each.phase}" if each.phase else each.state for each in databases}
    if fresh == dict(known.databases):
        return Diff(known)
    updated = replace(known, databases=fresh, seen=now)
    before_the_first_look = not known.databases and BASELINE in known.flags
    if before_the_first_look or known.job.state != State.RUNNING:
        return Diff(updated)  # a job that failed or stopped as a whole has said so itself
    was_failed, now_failed = failed_databases(known.databases), failed_databases(fresh)
    new = set(now_failed).difference(was_failed)
    failed = [each for each in databases if str(each.id) in new]
    recovered = [name for name in was_failed if name in fresh and name not in now_failed]
    events = (*_databases_failed(known.job, failed, now), *_databases_recovered(known.job, recovered, now))
    return Diff(updated, events)


def diff_delay(known: JobSnapshot, point: DelayPoint | None, now: datetime, alert_s: float) -> Diff:
    """Tell a replication delay above `alert_s` seconds once, and once that it is over."""
    if point is None or known.job.state != State.RUNNING or known.job.phase not in REPLICATING:
        return Diff(known)
    delayed = DELAYED in known.flags
    if not delayed and point.value > alert_s:
        measured = point.time.isoformat()
        event = _event(known.job, now, "delayed", before=measured, after=f"{point.value:.0f}")
        return Diff(replace(known, flags=(*known.flags, DELAYED)), (event,))
    if delayed and point.value <= alert_s * _RECOVERED_RATIO:
        at = point.time.astimezone(UTC)
        detail = (
            f"The replication delay is down to {humanize(point.value)} (measured {at:%Y-%m-%d %H:%M} UTC)."
        )
        event = _event(known.job, now, "cleared", before=DELAYED, detail=detail)
        return Diff(_without(known, DELAYED), (event,))
    return Diff(known)


def starts_new_run(before: Job, after: Job) -> bool:
    """Whether a new run begins: a start or a restart, even if the states between were not seen."""
    if after.state in (State.STARTING, State.RESTARTING):
        return before.state in _BEFORE_A_RUN
    if after.state != State.RUNNING:
        return False
    if before.state in _BEFORE_A_RUN:
        goes_on = before.state in (State.STOPPED, State.FAILED) and after.phase in REPLICATING
        return not goes_on
    return before.state == State.RUNNING and before.phase in REPLICATING and after.phase in BEFORE_CDC


def _replaced(known: JobSnapshot, job: Job, now: datetime, runs: Sequence[Run], since: datetime) -> Diff:
    """Another job under the same name: the old one is gone."""
    old = deleted_event(known, now, runs, since)
    flags = _initial_flags(job)
    events = (_created_event("recreated", job, now, known.job.status), *_warning(job, now, flags))
    fresh = JobSnapshot(job=job, seen=now, changed=now, flags=flags)
    if old is None:
        return Diff(fresh, events)
    return Diff(fresh, (replace(old, detail="Another job was created under the same name."), *events))


def _status_changed(
    known: JobSnapshot, job: Job, now: datetime, runs: Sequence[Run], since: datetime
) -> Diff:
    new_run = starts_new_run(known.job, job)
    flags = (*_kept_flags(known.flags, job), *_initial_flags(job))
    event = Event(
        job=job.name,
        create_time=job.create_time,
        at=now,
        kind="deleted" if job.state == State.DELETED else "changed",
        before=known.job.status,
        after=job.status,
        detail=redact(_error_text(job)),
        by=changed_by(known.job, job, runs, since),
    )
    fresh = replace(
        known,
        job=job,
        seen=now,
        changed=now,
        flags=flags,
        run=known.run + new_run,
        databases={} if new_run else known.databases,
    )
    return Diff(fresh, (event, *_new_error(known.job, job, now), *_warning(job, now, flags)))


def _kept_flags(flags: tuple[str, ...], job: Job) -> tuple[str, ...]:
    """A change ends what was told of the old status; a delay stands while replication runs."""
    replicating = job.state == State.RUNNING and job.phase in REPLICATING
    return (DELAYED,) if DELAYED in flags and replicating else ()


def _initial_flags(job: Job) -> tuple[str, ...]:
    """Flags that a status brings with it at once."""
    return (STUCK,) if job.state == State.STOPPED and job.phase == Phase.FULL_DUMP else ()


def _warning(job: Job, now: datetime, flags: tuple[str, ...]) -> tuple[Event, ...]:
    if STUCK not in flags:
        return ()
    detail = (
        f"Stopped in the full dump: it can only restart or be deleted. Until then {source_log_growth(job)}."
    )
    return (_event(job, now, "stuck", after=job.status, detail=detail),)


def _stuck(job: Job, now: datetime, changed: datetime) -> Event:
    minutes = (now - changed).total_seconds() / 60
    return _event(job, now, "stuck", after=job.status, detail=f"No change for {minutes:.0f} minutes.")


def _created_event(kind: str, job: Job, now: datetime, before: str = "") -> Event:
    event = _event(job, now, kind, before=before, after=job.status, detail=_error_text(job))
    return replace(event, by=OUTSIDE)


def _error_events(before: Job, job: Job, now: datetime) -> tuple[Event, ...]:
    if job.error == before.error:
        return ()
    if job.error is not None:
        return (_event(job, now, "error", after=job.status, detail=job.error.message),)
    return (_event(job, now, "cleared", before="error"),)


def _new_error(before: Job, job: Job, now: datetime) -> tuple[Event, ...]:
    """An error that came with a change of status which does not say so itself."""
    if job.error is None or job.error == before.error or job.state == State.FAILED:
        return ()
    return (_event(job, now, "error", after=job.status, detail=job.error.message),)


def _error_text(job: Job) -> str:
    return job.error.message if job.error is not None and job.state == State.FAILED else ""


def _databases_failed(job: Job, failed: Sequence[Database], now: datetime) -> tuple[Event, ...]:
    if not failed:
        return ()
    lines = [
        f"{each.id}: {each.error.message if each.error else 'no reason given'}"
        for each in failed[:_MAX_NAMES]
    ]
    names = _names([str(each.id) for each in failed])
    return (_event(job, now, "database_failed", after=names, detail="\n".join(lines)),)


def _databases_recovered(job: Job, names: Sequence[str], now: datetime) -> tuple[Event, ...]:
    if not names:
        return ()
    return (
        _event(job, now, "cleared", before="database_failed", detail=f"No longer failed: {_names(names)}."),
    )


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(names[:_MAX_NAMES]) + more


def _without(known: JobSnapshot, flag: str) -> JobSnapshot:
    return replace(known, flags=tuple(each for each in known.flags if each != flag))


def _event(job: Job, now: datetime, kind: str, before: str = "", after: str = "", detail: str = "") -> Event:
    return Event(
        job=job.name,
        create_time=job.create_time,
        at=now,
        kind=kind,
        before=before,
        after=after,
        detail=redact(detail),
    )
