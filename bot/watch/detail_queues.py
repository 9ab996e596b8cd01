"""Which jobs' databases and replication delay to read next, within a rate for each.

The list call returns neither: databases take one call a job, and Cloud Monitoring answers for one job at a
time. Jobs where something is likely to happen are read often, all others slowly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from bot.dms.errors import Denied, Unavailable
from bot.dms.model import Phase, State
from bot.dms.resource_names import project_of
from bot.store.records import JobSnapshot
from bot.util.ratelimit import RateLimitedQueue
from bot.watch.transitions import REPLICATING

_DATABASES_EVERY_S = 30.0
_DATABASES_PER_S = 2.0
_DATABASES_SLOW_EVERY_S = 300.0
_DATABASES_SLOW_PER_S = 0.5
"""For running jobs past the full dump without errors: one of their databases can fail, too."""
_DELAY_EVERY_S = 60.0
_DELAY_PER_S = 1.0
_DELAY_SLOW_EVERY_S = 300.0
_DELAY_SLOW_PER_S = 0.25
"""For jobs to which nobody has subscribed by name."""
_DELAY_DENIED_S = 600.0
"""Pause after Monitoring has denied a read."""
_SLOW_BATCH = 3


def most_database_reads(running: int) -> int:
    """How many calls a minute read the databases of so many running jobs of a project, at most."""
    return round(min(60 * (_DATABASES_PER_S + _DATABASES_SLOW_PER_S), running * 60 / _DATABASES_EVERY_S))


class DetailQueues:
    """Times are seconds of one monotonic clock; jobs are full resource names.

    Each project has its own rates: its quotas are its own, and what it denies says nothing of another.
    """

    def __init__(self) -> None:
        self._projects: dict[str, _ProjectQueues] = {}

    def clear(self) -> None:
        for each in self._projects.values():
            each.clear()

    def schedule(self, snapshot: JobSnapshot, now: float, *, at_once: bool = False) -> None:
        """Put a job into the queues that fit its status, and take it out of the others.

        `at_once` reads its databases without delay, as after a change of status or of its errors.
        """
        self._of(snapshot.job.project).schedule(snapshot, now, at_once=at_once)

    def set_subscribed(self, snapshots: Iterable[JobSnapshot], now: float) -> None:
        """Read the delay of just these jobs at the faster rate: people subscribed to them by name."""
        by_project: dict[str, list[JobSnapshot]] = {each: [] for each in self._projects}
        for each in snapshots:
            by_project.setdefault(each.job.project, []).append(each)
        for project, found in by_project.items():
            self._of(project).set_subscribed(found, now)

    def remove(self, job: str) -> None:
        self._of(project_of(job)).remove(job)

    def pop_due_databases(self, now: float, but: Collection[str] = ()) -> list[str]:
        """Jobs whose databases to read now, in all projects but these."""
        return [job for each in self._queues(but) for job in each.pop_due_databases(now)]

    def pop_due_delays(self, now: float, but: Collection[str] = ()) -> list[str]:
        """Jobs whose replication delay to read now, in all projects but these; none of a project while its
        Monitoring is paused."""
        return [job for each in self._queues(but) for job in each.pop_due_delays(now)]

    def _queues(self, but: Collection[str]) -> list[_ProjectQueues]:
        return [queues for project, queues in self._projects.items() if project not in but]

    def on_delay_failed(self, project: str, error: BaseException, now: float) -> None:
        """Pause all reads of a project's delays if Monitoring denied one or is unavailable."""
        self._of(project).on_delay_failed(error, now)

    def _of(self, project: str) -> _ProjectQueues:
        if project not in self._projects:
            self._projects[project] = _ProjectQueues()
        return self._projects[project]


class _ProjectQueues:
    """The queues of one project, whose quotas are its own."""

    def __init__(self) -> None:
        self._databases = RateLimitedQueue(_DATABASES_EVERY_S, _DATABASES_PER_S)
        self._slow_databases = RateLimitedQueue(_DATABASES_SLOW_EVERY_S, _DATABASES_SLOW_PER_S, _SLOW_BATCH)
        self._delays = RateLimitedQueue(_DELAY_EVERY_S, _DELAY_PER_S)
        self._slow_delays = RateLimitedQueue(_DELAY_SLOW_EVERY_S, _DELAY_SLOW_PER_S, _SLOW_BATCH)
        self._queues = (self._databases, self._slow_databases, self._delays, self._slow_delays)
        self._delays_paused_until = 0.0

    def clear(self) -> None:
        for queue in self._queues:
            queue.clear()

    def schedule(self, snapshot: JobSnapshot, now: float, *, at_once: bool = False) -> None:
        name = snapshot.job.name
        running = snapshot.job.state == State.RUNNING
        dumping = running and snapshot.job.phase == Phase.FULL_DUMP
        if at_once and running:
            self._databases.add(name, now, at_once=True)
        elif dumping or snapshot.runs_with_errors:
            self._databases.add(name, now)
        else:
            self._databases.discard(name)
        if running and name not in self._databases:
            self._slow_databases.add(name, now)
        else:
            self._slow_databases.discard(name)
        if _is_replicating(snapshot):
            self._slow_delays.add(name, now)
        else:
            self._slow_delays.discard(name)
            self._delays.discard(name)

    def set_subscribed(self, snapshots: Iterable[JobSnapshot], now: float) -> None:
        replicating = {each.job.name for each in snapshots if _is_replicating(each)}
        self._delays.retain(replicating)
        for name in replicating:
            self._delays.add(name, now)

    def remove(self, job: str) -> None:
        for queue in self._queues:
            queue.discard(job)

    def pop_due_databases(self, now: float) -> list[str]:
        return [*self._databases.pop_due(now), *self._slow_databases.pop_due(now)]

    def pop_due_delays(self, now: float) -> list[str]:
        if now < self._delays_paused_until:
            return []
        return [*self._delays.pop_due(now), *self._slow_delays.pop_due(now)]

    def on_delay_failed(self, error: BaseException, now: float) -> None:
        if isinstance(error, Denied):
            self._delays_paused_until = now + _DELAY_DENIED_S
        elif isinstance(error, Unavailable):
            self._delays_paused_until = now + _DELAY_EVERY_S


def _is_replicating(snapshot: JobSnapshot) -> bool:
    return snapshot.job.state == State.RUNNING and snapshot.job.phase in REPLICATING
