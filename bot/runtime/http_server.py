"""The HTTP server: Tornado in a thread of its own, in front of a WSGI application.

One event loop reads all connections, and a request takes a worker thread only once it has arrived completely.
Head, body and response each have a deadline, so slow clients do not delay others.
Source: https://www.tornadoweb.org/en/stable/httpserver.html
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from tornado import httputil
from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream, StreamClosedError
from tornado.netutil import add_accept_handler
from tornado.wsgi import WSGIContainer

from bot.runtime.shutdown import Deadline, Pool

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

MAX_BODY = 1 << 20
"""Bytes. Slack's largest payloads, views with their state, are well below that."""
MAX_CONNECTIONS = 512
"""Open connections. Below the default limit of 1,024 open files, of which the bot itself needs some."""
_QUEUE = 1024
"""Connections that wait to be accepted: a burst within a second."""
_MAX_HEAD = 32 << 10
_DIGITS = 20
HEAD_S = 60.0
"""Seconds for a request's head, counted from the start of the connection or from the previous response. So
this is also the keep-alive timeout."""
BODY_S = 10.0
"""Seconds for a request's body, and for sending a response. Slack itself waits 3 seconds for both."""
log = structlog.get_logger(__name__)


class Server:
    """Serves a WSGI application on `host` and `port` (0: any free port) from `start` to `stop`.

    The application's iterable is closed (PEP 3333) only after the response has been sent.
    """

    def __init__(
        self,
        app: WSGIApplication,
        host: str,
        port: int,
        threads: int = 16,
        head_s: float = HEAD_S,
        body_s: float = BODY_S,
        most: int = MAX_CONNECTIONS,
    ) -> None:
        self._app = app
        self._address = (host, port)
        self._deadlines = (head_s, body_s)
        self._most = most
        self._pool = Pool(threads, "http")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._grace: asyncio.Future[float] | None = None
        self.port = port
        """After `start`, the port that is really used."""

    def start(self) -> None:
        """Listen and serve.

        Raises:
            OSError: the address cannot be used; the message names it.
        """
        listener = _listen(*self._address)
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._grace = self._loop.create_future()
        self._thread = threading.Thread(
            target=_run, args=(self._loop, self._serve(listener, self._grace)), name="http", daemon=True
        )
        self._thread.start()
        log.info("http_server_listening", address=self._address[0], port=self.port)

    def stop(self, grace_s: float = 5.0) -> None:
        """Accept no more connections, wait up to `grace_s` seconds for requests in flight, then close."""
        if self._loop is None or self._thread is None or self._grace is None:
            return
        loop, self._loop = self._loop, None
        loop.call_soon_threadsafe(self._grace.set_result, grace_s)
        self._thread.join()
        self._pool.drain(Deadline(0))

    async def _serve(self, listener: socket.socket, grace: asyncio.Future[float]) -> None:
        head_s, body_s = self._deadlines
        requests = _Requests(self._app, self._pool, body_s)
        server = _Server(
            requests,
            max_header_size=_MAX_HEAD,
            max_body_size=MAX_BODY,
            idle_connection_timeout=head_s,
            body_timeout=body_s,
        )
        server.listen_at(listener, self._most)
        grace_s = await grace
        server.stop_listening()
        with suppress(TimeoutError):
            await asyncio.wait_for(requests.wait_until_idle(), grace_s)
        await server.close_all_connections()


class _Server(HTTPServer):
    """Tornado's server with a maximum number of open connections; others wait in the system's queue.

    Slack waits three seconds for an acknowledgement, and repeats no command whose connection is closed.
    """

    _listener: socket.socket
    _most = MAX_CONNECTIONS
    _connected = 0
    _pause: Callable[[], None] | None = None
    """Stops accepting; None while it is stopped."""

    def listen_at(self, listener: socket.socket, most: int) -> None:
        self._listener, self._most = listener, most
        self._accept_more()

    def stop_listening(self) -> None:
        self._accept_none()
        self._listener.close()

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        self._connected += 1
        if self._connected >= self._most:
            self._accept_none()
        super().handle_stream(stream, address)

    def on_close(self, server_conn: object) -> None:
        self._connected -= 1
        super().on_close(server_conn)
        if self._listener.fileno() >= 0:
            self._accept_more()

    def _accept_more(self) -> None:
        if self._pause is None:
            self._pause = add_accept_handler(
                self._listener, lambda accepted, address: self.handle_stream(IOStream(accepted), address)
            )

    def _accept_none(self) -> None:
        if self._pause is not None:
            self._pause()
            self._pause = None


@dataclass
class _Answer:
    """The response of the application. `close` it once it has been sent."""

    status: HTTPStatus = HTTPStatus.INTERNAL_SERVER_ERROR
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: Iterable[bytes] = ()
    content: bytes = b""

    def close(self) -> None:
        close: Callable[[], object] | None = getattr(self.body, "close", None)
        if close is not None:
            close()


