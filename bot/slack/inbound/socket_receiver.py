"""Socket Mode: from Slack's WebSocket to the Bolt app.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable
from functools import partial
from time import monotonic, perf_counter, time
from typing import Any

import structlog
from slack_bolt import App
from slack_bolt.adapter.socket_mode.base_handler import BaseSocketModeHandler
from slack_bolt.adapter.socket_mode.internals import build_headers, send_response
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientNotConnectedError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.runtime import metrics
from bot.runtime.health import Health
from bot.runtime.shutdown import Stopped
from bot.slack.api.client import SLACK_ERRORS, SlackError
from bot.slack.api.outages import Outage, outage, through_outages, wait_s
from bot.slack.inbound.after_ack import AfterAck
from bot.slack.inbound.bolt_errors import dispatch

log = structlog.get_logger(__name__)
_HEARTBEAT_WITHIN_S = 300.0
"""Slack's Retry-After may be minutes long before it gives a connection."""
_NO_SESSION = Outage("the WebSocket was not opened", "no session")
_TOO_MANY = "too_many_websockets"
"""Why Slack ends a connection of an app that has ten others.

Sources: https://docs.slack.dev/apis/events-api/using-socket-mode (ten at most), and issue 2225 of
slackapi/bolt-js, where its maintainers say what Slack sends, and that the SDKs then connect again at once.
"""
_CROWDED = Outage(f"the app has more than ten WebSockets ({_TOO_MANY})", _TOO_MANY)


class SocketClient(SocketModeClient):
    """Slack's client, changed in five ways.

    What no listener waits for is acknowledged in the thread that reads. The SDK hands every message to a
    second thread and from there to a third, and each waits for the interpreter while others work.

    It asks for connections less and less often while it gets none.
    `apps.connections.open` is in tier 1, of the methods that may be called least often. The SDK asks after
    every ping interval. Source: https://docs.slack.dev/reference/methods/apps.connections.open

    It calls `heartbeat` while Slack's answers to pings are read, and while there is no connection, which
    `is_connected` reports. If the thread that reads has died, the SDK notices nothing: it replaces one
    connection after another.

    An error while it reads does not end the thread that reads.

    A connection that is one too many is closed, and the next one waits. The SDK asks for another at once: it
    is one too many again, and takes the calls with which the app's other processes keep theirs.
    """

    def __init__(self, app_token: str, heartbeat: Callable[[], None] = lambda: None, **settings: Any) -> None:
        self._heartbeat = heartbeat
        self._last_heard: float | None = None
        self._failures = 0
        self._not_before = 0.0
        self._connecting = threading.Lock()
        super().__init__(app_token, **settings)

    def issue_new_wss_url(self) -> str:
        # Without the SDK's own way of waiting, during which the client cannot be closed.
        return str(self.web_client.apps_connections_open(app_token=self.app_token)["url"])

    def enqueue_message(self, message: str) -> None:
        """Called by the thread that reads, for each message."""
        envelope = _envelope(message)
        if is_acknowledged_at_once(envelope):
            self.run_message_listeners(envelope, message)
        elif envelope.get("type") == "disconnect" and envelope.get("reason") == _TOO_MANY:
            self._postpone(_CROWDED)
            self.disconnect()
        else:
            if envelope.get("type") == "hello":
                self._failures = 0
            super().enqueue_message(message)

    def connect_to_new_endpoint(self, force: bool = False) -> None:
        """Connect again, unless it is too early; the SDK's monitor calls this at every ping interval."""
        with self._connecting:
            if self.closed or monotonic() < self._not_before:
                return
            try:
                super().connect_to_new_endpoint(force)
            except SLACK_ERRORS as error:
                self._postpone(outage(error) or Outage(f"Slack refuses it ({error})", "refused"))
                return
            if not self.is_connected():
                self._postpone(_NO_SESSION)

    def _run_current_session(self) -> None:
        """Called again and again by the thread that reads.

        `connect` marks the old state as ended, then sets the new session, and then the new state. Read in the
        opposite order, a state that has not ended is that of the session, or no session runs this time.
        """
        state = self.current_session_state
        session = self.current_session
        if session is None or not session.is_active() or state.terminated:
            return
        try:
            session.run_until_completion(state)
        except Exception:  # The thread would end, and nobody would read any connection.
            metrics.count_error()
            log.exception("socket_mode_reading_failed")

    def _monitor_current_session(self) -> None:
        """Called by a thread of the SDK at every ping interval."""
        super()._monitor_current_session()  # type: ignore[no-untyped-call]
        session = self.current_session
        is_open = session is not None and session.is_active()
        heard = session.last_ping_pong_time if session is not None else None
        if not is_open or heard not in (None, self._last_heard):
            self._last_heard = heard
            self._heartbeat()

    def _postpone(self, found: Outage) -> None:
        self._failures += 1
        seconds = wait_s(found, self._failures)
        self._not_before = monotonic() + seconds
        log.warning("socket_mode_not_connected", reason=found.reason, retry_in_s=round(seconds, 1))


