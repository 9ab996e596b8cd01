"""Measures whether everything has arrived, and moves a cutover between draining and drained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.cutover.evidence import is_stale
from bot.cutover.ledger import SAMPLE, CutoverLedger
from bot.cutover.promotion import Promotion
from bot.cutover.states import counts_from, evidence_from, went_on
from bot.cutover.wave import failed_text, seen_now, shown_name
from bot.cutover.wording import drained_text
from bot.dms.delay import CLOCKS_DIFFER
from bot.dms.drained import SAMPLED_EVERY, STOP, VISIBLE_AFTER, DatabaseDrain, go_by, is_drained
from bot.dms.errors import DmsError, NotFound
from bot.dms.model import DelayPoint, Job
from bot.requests.base import RequestContext
from bot.requests.drain import measure_drain
from bot.store.cutover import Cutover, CutoverState, JobMark, Mark, Sample
from bot.util import parallel
from bot.util.durations import humanize
from bot.util.text import count_of
from bot.util.utc_times import utc_text

log = structlog.get_logger(__name__)
S = CutoverState
MEASURE_EVERY = timedelta(seconds=15)
LAST_KNOWN = timedelta(hours=1)
"""How far back the last delay of a job is looked for whose source may be lost."""
SILENT_FOR = timedelta(minutes=5)
"""If nothing was looked at for this long while draining, people decide whether it goes on."""


_MOST_DELAYS = 120
_UNREAD = "it could not be read"


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found of one job."""

    mark: JobMark
    found: tuple[DatabaseDrain, ...] = ()
    error: str = ""
    """Why it could not be measured, in a sentence; empty where it was."""

    @property
    def is_drained(self) -> bool:
        return not self.error and is_drained(self.found)


