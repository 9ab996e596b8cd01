"""chat.*: messages of the app. Source: https://docs.slack.dev/reference/methods?family=chat"""

from sandbox.slack.content import Content
from sandbox.slack.errors import SlackError
from sandbox.slack.events import deleted, tell_soon
from sandbox.slack.posting import content_from, edit, post
from sandbox.slack.shapes import message_json
from sandbox.slack.webapi.access import check_granted
from sandbox.slack.webapi.args import Args
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel, Message

UPDATE_TEXT = 4000
"""Characters: https://docs.slack.dev/reference/methods/chat.update"""


def post_message(ws: Workspace, args: Args) -> JSON:
    channel = writable(ws, args.need("channel", "channel_not_found"))
    content = content_from(ws.settings, args.values)
    thread_ts = args.text("thread_ts") or None
    ws.limiter.check_post(channel.id, ws.settings)
    message = post(ws, channel, content, thread_ts=thread_ts, broadcast=args.flag("reply_broadcast"))
    shown = message_json(ws, message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def post_ephemeral(ws: Workspace, args: Args) -> JSON:
    channel = writable(ws, args.need("channel", "channel_not_found"))
    user = ws.world.users.get(args.need("user"))
    if user is None or user.id not in channel.members:
        raise SlackError("user_not_in_channel", detail=args.text("user"))
    content = content_from(ws.settings, args.values)
    thread_ts = args.text("thread_ts") or None
    message = post(ws, channel, content, thread_ts=thread_ts, ephemeral_for=user.id)
    return {"message_ts": message.ts}


def update(ws: Workspace, args: Args) -> JSON:
    channel = _known(ws, args.need("channel", "channel_not_found"))
    message = _own(ws, channel, args.need("ts"), "cant_update_message")
    content = content_from(ws.settings, args.values, required=not _clears(args))
    if len(content.text) > UPDATE_TEXT:
        detail = f"text has {len(content.text)} characters; an update takes {UPDATE_TEXT}"
        raise SlackError("msg_too_long", breach=True, detail=detail)
    edit(ws, message, **_changes(content, args))
    shown = message_json(ws, message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def _clears(args: Args) -> bool:
    return args.values.get("blocks") == [] or args.values.get("attachments") == []


def _changes(content: Content, args: Args) -> JSON:
    """What is not given stays, but for blocks, which a text without blocks takes away; an empty list of
    blocks or attachments does so, too. Source: https://docs.slack.dev/reference/methods/chat.update"""
    changes: JSON = {}
    if args.values.get("text"):
        changes |= {"text": content.text, "blocks": []}
    if args.values.get("blocks") or args.values.get("blocks") == []:
        changes["blocks"] = content.blocks
    if args.values.get("attachments") or args.values.get("attachments") == []:
        changes["attachments"] = content.attachments
    if args.values.get("metadata"):
        changes["metadata"] = content.metadata
    return changes


def delete(ws: Workspace, args: Args) -> JSON:
    channel = _known(ws, args.need("channel", "channel_not_found"))
    message = _own(ws, channel, args.need("ts"), "cant_delete_message")
    message.deleted = True
    tell_soon(ws, lambda: deleted(ws, channel, message))
    ws.changes.note()
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(ws: Workspace, args: Args) -> JSON:
    channel = _known(ws, args.need("channel", "channel_not_found"))
    message = channel.find(args.need("message_ts"))
    if message is None:
        raise SlackError("message_not_found")
    link = f"{ws.base_url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def _known(ws: Workspace, key: str) -> Channel:
    channel = ws.world.channels.get(key)
    if channel is None or (channel.is_private and not ws.world.bot_is_in(channel)):
        raise SlackError("channel_not_found", detail=key)
    check_granted(ws, channel)
    return channel


def writable(ws: Workspace, key: str) -> Channel:
    """Where the app may write. A user id means that person's conversation with the app; channel names
    are accepted, as Slack still does for public channels."""
    if key in ws.world.users:
        return ws.world.direct_message(key)
    named = ws.world.channel(key) if key.startswith("#") else None
    channel = _known(ws, named.id if named else key)
    if not ws.world.bot_is_in(channel) and "chat:write.public" not in ws.scopes:
        raise SlackError("not_in_channel", detail=f"the app is not in #{channel.name}")
    return channel


def _own(ws: Workspace, channel: Channel, ts: str, refusal: str) -> Message:
    message = channel.find(ts)
    if message is None or message.ephemeral_for:
        raise SlackError("message_not_found", detail=f"{ts} in {channel.name}")
    if message.user != ws.world.app.bot_user:
        raise SlackError(refusal, breach=True, detail="the message is not the app's")
    return message
