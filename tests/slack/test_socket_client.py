"""How often Slack is asked for a WebSocket while it gives none, with the real client against a raw server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from slack_sdk import WebClient
from slack_sdk.socket_mode.request import SocketModeRequest
from structlog.testing import capture_logs

from bot.runtime.health import Health
from bot.slack.api.client import slack_client
from bot.slack.inbound.after_ack import AfterAck
from bot.slack.inbound.bolt_app import make_bolt_app
from bot.slack.inbound.socket_receiver import SocketClient, SocketReceiver
from sandbox.slack import SlackServer
from tests.waiting import until

Reply = tuple[int, dict[str, str], dict[str, object]]
CLOSED: Reply = (200, {}, {"ok": True, "url": "ws://127.0.0.1:1/link"})
"""An address at which nothing answers."""


@contextmanager
def answering(reply: Reply) -> Iterator[tuple[SocketClient, list[str]]]:
    """A client, and the calls that reach the server, which answers each with `reply`."""
    status, headers, body = reply
    calls: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            calls.append(self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    web = WebClient("xoxb-1", base_url=f"http://127.0.0.1:{server.server_port}/api/", retry_handlers=[])
    client = SocketClient("xapp-1", web_client=web)
    client.proxy = web.proxy = None
    try:
        yield client, calls
    finally:
        client.closed = True
        client.message_queue.put(None)  # Else its thread waits for a message first.
        client.close()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("reply", "least_s"),
    [
        ((429, {"Retry-After": "30"}, {"ok": False, "error": "ratelimited"}), 30.0),
        ((500, {}, {"ok": False, "error": "internal_error"}), 1.0),
        ((200, {}, {"ok": False, "error": "internal_error"}), 1.0),
        ((200, {}, {"ok": False, "error": "token_revoked"}), 1.0),
        (CLOSED, 1.0),
    ],
)
def test_slack_is_not_asked_again_before_a_pause(reply: Reply, least_s: float) -> None:
    with answering(reply) as (client, calls), capture_logs() as log:
        for force in (False, False, True):
            client.connect_to_new_endpoint(force)
    assert len(calls) == 1
    (line,) = (each for each in log if each["event"] == "socket_mode_not_connected")
    assert line["retry_in_s"] >= least_s


def test_connections_that_are_too_many_are_asked_for_ever_more_seldom() -> None:
    """Source: issue 2225 of slackapi/bolt-js. A `hello` says that Slack keeps the connection."""
    crowded = '{"type": "disconnect", "reason": "too_many_websockets", "debug_info": {"host": "applink-1"}}'
    with answering(CLOSED) as (client, calls), capture_logs() as log:
        for each in (crowded, crowded, crowded, '{"type": "hello"}', crowded):
            client.enqueue_message(each)
        client.connect_to_new_endpoint(force=True)
    assert calls == []
    pauses = [each["retry_in_s"] for each in log if each["event"] == "socket_mode_not_connected"]
    assert pauses[2] >= 4 > 2 >= pauses[3]


def test_it_connects_once_the_app_has_room_for_its_connection() -> None:
    with SlackServer(port=0) as slack, capture_logs() as log:
        slack.control.configure(max_connections=0)
        web = WebClient("xoxb-1", base_url=f"{slack.workspace.base_url}/api/", retry_handlers=[])
        client = SocketClient(slack.app_token, web_client=web, ping_interval=0.1)
        client.proxy = web.proxy = None
        client.connect()
        try:
            pause, *_ = until(lambda: [each for each in log if each["event"] == "socket_mode_not_connected"])
            slack.control.configure(max_connections=10)
            slack.control.wait_connections()
            first, second = slack.control.calls("apps.connections.open")[:2]
            assert second["at"] - first["at"] >= pause["retry_in_s"] - 0.05, "it is rounded"
        finally:
            client.close()


def envelope(kind: str, payload: dict[str, object]) -> str:
    return json.dumps({"type": kind, "envelope_id": "e1", "payload": payload})


@pytest.mark.parametrize(
    ("message", "at_once"),
    [
        (envelope("slash_commands", {"command": "/dms"}), True),
        (envelope("interactive", {"type": "block_actions"}), True),
        (envelope("interactive", {"type": "view_submission"}), False),
        (envelope("interactive", {"type": "block_suggestion"}), False),
        (envelope("events_api", {"event": {"type": "app_mention"}}), False),
    ],
)
def test_what_nobody_waits_for_is_handled_by_the_thread_that_reads(message: str, at_once: bool) -> None:
    """What asks the store first must not keep the next command waiting, nor the next ping."""
    heard: list[tuple[str, bool]] = []
    with answering(CLOSED) as (client, _calls):
        reading = threading.get_ident()
        client.socket_mode_request_listeners.append(
            lambda _client, request: heard.append((request.envelope_id, threading.get_ident() == reading))
        )
        client._on_message(message)
        until(lambda: heard)
    assert heard == [("e1", at_once)]


def test_a_message_of_the_protocol_is_left_to_the_sdk() -> None:
    with answering(CLOSED) as (client, _calls):
        for each in ('{"type": "hello"}', "pong", "{}"):
            client._on_message(each)
        until(client.message_queue.empty)


def test_what_is_no_envelope_reaches_no_listener_and_ends_nothing() -> None:
    heard: list[str] = []
    with answering(CLOSED) as (client, _calls):
        client.socket_mode_request_listeners.append(
            lambda _client, request: heard.append(request.envelope_id)
        )
        for each in (
            '{"type": "interactive", "payload": null}',
            '{"type": "interactive", "payload": "x"}',
            '{"half',
        ):
            client.enqueue_message(each)
        client.enqueue_message(envelope("events_api", {"event": {"type": "app_mention"}}))
        until(lambda: heard)
    assert heard == ["e1"]


def test_a_connection_that_closes_slowly_is_not_read_again() -> None:
    """A send that takes its time keeps the old connection open while a new one replaces it."""
    with SlackServer(port=0) as slack:
        web = WebClient("xoxb-1", base_url=f"{slack.workspace.base_url}/api/", retry_handlers=[])
        client = SocketClient(slack.app_token, web_client=web)
        client.proxy = web.proxy = None
        client.socket_mode_request_listeners.append(
            lambda _client, request: client.send_socket_mode_response({"envelope_id": request.envelope_id})
        )
        client.connect()
        old, state = client.current_session, client.current_session_state
        assert old is not None
        with old.sock_send_lock:
            slack.control.socket("warning")
            until(lambda: state.terminated)
            # Wakes the thread that reads.
            slack.control.socket("warning")
            time.sleep(0.5)
        until(lambda: client.current_session is not old and client.is_connected())
        try:
            until(lambda: slack.control.command("watches")["ok"])
        finally:
            client.close()


def wait_for(event: threading.Event) -> None:
    event.wait()


def test_its_heartbeat_ends_when_nobody_reads_any_more() -> None:
    """What holds up the thread that reads holds up all connections, though Slack gives one after another."""
    heard: list[float] = []
    goes_on = threading.Event()
    with SlackServer(port=0) as slack:
        web = WebClient("xoxb-1", base_url=f"{slack.workspace.base_url}/api/", retry_handlers=[])
        client = SocketClient(
            slack.app_token, lambda: heard.append(time.monotonic()), web_client=web, ping_interval=0.1
        )
        client.proxy = web.proxy = None
        client.socket_mode_request_listeners.append(lambda _client, _request: wait_for(goes_on))
        client.connect()
        first = client.current_session
        try:
            until(lambda: len(heard) > 3)
            slack.control.command("watches", wait=False)
            until(lambda: client.current_session is not first and client.is_connected())
            last, second = heard[-1], client.current_session
            until(lambda: client.current_session is not second and client.is_connected())
            assert heard[-1] == last
            goes_on.set()
            until(lambda: heard[-1] > last)
        finally:
            goes_on.set()
            client.close()


def test_what_cannot_be_acknowledged_while_it_stops_is_no_error() -> None:
    asked = threading.Event()
    with SlackServer(port=0) as slack, ThreadPoolExecutor(1) as pool:
        web = slack_client(slack.bot_token, slack.api_url)
        app, after_ack = make_bolt_app(web, time.sleep), AfterAck(pool)
        app.event("app_mention")(lambda: after_ack.submit(asked.set))
        receiver = SocketReceiver(app, slack.app_token, after_ack, Health(), web_client=web)
        receiver.bypass_proxy()
        receiver.connect()
        receiver.close()
        payload = {"type": "event_callback", "event": {"type": "app_mention"}}
        with capture_logs() as logs:
            receiver.handle(receiver.client, SocketModeRequest("events_api", "e1", payload))
        assert asked.wait(60)
    assert [(each["event"], each["log_level"]) for each in logs] == [("acknowledgement_lost", "warning")]
