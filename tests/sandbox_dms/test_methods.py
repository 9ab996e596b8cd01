"""Methods of single kinds of jobs: demotion, failback, scripts, trial of a change, cancelling.

Source: the reference of the REST methods (discovery document `datamigration.v1`) and of the gRPC service.
"""

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import clouddms_v1
from google.longrunning import operations_pb2

from sandbox.dms import DmsControl

from .conftest import PARENT, Rest
from .engines import ENGINES

Client = clouddms_v1.DataMigrationServiceClient
NAME = f"{PARENT}/migrationJobs/shop"
MYSQL = ENGINES["MySQL"]
DAG = {
    "sqlserverHomogeneousMigrationJobConfig": {
        "backupFilePattern": "x",
        "databaseBackups": [{"database": "a"}],
        "dagConfig": {"linkedServer": "source", "sourceAg": "ag1"},
    }
}


def target(control: DmsControl) -> dict[str, Any]:
    (found,) = control.destinations()
    return found


def post(rest: Rest, verb: str, **body: Any) -> dict[str, Any]:
    return rest.call("POST", f"{NAME}:{verb}", "Operation", json=body)


# ---- demotion


@pytest.mark.parametrize("engine", ["MySQL", "PostgreSQL", "PostgreSQL to AlloyDB"])
def test_an_existing_destination_is_demoted_before_the_start(
    engine: str, rest: Rest, client: Client, control: DmsControl
) -> None:
    control.add_job("shop", state="NOT_STARTED", existing_destination=True, **ENGINES[engine])
    assert target(control)["role"] == "PRIMARY"
    with pytest.raises(exceptions.FailedPrecondition, match="must be demoted"):
        client.start_migration_job(request={"name": NAME})
    operation = post(rest, "demoteDestination")
    assert operation["metadata"]["verb"] == "demoteDestination"
    assert (target(control)["role"], target(control)["demoted"]) == ("REPLICA", True)
    assert control.job("shop")["state"] == "NOT_STARTED"
    client.start_migration_job(request={"name": NAME}).result(timeout=60)


def test_a_quick_start_migration_needs_no_demotion(rest: Rest, client: Client, control: DmsControl) -> None:
    """ "Create a migration job to an existing destination" (PostgreSQL)."""
    native = {"postgresHomogeneousConfig": {"isNativeLogical": True}}
    control.add_job("shop", state="NOT_STARTED", existing_destination=True, fields=native)
    assert rest.refused("POST", f"{NAME}:demoteDestination", json={})["status"] == "FAILED_PRECONDITION"
    client.start_migration_job(request={"name": NAME}).result(timeout=60)
    assert rest.call("GET", NAME, "MigrationJob")["postgresHomogeneousConfig"] == {"isNativeLogical": True}


def test_a_destination_that_is_there_for_the_job_needs_no_demotion(
    client: Client, control: DmsControl
) -> None:
    control.add_job("shop", state="NOT_STARTED", **MYSQL)
    client.start_migration_job(request={"name": NAME}).result(timeout=60)