class Draining:
    """Reads the samples of all jobs that are left, side by side."""

    def __init__(self, context: RequestContext, ledger: CutoverLedger, promotion: Promotion) -> None:
        self._ctx = context
        self._ledger = ledger
        self._promotion = promotion

    def tick(self, cutover: Cutover, planned: Callable[[Cutover], Mapping[str, Job]], now: datetime) -> None:
        """Measure, if it is time to. `planned` are the jobs as they were planned, by name.

        Raises:
            StoreError.
        """
        last = cutover.progress.measured or cutover.since
        if now - last > SILENT_FOR:
            since = f"{humanize(now - last)}"
            self._hold(cutover, f"Nobody looked for {since}, as dms-bot was not running or its clock jumped.")
            return
        if last - now > CLOCKS_DIFFER:
            self._hold(cutover, f"The clock of dms-bot went back by {humanize(last - now)}.")
            return
        if cutover.progress.measured is not None and now - last < MEASURE_EVERY:
            return
        jobs = planned(cutover)
        done = {each.job for each in cutover.progress.jobs if each.mark is Mark.PROMOTED}
        left = [jobs[name] for name in cutover.plan.jobs if name in jobs and name not in done]
        found = parallel.map_concurrently(lambda job: self._measure(cutover, job, now), left)
        unread = (name for name in cutover.plan.jobs if name not in jobs and name not in done)
        missing = {name: Measured(JobMark(name, text=_UNREAD), error=_UNREAD) for name in unread}
        measured = missing | {each.mark.job: each for each in found}
        kept = self._with_last_known(cutover, [each.mark for each in found], jobs, now)
        self._record(cutover, measured, kept, now)

    def watch(self, cutover: Cutover, planned: Callable[[Cutover], Mapping[str, Job]], now: datetime) -> None:
        """Look at the jobs while nothing has to be measured: hold it if one has failed; while it is held,
        adopt what somebody promoted elsewhere, and show whose source may be lost.

        Raises:
            StoreError.
        """
        jobs = planned(cutover)
        before = {each.job: each for each in cutover.progress.jobs}

        def look(name: str) -> JobMark:
            known = before.get(name, JobMark(name))
            if known.mark is Mark.PROMOTED or name not in jobs:
                return known
            try:
                found: Job | NotFound = self._ctx.dms.get_job(name, fresh=True)
            except NotFound as gone:
                found = gone
            except DmsError:
                return known
            seen = seen_now(jobs[name], found)
            return seen if _tells_more(seen, known, cutover) else known

        marks = tuple(parallel.map_concurrently(look, cutover.plan.jobs))
        failed = [each for each in marks if each.mark is Mark.FAILED]
        if all(each.mark is Mark.PROMOTED for each in marks):
            self._adopt(cutover, "All jobs have been promoted, some of them from outside.", marks, now)
        elif marks != tuple(before.get(name, JobMark(name)) for name in cutover.plan.jobs):
            samples = self._with_last_known(cutover, marks, jobs, now)
            if cutover.state is S.STOPPING and failed:
                text = " ".join(failed_text(cutover, each) for each in failed)
                self._hold(cutover, text, jobs=marks, samples=samples)
            else:
                self._ledger.update(cutover, jobs=marks, samples=samples)

    def _with_last_known(
        self, cutover: Cutover, marks: Sequence[JobMark], jobs: Mapping[str, Job], now: datetime
    ) -> tuple[Sample, ...]:
        """The samples, with the last known delays of the stranded jobs that have none."""
        samples = cutover.progress.samples
        without = {each.job for each in marks if each.stranded} - {each.job for each in samples}

        def read(name: str) -> tuple[DatabaseDrain, ...]:
            try:
                return measure_drain(self._ctx.dms, jobs[name], now - LAST_KNOWN, now, anything=True)
            except DmsError as error:
                log.info("last_delay_not_read", job=name, error=str(error))
                return ()

        names = sorted(without & set(jobs))
        found = zip(names, parallel.map_concurrently(read, names), strict=True)
        return (*samples, *(each for name, drains in found for each in _as_samples(name, drains)))

    def _measure(self, cutover: Cutover, then: Job, now: datetime) -> Measured:
        after = evidence_from(cutover) or cutover.since
        plan = cutover.plan
        try:
            job = self._ctx.dms.get_job(then.name, fresh=True)
            mark = seen_now(then, job)
            if mark.mark is not Mark.OPEN or mark.text:
                return Measured(mark, error=mark.text)
            found = measure_drain(
                self._ctx.dms,
                job,
                after,
                now,
                most_seconds=plan.most_seconds,
                most_bytes=plan.most_bytes,
                anything=cutover.rehearsal,
                event="the cutover was resumed" if went_on(cutover) else STOP,
            )
        except DmsError as error:
            return Measured(seen_now(then, error), error=str(error).rstrip("."))
        return Measured(mark, found)

    def _record(
        self, cutover: Cutover, measured: Mapping[str, Measured], before: tuple[Sample, ...], now: datetime
    ) -> None:
        marks = _marks(cutover, measured)
        progress: dict[str, Any] = {
            "jobs": marks,
            "samples": _samples(before, measured),
            "delays": _delays(cutover, measured),
            "measured": now,
            "not_measured": _not_measured(cutover, measured, now),
            "go_by": _go_by(measured, now),
        }
        failed = [each for each in marks if each.mark is Mark.FAILED]
        with self._ctx.store.transaction():
            read = self._ctx.store.cutover(cutover.id)
            if read is None or read.rev != cutover.rev:
                return
            self._log_samples(read, measured)
            updated = self._ledger.update(read, **progress)
            if updated is None:
                return
            if failed:
                self._hold(updated, " ".join(failed_text(cutover, each) for each in failed))
            else:
                self._move(updated, marks, measured, now)

    def _move(
        self,
        cutover: Cutover,
        marks: tuple[JobMark, ...],
        measured: Mapping[str, Measured],
        now: datetime,
    ) -> None:
        if all(each.mark is Mark.PROMOTED for each in marks):
            self._adopt(cutover, "All jobs were promoted from outside.", marks, now)
            return
        waiting = [each for each in measured.values() if each.mark.mark is Mark.OPEN]
        if not waiting:
            return  # the rest is being promoted from outside
        all_drained = all(each.is_drained for each in waiting)
        if cutover.state is S.DRAINING and all_drained:
            where = "" if cutover.rehearsal else " on the destination"
            self._ledger.enter(
                cutover,
                S.DRAINED,
                "drained",
                text=f"{drained_text(cutover)}{where}; {_source_text(cutover, waiting)}",
                drained=now,
                second=self._promotion.needs_second(cutover),
            )
        elif cutover.state is S.DRAINED and not all_drained:
            self._back(cutover, measured, now)

    def _back(self, cutover: Cutover, measured: Mapping[str, Measured], now: datetime) -> None:
        """Drain again: somebody still writes, or nothing was measured for too long."""
        judged = {name: each for name, each in measured.items() if not each.error}
        missing = [
            _missing_text(shown_name(cutover, name), one)
            for name, each in judged.items()
            for one in each.found
            if not one.is_drained
        ]
        if not missing and not is_stale(cutover, now):
            return  # a failure to read does not undo what was measured until it is old
        text = " ".join(missing[:3]) or f"It was not measured for too long: {cutover.progress.not_measured}."
        self._ledger.enter(cutover, S.DRAINING, "not_drained", None, text, drained=None, asked_by="")

    def _hold(self, cutover: Cutover, text: str, **progress: Any) -> None:
        held = {"held_from": str(cutover.state), "asked_by": ""}
        self._ledger.enter(cutover, S.HELD, "held", None, text, **held, **progress)

    def _adopt(self, cutover: Cutover, text: str, marks: tuple[JobMark, ...], now: datetime) -> None:
        """Go on with the checklist; the plan's own request has nothing left to send."""
        with self._ctx.store.transaction():
            moved = self._ledger.enter(cutover, S.CHECKLIST, "adopted", None, text, jobs=marks, promoted=now)
            if moved is not None:
                self._promotion.close(moved, None, text)

    def _log_samples(self, cutover: Cutover, measured: Mapping[str, Measured]) -> None:
        """A line of the log for each job that has a new sample: the seconds of its slowest database."""
        before = {(each.job, each.at) for each in cutover.progress.samples}
        for name, each in measured.items():
            known = [one for one in each.found if one.at is not None and one.seconds is not None]
            if known and not {(name, one.at) for one in known} <= before:
                worst = max(known, key=lambda one: one.seconds or 0.0)
                value = worst.seconds or 0.0
                text = count_of(int(value), "file") if worst.files else f"{value:g}"
                self._ledger.log(cutover, SAMPLE, text, name)


