"""`dms-bot init` against a local Slack and DMS: what it asks, checks and writes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.config.loader import load
from sandbox.dms import DmsServer
from sandbox.slack import SlackServer
from tests.ops.program import run_program

NOTIFY = "C0DMS00001"
POLICY = ("@dba-team", "@leads", "env=prod")


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[SlackServer, DmsServer]]:
    with SlackServer() as slack, DmsServer(port=0, seed="empty") as dms:
        dms.control.add_job("orders", phase="CDC")
        yield slack, dms


def init(servers: tuple[SlackServer, DmsServer], folder: Path, answers: list[str], *words: str) -> Any:
    slack, dms = servers
    environ = {
        "PATH": os.environ["PATH"],
        "SLACK_API_URL": slack.api_url,
        "DMS_EMULATOR_HOST": dms.grpc_host,
        "DMS_EMULATOR_REST_HOST": dms.rest_host,
    }
    return run_program(["init", folder, *words], environ, typed="\n".join(answers) + "\n")


def good(servers: tuple[SlackServer, DmsServer]) -> list[str]:
    slack, dms = servers
    return [slack.bot_token, slack.app_token, NOTIFY, dms.project, "europe-west1", *POLICY]


def test_right_answers_make_an_installation(servers: Any, tmp_path: Path) -> None:
    done = init(servers, tmp_path / "new", good(servers), "--with", "helm")
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / "new"
    slack, dms = servers
    secrets = {each.name: each.read_text() for each in (folder / "secrets").iterdir()}
    assert secrets == {"slack-bot-token": slack.bot_token, "slack-app-token": slack.app_token}
    assert {stat.S_IMODE(each.stat().st_mode) for each in (folder / "secrets").iterdir()} == {0o600}
    settings = load(
        {
            "DMS_BOT_CONFIG": str(folder / "dms-bot.toml"),
            "DMS_BOT_POLICY": str(folder / "policy.toml"),
            "SLACK_BOT_TOKEN_FILE": str(folder / "secrets" / "slack-bot-token"),
            "SLACK_APP_TOKEN_FILE": str(folder / "secrets" / "slack-app-token"),
        }
    )
    assert (settings.project, settings.notify_channel) == (dms.project, NOTIFY)
    values = yaml.safe_load((folder / "values.yaml").read_text())
    assert values["settings"] == (folder / "dms-bot.toml").read_text()
    assert values["policy"] == (folder / "policy.toml").read_text()
    assert slack.bot_token not in done.stdout + (folder / "values.yaml").read_text()


def test_a_token_that_slack_refuses_is_asked_for_again(servers: Any, tmp_path: Path) -> None:
    slack, _dms = servers
    wrong = ["xoxb-0-wrong", slack.app_token, NOTIFY, "y", *good(servers)]
    done = init(servers, tmp_path, wrong, "--with", "nothing")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Slack refused it (invalid_auth)" in done.stdout
    assert (tmp_path / "secrets" / "slack-bot-token").read_text() == slack.bot_token


def test_an_answer_of_the_wrong_form_says_what_would_be_right(servers: Any, tmp_path: Path) -> None:
    done = init(servers, tmp_path, ["xapp-1-hello", *good(servers)], "--with", "compose")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "xoxb-" in done.stdout + done.stderr
    made = yaml.safe_load((tmp_path / "compose.yaml").read_text())
    assert "build" not in made["services"]["bot"]
    modes = {stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "secrets").iterdir()}
    assert modes == {0o644}, "the container's user reads them, and the folder is closed"
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    names = {Path(each["file"]).name for each in made["secrets"].values()}
    assert {each.name for each in (tmp_path / "secrets").iterdir()} <= names


def test_compose_is_for_socket_mode(servers: Any, tmp_path: Path) -> None:
    slack, _dms = servers
    done = init(servers, tmp_path, [slack.bot_token, "", NOTIFY], "--with", "compose")
    assert done.returncode == 1
    assert "Socket Mode" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_replaced_unasked(servers: Any, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("mine")
    done = init(servers, tmp_path, ["n"])
    assert done.returncode == 1
    assert (tmp_path / "policy.toml").read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == ["policy.toml"]
