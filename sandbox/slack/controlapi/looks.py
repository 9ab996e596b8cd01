"""Endpoints that look."""

from sandbox.slack.controlapi import showing
from sandbox.slack.controlapi.acts import channel_for
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON


async def messages(ws: Workspace, body: JSON) -> JSON:
    viewer = ws.need_user(str(body["user"])) if body.get("user") else None
    channel = None
    if body.get("channel"):
        channel = channel_for(ws, body, viewer or ws.need_user("dana"))
    found = showing.messages(
        ws,
        channel,
        viewer,
        with_ephemeral=bool(body.get("include_ephemeral", True)),
        after=str(body.get("after") or "0"),
        limit=int(body.get("limit") or 0),
    )
    return {"seq": ws.changes.seq, "messages": found}


async def thread(ws: Workspace, body: JSON) -> JSON:
    channel = ws.need_channel(str(body["channel"]))
    found = showing.messages(ws, channel, None)
    ts = body["ts"]
    return {"messages": [m for m in found if m["ts"] == ts or (m["is_reply"] and m["thread_ts"] == ts)]}


async def views(ws: Workspace, body: JSON) -> JSON:
    user = ws.need_user(str(body.get("user") or "dana"))
    return {"seq": ws.changes.seq, "views": [showing.view(ws, v) for v in ws.views.stack(user.id)]}


async def home(ws: Workspace, body: JSON) -> JSON:
    user = ws.need_user(str(body.get("user") or "dana"))
    found = ws.views.home(user.id)
    return {"seq": ws.changes.seq, "home": showing.view(ws, found) if found else None}


async def overview(ws: Workspace, body: JSON) -> JSON:
    return showing.overview(ws, ws.need_user(str(body.get("user") or "dana")))


async def notifications(ws: Workspace, body: JSON) -> JSON:
    viewer = ws.need_user(str(body.get("user") or "dana"))
    found = showing.notifications(ws, viewer, after=str(body.get("after") or "0"))
    return {"seq": ws.changes.seq, "notifications": found, "silent": showing.silent(ws, viewer)}


async def files(ws: Workspace, _body: JSON) -> JSON:
    return {"files": showing.files(ws)}


async def violations(ws: Workspace, body: JSON) -> JSON:
    seen = ws.violations.as_dicts()
    if not body.get("notices"):
        seen = [violation for violation in seen if violation["severity"] == "breach"]
    return {"violations": seen}


async def calls(ws: Workspace, body: JSON) -> JSON:
    method = body.get("method")
    return {"calls": [call for call in ws.calls if method in (None, call["method"])]}


async def deliveries(ws: Workspace, body: JSON) -> JSON:
    kind = body.get("kind")
    done = [record for record in ws.deliveries if record]
    return {"deliveries": [record for record in done if kind in (None, record["kind"])]}


async def status(ws: Workspace, _body: JSON) -> JSON:
    return {
        "connections": len(ws.sockets.connections),
        "settings": ws.settings.as_dict(),
        "scopes": sorted(ws.scopes),
        "app": {
            "bot_token": ws.world.app.bot_token,
            "app_token": ws.world.app.app_token,
            "signing_secret": ws.world.app.signing_secret,
        },
    }
