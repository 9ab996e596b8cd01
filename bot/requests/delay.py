"""The replication delay of jobs: measuring it, how long a figure counts, and the words for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.cmdline.answers import Channel, CodeBlock, Group, Note, RichPart, TextLink, Time, User, Verbatim
from bot.dms.backup_files import BackupLags
from bot.dms.delay import MAX_AGE, MeasuredDelay, is_measured, is_recent
from bot.dms.engines import goes_back, reads_backup_files
from bot.dms.errors import DmsError
from bot.dms.model import (
    Database,
    Delay,
    DelayPoint,
    Job,
    Lag,
    ObjectState,
    Options,
    State,
)
from bot.dms.port import Reads
from bot.dms.rules import Action, affected, where
from bot.dms.unsupported import EventCounts, UnsupportedEvents, unsupported_events
from bot.requests.backup_files import backups_of, read_lags
from bot.requests.unsupported import unsupported_clause
from bot.runtime.one_by_one import LeftOut
from bot.store import Store
from bot.util import parallel
from bot.util.durations import bytes_text, humanize
from bot.util.utc_times import utc_text

_TICK_S = 60.0
"""Seconds by which a delay may have grown since it was shown: one sample of Cloud Monitoring."""
_RECENT_H = 1.0
_LAST_H = 168.0
"""How far back, in hours, to look for the last figure of a job that is not measured now."""
_NAMED = 5
_UNREAD = "changes that DMS has not begun to read are not counted"
"""Source: "Migration job metrics" of the Oracle guides."""
_UNRESTORED = (
    "it counts from the time in a backup file's name until that file is restored, so changes in no backup "
    "file are not counted"
)
"""Source: "Migration job metrics" of the guide for SQL Server to Cloud SQL for SQL Server."""
_UNDOCUMENTED = "DMS's guide does not say which changes it leaves out"
"""SQL Server to PostgreSQL or AlloyDB, and back: no page says what the delay measures, and "Finalize a
migration" names no zero, but minutes or seconds."""
_PAUSES = frozenset(
    {State.STOPPING, State.STOPPED, State.RESUMING, State.FAILED, State.RESTARTING, State.STARTING}
)
"""A figure from before one of these states says nothing about the job after it."""


def measure(
    dms: Reads,
    store: Store,
    jobs: Sequence[Job],
    clock: Callable[[], datetime],
    databases: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, MeasuredDelay]:
    """The delay of each job by its name, with the changes that were not supported, as Cloud Monitoring says
    now; a failure to read is its `note`.

    `databases` are, by job name, those that count; all of a job's where none are named.

    Raises:
        StoreError.
    """
    named = databases or {}
    resumed = {job.name: resumed_at(store, job, clock()) for job in jobs}
    found = parallel.map_concurrently(lambda job: readings(dms, job, resumed[job.name]), jobs)
    return {
        job.name: each.of(job, named.get(job.name, ()), clock())
        for job, each in zip(jobs, found, strict=True)
    }


@dataclass(frozen=True, slots=True)
class Readings:
    """What the service says of a job's delay and of what it left out, or why nothing is known."""

    delay: Delay | DmsError
    lags: BackupLags | DmsError | None
    """None if the job restores no backup files."""
    counts: EventCounts

    def of(self, job: Job, names: Sequence[str], now: datetime) -> MeasuredDelay:
        """What they say of the job `now`; `names` are the databases that count, none for all."""
        if isinstance(self.delay, DmsError):
            seen = replace(measured_delay(job, Delay(), names, now), note=str(self.delay))
        else:
            seen = measured_delay(job, self.delay, names, now)
        events = unsupported_events(self.counts, names)
        return replace(seen, unsupported=events, backups=backups_of(self.lags, names, now))


def readings(dms: Reads, job: Job, resumed: datetime | None) -> Readings:
    """All that is read of the delay, side by side: now, or lately of a job whose delay is not measured."""
    hours = _RECENT_H if is_measured(job) else _LAST_H

    def delay() -> Delay | DmsError:
        try:
            return dms.delay(job, hours, resumed)
        except DmsError as error:
            return error

    with parallel.side_by_side() as parts:
        figures = parts.begin(delay)
        lags = parts.begin(lambda: read_lags(dms, job, resumed))
        counts = parts.begin(lambda: dms.event_counts(job))
    return Readings(figures.result(), lags.result(), counts.result())


