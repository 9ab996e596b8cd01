"""Long-running operations: followed, listed, awaited, cancelled, deleted, and failing on demand."""

import threading

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import clouddms_v1
from google.longrunning import operations_pb2
from google.rpc import code_pb2

from sandbox.dms import DmsControl

from .conftest import PARENT, Rest

Client = clouddms_v1.DataMigrationServiceClient
NAME = f"{PARENT}/migrationJobs/shop"


def list_operations(
    client: Client, filter_text: str = "", parent: str = PARENT
) -> list[operations_pb2.Operation]:
    request = operations_pb2.ListOperationsRequest(name=parent, filter=filter_text)
    return list(client.list_operations(request).operations)


def get(client: Client, name: str) -> operations_pb2.Operation:
    return client.get_operation(operations_pb2.GetOperationRequest(name=name))


def test_an_operation_tells_verb_target_and_times(client: Client, control: DmsControl) -> None:
    control.operation_seconds(100)
    control.add_job("shop", phase="CDC")
    operation = client.stop_migration_job(request={"name": NAME})
    metadata = operation.metadata
    assert (metadata.verb, metadata.target, metadata.api_version) == ("stop", NAME, "v1")
    assert metadata.create_time
    assert not metadata.end_time
    control.clock(advance_seconds=101)
    assert operation.result(timeout=60).name == NAME
    assert operation.metadata.end_time >= operation.metadata.create_time


def test_operations_are_listed_newest_first_and_filtered(
    client: Client, rest: Rest, control: DmsControl
) -> None:
    control.add_job("shop", phase="CDC")
    client.stop_migration_job(request={"name": NAME})
    client.verify_migration_job(request={"name": NAME})
    control.operation_seconds(1e6)
    running = client.resume_migration_job(request={"name": NAME}).operation.name
    found = list_operations(client)
    assert found[0].name == running
    assert len(found) == 3
    assert [o.name for o in list_operations(client, "done = false")] == [running]
    assert len(list_operations(client, f'metadata.target = "{NAME}" AND metadata.verb = verify')) == 1
    assert list_operations(client, parent="projects/demo-project/locations/us-central1") == []
    assert len(list_operations(client, parent="projects/demo-project/locations/-")) == 3
    page = rest.call("GET", f"{PARENT}/operations", "ListOperationsResponse", params={"pageSize": 2})
    assert page["operations"][0]["name"] == running
    token = page["nextPageToken"]
    rest_of_it = rest.call(
        "GET", f"{PARENT}/operations", "ListOperationsResponse", params={"pageSize": 2, "pageToken": token}
    )
    assert len(rest_of_it["operations"]) == 1


def test_a_cancelled_operation_leaves_the_job_as_it_was(client: Client, control: DmsControl) -> None:
    control.operation_seconds(1e6)
    control.add_job("shop", phase="CDC", databases=["a"])
    operation = client.stop_migration_job(request={"name": NAME})
    client.cancel_operation(operations_pb2.CancelOperationRequest(name=operation.operation.name))
    with pytest.raises(exceptions.Cancelled):
        operation.result(timeout=60)
    assert operation.metadata.requested_cancellation
    job = control.job("shop")
    assert (job["state"], job["databases"][0]["state"]) == ("RUNNING", "RUNNING")
    client.stop_migration_job(request={"name": NAME})


def test_a_cancelled_restart_has_wiped_already(client: Client, control: DmsControl) -> None:
    control.operation_seconds(1e6)
    control.add_job("shop", state="STOPPED", phase="FULL_DUMP", databases=["a"])
    operation = client.restart_migration_job(request={"name": NAME}).operation
    client.cancel_operation(operations_pb2.CancelOperationRequest(name=operation.name))
    assert control.job("shop")["state"] == "FAILED"
    assert control.destinations()[0]["wiped"] == ["a"]


