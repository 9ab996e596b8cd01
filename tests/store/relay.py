"""A relay between a client and PostgreSQL that loses what it is told to lose."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Relay:
    """Passes bytes both ways until told otherwise."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self.silent = threading.Event()
        """Nothing is passed any more, and nobody is told."""
        self.closed = threading.Event()
        """New connections are cut off at once."""
        self.cut_at = b""
        """A client that sends this is cut off …"""
        self.cut_before = False
        """… before the server has it, or after."""
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def url(self, database_url: str) -> str:
        return f"postgresql://dms@127.0.0.1:{self.port}/{database_url.rpartition('/')[2]}"

    def cut_all(self) -> None:
        for pair in self._pairs:
            _cut(*pair)

    def close(self) -> None:
        self._listener.close()
        self.cut_all()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.closed.is_set():
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                self._pairs.append((client, server))
                threading.Thread(target=self._to_server, args=(client, server), daemon=True).start()
                threading.Thread(target=self._to_client, args=(client, server), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if self.silent.is_set():
                    continue
                if self.cut_at and self.cut_at in data:
                    self._cut_at(data, client, server)
                    return
                server.sendall(data)
        _cut(client, server)

    def _cut_at(self, data: bytes, client: socket.socket, server: socket.socket) -> None:
        # The client first: the server's answer could overtake a cut that comes after what it answers to.
        client.shutdown(socket.SHUT_RDWR)
        if self.cut_before:
            server.shutdown(socket.SHUT_RDWR)
        else:
            server.sendall(data)  # the server finishes what it has begun

    def _to_client(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if not self.silent.is_set():
                    client.sendall(data)
        if not self.silent.is_set():
            _cut(client, server)


def _cut(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def relay(target: int) -> Iterator[Relay]:
    running = Relay(target)
    try:
        yield running
    finally:
        running.close()
