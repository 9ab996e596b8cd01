"""Socket Mode: from Slack's WebSocket to the Bolt app.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import contextlib
import os
import socket
from time import perf_counter, time
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.socket_mode.internals import build_headers, send_response
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.runtime import metrics
from bot.slack.api.client import SlackError
from bot.slack.inbound.after_ack import AfterAck
from bot.slack.inbound.bolt_errors import dispatch


class SocketReceiver(SocketModeHandler):
    """Bolt's handler, changed to start work after its acknowledgement and to close at once."""

    def __init__(self, app: App, app_token: str, after_ack: AfterAck, **settings: Any) -> None:
        super().__init__(app, app_token, **settings)
        self._after_ack = after_ack

    def close(self) -> None:
        """Close the connection at once. The SDK waits for the next message first, which takes seconds."""
        client = self.client
        client.closed = client.current_session_state.terminated = True
        client.auto_reconnect_enabled = False
        if client.current_session is not None and client.current_session.sock is not None:
            _hang_up(client.current_session.sock)
        # Wakes the thread that waits for messages; it ignores None.
        client.message_queue.put(None)
        super().close()  # type: ignore[no-untyped-call]

    def handle(self, client: BaseSocketModeClient, req: SocketModeRequest) -> None:
        started = time()
        begun = perf_counter()
        with self._after_ack.acknowledged():
            answer = dispatch(self.app, req.payload, build_headers(req), "socket_mode")
            send_response(client, req, answer, started)
        metrics.acknowledged(perf_counter() - begun)


def _hang_up(connection: socket.socket) -> None:
    """Shut the TCP connection down below TLS: through TLS, the reading thread would log an error."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as beneath:
        beneath.shutdown(socket.SHUT_RDWR)


def connect(handler: SocketReceiver) -> None:
    """Connect to Slack; close the handler if that fails.

    Raises:
        SlackError: Slack refuses the app-level token, or cannot be reached.
    """
    try:
        handler.connect()  # type: ignore[no-untyped-call]
    except SlackApiError as error:
        handler.close()
        raise SlackError(
            f"Slack does not accept SLACK_APP_TOKEN ({error.response['error']}): take the app-level "
            "token with the scope connections:write from the app's page “Basic Information”; it begins "
            "with xapp-."
        ) from None
    except (SlackClientError, OSError) as error:
        handler.close()
        raise SlackError(f"Slack's Socket Mode cannot be reached: {error}") from None
