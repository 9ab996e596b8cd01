"""Switches that make calls fail, hang, dawdle or lose their answer, and the log of calls."""

import threading
import time
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.cloud import clouddms_v1

from sandbox.dms import ControlError, DmsControl
from tests.waiting import until

from .conftest import PARENT, Rest

Client = clouddms_v1.DataMigrationServiceClient
NAME = f"{PARENT}/migrationJobs/shop"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("UNAVAILABLE", exceptions.ServiceUnavailable),
        ("DEADLINE_EXCEEDED", exceptions.DeadlineExceeded),
        ("RESOURCE_EXHAUSTED", exceptions.ResourceExhausted),
        ("FAILED_PRECONDITION", exceptions.FailedPrecondition),
        ("PERMISSION_DENIED", exceptions.PermissionDenied),
        ("INTERNAL", exceptions.InternalServerError),
        ("ABORTED", exceptions.Aborted),
    ],
)
def test_a_fault_strikes_as_often_as_told(
    client: Client, rest: Rest, control: DmsControl, kind: str, error: type[Exception]
) -> None:
    control.add_job("shop", phase="CDC")
    control.fault("StopMigrationJob", kind, times=2, message="injected")
    with pytest.raises(error, match="injected"):
        client.stop_migration_job(request={"name": NAME})
    assert rest.refused("POST", f"{NAME}:stop", json={})["status"] == kind
    assert control.job("shop")["state"] == "RUNNING"
    client.stop_migration_job(request={"name": NAME}).result(timeout=60)
    assert [call["outcome"] for call in control.calls("StopMigrationJob")] == [kind, kind, "OK"]


