"""Replication delay through the unchanged Cloud Monitoring client."""

import time
from typing import Any

import pytest
from google.api import metric_pb2
from google.api_core import exceptions
from google.cloud import monitoring_v3

from sandbox.dms import DmsControl
from sandbox.dms.control import ControlError

from .conftest import PARENT, Rest

PREFIX = "datamigration.googleapis.com/migration_job/"
Kinds: Any = metric_pb2.MetricDescriptor
Metrics = monitoring_v3.MetricServiceClient


def read(
    metrics: Metrics,
    metric: str = "max_replica_sec_lag",
    extra: str = "",
    minutes: float = 10,
    aggregation: dict[str, Any] | None = None,
    **more: Any,
) -> list[monitoring_v3.TimeSeries]:
    now = time.time()
    interval = monitoring_v3.TimeInterval(
        {
            "start_time": {"seconds": int(now - minutes * 60)},
            "end_time": {"seconds": int(now) + 1},
        }
    )
    request: dict[str, Any] = {
        "name": "projects/demo-project",
        "filter": f'metric.type = "{PREFIX}{metric}" {extra}',
        "interval": interval,
        **more,
    }
    if aggregation:
        request["aggregation"] = aggregation
    return list(metrics.list_time_series(request=request))


def values(series: monitoring_v3.TimeSeries) -> list[int]:
    return [point.value.int64_value for point in series.points]


def test_a_replicating_job_has_a_series_for_each_database(metrics: Metrics, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["a", "b"], sec_lag=7, bytes_lag=4096, in_phase_for=86400)
    found = read(metrics, extra='AND resource.labels.migration_job_id = "shop"')
    assert sorted(one.metric.labels["database"] for one in found) == ["a", "b"]
    one = found[0]
    assert one.resource.type == "datamigration.googleapis.com/MigrationJob"
    assert dict(one.resource.labels) == {
        "resource_container": "demo-project",
        "location": "europe-west1",
        "migration_job_id": "shop",
    }
    assert 10 <= len(one.points) <= 12
    assert set(values(one)) == {7}
    ends: list[Any] = [point.interval.end_time for point in one.points]
    assert ends == sorted(ends, reverse=True)
    assert set(values(read(metrics, "max_replica_bytes_lag")[0])) == {4096}
    assert read(metrics, "initial_sync_complete")[0].points[0].value.bool_value is True


def test_a_metrics_scope_shows_the_series_of_other_projects_too(
    metrics: Metrics, control: DmsControl
) -> None:
    """ "Monitoring filters": the selector `project` is for metrics of one project alone."""
    control.add_project("staging")
    control.add_job("shop", phase="CDC", in_phase_for=600)
    control.add_job("shop", project="staging", phase="CDC", in_phase_for=600)
    assert len(read(metrics)) == 1
    control.metrics_scope("demo-project", "staging")
    both = read(metrics)
    assert sorted(one.resource.labels["resource_container"] for one in both) == ["demo-project", "staging"]
    (mine,) = read(metrics, extra='AND project = "demo-project"')
    assert mine.resource.labels["resource_container"] == "demo-project"


