"""The workspace as the page and the tests see it."""

from dataclasses import asdict

from sandbox.slack.delivery import current_mode
from sandbox.slack.shapes import channel_json, file_json, message_json, user_json, view_json
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel, Message, User

SHOWN = 50
"""Notifications that the page lists."""


def message(ws: Workspace, found: Message, viewer: User | None = None) -> JSON:
    """An API message, plus what only the sandbox tells: for whom, its versions, what was chosen in it."""
    channel = ws.world.channels[found.channel]
    private_to = ws.world.users.get(found.ephemeral_for or "")
    shown = message_json(ws, found, with_metadata=True)
    shown |= {
        "channel": channel.id,
        "channel_name": channel.name,
        "from_app": found.from_app,
        "ephemeral_for": private_to.name if private_to else None,
        "broadcast": found.broadcast,
        "versions": found.versions,
        "is_edited": bool(found.versions),
        "is_reply": found.is_reply,
    }
    if viewer is not None:
        shown["state"] = found.state.get(viewer.id, {})
    return shown


def messages(
    ws: Workspace,
    channel: Channel | None,
    viewer: User | None,
    *,
    with_ephemeral: bool = True,
    after: str = "0",
    limit: int = 0,
) -> list[JSON]:
    """In the order of time: those after a time stamp, the last `limit` of them (0: all). With a viewer,
    only what that person can see."""
    channels = [channel] if channel else list(ws.world.channels.values())
    found = [m for c in channels if _sees(c, viewer) for m in c.messages if not m.deleted]
    oldest = float(after)
    visible = [m for m in found if float(m.ts) > oldest and _shown(m, viewer, with_ephemeral)]
    visible.sort(key=lambda m: float(m.ts))
    return [message(ws, m, viewer) for m in (visible[-limit:] if limit else visible)]


def _sees(channel: Channel, viewer: User | None) -> bool:
    return viewer is None or viewer.id in channel.members


def _shown(found: Message, viewer: User | None, with_ephemeral: bool) -> bool:
    if found.ephemeral_for is None:
        return True
    return with_ephemeral and (viewer is None or found.ephemeral_for == viewer.id)


def view(ws: Workspace, found: View) -> JSON:
    shown = view_json(ws, found)
    return shown | {"errors": found.errors, "trouble": found.trouble, "user": found.user}


def notifications(ws: Workspace, viewer: User, *, after: str = "0") -> list[JSON]:
    """What notified this person: the oldest first."""
    mine = [each for each in ws.notifications if each.user == viewer.id and float(each.ts) > float(after)]
    return [asdict(each) | {"channel_name": ws.world.channels[each.channel].name} for each in mine]


def silent(ws: Workspace, viewer: User) -> JSON:
    """How much of what this person can see came without a notification."""
    loud = {each.ts for each in ws.notifications if each.user == viewer.id}
    there = [
        each
        for channel in ws.world.channels.values()
        if viewer.id in channel.members
        for each in channel.messages
        if each.user != viewer.id and not each.deleted and each.ephemeral_for in (None, viewer.id)
    ]
    return {
        "messages": sum(1 for each in there if each.ts not in loud),
        "edits": sum(len(each.versions) for each in there),
    }


def overview(ws: Workspace, viewer: User) -> JSON:
    """What the page needs besides the messages of the open channel."""
    home = ws.views.home(viewer.id)
    return {
        "seq": ws.changes.seq,
        "team": {"id": ws.world.team.id, "name": ws.world.team.name},
        "app": {
            "id": ws.world.app.id,
            "name": ws.world.app.name,
            "user": ws.world.app.bot_user,
            "command": ws.world.app.command,
            "usage_hint": ws.world.app.usage_hint,
        },
        "me": viewer.id,
        "mode": current_mode(ws),
        "connections": len(ws.sockets.connections),
        "users": [user_json(ws, user) for user in ws.world.users.values()],
        "groups": [{"id": g.id, "handle": g.handle} for g in ws.world.groups.values()],
        "channels": [_channel(ws, c) for c in ws.world.channels.values() if viewer.id in c.members],
        "views": [view(ws, found) for found in ws.views.stack(viewer.id)],
        "home": view(ws, home) if home else None,
        "shortcuts": [asdict(each) for each in ws.manifest.shortcuts],
        "notifications": notifications(ws, viewer)[-SHOWN:],
        "silent": silent(ws, viewer),
        "violations": [v for v in ws.violations.as_dicts() if v["severity"] == "breach"],
    }


def _channel(ws: Workspace, channel: Channel) -> JSON:
    people = [m for m in channel.messages if not m.deleted and not m.is_reply and m.ephemeral_for is None]
    return channel_json(ws, channel) | {
        "name": channel.name,
        "topic_text": channel.topic,
        "is_private": channel.is_private,
        "latest": people[-1].ts if people else "",
        "count": len(people),
        "has_app": ws.world.bot_is_in(channel),
    }


def files(ws: Workspace) -> list[JSON]:
    return [file_json(ws, file) for file in ws.world.files.values() if file.uploaded]
