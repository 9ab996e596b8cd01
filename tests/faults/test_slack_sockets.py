"""The WebSockets of Socket Mode: dropped, refreshed, refused for a while."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.dms import DmsServer
from sandbox.slack import SlackServer, plain
from tests.dms.relay import relay
from tests.e2e.env import LIMITS, Env, running, settings
from tests.faults.acts import ACTS, ask, calls, job_for
from tests.ops.test_metrics import value
from tests.waiting import until

STOP = next(each for each in ACTS if each.name == "stop")


def connected(env: Env) -> bool:
    return bool(env.slack.status()["connections"])


def answered(env: Env) -> None:
    assert "watch" in plain(env.type("watches"))


def test_dropped_without_a_word(env: Env) -> None:
    answered(env)
    assert env.slack.socket("drop") == 1
    env.slack.wait_connections()
    answered(env)


@pytest.mark.parametrize("action", ["refresh", "warning"])
def test_refreshed_as_slack_does_every_few_hours(env: Env, action: str) -> None:
    assert env.slack.socket(action) >= 1
    until(lambda: connected(env))
    for _ in range(3):
        answered(env)


def test_refused_for_a_while(env: Env) -> None:
    """Meanwhile what is under way goes on, and the bot says that it is not ready."""
    job = job_for(env, STOP)
    card = ask(env, STOP, job)
    env.slack.socket("refuse")
    env.slack.socket("drop")
    env.shows_as(card, "done")
    # Sooner than what Slack last answered to `auth.test` is forgotten.
    until(lambda: not env.bot.health.ready().ok)
    assert value("dms_bot_healthy") == 0
    env.slack.socket("accept")
    env.slack.wait_connections()
    answered(env)
    until(lambda: env.bot.health.ready().ok)
    assert value("dms_bot_healthy") == 1
    assert env.bot.health.alive().body["loops"]["socket_mode"] == "ok"
    assert len(calls(env, STOP, job)) == 1


@pytest.mark.parametrize("kind", ["503", "ratelimited", "connection_reset", "internal_error"])
def test_no_new_connection_is_given_out_for_a_while(env: Env, kind: str) -> None:
    env.slack.fault("apps.connections.open", kind, times=2, retry_after=1)
    env.slack.socket("drop")
    env.slack.wait_connections()
    answered(env)


def test_dropped_again_and_again_while_people_ask(env: Env) -> None:
    for _ in range(3):
        env.slack.socket("drop")
        env.slack.wait_connections()
        answered(env)


def test_a_connection_gone_silent_is_replaced(tmp_path: Path) -> None:
    """Nobody closes it, but nothing comes through any more, as behind a router that has forgotten it."""
    with (
        SlackServer(port=0) as slack,
        DmsServer(port=0, seed="empty") as dms,
        relay(f"127.0.0.1:{slack.port}") as way,
    ):
        # Where Slack says that it is to be found.
        slack.workspace.base_url = f"http://{way.host}"
        limits = replace(LIMITS, ping_every_s=0.5)
        with running(settings(slack, dms, tmp_path), limits=limits) as bot:
            slack.control.wait_connections()
            env = Env(slack.control, dms.control, bot)
            answered(env)
            way.hush()
            assert not slack.control.command("watches")["ok"]
            until(lambda: slack.control.command("watches")["ok"])
            answered(env)
