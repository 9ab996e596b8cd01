"""What Prometheus reads, parsed with Prometheus' own parser."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from bot.config.projects import Place
from bot.runtime import metrics


def samples() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
    }


def value(name: str, **labels: str) -> float | None:
    return samples().get((name, frozenset(labels.items())))


def test_counts_grow() -> None:
    def counts() -> list[float]:
        return [
            value("dms_bot_commands_total", verb="m-list", outcome="answered") or 0,
            value("dms_bot_dms_calls_total", project="m-p", method="m-Get", code="UNAVAILABLE") or 0,
            value("dms_bot_dms_call_seconds_count", project="m-p", method="m-Get") or 0,
            value("dms_bot_runs_total", project="m-p", action="m-stop", outcome="succeeded") or 0,
            value("dms_bot_slack_errors_total", method="m.post", error="ratelimited") or 0,
            value("dms_bot_errors_total") or 0,
            value("dms_bot_ack_seconds_count") or 0,
        ]

    before = counts()
    metrics.command("m-list", "answered")
    metrics.dms_call("m-p", "m-Get", "UNAVAILABLE", 0.5)
    metrics.run_ended("m-stop", "succeeded", "m-p")
    metrics.count_slack_error("m.post", "ratelimited")
    metrics.count_error()
    metrics.acknowledged(0.002)
    assert counts() == [each + 1 for each in before]


def test_gauges_show_the_present() -> None:
    metrics.outbox(7, 12.5)
    metrics.open_approvals(2)
    metrics.begin("1.2.3", ())
    assert value("dms_bot_outbox_depth") == 7
    assert value("dms_bot_outbox_age_seconds") == 12.5
    assert value("dms_bot_open_approvals") == 2
    assert value("dms_bot_build_info", version="1.2.3") == 1


def test_what_the_leader_measures_does_not_stand_after_it() -> None:
    metrics.set_leader(True)
    metrics.outbox(60, 2000)
    metrics.open_approvals(2)
    metrics.set_leader(False)
    names = ("dms_bot_outbox_depth", "dms_bot_outbox_age_seconds", "dms_bot_open_approvals")
    assert [value(each) for each in names] == [0, 0, 0]


def test_the_queue_of_a_webhook_goes_with_the_leadership() -> None:
    metrics.webhook_queue("m-siem", 3, 12.5)
    metrics.webhook_attempt("m-siem", "sent")
    assert value("dms_bot_webhook_queue_depth", webhook="m-siem") == 3
    assert value("dms_bot_webhook_queue_age_seconds", webhook="m-siem") == 12.5
    for _ in range(2):
        metrics.webhook_stopped("m-siem")
    assert value("dms_bot_webhook_queue_depth", webhook="m-siem") is None
    assert value("dms_bot_webhook_attempts_total", webhook="m-siem", outcome="sent") == 1


def test_the_lag_grows_by_itself_and_goes_with_the_leadership() -> None:
    metrics.set_leader(True)
    metrics.place_polled(Place("m-project", "m-europe-west1"))
    first = value("dms_bot_watcher_lag_seconds", project="m-project", location="m-europe-west1")
    second = value("dms_bot_watcher_lag_seconds", project="m-project", location="m-europe-west1")
    assert first is not None
    assert second is not None
    assert 0 <= first < second
    metrics.set_leader(False)
    assert value("dms_bot_leader") == 0
    assert value("dms_bot_watcher_lag_seconds", project="m-project", location="m-europe-west1") is None


def test_a_place_that_never_answers_has_a_lag() -> None:
    place = Place("m-project", "m-silent")
    metrics.set_leader(True)
    metrics.watching([place])
    first = value("dms_bot_watcher_lag_seconds", project=place.project, location=place.location)
    metrics.poll_ended(place, "no answer")
    metrics.watching([place])  # as when the task starts again
    second = value("dms_bot_watcher_lag_seconds", project=place.project, location=place.location)
    metrics.set_leader(False)
    assert first is not None
    assert second is not None
    assert first < second


def test_the_process_itself_is_told() -> None:
    assert (value("process_resident_memory_bytes") or 0) > 0
