"""The HTTP listener: REST under `/v1/` (and `/v3/`, `/v1beta1/`), control under `/sandbox/`."""

from __future__ import annotations

import contextlib
import json
import logging
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.dms.calls import Door
from sandbox.dms.control_service import ControlService
from sandbox.dms.errors import ApiError, invalid
from sandbox.dms.faults import Disconnected
from sandbox.dms.rest_routes import RestRequest
from sandbox.dms.rest_service import RestService

_LOG = logging.getLogger(__name__)
_MOST_BODY = 10 * 1024 * 1024
_VERSIONS = ("v1", "v3", "v1beta1")


class HttpServer:
    """Serves until `stop`, with one thread per connection."""

    def __init__(self, host: str, port: int, rest: RestService, control: ControlService, door: Door) -> None:
        self.stopping = threading.Event()
        handler = type(
            "Handler", (_Handler,), {"rest": rest, "control": control, "door": door, "owner": self}
        )
        self._server = _Listener((host, port), handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="dms-rest", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and close open connections."""
        self.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        self._server.cut_all()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    # Lets a restarted sandbox use its port at once.
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._guard:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut_all(self) -> None:
        with self._guard:
            waiting, self._open = list(self._open), set()
        for connection in waiting:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that have disconnected."""


class _Handler(BaseHTTPRequestHandler):
    rest: RestService
    control: ControlService
    door: Door
    owner: HttpServer
    protocol_version = "HTTP/1.1"
    server_version = "dms-sandbox"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        """The gate logs calls, so nothing is printed."""

    def _answer(self) -> None:
        try:
            status, body = self._dispatch()
        except ApiError as error:
            status, body = error.http_status, error.to_json()
        except Disconnected:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        except Exception:
            _LOG.exception("%s %s failed", self.command, self.path)
            failure = ApiError("INTERNAL", "Internal error encountered.")
            status, body = failure.http_status, failure.to_json()
        self._send(status, body)

    def _dispatch(self) -> tuple[int, Any]:
        url = urlsplit(self.path)
        body = self._body()
        version, slash, path = url.path[1:].partition("/")
        if version in _VERSIONS and slash:
            return 200, self._rest(version, unquote(path), url.query, body)
        if url.path.startswith("/sandbox/"):
            return self._control(url.path.removeprefix("/sandbox/"), body)
        if url.path == "/healthz":
            return 200, {"status": "ok"}
        raise ApiError("NOT_FOUND", f"The requested URL {url.path} was not found on this server.")

    def _rest(self, version: str, path: str, query: str, body: Any) -> dict[str, Any]:
        pairs = dict(parse_qsl(query, keep_blank_values=True))
        request = RestRequest(self.command, path, pairs, body, self._alive, version)
        match = self.rest.match(request)
        return self.door.through("rest", match.route.method, match.described, match.run, self._alive)

    def _control(self, name: str, body: Any) -> tuple[int, Any]:
        try:
            return 200, {"result": self.control.run(name, body or {})}
        except (KeyError, ValueError, TypeError, ApiError) as error:
            return 400, {"error": {"code": 400, "message": str(error), "status": "INVALID_ARGUMENT"}}

    def _body(self) -> Any:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MOST_BODY:
            self.close_connection = True
            raise invalid("Request payload size exceeds the limit")
        text = self.rfile.read(length)
        if not text.strip():
            return None
        try:
            return json.loads(text)
        except ValueError as error:
            raise invalid(f"Invalid JSON payload received. {error}") from None

    def _send(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(data)
            self.wfile.flush()

    def _alive(self) -> bool:
        """Whether the client still waits for the answer."""
        if self.owner.stopping.is_set():
            return False
        try:
            readable, _, _ = select.select([self.connection], [], [], 0)
            return not readable or bool(self.connection.recv(1, socket.MSG_PEEK))
        except (OSError, ValueError):
            return False
