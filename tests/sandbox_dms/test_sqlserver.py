"""SQL Server: the last log file, promotion when ready, and failback jobs.

Sources: "Finalize a migration" (SQL Server): a file `….trn.final` ends the continuous load, and the status
becomes Ready to promote; a promotion does not need it. Reference of `SqlServerHomogeneousMigrationJobConfig`.
"Failback migrations": prepared before the original is promoted, started after.
"""

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import clouddms_v1

from sandbox.dms import ControlError, DmsControl

from .conftest import PARENT, Rest
from .engines import ENGINES

Client = clouddms_v1.DataMigrationServiceClient
NAME = f"{PARENT}/migrationJobs/shop"
SQL_SERVER = ENGINES["SQL Server"]
CONFIG = "sqlserverHomogeneousMigrationJobConfig"


def status(control: DmsControl) -> tuple[str, str]:
    job = control.job("shop")
    return job["state"], job.get("phase", "")


def phases(control: DmsControl) -> list[str]:
    return [each["phase"] for each in control.job("shop")["databases"]]


def add(control: DmsControl, when_ready: bool = False, **values: Any) -> None:
    fields = {
        CONFIG: {
            "backupFilePattern": "(?<database>.*)_(?<timestamp>\\d*).trn",
            "databaseBackups": [{"database": "a"}, {"database": "b"}],
            **({"promoteWhenReady": True} if when_ready else {}),
        }
    }
    control.add_job("shop", fields=fields, databases=["a", "b"], **{"phase": "CDC", **SQL_SERVER, **values})


def test_ready_for_promote_comes_with_the_final_log_alone(client: Client, control: DmsControl) -> None:
    add(control)
    control.clock(advance_seconds=1e6)
    assert status(control) == ("RUNNING", "CDC")
    control.upload_final_log("shop", "a")
    control.clock(advance_seconds=61)
    assert status(control) == ("RUNNING", "CDC")
    assert phases(control) == ["READY_FOR_PROMOTE", "CDC"]
    control.upload_final_log("shop")
    assert status(control) == ("RUNNING", "CDC")
    control.clock(advance_seconds=61)
    assert status(control) == ("RUNNING", "READY_FOR_PROMOTE")
    client.promote_migration_job(request={"name": NAME}).result(timeout=60)
    assert status(control)[0] == "COMPLETED"


def test_a_promotion_does_not_wait_for_the_final_log(client: Client, control: DmsControl) -> None:
    add(control)
    client.promote_migration_job(request={"name": NAME}).result(timeout=60)
    assert status(control)[0] == "COMPLETED"


def test_a_job_that_promotes_when_ready_promotes_by_itself(
    client: Client, rest: Rest, control: DmsControl
) -> None:
    add(control, when_ready=True)
    assert rest.call("GET", NAME, "MigrationJob")[CONFIG]["promoteWhenReady"] is True
    control.operation_seconds(50)
    control.upload_final_log("shop", "a")
    control.clock(advance_seconds=61)
    assert phases(control) == ["PROMOTE_IN_PROGRESS", "CDC"]
    control.upload_final_log("shop", "b")
    control.clock(advance_seconds=1000)
    assert status(control)[0] == "COMPLETED"
    assert client.get_migration_job(name=NAME).state.name == "COMPLETED"


def test_promotion_when_ready_waits_for_another_operation(
    rest: Rest, client: Client, control: DmsControl
) -> None:
    add(control, when_ready=True)
    control.upload_final_log("shop")
    control.operation_seconds(300)
    rest.call("PATCH", NAME, "Operation", params={"updateMask": "displayName"}, json={"displayName": "x"})
    control.clock(advance_seconds=100)
    assert status(control) == ("UPDATING", "READY_FOR_PROMOTE")
    control.clock(advance_seconds=1000)
    assert status(control)[0] == "COMPLETED"


