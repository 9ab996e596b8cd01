"""Listing, reading, making, changing and deleting jobs with the unchanged gRPC client."""

import uuid
from concurrent import futures
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import clouddms_v1
from google.cloud.location import locations_pb2  # type: ignore[import-untyped]
from google.iam.v1 import iam_policy_pb2
from google.protobuf import field_mask_pb2

from sandbox.dms import DmsControl

from .conftest import PARENT

Client = clouddms_v1.DataMigrationServiceClient
State = clouddms_v1.MigrationJob.State
EVERYWHERE = "projects/demo-project/locations/-"


def ids(jobs: object) -> list[str]:
    return [job.name.rsplit("/", 1)[1] for job in jobs]  # type: ignore[attr-defined]


def name(job_id: str) -> str:
    return f"{PARENT}/migrationJobs/{job_id}"


def test_a_job_shows_its_fields(client: Client, control: DmsControl) -> None:
    control.add_job(
        "orders",
        phase="CDC",
        source_engine="MYSQL",
        source_provider="RDS",
        destination_engine="MYSQL",
        destination_provider="CLOUDSQL",
        labels={"env": "prod"},
        display_name="Orders",
        dump_parallel_level="MAX",
        created_ago=7260,
    )
    # The stubs know times as messages; the client gives datetime and timedelta.
    job: Any = client.get_migration_job(name=name("orders"))
    assert (job.display_name, dict(job.labels)) == ("Orders", {"env": "prod"})
    assert job.source_database.engine == clouddms_v1.DatabaseEngine.MYSQL
    assert job.source_database.provider == clouddms_v1.DatabaseProvider.RDS
    assert job.performance_config.dump_parallel_level.name == "MAX"
    assert 7200 <= job.duration.total_seconds() < 7260
    assert job.create_time < job.update_time
    source = client.get_connection_profile(name=job.source)
    assert source.mysql.host == "orders.db.internal"
    assert client.get_connection_profile(name=job.destination).cloudsql.cloud_sql_id == "orders-target"


def test_pages_hold_fifty_unless_asked_and_a_thousand_at_most(client: Client, control: DmsControl) -> None:
    control.add_many(1200, "europe-west1", "job", "RUNNING")
    assert len(client.list_migration_jobs(parent=PARENT).migration_jobs) == 50
    pages = list(client.list_migration_jobs(request={"parent": PARENT, "page_size": 5000}).pages)
    assert [len(page.migration_jobs) for page in pages] == [1000, 200]
    names = [job.name for page in pages for job in page.migration_jobs]
    assert len(set(names)) == 1200
    assert names == sorted(names)


def test_a_list_is_not_upset_by_jobs_that_come_and_go(client: Client, control: DmsControl) -> None:
    control.add_many(6, "europe-west1", "job", "RUNNING")
    first = client.list_migration_jobs(request={"parent": PARENT, "page_size": 3})
    token = first.next_page_token
    control.add_job("aaa")
    rest = client.list_migration_jobs(request={"parent": PARENT, "page_size": 9, "page_token": token})
    assert ids(rest.migration_jobs) == ["job-3", "job-4", "job-5"]


def test_a_page_token_belongs_to_its_query(client: Client, control: DmsControl) -> None:
    control.add_many(3, "europe-west1", "job", "RUNNING")
    token = client.list_migration_jobs(request={"parent": PARENT, "page_size": 1}).next_page_token
    for request in (
        {"parent": PARENT, "page_token": token, "filter": "state=RUNNING"},
        {"parent": PARENT, "page_token": "gibberish"},
        {"parent": PARENT, "page_size": -1},
        {"parent": PARENT, "order_by": "colour"},
        {"parent": PARENT, "order_by": "name sideways"},
        {"parent": PARENT, "filter": "state ="},
        {"parent": "projects/demo-project"},
        {"parent": "projects/demo-project/locations/moon"},
    ):
        with pytest.raises(exceptions.InvalidArgument):
            client.list_migration_jobs(request=request)


