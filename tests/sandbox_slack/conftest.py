"""A real Bolt app over Socket Mode against the local Slack."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from sandbox.slack import SlackControl, SlackServer

Connect = Callable[[App], SocketModeHandler]


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        server.control.configure(ack_seconds=10, trigger_seconds=10)  # as the machine may be busy
        yield server


@pytest.fixture
def control(slack: SlackServer) -> SlackControl:
    return slack.control


@pytest.fixture
def web(slack: SlackServer) -> WebClient:
    return WebClient(token=slack.bot_token, base_url=slack.api_url)


@pytest.fixture
def app(slack: SlackServer, web: WebClient) -> App:
    return App(client=web, signing_secret=slack.signing_secret)


@pytest.fixture
def connect(slack: SlackServer) -> Iterator[Connect]:
    handlers: list[SocketModeHandler] = []

    def start(app: App) -> SocketModeHandler:
        handler = SocketModeHandler(app, slack.app_token, ping_interval=1)
        handlers.append(handler)
        handler.connect()
        slack.control.wait_connections(len(handlers))
        return handler

    yield start
    for handler in handlers:
        handler.client.auto_reconnect_enabled = False
    # The client's reader holds its lock for seconds; a broken connection frees it at once.
    slack.control.socket("refuse")
    for handler in handlers:
        handler.close()


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(label: str, action_id: str, value: str = "v") -> dict[str, Any]:
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "text": text, "action_id": action_id, "value": value}


def modal(blocks: list[dict[str, Any]], **extra: Any) -> dict[str, Any]:
    title = {"type": "plain_text", "text": "Edit"}
    submit = {"type": "plain_text", "text": "Save"}
    return {"type": "modal", "title": title, "submit": submit, "blocks": blocks, **extra}


def text_input(action_id: str, block_id: str, **extra: Any) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": action_id},
        "element": {"type": "plain_text_input", "action_id": action_id, **extra},
    }
