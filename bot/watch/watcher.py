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
from bot.dms.delay import LASTS
from bot.dms.errors import Denied, DmsError, NotFound, Unavailable
from bot.dms.model import Job, Phase, State, parse_name
from bot.dms.port import Dms
from bot.policy.subscriptions import Subscriptions, Wanted
from bot.store import Store, StoreError
from bot.store.records import ACTIVE_RUNS, KnownJob
from bot.util.ratelimit import Pace, Rounds, back_off
from bot.watch.announcer import BURST, Teller, Told
from bot.watch.poll import Seen, SeenDatabases, SeenDelay, is_busy, look_at, same
from bot.watch.transitions import (
    BASELINE,
    REPLICATING,
    Look,
    first_look,
    gone,
    look,
    look_at_databases,
    look_at_delay,
)

log = structlog.get_logger(__name__)

OnCycle = Callable[[str, float, str], None]
"""Called after each look: location, seconds that it took, error or empty."""

_DATABASES = "databases"
_DELAY = "delay"

EVERYWHERE = "-"
"""The one place of a bot that names no locations."""

_GATHER_S = 1.5
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
_PAUSE_S = 1.0
_POOL = 6

Found = Seen | SeenDatabases | SeenDelay


class _Outdated(Exception):
    """Another replica has written what we believed to know."""


@dataclass
class _Place:
    """One location: what is known of its jobs, and when to look again."""

    name: str
    pace: Pace
    known: dict[str, KnownJob] = field(default_factory=dict)
    last: Seen | None = None
    """The last look, once what it found is known."""
    new: bool = False
    """Whether this store has never seen this location: what is there is not news."""
    waiting: bool = False
    """Whether a look is under way or its result is not written yet."""

    @property
    def looked(self) -> datetime | None:
        return self.last.at if self.last is not None else None