def test_lists_are_ordered_and_filtered(client: Client, control: DmsControl) -> None:
    control.add_job("alpha", phase="CDC", labels={"env": "prod"}, display_name="Zeta")
    control.add_job("beta", state="FAILED", phase="FULL_DUMP", labels={"env": "staging"}, display_name="Eta")
    control.add_job("gamma", state="STOPPED", phase="CDC", display_name="Theta")

    def listed(**query: str) -> list[str]:
        return ids(client.list_migration_jobs(request={"parent": PARENT, **query}))

    assert listed(order_by="name desc") == ["gamma", "beta", "alpha"]
    assert listed(order_by="display_name") == ["beta", "gamma", "alpha"]
    assert listed(order_by="state desc, name") == ["gamma", "alpha", "beta"]
    assert listed(filter='state = "RUNNING"') == ["alpha"]
    assert listed(filter="state != RUNNING") == ["beta", "gamma"]
    assert listed(filter="phase=CDC AND NOT state=STOPPED") == ["alpha"]
    assert listed(filter="labels.env=prod OR labels.env=staging") == ["alpha", "beta"]
    assert listed(filter="display_name:eta state!=RUNNING") == ["beta", "gamma"]
    assert listed(filter=f'name = "{name("beta")}"') == ["beta"]
    assert listed(filter="type = CONTINUOUS AND createTime > 2020-01-01T00:00:00Z", order_by="name desc") == [
        "gamma",
        "beta",
        "alpha",
    ]


def test_an_unreachable_location_is_named_and_the_rest_is_listed(client: Client, control: DmsControl) -> None:
    control.add_job("here")
    control.add_job("there", location="us-central1")
    control.location_unreachable("us-central1")
    page = next(iter(client.list_migration_jobs(parent=EVERYWHERE).pages))
    assert ids(page.migration_jobs) == ["here"]
    assert list(page.unreachable) == ["projects/demo-project/locations/us-central1"]
    with pytest.raises(exceptions.ServiceUnavailable):
        client.get_migration_job(name="projects/demo-project/locations/us-central1/migrationJobs/there")
    control.location_unreachable("us-central1", on=False)
    assert ids(client.list_migration_jobs(parent=EVERYWHERE)) == ["here", "there"]


def test_foreign_projects_and_missing_jobs_are_told_apart(client: Client) -> None:
    with pytest.raises(exceptions.PermissionDenied):
        client.list_migration_jobs(parent="projects/other/locations/europe-west1")
    with pytest.raises(exceptions.NotFound) as caught:
        client.get_migration_job(name=name("nobody"))
    assert caught.value.reason == "RESOURCE_NOT_FOUND"


def make_profiles(client: Client) -> tuple[str, str]:
    made = []
    profiles: dict[str, Any] = {
        "src": {"postgresql": {"host": "10.0.0.1", "port": 5432, "username": "u"}},
        "dst": {"alloydb": {"cluster_id": "dst"}},
    }
    for profile_id, profile in profiles.items():
        operation = client.create_connection_profile(
            parent=PARENT, connection_profile_id=profile_id, connection_profile=profile
        )
        made.append(operation.result(timeout=60).name)
    return made[0], made[1]


def test_a_job_is_created_once_for_a_request_id(client: Client, control: DmsControl) -> None:
    source, destination = make_profiles(client)
    request = {
        "parent": PARENT,
        "migration_job_id": "fresh",
        "migration_job": {"type_": "CONTINUOUS", "source": source, "destination": destination},
        "request_id": str(uuid.uuid4()),
    }
    first = client.create_migration_job(request=request)
    again = client.create_migration_job(request=request)
    assert first.operation.name == again.operation.name
    assert first.result(timeout=60).state == State.NOT_STARTED
    with pytest.raises(exceptions.AlreadyExists):
        client.create_migration_job(request={**request, "request_id": str(uuid.uuid4())})
    assert {d["name"] for d in control.job("fresh")["databases"]} == {"app", "postgres"}
    assert [p.name for p in client.list_connection_profiles(parent=PARENT)] == sorted([source, destination])


