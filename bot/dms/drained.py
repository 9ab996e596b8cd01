"""Whether everything that was written to a source has arrived on the destination. Pure functions.

A sample counts only if it ends after the writes were stopped: a zero from before says nothing about what was
written until then. Three in a row, of every database, have to show that nothing is missing; a sample that is
absent, negative or old never does.

Sources: Google Cloud metrics list (samples every 60 seconds, visible up to 180 seconds later); "Promote a
migration" (PostgreSQL, MySQL, AlloyDB: a delay at or close to zero); "Finalize a migration" (Oracle, SQL
Server to PostgreSQL: minutes or seconds; SQL Server: stop the writes, upload the last transaction log, and
wait until no unprocessed bytes are left, or for Ready to promote).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.dms.delay import CLOCKS_DIFFER, MAX_AGE, is_recent
from bot.dms.drain_samples import DrainSamples, Series, Written
from bot.dms.engines import Family, family, has_final_log, loads_tables, reads_backup_files
from bot.dms.model import DelayPoint, Job

IN_A_ROW = 3
"""Samples in a row in which nothing may be missing."""
SAMPLED_EVERY = timedelta(seconds=60)
VISIBLE_AFTER = timedelta(seconds=180)
"""How late a sample can be seen at most. Source: Google Cloud metrics list."""
STOP = "the writes were stopped"
_GAP = timedelta(seconds=150)
"""Two samples that are further apart are not in a row: one between them is absent."""


@dataclass(frozen=True, slots=True)
class DrainRule:
    """What has to be true of a job."""

    after: datetime
    """Samples count that end later: when the writes were stopped."""
    databases: tuple[str, ...] = ()
    """Those that have to be measured; none for all that are."""
    by_files: bool = False
    """Whether backup files are counted instead of the delay, which has no zero to wait for."""
    final: bool = False
    """Whether the job is ready for promote: it has restored its final transaction log."""
    most_seconds: float = 0
    """The delay at which nothing counts as missing, where the engine's guide names no zero."""
    most_bytes: float = 0
    """How many bytes may be left at a delay of 0 s; see `takes_bytes`."""
    anything: bool = False
    """Whether any measured value will do, as in a rehearsal, in which nobody stops the writes."""
    event: str = STOP
    """What happened at `after`, in a clause: samples can begin to count anew long after the stop."""


@dataclass(frozen=True, slots=True)
class SourceCount:
    """What the source itself counts of what was written to a database after the writes were stopped. It is no
    proof that somebody still writes, and holds nothing back: see `bot.dms.source_counters`."""

    rows: int
    until: datetime
    """The end of the last minute that was counted."""
    last: datetime | None = None
    """The end of the last minute in which rows were written; None where none were."""


@dataclass(frozen=True, slots=True)
class DatabaseDrain:
    """How far one database is."""

    database: str
    at: datetime | None = None
    """The end of the newest sample that counts; None without one."""
    seconds: float | None = None
    """The delay, or with backup files the number of files."""
    bytes: float | None = None
    zeros: int = 0
    """Samples in a row, up to the newest, in which nothing is missing."""
    since: datetime | None = None
    """The end of the first of them."""
    written: int = 0
    """Rows that were written although nothing was missing any more: somebody still writes to the source."""
    counted: SourceCount | None = None
    """None where the source does not count, or no minute after the stop was counted yet."""
    why: str = ""
    """Why it has not drained, in a clause; empty where it only takes more samples, or nothing."""
    files: bool = False
    """Whether `seconds` is a number of backup files."""

    @property
    def is_drained(self) -> bool:
        return self.zeros >= IN_A_ROW and not self.why


def rule_of(
    job: Job,
    after: datetime,
    databases: Sequence[str] = (),
    *,
    most_seconds: float = 0,
    most_bytes: float = 0,
    anything: bool = False,
    event: str = STOP,
) -> DrainRule:
    """The rule for a job's engines. `most_seconds` counts only where their guide names no zero,
    `most_bytes` only for PostgreSQL sources."""
    return DrainRule(
        after,
        tuple(databases),
        by_files=reads_backup_files(job),
        final=has_final_log(job),
        most_seconds=most_seconds if takes_threshold(job) else 0,
        most_bytes=most_bytes if takes_bytes(job) else 0,
        anything=anything,
        event=event,
    )


def takes_threshold(job: Job) -> bool:
    """Whether the delay at which the job may be promoted is chosen in the plan: its guide names no zero, but
    "minutes or seconds" ("Finalize a migration", Oracle, and SQL Server to PostgreSQL)."""
    return loads_tables(job)


def takes_bytes(job: Job) -> bool:
    """Whether some bytes may be left at a delay of 0 s, if the plan says so. They are those of the log of the
    whole PostgreSQL server, to which it writes by itself, so an idle one need not come down to zero; DMS says
    "at or close to zero" ("Promote a migration", PostgreSQL and AlloyDB)."""
    return family(job) is Family.POSTGRESQL


def judge(samples: DrainSamples, rule: DrainRule, now: datetime) -> tuple[DatabaseDrain, ...]:
    """How far each database is, by name."""
    main = samples.files if rule.by_files else samples.seconds
    second = samples.file_bytes if rule.by_files else samples.bytes
    if rule.by_files and rule.final:
        main = main or samples.upload
    found = [_judge(samples, rule, now, each, main, second) for each in _names(main, rule.databases)]
    return tuple(found) or (DatabaseDrain("", why=f"nothing was measured since {rule.event}"),)


