"""Dump parallelism, and the restart that it needs: a confirmed step of its own."""

from __future__ import annotations

import pytest

from sandbox.slack import plain
from tests.e2e.parts import (
    NAMES,
    all_but,
    calls,
    card_after,
    confirm_typed,
    destination,
    full,
    job_with,
    labels,
    no_views,
    only_call,
    opened,
    patched,
    slow,
    submitted,
)
from tests.e2e.scene import Scene

PARALLELISM = "dms:edit:parallelism"


@pytest.fixture(autouse=True)
def screen(stage: Scene) -> None:
    no_views(stage)


def test_parallelism_alone_is_saved_by_its_own_mask(stage: Scene) -> None:
    job = job_with(stage, phase="FULL_DUMP")
    before = stage.now()
    view = opened(stage, f"edit {job}", f"Edit {job}", "Dump parallelism")
    submitted(stage, view, {PARALLELISM: "MAX"})
    preview = stage.slack.wait_view(contains=[f"Save {job}?", "not set → *MAX*"])
    assert "takes effect only after a restart" in plain(preview)
    assert "wipes the destination databases" in plain(preview)
    submitted(stage, preview, {})
    card = card_after(stage, before, "✅", "Saved", job)
    assert "Restart now" in labels(card)
    request = only_call(stage, job, "UpdateMigrationJob", "grpc")
    assert request["update_mask"] == "performanceConfig.dumpParallelLevel"
    assert request["migration_job"] == {
        "name": full(job),
        "performance_config": {"dump_parallel_level": "MAX"},
    }
    assert stage.dms.job(job)["performanceConfig"] == {"dumpParallelLevel": "MAX"}
    assert destination(stage, job)["wiped"] == [], "the restart is a step of its own"


def test_databases_and_parallelism_go_in_one_patch(stage: Scene) -> None:
    job = job_with(stage, phase="FULL_DUMP")
    card = stage.type(f"edit {job} --remove legacy --parallel min")
    assert "takes effect only after a restart" in plain(card)
    assert "no longer migrated" in plain(card)
    stage.confirm(card, "Confirm edit")
    stage.shows(card, "✅", "Saved")
    assert patched(stage, job) == (
        "objectsConfig,performanceConfig.dumpParallelLevel",
        {"objectsConfig": all_but("legacy"), "performanceConfig": {"dumpParallelLevel": "MIN"}},
    )


def test_a_parallelism_that_is_set_already_is_not_sent_along(stage: Scene) -> None:
    job = job_with(stage, dump_parallel_level="MAX")
    card = stage.type(f"edit {job} --remove legacy --parallel max")
    stage.confirm(card, "Confirm edit")
    stage.shows(card, "✅", "Saved")
    assert patched(stage, job) == ("objectsConfig", {"objectsConfig": all_but("legacy")})


def test_restart_now_stops_and_restarts_once_each(stage: Scene) -> None:
    job = job_with(stage, phase="FULL_DUMP", frozen=False, databases=slow(*NAMES))
    card = stage.type(f"edit {job} --parallel max")
    stage.confirm(card, "Confirm edit")
    saved = stage.shows(card, "✅", "[Restart now]")
    before = stage.now()
    stage.press(saved, "Restart now")
    restart = card_after(stage, before, "Restart", "stopped first", "wiped", *NAMES)
    assert [each["method"] for each in calls(stage, job)] == ["UpdateMigrationJob"]
    stage.dms.operation_seconds(100.0)
    confirm_typed(stage, restart, "Confirm restart", job)
    stage.shows(restart, "⏳", "stopping it first")
    stage.dms.operation_seconds(6.0)
    stage.shows(restart, "✅ *Restarted*")
    assert [each["method"] for each in calls(stage, job)] == [
        "UpdateMigrationJob",
        "StopMigrationJob",
        "RestartMigrationJob",
    ]
    assert destination(stage, job)["wiped"] == list(NAMES)
    assert stage.dms.job(job)["effectiveDumpParallelLevel"] == "MAX"
    assert stage.dms.job(job)["state"] == "RUNNING"


def test_restart_now_is_refused_once_the_dump_is_over(stage: Scene) -> None:
    job = job_with(stage, phase="FULL_DUMP")
    card = stage.type(f"edit {job} --parallel max")
    stage.confirm(card, "Confirm edit")
    saved = stage.shows(card, "✅", "[Restart now]")
    stage.dms.set_job(job, phase="CDC")
    before = stage.now()
    stage.press(saved, "Restart now")
    card_after(stage, before, "while a job runs, only its failed databases can restart")
    assert [each["method"] for each in calls(stage, job)] == ["UpdateMigrationJob"]


def test_a_job_stopped_for_a_restart_that_is_refused_is_not_called_unchanged(stage: Scene) -> None:
    job = job_with(stage, phase="FULL_DUMP", frozen=False, databases=slow(*NAMES))
    stage.dms.fault("RestartMigrationJob", "FAILED_PRECONDITION", match=job, message="no free slots")
    card = stage.type(f"restart {job} --stop-first")
    confirm_typed(stage, card, "Confirm restart", job)
    failed = stage.shows(card, "🔴", "it was not restarted", "no free slots", "[Try again]")
    assert "The job was stopped" in plain(failed)
    assert "nothing was changed" not in plain(failed)
    before = stage.now()
    stage.press(failed, "Try again")
    again = card_after(stage, before, "Confirm restart", job)
    assert "stopped first*" not in plain(again), "it is stopped already"
    confirm_typed(stage, again, "Confirm restart", job)
    stage.shows(again, "✅ *Restarted*")
    made = [each["method"] for each in calls(stage, job)]
    assert made == ["StopMigrationJob", "RestartMigrationJob", "RestartMigrationJob"]
    assert destination(stage, job)["wiped"] == list(NAMES)


def test_parallelism_past_the_dump_offers_no_restart(stage: Scene) -> None:
    job = job_with(stage, phase="CDC")
    card = stage.type(f"edit {job} --parallel max")
    assert "when the full dump runs again" in plain(card)
    stage.confirm(card, "Confirm edit")
    assert "Restart now" not in labels(stage.shows(card, "✅", "Saved"))
