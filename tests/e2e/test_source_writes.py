"""MySQL on RDS: the wait for the writes to the source to stop, the full dump, and what people are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.slack import plain
from tests.e2e.env import Env, open_env, unique_id

NEWS = "db-migrations"
RDS = {
    "source_engine": "MYSQL",
    "source_provider": "RDS",
    "destination_engine": "MYSQL",
    "destination_provider": "CLOUDSQL",
}


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    with open_env(tmp_path_factory.mktemp("writes")) as made:
        yield made
        assert made.slack.violations() == []


def a_job(env: Env, prefix: str, state: str, phase: str | None = None) -> str:
    """A job that the watcher has seen, and told."""
    job = unique_id(prefix)
    env.dms.add_job(job, state=state, phase=phase, databases=["sales"], **RDS)
    env.slack.wait_message(channel=NEWS, contains=f"`{job}`")
    return job


def test_people_are_called_to_stop_the_writes_and_told_when_they_may_resume(env: Env) -> None:
    """The order of "Migration job statuses" (MySQL) and proto `MigrationJob.Phase`: the wait, the
    preparation, and only then the full dump."""
    job = a_job(env, "rds", state="NOT_STARTED")
    answer = env.type(f"start {job}")
    env.shows(answer, "stopped the writes to the source")
    call = env.slack.wait_message(
        channel=NEWS, contains=[f"*Stop the writes to the source now*: `{job}`", "FULL_DUMP", "(Stop…)"]
    )
    assert "promot" not in plain(call).lower()
    assert "Stop the writes to the source now" in plain(env.type(f"show {job}"))
    env.dms.set_job(job, source_writes=False)
    may = env.slack.wait_message(
        channel=NEWS, contains=[f"*Writes to the source may resume*: `{job}`", "CDC replicates"]
    )
    assert "Avoid DDL" in plain(may)
    past = env.shows(call, "Was waiting for the writes to the source to stop", "may resume")
    assert "*Stop the writes" not in plain(past)


def test_a_job_that_waits_for_its_source_can_be_stopped_and_restarted(env: Env) -> None:
    job = a_job(env, "wait", state="RUNNING", phase="WAITING_FOR_SOURCE_WRITES_TO_STOP")
    card = env.shows(env.type(f"stop {job}"), "full dump has not begun", "restarted or deleted")
    env.confirm(card, "confirm")
    env.shows_done(card, "stop", "[Restart…]")
    asks = env.type(f"restart {job}")
    env.shows(asks, "wiped", "stopped the writes to the source")
    env.confirm(asks, typed=job)
    env.slack.wait_message(channel=NEWS, contains=[f"*Stop the writes to the source now*: `{job}`", "<@"])