@pytest.mark.parametrize("ready", [False, True])
def test_promotion_when_ready_is_switched_on_a_running_job(
    ready: bool, rest: Rest, control: DmsControl
) -> None:
    add(control)
    control.upload_final_log("shop")
    control.clock(advance_seconds=100 if ready else 0)
    mask = f"{CONFIG}.promoteWhenReady"
    rest.call(
        "PATCH", NAME, "Operation", params={"updateMask": mask}, json={CONFIG: {"promoteWhenReady": True}}
    )
    shown = rest.call("GET", NAME, "MigrationJob")[CONFIG]
    assert (shown["promoteWhenReady"], len(shown["databaseBackups"])) == (True, 2)
    control.clock(advance_seconds=1000)
    assert status(control)[0] == "COMPLETED"


def test_a_stopped_job_reads_no_log_until_it_resumes(client: Client, control: DmsControl) -> None:
    add(control, state="STOPPED")
    control.upload_final_log("shop")
    control.clock(advance_seconds=1e6)
    assert status(control) == ("STOPPED", "CDC")
    client.resume_migration_job(request={"name": NAME}).result(timeout=60)
    assert status(control) == ("RUNNING", "CDC")
    control.clock(advance_seconds=61)
    assert status(control) == ("RUNNING", "READY_FOR_PROMOTE")


def test_a_job_stopped_when_ready_resumes_ready(client: Client, control: DmsControl) -> None:
    add(control, state="STOPPED", phase="READY_FOR_PROMOTE")
    client.resume_migration_job(request={"name": NAME}).result(timeout=60)
    assert status(control) == ("RUNNING", "READY_FOR_PROMOTE")
    assert phases(control) == ["READY_FOR_PROMOTE"] * 2


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "SQL Server"])
def test_other_engines_have_no_log_files(engine: str, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", **ENGINES[engine])
    with pytest.raises(ControlError, match="restores no log files"):
        control.upload_final_log("shop")


# ---- failback jobs


def test_a_failback_job_starts_once_its_original_is_promoted(
    client: Client, rest: Rest, control: DmsControl
) -> None:
    control.add_job("shop", phase="CDC", **ENGINES["SQL Server to AlloyDB"])
    back = {"purpose": "FAILBACK", "originalMigrationName": NAME}
    control.add_job("shop-back", state="NOT_STARTED", fields=back, **ENGINES["PostgreSQL to SQL Server"])
    name = f"{PARENT}/migrationJobs/shop-back"
    shown = rest.call("GET", name, "MigrationJob")
    assert (shown["purpose"], shown["originalMigrationName"]) == ("FAILBACK", NAME)
    assert rest.call("GET", NAME, "MigrationJob")["purpose"] == "MIGRATE"
    with pytest.raises(exceptions.FailedPrecondition, match="has not been promoted"):
        client.start_migration_job(request={"name": name})
    client.promote_migration_job(request={"name": NAME}).result(timeout=60)
    client.start_migration_job(request={"name": name}).result(timeout=60)


def test_a_failback_job_needs_its_original(client: Client, control: DmsControl) -> None:
    back = {"originalMigrationName": f"{PARENT}/migrationJobs/gone"}
    control.add_job("shop", state="NOT_STARTED", fields=back, **ENGINES["PostgreSQL to SQL Server"])
    with pytest.raises(exceptions.FailedPrecondition):
        client.start_migration_job(request={"name": NAME})


def test_a_failback_job_is_created_with_its_original(rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", **ENGINES["SQL Server to AlloyDB"])
    job = control.job("shop")
    body = {
        "type": "CONTINUOUS",
        "source": job["destination"],
        "destination": job["source"],
        "originalMigrationName": NAME,
    }
    rest.call("POST", f"{PARENT}/migrationJobs", "Operation", params={"migrationJobId": "back"}, json=body)
    shown = rest.call("GET", f"{PARENT}/migrationJobs/back", "MigrationJob")
    assert (shown["purpose"], shown["originalMigrationName"]) == ("FAILBACK", NAME)
    wrong = {**body, "originalMigrationName": f"{PARENT}/migrationJobs/gone"}
    refused = rest.refused("POST", f"{PARENT}/migrationJobs", params={"migrationJobId": "other"}, json=wrong)
    assert refused["status"] == "NOT_FOUND"
    # "originalMigrationName" points to the original for good.
    mask = {"updateMask": "originalMigrationName"}
    assert rest.refused("PATCH", NAME, params=mask, json={})["status"] == "INVALID_ARGUMENT"
