"""Databases of a job, which only REST knows: listing, choosing, restarting and promoting them."""

from typing import Any

import pytest

from sandbox.dms import DmsControl

from .conftest import PARENT, Rest
from .test_rest import objects_config

NAME = f"{PARENT}/migrationJobs/shop"
FAILED = {"name": "bad", "state": "FAILED", "phase": "FULL_DUMP", "error": "disk full"}


def objects(rest: Rest) -> dict[str, tuple[str, str]]:
    answer = rest.call("GET", f"{NAME}/objects", "ListMigrationJobObjectsResponse", params={"pageSize": 1000})
    return {
        found["sourceObject"]["database"]: (found["state"], found.get("phase", ""))
        for found in answer.get("migrationJobObjects", [])
    }


def act(rest: Rest, verb: str, **body: Any) -> dict[str, Any]:
    rest.schemas.check(f"{verb.capitalize()}MigrationJobRequest", body)
    started = rest.call("POST", f"{NAME}:{verb}", "Operation", json=body)
    return rest.call("GET", started["name"], "Operation")


def choose(rest: Rest, *names: str, excluded: tuple[str, ...] = ()) -> None:
    body = {"objectsConfig": objects_config(*names, excluded=excluded)}
    rest.call("PATCH", NAME, "Operation", params={"updateMask": "objectsConfig"}, json=body)


