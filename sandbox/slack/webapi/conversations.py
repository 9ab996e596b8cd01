"""conversations.*: channels and what is written in them.
Source: https://docs.slack.dev/reference/methods?family=conversations"""

from sandbox.slack.errors import SlackError
from sandbox.slack.shapes import channel_json, message_json
from sandbox.slack.webapi.access import check_granted, need_channel_scope, need_scope, team_meant
from sandbox.slack.webapi.args import Args
from sandbox.slack.webapi.paging import page
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel, Message

_SCOPE_OF_TYPE = {
    "public_channel": "channels:read",
    "private_channel": "groups:read",
    "im": "im:read",
    "mpim": "mpim:read",
}


def list_channels(ws: Workspace, args: Args) -> JSON:
    kinds = args.listed("types") or ["public_channel"]
    here = _of_types(ws, kinds, team_meant(ws, args))
    visible = [c for c in here if not c.is_private or ws.world.bot_is_in(c)]
    shown, cursor = page(visible, args)
    return {
        "channels": [channel_json(ws, channel) for channel in shown],
        "response_metadata": {"next_cursor": cursor},
    }


def of_user(ws: Workspace, args: Args) -> JSON:
    """users.conversations: those that the user, or the app, is in."""
    member = args.text("user") or ws.world.app.bot_user
    kinds = args.listed("types") or ["public_channel"]
    visible = [c for c in _of_types(ws, kinds, team_meant(ws, args)) if member in c.members]
    shown, cursor = page(visible, args)
    return {
        "channels": [channel_json(ws, channel) for channel in shown],
        "response_metadata": {"next_cursor": cursor},
    }


def _of_types(ws: Workspace, kinds: list[str], team: str) -> list[Channel]:
    for kind in kinds:
        if kind not in _SCOPE_OF_TYPE:
            raise SlackError("invalid_types", breach=True, detail=kind)
        need_scope(ws, _SCOPE_OF_TYPE[kind])
    here = (each for each in ws.world.channels.values() if team in ws.world.teams_of(each))
    return [channel for channel in here if _type(channel) in kinds]


def _type(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def info(ws: Workspace, args: Args) -> JSON:
    channel = _readable(ws, args, "read", member=False)
    shown = channel_json(ws, channel)
    if not args.flag("include_num_members"):
        shown.pop("num_members", None)
    return {"channel": shown}


def members(ws: Workspace, args: Args) -> JSON:
    channel = _readable(ws, args, "read", member=False)
    shown, cursor = page(channel.members, args)
    return {"members": shown, "response_metadata": {"next_cursor": cursor}}


def history(ws: Workspace, args: Args) -> JSON:
    channel = _readable(ws, args, "history", member=True)
    top = [m for m in _public(channel) if not m.is_reply or m.broadcast]
    chosen = [m for m in reversed(top) if _within(m, args)]
    return _messages(ws, chosen, args)


def replies(ws: Workspace, args: Args) -> JSON:
    channel = _readable(ws, args, "history", member=True)
    ts = args.need("ts")
    parent = channel.find(ts)
    if parent is None or parent.ephemeral_for:
        raise SlackError("thread_not_found", detail=ts)
    root = parent.thread_ts or parent.ts
    thread = [m for m in _public(channel) if m.ts == root or (m.is_reply and m.thread_ts == root)]
    chosen = [m for m in thread if m.ts == root or _within(m, args)]
    return _messages(ws, chosen, args, default=1000)


def _public(channel: Channel) -> list[Message]:
    return [m for m in channel.messages if not m.deleted and m.ephemeral_for is None]


def _within(message: Message, args: Args) -> bool:
    """`oldest` and `latest` are left out themselves, unless `inclusive`."""
    ts, inclusive = float(message.ts), args.flag("inclusive")
    oldest, latest = _moment(args, "oldest"), _moment(args, "latest")
    if oldest is not None and (ts < oldest or (ts == oldest and not inclusive)):
        return False
    return not (latest is not None and (ts > latest or (ts == latest and not inclusive)))


def _moment(args: Args, name: str) -> float | None:
    value = args.text(name)
    try:
        return float(value) if value else None
    except ValueError:
        raise SlackError(f"invalid_ts_{name}", breach=True, detail=value[:40]) from None


def _messages(ws: Workspace, chosen: list[Message], args: Args, default: int = 100) -> JSON:
    shown, cursor = page(chosen, args, default=default, most=999 if default == 100 else 1000)
    with_metadata = args.flag("include_all_metadata")
    answer: JSON = {
        "messages": [message_json(ws, m, with_metadata=with_metadata) for m in shown],
        "has_more": bool(cursor),
    }
    if cursor:
        answer["response_metadata"] = {"next_cursor": cursor}
    return answer


def join(ws: Workspace, args: Args) -> JSON:
    channel = ws.world.channels.get(args.need("channel", "channel_not_found"))
    if channel is None or (channel.is_private and not ws.world.bot_is_in(channel)):
        raise SlackError("channel_not_found", detail=args.text("channel"))
    if channel.is_private:
        raise SlackError("method_not_supported_for_channel_type", detail=channel.id)
    if ws.world.bot_is_in(channel):
        return {"channel": channel_json(ws, channel), "warning": "already_in_channel"}
    channel.members.append(ws.world.app.bot_user)
    ws.changes.note()
    return {"channel": channel_json(ws, channel)}


def open_conversation(ws: Workspace, args: Args) -> JSON:
    users = args.listed("users")
    if args.text("channel"):
        return {"channel": channel_json(ws, _find(ws, args.text("channel")))}
    if not users:
        raise SlackError("users_list_not_supplied", breach=True)
    if len(users) > 1:
        raise SlackError("method_not_supported_for_channel_type", detail="group messages are not in here")
    if users[0] not in ws.world.users or users[0] == ws.world.app.bot_user:
        raise SlackError("user_not_found", detail=users[0])
    channel = ws.world.direct_message(users[0])
    shown = channel_json(ws, channel) if args.flag("return_im") else {"id": channel.id}
    return {"channel": shown}


def _find(ws: Workspace, channel_id: str) -> Channel:
    channel = ws.world.channels.get(channel_id)
    if channel is None or (channel.is_private and not ws.world.bot_is_in(channel)):
        raise SlackError("channel_not_found", detail=channel_id)
    check_granted(ws, channel)
    return channel


def _readable(ws: Workspace, args: Args, action: str, *, member: bool) -> Channel:
    channel = _find(ws, args.need("channel", "channel_not_found"))
    need_channel_scope(ws, channel, action)
    if member and not ws.world.bot_is_in(channel):
        raise SlackError("not_in_channel", detail=channel.name)
    return channel
