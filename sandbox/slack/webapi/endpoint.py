"""`POST /api/METHOD`: token, scope, limits and armed faults around the methods."""

import asyncio
import time
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.slack.breakage import reset_connection
from sandbox.slack.errors import RateLimited, SlackError
from sandbox.slack.faults import Fault
from sandbox.slack.webapi.access import check_scope, check_team, check_token
from sandbox.slack.webapi.args import Args, read_args
from sandbox.slack.webapi.methods import METHODS
from sandbox.slack.workspace import Workspace


async def call(ws: Workspace, request: Request) -> Response:
    """Answer one call, or break as an armed fault demands."""
    method = request.path_params["method"]
    try:
        await request.body()  # what has arrived counts, even if the app dies before it is answered
    except ClientDisconnect:
        return Response(status_code=400)
    fault = ws.faults.take(method)
    if fault is not None and fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        fault = None
    if fault is not None and not fault.after_apply:
        _log(ws, method, {}, f"fault:{fault.kind}", 0)
        return await misbehave(request, fault)
    response = await _answer(ws, method, request)
    if fault is not None:
        return await misbehave(request, fault)
    return response


async def _answer(ws: Workspace, method: str, request: Request) -> Response:
    args = Args({})
    try:
        args = await read_args(request)
        body = _run(ws, method, args, _token(request, args))
    except SlackError as refusal:
        return _refused(ws, method, args, refusal)
    _log(ws, method, args.values, None, 200)
    return JSONResponse({"ok": True, **body}, headers=_headers(ws))


def _run(ws: Workspace, method: str, args: Args, token: str) -> dict[str, Any]:
    implementation = METHODS.get(method)
    if implementation is None:
        raise SlackError("unknown_method", breach=True, detail=method, req_method=method)
    check_token(ws, method, token)
    check_scope(ws, method)
    check_team(ws, method, args)
    ws.limiter.check_tier(method, ws.settings)
    return implementation(ws, args)


def _refused(ws: Workspace, method: str, args: Args, refusal: SlackError) -> Response:
    ws.violations.record(
        refusal.code, refusal.detail or refusal.code, method=method, notice=not refusal.breach
    )
    ws.changes.note()
    body = {"ok": False, "error": refusal.code, **refusal.extra}
    if isinstance(refusal, RateLimited):
        _log(ws, method, args.values, refusal.code, 429)
        headers = {**_headers(ws), "Retry-After": str(refusal.retry_after)}
        return JSONResponse(body, status_code=429, headers=headers)
    _log(ws, method, args.values, refusal.code, 200)
    return JSONResponse(body, headers=_headers(ws))


def _token(request: Request, args: Args) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else args.text("token")


def _headers(ws: Workspace) -> dict[str, str]:
    return {"X-OAuth-Scopes": ",".join(sorted(ws.scopes)), "X-Slack-Req-Id": "sandbox"}


def _log(ws: Workspace, method: str, values: dict[str, Any], error: str | None, status: int) -> None:
    args = {name: value for name, value in values.items() if name != "token"}
    ws.calls.append(
        {
            "at": time.time(),
            "method": method,
            "app": ws.world.app.id,
            "args": args,
            "ok": error is None,
            "error": error,
            "status": status,
        }
    )


async def misbehave(request: Request, fault: Fault) -> Response:
    """Answer as the fault says: an HTTP error, a hang, a broken connection, or a Slack error by name."""
    if fault.kind == "ratelimited":
        headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
        return JSONResponse({"ok": False, "error": "ratelimited"}, status_code=429, headers=headers)
    if fault.kind.isdigit():
        return PlainTextResponse("service trouble", status_code=int(fault.kind))
    if fault.kind == "timeout":
        await asyncio.sleep(fault.seconds)
        return reset_connection(request)
    if fault.kind == "connection_reset":
        return reset_connection(request)
    return JSONResponse({"ok": False, "error": fault.kind})
