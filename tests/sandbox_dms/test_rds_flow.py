"""MySQL on RDS or Aurora, or without SUPERUSER: what comes before the full dump.

Sources: "Migration job statuses" (MySQL), status Running; `MigrationJob.Phase`: "Only RDS flow - waiting for
source writes to stop", and "the sources writes stopped, waiting for dump to begin"; "Migrate from MySQL on
RDS without SUPERUSER privileges": Starting | Waiting for source writes to stop, Running | Preparing the dump,
Running | Full dump, and about 20 minutes until the service gives up.
"""

from typing import Any

import pytest
from google.cloud import clouddms_v1

from sandbox.dms import DmsControl

from .conftest import PARENT

Client = clouddms_v1.DataMigrationServiceClient
NAME = f"{PARENT}/migrationJobs/shop"
WAITING = "WAITING_FOR_SOURCE_WRITES_TO_STOP"
RDS = {
    "source_engine": "MYSQL",
    "source_provider": "RDS",
    "destination_engine": "MYSQL",
    "destination_provider": "CLOUDSQL",
    "databases": ["a"],
}


def status(control: DmsControl) -> tuple[str, str]:
    job = control.job("shop")
    return job["state"], job["phase"]


def start(client: Client, control: DmsControl, **values: Any) -> None:
    control.add_job("shop", state="NOT_STARTED", **{**RDS, **values})
    client.start_migration_job(request={"name": NAME}).result(timeout=60)


@pytest.mark.parametrize(
    ("values", "phase"),
    [
        ({"source_provider": "RDS"}, WAITING),
        ({"source_provider": "AURORA"}, WAITING),
        ({"source_provider": None, "source_superuser": False}, WAITING),
        ({"source_provider": None}, "FULL_DUMP"),
        ({"source_provider": "CLOUDSQL"}, "FULL_DUMP"),
        ({"source_engine": "POSTGRESQL", "destination_engine": "POSTGRESQL"}, "FULL_DUMP"),
    ],
)
def test_only_mysql_without_superuser_waits(
    values: dict[str, Any], phase: str, client: Client, control: DmsControl
) -> None:
    start(client, control, **values)
    assert status(control) == ("RUNNING", phase)


def test_the_dump_comes_after_the_writes_have_stopped(client: Client, control: DmsControl) -> None:
    control.operation_seconds(100)
    control.add_job("shop", state="NOT_STARTED", **RDS)
    client.start_migration_job(request={"name": NAME})
    assert status(control) == ("STARTING", WAITING)
    control.clock(advance_seconds=101)
    assert status(control) == ("RUNNING", WAITING)
    control.clock(advance_seconds=19 * 60)
    assert status(control) == ("RUNNING", WAITING)
    assert control.job("shop")["databases"][0]["state"] == "NOT_STARTED"
    control.set_job("shop", source_writes=False)
    assert status(control) == ("RUNNING", "PREPARING_THE_DUMP")
    control.clock(advance_seconds=30)
    assert status(control) == ("RUNNING", "FULL_DUMP")
    control.set_job("shop", source_writes=True)
    control.clock(advance_seconds=1e6)
    assert status(control) == ("RUNNING", "CDC")
    passed = [(s["state"], s["phase"]) for s in control.job("shop")["history"]]
    assert passed == [
        ("NOT_STARTED", "PHASE_UNSPECIFIED"),
        ("STARTING", WAITING),
        ("RUNNING", WAITING),
        ("RUNNING", "PREPARING_THE_DUMP"),
        ("RUNNING", "FULL_DUMP"),
        ("RUNNING", "CDC"),
    ]


def test_writes_that_stop_while_the_job_starts_are_noticed(client: Client, control: DmsControl) -> None:
    control.operation_seconds(100)
    control.add_job("shop", state="NOT_STARTED", **RDS)
    client.start_migration_job(request={"name": NAME})
    control.set_job("shop", source_writes=False)
    control.clock(advance_seconds=101)
    assert status(control) == ("RUNNING", "PREPARING_THE_DUMP")


def test_a_start_that_fails_leaves_no_phase(client: Client, control: DmsControl) -> None:
    control.operation_outcome("shop", "start", "INTERNAL", "no")
    control.add_job("shop", state="NOT_STARTED", **RDS)
    client.start_migration_job(request={"name": NAME})
    assert "phase" not in control.job("shop")


def test_the_service_gives_up_after_twenty_minutes(client: Client, control: DmsControl) -> None:
    start(client, control)
    control.clock(advance_seconds=20 * 60 + 1)
    assert status(control) == ("FAILED", WAITING)
    assert "writes" in control.job("shop")["error"]["message"]
    control.set_job("shop", source_writes=False)
    assert status(control) == ("FAILED", WAITING)
    client.restart_migration_job(request={"name": NAME}).result(timeout=60)
    control.clock(advance_seconds=21 * 60)
    assert status(control) == ("RUNNING", "CDC")


def test_writes_that_resume_too_soon_fail_the_job(client: Client, control: DmsControl) -> None:
    start(client, control)
    control.set_job("shop", source_writes=False)
    control.set_job("shop", source_writes=True)
    assert status(control) == ("FAILED", "PREPARING_THE_DUMP")
    control.clock(advance_seconds=60)
    assert status(control) == ("FAILED", "PREPARING_THE_DUMP")


def test_people_can_be_played(client: Client, control: DmsControl) -> None:
    start(client, control, source_writes_pause=600)
    control.clock(advance_seconds=590)
    assert status(control) == ("RUNNING", WAITING)
    control.clock(advance_seconds=15)
    assert status(control) == ("RUNNING", "PREPARING_THE_DUMP")
    control.clock(advance_seconds=20)
    assert status(control) == ("RUNNING", "FULL_DUMP")


@pytest.mark.parametrize("phase", [WAITING, "PREPARING_THE_DUMP"])
def test_a_job_stopped_before_its_dump_goes_no_further_until_it_is_restarted(
    phase: str, client: Client, control: DmsControl
) -> None:
    control.add_job("shop", phase=phase, **RDS)
    client.stop_migration_job(request={"name": NAME}).result(timeout=60)
    control.set_job("shop", source_writes=False)
    control.clock(advance_seconds=1e6)
    assert status(control) == ("STOPPED", phase)
    client.restart_migration_job(request={"name": NAME}).result(timeout=60)
    assert status(control) == ("RUNNING", "PREPARING_THE_DUMP")


def test_a_job_that_is_renamed_meanwhile_goes_on(client: Client, control: DmsControl) -> None:
    control.operation_seconds(60)
    control.add_job("shop", phase="PREPARING_THE_DUMP", **RDS)
    client.update_migration_job(
        request={
            "migration_job": clouddms_v1.MigrationJob(name=NAME, display_name="Shop"),
            "update_mask": {"paths": ["display_name"]},
        }
    )
    assert status(control) == ("UPDATING", "PREPARING_THE_DUMP")
    control.clock(advance_seconds=30)
    assert status(control) == ("UPDATING", "FULL_DUMP")
    control.clock(advance_seconds=1e6)
    assert status(control) == ("RUNNING", "CDC")