def test_a_demotion_that_fails_leaves_the_destination(rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", state="NOT_STARTED", existing_destination=True)
    control.operation_outcome("shop", "demoteDestination", "FAILED_PRECONDITION", "the cluster has data")
    operation = rest.call("GET", post(rest, "demoteDestination")["name"], "Operation")
    assert operation["error"]["message"] == "the cluster has data"
    assert (target(control)["role"], target(control)["demoted"]) == ("PRIMARY", False)


# ---- failback


def test_failback_needs_the_failback_phase(rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", **ENGINES["SQL Server"])
    refused = rest.refused("POST", f"{NAME}:promote", json={"failback": True})
    assert refused["status"] == "FAILED_PRECONDITION"
    control.add_job("shop", phase="PHASE_FAILBACK", frozen=True, **ENGINES["SQL Server"])
    assert rest.refused("POST", f"{NAME}:promote", json={})["status"] == "FAILED_PRECONDITION"
    post(rest, "promote", failback=True)
    assert control.job("shop")["state"] == "COMPLETED"
    assert target(control)["role"] == "REPLICA"


def test_a_job_of_an_availability_group_is_promoted_and_fails_back(
    rest: Rest, client: Client, control: DmsControl
) -> None:
    control.add_job("shop", phase="CDC", fields=DAG, databases=["a"], **ENGINES["SQL Server"])
    client.promote_migration_job(request={"name": NAME}).result(timeout=60)
    job = control.job("shop")
    assert (job["state"], job["phase"], target(control)["role"]) == ("RUNNING", "PHASE_FAILBACK", "PRIMARY")
    post(rest, "promote", failback=True)
    assert (control.job("shop")["state"], target(control)["role"]) == ("COMPLETED", "REPLICA")


def test_a_failback_that_fails_leaves_the_job_in_its_phase(rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", phase="PHASE_FAILBACK", databases=["a"], **ENGINES["SQL Server"])
    control.operation_outcome("shop", "promote", "INTERNAL", "no quorum")
    post(rest, "promote", failback=True)
    job = control.job("shop")
    assert (job["state"], job["phase"]) == ("RUNNING", "PHASE_FAILBACK")
    assert job["databases"][0]["state"] == "RUNNING"


# ---- scripts


def test_the_ssh_script_names_machine_and_source(rest: Rest, client: Client, control: DmsControl) -> None:
    control.add_job("shop", source_host="db.example.com")
    body = {"vm": "bastion", "vmPort": 2222, "vmSelectionConfig": {"vmZone": "europe-west1-b"}}
    script = rest.call("POST", f"{NAME}:generateSshScript", "SshScript", json=body)["script"]
    for words in ("bastion", "2222", "europe-west1-b", "db.example.com", "5432"):
        assert words in script
    request = {
        "migration_job": NAME,
        "vm": "bastion",
        "vm_port": 2222,
        "vm_selection_config": {"vm_zone": "europe-west1-b"},
    }
    assert client.generate_ssh_script(request=request).script == script


def test_the_tcp_proxy_script_names_machine_and_subnet(
    rest: Rest, client: Client, control: DmsControl
) -> None:
    control.add_job("shop", source_host="db.example.com", **MYSQL)
    subnet = "projects/p/regions/europe-west1/subnetworks/default"
    body = {"vmName": "proxy", "vmMachineType": "e2-small", "vmSubnet": subnet}
    script = rest.call("POST", f"{NAME}:generateTcpProxyScript", "TcpProxyScript", json=body)["script"]
    for words in ("proxy", "e2-small", subnet, "europe-west1-b", "db.example.com:3306"):
        assert words in script
    request = {
        "migration_job": NAME,
        "vm_name": "proxy",
        "vm_machine_type": "e2-small",
        "vm_subnet": subnet,
    }
    assert client.generate_tcp_proxy_script(request=request).script == script


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("generateSshScript", {}),
        ("generateSshScript", {"vm": "bastion"}),
        ("generateSshScript", {"vm": "bastion", "vmSelectionConfig": {}}),
        ("generateSshScript", {"vm": "bastion", "vmCreationConfig": {"vmZone": "europe-west1-b"}}),
        (
            "generateSshScript",
            {"vm": "b", "vmCreationConfig": {"vmMachineType": "e"}, "vmSelectionConfig": {"vmZone": "z"}},
        ),
        ("generateTcpProxyScript", {"vmName": "proxy", "vmMachineType": "e2-small"}),
        ("generateTcpProxyScript", {"vmName": "proxy", "vmMachineType": "e", "vmSubnet": "default"}),
        (
            "generateTcpProxyScript",
            {"vmName": "p", "vmMachineType": "e", "vmSubnet": "projects/p/regions/asia/subnetworks/s"},
        ),
    ],
)
def test_a_script_needs_its_fields(verb: str, body: dict[str, Any], rest: Rest, control: DmsControl) -> None:
    control.add_job("shop")
    assert rest.refused("POST", f"{NAME}:{verb}", json=body)["status"] == "INVALID_ARGUMENT"


# ---- a change on trial


def test_a_change_on_trial_changes_nothing(rest: Rest, client: Client, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["a", "b"])
    before = rest.call("GET", NAME, "MigrationJob")
    post(rest, "verify", updateMask="displayName,labels.env", migrationJob={"displayName": "New"})
    client.verify_migration_job(
        request={
            "name": NAME,
            "migration_job": clouddms_v1.MigrationJob(
                performance_config={"dump_parallel_level": "MAX"}, display_name="New"
            ),
            "update_mask": {"paths": ["performance_config", "display_name"]},
        }
    ).result(timeout=60)
    after = rest.call("GET", NAME, "MigrationJob")
    assert {**after, "duration": ""} == {**before, "duration": ""}


@pytest.mark.parametrize(
    ("mask", "job", "status"),
    [
        ("objectsConfig", {"objectsConfig": {}}, "INVALID_ARGUMENT"),
        ("colour", {}, "INVALID_ARGUMENT"),
        ("state", {"state": "RUNNING"}, "INVALID_ARGUMENT"),
        ("dumpPath", {"dumpPath": "nowhere"}, "INVALID_ARGUMENT"),
        ("type", {"type": "ONE_TIME"}, "FAILED_PRECONDITION"),
    ],
)
def test_a_change_on_trial_is_refused_as_the_change_would_be(
    mask: str, job: dict[str, Any], status: str, rest: Rest, control: DmsControl
) -> None:
    control.add_job("shop", phase="CDC", databases=["a"])
    body = {"updateMask": mask, "migrationJob": job}
    assert rest.refused("POST", f"{NAME}:verify", json=body)["status"] == status
    assert rest.refused("PATCH", NAME, params={"updateMask": mask}, json=job)["status"] == status


# ---- cancelling


def test_a_promotion_cannot_be_cancelled(client: Client, control: DmsControl) -> None:
    """ "Promote a migration": it can neither be stopped nor undone. Reference of `operations.cancel`: clients
    find out "whether the operation completed despite cancellation"."""
    control.operation_seconds(100)
    control.add_job("shop", phase="CDC", databases=["a"])
    operation = client.promote_migration_job(request={"name": NAME})
    client.cancel_operation(operations_pb2.CancelOperationRequest(name=operation.operation.name))
    assert control.job("shop")["phase"] == "PROMOTE_IN_PROGRESS"
    control.clock(advance_seconds=101)
    assert operation.result(timeout=60).state.name == "COMPLETED"
    assert operation.metadata.requested_cancellation


@pytest.mark.parametrize(
    ("verb", "state", "phase", "left"),
    [
        ("start", "NOT_STARTED", None, "NOT_STARTED"),
        ("stop", "RUNNING", "CDC", "RUNNING"),
        ("resume", "STOPPED", "CDC", "STOPPED"),
        ("restart", "FAILED", "CDC", "FAILED"),
        ("delete", "RUNNING", "CDC", "RUNNING"),
    ],
)
def test_a_job_is_left_as_it_was_when_its_operation_is_cancelled(
    verb: str, state: str, phase: str | None, left: str, client: Client, control: DmsControl
) -> None:
    control.operation_seconds(100)
    control.add_job("shop", state=state, phase=phase, databases=["a"])
    operation = getattr(client, f"{verb}_migration_job")(request={"name": NAME})
    client.cancel_operation(operations_pb2.CancelOperationRequest(name=operation.operation.name))
    with pytest.raises(exceptions.Cancelled):
        operation.result(timeout=60)
    control.clock(advance_seconds=1000)
    assert control.job("shop")["state"] == left