def resumed_at(store: Store, job: Job, now: datetime) -> datetime | None:
    """When a running job was last seen to go on after a pause; None where that is not known.

    It is `now` where the watcher still has the job as paused.

    Raises:
        StoreError.
    """
    if job.state != State.RUNNING:
        return None
    left_out = LeftOut()
    known = store.known_job(job.name, left_out)
    if left_out.keys:
        return now  # nobody knows what was measured before its last resume
    if known is not None and known.job.create_time == job.create_time and known.job.state in _PAUSES:
        return now
    events = store.events(job.name, job.create_time, skip=left_out)
    if left_out.keys:
        return now
    for event in reversed(events):
        states = [status.partition("/")[0] for status in (event.before, event.after)]
        if event.kind == "changed" and states[1] == State.RUNNING and states[0] in _PAUSES:
            return event.at
    return None


def measured_delay(job: Job, delay: Delay, names: Sequence[str], now: datetime) -> MeasuredDelay:
    """What these figures say of the job `now`; `names` are the databases that count, none for all."""
    seen = MeasuredDelay(now, partial=left_out(job))
    if not is_measured(job):
        return replace(seen, standing=where(job), last=_last(delay.seconds, names))
    size = delay.bytes.of(names)
    if size is not None and is_recent(size, now):
        seen = replace(seen, bytes=size)
    return _with_seconds(seen, delay.seconds, names, now)


def left_out(job: Job) -> str:
    """What a zero delay leaves out with this job's engines, in a clause; empty for nothing."""
    if job.source.engine == "ORACLE":
        return _UNREAD
    if goes_back(job):
        return _UNDOCUMENTED
    if job.source.engine != "SQLSERVER":
        return ""
    return _UNRESTORED if reads_backup_files(job) else _UNDOCUMENTED


def replicated(databases: Sequence[Database]) -> tuple[str, ...]:
    """Names of the databases whose delay is measured: those neither failed nor promoted."""
    alive = [each for each in databases if each.state != ObjectState.FAILED]
    return affected(Action.PROMOTE, Options(), alive)


def _with_seconds(seen: MeasuredDelay, lag: Lag, names: Sequence[str], now: datetime) -> MeasuredDelay:
    point = lag.of(names)
    if point is not None and point.value < 0:
        # Clocks that differ may lead to that; nobody knows then how far behind the destination is.
        return replace(seen, note="the newest figure is negative")
    if point is not None and is_recent(point, now):
        return replace(seen, seconds=point)
    if point is None and lag.of() is not None:
        missing = lag.missing(names)
        return replace(seen, note=f"it was not measured for {', '.join(missing[:_NAMED])}")
    last = _last(lag, names)
    return replace(seen, last=last) if last else replace(seen, note="nothing was measured in the last hour")


def _last(lag: Lag, names: Sequence[str]) -> DelayPoint | None:
    return lag.of(names) or lag.of()


def is_stale(delays: Mapping[str, MeasuredDelay], jobs: Sequence[Job], now: datetime) -> bool:
    """Whether the delay of one of the jobs has to be measured again, or never was."""
    return any(_is_stale(delays.get(job.name), now) for job in jobs)


def _is_stale(seen: MeasuredDelay | None, now: datetime) -> bool:
    if seen is None or seen.at is None or seen.unsupported is None:
        return True
    if seen.was_shown_as_zero and seen.seconds is None:
        return True  # nobody knows how old that zero is
    if seen.standing:
        return False  # nothing new is measured as long as the job stays in that state
    if seen.is_zero and seen.seconds is not None:
        return not is_recent(seen.seconds, now)
    return now - seen.at > MAX_AGE


def data_loss_reason(
    delays: Mapping[str, MeasuredDelay], shown: Mapping[str, MeasuredDelay] | None = None
) -> tuple[RichPart, ...]:
    """Why promoting now may lose data, in a clause; empty where the delay of every job is zero, and no
    changes are missing but those that people were `shown`."""
    found = delays.values()
    late = [each for each in found if each.is_behind and not each.has_no_zero]
    if len(late) == 1:
        return ("it is *not zero* (", *amounts(late[0]), ")")
    if late:
        return (f"it is *not zero* (for {len(late)} of {len(found)} jobs)",)
    rest = [each for each in found if not each.is_zero]
    if rest and all(each.has_no_zero for each in rest):
        return ("it *has no zero to wait for*, as changes in no backup file are not counted",)
    if rest:
        return ("it is *not known* to be zero",)
    missing = _missing_changes(delays, shown or {})
    return ("it is zero, but ", *unsupported_clause(missing)) if missing is not None else ()


def _missing_changes(
    delays: Mapping[str, MeasuredDelay], shown: Mapping[str, MeasuredDelay]
) -> UnsupportedEvents | None:
    """The most unsupported changes of a job that nobody was shown; None where there are none."""
    found = [
        each.unsupported
        for name, each in delays.items()
        if each.unsupported is not None
        and not each.unsupported.is_covered_by(shown[name].unsupported if name in shown else None)
    ]
    return max(found, key=lambda each: each.total or 0, default=None)


