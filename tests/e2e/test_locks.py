"""While an action runs on a job, another is refused with who and what; then the job is free again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.env import Env
from tests.e2e.helpers import (
    DANA,
    ROLES,
    SAM,
    asks,
    ended,
    events,
    full,
    moment,
    policy,
    press_refused,
    private,
    request_of,
    runs_of,
    single_bot,
)
from tests.waiting import until

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
def env(slack: SlackServer, tmp_path: Path) -> Iterator[Env]:
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path, ROLES + RULES)) as made:
        yield made


def verifying(env: Env, job: str, user: str = "sam") -> None:
    """Somebody's verification of the job is under way; it changes neither state nor phase."""
    env.dms.operation_seconds(FOREVER)
    env.type(f"verify {job}", user=user)
    until(lambda: [run for run in runs_of(env, job) if run.state == "following"])


def finish(env: Env, job: str) -> None:
    env.dms.operation_seconds(SOON)
    env.dms.clock(advance_seconds=2 * FOREVER)
    until(lambda: all(run.state not in ("calling", "following") for run in runs_of(env, job)))


def job_in_cdc(env: Env, prefix: str = "locked") -> str:
    return env.add_job(prefix, phase="CDC")


def test_another_command_is_refused_with_who_and_what(env: Env) -> None:
    job = job_in_cdc(env)
    verifying(env, job)
    for verb in ("stop", "verify", "delete", "edit --parallel max"):
        word, _, flags = verb.partition(" ")
        answer = env.type(f"{word} {job} {flags}")
        for part in (f"`{job}` is busy", f"<@{SAM}>'s verify is running"):
            assert part in plain(answer), verb
        assert answer["ephemeral_for"]
        assert env.writes(word, job) == env.writes("verify", job)[:1] * (word == "verify")
    assert set(events(env, job)) == {"requested", "calling", "accepted"}
    shown = plain(env.type(f"show {job}"))
    assert "In progress" in shown or "Verifying" in shown
    assert f"<@{SAM}>" in shown


@pytest.mark.parametrize(
    ("line", "label", "shows"),
    [
        ("stop {job}", "Ask again", "✅ *Stopped*"),
        ("delete {job}", "Ask again", "[Delete job only]"),
        ("edit {job} --parallel max", "Ask again", "[Confirm edit]"),
        ("edit {job} --only sales", "Edit again…", ""),
    ],
)
def test_who_was_refused_asks_again_with_a_button(env: Env, line: str, label: str, shows: str) -> None:
    job = env.add_job("again", phase="CDC", databases=["sales", "billing"])
    verifying(env, job)
    env.dms.operation_seconds(SOON)
    refused = env.type(line.format(job=job))
    finish(env, job)
    before = moment(env)
    env.press(refused, label)
    if shows:
        card = env.slack.wait_message(
            channel="dms", contains=[job], after=before, where=lambda message: not message["is_reply"]
        )
        env.shows(card, shows)
    else:
        assert job in str(env.slack.wait_view("dana", job))


def test_other_jobs_are_free(env: Env) -> None:
    job, other = job_in_cdc(env), job_in_cdc(env)
    verifying(env, job)
    env.dms.operation_seconds(SOON)
    answer = env.type(f"stop {other}")
    env.shows_done(answer, "stop")


def test_what_has_ended_locks_no_more(env: Env) -> None:
    job = job_in_cdc(env)
    verifying(env, job)
    finish(env, job)
    env.shows_done(env.type(f"stop {job}"), "stop")


@pytest.mark.parametrize("trouble", ["refused", "failed", "unclear"])
def test_a_run_that_went_wrong_locks_no_more(env: Env, trouble: str) -> None:
    job = job_in_cdc(env)
    if trouble == "refused":
        env.dms.fault("StopMigrationJob", "FAILED_PRECONDITION", message="not now")
    elif trouble == "failed":
        env.dms.operation_outcome(job, "stop", "INTERNAL", "the disk is full")
    else:
        env.dms.fault("StopMigrationJob", "DISCONNECT")
    card = env.type(f"stop {job}")
    assert ended(env, job) == [trouble]
    if trouble == "unclear":
        # It may have been applied: people look at the job first.
        assert "[Try again]" not in plain(env.shows(card, "[Show]"))
        env.type(f"stop {job}")
    else:
        env.press(env.shows(card, "[Try again]"), "Try again")
    until(lambda: len(runs_of(env, job)) == 2)
    assert ended(env, job) == [trouble, "succeeded"]


def test_a_confirmation_waits_until_the_job_is_free(env: Env) -> None:
    job = job_in_cdc(env)
    card = env.type(f"delete {job}")
    verifying(env, job)
    press_refused(env, card, "confirm", "dana", f"{job}` is busy", f"<@{SAM}>", "press again")
    assert str(request_of_dana(env, job)) == "confirming"
    finish(env, job)
    env.press(card, "confirm")
    env.shows_done(card, "delete")
    assert len(env.writes("delete", job)) == 1


def request_of_dana(env: Env, job: str) -> str:
    return str(env.bot.store.requests(job=full(job), by=DANA)[0].state)


def test_the_last_approval_waits_until_the_job_is_free(env: Env) -> None:
    job = job_in_cdc(env, "two")
    card = env.type(f"delete {job}")
    env.press(card, "confirm")
    ask = asks(env, job)
    verifying(env, job)
    press_refused(env, ask, "approve", "alex", f"{job}` is busy", f"<@{SAM}>", "Nothing was done")
    assert "approved" not in events(env, job)
    finish(env, job)
    env.press(ask, "approve", "alex")
    env.shows_done(card, "delete")
    assert len(env.writes("delete", job)) == 1


def test_one_locked_job_stops_them_all(env: Env) -> None:
    job, other = job_in_cdc(env), job_in_cdc(env)
    verifying(env, job)
    answer = plain(env.type(f"stop {job} {other}"))
    assert f"`{job}` is busy" in answer
    assert "[Ask again]" in answer
    assert env.writes("stop", other) == []
    assert events(env, other) == []


def test_what_is_queued_locks_too(slack: SlackServer, tmp_path: Path) -> None:
    with single_bot(slack, tmp_path, bulk_parallel=1) as env:
        first, second = job_in_cdc(env), job_in_cdc(env)
        env.dms.operation_seconds(FOREVER)
        card = env.type(f"stop {first} {second}")
        env.press(card, "confirm")
        until(lambda: env.writes("stop", first))
        before = moment(env)
        env.slack.command(f"stop {second}", user="sam")
        private(env, "sam", f"`{second}` is busy", f"<@{DANA}>'s stop is running", after=before)
        finish(env, first)
        env.shows_as(card, "done", "all 2 jobs")
        assert len(env.writes("stop", second)) == 1
        assert request_of(env, second).state == "done"
