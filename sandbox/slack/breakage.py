"""Breaks a TCP connection from within a handler, like a failing network."""

import asyncio
import socket
import struct
from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

_transports: dict[tuple[str, int], asyncio.Transport] = {}


class TrackedProtocol(H11Protocol):
    """uvicorn's protocol, which also records each connection by the peer's address."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._peer = tuple(transport.get_extra_info("peername")[:2])
        _transports[self._peer] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _transports.pop(self._peer, None)
        super().connection_lost(exc)


def reset_connection(connection: HTTPConnection) -> Response:
    """Reset the TCP connection of this request. The returned response is not sent."""
    client = connection.client
    transport = _transports.get((client.host, client.port)) if client else None
    if transport is not None:
        abort(transport)
    return Response(status_code=500)


def forget(connection: HTTPConnection) -> None:
    """Forget an ended WebSocket: uvicorn replaced its protocol, so `connection_lost` is not called."""
    if connection.client is not None:
        _transports.pop((connection.client.host, connection.client.port), None)


def abort(transport: asyncio.Transport) -> None:
    plain: socket.socket | None = transport.get_extra_info("socket")
    if plain is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