def test_an_unclear_failure_is_applied_all_the_same(client: Client, rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC")
    control.fault("StopMigrationJob", "UNAVAILABLE", after_apply=True)
    with pytest.raises(exceptions.ServiceUnavailable):
        client.stop_migration_job(request={"name": NAME})
    assert control.job("shop")["state"] == "STOPPED"
    control.fault("ResumeMigrationJob", "DISCONNECT", after_apply=True)
    with pytest.raises(requests.ConnectionError):
        rest.raw("POST", f"{NAME}:resume", json={})
    assert control.job("shop")["state"] == "RUNNING"
    (call,) = control.calls("ResumeMigrationJob")
    assert (call["outcome"], call["applied"]) == ("DISCONNECT", True)


def test_a_lost_grpc_connection_is_unavailable(client: Client, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC")
    control.fault("StopMigrationJob", "DISCONNECT")
    with pytest.raises(exceptions.ServiceUnavailable):
        client.stop_migration_job(request={"name": NAME})
    assert control.calls("StopMigrationJob")[0]["applied"] is False


def test_a_hanging_call_ends_with_the_clients_patience(
    client: Client, rest: Rest, control: DmsControl
) -> None:
    control.add_job("shop", phase="CDC")
    control.fault("GetMigrationJob", "HANG", times=None)
    with pytest.raises(exceptions.DeadlineExceeded):
        client.get_migration_job(request={"name": NAME}, timeout=0.2, retry=None)
    with pytest.raises(requests.Timeout):
        rest.session.get(f"{rest.base}/v1/{NAME}", timeout=0.2)
    until(
        lambda: control.calls("GetMigrationJob"),
        lambda calls: all(c["outcome"] == "DISCONNECT" for c in calls),
    )
    control.clear_faults()
    assert client.get_migration_job(name=NAME).name == NAME


def test_clearing_faults_lets_hanging_calls_go(client: Client, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC")
    control.fault("StopMigrationJob", "HANG")
    caught: list[Exception] = []

    def call() -> None:
        try:
            client.stop_migration_job(request={"name": NAME}, timeout=30)
        except exceptions.GoogleAPICallError as error:
            caught.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    until(lambda: control.calls("StopMigrationJob"), bool)
    control.clear_faults()
    caller.join(60)
    assert isinstance(caught[0], exceptions.ServiceUnavailable)


def test_a_slow_call_succeeds_in_the_end(client: Client, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC")
    control.fault("GetMigrationJob", "SLOW", delay_seconds=0.15)
    before = time.monotonic()
    assert client.get_migration_job(name=NAME).name == NAME
    assert time.monotonic() - before >= 0.15


def test_faults_know_rest_methods_and_may_be_limited(client: Client, rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC")
    control.add_job("other", phase="CDC")
    control.fault("PatchMigrationJob", "UNAVAILABLE")
    assert rest.refused("PATCH", NAME, params={"updateMask": "labels"}, json={})["code"] == 503
    for method, path in (
        ("ListMigrationJobObjects", "/objects"),
        ("FetchSourceObjects", ":fetchSourceObjects"),
    ):
        control.fault(method, "INTERNAL")
        assert rest.refused("GET", NAME + path)["code"] == 500
    control.fault("*", "PERMISSION_DENIED", times=None, match="/other")
    assert client.get_migration_job(name=NAME).name == NAME
    with pytest.raises(exceptions.PermissionDenied):
        client.get_migration_job(name=f"{PARENT}/migrationJobs/other")


def test_every_call_is_logged_with_its_request(client: Client, rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC")
    control.clear_calls()
    client.list_migration_jobs(request={"parent": PARENT, "filter": "state=RUNNING"})
    rest.call("POST", f"{NAME}:promote", "Operation", json={"failback": False})
    with pytest.raises(exceptions.FailedPrecondition):
        client.stop_migration_job(request={"name": NAME})
    listed, promoted, stopped = control.calls()
    assert listed["request"] == {"parent": PARENT, "filter": "state=RUNNING"}
    assert (listed["transport"], listed["method"], listed["outcome"]) == ("grpc", "ListMigrationJobs", "OK")
    assert promoted["request"] == {"name": NAME, "body": {"failback": False}}
    assert (promoted["transport"], promoted["method"], promoted["applied"]) == (
        "rest",
        "PromoteMigrationJob",
        True,
    )
    assert (stopped["outcome"], stopped["applied"]) == ("FAILED_PRECONDITION", False)
    assert control.calls("StopMigrationJob", "PromoteMigrationJob") == [promoted, stopped]
    assert control.calls(about="migrationJobs/shop") == [promoted, stopped]
    assert control.calls("PromoteMigrationJob", about="RUNNING") == []


def test_an_id_is_not_found_in_a_longer_one(client: Client, control: DmsControl) -> None:
    """A test that counts what was sent to `wave-1` would count what was sent to `wave-10`, or hide it."""
    for id in ("wave-1", "wave-10"):
        control.add_job(id, phase="CDC")
    control.clear_calls()
    control.fault("StopMigrationJob", "PERMISSION_DENIED", match="wave-1")
    client.stop_migration_job(request={"name": f"{PARENT}/migrationJobs/wave-10"})
    assert control.calls(about="migrationJobs/wave-1") == []
    assert control.calls(about="ave-10") == []
    assert len(control.calls(about="migrationJobs/wave-10")) == 1
    with pytest.raises(exceptions.PermissionDenied):
        client.stop_migration_job(request={"name": f"{PARENT}/migrationJobs/wave-1"})


def test_unknown_kinds_are_refused(control: DmsControl) -> None:
    with pytest.raises(ControlError, match="unknown kind"):
        control.fault("*", "EARTHQUAKE")


def test_lists_go_wrong_as_told(client: Client, rest: Rest, control: DmsControl) -> None:
    """AIP-158: a page may be short, and a token may expire. An end that never comes is a fault."""
    for job in ("one", "two", "three"):
        control.add_job(job, databases=["a", "b"])
    control.fault("*", "EXPIRED", times=1)
    control.fault("*", "SHORT", times=None)
    first: Any = client.list_migration_jobs(request={"parent": PARENT})
    with pytest.raises(exceptions.InvalidArgument, match="expired"):
        list(first)
    assert len(list(client.list_migration_jobs(request={"parent": PARENT}))) == 3
    control.clear_faults()
    objects = f"{PARENT}/migrationJobs/one/objects"
    for kind, tokens in (("REPEATED", 1), ("ENDLESS", 4)):
        control.fault("ListMigrationJobObjects", kind, times=None)
        seen, token = set(), ""
        for _ in range(4):
            body = rest.call("GET", objects, "ListMigrationJobObjectsResponse", params={"pageToken": token})
            token = body["nextPageToken"]
            seen.add(token)
        assert len(seen) == tokens
        control.clear_faults()
