"""Dump parallelism, and the restart that it needs: a confirmed step of its own."""

from __future__ import annotations

import pytest

from sandbox.slack import plain
from tests.e2e.database_helpers import (
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
from tests.e2e.env import Env

PARALLELISM = "dms:edit:parallelism"
LONG_S = 10_000.0
"""Minutes of a test; shorter than the dump of a `slow` database."""


@pytest.fixture(autouse=True)
def screen(env: Env) -> None:
    no_views(env)


def test_parallelism_alone_is_saved_by_its_own_mask(env: Env) -> None:
    job = job_with(env, phase="FULL_DUMP")
    before = env.now()
    view = opened(env, f"edit {job}", f"Edit {job}", "Dump parallelism")
    submitted(env, view, {PARALLELISM: "MAX"})
    preview = env.slack.wait_view(contains=[f"Save {job}?", "not set → *MAX*"])
    assert "takes effect only after a restart" in plain(preview)
    assert "wipes data on the destination" in plain(preview)
    submitted(env, preview, {})
    card = card_after(env, before, "✅", "Saved", job)
    assert "Restart…" in labels(card)
    request = only_call(env, job, "UpdateMigrationJob", "grpc")
    assert request["update_mask"] == "performanceConfig.dumpParallelLevel"
    assert request["migration_job"] == {
        "name": full(job),
        "performance_config": {"dump_parallel_level": "MAX"},
    }
    assert env.dms.job(job)["performanceConfig"] == {"dumpParallelLevel": "MAX"}
    assert destination(env, job)["wiped"] == [], "the restart is a step of its own"


def test_databases_and_parallelism_go_in_one_patch(env: Env) -> None:
    job = job_with(env, phase="FULL_DUMP")
    card = env.type(f"edit {job} --remove legacy --parallel min")
    assert "takes effect only after a restart" in plain(card)
    assert "Removed databases stop being migrated" in plain(card)
    env.confirm(card, "confirm")
    env.shows_as(card, "done", "Saved")
    assert patched(env, job) == (
        "objectsConfig,performanceConfig.dumpParallelLevel",
        {"objectsConfig": all_but("legacy"), "performanceConfig": {"dumpParallelLevel": "MIN"}},
    )


def test_a_parallelism_that_is_set_already_is_not_sent_along(env: Env) -> None:
    job = job_with(env, dump_parallel_level="MAX")
    card = env.type(f"edit {job} --remove legacy --parallel max")
    env.confirm(card, "confirm")
    env.shows_as(card, "done", "Saved")
    assert patched(env, job) == ("objectsConfig", {"objectsConfig": all_but("legacy")})


def test_restart_now_stops_and_restarts_once_each(env: Env) -> None:
    job = job_with(env, phase="FULL_DUMP", frozen=False, databases=slow(*NAMES))
    card = env.type(f"edit {job} --parallel max")
    env.confirm(card, "confirm")
    saved = env.shows_as(card, "done", "[Restart…]")
    before = env.now()
    env.press(saved, "Restart…")
    restart = card_after(env, before, "Restart", "stopped first", "wiped", *NAMES)
    assert [each["method"] for each in calls(env, job)] == ["UpdateMigrationJob"]
    env.dms.operation_seconds(LONG_S)
    confirm_typed(env, restart, "confirm", job)
    env.shows(restart, "⏳", "stopping it first")
    env.dms.operation_seconds(6.0)
    env.dms.clock(advance_seconds=LONG_S)
    env.shows_done(restart, "restart")
    assert [each["method"] for each in calls(env, job)] == [
        "UpdateMigrationJob",
        "StopMigrationJob",
        "RestartMigrationJob",
    ]
    assert destination(env, job)["wiped"] == list(NAMES)
    assert env.dms.job(job)["effectiveDumpParallelLevel"] == "MAX"
    assert env.dms.job(job)["state"] == "RUNNING"


def test_restart_now_is_refused_once_the_dump_is_over(env: Env) -> None:
    job = job_with(env, phase="FULL_DUMP")
    card = env.type(f"edit {job} --parallel max")
    env.confirm(card, "confirm")
    saved = env.shows_as(card, "done", "[Restart…]")
    env.dms.set_job(job, phase="CDC")
    before = env.now()
    env.press(saved, "Restart…")
    card_after(env, before, "`--stop-first` is for a job in its full dump")
    assert [each["method"] for each in calls(env, job)] == ["UpdateMigrationJob"]


def test_a_job_stopped_for_a_restart_that_is_refused_is_not_called_unchanged(env: Env) -> None:
    job = job_with(env, phase="FULL_DUMP", frozen=False, databases=slow(*NAMES))
    env.dms.fault("RestartMigrationJob", "FAILED_PRECONDITION", match=job, message="no free slots")
    card = env.type(f"restart {job} --stop-first")
    confirm_typed(env, card, "confirm", job)
    failed = env.shows_as(card, "failed", "it was not restarted", "no free slots", "[Try again]")
    assert "The job was stopped" in plain(failed)
    assert "nothing was changed" not in plain(failed)
    before = env.now()
    env.press(failed, "Try again")
    again = card_after(env, before, "Confirm restart", job)
    assert "stopped first*" not in plain(again), "it is stopped already"
    confirm_typed(env, again, "confirm", job)
    env.shows_done(again, "restart")
    made = [each["method"] for each in calls(env, job)]
    assert made == ["StopMigrationJob", "RestartMigrationJob", "RestartMigrationJob"]
    assert destination(env, job)["wiped"] == list(NAMES)


def test_parallelism_past_the_dump_offers_no_restart(env: Env) -> None:
    job = job_with(env, phase="CDC")
    card = env.type(f"edit {job} --parallel max")
    assert "when the full dump runs again" in plain(card)
    env.confirm(card, "confirm")
    assert "Restart…" not in labels(env.shows_as(card, "done", "Saved"))