def _marks(cutover: Cutover, measured: Mapping[str, Measured]) -> tuple[JobMark, ...]:
    before = {each.job: each for each in cutover.progress.jobs}
    return tuple(
        _mark(measured[name]) if name in measured else before.get(name, JobMark(name))
        for name in cutover.plan.jobs
    )


def _mark(measured: Measured) -> JobMark:
    if measured.mark.mark is not Mark.OPEN or measured.error:
        return measured.mark
    if measured.is_drained:
        return replace(measured.mark, mark=Mark.DRAINED)
    whys = (f"{each.database}: {each.why}" for each in measured.found if each.why)
    return replace(measured.mark, text="; ".join(whys))


def _samples(before: tuple[Sample, ...], measured: Mapping[str, Measured]) -> tuple[Sample, ...]:
    """The newest that is known of each database; where one could not be read, the one from before, which
    counts only as long as it is recent."""
    kept = [each for each in before if each.job in measured and measured[each.job].error]
    return (*kept, *(one for name, each in measured.items() for one in _as_samples(name, each.found)))


def _as_samples(job: str, found: Sequence[DatabaseDrain]) -> tuple[Sample, ...]:
    return tuple(_as_sample(job, one, one.at) for one in found if one.at is not None)


def _as_sample(job: str, found: DatabaseDrain, at: datetime) -> Sample:
    count = found.counted
    return Sample(
        job,
        found.database,
        at,
        found.seconds,
        found.bytes,
        found.zeros,
        found.written,
        found.why,
        source_rows=count.rows if count is not None else 0,
        source_last=count.last if count is not None else None,
        files=found.files,
    )


