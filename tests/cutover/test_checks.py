"""All checks of a cutover, read from the local service and from a store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cutover.checks import Checks
from bot.cutover.guards import PROMOTE_PERMISSION
from bot.dms.gateway import Gateway
from bot.dms.model import Job, job_name
from bot.dms.rules import Action
from bot.policy.access import Access
from bot.store import Store, open_store
from bot.store.cutover import CheckLine, CheckResult, Cutover, CutoverPlan, CutoverState
from bot.store.records import Freeze, JobSnapshot, Person, Run, RunState
from sandbox.dms import DmsControl, DmsServer
from tests.store import make
from tests.store.raw import Raw

PLACE = "europe-west1"
DANA = Person("T1", "U-dana", "C1")
HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def dms() -> Iterator[DmsServer]:
    with DmsServer(port=0, seed="empty") as started:
        yield started


@pytest.fixture
def control(dms: DmsServer) -> DmsControl:
    dms.control.reset("empty")
    dms.control.add_job(
        "orders", location=PLACE, phase="CDC", databases=["a", "b"], replicated_for=3600, sec_lag=0
    )
    dms.control.add_job("billing", location=PLACE, phase="CDC", replicated_for=3600, sec_lag=240)
    return dms.control


@pytest.fixture
def gateway(dms: DmsServer) -> Iterator[Gateway]:
    made = Gateway(dms.project, (PLACE,), dms.grpc_host, dms.rest_host, deadline_s=5)
    yield made
    made.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(str(tmp_path / "bot.db"))
    yield made
    made.close()


@pytest.fixture
def checks(gateway: Gateway, store: Store) -> Checks:
    return Checks(gateway, store, Access(), now)


def name(job: str, project: str) -> str:
    return job_name(project, PLACE, job)


def a_cutover(*jobs: str, project: str, id: str = "c") -> Cutover:
    plan = CutoverPlan(tuple(name(job, project) for job in jobs), commander="U-sam", app_owner="U-raj")
    return Cutover(id, "T1", DANA, CutoverState.SCHEDULED, plan, now(), now())


def by_guard(lines: tuple[CheckLine, ...], job: str = "") -> dict[str, CheckLine]:
    return {each.guard: each for each in lines if each.job.endswith(job) and bool(each.job) == bool(job)}


def test_a_wave_is_looked_at_job_by_job(dms: DmsServer, control: DmsControl, checks: Checks) -> None:
    lines = checks.run(a_cutover("orders", "billing", project=dms.project))
    orders, billing = by_guard(lines, "/orders"), by_guard(lines, "/billing")
    go = {"state", "errors", "objects", "delay", "permission", "operation", "freeze", "lock", "alone"}
    assert {guard for guard in orders if orders[guard].result is CheckResult.GO} >= go | {"destination"}
    assert (billing["delay"].result, "4 min" in billing["delay"].text) == (CheckResult.NO_GO, True)
    plan = by_guard(lines)
    assert {each.guard: each.result for each in plan.values()} == {
        "approvals": CheckResult.GO,
        "commander": CheckResult.WARN,
        "do_not_disturb": CheckResult.NOT_CHECKED,
        "rehearsal": CheckResult.WARN,
    }


def test_what_objects_is_seen(
    dms: DmsServer, control: DmsControl, checks: Checks, store: Store, gateway: Gateway
) -> None:
    orders = name("orders", dms.project)
    control.permissions(["datamigration.migrationjobs.get", "cloudsql.instances.get"])
    control.monitoring(available=False)
    store.add_freeze(Freeze("f", orders, now() + 3 * HOUR, "year end", "U-kim", now()))
    store.add_run(Run("r", "q", orders, Action.EDIT, RunState.FOLLOWING, "", created=now(), by="U-kim"))
    store.add_cutover(a_cutover("orders", project=dms.project, id="another"))
    control.operation_seconds(600)
    gateway.verify(gateway.get_job(orders))
    found = by_guard(checks.run(a_cutover("orders", project=dms.project)), "/orders")
    no_go = {guard for guard, line in found.items() if line.result is CheckResult.NO_GO}
    assert no_go == {"permission", "freeze", "lock", "alone", "operation"}
    assert PROMOTE_PERMISSION in found["permission"].text
    assert "year end" in found["freeze"].text
    not_checked = {guard for guard, line in found.items() if line.result is CheckResult.NOT_CHECKED}
    assert not_checked >= {"delay", "trend", "unsupported", "destination", "maintenance"}


@pytest.mark.parametrize(
    ("first", "moved", "result"),
    [
        (CutoverState.SCHEDULED, CutoverState.AWAITING_APPROVAL, {CheckResult.GO}),
        (CutoverState.READY, CutoverState.DRAFT, {CheckResult.GO}),
        (CutoverState.STOPPING, CutoverState.READY, {CheckResult.NO_GO}),
    ],
)
def test_a_plan_is_no_rival_of_itself_at_another_time(
    dms: DmsServer,
    control: DmsControl,
    checks: Checks,
    store: Store,
    first: CutoverState,
    moved: CutoverState,
    result: set[CheckResult],
) -> None:
    """The first is valid until the new one is approved; begun, it stands in the way of the new one."""
    old = replace(a_cutover("orders", project=dms.project, id="old"), state=first)
    new = a_cutover("orders", project=dms.project, id="new")
    new = replace(new, state=moved, plan=replace(new.plan, moves="old"))
    for each in (old, new):
        store.add_cutover(each)
    found = {by_guard(checks.run(each), "/orders")["alone"].result for each in (old, new)}
    assert found == result


def test_another_job_of_the_destination_is_not_named(
    dms: DmsServer, control: DmsControl, checks: Checks, store: Store, gateway: Gateway
) -> None:
    """Whoever reads the card may be kept from that job."""
    orders = gateway.get_job(name("orders", dms.project))
    secret = replace(gateway.get_job(name("billing", dms.project)), destination=orders.destination)
    store.save_known([JobSnapshot(each, now(), now()) for each in (orders, secret)])
    store.add_cutover(a_cutover("billing", project=dms.project, id="another"))
    line = by_guard(checks.run(a_cutover("orders", project=dms.project)), "/orders")["alone"]
    assert line.result is CheckResult.NO_GO
    assert line.text == "Another cutover has the same destination, planned by <@U-dana>."


@pytest.mark.parametrize("change", ["plan = '['", "state = 'levitating'"])
def test_another_cutover_that_cannot_be_read_objects_only_to_what_it_may_be_of(
    dms: DmsServer,
    control: DmsControl,
    checks: Checks,
    store: Store,
    gateway: Gateway,
    tmp_path: Path,
    change: str,
) -> None:
    orders, billing = (gateway.get_job(name(each, dms.project)) for each in ("orders", "billing"))
    store.add_cutover(a_cutover("billing", project=dms.project, id="another"))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute(f"UPDATE cutovers SET {change}")

    def alone(job: str) -> CheckLine:
        return by_guard(checks.run(a_cutover(job, project=dms.project)), f"/{job}")["alone"]

    assert "cannot be read from the database" in alone("billing").text
    assert alone("orders").result is CheckResult.NO_GO, "where billing goes is not known"
    assert orders.destination.profile != billing.destination.profile
    store.save_known([JobSnapshot(billing, now(), now())])
    assert alone("orders").result is CheckResult.GO
    assert alone("billing").result is CheckResult.NO_GO
    store.save_known([JobSnapshot(replace(billing, destination=orders.destination), now(), now())])
    assert alone("orders").result is CheckResult.NO_GO


def test_another_cutover_whose_job_cannot_be_read_objects_only_to_its_destination(
    dms: DmsServer, control: DmsControl, checks: Checks, store: Store, gateway: Gateway, tmp_path: Path
) -> None:
    """Where its job goes is in its request, as it was planned."""
    orders, billing = (gateway.get_job(name(each, dms.project)) for each in ("orders", "billing"))
    store.save_known([JobSnapshot(billing, now(), now())])

    def plan(id: str, job: Job) -> None:
        store.add_request(make.request(id, jobs=(job,), databases={}))
        store.add_cutover(replace(a_cutover("billing", project=dms.project, id=id), request=id))

    def alone() -> CheckLine:
        return by_guard(checks.run(a_cutover("orders", project=dms.project)), "/orders")["alone"]

    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE known_jobs SET flags = '['")
        plan("elsewhere", billing)
        assert alone().result is CheckResult.GO
        plan("there", replace(billing, destination=orders.destination))
        assert "has the same destination" in alone().text
        raw.execute("UPDATE requests SET action = 'levitate'")
    assert "cannot be read from the database" in alone().text
    assert alone().result is CheckResult.NO_GO


def test_a_freeze_or_run_that_cannot_be_read_objects_and_stops_no_check(
    dms: DmsServer, control: DmsControl, checks: Checks, store: Store, tmp_path: Path
) -> None:
    orders = name("orders", dms.project)
    store.add_freeze(Freeze("f", orders, now() + 3 * HOUR, "year end", "U-kim", now()))
    verified = Run("r1", "q", orders, Action.VERIFY, RunState.SUCCEEDED, "", ended=now())
    for each in (verified, Run("r2", "q", orders, Action.EDIT, RunState.FAILED, "", ended=now())):
        store.add_run(each)

    def results() -> dict[str, CheckResult]:
        found = by_guard(checks.run(a_cutover("orders", project=dms.project)), "/orders")
        return {each: found[each].result for each in ("freeze", "lock", "verify")}

    assert list(results().values()) == [CheckResult.NO_GO, CheckResult.GO, CheckResult.GO]
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE freezes SET created = 'long ago'")
        raw.execute("UPDATE runs SET action = 'levitate' WHERE id = 'r2'")
        ended = [CheckResult.NO_GO, CheckResult.GO, CheckResult.NOT_CHECKED]
        assert list(results().values()) == ended, "it has ended, but may be a newer verification"
        raw.execute("UPDATE runs SET state = 'levitating' WHERE id = 'r2'")
    assert results()["lock"] is CheckResult.NO_GO


def test_a_job_that_cannot_be_read(dms: DmsServer, control: DmsControl, checks: Checks) -> None:
    lines = checks.run(a_cutover("gone", project=dms.project))
    found = by_guard(lines, "/gone")
    assert {found[guard].result for guard in ("state", "errors", "delay", "permission", "destination")} == {
        CheckResult.NOT_CHECKED
    }


def test_a_verification_counts_for_a_day(
    dms: DmsServer, control: DmsControl, checks: Checks, store: Store
) -> None:
    run = Run("r", "q", name("orders", dms.project), Action.VERIFY, RunState.SUCCEEDED, "", ended=now())
    store.add_run(replace(run, id="old", state=RunState.FAILED, ended=now() - 3 * HOUR))
    store.add_run(run)
    found = by_guard(checks.run(a_cutover("orders", project=dms.project)), "/orders")
    assert found["verify"].result is CheckResult.GO
