"""Saves what polls found: snapshots, events and outbox rows, all in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import structlog

from bot.config.projects import Place
from bot.config.settings import Settings
from bot.dms.delay import MAX_AGE
from bot.dms.model import Job
from bot.policy.subscriptions import Subscriptions
from bot.runtime import metrics
from bot.runtime.one_by_one import LeftOut, concerns_all, pass_over
from bot.store import Store
from bot.store.records import JobSnapshot
from bot.watch import baselines
from bot.watch.announcer import Announcer
from bot.watch.baselines import baseline_key
from bot.watch.escalations import Escalations
from bot.watch.poll import DatabasesResult, DelayResult, PollResult, Result, is_busy, is_unchanged
from bot.watch.recipients import SavedEvent, unread_deletion
from bot.watch.snapshots import JobSnapshots, WatchedLocation
from bot.watch.transitions import Diff, deleted_event, diff, diff_databases, diff_delay, diff_first

log = structlog.get_logger(__name__)


class SnapshotConflict(Exception):
    """Another replica has saved newer snapshots than those in memory."""


@dataclass
class Changes:
    """What one transaction saved. It is applied to the snapshots in memory once it is committed."""

    snapshots: dict[str, JobSnapshot] = field(default_factory=dict)
    """By full resource name of the job."""
    deleted: list[str] = field(default_factory=list)
    events: list[SavedEvent] = field(default_factory=list)
    has_messages: bool = False
    failed: set[Place] = field(default_factory=set)
    """Places of which something could not be saved, though the database answered."""
    unseen: dict[Place, frozenset[str]] = field(default_factory=dict)
    """`WatchedLocation.unseen` of places where it was saved anew."""

    def add(self, more: Changes) -> None:
        """What a further transaction saved."""
        self.snapshots |= more.snapshots
        self.deleted += more.deleted
        self.events += more.events
        self.has_messages |= more.has_messages
        self.unseen |= more.unseen


class ChangeWriter:
    """Compares results with `snapshots`, which it only reads."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        snapshots: JobSnapshots,
        announcer: Announcer,
        subscriptions: Callable[[], Subscriptions],
        escalations: Escalations,
        on_events: Callable[[Sequence[SavedEvent]], None],
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._announcer = announcer
        self._subscriptions = subscriptions
        self._escalations = escalations
        self._on_events = on_events
        self._stuck_after = timedelta(seconds=settings.stuck_after_s)
        self._delay_alert_s = settings.delay_alert_s

    def write(self, results: Sequence[Result]) -> Changes:
        """Save everything that changed, in one transaction; if that fails, in one for each job, so that an
        error with one does not stop the others.

        Raises:
            SnapshotConflict: another replica was faster: load the snapshots again.
            StoreError: the rest is not saved. If jobs were saved one by one, those before stay saved.
        """
        try:
            return self._write(results)
        except Exception as error:
            if isinstance(error, SnapshotConflict) or concerns_all(error):
                raise
            metrics.count_error()
            log.exception("changes_not_saved", results=len(results))
        return self._write_apart(results)

    def _write_apart(self, results: Sequence[Result]) -> Changes:
        changes = Changes()
        for found in self._by_job(results):
            try:
                changes.add(self._write(found))
            except Exception as error:
                if isinstance(error, SnapshotConflict) or concerns_all(error):
                    raise
                metrics.count_error()
                log.exception("change_not_saved", jobs=[name for each in found for name in _jobs_of(each)])
                changes.failed |= {each.place for each in found if isinstance(each, PollResult)}
        return changes

    def _by_job(self, results: Sequence[Result]) -> Iterable[Sequence[Result]]:
        """The results grouped by job. In transactions of their own, each would be compared with the snapshot
        from before the other, and undo it."""
        found: dict[str | Place, list[Result]] = {}
        for result in results:
            for key, part in self._parts(result):
                found.setdefault(key, []).append(part)
        return found.values()

    def _parts(self, result: Result) -> Iterator[tuple[str | Place, Result]]:
        """A result for each job, with its key. What the first list of a place, or of a location in it, holds
        stays together: once one job of it is saved, the others would be announced as new."""
        if not isinstance(result, PollResult):
            yield result.name, result
            return
        location = self._snapshots.location(result.place)
        if location.is_new:
            yield result.place, result
            return
        apart = result.changed
        if location.is_first_of_a_location(result):
            came = location.unseen - result.unreachable
            first = tuple(job for job in apart if job.location in came)
            yield result.place, replace(result, changed=first, missing=())
            apart = tuple(job for job in apart if job.location not in came)
            # These say nothing of the locations that came, which the first part alone may note as seen.
            result = replace(result, unreachable=result.unreachable | came)
        for job in apart:
            yield job.name, replace(result, changed=(job,), missing=())
        for name in result.missing:
            yield name, replace(result, changed=(), missing=(name,))

    def _write(self, results: Sequence[Result]) -> Changes:
        changes = Changes()
        try:
            with self._store.transaction():
                self._save(results, changes)
        except BaseException:
            # It remembers messages that were rolled back, and would add to them instead of making new ones.
            self._announcer.forget()
            raise
        return changes

    def _save(self, results: Sequence[Result], changes: Changes) -> None:
        # Polls first: each is compared with the snapshots in memory, so it would undo what a job's
        # databases or delay have just changed.
        for result in results:
            if isinstance(result, PollResult):
                self._write_poll(result, changes)
        for result in results:
            if not isinstance(result, PollResult):
                self._write_details(result, changes)
        self._store.save_known(changes.snapshots.values())
        for name in changes.deleted:
            self._store.forget_job(name)
        if changes.events:
            now = datetime.now(UTC)
            announced = self._announcer.announce(changes.events, self._subscriptions(), now)
            escalated = self._escalations.begin(changes.events, now)
            changes.has_messages = announced or escalated
            self._on_events(changes.events)

    def _write_poll(self, result: PollResult, changes: Changes) -> None:
        location = self._snapshots.location(result.place)
        if location.is_new:
            if self._store.value(baseline_key(location.place)) is not None:
                raise SnapshotConflict
            self._store.put_value(baseline_key(location.place), result.at.isoformat())
        if location.is_first_of_a_location(result):
            changes.unseen[location.place] = location.unseen_after(result)
            baselines.save_unseen(self._store, location.place, changes.unseen[location.place])
        for job in result.changed:
            if job.name in location.unreadable:
                self._write_anew(job, result.at, changes)
            else:
                self._write_job(location, job, result.at, changes)
        for name in result.missing:
            self._write_deleted(location, name, result.at, changes)

    def _write_job(self, location: WatchedLocation, job: Job, at: datetime, changes: Changes) -> None:
        before = location.jobs.get(job.name)
        if before is None:
            if not location.is_new:
                self._check_unchanged(job.name, None)
            self._add(diff_first(job, at, baseline=location.is_baseline(job)), None, changes)
            return
        self._check_unchanged(job.name, before)
        if not is_unchanged(before.job, job) or is_busy(job):
            runs = self._store.runs(job=job.name, skip=pass_over)
            found = diff(before, job, at, stuck_after=self._stuck_after, runs=runs, since=location.polled_at)
            self._add(found, before, changes)

    def _write_anew(self, job: Job, at: datetime, changes: Changes) -> None:
        """Replace a row that cannot be read. What has changed since it was written is not known, so nothing
        is announced, as of the jobs of a new place; whatever changes from now on is."""
        self._check_unreadable(job.name)
        snapshot = diff_first(job, at, baseline=True).snapshot
        changes.snapshots[job.name] = replace(snapshot, run=self._store.known_run(job.name))
        log.warning("unreadable_job_replaced", job=job.name)

    def _write_deleted(self, location: WatchedLocation, name: str, at: datetime, changes: Changes) -> None:
        before = location.jobs.get(name)
        if before is None and name in location.unreadable:
            self._check_unreadable(name)
            changes.deleted.append(name)
            self._on_events([unread_deletion(name, at)])
            log.warning("unreadable_job_deleted", job=name)
        if before is None:
            return
        self._check_unchanged(name, before)
        event = deleted_event(before, at, self._store.runs(job=name, skip=pass_over), location.polled_at)
        changes.deleted.append(name)
        if event is not None:
            changes.events.append(SavedEvent(self._store.add_event(event), before))

    def _write_details(self, result: DatabasesResult | DelayResult, changes: Changes) -> None:
        before = changes.snapshots.get(result.name) or self._snapshots.get(result.name)
        if before is None or result.name in changes.deleted:
            return
        if result.name not in changes.snapshots:
            self._check_unchanged(result.name, before)
        if isinstance(result, DatabasesResult):
            if result.job_failed:
                return
            found = diff_databases(before, result.databases, result.at)
        else:
            worst = result.delay.seconds.worst(result.at - MAX_AGE)
            found = diff_delay(before, worst, result.at, self._delay_alert_s)
        if found.snapshot is not before:
            self._add(found, before, changes)

    def _add(self, found: Diff, before: JobSnapshot | None, changes: Changes) -> None:
        changes.snapshots[found.snapshot.job.name] = found.snapshot
        for event in found.events:
            of_replaced_job = before is not None and event.create_time != found.snapshot.job.create_time
            of_job = before if of_replaced_job and before is not None else found.snapshot
            changes.events.append(SavedEvent(self._store.add_event(event), of_job))

    def _check_unreadable(self, name: str) -> None:
        """Raise SnapshotConflict if the stored snapshot is gone, or can be read by now."""
        left_out = LeftOut()
        if self._store.known_job(name, left_out) is not None or not left_out.keys:
            raise SnapshotConflict

    def _check_unchanged(self, name: str, before: JobSnapshot | None) -> None:
        """Raise SnapshotConflict unless the stored snapshot still is `before`. One that cannot be read any
        more counts as unchanged, and is replaced."""
        unread = LeftOut()
        stored = self._store.known_job(name, unread)
        if unread.keys and before is not None:
            return
        if unread.keys or (stored is None) != (before is None):
            raise SnapshotConflict
        if stored is not None and before is not None and _comparable(stored) != _comparable(before):
            raise SnapshotConflict


def _jobs_of(result: Result) -> list[str]:
    if not isinstance(result, PollResult):
        return [result.name]
    return [*(job.name for job in result.changed), *result.missing]


def _comparable(snapshot: JobSnapshot) -> tuple[object, ...]:
    job = snapshot.job
    return job.create_time, job.status, snapshot.run, snapshot.flags, job.error
