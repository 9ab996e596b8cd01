"""Events, as far as the app's manifest subscribes to them and its scopes allow.
Source: https://docs.slack.dev/reference/events"""

from collections.abc import Callable

from sandbox.slack import payloads
from sandbox.slack.apps import acting_as
from sandbox.slack.delivery import Delivery, deliver_event, spawn
from sandbox.slack.links import links_in
from sandbox.slack.shapes import message_json
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel, Message

_MESSAGES = {"im": "message.im", "group": "message.groups", "channel": "message.channels"}
_SCOPES = {
    "app_mention": "app_mentions:read",
    "link_shared": "links:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
}


async def emit(ws: Workspace, body: JSON) -> Delivery | None:
    """Send an event, if the app is subscribed to its kind and has the scope for it."""
    kind = _MESSAGES[body["channel_type"]] if body["type"] == "message" else body["type"]
    scope = _SCOPES.get(kind)
    if kind not in ws.manifest.events or (scope is not None and scope not in ws.scopes):
        return None
    return await deliver_event(ws, payloads.event(ws, body))


def posted(ws: Workspace, channel: Channel, message: Message) -> list[JSON]:
    """The events of a new message: in a conversation that the app is in, and of links wherever they are."""
    if message.ephemeral_for is not None:
        return []
    found = _heard(ws, channel, message) if ws.world.bot_is_in(channel) else []
    links = [] if message.from_app else links_in(message.text, ws.manifest)
    return found + ([_link_shared(ws, channel, message, links)] if links else [])


def _heard(ws: Workspace, channel: Channel, message: Message) -> list[JSON]:
    common: JSON = {
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "event_ts": message.ts,
        "channel": channel.id,
        "team": ws.world.acting_team(ws.world.users[message.user], channel).id,
    }
    author = ws.world.apps.find(message.user) if message.from_app else None
    if author is not None:
        common |= {"bot_id": author.bot_id, "app_id": author.id, "blocks": message.blocks}
    if message.thread_ts:
        parent = channel.find(message.thread_ts)
        common |= {"thread_ts": message.thread_ts, "parent_user_id": parent.user if parent else None}
    subtype = {"subtype": "thread_broadcast"} if message.broadcast and message.is_reply else {}
    heard = [common | subtype | {"type": "message", "channel_type": _kind(channel)}]
    # In a direct message, a mention is a message like any other.
    mentioned = f"<@{ws.world.app.bot_user}" in message.text and not message.from_app
    if mentioned and not channel.is_im:
        heard.append(common | {"type": "app_mention"})
    return heard


def _link_shared(ws: Workspace, channel: Channel, message: Message, links: list[JSON]) -> JSON:
    body: JSON = {
        "type": "link_shared",
        "channel": channel.id,
        "is_bot_user_member": ws.world.bot_is_in(channel),
        "user": message.user,
        "message_ts": message.ts,
        "unfurl_id": unfurl_id(message),
        "source": "conversations_history",
        "links": links,
        "event_ts": ws.world.clock.next(),
    }
    return body | {"thread_ts": message.thread_ts} if message.thread_ts else body


def unfurl_id(message: Message) -> str:
    return f"{message.channel}.{message.ts}.sandbox"


def changed(ws: Workspace, channel: Channel, message: Message) -> list[JSON]:
    """The event of an edit, with the message before and after it."""
    if message.ephemeral_for is not None or not ws.world.bot_is_in(channel) or not message.versions:
        return []
    after = message_json(ws, message)
    before = after | {name: message.versions[-1][name] for name in ("text", "blocks", "attachments")}
    more = {"message": after, "previous_message": before}
    return [_hidden(ws, channel, "message_changed") | more]


def deleted(ws: Workspace, channel: Channel, message: Message) -> list[JSON]:
    if message.ephemeral_for is not None or not ws.world.bot_is_in(channel):
        return []
    more = {"deleted_ts": message.ts, "previous_message": message_json(ws, message)}
    return [_hidden(ws, channel, "message_deleted") | more]


def _hidden(ws: Workspace, channel: Channel, subtype: str) -> JSON:
    stamp = ws.world.clock.next()
    return {
        "type": "message",
        "subtype": subtype,
        "hidden": True,
        "channel": channel.id,
        "channel_type": _kind(channel),
        "ts": stamp,
        "event_ts": stamp,
    }


def _kind(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "group" if channel.is_private else "channel"


async def tell(ws: Workspace, bodies: Callable[[], list[JSON]]) -> None:
    """Send each app the events that there are for it."""
    for app in ws.world.apps.all():
        with acting_as(app):
            for body in bodies():
                await emit(ws, body)


def tell_soon(ws: Workspace, bodies: Callable[[], list[JSON]]) -> None:
    """The same for what an app did itself: it is not waited for, as its call has to be answered first."""
    for app in ws.world.apps.all():
        with acting_as(app):
            for body in bodies():
                spawn(emit(ws, body))
