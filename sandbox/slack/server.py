"""The local Slack as a server: in a thread for tests, or in the foreground."""

import asyncio
import contextlib
import errno
import logging
import socket
import threading
from types import TracebackType

import uvicorn

from sandbox.slack.app import build_app
from sandbox.slack.breakage import TrackedProtocol
from sandbox.slack.changes import Changes
from sandbox.slack.control import SlackControl
from sandbox.slack.manifest import Manifest
from sandbox.slack.settings import Settings
from sandbox.slack.workspace import Workspace

START_SECONDS = 60.0
_KEEP_ALIVE_S = 75


class PortTaken(Exception):
    """The port is in use; the message is one sentence for people."""


class _Server(uvicorn.Server):
    """Ends the pages' event streams first, because an interrupted one leaves a traceback."""

    def __init__(self, config: uvicorn.Config, changes: Changes) -> None:
        super().__init__(config)
        self._changes = changes

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._changes.end()
        await asyncio.sleep(0.01)
        await super().shutdown(sockets)


class SlackServer:
    """A running local Slack.

    `port=0` takes a free port. Use as a context manager, or call `start` and `stop`. Raises PortTaken.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        settings: Settings | None = None,
        manifest: Manifest | None = None,
    ) -> None:
        self.host = host
        self._socket = _bind(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.workspace = Workspace(self.base_url, settings, manifest)
        self._server = _Server(self._config(), self.workspace.changes)
        self._thread: threading.Thread | None = None
        self.control = SlackControl(self.base_url)

    @property
    def base_url(self) -> str:
        shown = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host
        return f"http://{shown}:{self.port}"

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/api/"

    @property
    def page_url(self) -> str:
        return f"{self.base_url}/"

    @property
    def bot_token(self) -> str:
        return self.workspace.world.app.bot_token

    @property
    def app_token(self) -> str:
        return self.workspace.world.app.app_token

    @property
    def signing_secret(self) -> str:
        return self.workspace.world.app.signing_secret

    def start(self) -> "SlackServer":
        """Serve in a thread; returns once the server answers."""
        self._thread = threading.Thread(target=self._serve, name="sandbox-slack", daemon=True)
        self._thread.start()
        self.control.wait_until_up(START_SECONDS)
        return self

    def stop(self) -> None:
        self.control.close()
        self._server.should_exit = True
        self._server.force_exit = True
        if self._thread is not None:
            self._thread.join(START_SECONDS)
        with contextlib.suppress(OSError):
            self._socket.close()

    def run_forever(self) -> None:
        """Serve in this thread until interrupted."""
        self._serve()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            build_app(self.workspace),
            http=TrackedProtocol,
            ws="websockets-sansio",
            log_level=logging.WARNING,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            # The default of 5 s ends a connection while a slow machine sends the next call over it.
            timeout_keep_alive=_KEEP_ALIVE_S,
        )

    def __enter__(self) -> "SlackServer":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio disables Nagle's algorithm only if the protocol is named; with it, each answer takes 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as refused:
        bound.close()
        if refused.errno != errno.EADDRINUSE:
            raise
        raise PortTaken(f"port {port} on {host} is in use; choose another with --port") from refused
    return bound
