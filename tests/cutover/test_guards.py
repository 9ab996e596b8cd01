"""Each guard by itself: what it takes for a go, and what it never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.cutover.guards import OVERRIDABLE, JobFacts, PlanFacts, blockers, of_job, of_plan
from bot.dms.destination import Destination
from bot.dms.errors import Denied, DmsError
from bot.dms.model import Database, Delay, DelayPoint, Endpoint, Fault, Lag, ObjectId, Operation
from bot.dms.rules import Action
from bot.dms.unsupported import UnsupportedEvents
from bot.store.cutover import CheckLine, CheckResult, Cutover, CutoverPlan, CutoverState, Override, Progress
from bot.store.records import Person, Run, RunState
from tests.jobs import a_job

NOW = datetime(2026, 12, 5, 1, 0, tzinfo=UTC)
BEGINS = NOW + timedelta(hours=1)
MINUTE = timedelta(minutes=1)
PROMOTE = "datamigration.migrationjobs.promote"
REFUSED = Denied("no access.", code="PERMISSION_DENIED")
JOB = a_job("orders", "RUNNING", "CDC", source=Endpoint("p/s", "POSTGRESQL", "CLOUDSQL", "shop:orders-old"))
OWN = Endpoint("p/s", "POSTGRESQL", "RDS", "db:5432")
MYSQL = Endpoint("p/s", "MYSQL", "CLOUDSQL", "orders-old")


def database(name: str, state: str = "RUNNING", phase: str = "CDC", error: Fault | None = None) -> Database:
    return Database(f"{JOB.name}/objects/{name}", ObjectId(name), state, phase, error)


def series(*seconds: float, newest: timedelta = MINUTE, name: str = "sales") -> Delay:
    """One sample a minute, the last of them `newest` ago."""
    times = [NOW - newest - index * MINUTE for index in range(len(seconds))][::-1]
    points = tuple(DelayPoint(at, value) for at, value in zip(times, seconds, strict=True))
    return Delay(seconds=Lag(points, {name: points[-1]}))


def cluster(**fields: Any) -> Destination:
    given: dict[str, Any] = {
        "kind": "AlloyDB cluster",
        "id": "orders-target",
        "state": "BOOTSTRAPPING",
        "serves": False,
    }
    return Destination(**(given | {"replicates": True} | fields))


def verified(state: RunState, ago: timedelta, note: str = "") -> Run:
    return Run("r", "q", JOB.name, Action.VERIFY, state, "", ended=NOW - ago, note=note)


FINE = JobFacts(
    job=JOB,
    databases=(database("sales"), database("old", "NOT_SELECTED", "")),
    delay=series(1, 0, 2, 0, 1, 0),
    unsupported=UnsupportedEvents(0),
    permissions=frozenset({PROMOTE}),
    operations=(Operation("o", "verify", done=True),),
    destination=cluster(),
    source={"sales": ()},
    verified=verified(RunState.SUCCEEDED, timedelta(hours=2)),
)


def found(facts: JobFacts, guard: str) -> CheckLine:
    return next(each for each in of_job(JOB.name, facts, BEGINS, NOW) if each.guard == guard)


def test_all_is_well() -> None:
    lines = list(of_job(JOB.name, FINE, BEGINS, NOW))
    assert [each for each in lines if each.result is not CheckResult.GO] == []
    assert {each.job for each in lines} == {JOB.name}
    assert len({each.guard for each in lines}) == len(lines) == 15


@pytest.mark.parametrize(
    ("guard", "change", "result", "words"),
    [
        ("state", {"job": replace(JOB, phase="FULL_DUMP")}, "no_go", "Running · full dump"),
        ("state", {"job": replace(JOB, state="STOPPED")}, "no_go", "Stopped · CDC"),
        ("state", {"replaced": True}, "no_go", "created again"),
        ("state", {"job": replace(JOB, phase="READY_FOR_PROMOTE")}, "go", "ready for promote"),
        ("state", {"job": replace(JOB, state="STATE_42")}, "no_go", "State 42 · CDC"),
        ("errors", {"job": replace(JOB, error=Fault(9, "slot is gone"))}, "no_go", "slot is gone"),
        ("errors", {"databases": (database("sales", "FAILED"),)}, "no_go", "sales"),
        ("errors", {"databases": (database("sales", error=Fault(9, "x")),)}, "no_go", "sales"),
        ("objects", {"databases": (database("sales", phase="FULL_DUMP"),)}, "no_go", "sales"),
        ("objects", {"databases": (database("sales", phase="PROMOTED"),)}, "no_go", "Promoted already"),
        ("objects", {"databases": ()}, "not_checked", "no databases"),
        ("unsupported", {"unsupported": UnsupportedEvents(3)}, "warn", "3 changes"),
        ("unsupported", {"unsupported": UnsupportedEvents(note="no access")}, "not_checked", "no access"),
        ("objects", {"databases": (database("new", "NOT_STARTED", ""),)}, "no_go", "Not in CDC yet: new"),
        ("objects", {"databases": (database("new", "RESTARTING"),)}, "no_go", "Not in CDC yet: new"),
        ("source_writes", {"job": replace(JOB, source=OWN)}, "not_checked", "no Cloud SQL instance"),
        ("source_writes", {"job": replace(JOB, source=MYSQL)}, "not_checked", "whole MySQL server"),
        ("source_writes", {"source": {}}, "not_checked", "no count"),
        ("delay", {"delay": series(60.0)}, "go", "1 min"),
        ("delay", {"delay": series(61.0)}, "no_go", "1 min 1 s"),
        ("delay", {"delay": series(0, newest=6 * MINUTE)}, "no_go", "6 min"),
        ("delay", {"delay": series(0, newest=-MINUTE)}, "not_checked", "1 min ahead"),
        ("delay", {"delay": Delay()}, "not_checked", "no replication delay"),
        ("delay", {"delay": series(-1)}, "not_checked", "sales"),
        ("delay", {"databases": (database("sales"), database("hr"))}, "not_checked", "hr"),
        ("trend", {"delay": series(1, 5, 10, 20, 30, 45)}, "no_go", "risen"),
        ("trend", {"delay": series(45, 30, 20, 10, 5, 1)}, "go", "not rising"),
        ("trend", {"delay": series(0, 0, 0)}, "not_checked", "Too few"),
        ("verify", {"verified": None}, "not_checked", "verify orders` does it"),
        ("verify", {"verified": verified(RunState.SUCCEEDED, timedelta(days=2))}, "not_checked", "last day"),
        ("verify", {"verified": verified(RunState.FAILED, MINUTE, "no route")}, "warn", "no route"),
        ("permission", {"permissions": frozenset()}, "no_go", PROMOTE),
        ("operation", {"operations": (Operation("o", "promote"),)}, "no_go", "promote"),
        ("freeze", {"frozen": "`orders` is frozen."}, "no_go", "frozen"),
        ("lock", {"locked": "<@U1>'s verify is running."}, "no_go", "verify"),
        ("alone", {"rival": "It is in another cutover."}, "no_go", "another"),
        ("destination", {"destination": cluster(state="FAILED", replicates=None)}, "no_go", "FAILED"),
        ("destination", {"destination": cluster(state="READY", serves=True, replicates=None)}, "go", "READY"),
        ("destination", {"destination": None}, "not_checked", "not known"),
        ("maintenance", {"destination": cluster(backup_running=True)}, "warn", "backup"),
        (
            "maintenance",
            {"destination": cluster(maintenance=BEGINS + timedelta(hours=2))},
            "warn",
            "2 h after",
        ),
        ("maintenance", {"destination": cluster(maintenance=BEGINS - timedelta(hours=3))}, "go", "near"),
    ],
)
def test_what_a_guard_says(guard: str, change: dict[str, Any], result: str, words: str) -> None:
    line = found(replace(FINE, **change), guard)
    assert (line.result, words in line.text) == (result, True), line


@pytest.mark.parametrize(
    ("field", "guards"),
    [
        ("job", {"state", "source_writes", "freeze", "lock", "alone"}),
        ("databases", {"errors", "objects"}),
        ("delay", {"delay", "trend"}),
        ("permissions", {"permission"}),
        ("operations", {"operation"}),
        ("destination", {"destination", "maintenance"}),
        ("source", {"source_writes"}),
    ],
)
def test_what_cannot_be_read_is_never_a_go(field: str, guards: set[str]) -> None:
    """Cutover guide of the project: a missing figure or a refusal is "not checked", never green."""
    changed: dict[str, DmsError] = {field: REFUSED}
    lines = list(of_job(JOB.name, replace(FINE, **changed), BEGINS, NOW))  # type: ignore[arg-type]
    assert {each.guard for each in lines if each.result is CheckResult.NOT_CHECKED} == guards
    assert all("no access" in each.text for each in lines if each.guard in guards)


def cutover(**fields: Any) -> Cutover:
    plan = CutoverPlan((JOB.name,), commander="U-sam", deputy="U-kim", app_owner="U-raj")
    given: dict[str, Any] = {"rehearsed": NOW - timedelta(days=3), "progress": Progress(here={"U-kim": NOW})}
    who = Person("T1", "U-dana")
    return Cutover("c", "T1", who, CutoverState.READY, plan, NOW, NOW, **(given | fields))


@pytest.mark.parametrize(
    ("fields", "facts", "guard", "result"),
    [
        ({}, PlanFacts(2, 1), "approvals", "no_go"),
        ({}, PlanFacts(2, 2), "approvals", "go"),
        ({"rehearsal": True}, PlanFacts(0, 0), "approvals", "go"),
        ({"progress": Progress()}, PlanFacts(0, 0), "commander", "warn"),
        ({"progress": Progress(here={"U-raj": NOW})}, PlanFacts(0, 0), "commander", "warn"),
        ({}, PlanFacts(0, 0), "commander", "go"),
        ({}, PlanFacts(0, 0, {"U-sam": True}), "do_not_disturb", "warn"),
        ({}, PlanFacts(0, 0, {"U-sam": None, "U-raj": False}), "do_not_disturb", "not_checked"),
        ({}, PlanFacts(0, 0, {"U-sam": False}), "do_not_disturb", "go"),
        ({}, PlanFacts(0, 0, left=("U-raj",)), "people", "no_go"),
        ({"rehearsed": None}, PlanFacts(0, 0), "rehearsal", "warn"),
        ({"rehearsed": NOW - timedelta(days=15)}, PlanFacts(0, 0), "rehearsal", "warn"),
        ({}, PlanFacts(0, 0), "rehearsal", "go"),
    ],
)
def test_people_and_approvals(fields: dict[str, Any], facts: PlanFacts, guard: str, result: str) -> None:
    lines = of_plan(cutover(**fields), facts, NOW)
    assert [each.result for each in lines if each.guard == guard] == [result]


def test_an_override_lifts_the_guard_of_its_job_alone() -> None:
    lines = [
        CheckLine(guard, CheckResult.NO_GO, "", job)
        for guard in ("delay", "permission")
        for job in ("orders", "billing")
    ]
    assert blockers(lines, ()) == tuple(lines)
    lifted = [Override(each.guard, "known", "U-kim", NOW, "orders") for each in lines]
    left = {(each.guard, each.job) for each in blockers(lines, lifted)}
    assert left == {("delay", "billing"), ("permission", "orders"), ("permission", "billing")}
    assert "permission" not in OVERRIDABLE


@pytest.mark.parametrize(
    ("then", "now", "holds"),
    [
        ("Delay 1 min 40 s", "Delay 1 min 38 s", True),
        ("Delay 1 min 40 s", "Delay 1 d 1 h", False),
        ("It is STOPPED.", "It is FAILED.", False),
        ("", "Delay 1 d 1 h", True),
    ],
)
def test_an_override_holds_for_what_its_approver_saw(then: str, now: str, holds: bool) -> None:
    line = CheckLine("delay", CheckResult.NO_GO, now, "orders")
    lifted = Override("delay", "known", "U-kim", NOW, "orders", then)
    assert (blockers([line], [lifted]) == ()) is holds


def test_what_decides_has_to_be_known() -> None:
    lines = [CheckLine(guard, CheckResult.NOT_CHECKED, "") for guard in ("delay", "state", "verify", "trend")]
    assert [each.guard for each in blockers(lines, ())] == ["delay", "state"]
    known = Override("delay", "the source is idle", "U-kim", NOW)
    assert [each.guard for each in blockers(lines, (known,))] == ["state"]


def test_a_source_without_a_delay_in_seconds_is_not_blocked() -> None:
    """Migration job metrics (SQL Server): the delay counts from the time in a backup file's name."""
    sql_server = replace(JOB, source=Endpoint("p/s", "SQLSERVER"), destination=Endpoint("p/d", "SQLSERVER"))
    line = found(replace(FINE, job=sql_server, delay=Delay()), "delay")
    assert (line.result, blockers([line], ())) == (CheckResult.WARN, ())
