"""The people of a cutover in crash runs: what they press is saved here, and carried out by the bots."""

from __future__ import annotations

from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any, NoReturn

from bot.cutover.service import Cutovers
from bot.dms.gateway import Gateway
from bot.dms.model import job_name
from bot.requests.approvals import Approvals
from bot.requests.base import RequestContext
from bot.requests.follower import Follower
from bot.requests.runner import Runner
from bot.store import Store
from bot.store.cutover import Cutover, CutoverPlan
from bot.store.records import Person
from commands import all_verbs
from sandbox.dms.control import DmsControl
from sandbox.slack.seed import APPROVAL_CHANNEL
from tests.crash.env import LOCATIONS
from tests.cutover.quiet import NOTHING_SCHEDULED, no_checks
from tests.policy.people import access

RULES = """
default_role = "viewer"
[roles]
operator = ["U0DANA0001"]
approver = ["U0SAM00001", "U0ALEX0001"]
[[rule]]
name = "a second person for what cannot be undone"
verbs = ["promote"]
approvals = 1
"""


class Idle(Executor):
    """Carries nothing out, as a bot that is stopping."""

    def submit(self, *_args: Any, **_more: Any) -> NoReturn:
        raise RuntimeError("stopped")


class CutoverPeople:
    """Presses, saved in the database of the bots."""

    def __init__(self, store: Store, dms: Gateway) -> None:
        team = "T0SANDBOX1"
        self.dana = Person(team, "U0DANA0001", "C0DMS00001")
        self.sam = Person(team, "U0SAM00001", "C0DMS00001")
        self.alex = Person(team, "U0ALEX0001", "C0DMS00001")
        self.store, self.dms = store, dms
        verbs = all_verbs()
        actions = {verb.action.action: verb.action for verb in verbs.values() if verb.action}
        rights = access(RULES)
        runner = Runner(
            dms,
            store,
            rights,
            actions,
            replica="test",
            parallel=4,
            pool_of=lambda _project: Idle(),
            clock=now,
            wake=lambda: None,
            nudge=lambda _name: None,
            on_ended=lambda *_: None,
        )
        context = RequestContext(
            dms=dms,
            store=store,
            access=rights,
            actions=actions,
            runner=runner,
            follower=Follower(runner, dms, store, replica="test", clock=now, wake=lambda: None),
            confirm_expires_s=900,
            approval_expires_s=3600,
            approval_channel=APPROVAL_CHANNEL,
            parallel=4,
            grace_s=900,
            max_open=100,
            clock=now,
            wake=lambda: None,
        )
        self.approvals = Approvals(context)
        self.cutovers = Cutovers(context, self.approvals, no_checks, NOTHING_SCHEDULED)

    def planned(self, *ids: str) -> Cutover:
        """A cutover that is confirmed and approved; the bots have yet to see it."""
        jobs = [self.dms.get_job(full_name(id)) for id in ids]
        plan = CutoverPlan((), commander=self.dana.user, app_owner=self.sam.user, channel=self.dana.channel)
        self.cutovers.plan(self.dana, plan, jobs)
        cutover = self.store.cutovers(job=jobs[0].name)[0]
        request = self.store.request(cutover.request)
        assert request is not None
        assert self.approvals.confirmation.confirm(self.dana, request) is None
        request = self.store.request(cutover.request)
        assert request is not None
        assert self.approvals.approval.approve(self.alex, request) is None
        return cutover

    def called(self, cutover: Cutover, what: str) -> bool:
        """Whether somebody has got the message that asks for this press, in the cutover's present state."""
        calls = self.store.messages(f"cutover:{cutover.id}:call:", "cutover_call", cutover.since)
        return any(each.subject["what"] == what and each.ts for each in calls)

    def press(self, cutover: Cutover, step: str, who: Person, arg: str = "") -> None:
        told = self.cutovers.press(who, cutover.id, step, arg=arg)
        assert told is None, told


def give_samples(dms: DmsControl, id: str) -> None:
    """Three samples of its database `sales` in which nothing is missing, up to now, as Cloud Monitoring has
    them three minutes later."""
    zero = {"sales": [[0.3, 0.0], [0.2, 0.0], [0.1, 0.0]]}
    silent = {"none": [[1e9, 0.0]]}
    points = {"max_replica_sec_lag": zero, "max_replica_bytes_lag": zero, "write_rows_count": silent}
    dms.set_job(id, points=points)


REPLICATES: dict[str, Any] = {
    "phase": "CDC",
    "frozen": True,
    "databases": ["sales"],
    "created_ago": 7200.0,
    "in_phase_for": 3600.0,
    "sec_lag": 0,
    "bytes_lag": 0,
}
"""A job whose replication has caught up."""


def now() -> datetime:
    return datetime.now(UTC)


def full_name(id: str) -> str:
    return job_name("demo-project", LOCATIONS[0], id)
