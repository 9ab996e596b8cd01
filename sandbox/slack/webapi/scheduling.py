"""chat.scheduleMessage and what belongs to it.
Source: https://docs.slack.dev/reference/methods/chat.scheduleMessage"""

import asyncio
import time

from sandbox.slack.errors import SlackError
from sandbox.slack.ids import new_id
from sandbox.slack.posting import content_from, post
from sandbox.slack.webapi.args import Args
from sandbox.slack.webapi.chat import writable
from sandbox.slack.webapi.paging import page
from sandbox.slack.workspace import Scheduled, Workspace
from sandbox.slack.world import JSON

DAYS_AHEAD = 120
WINDOW_S = 300
IN_A_WINDOW = 30
TOO_LATE_S = 60
"""So long before it is posted, a message can no longer be deleted."""


def schedule(ws: Workspace, args: Args) -> JSON:
    """Raises SlackError `time_in_past`, `time_too_far`, `restricted_too_many`, and those of a message."""
    channel = writable(ws, args.need("channel", "channel_not_found"))
    content = content_from(ws.settings, args.values)
    post_at = args.number("post_at", 0)
    now = time.time()
    if post_at <= now:
        raise SlackError("time_in_past", breach=True, detail=str(post_at))
    if post_at > now + DAYS_AHEAD * 86_400:
        raise SlackError("time_too_far", breach=True, detail=f"more than {DAYS_AHEAD} days ahead")
    near = [
        each
        for each in ws.scheduled.values()
        if each.channel == channel.id and abs(each.post_at - post_at) < WINDOW_S
    ]
    if len(near) >= IN_A_WINDOW:
        raise SlackError("restricted_too_many", detail=f"{len(near)} within five minutes in {channel.name}")
    waiting = Scheduled(
        new_id("Q", 10),
        channel.id,
        post_at,
        content,
        args.text("thread_ts") or None,
        broadcast=args.flag("reply_broadcast"),
    )
    ws.scheduled[waiting.id] = waiting
    asyncio.get_running_loop().call_later(post_at - now, deliver, ws, waiting.id)
    app = ws.world.app
    shown = {"text": content.text, "bot_id": app.bot_id, "type": "delayed_message", "subtype": "bot_message"}
    return {
        "channel": channel.id,
        "scheduled_message_id": waiting.id,
        "post_at": post_at,
        "message": shown,
    }


def deliver(ws: Workspace, key: str) -> None:
    """Post what is due, unless it was deleted. One with metadata is lost, as the method's page warns."""
    waiting = ws.scheduled.pop(key, None)
    if waiting is None:
        return
    if waiting.content.metadata:
        detail = "messages scheduled with metadata are not posted"
        ws.violations.record("scheduled_with_metadata", detail, method="chat.scheduleMessage")
        return
    channel = ws.world.channels[waiting.channel]
    post(ws, channel, waiting.content, thread_ts=waiting.thread_ts, broadcast=waiting.broadcast)


def unschedule(ws: Workspace, args: Args) -> JSON:
    """Raises SlackError `invalid_scheduled_message_id`, also within a minute of its time."""
    waiting = ws.scheduled.get(args.need("scheduled_message_id", "invalid_scheduled_message_id"))
    channel = args.need("channel", "channel_not_found")
    if channel not in ws.world.channels:
        raise SlackError("channel_not_found", detail=channel)
    if waiting is None or waiting.channel != channel or waiting.post_at - time.time() < TOO_LATE_S:
        raise SlackError("invalid_scheduled_message_id", detail=args.text("scheduled_message_id"))
    del ws.scheduled[waiting.id]
    return {}


def scheduled(ws: Workspace, args: Args) -> JSON:
    """Raises SlackError `invalid_channel`, `invalid_time`."""
    channel = args.text("channel")
    if channel and channel not in ws.world.channels:
        raise SlackError("invalid_channel", detail=channel)
    oldest, latest = args.number("oldest", 0), args.number("latest", 2**40)
    if oldest > latest:
        raise SlackError("invalid_time", breach=True, detail="oldest is after latest")
    found = [
        each
        for each in sorted(ws.scheduled.values(), key=lambda each: each.post_at)
        if channel in ("", each.channel) and oldest <= each.post_at <= latest
    ]
    shown, cursor = page(found, args)
    return {
        "scheduled_messages": [
            {
                "id": each.id,
                "channel_id": each.channel,
                "post_at": each.post_at,
                "date_created": each.created,
                "text": each.content.text,
            }
            for each in shown
        ],
        "response_metadata": {"next_cursor": cursor},
    }
