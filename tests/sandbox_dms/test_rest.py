"""Jobs over REST: the same state as over gRPC, in the words of the discovery document."""

import json
from typing import Any

import pytest
from google.cloud import clouddms_v1

from sandbox.dms import DmsControl
from sandbox.dms.enums import PHASES, STATES

from .conftest import PARENT, Rest
from .schema_check import SchemaCheck

Client = clouddms_v1.DataMigrationServiceClient
NAME = f"{PARENT}/migrationJobs/orders"


def objects_config(*names: str, excluded: tuple[str, ...] = ()) -> dict[str, Any]:
    def configs(chosen: tuple[str, ...]) -> list[dict[str, Any]]:
        return [{"objectIdentifier": {"type": "DATABASE", "database": name}} for name in chosen]

    source: dict[str, Any] = {"objectsSelectionType": "SPECIFIED_OBJECTS" if names else "ALL_OBJECTS"}
    if names:
        source["objectConfigs"] = configs(names)
    if excluded:
        source["excludedObjectConfigs"] = configs(excluded)
    return {"sourceObjectsConfig": source}


@pytest.mark.parametrize("engine", ["POSTGRESQL", "MYSQL", "SQLSERVER", "ORACLE"])
def test_a_job_and_its_profiles_fit_the_document(rest: Rest, control: DmsControl, engine: str) -> None:
    target = "POSTGRESQL" if engine == "ORACLE" else engine
    control.add_job(
        "orders",
        source_engine=engine,
        destination_engine=target,
        destination_provider="CLOUDSQL",
        error="boom",
    )
    job = rest.call("GET", NAME, "MigrationJob")
    assert job["sourceDatabase"]["engine"] == engine
    assert job["objectsConfig"] == objects_config()
    source = rest.call("GET", job["source"], "ConnectionProfile")
    assert source[engine.lower()]["host"] == "orders.db.internal"
    assert source["role"] == "SOURCE"
    rest.call("GET", job["destination"], "ConnectionProfile")
    listed = rest.call("GET", f"{PARENT}/connectionProfiles", "ListConnectionProfilesResponse")
    assert len(listed["connectionProfiles"]) == 2


def test_every_state_and_phase_has_its_name(rest: Rest, control: DmsControl) -> None:
    for state in list(STATES)[1:]:
        control.add_job("orders", state=state, frozen=True)
        assert rest.call("GET", NAME, "MigrationJob")["state"] == state
    for phase in list(PHASES)[1:]:
        control.add_job("orders", state="RUNNING", phase=phase, frozen=True)
        assert rest.call("GET", NAME, "MigrationJob")["phase"] == phase


def test_lists_page_filter_order_and_name_what_is_unreachable(rest: Rest, control: DmsControl) -> None:
    control.add_many(5, "europe-west1", "job", "RUNNING")
    control.add_job("failed", location="us-central1", state="FAILED", phase="CDC", error="boom")

    def listed(parent: str = PARENT, **query: Any) -> dict[str, Any]:
        return rest.call("GET", f"{parent}/migrationJobs", "ListMigrationJobsResponse", params=query)

    first = listed(pageSize=3, orderBy="name desc")
    second = listed(pageSize=3, orderBy="name desc", pageToken=first["nextPageToken"])
    names = [job["name"][-1] for page in (first, second) for job in page["migrationJobs"]]
    assert names == ["4", "3", "2", "1", "0"]
    assert "nextPageToken" not in second
    everywhere = "projects/demo-project/locations/-"
    assert len(listed(everywhere)["migrationJobs"]) == 6
    assert len(listed(everywhere, filter="state=FAILED AND error.message:boom")["migrationJobs"]) == 1
    control.location_unreachable("us-central1")
    assert listed(everywhere)["unreachable"] == ["projects/demo-project/locations/us-central1"]


def test_both_sides_share_one_state(rest: Rest, client: Client, control: DmsControl) -> None:
    control.add_job("orders", phase="CDC", databases=["a"])
    rest.call("POST", f"{NAME}:stop", "Operation", json={})
    assert client.get_migration_job(name=NAME).state == clouddms_v1.MigrationJob.State.STOPPED
    operation = client.resume_migration_job(request={"name": NAME}).operation
    assert rest.call("GET", operation.name, "Operation")["response"]["state"] == "RUNNING"


