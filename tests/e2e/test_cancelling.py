"""`/dms cancel`: the operation that a job is in, the lock of the run that follows it, and how both end."""

from __future__ import annotations

import httpx
import pytest

from sandbox.slack import plain
from tests.e2e.database_helpers import full, no_views
from tests.e2e.env import JSON, Env
from tests.e2e.helpers import ended, events, runs_of
from tests.waiting import until


@pytest.fixture(autouse=True)
def screen(env: Env) -> None:
    no_views(env)


@pytest.fixture(autouse=True)
def slow(env: Env) -> None:
    """Operations that do not end while a test looks, until it says otherwise."""
    env.dms.operation_seconds(36_000.0)


def cancels(env: Env) -> list[JSON]:
    return [each for each in env.dms.calls("CancelOperation") if each["applied"]]


def in_operation(env: Env, verb: str = "stop") -> tuple[str, JSON]:
    """A job whose stop is followed by a run of the bot, and the card of that request."""
    job = env.add_job("cancel", phase="CDC", databases=["sales"])
    card = env.type(f"{verb} {job}")
    until(lambda: [str(run.state) for run in runs_of(env, job)] == ["following"])
    return job, card


def test_the_lock_of_the_run_that_waits_does_not_stand_in_the_way(env: Env) -> None:
    job, stop = in_operation(env)
    assert "'s stop is running" in plain(env.type(f"verify {job}")), "everything else waits"
    card = env.type(f"cancel {job}")
    operation = runs_of(env, job)[0].operation
    shown = env.shows(
        card,
        "tries to cancel",
        "`stop` (`" + operation.rpartition("/")[2],
        "*Started by*: <@U0DANA0001>",
        "in which state",
        step="confirm",
    )
    assert "[Cancel the operation]" in plain(shown)
    assert "[Let it continue]" in plain(shown)
    before = len(cancels(env))
    env.confirm(card)
    env.shows_done(card, "cancel")
    env.shows(stop, "🔴", "Its operation was cancelled")
    assert ended(env, job) == ["failed", "succeeded"]
    assert len(cancels(env)) == before + 1
    assert cancels(env)[-1]["request"]["name"] == operation
    assert events(env, job)[-5:].count("succeeded") == 1
    env.dms.operation_seconds(6.0)
    env.shows_done(env.type(f"verify {job}"), "verify")


def test_one_that_was_started_elsewhere(env: Env) -> None:
    job = env.add_job("cancel", phase="CDC")
    host = env.bot.settings.dms_emulator_rest_host
    assert httpx.post(f"http://{host}/v1/{full(job)}:stop", json={}, trust_env=False).status_code == 200
    card = env.shows(env.type(f"cancel {job}"), "somebody outside this bot", step="confirm")
    env.confirm(card)
    env.shows_done(card, "cancel")


def test_one_that_ends_all_the_same(env: Env) -> None:
    job, stop = in_operation(env)
    card = env.shows(env.type(f"cancel {job}"), step="confirm")
    env.dms.clock(advance_seconds=40_000.0)
    env.shows_done(stop, "stop")
    env.confirm(card)
    env.shows(card, "is stopped")
    assert runs_of(env, job)[1:] == ()


def test_a_job_that_is_in_none(env: Env) -> None:
    job = env.add_job("cancel", phase="CDC")
    assert "nothing to cancel" in plain(env.type(f"cancel {job}"))
    assert "has no operation `op-9` in progress" in plain(env.type(f"cancel {job} --operation op-9"))


def test_a_changing_job_whose_operation_is_not_listed(env: Env) -> None:
    job = env.add_job("cancel", state="STARTING")
    told = plain(env.type(f"cancel {job}"))
    assert "is starting, but the service lists no operation" in told
    assert "nothing to cancel" not in told


def test_an_answer_that_is_lost_is_found_by_the_operation(env: Env) -> None:
    job, _ = in_operation(env)
    before = len(env.dms.calls("CancelOperation"))
    env.dms.fault("CancelOperation", "UNAVAILABLE", after_apply=True)
    card = env.shows(env.type(f"cancel {job}"), step="confirm")
    env.confirm(card)
    env.shows_done(card, "cancel")
    assert len(env.dms.calls("CancelOperation")) == before + 1, "it is never sent again"


def test_two_cancels_wait_for_each_other(env: Env) -> None:
    job, _ = in_operation(env)
    first = env.shows(env.type(f"cancel {job}"), step="confirm")
    second = env.shows(env.type(f"cancel {job}", user="sam"), step="confirm")
    env.confirm(first)
    env.shows_done(first, "cancel")
    env.confirm(second, user="sam")
    env.shows(second, "nothing was sent")
    assert len([run for run in runs_of(env, job) if run.cancels]) == 1


def test_the_card_of_the_job_offers_it(env: Env) -> None:
    job, _ = in_operation(env)
    card = env.type(f"show {job}")
    before = env.now()
    env.press(card, "More…")
    env.press(env.slack.wait_view("dana", "Cancel operation…"), "Cancel operation…")
    asked = env.slack.wait_message(contains=["tries to cancel", job], after=before)
    env.confirm(asked)
    env.shows_done(asked, "cancel")
    env.press(env.type(f"show {job}"), "More…")
    assert "Cancel operation" not in plain(env.slack.wait_view("dana", [job, "Open in the console"]))
