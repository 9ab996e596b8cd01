"""`POST /sandbox/NAME` with a JSON object, and the stream of changes for the page.

An action with `since` first waits for a change after that count, for `timeout` seconds: 10, if not said, and
30 at most.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from sandbox.slack.controlapi import acts, looks, switches
from sandbox.slack.errors import ControlError, SlackError
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON

Action = Callable[[Workspace, JSON], Awaitable[JSON]]

_MODULES = (acts, looks, switches)
_NAMES = (
    "command say edit shortcut press set_input suggest submit close_view open_home "
    "invite_bot kick_bot raw_deliver "
    "messages thread notifications views home overview files violations calls deliveries status "
    "settings request_url scopes manifest post_scheduled quiet fault socket clear_violations reset "
    "add_app add_user deactivate add_channel add_group change_access"
)
ACTIONS: dict[str, Action] = {
    name: getattr(module, name) for name in _NAMES.split() for module in _MODULES if hasattr(module, name)
}


async def act(ws: Workspace, request: Request) -> Response:
    action = ACTIONS.get(request.path_params["name"])
    if action is None:
        return JSONResponse({"error": "no such action"}, status_code=404)
    try:
        body = json.loads(await request.body() or b"{}")
        if body.get("app"):
            ws.act_as(str(body["app"]))
        if "since" in body:
            timeout = min(float(body.get("timeout") or 10), 30.0)
            await ws.changes.wait(int(body["since"] or 0), timeout)
        return JSONResponse(await action(ws, body))
    except (ControlError, SlackError) as refusal:
        return JSONResponse({"error": str(refusal)}, status_code=400)
    except (KeyError, ValueError, TypeError, AttributeError) as wrong:
        return JSONResponse({"error": f"bad request: {wrong!r}"}, status_code=400)


async def stream(ws: Workspace) -> Response:
    """Server-sent events: the change counter, each time it grows."""

    async def ticks() -> AsyncIterator[str]:
        async for seq in ws.changes.follow():
            yield f"data: {seq}\n\n"

    headers = {"Cache-Control": "no-store"}
    return StreamingResponse(ticks(), media_type="text/event-stream", headers=headers)
