"""The production HTTP server: waitress in a thread, with an orderly stop."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import waitress

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

MAX_BODY = 1 << 20
"""Bytes. Slack's largest payloads, views with all their state, stay well below."""
_MAX_HEADERS = 32 << 10
_IDLE_S = 60
_POLL_S = 0.05
_log = logging.getLogger(__name__)


class Server:
    """Serves a WSGI application on `host` and `port` (0: any free one) from `start` to `stop`.

    Requests are read whole before the application sees them, so that a slow sender holds no thread.
    """

    def __init__(self, app: WSGIApplication, host: str, port: int, threads: int = 16) -> None:
        self._app = app
        self._address = (host, port)
        self._threads = threads
        self._server: Any = None
        self._loop: threading.Thread | None = None
        self.port = port
        """The real one, once started."""

    def start(self) -> None:
        """Raises: OSError when the address cannot be had; the message names it."""
        listener = _listen(*self._address)
        self.port = listener.getsockname()[1]
        self._server = waitress.create_server(
            self._app,
            sockets=[listener],
            threads=self._threads,
            max_request_body_size=MAX_BODY,
            max_request_header_size=_MAX_HEADERS,
            channel_timeout=_IDLE_S,
            expose_tracebacks=False,
            asyncore_use_poll=True,
            ident="",
        )
        self._loop = threading.Thread(target=self._server.run, name="http", daemon=True)
        self._loop.start()
        _log.info("HTTP server listens on %s, port %d", self._address[0], self.port)

    def stop(self, grace_s: float = 5.0) -> None:
        """Take no more connections, let requests in hand end for up to `grace_s`, then close."""
        if self._server is None or self._loop is None:
            return
        server, self._server = self._server, None
        _in_loop(server, lambda: _stop_listening(server))
        deadline = time.monotonic() + grace_s
        while _busy(server) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        _in_loop(server, lambda: _close_all(server))
        self._loop.join(timeout=_IDLE_S)
        server.task_dispatcher.shutdown(timeout=max(0.1, deadline - time.monotonic()))


def _in_loop(server: Any, work: Callable[[], None]) -> None:
    """Do `work` in the loop's own thread, which alone may touch its sockets."""
    pulled = threading.Event()

    def once_pulled() -> None:
        # The loop may see the work before its pipe was written to, and must not end before that.
        pulled.wait(_IDLE_S)
        work()

    server.trigger.pull_trigger(once_pulled)
    pulled.set()


def _listen(host: str, port: int) -> socket.socket:
    v6 = ":" in host
    try:
        if v6 and socket.has_dualstack_ipv6():
            return socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=host == "::")
        return socket.create_server((host, port), family=socket.AF_INET6 if v6 else socket.AF_INET)
    except OSError as error:
        raise OSError(
            error.errno, f"cannot listen on {host}, port {port}: {error.strerror or error}"
        ) from error


def _stop_listening(server: Any) -> None:
    server.accepting = False
    server.del_channel()
    server.socket.close()


def _close_all(server: Any) -> None:
    """Close every connection. The loop ends, as it has nothing left to wait for.

    Its pipe stays open: a worker that ends late still writes to it, and must not meet another file
    that was opened under the same number.
    """
    for channel in list(server._map.values()):
        if channel is not server.trigger:
            channel.close()
    server.trigger.del_channel()


def _busy(server: Any) -> bool:
    return any(
        channel.requests or channel.request or channel.total_outbufs_len
        for channel in list(server.active_channels.values())
    )
