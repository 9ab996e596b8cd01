"""Slack in trouble while the bot answers: nobody is left without an answer, no card is there twice."""

from __future__ import annotations

import pytest

from sandbox.slack import plain
from tests.e2e.scene import CHANNEL, JSON, Scene, fresh
from tests.faults.acts import ACTS, applied, ask, calls, job_for

DELETE = next(each for each in ACTS if each.name == "delete")
RESTART = next(each for each in ACTS if each.name == "restart")
START = next(each for each in ACTS if each.name == "start")


def cards(stage: Scene, job: str) -> list[JSON]:
    """All messages of the bot that all can see, about a job, where it was asked."""
    return [
        each for each in stage.slack.messages(channel=CHANNEL, include_ephemeral=False) if job in plain(each)
    ]


@pytest.mark.parametrize(
    ("kind", "times"), [("ratelimited", 2), ("500", 1), ("503", 2), ("connection_reset", 1)]
)
def test_an_answer_is_tried_again(stage: Scene, kind: str, times: int) -> None:
    stage.slack.fault("response_url", kind, times=times, retry_after=1)
    said = stage.type("watches")
    assert "watch" in plain(said)
    assert said["ephemeral_for"]


@pytest.mark.parametrize("kind", ["ratelimited", "404", "500", "connection_reset"])
def test_where_the_response_url_fails_for_good_the_answer_comes_another_way(stage: Scene, kind: str) -> None:
    stage.slack.fault("response_url", kind, times=None, retry_after=1)
    before = stage.now()
    assert stage.slack.command("watches")["ok"]
    said = stage.slack.wait_message(channel=CHANNEL, user="dana", contains="watch", after=before, timeout=30)
    assert said["ephemeral_for"]


def test_a_response_url_that_hangs(stage: Scene) -> None:
    """One person's answer hangs; the other's does not wait for it, and in the end both have theirs."""
    stage.slack.fault("response_url", "timeout", seconds=60)
    before = stage.now()
    people = ("dana", "sam")
    assert all(stage.slack.command("watches", user=each)["ok"] for each in people)
    stage.slack.wait_message(channel=CHANNEL, contains="watch", after=before)
    for user in people:
        stage.slack.wait_message(channel=CHANNEL, user=user, contains="watch", after=before, timeout=60)


@pytest.mark.parametrize(
    ("kind", "after_apply"),
    [
        ("ratelimited", False),
        ("503", False),
        ("503", True),
        ("connection_reset", False),
        ("connection_reset", True),
        ("internal_error", True),
    ],
)
def test_a_card_is_posted_once(stage: Scene, kind: str, after_apply: bool) -> None:
    """Whether Slack has carried the post out or not; then it shows all that happens."""
    stage.slack.fault("chat.postMessage", kind, retry_after=1, after_apply=after_apply)
    job = job_for(stage, DELETE)
    card = ask(stage, DELETE, job)
    stage.shows(card, "✅ *Deleted*", timeout=40)
    assert len(cards(stage, job)) == 1
    assert len(calls(stage, DELETE, job)) == 1


@pytest.mark.parametrize("kind", ["ratelimited", "500", "connection_reset"])
def test_a_card_becomes_true_when_updates_are_taken_again(stage: Scene, kind: str) -> None:
    job = job_for(stage, START)
    stage.slack.fault("chat.update", kind, times=2, retry_after=1)
    card = ask(stage, START, job)
    stage.shows(card, "✅", timeout=60)
    assert len(cards(stage, job)) == 1


@pytest.mark.parametrize("kind", ["500", "ratelimited", "expired_trigger_id", "connection_reset"])
def test_a_view_that_does_not_open_is_told(stage: Scene, kind: str) -> None:
    """And opens when it is asked for again; nothing has happened meanwhile."""
    job = job_for(stage, RESTART)
    card = stage.shows(stage.type(f"restart {job}"), "Confirm restart")
    stage.slack.fault("views.open", kind)
    before = stage.now()
    stage.press(card, "Confirm restart")
    stage.answer_to("dana", CHANNEL, "could not be opened", before)
    assert calls(stage, RESTART, job) == []
    stage.confirm(card, "Confirm restart", typed=job)
    stage.shows(card, "✅", timeout=40)
    assert len(calls(stage, RESTART, job)) == 1


@pytest.mark.parametrize("kind", ["500", "ratelimited", "connection_reset"])
def test_an_answer_in_a_view_is_tried_again(stage: Scene, kind: str) -> None:
    job = fresh("form")
    stage.dms.add_job(job, state="RUNNING", phase="CDC", databases=["sales"], frozen=True)
    stage.slack.fault("views.update", kind, retry_after=1)
    assert stage.slack.command(f"edit {job}")["ok"]
    view = stage.slack.wait_view("dana", contains="Which databases", timeout=20)
    stage.slack.close_view(view)


def test_all_of_slack_is_away_for_a_while(stage: Scene) -> None:
    """Commands that were acknowledged are carried out, and what came of them is shown afterwards."""
    job = job_for(stage, START)
    stage.slack.fault("*", "503", times=None)
    assert stage.slack.command(f"start {job}")["ok"]
    stage.slack.wait_for(lambda _: applied(stage, START, job), timeout=20)
    stage.slack.clear_faults()
    stage.slack.wait_message(channel=CHANNEL, contains=["✅", job], timeout=60)
    assert len(cards(stage, job)) == 1
    assert len(calls(stage, START, job)) == 1