def test_objects_are_listed_in_pages_and_found_by_name(rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", databases=[f"db{n:04d}" for n in range(1001)])
    path = f"{NAME}/objects"
    first = rest.call("GET", path, "ListMigrationJobObjectsResponse", params={"pageSize": 1000})
    token = first["nextPageToken"]
    second = rest.call("GET", path, "ListMigrationJobObjectsResponse", params={"pageToken": token})
    assert (len(first["migrationJobObjects"]), len(second["migrationJobObjects"])) == (1000, 1)
    one = second["migrationJobObjects"][0]
    assert rest.call("GET", one["name"], "MigrationJobObject") == one
    body = {"sourceObjectIdentifier": one["sourceObject"]}
    assert rest.call("POST", f"{path}:lookup", "MigrationJobObject", json=body) == one
    nobody = {"sourceObjectIdentifier": {"type": "DATABASE", "database": "nobody"}}
    assert rest.refused("POST", f"{path}:lookup", json=nobody)["code"] == 404


def test_a_failed_database_shows_its_error_while_the_job_runs(rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["good", FAILED])
    answer = rest.call("GET", f"{NAME}/objects", "ListMigrationJobObjectsResponse")
    (bad,) = [o for o in answer["migrationJobObjects"] if o["state"] == "FAILED"]
    assert bad["error"] == {"code": 13, "message": "disk full"}
    control.set_database("shop", "good", error={"code": "FAILED_PRECONDITION", "message": "no primary key"})
    assert {state for state, _ in objects(rest).values()} == {"FAILED"}
    assert rest.call("GET", NAME, "MigrationJob")["state"] == "RUNNING"


def test_a_removed_database_stops_and_an_added_one_is_dumped(rest: Rest, control: DmsControl) -> None:
    control.operation_seconds(60)
    control.add_job("shop", phase="CDC", databases=["a", "b"], source_databases=["a", "b", "c"])
    assert objects(rest)["c"] == ("NOT_SELECTED", "")
    choose(rest, "b", "c")
    assert rest.call("GET", NAME, "MigrationJob")["state"] == "UPDATING"
    assert objects(rest)["a"] == ("REMOVING", "CDC")
    control.clock(advance_seconds=61)
    assert rest.call("GET", NAME, "MigrationJob")["state"] == "RUNNING"
    assert objects(rest) == {
        "a": ("NOT_SELECTED", ""),
        "b": ("RUNNING", "CDC"),
        "c": ("RUNNING", "FULL_DUMP"),
    }
    control.clock(advance_seconds=1000)
    assert objects(rest)["c"] == ("RUNNING", "CDC")
    (target,) = control.destinations()
    assert (target["databases"]["a"], target["wiped"]) == ("REPLICATING", [])


def test_all_databases_but_some(rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["a"], source_databases=["a", "b", "c"])
    choose(rest, excluded=("c",))
    assert rest.call("GET", NAME, "MigrationJob")["objectsConfig"] == objects_config(excluded=("c",))
    assert {name for name, (state, _) in objects(rest).items() if state != "NOT_SELECTED"} == {"a", "b"}


@pytest.mark.parametrize(
    "state", ["NOT_STARTED", "STOPPED", "FAILED", "COMPLETED", "STOPPING", "MAINTENANCE"]
)
def test_databases_may_be_edited_in_any_state(rest: Rest, control: DmsControl, state: str) -> None:
    phase = "CDC" if state not in ("NOT_STARTED", "COMPLETED") else None
    error = "boom" if state == "FAILED" else None
    control.add_job("shop", state=state, phase=phase, error=error, databases=["a", "b"], frozen=True)
    choose(rest, "a")
    job = rest.call("GET", NAME, "MigrationJob")
    assert (job["state"], job["objectsConfig"]) == (state, objects_config("a"))
    assert job.get("error", {}).get("message") == error


def test_what_the_source_has_is_seen_after_a_fetch(rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["a"], source_databases=["a", "old"])
    control.set_job("shop", source_databases=["a", "new"])
    assert set(objects(rest)) == {"a", "old"}
    operation = rest.call("GET", f"{NAME}:fetchSourceObjects", "Operation")
    assert operation["metadata"]["target"] == NAME
    assert rest.call("GET", operation["name"], "Operation")["done"] is True
    assert objects(rest) == {"a": ("RUNNING", "CDC"), "new": ("NOT_SELECTED", "")}


def test_failed_databases_of_a_running_job_are_restarted(rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["a", FAILED, {**FAILED, "name": "worse"}])
    healthy = rest.refused("POST", f"{NAME}:restart", json={"objectsFilter": objects_config("a", "bad")})
    assert "a have not failed" in healthy["message"]
    act(rest, "restart", objectsFilter=objects_config("bad"))
    assert objects(rest) == {
        "a": ("RUNNING", "CDC"),
        "bad": ("RUNNING", "FULL_DUMP"),
        "worse": ("FAILED", "FULL_DUMP"),
    }
    act(rest, "restart", restartFailedObjects=True)
    control.clock(advance_seconds=1000)
    assert set(objects(rest).values()) == {("RUNNING", "CDC")}
    (target,) = control.destinations()
    assert target["loads"] == {"bad": 1, "worse": 1}
    assert sorted(target["wiped"]) == ["bad", "worse"]


def test_restarting_failed_databases_without_any_is_refused(rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["a"])
    refused = rest.refused("POST", f"{NAME}:restart", json={"restartFailedObjects": True})
    assert "no objects to restart" in refused["message"]


def test_a_stopped_dump_is_restarted_for_some_databases(rest: Rest, control: DmsControl) -> None:
    databases = [{"name": "a", "dump_seconds": 10}, {"name": "b", "dump_seconds": 9000}]
    control.add_job("shop", phase="FULL_DUMP", databases=databases)
    control.clock(advance_seconds=60)
    act(rest, "stop")
    act(rest, "restart", objectsFilter=objects_config("b"))
    assert objects(rest) == {"a": ("RUNNING", "CDC"), "b": ("RUNNING", "FULL_DUMP")}
    (target,) = control.destinations()
    assert target["wiped"] == ["b"]
    control.clock(advance_seconds=9001)
    assert rest.call("GET", NAME, "MigrationJob")["phase"] == "CDC"


def test_a_failed_job_stays_failed_until_all_of_it_is_promoted(rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", state="FAILED", phase="CDC", databases=["a", "b"], error="gone")
    act(rest, "promote", objectsFilter=objects_config("a"))
    assert control.job("shop")["state"] == "FAILED"
    act(rest, "promote", objectsFilter=objects_config("b"))
    assert control.job("shop")["state"] == "COMPLETED"


def test_databases_are_promoted_one_by_one_until_the_job_is_complete(rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["a", "b"])
    act(rest, "promote", objectsFilter=objects_config("a"))
    assert objects(rest) == {"a": ("COMPLETED", "PROMOTED"), "b": ("RUNNING", "CDC")}
    assert rest.call("GET", NAME, "MigrationJob")["state"] == "RUNNING"
    twice = rest.refused("POST", f"{NAME}:promote", json={"objectsFilter": objects_config("a")})
    assert "a are not replicating" in twice["message"]
    act(rest, "promote", objectsFilter=objects_config("b"))
    assert rest.call("GET", NAME, "MigrationJob")["state"] == "COMPLETED"


def test_unknown_databases_are_refused(rest: Rest, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["a"], source_databases=["a", "left-out"])
    for name in ("left-out", "nowhere"):
        error = rest.refused("POST", f"{NAME}:promote", json={"objectsFilter": objects_config(name)})
        assert (error["status"], name in error["message"]) == ("INVALID_ARGUMENT", True)
    table = {"objectIdentifier": {"type": "TABLE", "database": "a", "table": "t"}}
    body = {"sourceObjectsConfig": {"objectsSelectionType": "SPECIFIED_OBJECTS", "objectConfigs": [table]}}
    assert (
        rest.refused("POST", f"{NAME}:promote", json={"objectsFilter": body})["status"] == "INVALID_ARGUMENT"
    )