@pytest.mark.parametrize(
    "change",
    [
        {"migration_job_id": "Bad_Id"},
        {"migration_job": {"type_": "CONTINUOUS"}},
        {"migration_job": {}},
        {"request_id": "not an id!"},
    ],
)
def test_a_bad_creation_is_refused(client: Client, change: dict[str, object]) -> None:
    source, destination = make_profiles(client)
    job = {"type_": "CONTINUOUS", "source": source, "destination": destination}
    with pytest.raises(exceptions.InvalidArgument):
        client.create_migration_job(
            request={"parent": PARENT, "migration_job_id": "fresh", "migration_job": job, **change}
        )


def test_a_recreated_job_has_another_create_time(client: Client, control: DmsControl) -> None:
    control.add_job("twice", created_ago=0)
    first: Any = client.get_migration_job(name=name("twice"))
    client.delete_migration_job(name=name("twice")).result(timeout=60)
    control.add_job("twice", created_ago=0)
    second: Any = client.get_migration_job(name=name("twice"))
    assert second.create_time > first.create_time


def test_a_profile_in_use_is_not_deleted_without_force(client: Client, control: DmsControl) -> None:
    control.add_job("orders")
    profile = client.get_migration_job(name=name("orders")).source
    with pytest.raises(exceptions.FailedPrecondition):
        client.delete_connection_profile(name=profile)
    client.delete_connection_profile(request={"name": profile, "force": True}).result(timeout=60)
    with pytest.raises(exceptions.NotFound):
        client.get_connection_profile(name=profile)


def update(client: Client, paths: list[str], **fields: object) -> object:
    return client.update_migration_job(
        request={
            "migration_job": {"name": name("orders"), **fields},
            "update_mask": field_mask_pb2.FieldMask(paths=paths),
            "request_id": str(uuid.uuid4()),
        }
    ).result(timeout=60)


def test_an_update_changes_what_the_mask_names_and_nothing_else(client: Client, control: DmsControl) -> None:
    control.add_job("orders", labels={"env": "prod"}, display_name="Old", dump_parallel_level="MIN")
    wanted = {"performance_config": {"dump_parallel_level": "MAX"}, "display_name": "Ignored"}
    update(client, ["performance_config.dump_parallel_level"], **wanted)
    job = client.get_migration_job(name=name("orders"))
    assert (job.display_name, job.performance_config.dump_parallel_level.name) == ("Old", "MAX")
    assert job.state == State.RUNNING
    update(client, ["display_name", "labels"], display_name="New", labels={"env": "test"})
    job = client.get_migration_job(name=name("orders"))
    assert (job.display_name, dict(job.labels)) == ("New", {"env": "test"})


def test_a_new_dump_parallelism_counts_from_the_next_restart(client: Client, control: DmsControl) -> None:
    control.add_job("orders", phase="FULL_DUMP", dump_parallel_level="MIN")
    update(
        client, ["performance_config.dump_parallel_level"], performance_config={"dump_parallel_level": "MAX"}
    )
    assert control.job("orders")["effectiveDumpParallelLevel"] == "MIN"
    client.stop_migration_job(request={"name": name("orders")}).result(timeout=60)
    client.restart_migration_job(request={"name": name("orders")}).result(timeout=60)
    assert control.job("orders")["effectiveDumpParallelLevel"] == "MAX"


@pytest.mark.parametrize(
    "paths",
    [[], ["name"], ["state"], ["create_time"], ["colour"], ["objects_config"], ["performance_config.x"]],
)
def test_unknown_and_immutable_paths_are_refused(
    client: Client, control: DmsControl, paths: list[str]
) -> None:
    control.add_job("orders")
    with pytest.raises(exceptions.InvalidArgument):
        update(client, paths, display_name="x")


