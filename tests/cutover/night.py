"""A cutover against the real store and the local DMS, whose night a test plays minute by minute.

The clock of the bot stands an hour before the real one, and is put forward: so Cloud Monitoring can have the
samples of each minute, and none from later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.cmdline.answers import Note
from bot.cutover.alarm import Scheduled
from bot.cutover.promotion import promote_phrase
from bot.cutover.service import Cutovers
from bot.cutover.states import ask_of
from bot.cutover.steps import Checks
from bot.dms.model import Job, job_name
from bot.policy.access import Access
from bot.requests.base import RequestContext
from bot.store.cutover import Cutover, CutoverPlan, CutoverState
from bot.store.records import ACTIVE_RUNS, Person, Request, RequestState, Run
from sandbox.dms import DmsServer
from tests.cutover.quiet import NOTHING_SCHEDULED, no_checks
from tests.policy.command_service import PROJECT, CommandService, command_service, words
from tests.policy.people import ALEX, DANA, QUINN, access
from tests.waiting import until

HOUR = timedelta(hours=1)
SAM = Person("T1", "U0SAM00001", "C0DMS00001")
DANA_THERE = Person("T1", DANA.user, "C0DMS00001")
ALEX_THERE = Person("T1", ALEX.user, "C0DMS00001")
STRANGER = Person("T1", QUINN.user, "C0GENERAL1")
ALONE = """
default_role = "viewer"
[roles]
operator = ["U0DANA0001", "U0SAM00001"]
approver = ["U0ALEX0001"]
[[rule]]
name = "anywhere else"
verbs = ["promote"]
approvals = 0
"""
FOUR_EYES = """
default_role = "viewer"
[roles]
operator = ["U0DANA0001", "U0SAM00001"]
approver = ["U0ALEX0001"]
[[rule]]
name = "production"
verbs = ["promote"]
labels = ["env=prod"]
approvals = 1
[[rule]]
name = "anywhere else"
verbs = ["promote"]
approvals = 0
"""
QUIET = CutoverPlan(
    jobs=(),
    commander=DANA.user,
    deputy=SAM.user,
    app_owner=SAM.user,
    channel="C0DMS00001",
    announce="C0NEWS0001",
    writers=("api", "nightly jobs"),
)


class NightClock:
    """The bot's clock: it stands until a test puts it forward."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC) - HOUR

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at


