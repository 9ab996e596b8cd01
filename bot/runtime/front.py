"""The bot's HTTP servers: for Slack's requests and for the pages for operators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from bot.config.settings import Settings
from bot.runtime.health import Health, Probe
from bot.runtime.http_server import Server
from bot.runtime.routes import Routes

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class Front:
    """One HTTP server, or two if the pages for operators have a port of their own.

    From `open` to `serve`, the process is alive and not ready.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._slack = _Changing()
        self._pages = self._slack if settings.probes_port is None else _Changing()
        self._servers: tuple[Server, ...] = ()
        starting = Health({"process": Probe(lambda: "starting")})
        self.serve(starting, None)

    @property
    def port(self) -> int:
        """That of Slack's requests."""
        return self._servers[0].port

    @property
    def probes_port(self) -> int:
        """That of the pages for operators."""
        return self._servers[-1].port

    def open(self) -> None:
        """Listen, unless it does.

        Raises:
            OSError: an address cannot be used; the message names it.
        """
        if self._servers:
            return
        made = tuple(Server(app, self._settings.host, port) for app, port in self._ports())
        for each in made:
            each.start()
        self._servers = made

    def _ports(self) -> Iterator[tuple[WSGIApplication, int]]:
        """What to serve, and where. In Socket Mode, Slack's port is not needed beside one for operators."""
        own = self._settings.probes_port
        if own is None or not self._settings.socket_mode:
            yield self._slack, self._settings.port
        if own is not None:
            yield self._pages, own

    def serve(self, health: Health, slack: WSGIApplication | None) -> None:
        """Answer with these from now on."""
        shared = self._pages is self._slack
        token, is_open = self._settings.metrics_token, self._settings.metrics == "open"
        self._pages.app = Routes(health, slack if shared else None, token, metrics_open=is_open)
        if not shared:
            self._slack.app = Routes(None, slack)

    def close(self) -> None:
        for each in self._servers:
            each.stop()


class _Changing:
    """A WSGI application that forwards to another one, which can be replaced."""

    app: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.app(environ, start_response)
