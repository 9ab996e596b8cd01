"""Looks at the jobs again and again, and writes what happened, with its messages, into the store.

The leader runs it. What is known is kept in memory and written only when it changes, in the
transaction that also writes the events and their messages: a crash before it loses nothing, because
the next look sees the same difference again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from bot.config.settings import Settings
from bot.dms.delay import MAX_AGE
from bot.dms.errors import Denied, DmsError, NotFound, Unavailable
from bot.dms.model import Job, Phase, State, parse_name
from bot.dms.port import Dms
from bot.policy.subscriptions import SubscriptionLike, Subscriptions
from bot.store import Store, StoreError
from bot.store.records import ACTIVE_RUNS, JobSnapshot
from bot.util.ratelimit import PollInterval, RateLimitedQueue, back_off
from bot.watch.announcer import BURST, Announcer, SavedEvent
from bot.watch.poll import DatabasesResult, DelayResult, PollResult, is_busy, is_unchanged, poll_location
from bot.watch.transitions import (
    BASELINE,
    REPLICATING,
    Diff,
    deleted_event,
    diff,
    diff_databases,
    diff_delay,
    diff_first,
)

log = structlog.get_logger(__name__)

OnCycle = Callable[[str, float, str], None]
"""Called after each look: location, seconds that it took, error or empty."""

_DATABASES = "databases"
_DELAY = "delay"

ALL_LOCATIONS = "-"
"""The one place of a bot that names no locations."""

_BATCH_WINDOW_S = 1.5
"""How long what was seen waits for other locations' looks, so that a burst is told as one."""
_DATABASES_EVERY_S = 30.0
_DATABASES_PER_S = 2.0
_DATABASES_SLOW_EVERY_S = 300.0
_DATABASES_SLOW_PER_S = 0.5
"""A database may also fail while all is well: that is found out at leisure."""
_DELAY_EVERY_S = 60.0
_DELAY_SLOW_EVERY_S = 300.0
_DELAY_PER_S = 1.0
_DELAY_SLOW_PER_S = 0.25
"""Monitoring answers for one job at a time: jobs that nobody asked to watch must not cost much."""
_DELAY_DENIED_S = 600.0
"""How long Monitoring is left alone after it has said no."""
_NAMED_EVERY_S = 30.0
_MAX_PAUSE_S = 1.0
_THREADS = 6

AnyResult = PollResult | DatabasesResult | DelayResult


class _Outdated(Exception):
    """Another replica has written what we believed to know."""


@dataclass
class _LocationState:
    """One location: what is known of its jobs, and when to look again."""

    name: str
    interval: PollInterval
    known: dict[str, JobSnapshot] = field(default_factory=dict)
    last: PollResult | None = None
    """The last look, once what it found is known."""
    new: bool = False
    """Whether this store has never seen this location: what is there is not news."""
    waiting: bool = False
    """Whether a look is under way or its result is not written yet."""

    @property
    def polled(self) -> datetime | None:
        return self.last.at if self.last is not None else None


@dataclass
class _Changes:
    """What a transaction wrote, to be taken over into memory once it is committed."""

    known: dict[str, JobSnapshot] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    saved: list[SavedEvent] = field(default_factory=list)
    messages: bool = False