def changed_since(shown: Mapping[str, MeasuredDelay], current: Mapping[str, MeasuredDelay]) -> Note | None:
    """Why a press does not count: the current delay is not zero, and worse than what was shown, or more
    changes are missing.

    A figure that ticks by seconds does not matter: somebody who measures again and again would void every
    press of others.
    """
    worse = any(_is_worse(shown.get(name), seen) for name, seen in current.items())
    worse = worse or _missing_changes(current, shown) is not None
    return changed_note(data_loss_reason(current, shown)) if worse else None


def _is_worse(shown: MeasuredDelay | None, seen: MeasuredDelay) -> bool:
    if seen == shown or seen.is_zero:
        return False
    if shown is None or shown.was_shown_as_zero or shown.standing != seen.standing:
        return True
    if shown.seconds is None or seen.seconds is None:
        return shown.seconds is not None
    return seen.seconds.value > shown.seconds.value + _TICK_S


def changed_note(reason: tuple[RichPart, ...]) -> Note | None:
    """Says that a press does not count because the delay has changed; None without a `reason`."""
    if not reason:
        return None
    return Note(
        (
            "This press did not count: the replication delay that you saw was old. It was measured "
            "again, and ",
            *reason,
            (
                ". Changes that have not arrived yet are lost if the job is promoted. The request now "
                "shows what is known: press again to continue anyway."
            ),
        ),
        tone="warn",
    )


def all_zero(delays: Mapping[str, MeasuredDelay], jobs: Sequence[Job]) -> bool:
    """Whether the delay of each of the jobs is known to be zero."""
    return all(job.name in delays and delays[job.name].is_zero for job in jobs)


def all_clear(delays: Mapping[str, MeasuredDelay], jobs: Sequence[Job]) -> bool:
    """Whether the delay of each of the jobs is known to be zero, and no changes may be missing."""
    return all(job.name in delays and delays[job.name].is_clear for job in jobs)


def amounts(seen: MeasuredDelay) -> tuple[RichPart, ...]:
    """The known figures with the times of their measurement, for example `30 s · 1000 B (measured …)`."""
    seconds, size = seen.seconds, seen.bytes
    if seconds is None:
        return () if size is None else (bytes_text(size.value), *measured(size))
    if size is None:
        return (humanize(seconds.value), *measured(seconds))
    if abs((seconds.time - size.time).total_seconds()) < 60:
        return (
            f"{humanize(seconds.value)} · {bytes_text(size.value)}",
            *measured(min(seconds, size, key=lambda point: point.time)),
        )
    return (humanize(seconds.value), *measured(seconds), f" · {bytes_text(size.value)}", *measured(size))


def leaves_out(seen: MeasuredDelay) -> tuple[RichPart, ...]:
    """What a figure above zero leaves out, too, to end its sentence; empty for nothing."""
    return ("; ", Verbatim(seen.partial)) if seen.partial and seen.is_behind else ()


def measured(point: DelayPoint) -> tuple[RichPart, ...]:
    """` (measured …)`, to follow a figure."""
    return (" (measured ", Time(point.time), ")")


def why_unknown(seen: MeasuredDelay) -> tuple[RichPart, ...]:
    """Why the delay is not known, or not known to be zero; follows “not known”."""
    if seen.partial and seen.seconds is not None:
        return (" to be zero: ", *amounts(seen), f", but {seen.partial}")
    if seen.last is not None:
        return (f": the newest figure is {humanize(seen.last.value)}", *measured(seen.last))
    if seen.note:
        return (": ", Verbatim(seen.note.rstrip(".")))
    return (": when it was measured is not known",)


def unmeasured(seen: MeasuredDelay) -> tuple[RichPart, ...]:
    """What the destination of a job whose delay is not measured may miss, in a sentence."""
    if seen.last is None or seen.since is None:
        return (
            "The destination may miss recent changes on the source: how much is *not known*, as the "
            f"delay is not measured while the job is {seen.standing}, and the last one is not known (",
            Verbatim(seen.note.rstrip(".") or "there is none in the last 7 days"),
            ").",
        )
    return (
        "The destination may miss changes on the source since ",
        Time(seen.since),
        f" (last known delay {humanize(seen.last.value)}, measured ",
        Time(seen.last.time),
        f"): the delay is not measured while the job is {seen.standing}.",
    )


def plain_text(parts: Sequence[RichPart]) -> str:
    """As plain text with times in UTC and without names of people, where times cannot be shown in each
    reader's zone and nobody must be mentioned."""
    return "".join(_plain_text(each) for each in parts)


def _plain_text(part: RichPart) -> str:
    match part:
        case Time(at):
            return utc_text(at)
        case Verbatim(text) | TextLink(_, text) | CodeBlock(text):
            return text
        case User() | Group():
            return "somebody"
        case Channel():
            return "a channel"
        case str():
            return part
