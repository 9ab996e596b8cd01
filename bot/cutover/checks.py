"""Reads what the guards judge, and runs all checks of a cutover.

Everything is read side by side; what fails is a line that says *not checked*, and holds back no other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from bot.cutover import guards
from bot.cutover.moved import GIVES_WAY
from bot.cutover.states import crew
from bot.cutover.unreadable import may_share
from bot.dms.errors import DmsError
from bot.dms.model import Job
from bot.dms.port import Reads
from bot.dms.rules import Action
from bot.dms.unsupported import EventCounts, UnsupportedEvents, unsupported_events
from bot.policy.access import Access
from bot.requests.preflight import frozen_text
from bot.requests.queries import departed, locking_run, valid_approvers
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.store import Store, UnreadableRow
from bot.store.cutover import CheckLine, Cutover, CutoverState
from bot.store.records import Run
from bot.store.table import Skip
from bot.util import parallel

T = TypeVar("T")
_RECENT_H = 0.5
_COUNTED = timedelta(minutes=15)
"""How far back to look for a count of the rows written to the source: one a minute, visible 165 s later."""
_OPERATIONS = timedelta(days=1)
"""How far back to look for operations that are running."""

Muted = Callable[[str, datetime], bool | None]
"""Whether Slack mutes a person (first) at a time; None where it does not say."""


def _nobody_knows(_user: str, _at: datetime) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Checks:
    """Runs the checks of a cutover. Nothing is changed."""

    dms: Reads
    store: Store
    access: Access
    clock: Callable[[], datetime]
    muted: Muted = _nobody_knows

    def run(self, cutover: Cutover) -> tuple[CheckLine, ...]:
        """All lines: those of the plan, then those of each job in the plan's order.

        Raises:
            StoreError.
        """
        now = self.clock()
        begins = max(cutover.plan.at or now, now)
        plan = guards.of_plan(cutover, self._plan(cutover, begins), now)
        jobs = parallel.map_concurrently(
            lambda name: tuple(guards.of_job(name, self._job(cutover, name, begins), begins, now)),
            cutover.plan.jobs,
        )
        return (*plan, *(line for lines in jobs for line in lines))

    def _plan(self, cutover: Cutover, begins: datetime) -> guards.PlanFacts:
        people = crew(cutover)
        muted = {user: self.muted(user, begins) for user in people}
        left = tuple(user for user in people if self.access.has_left(user))
        request = self.store.request(cutover.request) if cutover.request else None
        if request is None:
            return guards.PlanFacts(0, 0, muted, left)
        gone = departed(self.store, self.access, request)
        given = () if gone else valid_approvers(self.store, self.access, request)
        return guards.PlanFacts(request.needed, len(given), muted, left)

    def _job(self, cutover: Cutover, name: str, begins: datetime) -> guards.JobFacts:
        dms = self.dms
        job = _or_error(partial(dms.get_job, name, fresh=True))
        if isinstance(job, DmsError):
            return guards.JobFacts(job, job, job, UnsupportedEvents(), job, job, job, job)
        with parallel.side_by_side() as parts:
            databases = parts.begin(partial(_or_error, partial(dms.databases, name)))
            delay = parts.begin(partial(_or_error, partial(dms.delay, job, _RECENT_H)))
            counts = parts.begin(partial(_counts, dms, job))
            permissions = parts.begin(partial(_or_error, partial(self._permissions, name)))
            since = self.clock() - _OPERATIONS
            operations = parts.begin(partial(_or_error, partial(dms.operations, job, since)))
            recent = self.clock() - _COUNTED
            source = parts.begin(partial(_or_error, partial(dms.source_writes, job, recent)))
            destination = parts.begin(partial(_or_error, partial(dms.destination, job)))
        return guards.JobFacts(
            job=job,
            databases=databases.result(),
            delay=delay.result(),
            unsupported=unsupported_events(counts.result(), ()),
            permissions=permissions.result(),
            operations=operations.result(),
            destination=destination.result(),
            source=source.result(),
            verified=self._verified(name),
            frozen=self._frozen(job, begins),
            locked=self._locked(name),
            replaced=self._is_replaced(cutover, job),
            rival=self._rival(cutover, job),
        )

    def _verified(self, name: str) -> Run | None:
        """The newest verification that has ended; None where a run cannot be read, which may be newer."""
        unread = LeftOut()
        runs = self.store.runs(job=name, limit=50, skip=unread)
        ended = [each for each in runs if each.action is Action.VERIFY and each.ended is not None]
        return ended[-1] if ended and not unread.keys else None

    def _frozen(self, job: Job, begins: datetime) -> str:
        try:
            freezes = self.store.freezes(begins, job.name)
        except UnreadableRow:
            return "A freeze cannot be read from the database: it may forbid this."
        return frozen_text(self.store, self.access, job, freezes[0]) if freezes else ""

    def _locked(self, name: str) -> str:
        try:
            run = locking_run(self.store, Action.PROMOTE, name)
        except UnreadableRow:
            return "An action on it cannot be read from the database: it may be running."
        return f"<@{run.by}>'s {run.action} is running." if run is not None else ""

    def _is_replaced(self, cutover: Cutover, job: Job) -> bool:
        request = self.store.request(cutover.request) if cutover.request else None
        planned = () if request is None else request.jobs
        return any(each.name == job.name and each.create_time != job.create_time for each in planned)

    def _permissions(self, name: str) -> frozenset[str]:
        return self.dms.permissions(name, (guards.PROMOTE_PERMISSION,))

    def _rival(self, cutover: Cutover, job: Job) -> str:
        """Another open cutover of the job, or of another job with the same destination. That job is not
        named: readers of the card's channel may be kept from it."""
        unread, unknown = LeftOut(), LeftOut()
        for other in self.store.cutovers(skip=unread):
            if other.id == cutover.id or other.rehearsal or _takes_turns(cutover, other):
                continue
            if job.name in other.plan.jobs:
                return f"It is in another cutover, planned by <@{other.by.user}>."
            profiles = [self._profile_of(other, name, unknown) for name in other.plan.jobs]
            if job.destination.profile and job.destination.profile in profiles:
                return f"Another cutover has the same destination, planned by <@{other.by.user}>."
        objects = unknown.keys or any(may_share(self.store, id, job) for id in unread.keys)
        return UNREADABLE if objects else ""

    def _profile_of(self, other: Cutover, name: str, skip: Skip) -> str:
        """The profile of a job's destination: as the watcher knows it or, where that cannot be read, as it
        was planned."""
        try:
            known = self.store.known_job(name)
        except UnreadableRow as error:
            request = self.store.request(other.request, pass_over) if other.request else None
            planned = next((each for each in request.jobs if each.name == name), None) if request else None
            if planned is None:
                skip(error)
                return ""
            return planned.destination.profile
        return "" if known is None else known.job.destination.profile


UNREADABLE = "Another cutover, or a job of one, cannot be read from the database: it may be of the same job."
"""It objects, to the cutovers of its own jobs and destinations."""


def _takes_turns(cutover: Cutover, other: Cutover) -> bool:
    """Whether one is the other at another time: the first is valid until the new one counts."""
    if other.plan.moves == cutover.id:
        return other.state in (CutoverState.DRAFT, CutoverState.AWAITING_APPROVAL)
    return cutover.plan.moves == other.id and other.state in GIVES_WAY


def _or_error(read: Callable[[], T]) -> T | DmsError:
    try:
        return read()
    except DmsError as error:
        return error


def _counts(dms: Reads, job: Job) -> EventCounts:
    try:
        return dms.event_counts(job)
    except DmsError as error:
        return EventCounts(note=str(error).rstrip("."))
