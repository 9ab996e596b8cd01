"""What the actions do over time: dumps, replication, and the destination's databases."""

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import clouddms_v1

from sandbox.dms import DmsControl
from tests.waiting import until

from .conftest import PARENT

Client = clouddms_v1.DataMigrationServiceClient
NAME = f"{PARENT}/migrationJobs/shop"
State = clouddms_v1.MigrationJob.State
Phase = clouddms_v1.MigrationJob.Phase


def databases(job: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {d["name"]: (d["state"], d["phase"]) for d in job["databases"]}


def destination(control: DmsControl) -> dict[str, Any]:
    (found,) = control.destinations()
    return found


def sized(*sizes: tuple[str, float]) -> list[dict[str, Any]]:
    return [{"name": name, "dump_seconds": seconds} for name, seconds in sizes]


def test_a_started_job_dumps_database_by_database_and_then_replicates(
    client: Client, control: DmsControl
) -> None:
    control.add_job(
        "shop", state="NOT_STARTED", databases=sized(("a", 1000), ("b", 3000)), dump_parallel_level="MIN"
    )
    started = client.start_migration_job(request={"name": NAME}).result(timeout=60)
    assert (started.state, started.phase) == (State.RUNNING, Phase.FULL_DUMP)
    assert databases(control.job("shop")) == {
        "a": ("RUNNING", "FULL_DUMP"),
        "b": ("NOT_STARTED", "PHASE_UNSPECIFIED"),
    }
    control.clock(advance_seconds=1500)
    assert databases(control.job("shop")) == {"a": ("RUNNING", "CDC"), "b": ("RUNNING", "FULL_DUMP")}
    assert control.job("shop")["phase"] == "FULL_DUMP"
    control.clock(advance_seconds=3000)
    job = client.get_migration_job(name=NAME)
    assert (job.state, job.phase) == (State.RUNNING, Phase.CDC)
    assert destination(control)["databases"] == {"a": "REPLICATING", "b": "REPLICATING"}


def test_more_parallelism_loads_more_databases_at_once(client: Client, control: DmsControl) -> None:
    names = [f"d{n}" for n in range(10)]
    for level, running in (("MIN", 1), ("OPTIMAL", 4), ("MAX", 8)):
        control.add_job("shop", state="NOT_STARTED", databases=names, dump_parallel_level=level)
        client.start_migration_job(request={"name": NAME}).result(timeout=60)
        states = databases(control.job("shop")).values()
        assert list(states).count(("RUNNING", "FULL_DUMP")) == running


def test_a_one_time_job_completes_by_itself(client: Client, control: DmsControl) -> None:
    control.add_job("shop", state="NOT_STARTED", type="ONE_TIME", databases=["a"])
    client.start_migration_job(request={"name": NAME}).result(timeout=60)
    control.clock(advance_seconds=1000)
    job = client.get_migration_job(name=NAME)
    assert job.state == State.COMPLETED
    assert job.end_time is not None
    assert databases(control.job("shop")) == {"a": ("COMPLETED", "FULL_DUMP")}
    assert destination(control)["role"] == "PRIMARY"


def test_progress_follows_the_speed_of_the_clock(client: Client, control: DmsControl) -> None:
    control.add_job("shop", state="NOT_STARTED", databases=sized(("a", 600)))
    client.start_migration_job(request={"name": NAME}).result(timeout=60)
    control.clock(factor=5000)
    until(lambda: control.job("shop")["phase"], lambda phase: phase == "CDC")


def test_a_stopped_dump_goes_no_further_and_a_restart_wipes_it(client: Client, control: DmsControl) -> None:
    control.add_job("shop", phase="FULL_DUMP", databases=sized(("a", 500), ("b", 5000)))
    control.clock(advance_seconds=600)
    stopped = client.stop_migration_job(request={"name": NAME}).result(timeout=60)
    assert (stopped.state, stopped.phase) == (State.STOPPED, Phase.FULL_DUMP)
    control.clock(advance_seconds=90000)
    assert databases(control.job("shop")) == {"a": ("STOPPED", "CDC"), "b": ("STOPPED", "FULL_DUMP")}
    with pytest.raises(exceptions.FailedPrecondition):
        client.resume_migration_job(request={"name": NAME})
    restarted = client.restart_migration_job(request={"name": NAME}).result(timeout=60)
    assert (restarted.state, restarted.phase) == (State.RUNNING, Phase.FULL_DUMP)
    assert sorted(destination(control)["wiped"]) == ["a", "b"]
    assert destination(control)["loads"] == {"a": 2, "b": 2}
    control.clock(advance_seconds=6000)
    assert control.job("shop")["phase"] == "CDC"


def test_a_restart_brings_databases_created_since(client: Client, control: DmsControl) -> None:
    control.add_job("shop", state="FAILED", phase="FULL_DUMP", databases=["a"], error="no free slots")
    assert client.get_migration_job(name=NAME).error.message == "no free slots"
    control.set_job("shop", source_databases=["a", "fresh"])
    job = client.restart_migration_job(request={"name": NAME}).result(timeout=60)
    assert not job.error.message
    assert set(databases(control.job("shop"))) == {"a", "fresh"}
    control.clock(advance_seconds=1000)
    assert databases(control.job("shop"))["fresh"] == ("RUNNING", "CDC")


def test_stop_and_resume_while_replicating(client: Client, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["a"])
    stopped = client.stop_migration_job(request={"name": NAME}).result(timeout=60)
    assert (stopped.state, stopped.phase) == (State.STOPPED, Phase.CDC)
    resumed = client.resume_migration_job(request={"name": NAME}).result(timeout=60)
    assert (resumed.state, resumed.phase) == (State.RUNNING, Phase.CDC)
    assert databases(control.job("shop")) == {"a": ("RUNNING", "CDC")}
    assert destination(control)["wiped"] == []


@pytest.mark.parametrize("state", ["RUNNING", "STOPPED", "FAILED"])
def test_promotion_goes_through_its_phase_to_completion(
    client: Client, control: DmsControl, state: str
) -> None:
    control.operation_seconds(300)
    control.add_job("shop", state=state, phase="CDC", databases=["a", "b"])
    operation = client.promote_migration_job(request={"name": NAME})
    job = client.get_migration_job(name=NAME)
    assert (job.state, job.phase) == (State.RUNNING, Phase.PROMOTE_IN_PROGRESS)
    control.clock(advance_seconds=301)
    assert operation.result(timeout=60).state == State.COMPLETED
    assert set(databases(control.job("shop")).values()) == {("COMPLETED", "PROMOTED")}
    assert destination(control)["role"] == "PRIMARY"


def test_the_changing_states_last_as_long_as_the_operation(client: Client, control: DmsControl) -> None:
    control.operation_seconds(300)
    passing = {"start": "STARTING", "stop": "STOPPING", "resume": "RESUMING"}
    control.add_job("shop", state="NOT_STARTED")
    for verb, state in passing.items():
        operation = getattr(client, f"{verb}_migration_job")(request={"name": NAME})
        assert control.job("shop")["state"] == state
        assert not operation.done()
        control.clock(advance_seconds=2000)
        operation.result(timeout=60)
    control.set_job("shop", state="FAILED", phase="CDC")
    client.restart_migration_job(request={"name": NAME})
    assert control.job("shop")["state"] == "RESTARTING"
    assert [s["state"] for s in control.job("shop")["history"]] == [
        "NOT_STARTED",
        "STARTING",
        "RUNNING",
        "RUNNING",
        "STOPPING",
        "STOPPED",
        "RESUMING",
        "RUNNING",
        "FAILED",
        "RESTARTING",
    ]


@pytest.mark.parametrize("provider", ["CLOUDSQL", "ALLOYDB"])
@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("state", ["RUNNING", "COMPLETED"])
def test_what_a_deletion_takes_along(
    provider: str, force: bool, state: str, client: Client, control: DmsControl
) -> None:
    """Reference of `DeleteMigrationJobRequest.force`; "Manage migration jobs" on completed jobs."""
    control.add_job("shop", state=state, databases=["a"], destination_provider=provider)
    job = client.get_migration_job(name=NAME)
    client.delete_migration_job(request={"name": NAME, "force": force}).result(timeout=60)
    with pytest.raises(exceptions.NotFound):
        client.get_migration_job(name=NAME)
    assert client.get_connection_profile(name=job.source).name == job.source
    # "The destination CloudSQL connection profile is always deleted with the migration job."
    if provider == "CLOUDSQL":
        with pytest.raises(exceptions.NotFound):
            client.get_connection_profile(name=job.destination)
    else:
        assert client.get_connection_profile(name=job.destination).name == job.destination
    gone = force and state == "RUNNING"
    assert destination(control)["exists"] is not gone
    assert bool(destination(control)["databases"]) is not gone