def is_drained(found: Sequence[DatabaseDrain]) -> bool:
    return bool(found) and all(each.is_drained for each in found)


def go_by(found: Iterable[DatabaseDrain], now: datetime) -> datetime:
    """About when it has drained if nothing more arrives: the samples that are left, and the latest time at
    which the last of them can be seen."""
    left = [(IN_A_ROW - each.zeros, each.at if each.zeros else None) for each in found if not each.is_drained]
    times = [(at or now) + count * SAMPLED_EVERY + VISIBLE_AFTER for count, at in left if count > 0]
    return max(times, default=now)


def _names(series: Series, wanted: Sequence[str]) -> list[str]:
    """The databases to judge: those that are wanted, or all series where these have other names."""
    if not any(_label(series, each) is not None for each in wanted):
        return sorted(series)
    return list(wanted)


def _label(series: Series, database: str) -> str | None:
    """The name of the series of a database; a schema or table has that of its database."""
    fits = [each for each in series if each == database or (each and database.startswith(f"{each}."))]
    return max(fits, key=len, default=None)


def _judge(
    samples: DrainSamples, rule: DrainRule, now: datetime, name: str, main: Series, second: Series
) -> DatabaseDrain:
    points = _after(main, name, rule.after)
    if not points:
        return DatabaseDrain(name, why=f"it was not measured since {rule.event}")
    newest = points[-1]
    sizes = _after(second, name, rule.after)
    size = sizes[-1].value if sizes else None
    files = rule.by_files and main is samples.files
    count = _counted(samples, rule, name)
    seen = DatabaseDrain(name, newest.time, newest.value, size, counted=count, files=files)
    if max(each.time for each in (*points, *sizes)) - now > CLOCKS_DIFFER:
        return replace(seen, why="the newest sample is from the future: this machine's clock is behind")
    if now - newest.time > MAX_AGE:
        return replace(seen, why="the newest sample is too old")
    if newest.value < 0 or (size is not None and size < 0):
        return replace(seen, why="the newest figure is negative")
    objection = _log_objection(samples, rule, name)
    if objection:
        return replace(seen, why=objection)
    row = _row(points, 0 if rule.by_files else rule.most_seconds, rule)
    if rule.by_files and rule.final:
        row = points  # the service itself says that the final log is restored
    writes = [each for each in _written(samples, name) if each.begin >= rule.after]
    row, rows = _without_writes(row, [] if rule.anything else writes)
    if _label(second, name) is not None and not rule.final:
        sized = _row(sizes, 0 if rule.by_files else rule.most_bytes, rule)
        recent = bool(sized) and is_recent(sized[-1], now)
        row = row[-len(sized) :] if recent else ()
    since = row[0].time if row else None
    return replace(seen, zeros=len(row), since=since, written=rows)


def _after(series: Series, name: str, after: datetime) -> tuple[DelayPoint, ...]:
    label = _label(series, name)
    return (
        tuple(each for each in series.get(label or "", ()) if each.time > after) if label is not None else ()
    )


def _row(points: Sequence[DelayPoint], most: float, rule: DrainRule) -> tuple[DelayPoint, ...]:
    """The newest samples in a row in which nothing is missing, oldest first."""
    row: list[DelayPoint] = []
    for each in reversed(points):
        if each.value < 0 or (each.value > most and not rule.anything):
            break
        if row and row[-1].time - each.time > _GAP:
            break
        row.append(each)
    return tuple(reversed(row))


def _without_writes(
    row: tuple[DelayPoint, ...], writes: Sequence[Written]
) -> tuple[tuple[DelayPoint, ...], int]:
    """The row, begun anew after the last time in which rows were written although nothing was missing any
    more, and the number of those rows."""
    if not row:
        return row, 0
    late = [each for each in writes if each.rows > 0 and each.begin >= row[0].time]
    if not late:
        return row, 0
    last = max(each.end for each in late)
    return tuple(each for each in row if each.time > last), sum(each.rows for each in late)


def _counted(samples: DrainSamples, rule: DrainRule, name: str) -> SourceCount | None:
    """The minutes that began after the stop: before, writes were no surprise."""
    minutes = [] if rule.anything else [e for e in samples.source.get(name, ()) if e.begin >= rule.after]
    if not minutes:
        return None
    late = [each for each in minutes if each.rows > 0]
    return SourceCount(
        rows=sum(each.rows for each in late),
        until=max(each.end for each in minutes),
        last=max((each.end for each in late), default=None),
    )


def _written(samples: DrainSamples, name: str) -> tuple[Written, ...]:
    """The rows of a database. Where the delay or the rows are of the whole job and bear no name, all of them:
    the metrics list calls the delay "aggregated across all of the migration job's data"."""
    fits = [each for each in samples.written if each == name or (each and name.startswith(f"{each}."))]
    if fits:
        return samples.written[max(fits, key=len)]
    if not name:
        return tuple(each for rows in samples.written.values() for each in rows)
    return samples.written.get("", ())


def _log_objection(samples: DrainSamples, rule: DrainRule, name: str) -> str:
    """Why backup files do not show that all has arrived: the last log was uploaded too early."""
    if not rule.by_files or rule.anything:
        return ""
    uploads = _after(samples.upload, name, rule.after)
    if not uploads or uploads[-1].value < 0:
        return "it is not known when its last transaction log was uploaded"
    ago = (uploads[-1].time - rule.after).total_seconds()
    if uploads[-1].value < ago:
        return ""
    return f"its last transaction log was uploaded before {rule.event}"
