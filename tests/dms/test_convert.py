"""Messages and JSON to values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud.clouddms_v1.types import clouddms_resources as resources
from google.longrunning import operations_pb2
from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2

from bot.dms import connection_profiles, convert
from bot.dms.enum_names import EnumNames
from bot.dms.model import Database, Endpoint, Fault, ObjectId, ObjectsConfig, Selection
from bot.dms.resource_names import cloud_sql_instance, with_project_id
from tests.dms.fake_service import JobPb, MetadataPb, ProfilePb

NAME = "projects/p/locations/l/migrationJobs/orders-db"
SOURCE = "projects/p/locations/l/connectionProfiles/src"
DESTINATION = "projects/p/locations/l/connectionProfiles/dst"
VerificationPb = resources.MigrationJobVerificationError.pb()


def endpoint(profile: str, engine: str, provider: str) -> Endpoint:
    return Endpoint(profile, convert.specified_name(engine), convert.specified_name(provider))


def converted(message: Any) -> Any:
    return convert.job(message, EnumNames().names, endpoint)


def test_a_full_job() -> None:
    message = JobPb(name=NAME, display_name="Orders", source=SOURCE, destination=DESTINATION)
    message.state, message.phase, message.type_ = 5, 2, 2
    message.labels["team"] = "billing"
    message.labels["env"] = "prod"
    message.create_time.FromJsonString("2026-01-02T03:04:05.123456789Z")
    message.update_time.FromJsonString("2026-01-03T00:00:00Z")
    message.end_time.FromJsonString("2026-01-04T00:00:00Z")
    message.duration.FromJsonString("90.5s")
    message.source_database.engine = 1
    message.destination_database.engine = 2
    message.destination_database.provider = 4
    message.performance_config.dump_parallel_level = 3
    message.error.code, message.error.message = 9, "wal_level is not logical"
    job = converted(message)
    assert (job.name, job.display_name) == (NAME, "Orders")
    assert (job.state, job.phase, job.type, job.parallelism) == ("RUNNING", "CDC", "CONTINUOUS", "MAX")
    assert job.labels == (("env", "prod"), ("team", "billing"))
    assert job.create_time == datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)
    assert job.update_time == datetime(2026, 1, 3, tzinfo=UTC)
    assert job.end_time == datetime(2026, 1, 4, tzinfo=UTC)
    assert job.create_time.tzinfo is UTC
    assert job.duration_s == 90.5
    assert job.source == Endpoint(SOURCE, "MYSQL")
    assert job.destination == Endpoint(DESTINATION, "POSTGRESQL", "ALLOYDB")
    assert job.error == Fault(9, "wal_level is not logical")


def test_an_empty_job() -> None:
    job = converted(JobPb(name=NAME))
    assert (job.state, job.phase, job.type) == ("STATE_UNSPECIFIED", "PHASE_UNSPECIFIED", "")
    assert (job.update_time, job.end_time, job.error, job.parallelism, job.labels) == (
        None,
        None,
        None,
        "",
        (),
    )


def test_an_unknown_number_is_shown() -> None:
    job = converted(JobPb.FromString(JobPb(name=NAME, state=17, phase=6).SerializeToString()))
    assert (job.state, job.phase) == ("STATE_17", "PHASE_6")


def test_verification_errors_are_spelled_out() -> None:
    status = status_pb2.Status(code=9, message="Verification failed.")
    details = status.details.add()
    details.Pack(
        VerificationPb(
            error_code=9, error_message="wal_level must be logical", error_detail_message="it is replica"
        )
    )
    expected = "Verification failed; INVALID_WAL_LEVEL: wal_level must be logical (it is replica)"
    assert convert.fault(status) == Fault(9, expected)
    as_json = {
        "code": 9,
        "message": "Verification failed",
        "details": [
            {
                "@type": "type.googleapis.com/google.cloud.clouddms.v1.MigrationJobVerificationError",
                "errorCode": "INVALID_WAL_LEVEL",
                "errorMessage": "wal_level must be logical",
                "errorDetailMessage": "it is replica",
            }
        ],
    }
    assert convert.fault_from_json(as_json) == Fault(9, expected)


def test_a_new_verification_error_is_shown_by_number() -> None:
    status = status_pb2.Status(code=9)
    status.details.add().Pack(
        VerificationPb.FromString(VerificationPb(error_code=999, error_message="odd").SerializeToString())
    )
    assert convert.fault(status) == Fault(9, "ERROR_CODE_999: odd")


def _packed(*details: Any, message: str = "") -> status_pb2.Status:
    status = status_pb2.Status(code=9, message=message)
    for each in details:
        status.details.add().Pack(each)
    return status


TIMED_OUT = "We timed out trying to connect to the data source."


@pytest.mark.parametrize(
    ("details", "message", "shown"),
    [
        # hashicorp/terraform-provider-google#21253: Datastream, which reads Oracle.
        (
            [
                error_details_pb2.ErrorInfo(
                    reason="CONNECTION_TIMEOUT",
                    domain="datastream.googleapis.com",
                    metadata={"message": TIMED_OUT, "originalMessage": "timeout expired"},
                )
            ],
            "",
            f"CONNECTION_TIMEOUT: {TIMED_OUT}",
        ),
        ([error_details_pb2.LocalizedMessage(locale="en", message="No.")], "Failed.", "Failed; No."),
        ([error_details_pb2.LocalizedMessage(locale="en", message="Failed.")] * 2, "Failed.", "Failed."),
        (
            [
                error_details_pb2.PreconditionFailure(
                    violations=[error_details_pb2.PreconditionFailure.Violation(description="it runs")]
                )
            ],
            "Failed",
            "Failed; it runs",
        ),
        ([_packed(_packed(message="inner"), message="outer")], "Failed", "Failed; outer; inner"),
        (
            [_packed(VerificationPb(error_code=9, error_message="m"))],
            "Failed",
            "Failed; INVALID_WAL_LEVEL: m",
        ),
        ([error_details_pb2.RetryInfo()], "Failed", "Failed"),
    ],
)
def test_details_of_every_kind_are_read(details: list[Any], message: str, shown: str) -> None:
    """Without them, an error whose message is empty would have no reason."""
    status = _packed(*details, message=message)
    assert convert.fault(status) == Fault(9, shown)
    assert convert.fault_from_json(json_format.MessageToDict(status)) == Fault(9, shown)


def test_a_detail_of_an_unknown_type_is_passed_over() -> None:
    inner = _packed(error_details_pb2.LocalizedMessage(locale="en", message="inner"), message="outer")
    inner.details.add(type_url="type.googleapis.com/google.cloud.new.Detail", value=b"\x08\x01")
    assert convert.fault(_packed(inner, message="Failed")) == Fault(9, "Failed; outer; inner")


@pytest.mark.parametrize(
    "odd", ["x", 7, None, [], {"violations": "x", "details": {}}, {"metadata": 1, "fieldViolations": [1]}]
)
def test_an_odd_detail_is_passed_over(odd: Any) -> None:
    assert convert.fault_from_json({"code": 9, "message": "m", "details": [odd]}) == Fault(9, "m")


def test_no_fault() -> None:
    assert convert.fault(status_pb2.Status()) is None
    assert convert.fault_from_json(None) is None
    assert convert.fault_from_json({}) is None


def an_operation() -> operations_pb2.Operation:
    message = operations_pb2.Operation(name="projects/p/locations/l/operations/op-1", done=True)
    about = MetadataPb(
        verb="stop", target=NAME, status_message="stopping", requested_cancellation=True, api_version="v1"
    )
    about.create_time.FromJsonString("2026-01-02T03:04:05.5Z")
    about.end_time.FromJsonString("2026-01-02T03:05:05Z")
    message.metadata.Pack(about)
    message.error.code, message.error.message = 13, "it broke"
    return message


def test_an_operation_is_the_same_from_both_sides() -> None:
    message = an_operation()
    operation = convert.operation(message)
    assert (operation.verb, operation.target, operation.done) == ("stop", NAME, True)
    assert operation.error == Fault(13, "it broke")
    assert operation.create_time == datetime(2026, 1, 2, 3, 4, 5, 500000, tzinfo=UTC)
    assert operation.cancelling
    assert convert.operation_from_json(json_format.MessageToDict(message)) == operation


def test_an_operation_without_metadata() -> None:
    operation = convert.operation(operations_pb2.Operation(name="x"))
    assert (operation.verb, operation.target, operation.done, operation.create_time) == ("", "", False, None)
    assert convert.operation_from_json({"name": "x"}) == operation


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
        ("2026-01-02T03:04:05.5+02:00", datetime(2026, 1, 2, 1, 4, 5, 500000, tzinfo=UTC)),
        ("2026-01-02T03:04:05-01:00", datetime(2026, 1, 2, 4, 4, 5, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        (None, None),
        (7, None),
    ],
)
def test_times_from_json(text: Any, expected: datetime | None) -> None:
    assert convert.utc_from_json(text) == expected


def test_a_database_from_json() -> None:
    body = {
        "name": f"{NAME}/objects/o1",
        "sourceObject": {"type": "DATABASE", "database": "orders"},
        "state": "FAILED",
        "phase": "CDC",
        "error": {"code": 3, "message": "no primary key"},
    }
    assert convert.database(body) == Database(
        f"{NAME}/objects/o1", ObjectId("orders"), "FAILED", "CDC", Fault(3, "no primary key")
    )
    assert convert.database({"name": "x"}).state == "STATE_UNSPECIFIED"


def test_a_job_without_a_choice_takes_all() -> None:
    assert convert.objects_config({}) == ObjectsConfig(Selection.ALL)
    unspecified = {"sourceObjectsConfig": {"objectsSelectionType": "OBJECTS_SELECTION_TYPE_UNSPECIFIED"}}
    assert convert.objects_config({"objectsConfig": unspecified}) == ObjectsConfig(Selection.ALL)


def a_profile(**fields: Any) -> Any:
    return json_format.ParseDict({"name": SOURCE, **fields}, ProfilePb())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"mysql": {"host": "10.0.0.1", "port": 3306}}, ("MYSQL", "", "10.0.0.1:3306")),
        (
            {"mysql": {"host": "db.example.org", "port": 3306}, "provider": "RDS"},
            ("MYSQL", "RDS", "db.example.org:3306"),
        ),
        ({"mysql": {"cloudSqlId": "shop"}}, ("MYSQL", "CLOUDSQL", "shop")),
        (
            {"postgresql": {"host": "10.0.0.2", "port": 5432}, "provider": "AURORA"},
            ("POSTGRESQL", "AURORA", "10.0.0.2:5432"),
        ),
        ({"postgresql": {"host": "10.0.0.2"}}, ("POSTGRESQL", "", "10.0.0.2")),
        ({"postgresql": {"cloudSqlId": "shop-pg"}}, ("POSTGRESQL", "CLOUDSQL", "shop-pg")),
        (
            {"oracle": {"host": "ora", "port": 1521, "databaseService": "ORCL"}},
            ("ORACLE", "", "ora:1521/ORCL"),
        ),
        (
            {"cloudsql": {"cloudSqlId": "p:shop", "settings": {"databaseVersion": "POSTGRES_15"}}},
            ("POSTGRESQL", "CLOUDSQL", "p:shop"),
        ),
        (
            {"cloudsql": {"cloudSqlId": "p:shop", "settings": {"databaseVersion": "MYSQL_8_0"}}},
            ("MYSQL", "CLOUDSQL", "p:shop"),
        ),
        ({"cloudsql": {"cloudSqlId": "p:shop"}}, ("", "CLOUDSQL", "p:shop")),
        ({"alloydb": {"clusterId": "orders"}}, ("POSTGRESQL", "ALLOYDB", "orders")),
    ],
)
def test_a_profile_is_the_same_endpoint_from_both_sides(
    fields: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    from_grpc = connection_profiles.from_message(a_profile(**fields), EnumNames())
    assert from_grpc == Endpoint(SOURCE, *expected)
    assert connection_profiles.from_json({"name": SOURCE, **fields}) == from_grpc


def test_profiles_that_only_rest_can_describe() -> None:
    assert connection_profiles.from_message(a_profile(), EnumNames()) is None
    newer = ProfilePb.FromString(ProfilePb(name=SOURCE, provider=5, mysql={"host": "h"}).SerializeToString())
    assert connection_profiles.from_message(newer, EnumNames()) is None
    for profile, lacks in (({"host": "10.0.0.5"}, True), ({"cloudSqlId": "shop"}, False)):
        of_postgresql = a_profile(postgresql=profile)
        assert not connection_profiles.lacks_fields(of_postgresql)
        of_postgresql.postgresql.MergeFromString(b"\x9a\x06\x06orders")  # field 99
        assert connection_profiles.lacks_fields(of_postgresql) is lacks
    sql_server = {"name": SOURCE, "sqlserver": {"host": "mssql", "port": 1433}}
    assert connection_profiles.from_json(sql_server) == Endpoint(SOURCE, "SQLSERVER", "", "mssql:1433")
    cluster = {"name": SOURCE, "postgresql": {"alloydbClusterId": "orders"}}
    assert connection_profiles.from_json(cluster) == Endpoint(SOURCE, "POSTGRESQL", "ALLOYDB", "orders")
    azure = {"name": SOURCE, "provider": "AZURE_DATABASE", "mysql": {"host": "h", "port": 1}}
    assert connection_profiles.from_json(azure) == Endpoint(SOURCE, "MYSQL", "AZURE_DATABASE", "h:1")


@pytest.mark.parametrize(("project", "host"), [("", "shop"), ("p", "shop"), ("q", "q:shop")])
def test_an_instance_of_another_project_bears_its_project(project: str, host: str) -> None:
    """REST schema `SqlServerConnectionProfile.cloudSqlProjectId`: "If not provided, the project id of the
    connection profile will be used"."""
    profile = {"name": SOURCE, "sqlserver": {"cloudSqlId": "shop", "cloudSqlProjectId": project}}
    assert connection_profiles.from_json(profile) == Endpoint(SOURCE, "SQLSERVER", "CLOUDSQL", host)


@pytest.mark.parametrize(
    ("host", "instance"),
    [
        ("shop", ("p", "shop")),
        ("q:shop", ("q", "shop")),
        ("example.org:q:shop", ("example.org:q", "shop")),
        ("10.0.0.1:5432", None),
        ("db.example.org:5432", None),
        ("", None),
    ],
)
def test_which_instance_a_profile_names(host: str, instance: tuple[str, str] | None) -> None:
    assert cloud_sql_instance(host, "p") == instance


def test_a_project_s_number_is_read_as_its_id() -> None:
    """AIP-2510, "Resource references"."""
    assert with_project_id("projects/123/locations/l/connectionProfiles/x", "p") == (
        "projects/p/locations/l/connectionProfiles/x"
    )
    for name in ("projects/q/locations/l/connectionProfiles/x", "", "123"):
        assert with_project_id(name, "p") == name
