"""Cutovers whose bots are killed at each step: nothing is lost, and nothing is promoted twice.

The test presses from a process of its own, which carries nothing out: what a press saves, the bots do.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any, NoReturn

import pytest

from bot.cutover.promotion import promote_phrase
from bot.cutover.service import Cutovers
from bot.cutover.states import ask_of, evidence_from
from bot.dms.gateway import Gateway
from bot.dms.model import job_name
from bot.requests.approvals import Approvals
from bot.requests.base import RequestContext
from bot.requests.follower import Follower
from bot.requests.runner import Runner
from bot.store import StoreError
from bot.store.cutover import Cutover, Mark, Plan
from bot.store.cutover import CutoverState as S
from bot.store.records import Person, RequestState
from commands import all_verbs
from tests.crash.env import LOCATIONS
from tests.crash.two_bots import DEADLINE_S, TwoBots
from tests.cutover.quiet import NOTHING_SCHEDULED, no_checks
from tests.policy.people import access
from tests.waiting import until

pytestmark = pytest.mark.postgres

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


class Hands:
    """Presses, saved in the database of the bots."""

    def __init__(self, bots: TwoBots, dms: Gateway) -> None:
        team = "T0SANDBOX1"
        self.dana = Person(team, "U0DANA0001", "C0DMS00001")
        self.sam = Person(team, "U0SAM00001", "C0DMS00001")
        self.alex = Person(team, "U0ALEX0001", "C0DMS00001")
        self.bots, self.dms = bots, dms
        verbs = all_verbs()
        actions = {verb.action.action: verb.action for verb in verbs.values() if verb.action}
        rights = access(RULES)
        runner = Runner(
            dms,
            bots.store,
            rights,
            actions,
            replica="test",
            parallel=4,
            pool_of=lambda _project: Idle(),
            clock=_now,
            wake=lambda: None,
            nudge=lambda _name: None,
            on_ended=lambda *_: None,
        )
        context = RequestContext(
            dms=dms,
            store=bots.store,
            access=rights,
            actions=actions,
            runner=runner,
            follower=Follower(runner, dms, bots.store, replica="test", clock=_now, wake=lambda: None),
            confirm_expires_s=900,
            approval_expires_s=3600,
            approval_channel="C0APPROVE1",
            parallel=4,
            grace_s=900,
            max_open=100,
            clock=_now,
            wake=lambda: None,
        )
        self.approvals = Approvals(context)
        self.cutovers = Cutovers(context, self.approvals, no_checks, NOTHING_SCHEDULED)

    def job(self) -> str:
        """A new job whose replication has caught up."""
        id = self.bots.job()
        spell = {"created_ago": 7200.0, "in_phase_for": 3600.0, "sec_lag": 0, "bytes_lag": 0}
        self.bots.dms.add_job(id, phase="CDC", frozen=True, databases=["sales"], **spell)
        return id

    def planned(self, *ids: str) -> Cutover:
        """A cutover that is confirmed and approved; the bots have yet to see it."""
        jobs = [self.dms.get_job(_full(id)) for id in ids]
        plan = Plan((), commander=self.dana.user, app_owner=self.sam.user, channel=self.dana.channel)
        self.cutovers.plan(self.dana, plan, jobs)
        cutover = self.bots.store.cutovers(job=jobs[0].name)[0]
        request = self.bots.store.request(cutover.request)
        assert request is not None
        assert self.approvals.confirmation.confirm(self.dana, request) is None
        request = self.bots.store.request(cutover.request)
        assert request is not None
        assert self.approvals.approval.approve(self.alex, request) is None
        return cutover

    def press(self, cutover: Cutover, step: str, who: Person, arg: str = "") -> None:
        told = self.cutovers.press(who, cutover.id, step, arg=arg)
        assert told is None, told

    def reaches(self, cutover: Cutover, state: S) -> Cutover:
        def look() -> Cutover | None:
            found = self.bots.store.cutover(cutover.id)
            return found if found is not None and found.state is state else None

        return until(look, timeout=2 * DEADLINE_S, passing=(StoreError,), every_s=0.1)


def _now() -> datetime:
    return datetime.now(UTC)


def _full(id: str) -> str:
    return job_name("demo-project", LOCATIONS[0], id)


@pytest.fixture
def hands(bots: TwoBots) -> Iterator[Hands]:
    gateway = Gateway("demo-project", LOCATIONS, bots.env.dms.grpc_host, bots.env.dms.rest_host, deadline_s=5)
    yield Hands(bots, gateway)
    gateway.close()


# ---- what is killed when


def leader_dies(bots: TwoBots) -> None:
    """Kill the leader with SIGKILL; another one leads, and one is started anew."""
    leader = bots.fleet.leader()
    if leader is not None:
        bots.fleet.kill(leader)
    bots.fleet.start()


def samples(bots: TwoBots, id: str) -> None:
    """Three samples since the stop, as Cloud Monitoring has them three minutes later."""
    zero = {"sales": [[0.3, 0.0], [0.2, 0.0], [0.1, 0.0]]}
    silent = {"none": [[1e9, 0.0]]}
    points = {"max_replica_sec_lag": zero, "max_replica_bytes_lag": zero, "write_rows_count": silent}
    bots.dms.set_job(id, points=points)


def caught_up(hands: Hands, cutover: Cutover, id: str) -> None:
    """It drains, and three samples that count show that nothing is missing."""
    after = evidence_from(hands.reaches(cutover, S.DRAINING))
    assert after is not None
    until(lambda: (_now() - after).total_seconds() > 0.5)
    samples(hands.bots, id)


def drained(hands: Hands, id: str, *, killed: bool = False) -> Cutover:
    """A cutover that has drained; if `killed`, the leader was killed right after each step."""
    bots = hands.bots

    def happened() -> None:
        if killed:
            leader_dies(bots)

    cutover = hands.planned(id)
    happened()
    hands.reaches(cutover, S.READY)
    happened()
    hands.press(cutover, "here", hands.dana)
    hands.press(cutover, "start", hands.dana)
    happened()
    hands.press(cutover, "stopped", hands.sam)
    happened()
    caught_up(hands, cutover, id)
    hands.reaches(cutover, S.DRAINED)
    happened()
    return cutover


def promoted(hands: Hands, cutover: Cutover) -> None:
    """The commander asks, and a second person confirms."""
    found = hands.reaches(cutover, S.DRAINED)
    hands.press(cutover, "promote", hands.dana, promote_phrase(found))
    asked = hands.bots.store.cutover(cutover.id)
    assert asked is not None
    hands.press(cutover, "second", hands.alex, ask_of(asked))


def calls(hands: Hands, id: str) -> list[dict[str, Any]]:
    return hands.bots.writes("promote", id)


def test_the_leader_dies_after_each_step(hands: Hands) -> None:
    bots = hands.bots
    bots.both()
    id = hands.job()
    cutover = drained(hands, id, killed=True)
    promoted(hands, cutover)
    leader_dies(bots)
    done = hands.reaches(cutover, S.CHECKLIST)
    assert [each.mark for each in done.progress.jobs] == [Mark.PROMOTED]
    assert len(calls(hands, id)) == 1
    leader_dies(bots)
    hands.press(cutover, "open_writes", hands.dana)
    hands.reaches(cutover, S.DONE)
    events = [each.event for each in bots.store.cutover_log(cutover.id)]
    for event in ("ready", "started", "stopped", "drained", "promoting", "promoted", "opened"):
        assert events.count(event) == 1, events


def test_the_callers_die_while_the_service_is_asked(hands: Hands) -> None:
    """A promote that arrived is adopted; one that did not is never sent again without a new press."""
    bots = hands.bots
    bots.both()
    arrives, hangs = hands.job(), hands.job()
    bots.dms.fault("PromoteMigrationJob", "SLOW", delay_seconds=20, after_apply=True, match=arrives)
    bots.dms.fault("PromoteMigrationJob", "HANG", match=hangs)
    both = [drained(hands, each) for each in (arrives, hangs)]
    for cutover in both:
        promoted(hands, cutover)
    until(lambda: calls(hands, arrives) and calls(hands, hangs), timeout=DEADLINE_S)
    for life in bots.fleet.alive():
        bots.fleet.kill(life)
    bots.dms.clear_faults()
    bots.both()
    adopted, unknown = both
    hands.reaches(adopted, S.CHECKLIST)
    assert len(calls(hands, arrives)) == 1
    hands.reaches(unknown, S.UNKNOWN)
    assert len(calls(hands, hangs)) == 1
    hands.press(unknown, "adopt", hands.dana)
    caught_up(hands, unknown, hangs)
    hands.reaches(unknown, S.DRAINED)
    assert len(calls(hands, hangs)) == 1
    request = bots.store.request(unknown.request)
    assert request is not None
    assert request.state is RequestState.SCHEDULED
    promoted(hands, unknown)
    hands.reaches(unknown, S.CHECKLIST)
    assert len(calls(hands, hangs)) == 2
