"""What fails for one row is counted, and keeps no other one; a database that is away ends the round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event as Flag

import pytest
from structlog.testing import capture_logs

from bot.outbox.escalations import EscalationTask
from bot.policy.model import PlannedFreeze, Policy
from bot.policy.subscriptions import Subscriptions
from bot.requests.base import RequestContext
from bot.runtime.one_by_one import one_by_one, pass_over
from bot.store import StoreError, UnreadableRow
from bot.store.facts import RequestFacts
from bot.store.records import Decision, Request, RequestState, RunState
from bot.watch.freeze_news import FreezeNews
from sandbox.dms import DmsServer
from tests.ops.test_metrics import value
from tests.policy.command_service import CommandService, command_service
from tests.store import make
from tests.store.raw import Raw

NOW = make.NOW
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def dms() -> Iterator[DmsServer]:
    with DmsServer(port=0, seed="empty") as running:
        yield running


@pytest.fixture
def desk(dms: DmsServer, tmp_path: Path) -> Iterator[CommandService]:
    with command_service(dms, tmp_path, clock=lambda: NOW) as opened:
        yield opened


def context(desk: CommandService) -> RequestContext:
    assert desk.requests is not None
    return desk.requests


def add(desk: CommandService, *requests: Request) -> None:
    """Store them; the newest is looked at first."""
    for each in requests:
        desk.ctx.store.add_request(each)


def state(desk: CommandService, id: str) -> RequestState:
    found = desk.ctx.store.request(id)
    assert found is not None
    return found.state


def errors() -> float:
    return value("dms_bot_errors_total") or 0


def test_one_that_fails_is_named_and_counted() -> None:
    done: list[int] = []
    before = errors()
    with capture_logs() as lines:
        one_by_one([0, 1, 2], lambda each: done.append(6 // each), lambda each: f"number {each}")
    assert done == [6, 3]
    assert [(each["event"], each["row"]) for each in lines] == [("row_failed", "number 0")]
    assert errors() == before + 1


def test_a_row_that_is_passed_over_is_counted_once() -> None:
    """It is read with each tick, as long as it is there."""
    before = errors()
    with capture_logs() as lines:
        for row in ("once", "twice", "once"):
            pass_over(UnreadableRow(f"A row of the table tests ({row}) cannot be understood.", row))
    assert [each["event"] for each in lines] == ["row_not_read"] * 2
    assert errors() == before + 2


def test_a_database_that_is_away_ends_the_round() -> None:
    asked: list[int] = []

    def work(row: int) -> None:
        asked.append(row)
        raise StoreError("gone")

    with pytest.raises(StoreError):
        one_by_one([1, 2], work, str)
    assert asked == [1]


def test_a_row_that_cannot_be_understood_is_passed_over(desk: CommandService, tmp_path: Path) -> None:
    """As a newer version may have written it; what is alone unreadable does not end the round, either."""
    store = desk.ctx.store
    running = {"state": RequestState.RUNNING}
    add(desk, make.request("good", "orders", **running), make.request("strange", "crm", **running))
    add(desk, make.request("worse", "hr", **running))
    store.add_run(make.run("r1", "hr", request="worse", state=RunState.FAILED))
    store.enqueue(make.message("m1"))
    store.enqueue(make.message("m2"))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE requests SET action = 'levitate' WHERE id = 'strange'")
        raw.execute("UPDATE runs SET action = 'levitate' WHERE id = 'r1'")
        raw.execute("UPDATE outbox SET subject = '[' WHERE key = 'm1'")
    with capture_logs() as lines:
        context(desk).follower.follow()
    assert state(desk, "good") is RequestState.DONE
    bad = [each for each in lines if each["log_level"] == "error"]
    named = [(each["event"], each.get("row") or each["error"]) for each in bad]
    assert [event for event, _ in named] == ["row_not_read", "row_failed"]
    assert named[0][1].startswith("A row of the table requests (strange) cannot be understood")
    assert named[1][1] == "request worse"
    assert [each.key for each in store.ready_to_send(NOW, skip=pass_over) if each.kind == "card"] == ["m2"]
    with pytest.raises(StoreError):
        store.request("strange")
    with pytest.raises(StoreError):
        store.runs(job=make.name("hr"))  # what decides whether a job is free leaves nothing out


def test_runs_and_requests_are_followed_past_one_that_fails(desk: CommandService) -> None:
    """A run of a job that its request does not have."""
    store = desk.ctx.store
    add(desk, make.request("good", "orders", state=RequestState.RUNNING))
    add(desk, make.request("bad", "crm", state=RequestState.RUNNING))
    store.add_run(make.run("r1", "gone", request="bad", state=RunState.FAILED))
    before = errors()
    context(desk).follower.follow()
    assert (state(desk, "bad"), state(desk, "good")) == (RequestState.RUNNING, RequestState.DONE)
    assert errors() == before + 1


def test_requests_are_sent_or_expire_past_one_that_fails(desk: CommandService) -> None:
    """A scheduled request without jobs, of which the policy has nothing to judge."""
    due, long_due = (RequestFacts(due=NOW - hours * HOUR) for hours in (0, 9))
    scheduled = {"state": RequestState.SCHEDULED}
    add(desk, make.request("good", "orders", **scheduled, facts=long_due))
    add(desk, replace(make.request("bad", **scheduled, facts=due), jobs=()))
    add(desk, replace(make.request("late", **scheduled, facts=long_due), jobs=()))
    before = errors()
    desk.ctx.approvals.scheduler.tick(NOW)
    assert state(desk, "good") is not RequestState.SCHEDULED
    assert state(desk, "bad") is RequestState.SCHEDULED, "it is tried again while it may be sent"
    late = desk.ctx.store.request("late")
    assert late is not None
    assert late.state is RequestState.EXPIRED
    assert late.note.endswith("It could not be checked because of an error in the bot.")
    assert errors() == before + 2


def test_a_request_whose_approval_cannot_be_read_expires_in_its_time(
    desk: CommandService, tmp_path: Path
) -> None:
    facts = RequestFacts(due=NOW - 9 * HOUR)
    add(desk, make.request("late", "orders", state=RequestState.SCHEDULED, facts=facts))
    desk.ctx.store.add_decision(Decision("late", "U0ALEX0001", True, "", NOW))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE decisions SET at = 'yesterday'")
    desk.ctx.approvals.scheduler.tick(NOW)
    assert state(desk, "late") is RequestState.EXPIRED


def test_open_requests_expire_past_one_that_fails(desk: CommandService) -> None:
    """A time to approve that no calendar has."""
    endless = RequestFacts(approval_ttl_s=1e300)
    add(desk, make.request("good", "orders", expires=NOW - HOUR))
    add(desk, make.request("bad", "crm", expires=NOW + HOUR, facts=endless))
    before = errors()
    desk.ctx.approvals.expiry.expire()
    assert (state(desk, "bad"), state(desk, "good")) == (RequestState.APPROVING, RequestState.EXPIRED)
    assert errors() == before + 1


def test_escalations_end_past_one_that_fails(desk: CommandService) -> None:
    store = desk.ctx.store

    def wake() -> None:
        woken.append(1)
        if len(woken) == 1:
            raise KeyError("a fault of ours")

    woken: list[int] = []
    for id in ("e1", "e2"):
        store.add_escalation(make.escalation(id))
    EscalationTask(store, Policy(), wake).tick(NOW)
    assert store.open_escalations() == ()
    assert len(woken) == 2


def test_freezes_are_told_past_one_that_fails(desk: CommandService) -> None:
    """A window whose end has no zone."""
    ends = NOW + 2 * HOUR
    bad = PlannedFreeze(NOW - HOUR, datetime(2026, 4, 1), "closing")
    good = PlannedFreeze(NOW, ends, "year end")
    subscriptions = Subscriptions.of("C0DBMIGRAT", ())
    FreezeNews(desk.ctx.store, Policy(planned_freezes=(bad, good)), lambda: subscriptions, Flag()).tick(NOW)
    assert [each.subject["until"] for each in desk.ctx.store.ready_to_send(NOW)] == [ends.isoformat()]