def _tells_more(seen: JobMark, known: JobMark, cutover: Cutover) -> bool:
    """Whether what the service says now takes the place of what is known. While it is held, why a promotion
    failed stays, unless the source is lost now, or back. A promotion from outside that failed is over."""
    if cutover.state is S.STOPPING or known.mark is Mark.PROMOTING:
        return True
    return seen.mark in (Mark.PROMOTED, Mark.PROMOTING) or seen.stranded != known.stranded


def _delays(cutover: Cutover, measured: Mapping[str, Measured]) -> tuple[DelayPoint, ...]:
    """The delays so far, with the newest of the slowest database, if that was measured anew."""
    before = cutover.progress.delays
    known = [
        DelayPoint(one.at, max(0.0, one.seconds))
        for each in measured.values()
        for one in each.found
        if one.at is not None and one.seconds is not None and not one.files
    ]
    newest = max(known, key=lambda each: each.value, default=None)
    if newest is None or (before and newest.time <= before[-1].time):
        return before
    return (*before, newest)[-_MOST_DELAYS:]


def _go_by(measured: Mapping[str, Measured], now: datetime) -> datetime | None:
    """About when all have drained; None where one is not measured."""
    waiting = _waiting(measured).values()
    if any(each.error for each in waiting):
        return None
    return go_by([one for each in waiting for one in each.found], now)


def _waiting(measured: Mapping[str, Measured]) -> dict[str, Measured]:
    """Without those that somebody promotes, or has promoted, elsewhere: they are measured no more."""
    return {name: each for name, each in measured.items() if each.mark.mark is Mark.OPEN}


def _not_measured(cutover: Cutover, measured: Mapping[str, Measured], now: datetime) -> str:
    """Why nothing is known, where it should be: the first sample can come four minutes after the stop."""
    after = evidence_from(cutover)
    is_due = after is None or now - after > SAMPLED_EVERY + VISIBLE_AFTER
    whys = [
        f"`{shown_name(cutover, name)}`: {why}"
        for name, each in _waiting(measured).items()
        if (why := each.error or next((one.why for one in each.found if one.at is None and is_due), ""))
    ]
    return "; ".join(whys[:3])


def _source_text(cutover: Cutover, waiting: Sequence[Measured]) -> str:
    """What the sources themselves count of what was written to them since samples count, in a clause."""
    begin = counts_from(cutover)
    counts = [one.counted for each in waiting for one in each.found]
    known = [each for each in counts if each is not None]
    if not known:
        return "rows written to the source were not checked"
    rows = sum(each.rows for each in known)
    until = utc_text(min(each.until for each in known))
    some = "" if len(known) == len(counts) else "; they were not checked everywhere"
    if not rows:
        return f"no rows were written to the source from {begin} until {until}{some}"
    last = max(each.last for each in known if each.last is not None)
    were = "1 row was" if rows == 1 else f"{rows:,} rows were"
    return (
        f"{were} written to the source after {begin}, the last by {utc_text(last)} (counted until {until})"
        f"{some}"
    )


def _missing_text(shown: str, found: DatabaseDrain) -> str:
    where = f"`{found.database}` of `{shown}`" if found.database else f"`{shown}`"
    if found.written:
        rows = "1 row was" if found.written == 1 else f"{found.written:,} rows were"
        return f"{rows} written to {where} after it had drained: somebody still writes to the source."
    if found.why:
        return f"{where}: {found.why}."
    if found.zeros:
        return f"{where}: samples are absent, so it takes three in a row again."
    return f"{where} is behind again."
