"""Slack's side of Socket Mode: WebSockets, envelopes and their acknowledgements.
Source: https://docs.slack.dev/apis/events-api/using-socket-mode"""

import asyncio
import itertools
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from sandbox.slack.breakage import forget, reset_connection
from sandbox.slack.ids import secret
from sandbox.slack.world import JSON

log = logging.getLogger("sandbox.slack")

NO_SOCKET = "no_connection"


@dataclass(eq=False)
class Envelope:
    """A delivery on its way. `acknowledged` becomes the payload of its acknowledgement; `lost` says that its
    connection was broken from this side meanwhile, so that no acknowledgement can arrive on it."""

    socket: WebSocket
    acknowledged: asyncio.Future[Any]
    lost: bool = False


class Sockets:
    """The app's open connections; each delivery goes to the next one."""

    def __init__(self) -> None:
        self.refusing = False
        self.connections: list[WebSocket] = []
        self._tickets: set[str] = set()
        self._waiting: dict[str, Envelope] = {}
        self._turn = itertools.count()

    def issue_ticket(self) -> str:
        ticket = secret(32)
        self._tickets.add(ticket)
        return ticket

    async def serve(self, socket: WebSocket, app_id: str, most: int) -> str | None:
        """Serve one connection until it ends. Returns the rule that it broke, if any."""
        if self.refusing or socket.query_params.get("ticket") not in self._tickets:
            await socket.close(code=4001)
            return None
        self._tickets.discard(socket.query_params["ticket"])
        await socket.accept()
        if len(self.connections) >= most:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return "too_many_websockets"
        self.connections.append(socket)
        try:
            await socket.send_json(self._hello(app_id))
            await self._read(socket)
        except (WebSocketDisconnect, RuntimeError):
            log.debug("a socket went away")
        finally:
            if socket in self.connections:
                self.connections.remove(socket)
            forget(socket)
        return None

    def _hello(self, app_id: str) -> JSON:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": app_id},
        }

    async def _read(self, socket: WebSocket) -> None:
        while True:
            text = await socket.receive_text()
            try:
                answer = json.loads(text)
            except ValueError:
                continue
            waiting = self._waiting.get(answer.get("envelope_id", ""))
            if waiting is not None and not waiting.acknowledged.done():
                waiting.acknowledged.set_result(answer.get("payload"))

    async def send(self, kind: str, payload: JSON, retry: JSON) -> Envelope:
        """Send an envelope. Raises ConnectionError if there is no connection."""
        if not self.connections:
            raise ConnectionError(NO_SOCKET)
        envelope_id = str(uuid4())
        socket = self.connections[next(self._turn) % len(self.connections)]
        sent = Envelope(socket, asyncio.get_running_loop().create_future())
        self._waiting[envelope_id] = sent
        sent.acknowledged.add_done_callback(lambda _: self._waiting.pop(envelope_id, None))
        content = {
            "envelope_id": envelope_id,
            "payload": payload,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            **retry,
        }
        try:
            await socket.send_json(content)
        except (RuntimeError, WebSocketDisconnect) as broken:
            raise ConnectionError(NO_SOCKET) from broken
        return sent

    def drop(self) -> int:
        """Break all connections without a close frame. Returns their number."""
        dropped = list(self.connections)
        self.connections.clear()
        self._break(dropped)
        return len(dropped)

    async def refresh(self, reason: str, grace: float = 10.0) -> int:
        """Ask the app to reconnect all connections, as Slack does every few hours. With reason "warning"
        the old connections go on for `grace` seconds; otherwise they stop taking deliveries at once."""
        asked = list(self.connections)
        for socket in asked:
            await socket.send_json(
                {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}
            )
        if reason != "warning":
            self.connections = [socket for socket in self.connections if socket not in asked]
        asyncio.get_running_loop().call_later(grace, self._break, asked)
        return len(asked)

    def _break(self, sockets: Iterable[WebSocket]) -> None:
        for socket in sockets:
            # If the app closed it before, it is the app that lost the envelope.
            if socket.client_state is WebSocketState.CONNECTED:
                for sent in self._waiting.values():
                    sent.lost |= sent.socket is socket
            reset_connection(socket)