@dataclass
class _Written:
    """What a transaction wrote, to be taken over into memory once it is committed."""

    known: dict[str, KnownJob] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
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
        watches: Callable[[], Sequence[Wanted]] = tuple,
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
        self._teller = Teller(store, burst=burst)
        self._stuck_after = timedelta(seconds=settings.stuck_after_s)
        self._databases = Rounds(_DATABASES_EVERY_S, _DATABASES_PER_S)
        self._slow_databases = Rounds(_DATABASES_SLOW_EVERY_S, _DATABASES_SLOW_PER_S, most=3)
        self._delays = Rounds(_DELAY_EVERY_S, _DELAY_PER_S)
        self._slow_delays = Rounds(_DELAY_SLOW_EVERY_S, _DELAY_SLOW_PER_S, most=3)
        self._rounds = (self._databases, self._slow_databases, self._delays, self._slow_delays)
        self._no_delay_before = 0.0
        self._news = threading.Event()
        self._pool: ThreadPoolExecutor | None = None
        self._named_read = -_NAMED_EVERY_S
        self._flying: dict[Future[Found], _Place | str] = {}
        self._found: list[tuple[float, Found]] = []
        self._places: dict[str, _Place] = {}
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
        self._launch()
        for flying in list(self._flying):
            flying.exception()
        self._collect()
        self._write_found()

    def nudge(self, job: str) -> None:
        """Look soon where this job is (its full resource name). Any thread may call it."""
        place = self._place_of(job)
        if place is not None:
            place.pace.nudge(time.monotonic())
            self._news.set()

    def interrupt(self) -> None:
        """Make `run` notice at once that it should stop."""
        self._news.set()

    def close(self) -> None:
        """Let go of the threads; looks under way are left to their deadlines."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
        self._flying.clear()
        self._found.clear()
        self._loaded = False

    @property
    def jobs(self) -> int:
        """How many jobs are known."""
        return sum(len(place.known) for place in self._places.values())

    # ---- the loop

    def _step(self) -> None:
        if not self._ready():
            return
        self._launch()
        self._collect()
        if self._found and (not self._flying or time.monotonic() - self._found[0][0] >= _GATHER_S):
            self._write_found()

    def _pause(self) -> float:
        """Seconds until there may be something to do."""
        if not self._loaded:
            return back_off(max(1, self._store_failures))
        now = time.monotonic()
        due = [place.pace.due for place in self._places.values() if not place.waiting]
        soonest = min([*due, now + _PAUSE_S])
        if self._found:
            soonest = min(soonest, self._found[0][0] + _GATHER_S)
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
        places = {
            name: _Place(name, Pace(self._settings.poll_fast_s, self._settings.poll_slow_s))
            for name in self._dms.locations or (EVERYWHERE,)
        }
        for place in places.values():
            place.new = self._store.value(_baseline_key(place.name)) is None
        for rounds in self._rounds:
            rounds.clear()
        self._places = places
        for known in self._store.known_jobs().values():
            self._keep(known)
        self._loaded = True

    def _launch(self) -> None:
        now = time.monotonic()
        try:
            self._hurry_where_runs_go_on(now)
            self._want_delays_of_named(now)
        except StoreError as error:
            log.warning("runs_not_read", error=str(error))
        for place in self._places.values():
            if place.waiting or place.pace.due > now:
                continue
            place.waiting = True
            self._fly(partial(self._look_at, place), place)
        for name in (*self._databases.take(now), *self._slow_databases.take(now)):
            self._fly(partial(self._look_at_databases, name), _DATABASES)
        if now >= self._no_delay_before:
            for name in (*self._delays.take(now), *self._slow_delays.take(now)):
                self._fly(partial(self._look_at_delay, name), _DELAY)

    def _hurry_where_runs_go_on(self, now: float) -> None:
        for run in self._store.runs(states=ACTIVE_RUNS):
            place = self._place_of(run.job)
            if place is not None:
                place.pace.hurry(now)

    def _want_delays_of_named(self, now: float) -> None:
        """Jobs that people watch one by one have their delay looked at more often."""
        if now - self._named_read < _NAMED_EVERY_S:
            return
        self._named_read = now
        named = self.subscriptions().named()
        self._delays.keep(named)
        for name in named:
            known = self._known(name)
            if known is not None and _replicates(known):
                self._delays.want(name, now)

    def _fly(self, work: Callable[[], Found], what: _Place | str) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_POOL, thread_name_prefix="watch")
        flying = self._pool.submit(work)
        self._flying[flying] = what
        flying.add_done_callback(lambda _: self._news.set())

    # ---- looks, on the pool's threads

    def _look_at(self, place: _Place) -> Seen:
        begun = time.monotonic()
        try:
            seen = look_at(self._dms, place.name, place.known, self._stuck_after, place.last)
        except DmsError as error:
            self._cycle(place.name, time.monotonic() - begun, str(error))
            raise
        self._cycle(place.name, time.monotonic() - begun, "")
        return seen

    def _look_at_databases(self, name: str) -> SeenDatabases:
        at = datetime.now(UTC)
        return SeenDatabases(name, at, self._dms.databases(name))

    def _look_at_delay(self, name: str) -> SeenDelay:
        at = datetime.now(UTC)
        known = self._known(name)
        if known is None:
            raise NotFound(f"{name} is not known any more.")
        # What was measured before the job came to be as it is, says nothing about it now.
        since = None if BASELINE in known.flags else known.changed
        return SeenDelay(name, at, self._dms.delay(known.job, hours=0.25, since=since))

    def _cycle(self, place: str, seconds: float, error: str) -> None:
        if self._on_cycle is not None:
            self._on_cycle(place, seconds, error)

    # ---- answers

    def _collect(self) -> None:
        now = time.monotonic()
        for flying in [each for each in self._flying if each.done()]:
            what = self._flying.pop(flying)
            error = flying.exception()
            if error is not None:
                self._failed(what, error, now)
                continue
            found = flying.result()
            if isinstance(what, _Place) and isinstance(found, Seen) and _nothing_new(what, found):
                self._looked(what, found, now)
            else:
                self._found.append((now, found))

    def _failed(self, what: _Place | str, error: BaseException, now: float) -> None:
        if isinstance(what, _Place):
            what.waiting = False
            what.pace.failed(now)
            if what.pace.failures == 1 or _odd(error):
                log.warning("location_not_read", location=what.name, error=str(error), exc_info=_odd(error))
            return
        if what == _DELAY and isinstance(error, Denied | Unavailable):
            self._no_delay_before = now + (_DELAY_DENIED_S if isinstance(error, Denied) else _DELAY_EVERY_S)
        if not isinstance(error, NotFound):
            log.warning("details_not_read", what=what, error=str(error), exc_info=_odd(error))

    def _looked(self, place: _Place, seen: Seen, now: float) -> None:
        place.waiting = False
        place.last = seen
        place.pace.answered(now, busy=seen.busy)

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
            log.info("known_jobs_read_again")
            self._forget_memory()
        except StoreError as error:
            self._store_failed(error)
            self._forget_memory()
        else:
            self._store_failures = 0
            self._take_over(found, written)

    def _forget_memory(self) -> None:
        """Read everything anew: looks under way were compared with what is not true any more."""
        self._flying.clear()
        self._loaded = False

    def _store_failed(self, error: StoreError) -> None:
        self._store_failures += 1
        log.error("watcher_store_failed", error=str(error))

    def _write(self, found: Sequence[Found]) -> _Written:
        written = _Written()
        # What is seen of a job is compared with what was known before all this, so it comes first: else it
        # would undo what has just been written of the job's databases or delay.
        for seen in (each for each in found if isinstance(each, Seen)):
            self._write_seen(seen, written)
        for details in (each for each in found if not isinstance(each, Seen)):
            self._write_details(details, written)
        self._store.save_known(written.known.values())
        for name in written.gone:
            self._store.forget_job(name)
        if written.told:
            now = datetime.now(UTC)
            written.messages = self._teller.tell(written.told, self.subscriptions(), now)
        return written

    def _write_seen(self, seen: Seen, written: _Written) -> None:
        place = self._places[seen.place]
        if place.new:
            if self._store.value(_baseline_key(place.name)) is not None:
                raise _Outdated
            self._store.put_value(_baseline_key(place.name), seen.at.isoformat())
        for job in seen.changed:
            self._write_job(place, job, seen.at, written)
        for name in seen.missing:
            self._write_gone(place, name, seen.at, written)

    def _write_job(self, place: _Place, job: Job, at: datetime, written: _Written) -> None:
        before = place.known.get(job.name)
        if before is None:
            if not place.new:
                self._check(job.name, None)
            self._add(first_look(job, at, baseline=place.new), None, written)
            return
        self._check(job.name, before)
        if not same(before.job, job) or is_busy(job):
            runs = self._store.runs(job=job.name)
            now = look(before, job, at, stuck_after=self._stuck_after, runs=runs, since=place.looked)
            self._add(now, before, written)

    def _write_gone(self, place: _Place, name: str, at: datetime, written: _Written) -> None:
        before = place.known.get(name)
        if before is None:
            return
        self._check(name, before)
        event = gone(before, at, self._store.runs(job=name), place.looked)
        written.gone.append(name)
        if event is not None:
            written.told.append(Told(self._store.add_event(event), before))

    def _write_details(self, found: SeenDatabases | SeenDelay, written: _Written) -> None:
        before = written.known.get(found.name) or self._known(found.name)
        if before is None or found.name in written.gone:
            return
        if found.name not in written.known:
            self._check(found.name, before)
        if isinstance(found, SeenDatabases):
            now = look_at_databases(before, found.databases, found.at)
        else:
            worst = found.delay.seconds.worst(found.at - LASTS)
            now = look_at_delay(before, worst, found.at, self._settings.delay_alert_s)
        if now.known is not before:
            self._add(now, before, written)

    def _add(self, seen: Look, before: KnownJob | None, written: _Written) -> None:
        written.known[seen.known.job.name] = seen.known
        for event in seen.events:
            old = before is not None and event.create_time != seen.known.job.create_time
            known = before if old and before is not None else seen.known
            written.told.append(Told(self._store.add_event(event), known))

    def _check(self, name: str, before: KnownJob | None) -> None:
        """Make sure that no other replica has told this already. Raises: _Outdated."""
        stored = self._store.known_job(name)
        if (stored is None) != (before is None):
            raise _Outdated
        if stored is not None and before is not None and _essence(stored) != _essence(before):
            raise _Outdated

    def subscriptions(self) -> Subscriptions:
        """Who hears of what by now. Raises: StoreError."""
        return Subscriptions.of(self._settings.notify_channel, (*self._watches(), *self._store.watches()))

    # ---- memory

    def _take_over(self, found: Iterable[Found], written: _Written) -> None:
        now = time.monotonic()
        for name in written.gone:
            self._drop(name)
        for known in written.known.values():
            self._keep(known, changed=True)
        for each in found:
            if isinstance(each, Seen):
                place = self._places[each.place]
                place.new = False
                self._looked(place, each, now)
            elif (asked := self._known(each.name)) is not None:
                self._enrol(asked, at_once=False)
        if written.told:
            log.info("changes_told", events=len(written.told), jobs=len({e.event.job for e in written.told}))
        if written.messages:
            self._wake.set()

    def _keep(self, known: KnownJob, *, changed: bool = False) -> None:
        place = self._place_of(known.job.name)
        if place is None:
            return
        before = place.known.get(known.job.name)
        place.known[known.job.name] = known
        moved = before is not None and before.job.status != known.job.status
        self._enrol(known, at_once=changed and moved)

    def _enrol(self, known: KnownJob, *, at_once: bool) -> None:
        """Have the details looked at where they matter."""
        now, name = time.monotonic(), known.job.name
        if at_once and known.job.state == State.RUNNING:
            self._databases.want(name, now, at_once=True)
        elif _asks_for_databases(known):
            self._databases.want(name, now)
        else:
            self._databases.drop(name)
        if known.job.state == State.RUNNING and name not in self._databases:
            self._slow_databases.want(name, now)
        else:
            self._slow_databases.drop(name)
        if _replicates(known):
            self._slow_delays.want(name, now)
        else:
            self._slow_delays.drop(name)
            self._delays.drop(name)

    def _drop(self, name: str) -> None:
        place = self._place_of(name)
        if place is not None:
            place.known.pop(name, None)
        for rounds in self._rounds:
            rounds.drop(name)

    def _known(self, name: str) -> KnownJob | None:
        place = self._place_of(name)
        return None if place is None else place.known.get(name)

    def _place_of(self, job: str) -> _Place | None:
        places = self._places
        return places.get(parse_name(job)[1]) or places.get(EVERYWHERE)


def _nothing_new(place: _Place, seen: Seen) -> bool:
    return not (seen.changed or seen.missing or place.new)


def _replicates(known: KnownJob) -> bool:
    return known.job.state == State.RUNNING and known.job.phase in REPLICATING


def _asks_for_databases(known: KnownJob) -> bool:
    """Whether its databases are looked at again and again: in the dump, and while some have failed."""
    if known.job.state != State.RUNNING:
        return False
    return bool(known.failed_databases) or known.job.phase == Phase.FULL_DUMP


def _essence(known: KnownJob) -> tuple[object, ...]:
    return known.job.create_time, known.job.status, known.run, known.flags, known.job.error


def _baseline_key(place: str) -> str:
    return f"watcher:baseline:{place}"


def _odd(error: BaseException) -> bool:
    """Whether it is our own fault, and its trace worth a line."""
    return not isinstance(error, DmsError)
