"""Replication delay through the unchanged Cloud Monitoring client."""

import time
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import monitoring_v3

from sandbox.dms import DmsControl

PREFIX = "datamigration.googleapis.com/migration_job/"
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
