"""Deliveries that come twice, late, or in another order than people acted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack import plain
from tests.e2e.deciding import (
    APPROVALS,
    ROLES,
    asks,
    at_once,
    ended,
    events,
    eventually,
    moment,
    policy,
    press_refused,
    private,
    request_of,
)
from tests.e2e.scene import CAUGHT_UP, CHANNEL, JSON, Scene, fresh, input_of, scene

ALONE = """
[[rule]]
name = "alone"
verbs = ["restart", "delete"]
approvals = 0
"""


@pytest.fixture(scope="module", params=["socket", "http"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("bot")
    with scene(folder, http=request.param == "http", policy_file=policy(folder, ROLES + ALONE)) as made:
        yield made


@pytest.fixture
def thrice(stage: Scene) -> Iterator[None]:
    """Slack delivers everything three times."""
    stage.slack.duplicate_deliveries(2)
    yield
    stage.slack.duplicate_deliveries(0)


def a_job(stage: Scene, state: str = "RUNNING", phase: str | None = "CDC") -> str:
    job = fresh("order")
    stage.dms.add_job(job, state=state, phase=phase, databases=["sales"], frozen=True, **CAUGHT_UP)
    return job


def calls(stage: Scene, method: str, job: str) -> list[JSON]:
    return [each for each in stage.dms.calls(method) if f"migrationJobs/{job}" in str(each["request"])]


@pytest.mark.usefixtures("thrice")
def test_a_command_delivered_three_times_is_one(stage: Scene) -> None:
    job = a_job(stage, "NOT_STARTED", None)
    assert stage.slack.command(f"start {job}")["ok"]
    stage.slack.wait_message(channel=CHANNEL, contains=["✅", job])
    assert ended(stage, job) == ["succeeded"]
    assert len(calls(stage, "StartMigrationJob", job)) == 1
    assert events(stage, job).count("requested") == 1


@pytest.mark.usefixtures("thrice")
def test_presses_and_views_delivered_three_times_count_once(stage: Scene) -> None:
    job = a_job(stage)
    card = stage.shows(stage.type(f"promote {job}"), "Confirm promote")
    stage.press(card, "Confirm promote")
    asked = asks(stage, job)
    stage.press(asked, "Approve", user="alex")
    assert ended(stage, job) == ["succeeded"]
    assert len(calls(stage, "PromoteMigrationJob", job)) == 1
    told = events(stage, job)
    assert [told.count(each) for each in ("requested", "confirmed", "approved", "calling")] == [1, 1, 1, 1]
    failed = a_job(stage, "FAILED")
    card = stage.shows(stage.type(f"restart {failed}"), "Confirm restart")
    stage.confirm(card, "Confirm restart", typed=failed)
    assert ended(stage, failed) == ["succeeded"]
    assert len(calls(stage, "RestartMigrationJob", failed)) == 1


def test_the_same_delivery_comes_again_later(stage: Scene) -> None:
    """As Slack does when it thinks that it was not heard: with `retry_attempt` or `X-Slack-Retry-Num`."""
    job = a_job(stage, "NOT_STARTED", None)
    first = stage.slack.command(f"start {job}")
    stage.slack.wait_message(channel=CHANNEL, contains=["✅", job])
    stage.dms.set_job(job, state="NOT_STARTED", phase="PHASE_UNSPECIFIED")
    again = stage.slack.raw_deliver(
        first["payload"], "slash_commands", retry_num=1, retry_reason="timeout", duplicates=2
    )
    assert all(each["ok"] for each in again)
    assert "watch" in plain(stage.type("watches"))
    assert len(calls(stage, "StartMigrationJob", job)) == 1


def test_approve_comes_before_the_confirmation_is_done(stage: Scene) -> None:
    """An approval of what is not yet confirmed does not count, and does not get lost as one that did."""
    job = a_job(stage)
    card = stage.shows(stage.type(f"promote {job}"), "Confirm promote")
    press = stage.slack.press(card, text="Cancel", user="riley")["payload"]
    approval = {
        **press,
        "trigger_id": f"early-{job}",
        "response_url": "",
        "user": {**press["user"], "id": "U0ALEX0001"},
        "actions": [{**press["actions"][0], "action_id": "dms:promote:approve"}],
    }
    before = moment(stage)
    assert all(each["ok"] for each in stage.slack.raw_deliver(approval))
    private(stage, "alex", "Nothing was done", "waiting for its requester to confirm", after=before)
    assert calls(stage, "PromoteMigrationJob", job) == []
    stage.press(card, "Confirm promote")
    stage.press(asks(stage, job), "Approve", user="alex")
    assert ended(stage, job) == ["succeeded"]


def test_buttons_of_a_message_that_has_changed_since(stage: Scene) -> None:
    job = a_job(stage)
    card = stage.shows(stage.type(f"promote {job}"), "Confirm promote")
    stage.press(card, "Cancel")
    stage.shows(card, "Cancelled")
    before = moment(stage)
    assert stage.slack.press(card, text="Confirm promote", stale=True)["ok"]
    private(stage, "dana", "Nothing was done", "cancelled", after=before)
    assert events(stage, job) == ["requested", "cancelled"]
    assert calls(stage, "PromoteMigrationJob", job) == []


def test_an_approval_pressed_after_the_request_was_withdrawn(stage: Scene) -> None:
    job = a_job(stage)
    card = stage.shows(stage.type(f"promote {job}"), "Confirm promote")
    stage.press(card, "Confirm promote")
    asked = asks(stage, job)
    stage.press(stage.shows(card, "[Withdraw]"), "Withdraw")
    changed = stage.shows(asked, "Cancelled")
    assert "Approve]" not in plain(changed)
    before = moment(stage)
    assert stage.slack.press(asked, text="Approve", user="alex", stale=True)["ok"]
    private(stage, "alex", "Nothing was done", "cancelled", after=before)
    assert calls(stage, "PromoteMigrationJob", job) == []


def test_a_view_submitted_after_the_request_ended(stage: Scene) -> None:
    job = a_job(stage, "FAILED")
    card = stage.shows(stage.type(f"restart {job}"), "Confirm restart")
    stage.press(card, "Confirm restart")
    view = stage.slack.wait_view("dana")
    stage.press(card, "Cancel")
    stage.shows(card, "Cancelled")
    answer = stage.slack.submit(view, {input_of(view): job})
    assert "cancelled" in str(answer["errors"])
    stage.slack.close_view(view)
    assert calls(stage, "RestartMigrationJob", job) == []


def test_a_reason_written_after_the_request_ended(stage: Scene) -> None:
    job = a_job(stage)
    card = stage.shows(stage.type(f"promote {job}"), "Confirm promote")
    stage.press(card, "Confirm promote")
    asked = asks(stage, job)
    stage.press(asked, "Deny", user="alex")
    view = stage.slack.wait_view("alex")
    stage.press(stage.shows(card, "[Withdraw]"), "Withdraw")
    stage.shows(asked, "Cancelled")
    before = moment(stage)
    stage.slack.submit(view, {input_of(view): "Not today"}, user="alex")
    private(stage, "alex", "Nothing was done", "cancelled", after=before)
    assert request_of(stage, job).state == "cancelled"
    assert events(stage, job) == ["requested", "confirmed", "cancelled"]


def test_all_press_at_once(stage: Scene) -> None:
    """Whoever comes first decides; the others are told, and nothing is done twice."""
    job = a_job(stage)
    card = stage.shows(stage.type(f"promote {job}"), "Confirm promote")
    at_once(*[lambda: stage.slack.press(card, text="Confirm promote", stale=True) for _ in range(4)])
    asked = asks(stage, job)
    card = stage.shows(card, "[Withdraw]")
    at_once(
        *[lambda: stage.slack.press(asked, text="Approve", user="alex", stale=True) for _ in range(4)],
        lambda: stage.slack.press(card, text="Withdraw", stale=True),
    )
    state = eventually(lambda: _over(stage, job), 30)
    told = events(stage, job)
    assert told.count("confirmed") == 1
    assert told.count("approved") <= 1
    assert len(calls(stage, "PromoteMigrationJob", job)) == (1 if state == "done" else 0)
    assert len(stage.slack.messages(channel=APPROVALS, include_ephemeral=False)) >= 1


def _over(stage: Scene, job: str) -> str:
    state = request_of(stage, job).state
    return str(state) if state in ("done", "cancelled") else ""


def test_a_refused_press_changes_nothing(stage: Scene) -> None:
    job = a_job(stage)
    card = stage.shows(stage.type(f"promote {job}"), "Confirm promote")
    press_refused(stage, card, "Confirm promote", "sam", "Only", "can confirm this")
    assert request_of(stage, job).by.channel == stage.slack.messages(channel=CHANNEL)[-1]["channel"]
