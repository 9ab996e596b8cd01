"""Delivers commands, interactions and events to the app, and times its acknowledgement."""

import asyncio
import contextlib
import functools
import json
import ssl
import time
from collections.abc import Coroutine
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from sandbox.slack import signing
from sandbox.slack.socketmode import NO_SOCKET
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON

LATE_ACK_WATCH = 60.0
_background: set[asyncio.Task[Any]] = set()


@dataclass
class Delivery:
    """One delivery and its outcome. `latency` and `late_after` are seconds from sending."""

    kind: str
    payload: JSON
    mode: str
    at: float = field(default_factory=time.time)
    acked: bool = False
    latency: float | None = None
    ack: Any = None
    status: int | None = None
    error: str | None = None
    late_after: float | None = None
    lost: bool = False
    """Not acknowledged because the sandbox broke the connection."""
    retry_num: int = 0
    duplicate: bool = False

    def as_dict(self) -> JSON:
        return asdict(self) | {"ok": self.acked}


@dataclass(frozen=True)
class Manner:
    """How to deliver; the defaults are those of Slack. See `signing.headers` for `signed` and `age`."""

    retry_num: int = 0
    retry_reason: str | None = None
    duplicate: bool = False
    mode: str = ""
    signed: str = "good"
    age: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


def spawn(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Run in the background; the reference keeps the task from being collected."""
    task = asyncio.get_running_loop().create_task(work)
    _background.add(task)
    task.add_done_callback(_background.discard)
    return task


async def deliver(ws: Workspace, kind: str, payload: JSON, manner: Manner | None = None) -> Delivery:
    """Deliver once, plus the duplicates that the sandbox is set to. `kind` is "slash_commands",
    "interactive" or "events_api"."""
    manner = manner or Manner()
    copies = [
        spawn(_once(ws, kind, payload, Manner(number, "timeout", duplicate=True)))
        for number in range(1, ws.settings.duplicate_deliveries + 1)
    ]
    result = await _once(ws, kind, payload, manner)
    await asyncio.gather(*copies)
    return result


async def deliver_event(ws: Workspace, payload: JSON) -> Delivery:
    """Events that are not acknowledged are retried: at once, then after the set delays."""
    result = await deliver(ws, "events_api", payload)
    if not result.acked:
        spawn(_retry_event(ws, payload, "timeout" if result.error == "timeout" else "http_error"))
    return result


async def _retry_event(ws: Workspace, payload: JSON, reason: str) -> None:
    for number, delay in enumerate(ws.settings.event_retry_delays, 1):
        await asyncio.sleep(delay)
        result = await _once(ws, "events_api", payload, Manner(number, reason))
        if result.acked:
            return


async def _once(ws: Workspace, kind: str, payload: JSON, manner: Manner) -> Delivery:
    mode = manner.mode or current_mode(ws)
    result = Delivery(kind, payload, mode, retry_num=manner.retry_num, duplicate=manner.duplicate)
    record: JSON = {}
    ws.deliveries.append(record)
    started = time.monotonic()
    if mode == "socket":
        await _over_socket(ws, result, manner, started, record)
    elif mode == "http":
        await _over_http(ws, result, manner, started)
    else:
        result.error = NO_SOCKET
    record.update(result.as_dict())
    _judge(ws, result)
    return result


def current_mode(ws: Workspace) -> str:
    """ "socket", "http", or "none" if nobody listens."""
    if ws.settings.mode in ("socket", "http"):
        return ws.settings.mode
    if ws.sockets.connections:
        return "socket"
    return "http" if ws.request_url else "none"


async def _over_socket(ws: Workspace, result: Delivery, manner: Manner, started: float, record: JSON) -> None:
    retry: JSON = {}
    if result.kind == "events_api" or manner.retry_num:
        retry = {"retry_attempt": manner.retry_num, "retry_reason": manner.retry_reason or ""}
    try:
        sent = await ws.sockets.send(result.kind, result.payload, retry)
    except ConnectionError as broken:
        result.error = str(broken)
        return
    done, _ = await asyncio.wait({sent.acknowledged}, timeout=ws.settings.ack_seconds)
    if done:
        result.acked, result.ack = True, sent.acknowledged.result()
        result.latency = time.monotonic() - started
        return
    result.error, result.lost = "timeout", sent.lost
    spawn(_watch_late(sent.acknowledged, result, started, record))


async def _watch_late(waiting: asyncio.Future[Any], result: Delivery, started: float, record: JSON) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(waiting, LATE_ACK_WATCH)
        result.late_after = time.monotonic() - started
        record["late_after"] = result.late_after


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The certificates to trust, read once: that takes 20 ms of the processor, and holds up every answer."""
    return httpx.create_ssl_context(trust_env=False)


def _client(ws: Workspace) -> httpx.AsyncClient:
    """The workspace's one client: making one takes as long as a delivery. Each delivery has a connection of
    its own, as an app that ends would break one that is kept."""
    if ws.http is None:
        alone = httpx.Limits(max_keepalive_connections=0)
        ws.http = httpx.AsyncClient(limits=alone, trust_env=False, verify=_trusted())
    return ws.http


async def _over_http(ws: Workspace, result: Delivery, manner: Manner, started: float) -> None:
    body, content_type = signing.encode(result.kind, result.payload)
    body = body if manner.body is None else manner.body
    secret = ws.world.app.signing_secret
    headers = signing.headers(secret, body, content_type, signed=manner.signed, age=manner.age)
    if manner.retry_num:
        headers["X-Slack-Retry-Num"] = str(manner.retry_num)
        headers["X-Slack-Retry-Reason"] = manner.retry_reason or "http_timeout"
    headers |= manner.headers
    try:
        within = ws.settings.ack_seconds
        sending = _client(ws).post(ws.request_url, content=body, headers=headers, timeout=within)
        response = await asyncio.wait_for(sending, within)
    except (TimeoutError, httpx.TimeoutException):
        result.error = "timeout"
        return
    except httpx.HTTPError as broken:
        result.error = f"connection: {broken}"
        return
    result.latency = time.monotonic() - started
    result.status = response.status_code
    result.acked = response.status_code == 200
    result.ack = _http_ack(response)
    if not result.acked:
        result.error = f"http_status {response.status_code}"


def _http_ack(response: httpx.Response) -> Any:
    if not response.content:
        return None
    if response.headers.get("content-type", "").startswith("application/json"):
        try:
            return response.json()
        except json.JSONDecodeError:
            return response.text
    return {"text": response.text}


def _judge(ws: Workspace, result: Delivery) -> None:
    """A missing acknowledgement is a violation if the app was reached and could answer."""
    if result.error == "timeout":
        detail = f"{_name(result)} was not acknowledged within {ws.settings.ack_seconds:g} s"
        ws.violations.record("ack_timeout", detail, notice=result.lost, kind=result.kind)
    elif result.error and result.error != NO_SOCKET:
        ws.violations.record("ack_failed", f"{_name(result)}: {result.error}", notice=True)
    ws.changes.note()


def _name(result: Delivery) -> str:
    payload = result.payload
    if result.kind == "slash_commands":
        return f"{payload.get('command')} {payload.get('text', '')}".strip()
    if result.kind == "events_api":
        return f"event {payload.get('event', {}).get('type')}"
    actions = payload.get("actions") or [{}]
    callback = (payload.get("view") or {}).get("callback_id")
    return f"{payload.get('type')} {actions[0].get('action_id') or callback or ''}".strip()


async def verify_url(ws: Workspace) -> bool:
    """Slack's handshake with a new request URL: the app must return the challenge."""
    challenge = "sandbox-challenge"
    payload = {"type": "url_verification", "challenge": challenge, "token": ws.world.app.verification_token}
    result = await _once(ws, "events_api", payload, Manner(mode="http"))
    answer = result.ack
    given = answer.get("challenge", answer.get("text")) if isinstance(answer, dict) else answer
    return result.acked and given == challenge
