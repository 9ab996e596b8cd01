from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.dms import DmsServer
from sandbox.slack import SlackServer

Environ = dict[str, str]


@pytest.fixture
def dms() -> Iterator[DmsServer]:
    with DmsServer(seed="demo") as server:
        yield server


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        server.control.configure(ack_seconds=10, trigger_seconds=10)  # as the machine may be busy
        yield server


@pytest.fixture
def environ(tmp_path: Path) -> Environ:
    """The least with which a bot can change anything, and no server behind it."""
    policy = tmp_path / "sound.toml"
    policy.write_text('[roles]\noperator = ["@dba-team"]\napprover = ["@leads"]\n', encoding="utf-8")
    return {
        "GOOGLE_CLOUD_PROJECT": "demo-project",
        "DMS_LOCATIONS": "europe-west1,us-central1",
        "DMS_NOTIFY_CHANNEL": "C0DBMIGRAT",
        "DMS_BOT_POLICY": str(policy),
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "DMS_BOT_DB": str(tmp_path / "bot.db"),
    }


@pytest.fixture
def sandbox(environ: Environ, dms: DmsServer, slack: SlackServer) -> Environ:
    """The same, with the sandbox behind it."""
    return {
        **environ,
        "GOOGLE_CLOUD_PROJECT": dms.project,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.api_url,
        "DMS_EMULATOR_HOST": dms.grpc_host,
        "DMS_EMULATOR_REST_HOST": dms.rest_host,
    }
