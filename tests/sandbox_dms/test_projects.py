"""Several projects in one service, what can be wrong with one of them, and what other APIs say about it.

Sources: `google.api.ErrorReason`, "Method: projects.locations.list" of DMS, "projects.testIamPermissions" of
Resource Manager (v1 and v3), "services.get" and "services.consumerQuotaMetrics.list" of Service Usage.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google.api_core import exceptions
from google.cloud import clouddms_v1, monitoring_v3
from google.cloud.location import locations_pb2  # type: ignore[import-untyped]
from google.rpc import error_details_pb2

from sandbox.dms import ControlError, DmsControl, DmsServer
from sandbox.projects import demo_projects

from .conftest import Rest
from .schema_check import SchemaCheck

Client = clouddms_v1.DataMigrationServiceClient
FIRST, OTHER = "demo-project", "demo-staging"
JOB = f"projects/{OTHER}/locations/europe-west3/migrationJobs/shop"
DMS = "datamigration.googleapis.com"


def jobs_of(client: Client, project: str, location: str = "-") -> list[str]:
    return [job.name for job in client.list_migration_jobs(parent=f"projects/{project}/locations/{location}")]


@pytest.fixture
def two(control: DmsControl) -> Iterator[DmsControl]:
    """The same job in both projects, each with locations of its own."""
    control.add_project(OTHER, "europe-west1", "europe-west3")
    control.add_job("shop")
    control.add_job("shop", project=OTHER, location="europe-west3", phase="CDC")
    yield control
    control.clear_faults()


def info_of(error: exceptions.GoogleAPICallError) -> tuple[str, str, dict[str, str]]:
    (found,) = [each for each in error.details if isinstance(each, error_details_pb2.ErrorInfo)]
    return found.reason, found.domain, dict(found.metadata)


def test_each_project_has_its_own_locations_and_jobs(client: Client, rest: Rest, two: DmsControl) -> None:
    assert two.status()["projects"] == [FIRST, OTHER]
    assert jobs_of(client, FIRST) == [f"projects/{FIRST}/locations/europe-west1/migrationJobs/shop"]
    assert jobs_of(client, OTHER) == [JOB]
    assert jobs_of(client, OTHER, "europe-west1") == []
    operation = client.stop_migration_job(request={"name": JOB})
    operation.result(timeout=60)
    assert operation.operation.name.startswith(f"projects/{OTHER}/locations/europe-west3/operations/")
    assert two.job(f"{OTHER}/europe-west3/shop")["state"] == "STOPPED"
    assert two.job(f"{FIRST}/europe-west1/shop")["state"] == "RUNNING"
    with pytest.raises(ControlError, match="2 jobs are called shop"):
        two.job("shop")
    listed = [
        rest.call("GET", f"projects/{each}/locations/-/connectionProfiles", "ListConnectionProfilesResponse")
        for each in (FIRST, OTHER)
    ]
    assert [len(each["connectionProfiles"]) for each in listed] == [2, 2]
    assert {each["name"].split("/")[1] for each in listed[1]["connectionProfiles"]} == {OTHER}


def test_a_project_lists_its_locations(client: Client, rest: Rest, two: DmsControl) -> None:
    def listed(**query: Any) -> dict[str, Any]:
        path = f"projects/{OTHER}/locations"
        return rest.call("GET", path, "ListLocationsResponse", params=query)

    assert listed()["locations"][1] == {
        "name": f"projects/{OTHER}/locations/europe-west3",
        "locationId": "europe-west3",
        "displayName": "Frankfurt",
        "labels": {"cloud.googleapis.com/region": "europe-west3"},
    }
    first = listed(pageSize=1)
    assert [each["locationId"] for each in first["locations"]] == ["europe-west1"]
    rest_of_it = listed(pageSize=1, pageToken=first["nextPageToken"])
    assert [each["locationId"] for each in rest_of_it["locations"]] == ["europe-west3"]
    found = listed(filter="displayName=Frankfurt")["locations"]
    assert [each["locationId"] for each in found] == ["europe-west3"]
    request = locations_pb2.ListLocationsRequest(name=f"projects/{OTHER}", filter="displayName=Belgium")
    (one,) = client.list_locations(request).locations
    assert (one.location_id, one.display_name, dict(one.labels)) == (
        "europe-west1",
        "Belgium",
        {"cloud.googleapis.com/region": "europe-west1"},
    )


def test_twenty_locations_in_a_project(client: Client, control: DmsControl) -> None:
    regions = [f"europe-west{number}" for number in range(1, 21)]
    control.add_project(OTHER, *regions)
    control.add_many(3, location="europe-west20", project=OTHER)
    answer = client.list_locations(locations_pb2.ListLocationsRequest(name=f"projects/{OTHER}"))
    assert {each.location_id for each in answer.locations} == set(regions)
    assert len(jobs_of(client, OTHER)) == 3


def test_a_location_is_away_in_one_project_alone(client: Client, two: DmsControl) -> None:
    two.location_unreachable("europe-west1", project=OTHER)
    page = client.list_migration_jobs(parent=f"projects/{OTHER}/locations/-")
    assert list(page.unreachable) == [f"projects/{OTHER}/locations/europe-west1"]
    assert [job.name for job in page] == [JOB]
    assert list(client.list_migration_jobs(parent=f"projects/{FIRST}/locations/-").unreachable) == []
    with pytest.raises(exceptions.ServiceUnavailable):
        jobs_of(client, OTHER, "europe-west1")
    two.location_unreachable("europe-west1")
    assert list(client.list_migration_jobs(parent=f"projects/{FIRST}/locations/-").unreachable) == [
        f"projects/{FIRST}/locations/europe-west1"
    ]


@pytest.mark.parametrize(
    "path",
    ["locations", "locations/-/migrationJobs", "locations/-/operations", "locations/europe-west1",
     "locations/-/connectionProfiles", "locations/europe-west1/migrationJobs/x"],
)  # fmt: skip
def test_a_project_that_does_not_exist_is_refused(path: str, rest: Rest, two: DmsControl) -> None:
    error = rest.refused("GET", f"projects/nobodys/{path}")
    assert (error["status"], error["message"]) == (
        "PERMISSION_DENIED",
        "Permission denied on resource project nobodys.",
    )
    (info,) = error["details"]
    assert (info["reason"], info["domain"], info["metadata"]) == (
        "CONSUMER_INVALID",
        "googleapis.com",
        {"service": DMS, "consumer": "projects/nobodys"},
    )


@pytest.mark.parametrize(
    ("method", "permission"),
    [
        ("list_migration_jobs", "datamigration.migrationjobs.list"),
        ("list_connection_profiles", "datamigration.connectionprofiles.list"),
    ],
)
def test_a_denied_project_names_the_permission(
    client: Client, two: DmsControl, method: str, permission: str
) -> None:
    two.project_condition(OTHER, "DENIED")
    parent = f"projects/{OTHER}/locations/europe-west3"
    with pytest.raises(exceptions.PermissionDenied) as refused:
        getattr(client, method)(parent=parent)
    assert refused.value.message == (
        f"Permission '{permission}' denied on resource '//{DMS}/{parent}' (or it may not exist)."
    )
    metadata = {"permission": permission, "resource": parent}
    assert info_of(refused.value) == ("IAM_PERMISSION_DENIED", DMS, metadata)
    assert jobs_of(client, FIRST)
    two.project_condition(OTHER, None)
    assert jobs_of(client, OTHER) == [JOB]


@pytest.mark.parametrize(
    ("verb", "path", "permission"),
    [
        ("GET", JOB, "datamigration.migrationjobs.get"),
        ("POST", f"{JOB}:promote", "datamigration.migrationjobs.promote"),
        ("POST", f"{JOB}:demoteDestination", "datamigration.migrationjobs.demoteDestination"),
        ("POST", f"{JOB}:generateSshScript", "datamigration.migrationjobs.generateSshScript"),
        ("GET", f"{JOB}:fetchSourceObjects", "datamigration.migrationjobs.fetchSourceObjects"),
        ("GET", f"{JOB}/objects", "datamigration.objects.list"),
        ("GET", f"projects/{OTHER}/locations/-/operations", "datamigration.operations.list"),
        ("GET", f"projects/{OTHER}/locations", "datamigration.locations.list"),
    ],
)
def test_a_denied_project_refuses_every_method(
    rest: Rest, two: DmsControl, verb: str, path: str, permission: str
) -> None:
    two.project_condition(OTHER, "DENIED")
    error = rest.refused(verb, path, json={} if verb == "POST" else None)
    assert (error["status"], error["details"][0]["reason"]) == ("PERMISSION_DENIED", "IAM_PERMISSION_DENIED")
    assert error["details"][0]["metadata"]["permission"] == permission


def test_an_api_that_is_off(client: Client, rest: Rest, two: DmsControl) -> None:
    two.switch_service(OTHER, on=False)
    with pytest.raises(exceptions.PermissionDenied) as refused:
        jobs_of(client, OTHER)
    link = f"https://console.developers.google.com/apis/api/{DMS}/overview?project={OTHER}"
    assert refused.value.message.startswith(
        f"Database Migration API has not been used in project {OTHER} before or it is disabled. "
        f"Enable it by visiting {link} then retry."
    )
    reason, domain, metadata = info_of(refused.value)
    assert (reason, domain) == ("SERVICE_DISABLED", "googleapis.com")
    assert (metadata["service"], metadata["consumer"]) == (DMS, f"projects/{OTHER}")
    assert metadata["activationUrl"] == link
    assert rest.refused("GET", JOB)["details"][0]["reason"] == "SERVICE_DISABLED"
    assert jobs_of(client, FIRST)
    two.switch_service(OTHER, on=True)
    assert jobs_of(client, OTHER) == [JOB]


def test_monitoring_can_be_off_alone(
    client: Client, metrics: monitoring_v3.MetricServiceClient, two: DmsControl
) -> None:
    two.switch_service(OTHER, False, "monitoring.googleapis.com")
    now = int(time.time())
    request = {
        "name": f"projects/{OTHER}",
        "filter": f'metric.type = "{DMS}/migration_job/max_replica_sec_lag"',
        "interval": {"start_time": {"seconds": now - 600}, "end_time": {"seconds": now}},
    }
    with pytest.raises(exceptions.PermissionDenied) as refused:
        metrics.list_time_series(request=request)
    assert info_of(refused.value)[2]["service"] == "monitoring.googleapis.com"
    assert jobs_of(client, OTHER) == [JOB]
    request["name"] = f"projects/{FIRST}"
    metrics.list_time_series(request=request)


def test_credentials_that_fail(client: Client, rest: Rest, two: DmsControl) -> None:
    two.project_condition(OTHER, "UNAUTHENTICATED")
    with pytest.raises(exceptions.Unauthenticated) as refused:
        jobs_of(client, OTHER)
    reason, domain, metadata = info_of(refused.value)
    assert (reason, domain, metadata["service"]) == ("ACCESS_TOKEN_EXPIRED", "googleapis.com", DMS)
    # Google's own session would try to renew its credentials.
    answer = httpx.get(f"{rest.base}/v1/projects/{OTHER}/services/{DMS}", trust_env=False)
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert jobs_of(client, FIRST)


def test_a_quota_that_is_used_up(client: Client, rest: Rest, two: DmsControl) -> None:
    two.project_condition(OTHER, "QUOTA")
    with pytest.raises(exceptions.ResourceExhausted) as refused:
        client.list_migration_jobs(parent=f"projects/{OTHER}/locations/-", retry=None)
    reason, _, metadata = info_of(refused.value)
    assert reason == "RATE_LIMIT_EXCEEDED"
    assert set(metadata) == {"service", "consumer", "quota_metric", "quota_limit"}
    (failure,) = [each for each in refused.value.details if isinstance(each, error_details_pb2.QuotaFailure)]
    assert failure.violations[0].description == refused.value.message
    assert refused.value.message.startswith("Quota exceeded for quota metric 'API requests' and limit ")
    assert rest.refused("GET", JOB)["code"] == 429
    assert jobs_of(client, FIRST)


def test_a_silent_and_a_slow_project(client: Client, two: DmsControl) -> None:
    two.project_condition(OTHER, "SILENT")
    parent = f"projects/{OTHER}/locations/-"
    with pytest.raises((exceptions.DeadlineExceeded, exceptions.RetryError)):
        client.list_migration_jobs(parent=parent, retry=None, timeout=0.2)
    assert jobs_of(client, FIRST)
    two.project_condition(OTHER, "SLOW", seconds=0.2)
    begun = time.monotonic()
    assert jobs_of(client, OTHER) == [JOB]
    assert time.monotonic() - begun >= 0.2
    two.clear_faults()
    assert jobs_of(client, OTHER) == [JOB]


def test_a_reset_ends_what_was_wrong(client: Client, two: DmsControl) -> None:
    two.project_condition(FIRST, "DENIED")
    two.switch_service(FIRST, on=False)
    two.reset("empty")
    assert two.status()["projects"] == [FIRST]
    assert jobs_of(client, FIRST) == []


# Other APIs, on the same port


@pytest.mark.parametrize(("version", "document"), [("v1", "v1"), ("v3", "v3")])
def test_permissions_on_a_project(rest: Rest, two: DmsControl, version: str, document: str) -> None:
    asked = ["datamigration.migrationjobs.list", "monitoring.timeSeries.list"]
    schemas = SchemaCheck(f"cloudresourcemanager.{document}")

    def granted(project: str) -> list[str]:
        url = f"{rest.base}/{version}/projects/{project}:testIamPermissions"
        body = rest.session.post(url, json={"permissions": asked}, timeout=20).json()
        schemas.check("TestIamPermissionsResponse", body)
        return list(body.get("permissions", []))

    assert granted(OTHER) == asked
    two.permissions(asked[:1], project=OTHER)
    assert (granted(OTHER), granted(FIRST)) == (asked[:1], asked)
    two.permissions([])
    assert (granted(OTHER), granted(FIRST)) == (asked[:1], [])
    two.permissions(None)
    two.permissions(None, project=OTHER)
    two.project_condition(OTHER, "DENIED")
    assert (granted(OTHER), granted(FIRST)) == ([], asked)


def test_permissions_on_a_project_refuse_what_resource_manager_does(rest: Rest, two: DmsControl) -> None:
    wild = rest.refused("POST", f"projects/{OTHER}:testIamPermissions", json={"permissions": ["storage.*"]})
    assert wild["status"] == "INVALID_ARGUMENT"
    assert rest.refused("POST", "projects/nobodys:testIamPermissions", json={})["code"] == 403
    two.switch_service(OTHER, False, "cloudresourcemanager.googleapis.com")
    off = rest.refused("POST", f"projects/{OTHER}:testIamPermissions", json={})
    assert off["details"][0]["metadata"]["serviceTitle"] == "Cloud Resource Manager API"


def test_whether_an_api_is_enabled(rest: Rest, two: DmsControl) -> None:
    path = f"projects/{OTHER}/services/{DMS}"
    service = rest.raw("GET", path).json()
    SchemaCheck("serviceusage.v1").check("GoogleApiServiceusageV1Service", service)
    assert (service["state"], service["config"]["name"]) == ("ENABLED", DMS)
    assert service["name"] == f"{service['parent']}/services/{DMS}"
    assert service["parent"].removeprefix("projects/").isdigit()
    two.switch_service(OTHER, on=False)
    assert rest.raw("GET", path).json()["state"] == "DISABLED"
    assert rest.raw("GET", path.replace(OTHER, FIRST)).json()["state"] == "ENABLED"
    assert rest.refused("GET", f"projects/{OTHER}/services/nothing.googleapis.com")["code"] == 404
    two.project_condition(OTHER, "DENIED")
    assert rest.refused("GET", path)["message"] == f"Permission denied to get service [{DMS}]"


def test_the_quota_of_a_project(rest: Rest, two: DmsControl) -> None:
    two.quota(OTHER, 90)
    schemas = SchemaCheck("serviceusage.v1beta1")

    def limit(project: str) -> dict[str, str]:
        url = f"{rest.base}/v1beta1/projects/{project}/services/{DMS}/consumerQuotaMetrics"
        body = rest.session.get(url, timeout=20).json()
        schemas.check("ListConsumerQuotaMetricsResponse", body)
        (metric,) = body["metrics"]
        (found,) = metric["consumerQuotaLimits"]
        assert found["unit"] == "1/min/{project}"
        return dict(found["quotaBuckets"][0])

    assert limit(OTHER)["effectiveLimit"] == "90"
    assert limit(FIRST)["effectiveLimit"] == limit(FIRST)["defaultLimit"] == limit(OTHER)["defaultLimit"]


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("project_condition", {"project": FIRST, "kind": "MOODY"}),
        ("project_condition", {"project": "nobodys", "kind": "DENIED"}),
        ("switch_service", {"project": FIRST, "service": "mail.example.com", "on": False}),
        ("switch_service", {"project": "nobodys", "on": False}),
        ("quota", {"project": "nobodys", "requests_per_minute": 1}),
    ],
)
def test_bad_calls_about_projects_are_refused(
    control: DmsControl, call: str, arguments: dict[str, object]
) -> None:
    with pytest.raises(ControlError):
        control._call(call, **arguments)


def test_a_server_begins_with_several_projects() -> None:
    with DmsServer(more_projects={OTHER: ("europe-west3",), "demo-dev": ("us-central1",)}) as server:
        assert server.control.status()["projects"] == [FIRST, OTHER, "demo-dev"]
        assert server.control.reset()["projects"] == [FIRST, OTHER, "demo-dev"]
        path = f"http://{server.rest_host}/v1/projects/{OTHER}/locations"
        locations = httpx.get(path, trust_env=False).json()["locations"]
    assert [each["locationId"] for each in locations] == ["europe-west3"]


@pytest.fixture(scope="module")
def demo() -> Iterator[DmsServer]:
    served = demo_projects(3)
    further = {each.id: each.locations for each in served[1:]}
    with DmsServer(seed="demo", more_projects=further) as server:
        yield server


def test_the_demo_of_three_projects_has_one_id_in_two_of_them_and_in_two_places(demo: DmsServer) -> None:
    names = [name.split("/") for name in demo.control.jobs()]
    orders = sorted((project, location) for _, project, _, location, _, job in names if job == "orders-db")
    assert orders == [
        ("demo-dev", "us-central1"),
        ("demo-project", "europe-west1"),
        ("demo-staging", "europe-west1"),
        ("demo-staging", "europe-west3"),
    ]
    # The first project has what it has alone: pictures, the tour and other tests build on it.
    assert sum(project == "demo-project" for _, project, *_ in names) == 40


def test_very_many_jobs_are_spread_evenly(client: Client, control: DmsControl) -> None:
    locations = ["europe-west1", "europe-west3"]
    control.add_project(OTHER)
    names = control.spread(50, locations, [FIRST, OTHER])
    found = [jobs_of(client, project, at) for project in (FIRST, OTHER) for at in locations]
    assert [len(each) for each in found] == [13, 13, 12, 12]
    assert {job for each in found for job in each} >= set(names)
    assert {control.job(name)["phase"] for name in names} == {"CDC"}
