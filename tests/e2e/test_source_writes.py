"""MySQL on RDS: the wait for the writes to the source to stop, the full dump, and what people are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.slack import plain
from tests.e2e.scene import Scene, fresh, scene

NEWS = "db-migrations"
RDS = {
    "source_engine": "MYSQL",
    "source_provider": "RDS",
    "destination_engine": "MYSQL",
    "destination_provider": "CLOUDSQL",
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("writes")) as made:
        made.dms.add_job("baseline", state="COMPLETED", frozen=True)
        yield made
        assert made.slack.violations() == []


def a_job(stage: Scene, prefix: str, state: str, phase: str | None = None) -> str:
    """A job that the watcher has seen, and told."""
    job = fresh(prefix)
    stage.dms.add_job(job, state=state, phase=phase, databases=["sales"], **RDS)
    stage.slack.wait_message(channel=NEWS, contains=f"`{job}`")
    return job


def test_people_are_called_to_stop_the_writes_and_told_when_they_may_resume(stage: Scene) -> None:
    """The order of "Migration job statuses" (MySQL) and proto `MigrationJob.Phase`: the wait, the
    preparation, and only then the full dump."""
    job = a_job(stage, "rds", state="NOT_STARTED")
    answer = stage.type(f"start {job}")
    stage.shows(answer, "stopped the writes to the source")
    call = stage.slack.wait_message(
        channel=NEWS, contains=[f"*Stop the writes to the source now*: `{job}`", "FULL_DUMP", "[Stop]"]
    )
    assert "promot" not in plain(call).lower()
    assert "Stop the writes to the source now" in plain(stage.type(f"show {job}"))
    stage.dms.set_job(job, source_writes=False)
    may = stage.slack.wait_message(
        channel=NEWS, contains=[f"*Writes to the source may resume*: `{job}`", "CDC brings"]
    )
    assert "Avoid DDL" in plain(may)
    past = stage.shows(call, "Was waiting for the writes to the source to stop", "may resume")
    assert "*Stop the writes" not in plain(past)


def test_a_job_that_waits_for_its_source_can_be_stopped_and_restarted(stage: Scene) -> None:
    job = a_job(stage, "wait", state="RUNNING", phase="WAITING_FOR_SOURCE_WRITES_TO_STOP")
    card = stage.shows(stage.type(f"stop {job}"), "full dump has not begun", "restarted or deleted")
    stage.confirm(card, "Confirm stop")
    stage.shows(card, "✅ *Stopped*", "[Restart]")
    asks = stage.type(f"restart {job}")
    stage.shows(asks, "wiped", "stopped the writes to the source")
    stage.confirm(asks, "Confirm restart", typed=job)
    stage.slack.wait_message(channel=NEWS, contains=[f"*Stop the writes to the source now*: `{job}`", "<@"])
