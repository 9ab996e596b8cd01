"""Sends commands at a steady rate, whatever comes back, and times the acknowledgements.

Open loop, but for `in_turns`: a slow app does not slow the sending down, so its slowness shows. The
clock of a command runs from just before it is sent until its acknowledgement has arrived whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosedError

from benchmarks.commands import payload
from benchmarks.webapi import STREAM
from sandbox.slack import signing

PATIENCE_S = 10.0
"""How long the last acknowledgements of a round may take."""
_HELLO = json.dumps({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0BENCH001"}})

Deliver = Callable[[str, dict[str, Any]], Awaitable[None]]
"""Delivers a payload under an id, and returns once it is acknowledged."""


@dataclass
class Round:
    """What came of one turn. Times are in seconds."""

    sent: dict[str, float] = field(default_factory=dict)
    """When each command was sent, by id, on the clock of `time.perf_counter`."""
    latencies: list[float] = field(default_factory=list)
    lost: int = 0
    seconds: float = 0.0
    """From the first command to the last acknowledgement."""


class Generator:
    """Both of Slack's ways to an app: WebSockets that apps connect to, and signed HTTP."""

    def __init__(self) -> None:
        self.webapi = ""
        """The address of the Web API's process; to be set before anything is sent."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="generator", daemon=True)
        self._links: dict[str, ServerConnection] = {}
        self._joined: dict[str, asyncio.Event] = {}
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._numbers = itertools.count(1)
        self._server: Server | None = None
        self.link = ""

    def __enter__(self) -> Generator:
        self._thread.start()
        self.link = self._do(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._do(_closed(self._server))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    # ---- rounds

    def over_sockets(self, app: str, texts: Iterator[str], per_s: int, seconds: float) -> Round:
        """Send commands to the app of this token, through its newest WebSocket."""
        link = self._links[app]
        found: Round = self._do(
            self._round(lambda id, body: self._over_socket(link, id, body), texts, per_s, seconds)
        )
        return found

    def in_turns(
        self, ports: Sequence[int], secret: str, texts: Iterator[str], people: int, seconds: float
    ) -> Round:
        """So many people, each of whom types the next command once the last one is answered; the commands go
        to the apps at these ports in turn. `latencies` are until the answer.

        Raises: RuntimeError or TimeoutError, where a command is not acknowledged or not answered.
        """
        found: Round = self._do(self._in_turns(itertools.cycle(ports), secret, texts, people, seconds))
        return found

    async def _in_turns(
        self, ports: Iterator[int], secret: str, texts: Iterator[str], people: int, seconds: float
    ) -> Round:
        result = Round()
        begun = time.perf_counter()
        async with _answers(self.webapi) as answers:

            async def one() -> None:
                while time.perf_counter() < begun + seconds:
                    id = str(next(self._numbers))
                    waiting = answers[id] = self._loop.create_future()
                    result.sent[id] = sent = time.perf_counter()
                    await post(next(ports), secret, payload(next(texts), id, self.webapi))
                    await asyncio.wait_for(waiting, PATIENCE_S)
                    result.latencies.append(time.perf_counter() - sent)

            await asyncio.gather(*(one() for _ in range(people)))
        result.seconds = time.perf_counter() - begun
        return result

    def over_http(self, port: int, secret: str, texts: Iterator[str], per_s: int, seconds: float) -> Round:
        """POST commands to the app at this port, each on a connection of its own."""
        found: Round = self._do(
            self._round(lambda _id, body: post(port, secret, body), texts, per_s, seconds)
        )
        return found

    async def _round(self, deliver: Deliver, texts: Iterator[str], per_s: int, seconds: float) -> Round:
        result = Round()
        begun = time.perf_counter()
        tasks = []
        for number in range(int(per_s * seconds)):
            due = begun + number / per_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(self._loop.create_task(self._one(deliver, next(texts), result)))
        done, late = await asyncio.wait(tasks, timeout=PATIENCE_S)
        for each in late:
            each.cancel()
        # What was refused or cut off counts as lost, below.
        await asyncio.gather(*done, *late, return_exceptions=True)
        result.lost = len(tasks) - len(result.latencies)
        result.seconds = time.perf_counter() - begun
        return result

    async def _one(self, deliver: Deliver, text: str, result: Round) -> None:
        id = str(next(self._numbers))
        body = payload(text, id, self.webapi)
        sent = result.sent[id] = time.perf_counter()
        await deliver(id, body)
        result.latencies.append(time.perf_counter() - sent)

    # ---- Socket Mode

    def joined(self, app: str, timeout_s: float = 60.0) -> None:
        """Wait until the app has connected. Raises: TimeoutError."""
        self._do(asyncio.wait_for(self._event(app).wait(), timeout_s))

    def first(self, app: str, text: str, timeout_s: float = 60.0) -> float:
        """Wait for the app to connect, send one command at once, and say when it was acknowledged."""
        moment: float = self._do(self._first(app, text, timeout_s))
        return moment

    def part(self, app: str) -> None:
        """Forget that the app had connected."""
        self._loop.call_soon_threadsafe(self._event(app).clear)

    async def _first(self, app: str, text: str, timeout_s: float) -> float:
        await asyncio.wait_for(self._event(app).wait(), timeout_s)
        id = str(next(self._numbers))
        await self._over_socket(self._links[app], id, payload(text, id, self.webapi))
        return time.perf_counter()

    def _event(self, app: str) -> asyncio.Event:
        return self._joined.setdefault(app, asyncio.Event())

    async def _listen(self) -> str:
        self._server = await serve(self._serve, "127.0.0.1", 0, compression=None)
        port = next(iter(self._server.sockets)).getsockname()[1]
        return f"ws://127.0.0.1:{port}/link"

    async def _serve(self, link: ServerConnection) -> None:
        assert link.request is not None
        app = parse_qs(urlsplit(link.request.path).query)["app"][0]
        await link.send(_HELLO)
        self._links[app] = link
        self._event(app).set()
        # Slack's own client leaves without a farewell.
        with contextlib.suppress(ConnectionClosedError):
            async for text in link:
                waiting = self._waiting.pop(json.loads(text).get("envelope_id", ""), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(None)

    async def _over_socket(self, link: ServerConnection, id: str, body: dict[str, Any]) -> None:
        waiting = self._waiting[id] = self._loop.create_future()
        envelope = {
            "envelope_id": id,
            "type": "slash_commands",
            "accepts_response_payload": True,
            "payload": body,
        }
        await link.send(json.dumps(envelope))
        await waiting


async def _closed(server: Server) -> None:
    server.close()
    await server.wait_closed()


async def post(port: int, secret: str, body: dict[str, Any]) -> None:
    content, kind = signing.encode("slash_commands", body)
    headers = {
        "Host": f"127.0.0.1:{port}",
        "Content-Length": str(len(content)),
        "Connection": "close",
        **signing.headers(secret, content, kind),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST /slack/events HTTP/1.1\r\n{head}\r\n".encode() + content)
    head_line = await _answer(reader)
    writer.close()
    if not head_line.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"not acknowledged: {head_line!r}")


@contextlib.asynccontextmanager
async def _answers(webapi: str) -> AsyncIterator[dict[str, asyncio.Future[None]]]:
    """Futures by the id of a command: each ends when its answer has arrived at the Web API's process."""
    waiting: dict[str, asyncio.Future[None]] = {}
    at = urlsplit(webapi)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(f"GET {STREAM} HTTP/1.0\r\nHost: {at.netloc}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")

    async def read() -> None:
        async for line in reader:
            answered = waiting.pop(line.decode().strip(), None)
            if answered is not None and not answered.done():
                answered.set_result(None)

    reading = asyncio.create_task(read())
    try:
        yield waiting
    finally:
        reading.cancel()
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """The head of an answer, once its body has come, too. How the server hangs up is nobody's wait."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
    await (reader.readexactly(int(length[1])) if length else reader.read())
    return head
