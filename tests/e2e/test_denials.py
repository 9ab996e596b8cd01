"""Whoever asked hears of a denial, once, and where they look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.env import CHANNEL, JSON, Env, input_of
from tests.e2e.helpers import (
    ALEX,
    APPROVALS,
    DANA,
    ROLES,
    asks,
    events,
    open_servers,
    policy,
    request_of,
    single_bot,
    started,
)
from tests.outbox import all_sent
from tests.waiting import until

WHY = "not before the month end <!channel>"


@pytest.fixture
def env(slack: SlackServer, tmp_path: Path) -> Iterator[Env]:
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path, ROLES)) as made:
        yield made


def confirmed(env: Env, channel: str = CHANNEL) -> tuple[str, JSON]:
    """A job whose restart waits for approval, and the message of its request."""
    job = env.add_job("no", state="FAILED", phase="CDC")
    card = env.type(f"restart {job}", channel=channel)
    env.confirm(card, typed=job)
    return job, card


def deny(env: Env, job: str, user: str = "alex") -> None:
    env.press(asks(env, job), "deny", user)
    view = env.slack.wait_view(user, "Why not?")
    answer = env.slack.submit(view, {input_of(view): WHY}, user=user)
    assert not answer.get("errors"), answer
    until(lambda: request_of(env, job).state == "denied")


def replies(env: Env, card: JSON) -> list[str]:
    return [plain(each) for each in env.slack.thread(card["channel"], card["ts"])[1:]]


def wait_until_all_is_sent(env: Env) -> None:
    until(lambda: all_sent(env.bot.store))


def test_the_requester_is_told_in_the_thread(env: Env) -> None:
    job, card = confirmed(env)
    deny(env, job)
    env.shows_as(card, "denied", ALEX)
    wait_until_all_is_sent(env)
    (said,) = replies(env, card)
    assert f"<@{DANA}> ⛔ <@{ALEX}> denied *restart {job}*: " in said
    assert "not before the month end &lt;!channel&gt;" in said
    assert len([each for each in env.slack.messages() if "denied *" in plain(each)]) == 1


def test_where_the_app_cannot_post_the_requester_is_told_directly(env: Env) -> None:
    job, _ = confirmed(env, "random")
    deny(env, job)
    said = env.slack.wait_message(user="dana", contains=[f"<@{ALEX}> denied *restart {job}*"])
    assert said["channel"].startswith("D")
    wait_until_all_is_sent(env)
    assert len([each for each in env.slack.messages(user="dana") if "denied *" in plain(each)]) == 1


def test_it_is_told_once_though_the_answer_is_lost(env: Env) -> None:
    job, card = confirmed(env)
    asks(env, job)
    wait_until_all_is_sent(env)
    env.slack.fault("chat.postMessage", "connection_reset", after_apply=True)
    deny(env, job)
    wait_until_all_is_sent(env)
    assert len(replies(env, card)) == 1


def test_it_is_told_once_though_the_bot_ends_in_between(tmp_path: Path) -> None:
    rules = policy(tmp_path, ROLES)
    with open_servers() as (slack, dms):
        with started(slack, dms, tmp_path, policy_file=rules) as env:
            job, card = confirmed(env)
            asks(env, job)
            wait_until_all_is_sent(env)
            slack.control.fault("chat.postMessage", "503", times=None)
            deny(env, job)
            env.shows_as(card, "denied")
            assert replies(env, card) == []
        slack.control.clear_faults()
        with started(slack, dms, tmp_path, policy_file=rules) as env:
            until(lambda: replies(env, card))
            wait_until_all_is_sent(env)
            assert len(replies(env, card)) == 1


def test_who_denies_their_own_request_is_not_told(slack: SlackServer, tmp_path: Path) -> None:
    own = '\n[[rule]]\nname = "own"\nverbs = ["restart"]\napprovals = 1\nself_approval = true\n'
    rules = policy(tmp_path, ROLES.replace('["@leads"]', '["@leads", "@dba-team"]') + own)
    with single_bot(slack, tmp_path, policy_file=rules) as env:
        job, card = confirmed(env)
        deny(env, job, "dana")
        env.shows_as(card, "denied", DANA)
        wait_until_all_is_sent(env)
        assert replies(env, card) == []
        assert events(env, job)[-1] == "denied"
        assert request_of(env, job).ended_by == DANA
        assert len(env.slack.messages(channel=APPROVALS)) >= 1