def test_parallelism_is_set_on_running_jobs_and_the_dump_on_any(client: Client, control: DmsControl) -> None:
    control.add_job("orders", state="NOT_STARTED")
    update(client, ["dump_path"], dump_path="gs://bucket/dump")
    assert client.get_migration_job(name=name("orders")).dump_path == "gs://bucket/dump"
    with pytest.raises(exceptions.FailedPrecondition):
        update(client, ["performance_config"], performance_config={"dump_parallel_level": "MAX"})
    control.set_job("orders", state="RUNNING", phase="CDC")
    # gcloud `update`: "display name, dump path, connectivity" of a job that is no draft.
    update(client, ["dump_path"], dump_path="gs://bucket/other")
    assert client.get_migration_job(name=name("orders")).dump_path == "gs://bucket/other"
    with pytest.raises(exceptions.FailedPrecondition):
        update(client, ["type"], type_="ONE_TIME")


@pytest.mark.parametrize("path", ["bucket/dump", "gs://bucket", "s3://bucket/dump"])
def test_a_dump_path_has_the_form_of_the_reference(path: str, client: Client, control: DmsControl) -> None:
    control.add_job("orders")
    with pytest.raises(exceptions.InvalidArgument):
        update(client, ["dump_path"], dump_path=path)


def test_a_dump_path_excludes_dump_flags(client: Client, control: DmsControl) -> None:
    control.add_job("orders", state="NOT_STARTED")
    update(client, ["dump_flags"], dump_flags={"dump_flags": [{"name": "quick", "value": "1"}]})
    with pytest.raises(exceptions.InvalidArgument, match="mutually exclusive"):
        update(client, ["dump_path"], dump_path="gs://bucket/dump")


def test_deleting_twice_with_one_request_id_is_one_deletion(client: Client, control: DmsControl) -> None:
    control.add_job("orders")
    request = {"name": name("orders"), "request_id": str(uuid.uuid4())}
    first = client.delete_migration_job(request=request)
    first.result(timeout=60)
    again = client.delete_migration_job(request=request)
    assert again.operation.name == first.operation.name
    with pytest.raises(exceptions.NotFound):
        client.delete_migration_job(name=name("orders"))


def test_locations_and_permissions(client: Client, control: DmsControl) -> None:
    control.add_job("orders")
    listed = client.list_locations(locations_pb2.ListLocationsRequest(name="projects/demo-project"))
    assert [found.location_id for found in listed.locations] == ["europe-west1", "us-central1"]
    one = client.get_location(locations_pb2.GetLocationRequest(name=PARENT))
    assert one.location_id == "europe-west1"
    control.permissions(["datamigration.migrationJobs.get"])
    asked = ["datamigration.migrationJobs.get", "datamigration.migrationJobs.delete"]
    request = iam_policy_pb2.TestIamPermissionsRequest(resource=name("orders"), permissions=asked)
    assert list(client.test_iam_permissions(request).permissions) == asked[:1]


def test_calls_the_sandbox_does_not_serve_are_unimplemented(client: Client) -> None:
    with pytest.raises(exceptions.MethodNotImplemented):
        client.list_conversion_workspaces(parent=PARENT)


def test_many_callers_at_once_delete_once(client: Client, control: DmsControl) -> None:
    control.add_job("orders")
    control.operation_seconds(1e6)
    request = {"name": name("orders"), "request_id": str(uuid.uuid4())}
    with futures.ThreadPoolExecutor(16) as pool:
        started = [pool.submit(client.delete_migration_job, request=request) for _ in range(64)]
        operations = {one.result().operation.name for one in started}
    assert len(operations) == 1
    assert len(control.calls("DeleteMigrationJob")) == 64


def test_many_callers_at_once_start_once(client: Client, control: DmsControl) -> None:
    control.add_job("orders", state="NOT_STARTED")
    control.operation_seconds(1e6)

    def start() -> str:
        try:
            client.start_migration_job(request={"name": name("orders")})
        except exceptions.FailedPrecondition:
            return "refused"
        return "started"

    with futures.ThreadPoolExecutor(16) as pool:
        outcomes = [one.result() for one in [pool.submit(start) for _ in range(32)]]
    assert outcomes.count("started") == 1
