"""Endpoints that change the workspace and its behaviour."""

import time
from dataclasses import asdict

from sandbox.slack.apps import SlackApp
from sandbox.slack.delivery import verify_url
from sandbox.slack.errors import ControlError
from sandbox.slack.faults import Fault
from sandbox.slack.ids import new_id
from sandbox.slack.manifest import amended, parse
from sandbox.slack.webapi import scheduling
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel, User, UserGroup


async def settings(ws: Workspace, body: JSON) -> JSON:
    try:
        ws.settings = ws.settings.changed(**body)
    except ValueError as wrong:
        raise ControlError(str(wrong)) from wrong
    ws.changes.note()
    return ws.settings.as_dict()


async def request_url(ws: Workspace, body: JSON) -> JSON:
    """Set the URL for HTTP delivery and do Slack's handshake with it."""
    ws.set_request_url(str(body.get("url") or ""))
    ws.changes.note()
    return {"verified": await verify_url(ws) if ws.request_url else False}


async def scopes(ws: Workspace, body: JSON) -> JSON:
    ws.scopes = set(body.get("scopes") or [])
    return {"scopes": sorted(ws.scopes)}


async def manifest(ws: Workspace, body: JSON) -> JSON:
    """Install the app from another manifest (`text` or `whole`), or with `added` scopes, events, shortcuts
    and domains."""
    if body.get("whole") or body.get("text"):
        ws.install(parse(body.get("whole") or str(body["text"])))
    if body.get("added"):
        ws.install(amended(ws.manifest, body["added"]))
    return ws.manifest.source


async def post_scheduled(ws: Workspace, _body: JSON) -> JSON:
    """Post all scheduled messages now, as if their time had come."""
    keys = list(ws.scheduled)
    for key in keys:
        scheduling.deliver(ws, key)
    return {"posted": len(keys)}


async def quiet(ws: Workspace, body: JSON) -> JSON:
    """Do not disturb a person for so many `seconds`; 0 ends it."""
    seconds, now = int(body.get("seconds") or 0), int(time.time())
    ws.need_user(str(body["user"])).quiet = (now, now + seconds) if seconds else None
    ws.changes.note()
    return {}


async def fault(ws: Workspace, body: JSON) -> JSON:
    if body.get("clear"):
        ws.faults.clear()
        return {}
    times = body.get("times", 1)
    ws.faults.arm(
        Fault(
            method=str(body.get("method") or "*"),
            kind=str(body["kind"]),
            times=None if times is None else int(times),
            retry_after=str(body.get("retry_after", 1)),
            after_apply=bool(body.get("after_apply")),
            seconds=float(body.get("seconds") or 60),
        )
    )
    return {}


async def socket(ws: Workspace, body: JSON) -> JSON:
    action = str(body.get("action"))
    sockets = ws.sockets
    if action == "drop":
        return {"connections": sockets.drop()}
    if action in ("refresh", "warning"):
        reason = "refresh_requested" if action == "refresh" else "warning"
        return {"connections": await sockets.refresh(reason, float(body.get("grace") or 10))}
    if action == "refuse":
        sockets.refusing = True
        return {"connections": sockets.drop()}
    if action == "accept":
        sockets.refusing = False
        return {"connections": len(sockets.connections)}
    raise ControlError(f"unknown socket action {action!r}: drop, refresh, warning, refuse, accept")


async def clear_violations(ws: Workspace, _body: JSON) -> JSON:
    ws.violations.clear()
    ws.changes.note()
    return {}


async def reset(ws: Workspace, _body: JSON) -> JSON:
    ws.reset()
    return {}


async def add_app(ws: Workspace, body: JSON) -> JSON:
    """Install another app, with the same scopes and events as the first; a member of the named channels.

    The length of a command: https://docs.slack.dev/reference/app-manifest
    """
    name, command = str(body["name"]), str(body["command"])
    if not command.startswith("/") or not 2 <= len(command) <= 32:
        raise ControlError("a command is a slash and 1 to 31 characters")
    if ws.world.apps.find(command) or ws.world.user(name):
        raise ControlError(f"{command} or {name} is taken")
    id, word = new_id("A", 10), new_id("", 20)
    app = SlackApp(
        id,
        name,
        bot_id=new_id("B", 10),
        bot_user=new_id("U", 10),
        command=command,
        bot_token=f"xoxb-sandbox-{word}",
        app_token=f"xapp-1-{id}-sandbox-{word}",
        signing_secret=f"signing-{word}",
        verification_token=f"verification-{word}",
    )
    ws.world.apps.add(app)
    ws.world.add_user(User(app.bot_user, name, name, "App", is_bot=True))
    for key in body.get("channels") or ():
        ws.need_channel(str(key)).members.append(app.bot_user)
    ws.changes.note()
    return asdict(app)


async def add_user(ws: Workspace, body: JSON) -> JSON:
    name = str(body["name"])
    if ws.world.user(name) is not None:
        raise ControlError(f"there is a {name} already")
    user = User(str(body.get("id") or new_id("U", 10)), name, str(body.get("real_name") or name.title()))
    user.tz = str(body.get("tz") or user.tz)
    user.tz_offset = int(body.get("tz_offset") or user.tz_offset)
    ws.world.add_user(user)
    for key in body.get("channels") or ["general", "dms"]:
        ws.need_channel(str(key)).members.append(user.id)
    ws.world.direct_message(user.id)
    ws.changes.note()
    return {"id": user.id}


async def deactivate(ws: Workspace, body: JSON) -> JSON:
    """As an admin of the workspace does: the account remains, and signs in no more."""
    ws.need_user(str(body["user"])).deleted = not body.get("undo")
    ws.changes.note()
    return {}


async def add_channel(ws: Workspace, body: JSON) -> JSON:
    name = str(body["name"]).removeprefix("#")
    if ws.world.channel(name) is not None:
        raise ControlError(f"there is a #{name} already")
    people = body.get("members")
    members = [ws.need_user(str(key)).id for key in people] if people else _everyone(ws)
    if body.get("bot", True):
        members.append(ws.world.app.bot_user)
    private = bool(body.get("is_private"))
    channel = Channel(str(body.get("id") or new_id("C", 10)), name, members, is_private=private)
    ws.world.add_channel(channel)
    ws.changes.note()
    return {"id": channel.id}


async def add_group(ws: Workspace, body: JSON) -> JSON:
    users = [ws.need_user(str(key)).id for key in body.get("users") or []]
    handle = str(body["handle"])
    group = UserGroup(new_id("S", 10), handle, str(body.get("name") or handle), users)
    ws.world.groups[group.id] = group
    return {"id": group.id}


def _everyone(ws: Workspace) -> list[str]:
    return [user.id for user in ws.world.users.values() if not user.is_bot]