class Watcher:
    """Watches all locations of `dms`.

    `watches` gives those of the policy file; those in the store are read by themselves. `wake` is
    set whenever there are new messages. `on_cycle` hears of each look.
    """

    def __init__(
        self,
        dms: Dms,
        store: Store,
        settings: Settings,
        *,
        watches: Callable[[], Sequence[SubscriptionLike]] = tuple,
        wake: threading.Event | None = None,
        on_cycle: OnCycle | None = None,
        burst: int = BURST,
    ) -> None:
        self._dms = dms
        self._store = store
        self._settings = settings
        self._watches = watches
        self._wake = wake or threading.Event()
        self._on_cycle = on_cycle
        self._announcer = Announcer(store, burst=burst)
        self._stuck_after = timedelta(seconds=settings.stuck_after_s)
        self._databases = RateLimitedQueue(_DATABASES_EVERY_S, _DATABASES_PER_S)
        self._slow_databases = RateLimitedQueue(_DATABASES_SLOW_EVERY_S, _DATABASES_SLOW_PER_S, max_batch=3)
        self._delays = RateLimitedQueue(_DELAY_EVERY_S, _DELAY_PER_S)
        self._slow_delays = RateLimitedQueue(_DELAY_SLOW_EVERY_S, _DELAY_SLOW_PER_S, max_batch=3)
        self._queues = (self._databases, self._slow_databases, self._delays, self._slow_delays)
        self._no_delay_before = 0.0
        self._news = threading.Event()
        self._pool: ThreadPoolExecutor | None = None
        self._named_read = -_NAMED_EVERY_S
        self._in_flight: dict[Future[AnyResult], _LocationState | str] = {}
        self._found: list[tuple[float, AnyResult]] = []
        self._locations: dict[str, _LocationState] = {}
        self._loaded = False
        self._store_failures = 0

    # ---- what others call

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set. To be called when leadership has been gained."""
        self._loaded = False
        try:
            while not stop.is_set():
                self._step()
                self._news.wait(self._pause())
                self._news.clear()
        finally:
            self.close()

    def tick(self) -> None:
        """Look at all that is due, wait for the answers and write what happened."""
        if not self._ready():
            return
        self._submit_due()
        for in_flight in list(self._in_flight):
            in_flight.exception()
        self._collect()
        self._write_found()

    def nudge(self, job: str) -> None:
        """Look soon where this job is (its full resource name). Any thread may call it."""
        location = self._location_of(job)
        if location is not None:
            location.interval.nudge(time.monotonic())
            self._news.set()

    def interrupt(self) -> None:
        """Make `run` notice at once that it should stop."""
        self._news.set()

    def close(self) -> None:
        """Let go of the threads; looks under way are left to their deadlines."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
        self._in_flight.clear()
        self._found.clear()
        self._loaded = False

    @property
    def jobs(self) -> int:
        """How many jobs are known."""
        return sum(len(location.known) for location in self._locations.values())

    # ---- the loop

    def _step(self) -> None:
        if not self._ready():
            return
        self._submit_due()
        self._collect()
        if self._found and (not self._in_flight or time.monotonic() - self._found[0][0] >= _BATCH_WINDOW_S):
            self._write_found()

    def _pause(self) -> float:
        """Seconds until there may be something to do."""
        if not self._loaded:
            return back_off(max(1, self._store_failures))
        now = time.monotonic()
        due = [location.interval.due for location in self._locations.values() if not location.waiting]
        soonest = min([*due, now + _MAX_PAUSE_S])
        if self._found:
            soonest = min(soonest, self._found[0][0] + _BATCH_WINDOW_S)
        return max(0.05, soonest - now)

    def _ready(self) -> bool:
        """Whether what is known has been read from the store."""
        if self._loaded:
            return True
        try:
            self._load()
        except StoreError as error:
            self._store_failed(error)
        return self._loaded

    def _load(self) -> None:
        locations = {
            name: _LocationState(name, PollInterval(self._settings.poll_fast_s, self._settings.poll_slow_s))
            for name in self._dms.locations or (ALL_LOCATIONS,)
        }
        for location in locations.values():
            location.new = self._store.value(_baseline_key(location.name)) is None
        for queue in self._queues:
            queue.clear()
        self._locations = locations
        for known in self._store.known_jobs().values():
            self._remember(known)
        self._loaded = True

    def _submit_due(self) -> None:
        now = time.monotonic()
        try:
            self._speed_up_active_locations(now)
            self._queue_watched_delays(now)
        except StoreError as error:
            log.warning("runs_not_read", error=str(error))
        for location in self._locations.values():
            if location.waiting or location.interval.due > now:
                continue
            location.waiting = True
            self._submit(partial(self._poll_location, location), location)
        for name in (*self._databases.pop_due(now), *self._slow_databases.pop_due(now)):
            self._submit(partial(self._fetch_databases, name), _DATABASES)
        if now >= self._no_delay_before:
            for name in (*self._delays.pop_due(now), *self._slow_delays.pop_due(now)):
                self._submit(partial(self._fetch_delay, name), _DELAY)

    def _speed_up_active_locations(self, now: float) -> None:
        for run in self._store.runs(states=ACTIVE_RUNS):
            location = self._location_of(run.job)
            if location is not None:
                location.interval.hurry(now)

    def _queue_watched_delays(self, now: float) -> None:
        """Jobs that people watch one by one have their delay looked at more often."""
        if now - self._named_read < _NAMED_EVERY_S:
            return
        self._named_read = now
        named = self.subscriptions().job_names()
        self._delays.retain(named)
        for name in named:
            known = self._known(name)
            if known is not None and _replicates(known):
                self._delays.add(name, now)

    def _submit(self, work: Callable[[], AnyResult], what: _LocationState | str) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="watch")
        in_flight = self._pool.submit(work)
        self._in_flight[in_flight] = what
        in_flight.add_done_callback(lambda _: self._news.set())

    # ---- looks, on the pool's threads

    def _poll_location(self, location: _LocationState) -> PollResult:
        begun = time.monotonic()
        try:
            seen = poll_location(self._dms, location.name, location.known, self._stuck_after, location.last)
        except DmsError as error:
            self._cycle(location.name, time.monotonic() - begun, str(error))
            raise
        self._cycle(location.name, time.monotonic() - begun, "")
        return seen

    def _fetch_databases(self, name: str) -> DatabasesResult:
        at = datetime.now(UTC)
        return DatabasesResult(name, at, self._dms.databases(name))

    def _fetch_delay(self, name: str) -> DelayResult:
        at = datetime.now(UTC)
        known = self._known(name)
        if known is None:
            raise NotFound(f"{name} is not known any more.")
        # What was measured before the job came to be as it is, says nothing about it now.
        since = None if BASELINE in known.flags else known.changed
        return DelayResult(name, at, self._dms.delay(known.job, hours=0.25, since=since))

    def _cycle(self, location: str, seconds: float, error: str) -> None:
        if self._on_cycle is not None:
            self._on_cycle(location, seconds, error)

    # ---- answers

    def _collect(self) -> None:
        now = time.monotonic()
        for in_flight in [each for each in self._in_flight if each.done()]:
            what = self._in_flight.pop(in_flight)
            error = in_flight.exception()
            if error is not None:
                self._on_failed(what, error, now)
                continue
            found = in_flight.result()
            if (
                isinstance(what, _LocationState)
                and isinstance(found, PollResult)
                and _nothing_new(what, found)
            ):
                self._on_polled(what, found, now)
            else:
                self._found.append((now, found))

    def _on_failed(self, what: _LocationState | str, error: BaseException, now: float) -> None:
        if isinstance(what, _LocationState):
            what.waiting = False
            what.interval.failed(now)
            if what.interval.failures == 1 or _is_unexpected(error):
                log.warning(
                    "location_not_read", location=what.name, error=str(error), exc_info=_is_unexpected(error)
                )
            return
        if what == _DELAY and isinstance(error, Denied | Unavailable):
            self._no_delay_before = now + (_DELAY_DENIED_S if isinstance(error, Denied) else _DELAY_EVERY_S)
        if not isinstance(error, NotFound):
            log.warning("details_not_read", what=what, error=str(error), exc_info=_is_unexpected(error))

    def _on_polled(self, location: _LocationState, seen: PollResult, now: float) -> None:
        location.waiting = False
        location.last = seen
        location.interval.answered(now, busy=seen.busy)

    # ---- writing

    def _write_found(self) -> None:
        """Write all that was found, in one transaction, and only then take it over."""
        found = [each for _, each in self._found]
        self._found.clear()
        if not found:
            return
        try:
            with self._store.transaction():
                written = self._write(found)
        except _Outdated:
            log.info("snapshots_reloaded")
            self._reload()
        except StoreError as error:
            self._store_failed(error)
            self._reload()
        else:
            self._store_failures = 0
            self._apply(found, written)

    def _reload(self) -> None:
        """Read everything anew: looks under way were compared with what is not true any more."""
        self._in_flight.clear()
        self._loaded = False

    def _store_failed(self, error: StoreError) -> None:
        self._store_failures += 1
        log.error("watcher_store_failed", error=str(error))

    def _write(self, found: Sequence[AnyResult]) -> _Changes:
        written = _Changes()
        # What is seen of a job is compared with what was known before all this, so it comes first: else it
        # would undo what has just been written of the job's databases or delay.
        for seen in (each for each in found if isinstance(each, PollResult)):
            self._write_seen(seen, written)
        for details in (each for each in found if not isinstance(each, PollResult)):
            self._write_details(details, written)
        self._store.save_known(written.known.values())
        for name in written.deleted:
            self._store.forget_job(name)
        if written.saved:
            now = datetime.now(UTC)
            written.messages = self._announcer.announce(written.saved, self.subscriptions(), now)
        return written

    def _write_seen(self, seen: PollResult, written: _Changes) -> None:
        location = self._locations[seen.location]
        if location.new:
            if self._store.value(_baseline_key(location.name)) is not None:
                raise _Outdated
            self._store.put_value(_baseline_key(location.name), seen.at.isoformat())
        for job in seen.changed:
            self._write_job(location, job, seen.at, written)
        for name in seen.missing:
            self._write_deleted(location, name, seen.at, written)

    def _write_job(self, location: _LocationState, job: Job, at: datetime, written: _Changes) -> None:
        before = location.known.get(job.name)
        if before is None:
            if not location.new:
                self._check(job.name, None)
            self._add(diff_first(job, at, baseline=location.new), None, written)
            return
        self._check(job.name, before)
        if not is_unchanged(before.job, job) or is_busy(job):
            runs = self._store.runs(job=job.name)
            now = diff(before, job, at, stuck_after=self._stuck_after, runs=runs, since=location.polled)
            self._add(now, before, written)

    def _write_deleted(self, location: _LocationState, name: str, at: datetime, written: _Changes) -> None:
        before = location.known.get(name)
        if before is None:
            return
        self._check(name, before)
        event = deleted_event(before, at, self._store.runs(job=name), location.polled)
        written.deleted.append(name)
        if event is not None:
            written.saved.append(SavedEvent(self._store.add_event(event), before))

    def _write_details(self, found: DatabasesResult | DelayResult, written: _Changes) -> None:
        before = written.known.get(found.name) or self._known(found.name)
        if before is None or found.name in written.deleted:
            return
        if found.name not in written.known:
            self._check(found.name, before)
        if isinstance(found, DatabasesResult):
            now = diff_databases(before, found.databases, found.at)
        else:
            worst = found.delay.seconds.worst(found.at - MAX_AGE)
            now = diff_delay(before, worst, found.at, self._settings.delay_alert_s)
        if now.known is not before:
            self._add(now, before, written)

    def _add(self, seen: Diff, before: JobSnapshot | None, written: _Changes) -> None:
        written.known[seen.known.job.name] = seen.known
        for event in seen.events:
            old = before is not None and event.create_time != seen.known.job.create_time
            known = before if old and before is not None else seen.known
            written.saved.append(SavedEvent(self._store.add_event(event), known))

    def _check(self, name: str, before: JobSnapshot | None) -> None:
        """Make sure that no other replica has told this already. Raises: _Outdated."""
        stored = self._store.known_job(name)
        if (stored is None) != (before is None):
            raise _Outdated
        if stored is not None and before is not None and _comparable(stored) != _comparable(before):
            raise _Outdated

    def subscriptions(self) -> Subscriptions:
        """Who hears of what by now. Raises: StoreError."""
        return Subscriptions.of(self._settings.notify_channel, (*self._watches(), *self._store.watches()))

    # ---- memory

    def _apply(self, found: Iterable[AnyResult], written: _Changes) -> None:
        now = time.monotonic()
        for name in written.deleted:
            self._forget(name)
        for known in written.known.values():
            self._remember(known, changed=True)
        for each in found:
            if isinstance(each, PollResult):
                location = self._locations[each.location]
                location.new = False
                self._on_polled(location, each, now)
            elif (asked := self._known(each.name)) is not None:
                self._queue_details(asked, at_once=False)
        if written.saved:
            log.info(
                "changes_announced", events=len(written.saved), jobs=len({e.event.job for e in written.saved})
            )
        if written.messages:
            self._wake.set()

    def _remember(self, known: JobSnapshot, *, changed: bool = False) -> None:
        location = self._location_of(known.job.name)
        if location is None:
            return
        before = location.known.get(known.job.name)
        location.known[known.job.name] = known
        moved = before is not None and before.job.status != known.job.status
        self._queue_details(known, at_once=changed and moved)

    def _queue_details(self, known: JobSnapshot, *, at_once: bool) -> None:
        """Have the details looked at where they matter."""
        now, name = time.monotonic(), known.job.name
        if at_once and known.job.state == State.RUNNING:
            self._databases.add(name, now, at_once=True)
        elif _asks_for_databases(known):
            self._databases.add(name, now)
        else:
            self._databases.discard(name)
        if known.job.state == State.RUNNING and name not in self._databases:
            self._slow_databases.add(name, now)
        else:
            self._slow_databases.discard(name)
        if _replicates(known):
            self._slow_delays.add(name, now)
        else:
            self._slow_delays.discard(name)
            self._delays.discard(name)

    def _forget(self, name: str) -> None:
        location = self._location_of(name)
        if location is not None:
            location.known.pop(name, None)
        for queue in self._queues:
            queue.discard(name)

    def _known(self, name: str) -> JobSnapshot | None:
        location = self._location_of(name)
        return None if location is None else location.known.get(name)

    def _location_of(self, job: str) -> _LocationState | None:
        locations = self._locations
        return locations.get(parse_name(job)[1]) or locations.get(ALL_LOCATIONS)


def _nothing_new(location: _LocationState, seen: PollResult) -> bool:
    return not (seen.changed or seen.missing or location.new)


def _replicates(known: JobSnapshot) -> bool:
    return known.job.state == State.RUNNING and known.job.phase in REPLICATING


def _asks_for_databases(known: JobSnapshot) -> bool:
    """Whether its databases are looked at again and again: in the dump, and while some have failed."""
    if known.job.state != State.RUNNING:
        return False
    return bool(known.failed_databases) or known.job.phase == Phase.FULL_DUMP


def _comparable(known: JobSnapshot) -> tuple[object, ...]:
    return known.job.create_time, known.job.status, known.run, known.flags, known.job.error


def _baseline_key(location: str) -> str:
    return f"watcher:baseline:{location}"


def _is_unexpected(error: BaseException) -> bool:
    """Whether it is our own fault, and its trace worth a line."""
    return not isinstance(error, DmsError)
