"""Running with errors, and failed jobs that go on by themselves.

"Migration job statuses" (PostgreSQL, SQL Server, Oracle), Running with errors: "Faulty operations will be
retried, and errors clear automatically once the underlying issue is resolved", with the actions Stop, Restart
and Promote. Failed: the guides of PostgreSQL and Oracle say that the job may resume by itself, those of MySQL
and SQL Server that it needs a restart.
"""

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import clouddms_v1

from sandbox.dms import DmsControl

from .conftest import PARENT, Rest
from .engines import ENGINES

Client = clouddms_v1.DataMigrationServiceClient
NAME = f"{PARENT}/migrationJobs/shop"
LOST = {"code": "UNAVAILABLE", "message": "could not receive data from WAL stream"}


def shown(client: Client) -> tuple[str, str, str]:
    job = client.get_migration_job(name=NAME)
    return job.state.name, job.phase.name, job.error.message


def restart_code(error: exceptions.FailedPrecondition) -> str:
    found = clouddms_v1.MigrationJobVerificationError.pb(clouddms_v1.MigrationJobVerificationError())
    details = [d for d in error.details if hasattr(d, "Unpack") and d.Unpack(found)]
    assert len(details) == 1
    return str(found.ErrorCode.Name(found.error_code))


def test_an_error_shows_while_the_job_runs_and_clears_by_itself(
    client: Client, rest: Rest, control: DmsControl
) -> None:
    control.add_job("shop", phase="CDC", error=LOST, clears_after=600)
    assert shown(client) == ("RUNNING", "CDC", LOST["message"])
    assert rest.call("GET", NAME, "MigrationJob")["error"]["message"] == LOST["message"]
    control.clock(advance_seconds=500)
    assert shown(client)[2] == LOST["message"]
    control.clock(advance_seconds=200)
    assert shown(client) == ("RUNNING", "CDC", "")


def test_an_error_comes_and_is_fixed(client: Client, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["a", "b"])
    control.set_job("shop", error=LOST)
    control.set_database("shop", "b", state="FAILED", phase="CDC", error="lost")
    assert shown(client) == ("RUNNING", "CDC", LOST["message"])
    fixed = control.fix("shop")
    assert shown(client) == ("RUNNING", "CDC", "")
    assert [(d["state"], d["error"]) for d in fixed["databases"]] == [("RUNNING", None)] * 2


def test_a_new_error_outlasts_the_end_of_the_first(client: Client, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", error="first", clears_after=100)
    control.set_job("shop", error="second")
    control.clock(advance_seconds=1e6)
    assert shown(client)[2] == "second"


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ({"state": "FAILED", "phase": "CDC", "error": "x"}, ("RUNNING", "CDC", None)),
        ({"state": "RUNNING", "phase": "CDC", "error": "x"}, ("RUNNING", "CDC", None)),
        # "Manage migration jobs" (PostgreSQL): failed databases are restarted.
        ({"state": "FAILED", "phase": "FULL_DUMP", "error": "x"}, ("FAILED", "FULL_DUMP", "x")),
    ],
)
def test_the_error_of_a_database_clears_by_itself(
    change: dict[str, Any], after: tuple[str, str, str | None], control: DmsControl
) -> None:
    control.add_job("shop", phase="CDC", databases=["a", "b"])
    control.set_database("shop", "b", **change, clears_after=60)
    control.clock(advance_seconds=61)
    healthy, found = control.job("shop")["databases"]
    error = found["error"] and found["error"]["message"]
    assert (found["state"], found["phase"], error) == after
    assert healthy["state"] == "RUNNING"


