"""Polls all places and saves what changed, with its messages.

The leader runs it. Snapshots are kept in memory. They are saved only when they change, in the transaction
that also saves the events and their messages. A crash before the commit loses nothing: the next poll finds
the same difference again.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Literal

import structlog

from bot.config.projects import Place
from bot.config.settings import Settings
from bot.dms.errors import DmsError, NotFound
from bot.dms.model import Job
from bot.dms.port import Dms
from bot.dms.resource_names import project_of
from bot.policy.model import Escalate
from bot.policy.subscriptions import SubscriptionLike, Subscriptions
from bot.runtime import metrics
from bot.runtime.one_by_one import pass_over
from bot.store import Store, StoreError
from bot.store.records import ACTIVE_RUNS
from bot.util.ratelimit import back_off
from bot.watch.announcer import BURST, Announcer
from bot.watch.change_writer import Changes, ChangeWriter, SnapshotConflict
from bot.watch.detail_queues import DetailQueues
from bot.watch.escalations import Escalations
from bot.watch.poll import (
    DatabasesResult,
    DelayResult,
    PollResult,
    Result,
    fetch_databases,
    fetch_delay,
    poll_place,
)
from bot.watch.poll_times import PollTimes
from bot.watch.recipients import SavedEvent
from bot.watch.snapshots import JobSnapshots, WatchedLocation

log = structlog.get_logger(__name__)

OnCycle = Callable[[Place, str], None]
"""Called after a poll, with its place: with the error text if it failed, and with an empty one only once
what it has found is saved. A place whose changes cannot be saved, and so not told, is not watched."""

_BATCH_WINDOW_S = 1.5
"""How long a result waits for those of other locations, so that a burst becomes one digest."""
_SUBSCRIBED_EVERY_S = 30.0
"""How often the jobs with a subscription by name are read from the store."""
_SETTLE_POLLS = 2
"""Number of slow polls in which a job has to run without errors before that is announced."""
_MAX_SETTLE_S = 300.0
_MAX_PAUSE_S = 1.0
_THREADS = 6
"""For each project, so that one that hangs holds back no other."""


@dataclass(frozen=True, slots=True)
class _Detail:
    """What is read of one job."""

    what: Literal["databases", "delay"]
    project: str


class Watcher:
    """Watches all places of `dms`.

    `watches` returns the policy file's subscriptions; those in the store are added. `escalations` returns
    whom alerts mention until somebody acknowledges them. `wake` is set whenever there are new messages.
    `on_cycle` is called for each poll, `on_events` in each transaction that saves events.
    """

    def __init__(
        self,
        dms: Dms,
        store: Store,
        settings: Settings,
        *,
        watches: Callable[[], Sequence[SubscriptionLike]] = tuple,
        escalations: Callable[[], Sequence[Escalate]] = tuple,
        wake: threading.Event | None = None,
        on_cycle: OnCycle = lambda _place, _error: None,
        on_events: Callable[[Sequence[SavedEvent]], None] = lambda _: None,
        burst: int = BURST,
    ) -> None:
        self._dms = dms
        self._store = store
        self._settings = settings
        self._watches = watches
        self._wake = wake or threading.Event()
        self._on_cycle = on_cycle
        self._snapshots = JobSnapshots(store, fast_s=settings.poll_fast_s, slow_s=settings.poll_slow_s)
        self._poll_times = PollTimes(store, settings.poll_slow_s)
        self._details = DetailQueues()
        settle = timedelta(seconds=min(_SETTLE_POLLS * settings.poll_slow_s, _MAX_SETTLE_S))
        announcer = Announcer(store, burst=burst, settle=settle)
        self._writer = ChangeWriter(
            store,
            settings,
            self._snapshots,
            announcer,
            self.subscriptions,
            Escalations(store, escalations, settings),
            on_events,
        )
        self._news = threading.Event()
        """Wakes the loop: a poll has ended, a location was nudged, or the loop is to stop."""
        self._pools: dict[str, ThreadPoolExecutor] = {}
        """By project."""
        self._in_flight: dict[Future[Result], WatchedLocation | _Detail] = {}
        self._results: list[tuple[float, Result]] = []
        """Not saved yet, each with the time of its arrival."""
        self._subscribed_read = -_SUBSCRIBED_EVERY_S
        self._loaded = False
        self._store_failures = 0

    # ---- what others call

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set. Call it after this replica has become the leader."""
        self._loaded = False
        try:
            while not stop.is_set():
                self._step()
                self._news.wait(self._pause())
                self._news.clear()
        finally:
            self.close()

    def tick(self) -> None:
        """Poll everything that is due, wait for the results and save what changed."""
        if not self._ensure_loaded():
            return
        self._submit_due()
        for in_flight in list(self._in_flight):
            in_flight.exception()
        self._collect()
        self._save()

    def nudge(self, job: str) -> None:
        """Poll the location of this job (its full resource name) soon. Safe from any thread."""
        location = self._snapshots.location_of(job)
        if location is not None:
            location.interval.nudge(time.monotonic())
            self._news.set()

    def interrupt(self) -> None:
        """Make `run` look at its `stop` at once."""
        self._news.set()

    def close(self) -> None:
        """Release the threads. Polls in flight end by their own deadlines."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        self._pools.clear()
        self._in_flight.clear()
        self._results.clear()
        self._loaded = False

    @property
    def jobs(self) -> int:
        """How many jobs are known."""
        return len(self._snapshots)

    @property
    def has_looked(self) -> bool:
        """Whether this replica watches, and every place has answered it, or has failed to."""
        locations = self._snapshots.locations
        return bool(locations) and all(each.last or each.interval.failures for each in locations)

    def subscriptions(self) -> Subscriptions:
        """All subscriptions of this moment. Raises: StoreError."""
        watches = (*self._watches(), *self._store.watches(skip=pass_over))
        return Subscriptions.of(self._settings.notify_channel, watches, self._settings.projects)

    # ---- the loop

    def _step(self) -> None:
        if not self._ensure_loaded():
            return
        self._submit_due()
        self._collect()
        if self._results and (not self._in_flight or time.monotonic() >= self._batch_ends()):
            self._save()
        polled = ((each.place, each.polled_at) for each in self._snapshots.locations)
        self._poll_times.keep(polled, time.monotonic())

    def _pause(self) -> float:
        """Seconds until there may be something to do."""
        if not self._loaded:
            return back_off(max(1, self._store_failures))
        now = time.monotonic()
        due = [location.interval.due for location in self._snapshots.locations if not location.pending]
        soonest = min([*due, now + _MAX_PAUSE_S])
        if self._results:
            soonest = min(soonest, self._batch_ends())
        return max(0.05, soonest - now)

    def _batch_ends(self) -> float:
        return self._results[0][0] + _BATCH_WINDOW_S

    def _ensure_loaded(self) -> bool:
        """Load the snapshots if needed; False if the store could not be read."""
        if self._loaded:
            return True
        try:
            self._snapshots.load(self._dms.projects.places)
        except StoreError as error:
            self._on_store_failed(error)
            return False
        now = time.monotonic()
        self._details.clear()
        for snapshot in self._snapshots:
            self._details.schedule(snapshot, now)
        self._loaded = True
        return True

    # ---- polling

    def _submit_due(self) -> None:
        now = time.monotonic()
        try:
            self._speed_up_active_locations(now)
            self._read_subscribed_jobs(now)
        except StoreError as error:
            log.warning("runs_not_read", error=str(error))
        for location in self._snapshots.locations:
            if not location.pending and location.interval.due <= now:
                location.pending = True
                self._submit(partial(self._poll, location), location)
        crowded = _crowded(self._in_flight.values())
        for name in self._details.pop_due_databases(now, but=crowded):
            work = partial(fetch_databases, self._dms, name, self._snapshots.not_held_back(name))
            self._submit(work, _detail("databases", name))
        for name in self._details.pop_due_delays(now, but=crowded):
            self._submit(partial(self._fetch_delay, name), _detail("delay", name))

    def _speed_up_active_locations(self, now: float) -> None:
        for run in self._store.runs(states=ACTIVE_RUNS, skip=pass_over):
            location = self._snapshots.location_of(run.job)
            if location is not None:
                location.interval.hurry(now)

    def _read_subscribed_jobs(self, now: float) -> None:
        if now - self._subscribed_read < _SUBSCRIBED_EVERY_S:
            return
        self._subscribed_read = now
        snapshots = map(self._snapshots.get, self.subscriptions().job_names())
        self._details.set_subscribed((each for each in snapshots if each is not None), now)

    def _submit(self, work: Callable[[], Result], what: WatchedLocation | _Detail) -> None:
        project = what.place.project if isinstance(what, WatchedLocation) else what.project
        if project not in self._pools:
            self._pools[project] = ThreadPoolExecutor(_THREADS, thread_name_prefix="watch")
        in_flight = self._pools[project].submit(work)
        self._in_flight[in_flight] = what
        in_flight.add_done_callback(lambda _: self._news.set())

    def _poll(self, location: WatchedLocation) -> PollResult:
        """Runs on a thread of the pool."""
        stuck_after = timedelta(seconds=self._settings.stuck_after_s)
        try:
            return poll_place(
                self._dms, location.place, location.jobs, stuck_after, location.last, location.unreadable
            )
        except DmsError as error:
            self._on_cycle(location.place, str(error))
            raise

    def _fetch_delay(self, name: str) -> DelayResult:
        """Runs on a thread of the pool."""
        snapshot = self._snapshots.get(name)
        if snapshot is None:
            raise NotFound(f"{name} is not known any more.")
        return fetch_delay(self._dms, snapshot)

    # ---- results

    def _collect(self) -> None:
        now = time.monotonic()
        for done in [each for each in self._in_flight if each.done()]:
            what = self._in_flight.pop(done)
            error = done.exception()
            if error is not None:
                self._on_failed(what, error, now)
                continue
            result = done.result()
            location = what if isinstance(what, WatchedLocation) else None
            if location is not None and isinstance(result, PollResult) and not location.has_changes(result):
                location.on_saved(result, now)
                self._on_cycle(location.place, "")
            else:
                self._results.append((now, result))

    def _on_failed(self, what: WatchedLocation | _Detail, error: BaseException, now: float) -> None:
        is_bug = not isinstance(error, DmsError)
        if is_bug:
            metrics.count_error()
        if isinstance(what, WatchedLocation):
            what.pending = False
            what.interval.failed(now)
            if what.interval.failures == 1 or is_bug:
                place = what.place
                log.warning(
                    "location_not_read",
                    project=place.project,
                    location=place.location,
                    error=str(error),
                    exc_info=is_bug,
                )
            return
        if what.what == "delay":
            self._details.on_delay_failed(what.project, error, now)
        if not isinstance(error, NotFound):
            log.warning("details_not_read", what=what.what, error=str(error), exc_info=is_bug)

    def _save(self) -> None:
        """Write all results in one transaction; only then apply them in memory."""
        results = [result for _, result in self._results]
        self._results.clear()
        if not results:
            return
        try:
            changes = self._writer.write(results)
        except SnapshotConflict:
            log.info("snapshots_reloaded")
            self._discard()
        except StoreError as error:
            self._on_store_failed(error)
            self._discard()
        else:
            self._store_failures = 0
            self._apply(results, changes)

    def _discard(self) -> None:
        """Load the snapshots anew, and drop polls in flight: they were compared with outdated ones."""
        self._in_flight.clear()
        self._loaded = False

    def _on_store_failed(self, error: StoreError) -> None:
        self._store_failures += 1
        log.error("watcher_store_failed", error=str(error))

    def _apply(self, results: Sequence[Result], changes: Changes) -> None:
        now = time.monotonic()
        for name in changes.deleted:
            self._snapshots.remove(name)
            self._details.remove(name)
        for name, snapshot in changes.snapshots.items():
            before = self._snapshots.get(name)
            has_moved = before is not None and _is_news(before.job, snapshot.job)
            if self._snapshots.put(snapshot):
                self._details.schedule(snapshot, now, at_once=has_moved)
        for result in results:
            if isinstance(result, PollResult) and result.place in changes.failed:
                saved = changes.unseen.get(result.place)
                self._snapshots.location(result.place).on_not_saved(result, now, saved)
                self._on_cycle(result.place, "its changes could not be saved")
            elif isinstance(result, PollResult):
                self._snapshots.location(result.place).on_saved(result, now)
                self._on_cycle(result.place, "")
            elif (current := self._snapshots.get(result.name)) is not None:
                self._details.schedule(current, now)
                if isinstance(result, DatabasesResult) and result.job_failed:
                    self._snapshots.hold_back(result.name)
                    self.nudge(result.name)
        if changes.events:
            jobs = {each.event.job for each in changes.events}
            log.info("changes_announced", events=len(changes.events), jobs=len(jobs))
        if changes.has_messages:
            self._wake.set()


def _crowded(in_flight: Iterable[WatchedLocation | _Detail]) -> frozenset[str]:
    """Projects whose polls wait for a thread: what is read of their single jobs comes after these."""
    polls = Counter(each.place.project for each in in_flight if isinstance(each, WatchedLocation))
    return frozenset(project for project, count in polls.items() if count > _THREADS)


def _detail(what: Literal["databases", "delay"], job: str) -> _Detail:
    return _Detail(what, project_of(job))


def _is_news(before: Job, job: Job) -> bool:
    """Whether the job's databases may be different by now: its status is, or an error came or went."""
    return before.status != job.status or (before.error is None) != (job.error is None)