@dataclass
class Night:
    """What a test does and sees."""

    desk: CommandService
    dms: DmsServer
    clock: NightClock
    cutovers: Cutovers
    requests: RequestContext
    given: dict[tuple[str, str], list[tuple[datetime, float, str]]] = field(default_factory=dict)

    # ---- jobs and samples

    def job(self, id: str = "orders", **values: Any) -> Job:
        """A new job that replicates, and whose samples the test gives."""
        fields = {"phase": "CDC", "frozen": True, "created_ago": 86400.0, "in_phase_for": 80000.0}
        self.dms.control.add_job(id, location="europe-west1", **(fields | values))
        return self.desk.ctx.dms.get_job(job_name(PROJECT, "europe-west1", id))

    def sample(self, id: str, value: float = 0, size: float | None = 0, database: str = "app") -> None:
        """The delay of a database, measured now."""
        self.point(id, "max_replica_sec_lag", value, database)
        if size is not None:
            self.point(id, "max_replica_bytes_lag", size, database)

    def point(self, id: str, metric: str, value: float, database: str = "app") -> None:
        """One sample of a metric, which ends now."""
        self.given.setdefault((id, metric), []).append((self.clock(), value, database))
        self._serve(id)

    def _serve(self, id: str) -> None:
        real = datetime.now(UTC)
        points: dict[str, dict[str, list[list[float]]]] = {"write_rows_count": {"none": [[1e9, 0.0]]}}
        for (job, metric), samples in self.given.items():
            if job == id:
                points[metric] = {}
                for at, value, database in samples:
                    points[metric].setdefault(database, []).append([(real - at).total_seconds(), value])
        self.dms.control.set_job(id, points=points)

    def minutes(self, ids: Sequence[str], count: int, value: float = 0, **more: Any) -> None:
        """So many minutes go by, with a sample of each job at the end of each."""
        for _ in range(count):
            self.clock.forward(minutes=1)
            for id in ids:
                self.sample(id, value, **more)
            self.tick()

    # ---- steps

    def plan(self, *jobs: Job, who: Person = DANA_THERE, rehearsal: bool = False, **fields: Any) -> Cutover:
        """Plan a cutover; it waits for what its request waits for."""
        self.clock.forward(seconds=1)
        answer = self.cutovers.plan(who, replace(QUIET, **fields), jobs, rehearsal=rehearsal)
        newest = self.desk.ctx.store.cutovers(tuple(CutoverState), limit=1)
        assert newest, words(answer) if isinstance(answer, Note) else answer
        return newest[0]

    def confirm(self, cutover: Cutover, typed: str = "") -> None:
        shown = self.request(cutover)
        told = self.desk.ctx.approvals.confirmation.confirm(shown.by, shown, typed=typed)
        assert told is None, words(told)
        self.tick()

    def approve(self, cutover: Cutover, who: Person = ALEX_THERE) -> None:
        told = self.desk.ctx.approvals.approval.approve(who, self.request(cutover))
        assert told is None, words(told)
        self.tick()

    def press(self, cutover: Cutover, step: str, who: Person = DANA_THERE, arg: str = "") -> str:
        """Press a button of the card; what is answered, empty if it is done."""
        ask = ask_of(self.now(cutover)) if step == "second" else ""
        told = self.cutovers.press(who, cutover.id, step, arg=arg or ask)
        return "" if told is None else words(told)

    def does(self, cutover: Cutover, step: str, who: Person = DANA_THERE, arg: str = "") -> Cutover:
        """Press, and it counts."""
        assert self.press(cutover, step, who, arg) == ""
        return self.now(cutover)

    def tick(self) -> None:
        self.cutovers.tick(self.clock())

    def ready(self, *jobs: Job, **fields: Any) -> Cutover:
        """A cutover without a time that has been confirmed, and can be started."""
        cutover = self.plan(*jobs, **fields)
        if not cutover.rehearsal:
            self.confirm(cutover)
        self.tick()
        return self.now(cutover)

    def stopped(self, *jobs: Job, **fields: Any) -> Cutover:
        """A cutover whose writes were stopped just now."""
        cutover = self.ready(*jobs, **fields)
        self.does(cutover, "here")
        self.does(cutover, "start")
        for index in range(len(cutover.plan.writers)):
            self.does(cutover, "writer", SAM, str(index))
        return self.does(cutover, "stopped", SAM)

    def drained(self, *jobs: Job, **fields: Any) -> Cutover:
        cutover = self.stopped(*jobs, **fields)
        self.minutes([job.id for job in jobs], 4)
        return self.now(cutover)

    def promote(self, cutover: Cutover, who: Person = DANA_THERE) -> str:
        return self.press(cutover, "promote", who, promote_phrase(self.now(cutover)))

    # ---- what is there

    def now(self, cutover: Cutover) -> Cutover:
        found = self.desk.ctx.store.cutover(cutover.id)
        assert found is not None
        return found

    def state(self, cutover: Cutover) -> CutoverState:
        return self.now(cutover).state

    def reaches(self, cutover: Cutover, state: CutoverState) -> Cutover:
        """It is in this state after some ticks: runs end in threads of their own, and their request after
        the last of them."""

        def look() -> Cutover:
            self.requests.follower.follow()
            self.tick()
            return self.now(cutover)

        return until(look, lambda found: found.state is state and not self._ends(found))

    def _ends(self, cutover: Cutover) -> bool:
        """Whether its request is about to end."""
        request = self.desk.ctx.store.request(cutover.request) if cutover.request else None
        if request is None or request.state is not RequestState.RUNNING:
            return False
        return not self.desk.ctx.store.runs(request=request.id, states=ACTIVE_RUNS)

    def request(self, cutover: Cutover) -> Request:
        found = self.desk.ctx.store.request(cutover.request)
        assert found is not None
        return found

    def runs(self, cutover: Cutover) -> tuple[Run, ...]:
        return self.desk.ctx.store.runs(request=cutover.request)

    def events(self, cutover: Cutover) -> list[str]:
        """The events of its log, without measurements."""
        entries = self.desk.ctx.store.cutover_log(cutover.id)
        return [each.event for each in entries if each.event != "sample"]

    def promotes(self) -> int:
        """How often the service was asked to promote."""
        return len(self.dms.control.calls("PromoteMigrationJob"))


@contextmanager
def a_night(
    dms: DmsServer,
    path: Path,
    rights: Access | None = None,
    checks: Checks | None = None,
    scheduled: Scheduled | None = None,
) -> Iterator[Night]:
    clock = NightClock()
    with command_service(dms, path, rights or access(ALONE), clock=clock) as desk:
        assert desk.requests is not None
        made = Cutovers(
            desk.requests, desk.ctx.approvals, checks or no_checks, scheduled or NOTHING_SCHEDULED
        )
        yield Night(desk, dms, clock, made, desk.requests)


def four_eyes() -> Access:
    """Operators act; jobs with `env=prod` need an approval."""
    return access(FOUR_EYES)
