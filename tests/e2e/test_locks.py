"""While an action runs on a job, another is refused with who and what; then the job is free again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.deciding import (
    DANA,
    ROLES,
    SAM,
    alone,
    asks,
    ended,
    events,
    eventually,
    full,
    moment,
    policy,
    press_refused,
    private,
    request_of,
    runs_of,
)
from tests.e2e.scene import Scene, fresh

RULES = """
[[rule]]
name = "two of us"
verbs = ["delete"]
jobs = ["two-*"]
[[rule]]
name = "alone"
verbs = ["delete"]
approvals = 0
"""
FOREVER = 1_000_000
SOON = 6


@pytest.fixture
def stage(slack: SlackServer, tmp_path: Path) -> Iterator[Scene]:
    with alone(slack, tmp_path, policy_file=policy(tmp_path, ROLES + RULES)) as made:
        yield made


def verifying(stage: Scene, job: str, user: str = "sam") -> None:
    """Somebody's verification of the job is under way; it changes neither state nor phase."""
    stage.dms.operation_seconds(FOREVER)
    stage.type(f"verify {job}", user=user)
    eventually(lambda: [run for run in runs_of(stage, job) if run.state == "following"])


def finish(stage: Scene, job: str) -> None:
    stage.dms.operation_seconds(SOON)
    stage.dms.clock(advance_seconds=2 * FOREVER)
    eventually(lambda: all(run.state not in ("calling", "following") for run in runs_of(stage, job)))


def job_in_cdc(stage: Scene, prefix: str = "locked") -> str:
    job = fresh(prefix)
    stage.dms.add_job(job, phase="CDC", frozen=True)
    return job


def test_another_command_is_refused_with_who_and_what(stage: Scene) -> None:
    job = job_in_cdc(stage)
    verifying(stage, job)
    for verb in ("stop", "verify", "delete", "edit --parallel max"):
        word, _, flags = verb.partition(" ")
        answer = stage.type(f"{word} {job} {flags}")
        for part in (f"`{job}` is locked", "verify by", f"<@{SAM}>", "under way"):
            assert part in plain(answer), verb
        assert answer["ephemeral_for"]
        assert stage.writes(word, job) == stage.writes("verify", job)[:1] * (word == "verify")
    assert set(events(stage, job)) == {"requested", "calling", "accepted"}
    shown = plain(stage.type(f"show {job}"))
    assert "Under way" in shown or "Verifying" in shown
    assert f"<@{SAM}>" in shown


@pytest.mark.parametrize(
    ("line", "label", "shows"),
    [
        ("stop {job}", "Ask again", "✅ *Stopped*"),
        ("delete {job}", "Ask again", "[Delete job only]"),
        ("edit {job} --parallel max", "Ask again", "[Confirm edit]"),
        ("edit {job} --only sales", "Edit again", ""),
    ],
)
def test_who_was_refused_asks_again_with_a_button(stage: Scene, line: str, label: str, shows: str) -> None:
    job = fresh("again")
    stage.dms.add_job(job, phase="CDC", databases=["sales", "billing"], frozen=True)
    verifying(stage, job)
    stage.dms.operation_seconds(SOON)
    refused = stage.type(line.format(job=job))
    finish(stage, job)
    before = moment(stage)
    stage.press(refused, label)
    if shows:
        card = stage.slack.wait_message(channel="dms", contains=[job], after=before)
        stage.shows(card, shows)
    else:
        assert job in str(stage.slack.wait_view("dana", job))


def test_other_jobs_are_free(stage: Scene) -> None:
    job, other = job_in_cdc(stage), job_in_cdc(stage)
    verifying(stage, job)
    stage.dms.operation_seconds(SOON)
    answer = stage.type(f"stop {other}")
    stage.shows(answer, "✅ *Stopped*")


def test_what_has_ended_locks_no_more(stage: Scene) -> None:
    job = job_in_cdc(stage)
    verifying(stage, job)
    finish(stage, job)
    stage.shows(stage.type(f"stop {job}"), "✅ *Stopped*")


@pytest.mark.parametrize("trouble", ["refused", "failed", "unclear"])
def test_a_run_that_went_wrong_locks_no_more(stage: Scene, trouble: str) -> None:
    job = job_in_cdc(stage)
    if trouble == "refused":
        stage.dms.fault("StopMigrationJob", "FAILED_PRECONDITION", message="not now")
    elif trouble == "failed":
        stage.dms.operation_outcome(job, "stop", "INTERNAL", "the disk is full")
    else:
        stage.dms.fault("StopMigrationJob", "DISCONNECT")
    card = stage.type(f"stop {job}")
    assert ended(stage, job) == [trouble]
    stage.press(stage.shows(card, "[Try again]"), "Try again")
    eventually(lambda: len(runs_of(stage, job)) == 2)
    assert ended(stage, job) == [trouble, "succeeded"]


def test_a_confirmation_waits_until_the_job_is_free(stage: Scene) -> None:
    job = job_in_cdc(stage)
    card = stage.type(f"delete {job}")
    verifying(stage, job)
    press_refused(stage, card, "Delete job only", "dana", f"{job}` is locked", f"<@{SAM}>", "press again")
    assert str(request_of_dana(stage, job)) == "confirming"
    finish(stage, job)
    stage.press(card, "Delete job only")
    stage.shows(card, "✅ *Deleted*")
    assert len(stage.writes("delete", job)) == 1


def request_of_dana(stage: Scene, job: str) -> str:
    return str(stage.bot.store.requests(job=full(job), by=DANA)[0].state)


def test_the_last_approval_waits_until_the_job_is_free(stage: Scene) -> None:
    job = job_in_cdc(stage, "two")
    card = stage.type(f"delete {job}")
    stage.press(card, "Delete job only")
    ask = asks(stage, job)
    verifying(stage, job)
    press_refused(stage, ask, "Approve", "alex", f"{job}` is locked", f"<@{SAM}>", "Nothing was done")
    assert "approved" not in events(stage, job)
    finish(stage, job)
    stage.press(ask, "Approve", "alex")
    stage.shows(card, "✅ *Deleted*")
    assert len(stage.writes("delete", job)) == 1


def test_one_locked_job_stops_them_all(stage: Scene) -> None:
    job, other = job_in_cdc(stage), job_in_cdc(stage)
    verifying(stage, job)
    answer = plain(stage.type(f"stop {job} {other}"))
    assert f"`{job}` is locked" in answer
    assert "[Ask again]" in answer
    assert stage.writes("stop", other) == []
    assert events(stage, other) == []


def test_what_is_queued_locks_too(slack: SlackServer, tmp_path: Path) -> None:
    with alone(slack, tmp_path, bulk_parallel=1) as stage:
        first, second = job_in_cdc(stage), job_in_cdc(stage)
        stage.dms.operation_seconds(FOREVER)
        card = stage.type(f"stop {first} {second}")
        stage.press(card, "Confirm stop")
        eventually(lambda: stage.writes("stop", first))
        before = moment(stage)
        stage.slack.command(f"stop {second}", user="sam")
        private(stage, "sam", f"`{second}` is locked", f"stop by <@{DANA}>", after=before)
        finish(stage, first)
        stage.shows(card, "✅", "all 2 jobs")
        assert len(stage.writes("stop", second)) == 1
        assert request_of(stage, second).state == "done"
