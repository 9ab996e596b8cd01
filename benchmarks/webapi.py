"""`python -m benchmarks.webapi LINK`: Slack's Web API and response URLs, which say yes to everything.

A process of its own, so that taking answers never delays the generator's clock. It notes when each
answer arrived, and tells whoever reads `/stream`. What announces an answer is none. `LINK`
is the address of the generator's WebSockets. Prints its own address.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

TEAM = "T0BENCH001"
USER = "U0DANA0001"
CHANNEL = "C0DMS00001"
ANSWER = "/answer/"
STREAM = "/stream"


class WebApi:
    """An ASGI application."""

    def __init__(self, link: str) -> None:
        self._link = link
        self._answered: dict[str, float] = {}
        self._readers: list[asyncio.Queue[str | None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = await _body(receive)
        if scope["path"] == STREAM:
            await self._stream(receive, send)
            return
        body = json.dumps(self._reply(scope["path"], _token(scope), sent)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _stream(self, receive: Receive, send: Send) -> None:
        """The id of each command as soon as its answer has arrived, a line each, until the reader leaves."""
        answered: asyncio.Queue[str | None] = asyncio.Queue()
        self._readers.append(answered)
        leaving = asyncio.create_task(_left(receive, answered))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"\n", "more_body": True})
        while (id := await answered.get()) is not None:
            await send({"type": "http.response.body", "body": f"{id}\n".encode(), "more_body": True})
        self._readers.remove(answered)
        await leaving

    def _reply(self, path: str, token: str, sent: bytes) -> Any:
        if path.startswith(ANSWER):
            if _BLOCKS in sent:
                self._note(path.removeprefix(ANSWER))
            return {"ok": True}
        if path == "/answered":
            return self._answered
        if path == "/forget":
            self._answered.clear()
            return {}
        return _REPLY | {"url": f"{self._link}?app={token}"}

    def _note(self, id: str) -> None:
        """The answer to this command has arrived."""
        self._answered.setdefault(id, time.perf_counter())
        for reader in self._readers:
            reader.put_nowait(id)


_BLOCKS = b'"blocks"'
"""Each answer has blocks; what announces one has none."""
_REPLY = {
    "ok": True,
    "team_id": TEAM,
    "team": "Bench",
    "user_id": "U0BOT00001",
    "bot_id": "B0BOT00001",
    "user": "dms",
    "ts": "1.000001",
    "channel": CHANNEL,
    "view": {"id": "V0BENCH001"},
    "usergroups": [],
    "members": [],
}


async def _body(receive: Receive) -> bytes:
    parts = [await receive()]
    while parts[-1].get("more_body"):
        parts.append(await receive())
    return b"".join(part.get("body", b"") for part in parts)


async def _left(receive: Receive, answered: asyncio.Queue[str | None]) -> None:
    """End a stream when its reader has hung up."""
    while (await receive())["type"] != "http.disconnect":
        continue
    answered.put_nowait(None)


def _token(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    return str(given.decode().rpartition(" ")[2])


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(WebApi(sys.argv[1]), log_level="warning", access_log=False, lifespan="off")
    asyncio.run(uvicorn.Server(config).serve([listener]))


if __name__ == "__main__":
    main()
