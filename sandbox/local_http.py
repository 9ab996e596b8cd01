"""JSON to a server of this machine, with less work for each call than in a general HTTP client."""

from __future__ import annotations

import json
import select
import socket
from collections import deque
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit


class NoAnswer(Exception):
    """The server cannot be reached, or does not answer in time."""


class LocalClient:
    """Keeps its connections. Several threads may use it at once.

    All methods raise NoAnswer. `timeout` is in seconds.
    """

    def __init__(self, base_url: str, timeout: float) -> None:
        at = urlsplit(base_url)
        self._host, self._port = at.hostname or "", at.port
        self._timeout = timeout
        self._idle: deque[HTTPConnection] = deque()

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Send JSON; the status and the JSON of the answer."""
        status, answer = self._call("POST", path, json.dumps(body).encode())
        return status, json.loads(answer)

    def get(self, path: str) -> tuple[int, bytes]:
        """The status and the body."""
        return self._call("GET", path, None)

    def close(self) -> None:
        """Close the connections that are kept. A later call makes a new one."""
        while self._idle:
            self._idle.pop().close()

    def _call(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        connection = self._connection()
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            status, answer = response.status, response.read()
        except (OSError, HTTPException) as error:
            connection.close()
            raise NoAnswer(f"http://{self._host}:{self._port}{path}: {error!r}") from error
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return status, answer

    def _connection(self) -> HTTPConnection:
        """One that is kept and still open, else a new one."""
        while self._idle:
            try:
                kept = self._idle.pop()
            except IndexError:  # another thread has taken the last one
                break
            if kept.sock is not None and not _readable(kept.sock):
                return kept
            kept.close()
        return HTTPConnection(self._host, self._port, timeout=self._timeout)


def _readable(idle: socket.socket) -> bool:
    """Whether the other side has closed it: there is nothing else to read before the next call."""
    watch = select.poll()
    watch.register(idle, select.POLLIN)
    return bool(watch.poll(0))
