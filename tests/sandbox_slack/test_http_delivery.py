"""Signed HTTP delivery to a Bolt app behind a real HTTP server."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from slack_bolt import App
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_sdk import WebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.slack import SlackControl, SlackServer, plain
from tests.sandbox_slack.conftest import button, modal, text_input
from tests.waiting import until


@pytest.fixture
def url(app: App) -> Iterator[str]:
    handler = SlackRequestHandler(app)

    async def events(request: Request) -> Response:
        return await handler.handle(request)

    routes = [Route("/slack/events", events, methods=["POST"])]
    config = uvicorn.Config(Starlette(routes=routes), port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    sock = config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    until(lambda: server.started)  # it listens from then on: a bound port alone refuses connections
    yield f"http://127.0.0.1:{sock.getsockname()[1]}/slack/events"
    server.should_exit = True
    thread.join(60)


def test_url_is_verified_and_commands_answered(app: App, control: SlackControl, url: str) -> None:
    @app.command("/dms")
    def dms(ack: Any, command: Any) -> None:
        ack(f"heard {command['text']}")

    assert control.set_request_url(url)
    result = control.command("list")
    assert (result["mode"], result["status"]) == ("http", 200)
    assert control.messages("dms", user="dana")[-1]["text"] == "heard list"


def test_channels_that_a_person_can_see_are_linked(app: App, control: SlackControl, url: str) -> None:
    @app.command("/dms")
    def dms(ack: Any) -> None:
        ack("heard")

    assert control.set_request_url(url)
    for user, leads in (("sam", "#db-leads"), ("dana", "<#G0DBLEADS1|db-leads>")):
        sent = control.command("#general --channel=#random #db-leads #none a#general", user=user)
        linked = f"<#C0GENERAL1|general> --channel=<#C0RANDOM01|random> {leads} #none a#general"
        assert sent["payload"]["text"] == linked


def test_button_and_modal(app: App, control: SlackControl, url: str, web: WebClient) -> None:
    @app.action("go")
    def go(ack: Any, body: Any, client: WebClient) -> None:
        ack()
        view = modal([text_input("n", "b")], callback_id="c")
        client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("c")
    def done(ack: Any, body: Any) -> None:
        ack(response_action="errors", errors={"b": "no"})

    assert control.set_request_url(url)
    web.chat_postMessage(
        channel="C0DMS00001", text="x", blocks=[{"type": "actions", "elements": [button("Go", "go")]}]
    )
    control.press(control.wait_message(contains="[Go]"), "go")
    assert control.submit(control.wait_view(), {"n": "x"})["errors"] == {"b": "no"}


def test_forged_and_stale_requests_are_refused_by_the_app(app: App, control: SlackControl, url: str) -> None:
    heard: list[str] = []

    @app.command("/dms")
    def dms(ack: Any, command: Any) -> None:
        heard.append(command["text"])
        ack()

    assert control.set_request_url(url)
    payload = control.command("true one")["payload"]
    for manner in ({"signed": "bad"}, {"signed": "missing"}, {"age": 600}):
        assert control.raw_deliver(payload, "slash_commands", **manner)[0]["status"] == 401
    assert heard == ["true one"]
    assert [r["ok"] for r in control.raw_deliver(payload, "slash_commands", duplicates=1)] == [True, True]
    assert len(heard) == 3


def test_retry_headers(app: App, control: SlackControl, url: str) -> None:
    seen: list[Any] = []

    @app.event("app_home_opened")
    def home(request: Any) -> None:
        seen.append(request.headers.get("x-slack-retry-num"))

    assert control.set_request_url(url)
    control.open_home()
    payload = control.deliveries("events_api")[-1]["payload"]
    control.raw_deliver(payload, "events_api", retry_num=2, retry_reason="http_timeout")
    until(lambda: seen == [None, ["2"]])


def test_nobody_at_the_url(control: SlackControl) -> None:
    assert control.set_request_url("http://127.0.0.1:9/slack/events") is False
    assert "connection" in control.command("x")["error"]
    assert "dispatch_failed" in plain(control.messages(user="dana")[-1])


def test_sockets_come_before_the_request_url(app: App, slack: SlackServer, url: str, connect: Any) -> None:
    @app.command("/dms")
    def dms(ack: Any) -> None:
        ack()

    assert slack.control.set_request_url(url)
    connect(app)
    assert slack.control.command("x")["mode"] == "socket"
    slack.control.set_mode("http")
    assert slack.control.command("x")["mode"] == "http"
