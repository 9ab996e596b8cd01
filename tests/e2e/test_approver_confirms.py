"""What its requester had to type, an approver confirms as well: in a dialog that shows what will be lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.slack import plain
from tests.e2e.env import JSON, Env, asks_first, open_env
from tests.e2e.helpers import ALEX, ROLES, asks, ended, events, moment, policy, private, request_of, set_delay

SURE = "you confirm too"
OPEN = ["requested", "confirmed"]


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    folder = tmp_path_factory.mktemp("sure")
    with open_env(folder, policy_file=policy(folder, ROLES)) as made:
        yield made
        assert made.slack.violations() == []


def restarting(env: Env) -> tuple[str, JSON]:
    """A restart that waits for approval, and the message that asks for it."""
    job = env.add_job("again", state="FAILED", phase="CDC", databases=["sales", "crm"])
    env.confirm(env.type(f"restart {job}"), typed=job)
    return job, asks(env, job)


def pressed(env: Env, message: JSON) -> JSON:
    """The dialog that Approve opens for alex, from any message or view."""
    answer = env.slack.press(message, **env.found_by(message, "approve"), user="alex")
    assert answer["ok"], answer
    return env.slack.wait_view("alex", SURE)


def test_a_press_alone_approves_nothing(env: Env) -> None:
    job, card = restarting(env)
    assert asks_first(card)
    dialog = pressed(env, card)
    for word in ("This cannot be undone", "All data is wiped", "2 databases: `crm`, `sales`", job, "0 of 1"):
        assert word in plain(dialog)
    env.slack.close_view(dialog, user="alex")
    env.type("help")
    assert events(env, job) == OPEN
    dialog = pressed(env, card)
    assert env.slack.submit(dialog, user="alex")["response_action"] == "clear"
    assert ended(env, job) == ["succeeded"]
    assert events(env, job)[2] == "approved"


def test_the_dialog_shows_the_delay_as_it_is_now(env: Env) -> None:
    job = env.add_job("cut", phase="CDC", databases=["sales"], sec_lag=90, bytes_lag=1000)
    set_delay(env, job, 90)
    env.confirm(env.type(f"promote {job}"), typed=job)
    card = asks(env, job)
    assert "1 min 30 s" in plain(card)
    env.dms.set_job(job, sec_lag=300, bytes_lag=5000)
    set_delay(env, job, 300)
    dialog = pressed(env, card)
    assert "NOT ZERO: 5 min" in plain(dialog)
    env.slack.submit(dialog, user="alex")
    assert ended(env, job) == ["succeeded"]


def test_what_was_typed_is_asked_though_the_delay_is_zero_by_now(env: Env) -> None:
    job = env.add_job("caught", phase="CDC", databases=["sales"], sec_lag=90, bytes_lag=1000)
    set_delay(env, job, 90)
    env.confirm(env.type(f"promote {job}"), typed=job)
    card = asks(env, job)
    env.dms.set_job(job, sec_lag=0, bytes_lag=0)
    set_delay(env, job, 0)
    dialog = pressed(env, card)
    assert "Replication delay: 0 s" in plain(dialog)
    env.slack.submit(dialog, user="alex")
    assert ended(env, job) == ["succeeded"]


@pytest.mark.parametrize("where", ["approvals", "home"])
def test_a_review_asks_as_well(env: Env, where: str) -> None:
    job, card = restarting(env)
    listed = env.home("alex", job, "[Review]") if where == "home" else env.type("approvals", user="alex")
    env.slack.press(
        listed, action_id="dms:restart:review", value=request_of(env, job).id, user="alex", stale=True
    )
    review = env.slack.wait_view("alex", "Review the request")
    dialog, before = pressed(env, review), moment(env)
    assert events(env, job) == OPEN
    env.slack.submit(dialog, user="alex")
    private(env, "alex", "Your approval counts", after=before)
    assert env.slack.views("alex") == []
    env.shows_done(card, "restart", ALEX)


def test_what_has_changed_behind_the_dialog_does_not_run(env: Env) -> None:
    job, card = restarting(env)
    dialog = pressed(env, card)
    env.dms.set_job(job, labels={"env": "prod"})
    env.slack.submit(dialog, user="alex")
    env.shows_as(card, "outdated", "label `env`: none → `prod`")
    assert env.writes("restart", job) == []


def test_who_may_not_approve_sees_no_dialog(env: Env) -> None:
    job, card = restarting(env)
    before = moment(env)
    env.slack.press(card, **env.found_by(card, "approve"), user="riley")
    private(env, "riley", "You may not approve or deny", after=before)
    assert env.slack.views("riley") == []
    assert events(env, job) == OPEN


def test_what_nobody_had_to_type_is_approved_with_a_press(env: Env) -> None:
    job = env.add_job("plain", phase="CDC", databases=["sales"])
    env.confirm(env.type(f"delete {job}"))
    card = asks(env, job)
    assert not asks_first(card)
    env.press(card, "approve", "alex")
    assert ended(env, job) == ["succeeded"]