def test_an_error_is_kept_over_a_change_and_a_stop(client: Client, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", error=LOST)
    control.operation_seconds(60)
    client.update_migration_job(
        request={
            "migration_job": clouddms_v1.MigrationJob(name=NAME, display_name="Shop"),
            "update_mask": {"paths": ["display_name"]},
        }
    )
    assert shown(client) == ("UPDATING", "CDC", LOST["message"])
    control.clock(advance_seconds=61)
    assert shown(client) == ("RUNNING", "CDC", LOST["message"])
    client.stop_migration_job(request={"name": NAME})
    control.clock(advance_seconds=61)
    assert shown(client) == ("STOPPED", "CDC", "")
    client.resume_migration_job(request={"name": NAME})
    control.clock(advance_seconds=61)
    assert shown(client) == ("RUNNING", "CDC", LOST["message"])


def test_an_error_that_is_fixed_during_a_stop_is_gone_after_it(client: Client, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", error=LOST, clears_after=600)
    client.stop_migration_job(request={"name": NAME}).result(timeout=60)
    control.clock(advance_seconds=700)
    client.resume_migration_job(request={"name": NAME}).result(timeout=60)
    assert shown(client) == ("RUNNING", "CDC", "")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_whole_restart_while_running_takes_an_error(
    engine: str, client: Client, control: DmsControl
) -> None:
    control.add_job("shop", phase="CDC", databases=["a", "b"], **ENGINES[engine])
    with pytest.raises(exceptions.FailedPrecondition) as healthy:
        client.restart_migration_job(request={"name": NAME})
    assert restart_code(healthy.value) == "CANT_RESTART_RUNNING_MIGRATION"
    assert control.destinations()[0]["wiped"] == []
    control.set_job("shop", error=LOST)
    if engine == "MySQL":  # Its page has no row Running with errors.
        with pytest.raises(exceptions.FailedPrecondition):
            client.restart_migration_job(request={"name": NAME})
        return
    client.restart_migration_job(request={"name": NAME}).result(timeout=60)
    assert shown(client) == ("RUNNING", "FULL_DUMP", "")
    assert control.destinations()[0]["wiped"] == ["a", "b"]


def test_a_failed_database_lets_the_whole_job_be_restarted(client: Client, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["a", {"name": "b", "error": "x", "phase": "CDC"}])
    client.restart_migration_job(request={"name": NAME}).result(timeout=60)
    assert {d["phase"] for d in control.job("shop")["databases"]} == {"FULL_DUMP"}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_job_that_failed_goes_on_once_its_cause_is_fixed(
    engine: str, client: Client, control: DmsControl
) -> None:
    control.add_job("shop", state="FAILED", phase="CDC", error=LOST, databases=["a"], **ENGINES[engine])
    control.fix("shop")
    if engine in ("MySQL", "SQL Server"):
        assert shown(client) == ("FAILED", "CDC", LOST["message"])
        return
    assert shown(client) == ("RUNNING", "CDC", "")
    assert control.job("shop")["databases"][0]["state"] == "RUNNING"
    assert [(h["state"], h["phase"]) for h in control.job("shop")["history"]] == [
        ("FAILED", "CDC"),
        ("RUNNING", "CDC"),
    ]


def test_a_job_that_failed_in_its_dump_goes_on_with_it(client: Client, control: DmsControl) -> None:
    control.add_job("shop", state="FAILED", phase="FULL_DUMP", error=LOST, databases=["a"], clears_after=60)
    control.clock(advance_seconds=61)
    assert shown(client) == ("RUNNING", "FULL_DUMP", "")
    control.clock(advance_seconds=700)
    assert shown(client) == ("RUNNING", "CDC", "")


def test_a_job_that_was_restarted_meanwhile_does_not_go_on(client: Client, control: DmsControl) -> None:
    control.add_job("shop", state="FAILED", phase="CDC", error=LOST, databases=["a"], clears_after=60)
    client.restart_migration_job(request={"name": NAME}).result(timeout=60)
    control.set_job("shop", state="FAILED", phase="FULL_DUMP", error="another")
    control.clock(advance_seconds=61)
    assert shown(client) == ("FAILED", "FULL_DUMP", "another")