@pytest.mark.parametrize(
    ("verb", "state", "body", "schema"),
    [
        ("start", "NOT_STARTED", {"skipValidation": True}, "StartMigrationJobRequest"),
        ("stop", "RUNNING", {}, "StopMigrationJobRequest"),
        ("resume", "STOPPED", {"skipValidation": False}, "ResumeMigrationJobRequest"),
        ("restart", "FAILED", {"skipValidation": True}, "RestartMigrationJobRequest"),
        ("promote", "RUNNING", {"objectsFilter": objects_config("a")}, "PromoteMigrationJobRequest"),
        ("verify", "RUNNING", {"updateMask": "displayName", "migrationJob": {}}, "VerifyMigrationJobRequest"),
    ],
)
def test_actions_take_the_bodies_of_the_document(
    rest: Rest,
    control: DmsControl,
    schemas: SchemaCheck,
    verb: str,
    state: str,
    body: dict[str, Any],
    schema: str,
) -> None:
    control.add_job("orders", state=state, phase=None if state == "NOT_STARTED" else "CDC", databases=["a"])
    schemas.check(schema, body)
    operation = rest.call("POST", f"{NAME}:{verb}", "Operation", json=body)
    schemas.check(
        "GoogleCloudClouddmsV1OperationMetadata",
        {k: v for k, v in operation["metadata"].items() if k != "@type"},
    )
    assert (operation["metadata"]["verb"], operation["metadata"]["target"]) == (verb, NAME)
    done = rest.call("GET", operation["name"], "Operation")
    assert done["done"] is True
    response = done["response"]
    assert response.pop("@type") == "type.googleapis.com/google.cloud.clouddms.v1.MigrationJob"
    schemas.check("MigrationJob", response)
    # An unknown field beside them is refused.
    error = rest.refused("POST", f"{NAME}:{verb}", json={**body, "surprise": 1})
    assert (error["status"], "surprise" in error["message"]) == ("INVALID_ARGUMENT", True)


def patch(rest: Rest, mask: str, body: dict[str, Any]) -> dict[str, Any]:
    rest.schemas.check("MigrationJob", body)
    rest.call("PATCH", NAME, "Operation", params={"updateMask": mask}, json=body)
    return rest.call("GET", NAME, "MigrationJob")


def test_a_patch_saves_what_its_mask_names(rest: Rest, control: DmsControl) -> None:
    control.add_job("orders", labels={"env": "prod"}, databases=["a", "b"])
    body = {
        "displayName": "New",
        "labels": {"env": "test"},
        "performanceConfig": {"dumpParallelLevel": "MIN", "loadParallelLevel": "LOAD_MAX"},
    }
    job = patch(rest, "displayName", body)
    assert (job["displayName"], job["labels"]) == ("New", {"env": "prod"})
    assert "performanceConfig" not in job
    job = patch(rest, "labels.env,performanceConfig", body)
    assert job["labels"] == {"env": "test"}
    assert job["performanceConfig"] == body["performanceConfig"]
    job = patch(
        rest, "performanceConfig.dumpParallelLevel", {"performanceConfig": {"dumpParallelLevel": "MAX"}}
    )
    assert job["performanceConfig"] == {"dumpParallelLevel": "MAX", "loadParallelLevel": "LOAD_MAX"}
    job = patch(rest, "objectsConfig", {"objectsConfig": objects_config("b")})
    assert job["objectsConfig"] == objects_config("b")


@pytest.mark.parametrize(
    ("mask", "body", "hint"),
    [
        ("", {"displayName": "x"}, "update_mask is required"),
        ("state", {}, "cannot be updated"),
        ("colour", {}, "unknown path"),
        ("displayName", {"colour": "red"}, "Unknown name"),
        ("displayName", {"displayName": 7}, "Invalid value"),
        ("objectsConfig", {"objectsConfig": {"sourceObjectsConfig": {}}}, "objects_selection_type"),
        (
            "objectsConfig",
            {"objectsConfig": objects_config("nowhere")},
            "do not exist in the source: nowhere",
        ),
        ("objectsConfig", {"objectsConfig": objects_config(excluded=("a",))}, "leaves no object"),
    ],
)
def test_a_bad_patch_is_refused(
    rest: Rest, control: DmsControl, mask: str, body: dict[str, Any], hint: str
) -> None:
    control.add_job("orders", databases=["a"])
    error = rest.refused("PATCH", NAME, params={"updateMask": mask}, json=body)
    assert error["status"] == "INVALID_ARGUMENT"
    assert hint in error["message"]


