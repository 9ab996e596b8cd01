"""The doctor in an organisation: the app's workspaces, its channels, and the policy's user groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.config.loader import load
from bot.doctor.finding import Finding, Grade
from bot.doctor.slack import run_checks
from sandbox.slack import Settings, SlackServer
from sandbox.slack.seed_organisation import WEST, WEST_CHANNEL

HOME = "T0SANDBOX1"


@pytest.fixture(scope="module")
def server() -> Iterator[SlackServer]:
    with SlackServer(settings=Settings(org=True, rate_limits=False, tier_limits=False)) as running:
        yield running


@pytest.fixture
def slack(server: SlackServer) -> SlackServer:
    server.control.do("reset")
    return server


def checked(slack: SlackServer, environ: dict[str, str], **changes: str) -> dict[str, Finding]:
    tokens = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token}
    given = {**environ, **tokens, "SLACK_API_URL": slack.api_url, **changes}
    return {each.check: each for each in run_checks(load(given))}


def test_an_organisation_is_named(slack: SlackServer, environ: dict[str, str]) -> None:
    found = checked(slack, environ)
    assert "in the organisation Sandbox Organisation" in found["bot token"].found
    assert found["workspaces"].grade is Grade.OK
    assert f"{HOME}, {WEST.id}" in found["workspaces"].found
    assert found["notification channel"].grade is Grade.OK
    assert slack.control.violations() == []


def test_groups_of_no_workspace_are_warned_of(slack: SlackServer, environ: dict[str, str]) -> None:
    assert checked(slack, environ)["user groups"].grade is Grade.WARN
    policy = Path(environ["DMS_BOT_POLICY"])
    policy.write_text(f'workspace = "{HOME}"\n{policy.read_text(encoding="utf-8")}', encoding="utf-8")
    assert checked(slack, environ)["user groups"].grade is Grade.OK


def test_one_workspace_needs_no_name(slack: SlackServer, environ: dict[str, str]) -> None:
    slack.control.do("change_access", team=WEST.id, granted=False)
    assert checked(slack, environ)["user groups"].grade is Grade.OK
    slack.control.do("change_access", team=HOME, granted=False)
    assert checked(slack, environ)["workspaces"].failed


def test_a_channel_needs_its_id(slack: SlackServer, environ: dict[str, str]) -> None:
    found = checked(slack, environ, DMS_NOTIFY_CHANNEL="#db-migrations")["notification channel"]
    assert found.failed
    assert "the channel's id" in found.fix


def test_a_channel_of_a_workspace_without_the_app(slack: SlackServer, environ: dict[str, str]) -> None:
    slack.control.do("change_access", team=WEST.id, granted=False)
    found = checked(slack, environ, DMS_NOTIFY_CHANNEL=WEST_CHANNEL)["notification channel"]
    assert "team_access_not_granted" in found.found
    assert "an admin of the organisation adds the app" in found.fix
