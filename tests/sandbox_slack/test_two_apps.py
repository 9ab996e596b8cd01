"""Two apps in the local Slack: what is typed, pressed and called belongs to one of them.

Sources: https://docs.slack.dev/authentication/tokens (a token is one app's in one workspace),
https://docs.slack.dev/reference/methods/chat.update and .../views.update (an app changes its own).
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from slack_bolt import App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier

from sandbox.slack import SlackControl, SlackServer
from sandbox.slack.control import SandboxError
from tests.sandbox_slack.conftest import Connect, button, modal, section
from tests.waiting import until

CHANNEL = "C0DMS00001"


@pytest.fixture
def other(control: SlackControl) -> dict[str, Any]:
    return control.add_app("dms-staging", "/dms-staging", ["dms"])


@pytest.fixture
def other_web(slack: SlackServer, other: dict[str, Any]) -> WebClient:
    return WebClient(token=other["bot_token"], base_url=slack.api_url)


def test_a_token_is_of_one_app(
    control: SlackControl, web: WebClient, other: dict[str, Any], other_web: WebClient
) -> None:
    assert web.auth_test()["user"] == "dms"
    assert other_web.auth_test()["user_id"] == other["bot_user"]
    posted = other_web.chat_postMessage(channel=CHANNEL, text="mine")
    shown = control.wait_message(channel="dms", contains="mine")
    assert (shown["app_id"], shown["user"]) == (other["id"], other["bot_user"])
    with pytest.raises(SlackApiError, match="cant_update_message"):
        web.chat_update(channel=CHANNEL, ts=posted["ts"], text="not mine")
    with pytest.raises(SlackApiError, match="not_in_channel"):
        other_web.chat_postMessage(channel="C0DBMIGRAT", text="not a member")


def test_direct_messages_are_with_one_app(web: WebClient, other_web: WebClient) -> None:
    theirs = web.conversations_open(users="U0DANA0001")["channel"]["id"]
    own = other_web.conversations_open(users="U0DANA0001")["channel"]["id"]
    assert own != theirs
    with pytest.raises(SlackApiError, match="channel_not_found"):
        other_web.conversations_history(channel=theirs)


def test_a_command_goes_to_the_app_that_has_it(
    app: App, connect: Connect, control: SlackControl, other: dict[str, Any]
) -> None:
    heard: list[str] = []

    @app.command("/dms")
    def dms(ack: Any, command: Any) -> None:
        heard.append(command["text"])
        ack()

    connect(app)
    assert control.command("/dms list")["payload"]["command"] == "/dms"
    unheard = control.command("/dms-staging list")
    assert (unheard["payload"]["command"], unheard["payload"]["api_app_id"]) == ("/dms-staging", other["id"])
    assert (unheard["ok"], unheard["error"]) == (False, "no_connection")
    assert heard == ["list"]


def test_buttons_views_and_homes_are_of_the_app_that_sent_them(
    app: App, connect: Connect, control: SlackControl, web: WebClient, other_web: WebClient
) -> None:
    opened: list[str] = []

    @app.action("go")
    def go(ack: Any, body: Any) -> None:
        ack()
        with pytest.raises(SlackApiError, match="invalid_trigger_id"):
            other_web.views_open(trigger_id=body["trigger_id"], view=modal([section("theirs")]))
        shown = web.views_open(trigger_id=body["trigger_id"], view=modal([section("ours")]))
        opened.append(shown["view"]["id"])

    connect(app)
    actions = {"type": "actions", "elements": [button("Go", "go", "x")]}
    for client in (web, other_web):
        client.chat_postMessage(channel=CHANNEL, text="x", blocks=[actions])
    first, second = control.messages("dms")[-2:]
    assert control.press(second, text="Go")["error"] == "no_connection"
    assert control.press(first, text="Go")["ok"]
    control.wait_view("dana", "ours")
    until(lambda: opened)
    with pytest.raises(SlackApiError, match="not_found"):
        other_web.views_update(view_id=opened[0], view=modal([section("theirs")]))
    for client, word in ((web, "one"), (other_web, "two")):
        client.views_publish(user_id="U0DANA0001", view={"type": "home", "blocks": [section(word)]})
    assert control.wait_home("dana", "one")
    assert control.of_app("dms-staging").wait_home("dana", "two")


class _Heard(BaseHTTPRequestHandler):
    """An app's request URL that takes everything."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.heard.append((body, dict(self.headers)))  # type: ignore[attr-defined]
        challenge = json.loads(body).get("challenge", "") if body.startswith("{") else ""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(challenge.encode())

    def log_message(self, *_: Any) -> None:
        return


def test_each_app_has_a_request_url_and_a_signing_secret(
    slack: SlackServer, control: SlackControl, other: dict[str, Any]
) -> None:
    """https://docs.slack.dev/authentication/verifying-requests-from-slack"""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Heard) as server:
        server.heard = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert control.of_app(other["id"]).set_request_url(f"http://127.0.0.1:{server.server_port}/")
        assert control.command("/dms-staging list")["ok"]
        assert control.command("/dms list")["error"] == "no_connection"
        body, headers = server.heard[-1]  # type: ignore[attr-defined]
        server.shutdown()
    assert "command=%2Fdms-staging" in body
    assert SignatureVerifier(other["signing_secret"]).is_valid_request(body, headers)
    assert not SignatureVerifier(slack.signing_secret).is_valid_request(body, headers)


def test_what_is_taken_cannot_be_installed(control: SlackControl) -> None:
    for name, command in (("x", "/dms"), ("dms", "/x"), ("x", "x"), ("x", "/" + "x" * 32)):
        with pytest.raises(SandboxError):
            control.add_app(name, command)