def test_a_job_is_created_and_deleted_over_rest(rest: Rest, control: DmsControl) -> None:
    for profile_id, profile in (
        ("src", {"sqlserver": {"host": "10.0.0.1", "port": 1433}, "role": "SOURCE"}),
        ("dst", {"cloudsql": {"settings": {"tier": "db-custom-2-7680"}}, "role": "DESTINATION"}),
    ):
        rest.call(
            "POST",
            f"{PARENT}/connectionProfiles",
            "Operation",
            params={"connectionProfileId": profile_id},
            json=profile,
        )
    body = {
        "type": "CONTINUOUS",
        "source": f"{PARENT}/connectionProfiles/src",
        "destination": f"{PARENT}/connectionProfiles/dst",
        "dumpType": "PHYSICAL",
        "objectsConfig": objects_config("app"),
    }
    rest.call("POST", f"{PARENT}/migrationJobs", "Operation", params={"migrationJobId": "orders"}, json=body)
    job = rest.call("GET", NAME, "MigrationJob")
    assert (job["state"], job["dumpType"], job["objectsConfig"]) == (
        "NOT_STARTED",
        "PHYSICAL",
        body["objectsConfig"],
    )
    assert (
        rest.call("GET", f"{PARENT}/connectionProfiles/src", "ConnectionProfile")["sqlserver"]["port"] == 1433
    )
    query = {"force": "true", "requestId": "a-b-c"}
    first = rest.call("DELETE", NAME, "Operation", params=query)
    again = rest.call("DELETE", NAME, "Operation", params=query)
    assert first["name"] == again["name"]
    done = rest.call("GET", first["name"], "Operation")
    assert done["response"] == {"@type": "type.googleapis.com/google.protobuf.Empty"}
    assert rest.refused("GET", NAME)["status"] == "NOT_FOUND"


def test_refusals_carry_status_and_reason(rest: Rest, control: DmsControl) -> None:
    control.add_job("orders", state="COMPLETED")
    error = rest.refused("POST", f"{NAME}:stop", json={})
    assert (error["code"], error["status"]) == (400, "FAILED_PRECONDITION")
    (info,) = error["details"]
    assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert info["metadata"] == {"state": "COMPLETED", "phase": "PHASE_UNSPECIFIED", "action": "stop"}


@pytest.mark.parametrize(
    ("verb", "path", "options", "code"),
    [
        ("GET", "projects/demo-project/nothing", {}, 404),
        ("POST", NAME, {"json": {}}, 404),
        ("POST", f"{NAME}:dance", {"json": {}}, 404),
        ("GET", f"{PARENT}/migrationJobs", {"params": {"colour": "red"}}, 400),
        ("GET", f"{PARENT}/migrationJobs", {"params": {"pageSize": "many"}}, 400),
        ("DELETE", NAME, {"params": {"force": "maybe"}}, 400),
        ("POST", f"{NAME}:stop", {"data": b"{not json"}, 400),
        ("POST", f"{NAME}:stop", {"json": [1, 2]}, 400),
        ("GET", f"{NAME}/objects/unknown", {}, 404),
    ],
)
def test_bad_requests_get_googles_error(
    rest: Rest, control: DmsControl, verb: str, path: str, options: dict[str, Any], code: int
) -> None:
    control.add_job("orders")
    assert rest.refused(verb, path, **options)["code"] == code


def test_locations_and_permissions(rest: Rest, control: DmsControl) -> None:
    control.add_job("orders")
    listed = rest.call("GET", "projects/demo-project/locations", "ListLocationsResponse")
    assert [place["locationId"] for place in listed["locations"]] == ["europe-west1", "us-central1"]
    assert rest.call("GET", PARENT, "Location")["name"] == PARENT
    body = {"permissions": ["datamigration.migrationJobs.get", "datamigration.migrationJobs.update"]}
    path = f"{NAME}:testIamPermissions"
    assert rest.call("POST", path, "TestIamPermissionsResponse", json=body) == body
    control.permissions([])
    assert rest.call("POST", path, "TestIamPermissionsResponse", json=body) == {"permissions": []}


def test_the_usual_query_parameters_of_google_apis_are_taken(rest: Rest, control: DmsControl) -> None:
    control.add_job("orders")
    response = rest.raw("GET", NAME, params={"alt": "json", "prettyPrint": "false", "key": "k"})
    assert json.loads(response.content)["name"] == NAME
