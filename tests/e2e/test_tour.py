"""The tour of README: `make run` with no tokens, one person who operates and another who approves."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sandbox.slack import SlackControl, plain
from tests.e2e.env import JSON, Env

REPOSITORY = Path(__file__).parents[2]


@contextmanager
def toured(folder: Path, **environ: str) -> Iterator[Env]:
    """The sandbox with a bot, as `make run` starts them; the bot is behind the wall of its process."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("DMS_", "SLACK_"))}
    command = [sys.executable, "-m", "sandbox", "--slack-port", "0", "--dms-port", "0"]
    process = subprocess.Popen(
        [*command, "--", sys.executable, "-m", "bot"],
        cwd=folder,
        env={**ours, "PYTHONPATH": str(REPOSITORY), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        page = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+", line) for line in process.stdout)))
        with closing(SlackControl(page[0])) as slack:
            slack.wait_connections(timeout=60)
            yield Env(slack, None, None)  # type: ignore[arg-type]
            assert slack.violations() == []
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


def approve(env: Env, *words: str) -> JSON:
    ask = env.slack.wait_message(channel="dms-approvals", contains=[*words, "[Approve"])
    env.press(ask, "approve", "alex")
    return ask


def test_one_operates_and_another_approves(tmp_path: Path) -> None:
    with toured(tmp_path) as env:
        assert "orders-db" in plain(env.type("list"))
        assert "(Stop…)" in plain(env.type("show orders-db"))
        card = env.type("stop orders-db")
        env.press(card, "confirm")
        env.shows(card, "0 of 1")
        approve(env, "stop", "orders-db")
        env.shows_done(card, "stop")
        card = env.type("restart orders-db")
        env.confirm(card, typed="orders-db")
        approve(env, "restart", "orders-db")
        env.shows_done(card, "restart")
        env.slack.wait_message(channel="db-migrations", contains="orders-db")
        assert "your role is viewer" in plain(env.type("stop orders-db", user="riley"))
        assert "production needs a second person" in plain(env.type("policy"))


@pytest.mark.parametrize("given", [True, False])
def test_the_policy_that_the_user_sets_wins(tmp_path: Path, given: bool) -> None:
    environ = {"DMS_BOT_POLICY": "open"} if given else {}
    with toured(tmp_path, **environ) as env:
        told = plain(env.type("policy"))
        assert ("DMS_BOT_POLICY=open" in told) is given
        assert ("policy.toml" in told) is not given