def test_finished_operations_can_be_deleted(client: Client, rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC")
    done = client.verify_migration_job(request={"name": NAME}).operation.name
    control.operation_seconds(1e6)
    running = client.stop_migration_job(request={"name": NAME}).operation.name
    client.delete_operation(operations_pb2.DeleteOperationRequest(name=done))
    with pytest.raises(exceptions.NotFound):
        get(client, done)
    assert rest.refused("DELETE", running)["status"] == "FAILED_PRECONDITION"
    assert rest.call("POST", f"{running}:cancel", "Empty", json={}) == {}
    assert rest.call("DELETE", running, "Empty") == {}


def test_waiting_answers_when_the_operation_ends(
    client: Client, rest: Rest, control: DmsControl, channel: grpc.Channel
) -> None:
    control.operation_seconds(500)
    control.add_job("shop", phase="CDC")
    name = client.stop_migration_job(request={"name": NAME}).operation.name
    still = rest.call("POST", f"{name}:wait", "Operation", params={"timeout": "0.05s"})
    assert still["done"] is False
    later = threading.Timer(0.1, lambda: control.clock(advance_seconds=501))
    later.start()
    assert rest.call("POST", f"{name}:wait", "Operation", params={"timeout": "10s"})["done"] is True
    later.join()
    wait = channel.unary_unary(
        "/google.longrunning.Operations/WaitOperation",
        request_serializer=operations_pb2.WaitOperationRequest.SerializeToString,
        response_deserializer=operations_pb2.Operation.FromString,
    )
    assert wait(operations_pb2.WaitOperationRequest(name=name)).done


@pytest.mark.parametrize(
    ("verb", "state", "phase", "left"),
    [
        ("start", "NOT_STARTED", None, "NOT_STARTED"),
        ("stop", "RUNNING", "CDC", "RUNNING"),
        ("resume", "STOPPED", "CDC", "STOPPED"),
        ("restart", "STOPPED", "FULL_DUMP", "FAILED"),
        ("promote", "RUNNING", "CDC", "RUNNING"),
        ("promote", "FAILED", "CDC", "FAILED"),
        ("delete", "FAILED", "CDC", "FAILED"),
        ("verify", "RUNNING", "CDC", "RUNNING"),
    ],
)
def test_an_operation_fails_as_told_once(
    client: Client, control: DmsControl, verb: str, state: str, phase: str | None, left: str
) -> None:
    control.add_job("shop", state=state, phase=phase, error="old" if state == "FAILED" else None)
    control.operation_outcome("shop", verb, "RESOURCE_EXHAUSTED", "out of slots")
    operation = getattr(client, f"{verb}_migration_job")(request={"name": NAME})
    with pytest.raises(exceptions.ResourceExhausted, match="out of slots"):
        operation.result(timeout=60)
    job = control.job("shop")
    assert job["state"] == left
    assert job.get("phase") == phase
    kept = "old" if state == "FAILED" else None
    assert job.get("error", {}).get("message") == {"restart": "out of slots"}.get(verb, kept)
    assert job["activeOperation"] is None


def test_a_failed_verification_carries_its_errors(client: Client, rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", state="NOT_STARTED")
    errors = [
        {"error_code": "INVALID_WAL_LEVEL", "error_message": "wal_level is replica, it must be logical"},
        {"error_code": "NO_PGLOGICAL_INSTALLED", "error_message": "pglogical is missing"},
    ]
    control.operation_outcome("*", "verify", "FAILED_PRECONDITION", "Verification failed", errors)
    name = client.verify_migration_job(request={"name": NAME}).operation.name
    operation = get(client, name)
    assert operation.error.code == code_pb2.FAILED_PRECONDITION
    found = []
    for detail in operation.error.details:
        error = clouddms_v1.MigrationJobVerificationError.pb(clouddms_v1.MigrationJobVerificationError())
        assert detail.Unpack(error)
        found.append(error.error_message)
    assert found == [e["error_message"] for e in errors]
    shown = rest.call("GET", name, "Operation")["error"]["details"][0]
    assert shown["errorCode"] == "INVALID_WAL_LEVEL"
    assert get(client, client.verify_migration_job(request={"name": NAME}).operation.name).HasField(
        "response"
    )
