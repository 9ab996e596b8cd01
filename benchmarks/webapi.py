"""`python -m benchmarks.webapi LINK`: Slack's Web API and response URLs, which say yes to everything.

A process of its own, so that taking answers never delays the generator's clock. It notes when each
answer arrived. `LINK` is the address of the generator's WebSockets. Prints its own address.
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


class WebApi:
    """An ASGI application."""

    def __init__(self, link: str) -> None:
        self._link = link
        self._answered: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            continue
        body = json.dumps(self._reply(scope["path"], _token(scope))).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _reply(self, path: str, token: str) -> Any:
        if path.startswith(ANSWER):
            self._answered[path.removeprefix(ANSWER)] = time.perf_counter()
            return {"ok": True}
        if path == "/answered":
            return self._answered
        if path == "/forget":
            self._answered.clear()
            return {}
        return _REPLY | {"url": f"{self._link}?app={token}"}


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
