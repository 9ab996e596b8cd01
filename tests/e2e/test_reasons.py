"""A request's reason: typed or filled in, demanded by the policy, seen by approvers and kept in the audit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.policy.loader import load
from bot.policy.model import PolicyError
from commands import all_verbs, permissions
from sandbox.slack import SlackServer, plain
from tests.e2e.env import JSON, Env, unique_id
from tests.e2e.helpers import ROLES, asks, audit, policy, request_of, single_bot
from tests.waiting import until

RULES = (
    ROLES
    + """
[[rule]]
name = "tickets"
verbs = ["stop", "restart"]
labels = { env = "prod" }
approvals = 1
reason = "CHG-[0-9]+"

[[rule]]
name = "say why"
verbs = ["resume"]
reason = true
"""
)
PROD = {"labels": {"env": "prod"}}


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    folder = tmp_path_factory.mktemp("reasons")
    with SlackServer() as own, single_bot(own, folder, policy_file=policy(folder, RULES)) as made:
        yield made


def filled(view: JSON, reason: str, typed: str = "") -> dict[str, str]:
    inputs = {
        each["block_id"]: each["element"]["action_id"] for each in view["blocks"] if each["type"] == "input"
    }
    values = {inputs["reason"]: reason}
    return values | ({inputs["typed"]: typed} if typed else {})


def test_approvers_and_the_audit_have_the_reason(env: Env) -> None:
    job = env.add_job("why", state="RUNNING", phase="CDC", **PROD)
    card = env.shows(env.type(f'stop {job} --reason "disk swap, CHG-4711"'), step="confirm")
    assert "disk swap, CHG-4711" in plain(card)
    env.confirm(card)
    assert "disk swap, CHG-4711" in plain(asks(env, job))
    requested = next(each for each in audit(env, job) if each.event == "requested")
    assert "reason: disk swap, CHG-4711" in requested.detail


def test_a_missing_ticket_is_asked_in_the_dialog(env: Env) -> None:
    job = env.add_job("why", state="RUNNING", phase="CDC", **PROD)
    card = env.shows(env.type(f"stop {job}"), step="confirm")
    env.press(card, "confirm")
    view = env.slack.wait_view("dana", "CHG-[0-9]+")
    refused = env.slack.submit(view, filled(view, "because"), user="dana")
    assert "CHG-[0-9]+" in str(refused["errors"])
    assert not env.slack.submit(view, filled(view, "swap CHG-1"), user="dana").get("errors")
    assert "swap CHG-1" in plain(asks(env, job))
    confirmed = next(each for each in audit(env, job) if each.event == "confirmed")
    assert "reason: swap CHG-1" in confirmed.detail


def test_what_runs_unasked_asks_for_its_reason_first(env: Env) -> None:
    job = env.add_job("why", state="STOPPED", phase="CDC")
    card = env.shows(env.type(f"resume {job}"), step="confirm")
    assert env.writes("resume", job) == []
    env.press(card, "confirm")
    view = env.slack.wait_view("dana", "asks for a reason")
    assert not env.slack.submit(view, filled(view, "upgrade is over"), user="dana").get("errors")
    env.shows_done(card, "resume")
    another = env.add_job("why", state="STOPPED", phase="CDC")
    env.shows_done(env.type(f'resume {another} --reason "upgrade is over"'), "resume")


def test_a_typed_confirmation_takes_both(env: Env) -> None:
    job = env.add_job("why", state="FAILED", phase="FULL_DUMP", **PROD)
    card = env.shows(env.type(f"restart {job}"), step="confirm")
    env.press(card, "confirm")
    view = env.slack.wait_view("dana", f"Type {job} to confirm")
    errors = env.slack.submit(view, filled(view, "because", "x"), user="dana")["errors"]
    assert {"typed", "reason"} <= set(errors)
    assert not env.slack.submit(view, filled(view, "bad dump CHG-2", job), user="dana").get("errors")
    until(lambda: request_of(env, job).facts.reason == "bad dump CHG-2")


def test_secrets_are_not_kept(env: Env) -> None:
    job = env.add_job("why", state="STOPPED", phase="CDC")
    secret = f"password={unique_id('hunter')}"
    env.shows_done(env.type(f'resume {job} --reason "see {secret}"'), "resume")
    assert secret not in request_of(env, job).facts.reason


def test_a_pattern_that_is_none_stops_the_start(tmp_path: Path) -> None:
    path = policy(tmp_path, ROLES + '\n[[rule]]\nverbs = ["stop"]\nreason = "CHG-["\n')
    with pytest.raises(PolicyError, match="is no regular expression"):
        load(path, permissions(all_verbs()))


def test_a_bot_without_such_a_rule_asks_for_none(slack: SlackServer, tmp_path: Path) -> None:
    with single_bot(slack, tmp_path) as env:
        job = env.add_job("why", state="STOPPED", phase="CDC")
        env.shows_done(env.type(f"resume {job}"), "resume")
