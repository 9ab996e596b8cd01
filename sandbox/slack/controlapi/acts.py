"""Endpoints that act as a person."""

import json
from typing import Any

from sandbox.slack.acting import modals, pressing, shortcuts, speaking
from sandbox.slack.acting.finding import blocks_of, find_spot, surface
from sandbox.slack.apps import act_as, acting_as
from sandbox.slack.controlapi import showing
from sandbox.slack.delivery import Delivery, Manner, deliver, spawn
from sandbox.slack.errors import ControlError
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel, Message, User


def _user(ws: Workspace, body: JSON) -> User:
    return ws.need_user(str(body.get("user") or "dana"))


def channel_for(ws: Workspace, body: JSON, user: User) -> Channel:
    """The named channel; "@app" and "dm" mean the person's conversation with the app."""
    key = str(body.get("channel") or "dms")
    named = ws.world.apps.find(key.removeprefix("@")) if key.startswith("@") else None
    if named is not None:
        with acting_as(named):
            return ws.world.direct_message(user.id)
    if key in ("dm", "@app"):
        return ws.world.direct_message(user.id)
    return ws.need_channel(key)


async def command(ws: Workspace, body: JSON) -> JSON:
    user = _user(ws, body)
    words = str(body.get("text") or "")
    typed, _, rest = words.partition(" ")
    if typed in (app.command for app in ws.world.apps.all()):
        ws.act_as(typed)
        words = rest.strip()
    channel = channel_for(ws, body, user)
    work = speaking.command(ws, user, channel, words)
    if body.get("wait", True):
        return (await work).as_dict()
    spawn(work)
    return {"started": True}


async def say(ws: Workspace, body: JSON) -> JSON:
    user = _user(ws, body)
    channel = channel_for(ws, body, user)
    broadcast = bool(body.get("broadcast"))
    said = await speaking.say(
        ws, user, channel, str(body["text"]), body.get("thread_ts"), broadcast=broadcast
    )
    return showing.message(ws, said, user)


def _surface(ws: Workspace, body: JSON, user: User) -> Message | View:
    """What is acted on; its app hears of it."""
    found = surface(ws, body["where"], user)
    act_as(ws.world.apps.find(found.app if isinstance(found, View) else found.user) or ws.world.app)
    return found


async def edit(ws: Workspace, body: JSON) -> JSON:
    user = _user(ws, body)
    message = surface(ws, body["where"], user)
    if isinstance(message, View):
        raise ControlError("that is a view, not a message")
    await speaking.edit(ws, user, message, str(body["text"]))
    return showing.message(ws, message, user)


async def shortcut(ws: Workspace, body: JSON) -> JSON:
    """With `where`, one of that message; without, a global one."""
    user, callback_id = _user(ws, body), str(body["callback_id"])
    if not body.get("where"):
        return (await shortcuts.use_global(ws, user, callback_id)).as_dict()
    message = surface(ws, body["where"], user)
    if isinstance(message, View):
        raise ControlError("views have no shortcuts")
    return (await shortcuts.use_on_message(ws, user, message, callback_id)).as_dict()


async def press(ws: Workspace, body: JSON) -> JSON:
    user = _user(ws, body)
    where = _surface(ws, body, user)
    stale = body["where"].get("blocks") if body.get("stale") else None
    choice = pressing.Choice(
        body.get("action_id"), body.get("label"), body.get("value"), stale, body.get("block_id")
    )
    work = pressing.press(ws, user, where, choice)
    if body.get("wait", True):
        return (await work).as_dict()
    spawn(work)
    return {"started": True}


async def set_input(ws: Workspace, body: JSON) -> JSON:
    user = _user(ws, body)
    where = _surface(ws, body, user)
    spot = find_spot(blocks_of(where), action_id=body["action_id"], block_id=body.get("block_id"))
    await pressing.set_value(ws, user, where, spot, body.get("value"))
    return {"state": pressing.state_values(where, user)}


async def suggest(ws: Workspace, body: JSON) -> JSON:
    user = _user(ws, body)
    where = _surface(ws, body, user)
    spot = find_spot(blocks_of(where), action_id=body["action_id"], block_id=body.get("block_id"))
    return {"options": await pressing.suggest(ws, user, where, spot, str(body.get("query") or ""))}


def _view(ws: Workspace, body: JSON, user: User) -> View:
    found = _surface(ws, body, user)
    if not isinstance(found, View):
        raise ControlError("that is a message, not a view")
    return found


async def submit(ws: Workspace, body: JSON) -> JSON:
    user = _user(ws, body)
    done = await modals.submit(ws, user, _view(ws, body, user), body.get("values") or {})
    return {
        "submitted": done.submitted,
        "response_action": done.response_action,
        "errors": done.errors,
        "delivery": _shown(done.delivery),
        "views": [showing.view(ws, v) for v in ws.views.stack(user.id)],
    }


async def close_view(ws: Workspace, body: JSON) -> JSON:
    user = _user(ws, body)
    result = await modals.close(ws, user, _view(ws, body, user), everything=bool(body.get("everything")))
    return {"delivery": _shown(result)}


async def open_home(ws: Workspace, body: JSON) -> JSON:
    tab = str(body.get("tab") or "home")
    return {"delivery": _shown(await modals.open_home(ws, _user(ws, body), tab))}


async def invite_bot(ws: Workspace, body: JSON) -> JSON:
    user = _user(ws, body)
    await speaking.invite_bot(ws, channel_for(ws, body, user), user)
    return {}


async def change_access(ws: Workspace, body: JSON) -> JSON:
    """Of an organisation: add the app to a workspace, or remove it."""
    await speaking.change_access(ws, str(body["team"]), granted=bool(body.get("granted")))
    return {}


async def kick_bot(ws: Workspace, body: JSON) -> JSON:
    await speaking.kick_bot(ws, channel_for(ws, body, _user(ws, body)))
    return {}


async def raw_deliver(ws: Workspace, body: JSON) -> JSON:
    """Deliver anything: forged, stale, duplicated, badly signed."""
    text: Any = body.get("body")
    manner = Manner(
        retry_num=int(body.get("retry_num") or 0),
        retry_reason=body.get("retry_reason"),
        mode=str(body.get("mode") or ""),
        signed=str(body.get("signed") or "good"),
        age=float(body.get("age") or 0),
        headers=dict(body.get("headers") or {}),
        body=text.encode() if isinstance(text, str) else None,
    )
    payload = json.loads(json.dumps(body.get("payload") or {}))
    kind = str(body.get("kind") or "interactive")
    copies = 1 + int(body.get("duplicates") or 0)
    results = [spawn(deliver(ws, kind, payload, manner)) for _ in range(copies)]
    return {"results": [(await result).as_dict() for result in results]}


def _shown(result: Delivery | None) -> JSON | None:
    return result.as_dict() if result else None