def is_acknowledged_at_once(envelope: dict[str, Any]) -> bool:
    """Whether its listener acknowledges before it does anything else. Those of views and menus ask the store
    first, and what is no delivery is left to the SDK."""
    kind, payload = envelope.get("type"), envelope.get("payload")
    return kind == "slash_commands" or (
        kind == "interactive" and isinstance(payload, dict) and payload.get("type") == "block_actions"
    )


def _envelope(message: str) -> dict[str, Any]:
    """Empty where the message is none, such as half a frame: the SDK logs that."""
    try:
        found = json.loads(message)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class SocketReceiver(BaseSocketModeHandler):
    """Bolt's handler, changed to start work after its acknowledgement and to close at once."""

    def __init__(
        self,
        app: App,
        app_token: str,
        after_ack: AfterAck,
        health: Health,
        *,
        web_client: WebClient,
        **settings: Any,
    ) -> None:
        self.app = app
        self._after_ack = after_ack
        self._closing = threading.Event()
        self._heartbeat = partial(health.heartbeat, "socket_mode", _HEARTBEAT_WITHIN_S)
        self._client = SocketClient(
            app_token, self._heartbeat, logger=app.logger, web_client=web_client, **settings
        )
        self._client.socket_mode_request_listeners.append(self.handle)
        self.client = self._client

    def bypass_proxy(self) -> None:
        self._client.proxy = None

    def connect(self) -> None:
        """Connect to Slack. Waits while Slack has a fault; the SDK itself tries a failed WebSocket again.

        Raises:
            SlackError: Slack refuses the app-level token.
            Stopped: it has been closed meanwhile.
        """
        try:
            through_outages(self._connect, self._closing.wait)
        except SlackApiError as error:
            raise SlackError(
                f"Slack does not accept SLACK_APP_TOKEN ({error.response['error']}): take the app-level "
                "token with the scope connections:write from the app's page “Basic Information”; it begins "
                "with xapp-."
            ) from None
        if self._closing.is_set():
            self._hang_up()
            raise Stopped

    def _connect(self) -> None:
        if self._closing.is_set():
            raise Stopped
        self._client.connect()
        self._heartbeat()  # It is expected to from now on.

    def is_connected(self) -> bool:
        return self._client.is_connected()

    def close(self) -> None:
        """Close the connection at once. The SDK waits for the next message first, which takes seconds."""
        self._closing.set()
        client = self._client
        client.closed = client.current_session_state.terminated = True
        client.auto_reconnect_enabled = False
        self._hang_up()
        # Wakes the thread that waits for messages; it ignores None.
        client.message_queue.put(None)
        super().close()  # type: ignore[no-untyped-call]

    def handle(self, client: BaseSocketModeClient, req: SocketModeRequest) -> None:
        started = time()
        begun = perf_counter()
        try:
            with self._after_ack.acknowledged():
                answer = dispatch(self.app, req.payload, build_headers(req), "socket_mode")
                send_response(client, req, answer, started)
        except SlackClientNotConnectedError as error:
            # Its connection has ended, as when the bot stops. What was asked for is done nevertheless.
            log.warning("acknowledgement_lost", reason=str(error))
            return
        metrics.acknowledged(perf_counter() - begun)

    def _hang_up(self) -> None:
        """Shut the TCP connection down below TLS: through TLS, the reading thread would log an error."""
        session = self._client.current_session
        if session is None or session.sock is None:
            return
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(session.sock.fileno())) as beneath:
            beneath.shutdown(socket.SHUT_RDWR)
