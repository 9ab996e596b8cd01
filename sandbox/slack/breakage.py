"""Breaking a TCP connection from within a handler, as a dying network does."""

import asyncio
import socket
import struct
from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

_transports: dict[tuple[str, int], asyncio.Transport] = {}


class TrackedProtocol(H11Protocol):
    """uvicorn's own protocol, which also remembers each connection by the peer's address."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._peer = tuple(transport.get_extra_info("peername")[:2])
        _transports[self._peer] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _transports.pop(self._peer, None)
        super().connection_lost(exc)


def reset_connection(connection: HTTPConnection) -> Response:
    """Send a TCP reset to whoever made this request. The response returned goes nowhere."""
    client = connection.client
    transport = _transports.get((client.host, client.port)) if client else None
    if transport is not None:
        abort(transport)
    return Response(status_code=500)


def forget(connection: HTTPConnection) -> None:
    """A WebSocket that has ended: its protocol was exchanged, so nobody else takes it off the list."""
    if connection.client is not None:
        _transports.pop((connection.client.host, connection.client.port), None)


def abort(transport: asyncio.Transport) -> None:
    plain: socket.socket | None = transport.get_extra_info("socket")
    if plain is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
