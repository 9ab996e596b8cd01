"""The WebSockets of Socket Mode: dropped, refreshed, refused for a while."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.dms import DmsServer
from sandbox.slack import SlackServer, plain
from tests.dms.relay import relay
from tests.e2e.deciding import eventually
from tests.e2e.scene import Scene, running, settings
from tests.faults.acts import ACTS, ask, calls, job_for

STOP = next(each for each in ACTS if each.name == "stop")
AGAIN_S = 60


def connected(stage: Scene) -> bool:
    return bool(stage.slack.status()["connections"])


def answered(stage: Scene) -> None:
    assert "watch" in plain(stage.type("watches"))


def test_dropped_without_a_word(stage: Scene) -> None:
    answered(stage)
    assert stage.slack.socket("drop") == 1
    stage.slack.wait_connections(timeout=AGAIN_S)
    answered(stage)


@pytest.mark.parametrize("action", ["refresh", "warning"])
def test_refreshed_as_slack_does_every_few_hours(stage: Scene, action: str) -> None:
    assert stage.slack.socket(action, grace=1.0) >= 1
    eventually(lambda: connected(stage), AGAIN_S)
    for _ in range(3):
        answered(stage)


def test_refused_for_a_while(stage: Scene) -> None:
    """Meanwhile what is under way goes on, and the bot says that it is not ready."""
    job = job_for(stage, STOP)
    card = ask(stage, STOP, job)
    stage.slack.socket("refuse")
    stage.slack.socket("drop")
    stage.shows(card, "✅", timeout=40)
    eventually(lambda: not stage.bot.health.ready().ok, 60)
    stage.slack.socket("accept")
    stage.slack.wait_connections(timeout=AGAIN_S)
    answered(stage)
    eventually(lambda: stage.bot.health.ready().ok, 60)
    assert len(calls(stage, STOP, job)) == 1


@pytest.mark.parametrize("kind", ["503", "ratelimited", "connection_reset", "internal_error"])
def test_no_new_connection_is_given_out_for_a_while(stage: Scene, kind: str) -> None:
    stage.slack.fault("apps.connections.open", kind, times=2, retry_after=1)
    stage.slack.socket("drop")
    stage.slack.wait_connections(timeout=AGAIN_S)
    answered(stage)


def test_dropped_again_and_again_while_people_ask(stage: Scene) -> None:
    for _ in range(3):
        stage.slack.socket("drop")
        stage.slack.wait_connections(timeout=AGAIN_S)
        answered(stage)


def test_a_connection_gone_silent_is_replaced(tmp_path: Path) -> None:
    """Nobody closes it, but nothing comes through any more, as behind a router that has forgotten it."""
    with (
        SlackServer(port=0) as slack,
        DmsServer(port=0, seed="empty") as dms,
        relay(f"127.0.0.1:{slack.port}") as way,
    ):
        # Where Slack says that it is to be found.
        slack.workspace.base_url = f"http://{way.host}"
        with running(settings(slack, dms, tmp_path)) as bot:
            slack.control.wait_connections()
            stage = Scene(slack.control, dms.control, bot)
            answered(stage)
            way.hush()
            assert not slack.control.command("watches")["ok"]
            eventually(lambda: slack.control.command("watches")["ok"], AGAIN_S)
            answered(stage)
