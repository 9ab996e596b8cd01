"""The last snapshot of each job, by place, and when each place is polled again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.config.projects import ALL_LOCATIONS, Place
from bot.dms.model import Job, parse_name
from bot.runtime.one_by_one import pass_over
from bot.store import Store, UnreadableRow
from bot.store.records import JobSnapshot
from bot.util.ratelimit import PollInterval
from bot.watch import baselines
from bot.watch.baselines import baseline_key
from bot.watch.poll import PollResult


@dataclass
class WatchedLocation:
    """One place: its jobs as they were last saved, and when it is due."""

    place: Place
    interval: PollInterval
    jobs: dict[str, JobSnapshot] = field(default_factory=dict)
    """By full resource name."""
    unreadable: frozenset[str] = frozenset()
    """Jobs whose rows cannot be understood. Nobody knows what has changed, so the next poll replaces the
    rows, or drops those of deleted jobs, and announces nothing."""
    last: PollResult | None = None
    """The last poll whose changes are saved."""
    is_new: bool = False
    """This store has never seen the location, so its jobs are not announced."""
    unseen: frozenset[str] = frozenset()
    """Locations of it, where it is all of a project, that have been unreachable in every poll so far: their
    jobs are not announced, either."""
    pending: bool = False
    """A poll is in flight, or its result is not saved yet."""

    @property
    def polled_at(self) -> datetime | None:
        return self.last.at if self.last is not None else None

    def has_changes(self, result: PollResult) -> bool:
        """Whether `result` holds anything to save."""
        return bool(result.changed or result.missing) or self.is_first_of_a_location(result)

    def is_first_of_a_location(self, result: PollResult) -> bool:
        """Whether `result` is the first to say something of the place, or of a location in it."""
        return self.is_new or self.unseen_after(result) != self.unseen

    def unseen_after(self, result: PollResult) -> frozenset[str]:
        """What `unseen` is once `result` is saved."""
        return result.unreachable if self.is_new else self.unseen & result.unreachable

    def is_baseline(self, job: Job) -> bool:
        """Whether a job without a snapshot may have been there before the first poll of its location."""
        return self.is_new or job.location in self.unseen

    def on_saved(self, result: PollResult, now: float) -> None:
        """`result` is saved or holds nothing to save. `now` is in seconds of the monotonic clock."""
        self.unseen = self.unseen_after(result)
        self.is_new = False
        self.pending = False
        self.last = result
        self.interval.answered(now, busy=result.busy)

    def on_not_saved(self, result: PollResult, now: float, unseen: frozenset[str] | None) -> None:
        """Something of `result` could not be saved: the next poll compares all jobs with their snapshots.
        `unseen` is what was saved of it, if it was."""
        self.unseen = self.unseen if unseen is None else unseen
        self.pending = False
        self.last = replace(self.last or result, jobs=())
        self.interval.answered(now, busy=result.busy)


class JobSnapshots:
    """A copy in memory of the store's snapshots; after each commit the watcher applies what it saved.

    Only the watcher's own thread changes it. Poll threads read it.
    """

    def __init__(self, store: Store, *, fast_s: float, slow_s: float) -> None:
        self._store = store
        self._fast_s = fast_s
        self._slow_s = slow_s
        self._locations: dict[Place, WatchedLocation] = {}
        self._held_back: set[str] = set()
        """Jobs of which failed databases were not announced, as the job itself had failed."""

    def load(self, places: Sequence[Place]) -> None:
        """Replace everything by what the store holds; every place is due at once.

        Raises:
            StoreError.
        """
        unread: list[UnreadableRow] = []
        found = self._store.known_jobs(unread.append)
        for each in unread:
            pass_over(each)
        known = found.values()
        self._held_back.clear()
        baselines.adopt(self._store, places, {Place(each.job.project, each.job.location) for each in known})
        self._locations = {
            place: WatchedLocation(
                place,
                PollInterval(self._fast_s, self._slow_s),
                is_new=self._store.value(baseline_key(place)) is None,
                unseen=baselines.unseen(self._store, place),
            )
            for place in places
        }
        for snapshot in known:
            self.put(snapshot)
        for each in unread:
            with suppress(ValueError):  # the row's key cannot be understood, either
                if (location := self.location_of(each.key)) is not None:
                    location.unreadable |= {each.key}

    def __len__(self) -> int:
        return sum(len(location.jobs) for location in self._locations.values())

    def __iter__(self) -> Iterator[JobSnapshot]:
        for location in self._locations.values():
            yield from location.jobs.values()

    @property
    def locations(self) -> tuple[WatchedLocation, ...]:
        return tuple(self._locations.values())

    def location(self, place: Place) -> WatchedLocation:
        """Raises: KeyError."""
        return self._locations[place]

    def location_of(self, job: str) -> WatchedLocation | None:
        """Where a job is watched (by its full resource name); None if the settings do not name its place."""
        project, location, _ = parse_name(job)
        found = self._locations.get(Place(project, location))
        return found or self._locations.get(Place(project, ALL_LOCATIONS))

    def get(self, job: str) -> JobSnapshot | None:
        location = self.location_of(job)
        return None if location is None else location.jobs.get(job)

    def put(self, snapshot: JobSnapshot) -> bool:
        """Keep a snapshot. False if its place is not watched: then it is dropped."""
        location = self.location_of(snapshot.job.name)
        if location is None:
            return False
        location.jobs[snapshot.job.name] = snapshot
        location.unreadable -= {snapshot.job.name}
        self._held_back.discard(snapshot.job.name)
        return True

    def hold_back(self, job: str) -> None:
        """Note that failed databases of the job were not announced: the next list of its place has to show
        that the job failed."""
        self._held_back.add(job)

    def not_held_back(self, job: str) -> JobSnapshot | None:
        """The snapshot, but None if databases were held back already. The place may be one that cannot be
        listed, so this happens once until something of the job is saved."""
        return None if job in self._held_back else self.get(job)

    def remove(self, job: str) -> None:
        location = self.location_of(job)
        if location is not None:
            location.jobs.pop(job, None)
            location.unreadable -= {job}
        self._held_back.discard(job)
