"""How often Slack is asked for a WebSocket while it gives none, with the real client against a raw server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from slack_sdk import WebClient
from structlog.testing import capture_logs

from bot.slack.inbound.socket_receiver import SocketClient

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
