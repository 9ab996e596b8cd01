"""A row that cannot be read breaks no list, and no list looks as if nothing were missing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from bot.cmdline.answers import JobCard
from bot.cmdline.invocation import UsageError
from bot.dms.gateway import Gateway
from bot.dms.model import ObjectState, job_name
from bot.dms.rules import Action
from bot.dms.running_errors import is_faulty
from bot.policy.subscriptions import EVERYTHING
from bot.requests.delay import resumed_at
from bot.requests.queries import locking_run, mark_timelines_dirty
from bot.requests.usual_duration import usual_duration
from bot.runtime.one_by_one import pass_over
from bot.store import StoreError
from bot.store.cutover import Cutover, CutoverPlan, CutoverState
from bot.store.facts import RequestFacts
from bot.store.records import Escalation, Event, Freeze, JobSnapshot, RequestState, Run, RunState, Watch
from sandbox.dms import DmsServer
from tests.policy.command_service import PLACES, PROJECT, CommandService, words
from tests.policy.people import ALEX, DANA, NOW
from tests.store import make
from tests.store.raw import Raw

HOUR = timedelta(hours=1)
ORDERS = job_name(PROJECT, PLACES[0], "orders")
SPOILT = {
    "approvals": ("1 request", "requests SET action = 'levitate'", "awaits approval"),
    "schedule": ("1 request", "requests SET action = 'levitate'", "is scheduled"),
    "cutover": ("1 cutover", "cutovers SET plan = '['", "is planned"),
    "watches": ("1 subscription", "watches SET only = '['", "Nothing"),
    "list": ("1 freeze", "freezes SET created = 'long ago'", "Nothing"),
    "policy": ("1 freeze", "freezes SET created = 'long ago'", "Nothing"),
    "policy orders": ("1 freeze", "freezes SET created = 'long ago'", "Nothing"),
    "acknowledge orders": ("1 alert", "escalations SET events = '['", "no alert to acknowledge"),
}


@pytest.fixture
def full(typing: CommandService) -> CommandService:
    """With one of each kind."""
    store = typing.ctx.store
    facts = RequestFacts(due=NOW + HOUR)
    asked = make.request(
        "r1", "orders", state=RequestState.APPROVING, by=DANA, facts=facts, expires=NOW + HOUR
    )
    store.add_request(asked)
    plan = CutoverPlan((ORDERS,), commander=DANA.user)
    store.add_cutover(Cutover("c1", DANA.team, DANA, CutoverState.SCHEDULED, plan, NOW, NOW))
    store.add_watch(Watch("w1", DANA.user, DANA.user))
    store.add_freeze(Freeze("f1", "*", NOW + HOUR, "night", DANA.user, NOW))
    store.add_escalation(Escalation("e1", "rule", "C1", "S1", "m1", (), 900, NOW))
    return typing


@pytest.mark.parametrize("line", SPOILT)
def test_the_others_are_listed_and_it_is_said_how_many_are_missing(
    full: CommandService, tmp_path: Path, line: str
) -> None:
    count, change, all_clear = SPOILT[line]
    assert "cannot be read" not in str(full.type(line))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute(f"UPDATE {change}")
    said = str(full.type(line))
    assert f"{count} that cannot be read from the database" in said
    assert all_clear not in said


def test_a_freeze_that_cannot_be_read_takes_no_card_away_and_still_forbids(
    full: CommandService, tmp_path: Path
) -> None:
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE freezes SET created = 'long ago'")
    card = full.type("show billing")
    assert isinstance(card, JobCard)
    assert any(str(each).startswith("whether it is frozen") for each in card.unknown)
    with pytest.raises(StoreError):
        full.sure("stop billing")


def test_an_action_in_a_state_of_a_newer_version_keeps_its_job_locked(
    full: CommandService, tmp_path: Path
) -> None:
    billing = job_name(PROJECT, PLACES[0], "billing")
    full.ctx.store.add_run(Run("u1", "r1", billing, Action.STOP, RunState.FOLLOWING, "", by="U1"))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("DELETE FROM freezes")
        raw.execute("UPDATE runs SET state = 'levitating'")
    card = full.type("show billing")
    assert isinstance(card, JobCard)
    assert any(str(each).startswith("whether an action is under way") for each in card.unknown)
    with pytest.raises(StoreError):
        full.type("stop billing")
    assert locking_run(full.ctx.store, Action.CANCEL, billing) is None, "a cancel waits for cancels alone"


def test_whatever_cannot_be_read_a_freeze_can_be_set(full: CommandService, tmp_path: Path) -> None:
    store = full.ctx.store
    store.save_known([JobSnapshot(full.ctx.dms.get_job(ORDERS), NOW, NOW)])
    store.add_run(make.run("u1", "billing"))
    store.add_run(Run("u2", "r1", ORDERS, Action.STOP, RunState.FOLLOWING, "", created=NOW, by="U1"))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE freezes SET created = 'long ago'")
        raw.execute("UPDATE runs SET action = 'levitate'")
        raw.execute("UPDATE known_jobs SET flags = '['")
    until = '--until 2h --reason "month end"'
    for said in (
        full.sure(f"freeze --all {until}", ALEX),
        full.type(f"freeze --project {PROJECT} {until}", ALEX),
        full.type(f"freeze orders {until}", ALEX),
    ):
        assert "Not all actions in progress could be read." in str(said)
    assert store.frozen_names(NOW) == ("*", f"projects/{PROJECT}", ORDERS)


def test_a_freeze_that_cannot_be_read_can_be_lifted(full: CommandService, tmp_path: Path) -> None:
    store, gone = full.ctx.store, job_name("acme-old", PLACES[0], "gone")
    for id, job in (("f2", ORDERS), ("f3", "projects/acme-old"), ("f4", gone)):
        store.add_freeze(Freeze(id, job, NOW + HOUR, "night", DANA.user, NOW))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE freezes SET created = 'long ago'")
    still = "A freeze cannot be read: changes may still be refused."
    for line in ("orders", "gone", "--project acme-old"):
        said = str(full.type(f"unfreeze {line}", ALEX))
        assert "unfroze" in said or "lifted a freeze of" in said
        assert still in said
    last = str(full.type("unfreeze --all", ALEX))
    assert "unfroze" in last
    assert still not in last
    assert [each.event for each in store.audit()].count("unfrozen") == 4
    assert store.freezes(NOW) == ()


def test_a_request_that_cannot_be_read_keeps_nobody_from_making_one(
    full: CommandService, tmp_path: Path
) -> None:
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE requests SET action = 'levitate'")
        raw.execute("DELETE FROM freezes")
    full.type("promote billing")
    (made,) = full.ctx.store.requests(skip=pass_over)
    assert (made.action, made.state) == (Action.PROMOTE, RequestState.CONFIRMING)


def test_a_job_whose_row_cannot_be_read_is_shown_as_the_service_has_it(
    full: CommandService, tmp_path: Path
) -> None:
    """Its delay is not known: nobody knows whether it was measured after the last resume."""
    job = full.ctx.dms.get_job(ORDERS)
    full.ctx.store.save_known([JobSnapshot(job, NOW, NOW)])
    assert resumed_at(full.ctx.store, job, NOW) is None
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE known_jobs SET flags = '['")
    assert isinstance(full.type("show orders"), JobCard)
    assert resumed_at(full.ctx.store, job, NOW) == NOW
    mark_timelines_dirty(full.ctx.store, ORDERS, ["C1"])


@pytest.mark.parametrize("state", [RunState.FOLLOWING, RunState.FAILED])
def test_a_run_that_cannot_be_read_takes_no_card_away(
    full: CommandService, tmp_path: Path, state: RunState
) -> None:
    store = full.ctx.store
    store.add_request(make.request("r2", "orders", state=RequestState.RUNNING))
    store.add_run(make.run("u1", request="r2", job=ORDERS, state=state, called=NOW, ended=NOW))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE runs SET action = 'levitate'")
    card = full.type("show orders")
    assert isinstance(card, JobCard)
    what = "an action is under way" if state is RunState.FOLLOWING else "the last action on it failed"
    assert [str(each) for each in card.unknown if str(each).startswith(f"whether {what}: ")] != []
    assert usual_duration(store, Action.STOP) is None


def test_how_long_an_action_takes_is_told_from_the_runs_that_can_be_read(
    full: CommandService, tmp_path: Path
) -> None:
    store = full.ctx.store
    store.add_request(make.request("r2", "orders", state=RequestState.RUNNING))
    ended: dict[str, Any] = {"state": RunState.SUCCEEDED, "called": NOW, "ended": NOW + timedelta(seconds=40)}
    for at in range(4):
        store.add_run(make.run(f"u{at}", request="r2", job=ORDERS, **ended))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE runs SET action = 'levitate' WHERE id = 'u3'")
    assert usual_duration(store, Action.STOP) == 40


def test_who_began_what_is_cancelled_is_not_known_where_a_run_cannot_be_read(
    dms: DmsServer, full: CommandService, tmp_path: Path
) -> None:
    dms.control.operation_seconds(36_000.0)
    store = full.ctx.store
    cast(Gateway, full.ctx.dms).stop(full.ctx.dms.get_job(ORDERS))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("DELETE FROM requests")
        raw.execute("DELETE FROM freezes")
    full.type("cancel orders")
    (by_others,) = store.requests()
    assert by_others.facts.started_by == "outside"
    store.add_run(make.run("u1", request="r2", job=ORDERS, state=RunState.FAILED, ended=NOW))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE runs SET action = 'levitate'")
        raw.execute("DELETE FROM requests")
    full.type("cancel orders")
    (asked,) = store.requests()
    assert asked.facts.started_by == ""
    assert any("*Started by*: not known" in each for each in asked.facts.changes)


def test_a_delay_does_not_count_where_an_event_of_the_job_cannot_be_read(
    full: CommandService, tmp_path: Path
) -> None:
    """That event may be its last resume, and what was measured before it says nothing."""
    job = full.ctx.dms.get_job(ORDERS)
    full.ctx.store.add_event(Event(ORDERS, job.create_time, NOW, "changed", after="RUNNING/CDC"))
    assert resumed_at(full.ctx.store, job, NOW) is None
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE events SET at = 'long ago'")
    assert isinstance(full.type("show orders"), JobCard)
    assert resumed_at(full.ctx.store, job, NOW) == NOW


@pytest.mark.parametrize("line", ["unwatch --all --dm", "unwatch all --dm", "unwatch orders --dm"])
def test_a_subscription_that_cannot_be_read_is_not_ended_and_that_is_said(
    full: CommandService, tmp_path: Path, line: str
) -> None:
    stays = "Not ended: 1 subscription that cannot be read from the database."
    store = full.ctx.store
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE watches SET only = '['")
    said = words(full.type(line))
    assert " that can be read" in said
    assert stays in said
    store.add_watch(Watch("w2", DANA.user, DANA.user, jobs=ORDERS if "orders" in line else EVERYTHING))
    said = words(full.type(line))
    assert "is no longer subscribed" in said
    assert stays in said
    assert store.watches(skip=pass_over) == ()


def test_a_deleted_job_is_known_by_a_row_that_cannot_be_read(full: CommandService, tmp_path: Path) -> None:
    gone = job_name(PROJECT, PLACES[0], "gone")
    full.ctx.store.add_event(Event(gone, NOW, NOW, "deleted"))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE events SET at = 'long ago'")
    assert "is gone: the service no longer has it" in words(full.type("show gone"))


@pytest.mark.parametrize(
    ("line", "change", "count"),
    [
        ('schedule --move orders --at "in 3h"', "requests SET action = 'levitate'", "1 request"),
        ("cutover orders --last", "cutovers SET plan = '['", "1 cutover"),
    ],
)
def test_nothing_is_not_said_of_a_job_while_a_row_cannot_be_read(
    full: CommandService, tmp_path: Path, line: str, change: str, count: str
) -> None:
    """It may be the one that is meant."""
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute(f"UPDATE {change}")
    try:
        said = words(full.type(line))
    except UsageError as error:
        said = str(error)
    assert f"Not looked at: {count} that cannot be read" in said


def test_a_cutover_that_cannot_be_read_concerns_its_own_jobs_alone(
    full: CommandService, tmp_path: Path
) -> None:
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE cutovers SET plan = '['")
        raw.execute("DELETE FROM freezes")
        raw.execute("DELETE FROM requests")
    for line, warned in (("stop billing", False), ("stop orders", True)):
        full.type(line)
        (made, *_) = full.ctx.store.requests()
        assert any("cutover that cannot be read" in each for each in made.warning) is warned, line


def test_a_job_that_cannot_be_read_may_be_a_failback_job(
    full: CommandService, dms: DmsServer, tmp_path: Path
) -> None:
    ends = {"source_engine": "SQLSERVER", "destination_engine": "POSTGRESQL"}
    dms.control.add_job("legacy", state="STOPPED", phase="CDC", **ends)
    full.ctx.store.save_known([JobSnapshot(full.ctx.dms.get_job(ORDERS), NOW, NOW)])
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("DELETE FROM freezes")
        for unread in (False, True):
            raw.execute(
                "UPDATE known_jobs SET flags = '['" if unread else "UPDATE known_jobs SET flags = flags"
            )
            full.type("delete legacy")
            said = "Not all jobs can be read" in str(full.ctx.store.requests(limit=1)[0].warning)
            assert said is unread


def test_databases_that_cannot_be_read_break_no_list(full: CommandService, tmp_path: Path) -> None:
    job = full.ctx.dms.get_job(ORDERS)
    full.ctx.store.save_known([JobSnapshot(job, NOW, NOW)])
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE known_jobs SET databases = '[FAILED'")
    ((faulty,),) = full.ctx.store.faulty_databases([ORDERS]).values()
    assert faulty.id.database == "cannot be read from the database"
    assert faulty.state != ObjectState.FAILED, "nobody knows that it failed"
    assert is_faulty(faulty)
