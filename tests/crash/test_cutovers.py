"""Cutovers whose bots are killed at each step: nothing is lost, and nothing is promoted twice.

The test presses from a process of its own, which carries nothing out: what a press saves, the bots do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot.cutover.promotion import promote_phrase
from bot.cutover.states import ask_of, evidence_from
from bot.dms.gateway import Gateway
from bot.store import StoreError
from bot.store.cutover import Cutover, Mark
from bot.store.cutover import CutoverState as S
from bot.store.records import RequestState
from tests.crash.cutover_people import REPLICATES, CutoverPeople, give_samples, now
from tests.crash.env import LOCATIONS
from tests.crash.two_bots import DEADLINE_S, TwoBots
from tests.waiting import until

pytestmark = pytest.mark.postgres


class Pressing(CutoverPeople):
    """Presses, and waits for what the bots make of them."""

    def __init__(self, bots: TwoBots, dms: Gateway) -> None:
        super().__init__(bots.store, dms)
        self.bots = bots

    def job(self) -> str:
        """A new job whose replication has caught up."""
        id = self.bots.job()
        self.bots.dms.add_job(id, **REPLICATES)
        return id

    def reaches(self, cutover: Cutover, state: S) -> Cutover:
        def look() -> Cutover | None:
            found = self.bots.store.cutover(cutover.id)
            return found if found is not None and found.state is state else None

        return until(look, timeout=DEADLINE_S, passing=(StoreError,), every_s=0.1)


@pytest.fixture
def people(bots: TwoBots) -> Iterator[Pressing]:
    gateway = Gateway("demo-project", LOCATIONS, bots.env.dms.grpc_host, bots.env.dms.rest_host, deadline_s=5)
    yield Pressing(bots, gateway)
    gateway.close()


# ---- what is killed when


def leader_dies(bots: TwoBots) -> None:
    """Kill the leader with SIGKILL; another one leads, and one is started anew."""
    leader = bots.fleet.leader()
    if leader is not None:
        bots.fleet.kill(leader)
    bots.fleet.start()


def starts(people: Pressing, cutover: Cutover) -> bool:
    """Whether it is started; if a check of the bots got no answer in time, the checks are run again."""
    told = people.cutovers.press(people.dana, cutover.id, "start")
    if told is None:
        return True
    assert "no answer came in" in str(told), told
    people.press(cutover, "check", people.dana)
    return False


def caught_up(people: Pressing, cutover: Cutover, id: str) -> None:
    """It drains, and three samples that count show that nothing is missing."""
    after = evidence_from(people.reaches(cutover, S.DRAINING))
    assert after is not None
    until(lambda: (now() - after).total_seconds() > 0.5)
    give_samples(people.bots.dms, id)


def drained(people: Pressing, id: str, *, killed: bool = False) -> Cutover:
    """A cutover that has drained; if `killed`, the leader was killed right after each step."""
    bots = people.bots

    def happened() -> None:
        if killed:
            leader_dies(bots)

    cutover = people.planned(id)
    happened()
    people.reaches(cutover, S.READY)
    happened()
    people.press(cutover, "here", people.dana)
    until(lambda: starts(people, cutover))
    happened()
    people.press(cutover, "stopped", people.sam)
    happened()
    caught_up(people, cutover, id)
    people.reaches(cutover, S.DRAINED)
    happened()
    return cutover


def promoted(people: Pressing, cutover: Cutover) -> None:
    """The commander asks, and a second person confirms."""
    found = people.reaches(cutover, S.DRAINED)
    people.press(cutover, "promote", people.dana, promote_phrase(found))
    asked = people.bots.store.cutover(cutover.id)
    assert asked is not None
    people.press(cutover, "second", people.alex, ask_of(asked))


def calls(people: Pressing, id: str) -> list[dict[str, Any]]:
    return people.bots.writes("promote", id)


def test_the_leader_dies_after_each_step(people: Pressing) -> None:
    bots = people.bots
    bots.both()
    id = people.job()
    cutover = drained(people, id, killed=True)
    promoted(people, cutover)
    leader_dies(bots)
    done = people.reaches(cutover, S.CHECKLIST)
    assert [each.mark for each in done.progress.jobs] == [Mark.PROMOTED]
    assert len(calls(people, id)) == 1
    leader_dies(bots)
    people.press(cutover, "open_writes", people.dana)
    people.reaches(cutover, S.DONE)
    events = [each.event for each in bots.store.cutover_log(cutover.id)]
    for event in ("ready", "started", "stopped", "drained", "promoting", "promoted", "opened"):
        assert events.count(event) == 1, events


def test_the_callers_die_while_the_service_is_asked(people: Pressing) -> None:
    """A promote that arrived is adopted; one that did not is never sent again without a new press."""
    bots = people.bots
    bots.both()
    arrives, hangs = people.job(), people.job()
    bots.dms.fault("PromoteMigrationJob", "SLOW", delay_seconds=20, after_apply=True, match=arrives)
    bots.dms.fault("PromoteMigrationJob", "HANG", match=hangs)
    both = [drained(people, each) for each in (arrives, hangs)]
    for cutover in both:
        promoted(people, cutover)
    until(lambda: calls(people, arrives) and calls(people, hangs), timeout=DEADLINE_S)
    for life in bots.fleet.alive():
        bots.fleet.kill(life)
    bots.dms.clear_faults()
    bots.both()
    adopted, unknown = both
    people.reaches(adopted, S.CHECKLIST)
    assert len(calls(people, arrives)) == 1
    people.reaches(unknown, S.UNKNOWN)
    assert len(calls(people, hangs)) == 1
    people.press(unknown, "adopt", people.dana)
    caught_up(people, unknown, hangs)
    people.reaches(unknown, S.DRAINED)
    assert len(calls(people, hangs)) == 1
    request = bots.store.request(unknown.request)
    assert request is not None
    assert request.state is RequestState.SCHEDULED
    promoted(people, unknown)
    people.reaches(unknown, S.CHECKLIST)
    assert len(calls(people, hangs)) == 2