def test_labels_choose_the_job(metrics: Metrics, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", in_phase_for=600)
    control.add_job("shop", location="us-central1", phase="CDC", in_phase_for=600)
    control.add_job("shop-two", phase="CDC", in_phase_for=600)
    assert len(read(metrics)) == 3
    assert len(read(metrics, extra='AND resource.labels.migration_job_id = "shop"')) == 2
    only = read(metrics, extra='resource.label.migration_job_id="shop" resource.label.location="us-central1"')
    assert len(only) == 1
    assert read(metrics, extra='AND metric.labels.database = "nobody"') == []
    assert read(metrics, extra='AND resource.type = "datamigration.googleapis.com/MigrationJob"')


def test_the_delay_falls_after_the_dump(metrics: Metrics, control: DmsControl) -> None:
    control.add_job("shop", phase="FULL_DUMP", databases=[{"name": "a", "dump_seconds": 10000}])
    assert read(metrics) == []
    assert read(metrics, "initial_sync_complete")[0].points[0].value.bool_value is False
    control.clock(advance_seconds=5000)
    progress = read(metrics, "fulldump_progress_percentage_per_object")[0].points[0].value.double_value
    assert progress == pytest.approx(50, abs=1)
    control.clock(advance_seconds=5001)
    early = values(read(metrics)[0])[0]
    control.clock(advance_seconds=7200)
    late = values(read(metrics)[0])[0]
    assert early > 2500 > late
    control.clock(advance_seconds=86400)
    assert values(read(metrics)[0])[0] < 10


def test_a_job_that_stopped_is_not_sampled(metrics: Metrics, control: DmsControl) -> None:
    control.add_job("shop", state="STOPPED", phase="CDC", in_phase_for=3600)
    assert read(metrics) == []


def test_a_job_that_failed_was_sampled_while_it_replicated(metrics: Metrics, control: DmsControl) -> None:
    control.add_job("shop", state="FAILED", phase="CDC", in_phase_for=900, replicated_for=600)
    (one,) = read(metrics, minutes=60)
    assert 900 <= min(ages(one)) <= max(ages(one)) <= 1500


def test_the_demo_has_figures_of_each_engine(metrics: Metrics, control: DmsControl) -> None:
    control.reset("demo")
    oracle = 'AND resource.labels.migration_job_id = "warehouse-oracle"'
    events = read(metrics, "unsupported_events_count", oracle, minutes=3 * 24 * 60)
    assert sum(sum(values(one)) for one in events) == 17
    loyalty = 'AND resource.labels.migration_job_id = "loyalty-sqlserver"'
    left = {
        o.metric.labels["database"]: values(o)[0]
        for o in read(metrics, "sqlserver/unprocessed_files", loyalty)
    }
    assert left == {"loyalty": 2, "vouchers": 0}
    dump = read(metrics, "fulldump_progress_percentage", 'AND resource.labels.migration_job_id = "orders-db"')
    assert 0 < dump[0].points[0].value.double_value < 50


def test_the_delay_can_be_set_and_let_go(metrics: Metrics, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", in_phase_for=86400)
    control.set_job("shop", sec_lag=900)
    assert values(read(metrics)[0])[0] == 900
    assert values(read(metrics)[0])[-1] < 10
    control.set_job("shop", sec_lag=0)
    assert values(read(metrics)[0])[0] == 0
    control.set_job("shop", sec_lag=None)
    assert values(read(metrics)[0])[0] < 10


def test_series_are_aligned_and_reduced(metrics: Metrics, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["a", "b", "c"], sec_lag=5, in_phase_for=86400)
    aligned = {"alignment_period": {"seconds": 300}, "per_series_aligner": "ALIGN_MAX"}
    found = read(metrics, minutes=30, aggregation=aligned)
    assert len(found) == 3
    assert 6 <= len(found[0].points) <= 7
    for reducer, expected in (("REDUCE_MAX", 5), ("REDUCE_SUM", 15), ("REDUCE_COUNT", 3)):
        (reduced,) = read(metrics, aggregation={**aligned, "cross_series_reducer": reducer})
        assert values(reduced)[0] == expected
    (mean,) = read(
        metrics,
        aggregation={
            **aligned,
            "per_series_aligner": "ALIGN_MEAN",
            "cross_series_reducer": "REDUCE_MEAN",
            "group_by_fields": ["resource.label.migration_job_id"],
        },
    )
    assert mean.points[0].value.double_value == 5.0
    assert mean.resource.labels["migration_job_id"] == "shop"


@pytest.mark.parametrize(
    "aggregation",
    [
        {"per_series_aligner": "ALIGN_MAX"},
        {"per_series_aligner": "ALIGN_RATE", "alignment_period": {"seconds": 60}},
        {"cross_series_reducer": "REDUCE_MAX"},
        {
            "per_series_aligner": "ALIGN_MAX",
            "alignment_period": {"seconds": 60},
            "cross_series_reducer": "REDUCE_MAX",
            "group_by_fields": ["colour"],
        },
    ],
)
def test_bad_aggregations_are_refused(
    metrics: Metrics, control: DmsControl, aggregation: dict[str, Any]
) -> None:
    control.add_job("shop", phase="CDC", in_phase_for=600)
    with pytest.raises(exceptions.InvalidArgument):
        read(metrics, aggregation=aggregation)


def test_pages_and_headers(metrics: Metrics, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["a", "b", "c"], sec_lag=1, in_phase_for=600)
    assert len(read(metrics, page_size=1)) == 3
    headers = read(metrics, view=monitoring_v3.ListTimeSeriesRequest.TimeSeriesView.HEADERS)
    assert [len(one.points) for one in headers] == [0, 0, 0]


def test_without_access_monitoring_says_so(metrics: Metrics, control: DmsControl) -> None:
    control.monitoring(False)
    with pytest.raises(exceptions.PermissionDenied, match=r"monitoring\.timeSeries\.list"):
        read(metrics)


def ages(series: monitoring_v3.TimeSeries) -> list[float]:
    """Of its points, newest first, in whole seconds."""
    now = time.time()
    ends: list[Any] = [point.interval.end_time for point in series.points]
    return [round(now - end.timestamp()) for end in ends]


def test_samples_of_given_ages_stand_in_for_the_services_own(metrics: Metrics, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["a", "b"], sec_lag=7, bytes_lag=4096, in_phase_for=86400)
    control.set_job("shop", sec_points={"a": [[300, 0], [360, 5]], "b": [[120, 30]]}, bytes_points=[[60, 9]])
    found = {one.metric.labels["database"]: one for one in read(metrics)}
    assert {name: values(one) for name, one in found.items()} == {"a": [0, 5], "b": [30]}
    assert ages(found["a"]) == pytest.approx([300, 360], abs=10)
    assert ages(found["b"]) == pytest.approx([120], abs=10)
    sizes = read(metrics, "max_replica_bytes_lag")
    assert [values(one) for one in sizes] == [[9], [9]]
    assert read(metrics, minutes=1) == []
    control.set_job("shop", sec_points=None)
    assert values(read(metrics)[0])[0] == 7


def test_a_dump_has_one_percentage_of_all_its_databases(metrics: Metrics, control: DmsControl) -> None:
    """100 and 300 minutes of work, both loaded since 60 minutes: 60 + 60 of 400 are done."""
    sizes = [{"name": "a", "dump_seconds": 6000}, {"name": "b", "dump_seconds": 18000}]
    control.add_job("shop", phase="FULL_DUMP", databases=sizes, in_phase_for=3600, frozen=True)
    (one,) = read(metrics, "fulldump_progress_percentage", minutes=70)
    assert dict(one.metric.labels) == {}
    assert (one.unit, one.metric_kind, one.value_type) == ("%", Kinds.GAUGE, Kinds.DOUBLE)
    assert one.points[0].value.double_value == pytest.approx(30, abs=0.5)
    assert one.points[-1].value.double_value == pytest.approx(0, abs=0.5)


def test_unsupported_events_are_a_delta_of_each_table(metrics: Metrics, control: DmsControl) -> None:
    """Metrics list: DELTA, INT64, by database, schema and table. The newest point alone says nothing."""
    total = {"unsupported_events_count": {"app.public.audit": 12, "app.public.logs": 3}}
    control.add_job("shop", phase="CDC", created_ago=7200, in_phase_for=7100, metrics=total)
    series = read(metrics, "unsupported_events_count", minutes=120)
    found = {one.metric.labels["table"]: one for one in series}
    assert set(found) == {"", "audit", "logs"}
    audit = found["audit"]
    assert (audit.metric_kind, audit.value_type) == (Kinds.DELTA, Kinds.INT64)
    assert (values(audit)[0], sum(values(audit))) == (0, 12)
    length: Any = audit.points[-1].interval
    assert (length.end_time - length.start_time).total_seconds() == 60
    summed = {"alignment_period": {"seconds": 86400}, "per_series_aligner": "ALIGN_SUM"}
    aligned = read(metrics, "unsupported_events_count", minutes=120, aggregation=summed)
    assert sum(sum(values(one)) for one in aligned) == 15
    control.set_job("shop", metrics={"unsupported_events_count": {"app.public.audit": 20}})
    series = read(metrics, "unsupported_events_count", minutes=120)
    assert sum(sum(values(one)) for one in series) == 23
    with pytest.raises(exceptions.InvalidArgument):  # ALIGN_MAX: "This aligner is valid for GAUGE metrics"
        read(
            metrics,
            "unsupported_events_count",
            aggregation={"alignment_period": {"seconds": 60}, "per_series_aligner": "ALIGN_MAX"},
        )


def test_objects_of_heterogeneous_jobs_count_unsupported_events(rest: Rest, control: DmsControl) -> None:
    total = {"unsupported_events_count": {"ORCL.SALES.ORDERS": 7, "ORCL.SALES.ITEMS": 2}}
    oracle = {"source_engine": "ORACLE", "destination_provider": "CLOUDSQL", "databases": ["ORCL", "B"]}
    control.add_job("oracle", phase="CDC", metrics=total, **oracle)
    control.add_job("postgres", phase="CDC")
    path = f"{PARENT}/migrationJobs/{{}}/objects"
    body = rest.call("GET", path.format("oracle"), "ListMigrationJobObjectsResponse")
    found = {each["sourceObject"]["database"]: each for each in body["migrationJobObjects"]}
    assert found["ORCL"]["heterogeneousMetadata"] == {"unsupportedEventsCount": "9"}
    assert found["B"]["heterogeneousMetadata"] == {"unsupportedEventsCount": "0"}
    body = rest.call("GET", path.format("postgres"), "ListMigrationJobObjectsResponse")
    assert "heterogeneousMetadata" not in body["migrationJobObjects"][0]


SQL_SERVER = {
    "source_engine": "SQLSERVER",
    "destination_engine": "SQLSERVER",
    "destination_provider": "CLOUDSQL",
}


def test_backup_files_are_measured_of_sql_server_alone(metrics: Metrics, control: DmsControl) -> None:
    control.add_job("hr", phase="CDC", databases=["hr"], in_phase_for=3600, **SQL_SERVER)
    control.add_job("shop", phase="CDC", in_phase_for=3600)
    control.set_job(
        "hr", metrics={"sqlserver/unprocessed_files": 2, "sqlserver/unprocessed_file_bytes": 4096}
    )
    (files,) = read(metrics, "sqlserver/unprocessed_files")
    assert (values(files)[0], values(files)[-1], dict(files.metric.labels)) == (2, 0, {"database": "hr"})
    (size,) = read(metrics, "sqlserver/unprocessed_file_bytes")
    assert (values(size)[0], size.unit) == (4096, "By")
    (upload,) = read(metrics, "sqlserver/transaction_log_upload_sec_lag")
    assert all(0 <= value < 300 for value in values(upload))
    control.set_job("hr", metrics={"sqlserver/unprocessed_files": None})
    assert values(read(metrics, "sqlserver/unprocessed_files")[0])[0] == 0


def test_oracle_has_one_series_of_its_one_database(metrics: Metrics, control: DmsControl) -> None:
    oracle = {"source_engine": "ORACLE", "destination_provider": "CLOUDSQL", "databases": ["SALES", "HR"]}
    control.add_job("shop", phase="CDC", in_phase_for=3600, sec_lag=7, **oracle)
    (one,) = read(metrics)
    assert (one.metric.labels["database"], values(one)[0]) == ("ORCL", 7)
    (synced,) = read(metrics, "initial_sync_complete")
    assert synced.points[0].value.bool_value is True


def test_samples_are_visible_late(metrics: Metrics, control: DmsControl) -> None:
    """Metrics list: "After sampling, data is not visible for up to 180 seconds"."""
    control.add_job("shop", phase="CDC", in_phase_for=3600)
    control.set_job("shop", points={"initial_sync_complete": [[300, 1], [60, 1]]})
    control.monitoring(True, visible_after=180)
    try:
        assert ages(read(metrics)[0])[0] == pytest.approx(180, abs=10)
        assert ages(read(metrics, "initial_sync_complete")[0]) == pytest.approx([300], abs=10)
    finally:
        control.monitoring(True)
    with pytest.raises(ControlError, match="unknown metric"):
        control.set_job("shop", points={"lag": [[60, 1]]})


def test_all_arrives_once_the_writes_to_the_source_are_stopped(metrics: Metrics, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", in_phase_for=86400, created_ago=90000)
    control.set_job("shop", source_writes=False)
    control.clock(advance_seconds=3600)
    assert [values(each)[0] for each in read(metrics)] == [0]
    assert [values(each)[0] for each in read(metrics, "max_replica_bytes_lag")] == [0]


def test_a_cloud_sql_source_counts_the_rows_that_are_written(metrics: Metrics, control: DmsControl) -> None:
    """ "Cloud SQL metrics": `tuples_processed_count`, by operation and database, of the source's instance."""
    control.add_job("shop", phase="CDC", source_provider="CLOUDSQL", sec_lag=0, in_phase_for=86400)
    control.add_job("own", phase="CDC", sec_lag=0, in_phase_for=86400)
    kind = 'metric.type = "cloudsql.googleapis.com/database/postgresql/tuples_processed_count"'
    one = f'{kind} AND resource.labels.database_id = "demo-project:shop-source"'
    found = read(metrics, filter=one)
    assert {tuple(sorted(each.metric.labels.items())) for each in found} == {
        (("database", "app"), ("operation_type", operation)) for operation in ("insert", "update", "delete")
    }
    assert found[0].resource.type == "cloudsql_database"
    assert dict(found[0].resource.labels)["database_id"] == "demo-project:shop-source"
    assert (found[0].metric_kind, found[0].value_type) == (Kinds.MetricKind.DELTA, Kinds.ValueType.INT64)
    assert sum(values(found[0])) > 0
    assert {each.resource.labels["database_id"] for each in read(metrics, filter=kind)} == {
        "demo-project:shop-source"
    }
