"""A TCP relay in front of a server, which can cut its connections or let them go silent."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_TICK_S = 0.05


class Relay:
    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_TICK_S)
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.silent = threading.Event()
        """While it is set, nothing that the server says comes through."""
        self._hushed: set[socket.socket] = set()
        self._closing = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._spawn(self._accept)

    def cut(self) -> None:
        """Break every connection there is."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def hush(self) -> None:
        """Nothing comes from the server any more on the connections there are; new ones work."""
        self._hushed.update(self._sockets)

    def close(self) -> None:
        self._closing.set()
        self.cut()
        for thread in self._threads:
            thread.join(60)
        for each in [*self._sockets, self._listener]:
            each.close()

    def _spawn(self, run: object, *args: object) -> None:
        thread = threading.Thread(target=run, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._sockets += [near, far]
                self._spawn(self._pump, near, far, False)
                self._spawn(self._pump, far, near, True)

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                while answers and self._is_silent(source) and not self._closing.is_set():
                    self._closing.wait(_TICK_S)
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def _is_silent(self, source: socket.socket) -> bool:
        return self.silent.is_set() or source in self._hushed


@contextmanager
def relay(target: str) -> Iterator[Relay]:
    started = Relay(target)
    try:
        yield started
    finally:
        started.close()
