"""Deliveries that come twice, late, or in another order than people acted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack import plain
from tests.e2e.env import CAUGHT_UP, CHANNEL, JSON, Env, input_of, open_env
from tests.e2e.helpers import (
    APPROVALS,
    ROLES,
    asks,
    at_once,
    ended,
    events,
    moment,
    policy,
    press_refused,
    private,
    request_of,
)
from tests.waiting import until

ALONE = """
[[rule]]
name = "alone"
verbs = ["restart", "delete"]
approvals = 0
"""


@pytest.fixture(scope="module", params=["socket", "http"])
def env(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    folder: Path = tmp_path_factory.mktemp("bot")
    with open_env(folder, http=request.param == "http", policy_file=policy(folder, ROLES + ALONE)) as made:
        yield made


@pytest.fixture
def thrice(env: Env) -> Iterator[None]:
    """Slack delivers everything three times."""
    env.slack.duplicate_deliveries(2)
    yield
    env.slack.duplicate_deliveries(0)


def a_job(env: Env, state: str = "RUNNING", phase: str | None = "CDC") -> str:
    return env.add_job("order", state=state, phase=phase, databases=["sales"], **CAUGHT_UP)


def calls(env: Env, method: str, job: str) -> list[JSON]:
    return env.dms.calls(method, about=f"migrationJobs/{job}")


@pytest.mark.usefixtures("thrice")
def test_a_command_delivered_three_times_is_one(env: Env) -> None:
    job = a_job(env, "NOT_STARTED", None)
    assert env.slack.command(f"start {job}")["ok"]
    env.slack.wait_message(channel=CHANNEL, contains=["✅", job])
    assert ended(env, job) == ["succeeded"]
    assert len(calls(env, "StartMigrationJob", job)) == 1
    assert events(env, job).count("requested") == 1


@pytest.mark.usefixtures("thrice")
def test_presses_and_views_delivered_three_times_count_once(env: Env) -> None:
    job = a_job(env)
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    env.press(card, "confirm")
    asked = asks(env, job)
    env.press(asked, "approve", user="alex")
    assert ended(env, job) == ["succeeded"]
    assert len(calls(env, "PromoteMigrationJob", job)) == 1
    told = events(env, job)
    assert [told.count(each) for each in ("requested", "confirmed", "approved", "calling")] == [1, 1, 1, 1]
    failed = a_job(env, "FAILED")
    card = env.shows(env.type(f"restart {failed}"), step="confirm")
    env.confirm(card, typed=failed)
    assert ended(env, failed) == ["succeeded"]
    assert len(calls(env, "RestartMigrationJob", failed)) == 1


def test_the_same_delivery_comes_again_later(env: Env) -> None:
    """As Slack does when it thinks that it was not heard: with `retry_attempt` or `X-Slack-Retry-Num`."""
    job = a_job(env, "NOT_STARTED", None)
    first = env.slack.command(f"start {job}")
    env.slack.wait_message(channel=CHANNEL, contains=["✅", job])
    env.dms.set_job(job, state="NOT_STARTED", phase="PHASE_UNSPECIFIED")
    again = env.slack.raw_deliver(
        first["payload"], "slash_commands", retry_num=1, retry_reason="timeout", duplicates=2
    )
    assert all(each["ok"] for each in again)
    assert "watch" in plain(env.type("watches"))
    assert len(calls(env, "StartMigrationJob", job)) == 1


def test_approve_comes_before_the_confirmation_is_done(env: Env) -> None:
    """An approval of what is not yet confirmed does not count, and does not get lost as one that did."""
    job = a_job(env)
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    press = env.press(card, "cancel", user="riley")["payload"]
    approval = {
        **press,
        "trigger_id": f"early-{job}",
        "response_url": "",
        "user": {**press["user"], "id": "U0ALEX0001"},
        "actions": [{**press["actions"][0], "action_id": "dms:promote:approve"}],
    }
    before = moment(env)
    assert all(each["ok"] for each in env.slack.raw_deliver(approval))
    private(env, "alex", "Nothing was done", "waiting for its requester to confirm", after=before)
    assert calls(env, "PromoteMigrationJob", job) == []
    env.press(card, "confirm")
    env.press(asks(env, job), "approve", user="alex")
    assert ended(env, job) == ["succeeded"]


def test_buttons_of_a_message_that_has_changed_since(env: Env) -> None:
    job = a_job(env)
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    env.press(card, "cancel")
    env.shows_as(card, "cancelled")
    before = moment(env)
    assert env.press(card, "confirm", stale=True)["ok"]
    private(env, "dana", "Nothing was done", "cancelled", after=before)
    assert events(env, job) == ["requested", "cancelled"]
    assert calls(env, "PromoteMigrationJob", job) == []


def test_an_approval_pressed_after_the_request_was_withdrawn(env: Env) -> None:
    job = a_job(env)
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    env.press(card, "confirm")
    asked = asks(env, job)
    env.press(env.shows(card, step="withdraw"), "withdraw")
    changed = env.shows_as(asked, "cancelled")
    assert "[Approve" not in plain(changed)
    before = moment(env)
    assert env.press(asked, "approve", user="alex", stale=True)["ok"]
    private(env, "alex", "Nothing was done", "cancelled", after=before)
    assert calls(env, "PromoteMigrationJob", job) == []


def test_a_view_submitted_after_the_request_ended(env: Env) -> None:
    job = a_job(env, "FAILED")
    card = env.shows(env.type(f"restart {job}"), step="confirm")
    env.press(card, "confirm")
    view = env.slack.wait_view("dana")
    env.press(card, "cancel")
    env.shows_as(card, "cancelled")
    answer = env.slack.submit(view, {input_of(view): job})
    assert "cancelled" in str(answer["errors"])
    env.slack.close_view(view)
    assert calls(env, "RestartMigrationJob", job) == []


def test_a_reason_written_after_the_request_ended(env: Env) -> None:
    job = a_job(env)
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    env.press(card, "confirm")
    asked = asks(env, job)
    env.press(asked, "deny", user="alex")
    view = env.slack.wait_view("alex")
    env.press(env.shows(card, step="withdraw"), "withdraw")
    env.shows_as(asked, "cancelled")
    before = moment(env)
    env.slack.submit(view, {input_of(view): "Not today"}, user="alex")
    private(env, "alex", "Nothing was done", "cancelled", after=before)
    assert request_of(env, job).state == "cancelled"
    assert events(env, job) == ["requested", "confirmed", "cancelled"]


def test_all_press_at_once(env: Env) -> None:
    """Whoever comes first decides; the others are told, and nothing is done twice."""
    job = a_job(env)
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    at_once(*[lambda: env.press(card, "confirm", stale=True) for _ in range(4)])
    asked = asks(env, job)
    card = env.shows(card, step="withdraw")
    at_once(
        *[lambda: env.press(asked, "approve", user="alex", stale=True) for _ in range(4)],
        lambda: env.press(card, "withdraw", stale=True),
    )
    state = until(lambda: _over(env, job))
    told = events(env, job)
    assert told.count("confirmed") == 1
    assert told.count("approved") <= 1
    assert len(calls(env, "PromoteMigrationJob", job)) == (1 if state == "done" else 0)
    assert len(env.slack.messages(channel=APPROVALS, include_ephemeral=False)) >= 1


def _over(env: Env, job: str) -> str:
    state = request_of(env, job).state
    return str(state) if state in ("done", "cancelled") else ""


def test_a_refused_press_changes_nothing(env: Env) -> None:
    job = a_job(env)
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    press_refused(env, card, "confirm", "sam", "Only", "can confirm this")
    assert request_of(env, job).by.channel == env.slack.messages(channel=CHANNEL)[-1]["channel"]
