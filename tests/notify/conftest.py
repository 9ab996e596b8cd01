"""The local DMS and the local Slack over real sockets, and a store in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from slack_sdk import WebClient

from bot.config.settings import Settings
from bot.dms.gateway import Gateway
from bot.store import Store, open_store
from sandbox.dms import DmsServer
from sandbox.slack import SlackServer
from tests.notify.world import LOCATIONS, NOTIFY


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path / "bot.db"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def dms_server() -> Iterator[DmsServer]:
    with DmsServer(clock_factor=1.0, operation_seconds=0.2) as server:
        yield server


@pytest.fixture
def dms(dms_server: DmsServer) -> Iterator[DmsServer]:
    dms_server.control.clear_faults()
    dms_server.control.reset()
    dms_server.control.monitoring(True)
    yield dms_server
    dms_server.control.clear_faults()


@pytest.fixture
def gateway(dms: DmsServer) -> Iterator[Gateway]:
    opened = Gateway(dms.project, LOCATIONS, dms.grpc_host, dms.rest_host, deadline_s=5)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def slack_server() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def slack(slack_server: SlackServer) -> Iterator[SlackServer]:
    slack_server.control.clear_faults()
    slack_server.control.reset()
    # Slack's own pace is tested where it is the point; elsewhere it would only make tests slow.
    slack_server.control.configure(rate_limits=False, tier_limits=False)
    yield slack_server
    slack_server.control.clear_faults()


@pytest.fixture
def web(slack: SlackServer) -> WebClient:
    return WebClient(token=slack.bot_token, base_url=slack.api_url)


@pytest.fixture
def settings() -> Settings:
    return Settings(
        project="demo-project",
        locations=LOCATIONS,
        notify_channel=NOTIFY,
        slack_bot_token="unused",
        poll_fast_s=0.1,
        poll_slow_s=0.1,
        stuck_after_s=1800,
        delay_alert_s=900,
    )