class _Requests(httputil.HTTPServerConnectionDelegate):
    """All requests in flight: from the arrival of their head until their response has been sent."""

    def __init__(self, app: WSGIApplication, pool: Pool, send_s: float) -> None:
        self._app = app
        self._pool = pool
        self._send_s = send_s
        self._environ = WSGIContainer(app, pool).environ
        self._in_flight: set[_Request] = set()
        self._draining: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    def start_request(self, _server_conn: object, request_conn: httputil.HTTPConnection) -> _Request:
        assert isinstance(request_conn, HTTP1Connection)
        return _Request(self, request_conn)

    async def wait_until_idle(self) -> None:
        """Return once no request is in flight."""
        await self._idle.wait()

    def started(self, request: _Request) -> None:
        self._in_flight.add(request)
        self._idle.clear()

    def finished(self, request: _Request) -> None:
        self._in_flight.discard(request)
        if not self._in_flight:
            self._idle.set()

    def received(self, request: _Request, whole: httputil.HTTPServerRequest) -> None:
        """Have the application answer it, in a worker thread.

        Raises: HTTPInputError, which Tornado answers with status 400.
        """
        try:
            environ = self._environ(whole)
        except ValueError as error:
            # A `Host` whose port is no number.
            raise httputil.HTTPInputError(str(error)) from error
        self._pool.submit(self._work, asyncio.get_running_loop(), request, environ)

    def _work(self, loop: asyncio.AbstractEventLoop, request: _Request, environ: dict[str, Any]) -> None:
        answer = self._answer(environ)
        try:
            loop.call_soon_threadsafe(self._send, request, answer)
        except RuntimeError:
            # The event loop is closed: the server has stopped.
            answer.close()

    def _send(self, request: _Request, answer: _Answer) -> None:
        try:
            sent = request.write(answer)
        except Exception:
            log.exception("http_answer_error")
            request.close()
            self._sent(request, answer)
            return
        if sent.done():
            self._sent(request, answer)
            return
        task = asyncio.get_running_loop().create_task(self._drain(request, answer, sent))
        self._draining.add(task)
        task.add_done_callback(self._draining.discard)

    async def _drain(self, request: _Request, answer: _Answer, sent: asyncio.Future[None]) -> None:
        """Wait for a response that the socket's buffer could not take at once."""
        try:
            async with asyncio.timeout(self._send_s):
                await sent
        except (StreamClosedError, TimeoutError):
            request.close()
        finally:
            self._sent(request, answer)

    def _sent(self, request: _Request, answer: _Answer) -> None:
        answer.close()
        self.finished(request)

    def _answer(self, environ: dict[str, Any]) -> _Answer:
        """Call the application and read its whole response; runs in a worker thread."""
        answer = _Answer()

        def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
            answer.status, answer.headers = HTTPStatus(int(status[:3])), headers

        try:
            answer.body = self._app(environ, start_response)
            answer.content = b"".join(answer.body)
        except Exception:
            log.exception("http_application_error")
            answer.close()
            return _Answer()
        return answer


class _Request(httputil.HTTPMessageDelegate):
    """One request on a connection, from its head to its response."""

    def __init__(self, requests: _Requests, connection: HTTP1Connection) -> None:
        self._requests = requests
        self._connection = connection
        self._request: httputil.HTTPServerRequest | None = None
        self._body = bytearray()

    def headers_received(
        self,
        start_line: httputil.RequestStartLine | httputil.ResponseStartLine,
        headers: httputil.HTTPHeaders,
    ) -> None:
        """Raises HTTPInputError for an invalid head, which Tornado answers with status 400."""
        assert isinstance(start_line, httputil.RequestStartLine)
        self._request = httputil.HTTPServerRequest(
            connection=self._connection, start_line=start_line, headers=headers
        )
        self._requests.started(self)
        length = headers.get("Content-Length", "")
        if length.isdecimal() and int(length[:_DIGITS]) > MAX_BODY:
            self.write(_Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, [("Connection", "close")]))

    def data_received(self, chunk: bytes) -> None:
        self._body += chunk

    def finish(self) -> None:
        assert self._request is not None
        self._request.body = bytes(self._body)
        self._requests.received(self, self._request)

    def on_connection_close(self) -> None:
        """The client disconnected before the request was complete."""
        self._requests.finished(self)

    def close(self) -> None:
        self._connection.close()

    def write(self, answer: _Answer) -> asyncio.Future[None]:
        """Send the response. The future is done once it has been written, or fails if the client is gone."""
        headers = httputil.HTTPHeaders()
        for name, value in answer.headers:
            headers.add(name, value)
        headers["Date"] = httputil.format_timestamp(time.time())
        headers["Content-Length"] = headers.get("Content-Length", str(len(answer.content)))
        line = httputil.ResponseStartLine("HTTP/1.1", answer.status.value, answer.status.phrase)
        sent = self._connection.write_headers(line, headers, answer.content)
        # If the request has not been read completely, this makes Tornado close the connection.
        self._connection.finish()
        return sent


def _run(loop: asyncio.AbstractEventLoop, serving: Any) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(serving)


def _listen(host: str, port: int) -> socket.socket:
    v6 = ":" in host
    try:
        if v6 and socket.has_dualstack_ipv6():
            dual = host == "::"
            return socket.create_server(
                (host, port), family=socket.AF_INET6, backlog=_QUEUE, dualstack_ipv6=dual
            )
        family = socket.AF_INET6 if v6 else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_QUEUE)
    except OSError as error:
        raise OSError(
            error.errno, f"cannot listen on {host}, port {port}: {error.strerror or error}"
        ) from error
