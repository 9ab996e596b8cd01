"""Typing: slash commands, plain messages, and joining channels."""

import re
from typing import Any

from sandbox.slack import payloads
from sandbox.slack.delivery import Delivery, deliver
from sandbox.slack.errors import ControlError, SlackError
from sandbox.slack.events import changed, emit, posted, tell
from sandbox.slack.links import stored
from sandbox.slack.responding import place
from sandbox.slack.responseurls import ResponseUrl
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import Channel, Message, User

_CHANNEL = re.compile(r"(?<![^\s=,])#(?P<name>[a-z0-9_-]+)")


async def command(ws: Workspace, user: User, channel: Channel, words: str) -> Delivery:
    """Type `/dms WORDS`. What the acknowledgement says is shown; a failure is told to the person alone."""
    if user.id not in channel.members:
        raise ControlError(f"{user.name} is not in {channel.name}")
    if user.enterprise:
        # https://docs.slack.dev/apis/slack-connect
        raise ControlError(
            f"{user.name} is from elsewhere: slash commands are for those who installed the app"
        )
    if "commands" not in ws.scopes:
        raise ControlError("the app has no `commands` scope, so it has no slash command")
    url = ws.response_urls.issue("commands", ws.world.installed_in, user.id, channel.id)
    payload = payloads.command(ws, user, channel, _with_links(ws, user, words), ws.base_url + url.path)
    result = await deliver(ws, "slash_commands", payload)
    if not result.acked:
        _tell_failure(ws, channel, user, result)
        return result
    _show_ack(ws, url, result.ack)
    return result


def _with_links(ws: Workspace, user: User, words: str) -> str:
    """Channels as the app gets them where its manifest asks for it (`should_escape`): `<#C…|ops>`.

    Only those that the person can see; all else stays as it was typed.
    Source: https://docs.slack.dev/interactivity/implementing-slash-commands
    """
    seen = {
        each.name: each.id
        for each in ws.world.channels.values()
        if not each.is_im and (not each.is_private or user.id in each.members)
    }

    def link(typed: re.Match[str]) -> str:
        name = typed["name"]
        return f"<#{seen[name]}|{name}>" if name in seen else typed[0]

    return _CHANNEL.sub(link, words)


def _tell_failure(ws: Workspace, channel: Channel, user: User, result: Delivery) -> None:
    name = ws.world.app.command
    if result.error == "timeout":
        text = f'{name} failed with the error "operation_timeout"'
    elif result.error == "no_connection":
        text = f"{name} failed because the app did not respond: it is not connected."
    else:
        text = f'{name} failed with the error "dispatch_failed" ({result.error})'
    ws.tell_privately(channel, user, text)


def _show_ack(ws: Workspace, url: ResponseUrl, ack: Any) -> None:
    values = {"text": ack} if isinstance(ack, str) else ack
    if not isinstance(values, dict) or not any(values.get(k) for k in ("text", "blocks", "attachments")):
        return
    try:
        place(ws, url, values)
    except SlackError as wrong:
        ws.violations.record(wrong.code, wrong.detail, method="acknowledgement", notice=not wrong.breach)


async def say(
    ws: Workspace,
    user: User,
    channel: Channel,
    text: str,
    thread_ts: str | None = None,
    *,
    broadcast: bool = False,
) -> Message:
    """Write a message as one types it: `@dms`, `#ops` and links become what Slack makes of them. The app
    hears of it as far as its manifest subscribes to it."""
    if user.id not in channel.members:
        raise ControlError(f"{user.name} is not in {channel.name}")
    if channel.is_im and not ws.manifest.writable:
        raise ControlError("the manifest makes the conversation with the app read-only")
    parent = channel.find(thread_ts) if thread_ts else None
    if thread_ts and parent is None:
        raise ControlError(f"there is no message {thread_ts} in {channel.name}")
    message = Message(
        ws.world.clock.next(),
        channel.id,
        user.id,
        stored(ws.world, user, text),
        thread_ts=(parent.thread_ts or parent.ts) if parent else None,
        broadcast=broadcast,
    )
    ws.add_message(message)
    await tell(ws, lambda: posted(ws, channel, message))
    return message


async def edit(ws: Workspace, user: User, message: Message, text: str) -> None:
    """Change one's own message."""
    if message.user != user.id:
        raise ControlError(f"{user.name} did not write this message")
    ws.edit_message(message, text=stored(ws.world, user, text))
    await tell(ws, lambda: changed(ws, ws.world.channels[message.channel], message))


async def invite_bot(ws: Workspace, channel: Channel, inviter: User) -> None:
    if ws.world.bot_is_in(channel):
        return
    channel.members.append(ws.world.app.bot_user)
    ws.changes.note()
    await emit(
        ws,
        {
            "type": "member_joined_channel",
            "user": ws.world.app.bot_user,
            "channel": channel.id,
            "channel_type": "G" if channel.is_private else "C",
            "team": ws.world.teams_of(channel)[0],
            "inviter": inviter.id,
            "event_ts": ws.world.clock.next(),
        },
    )


async def change_access(ws: Workspace, team: str, *, granted: bool) -> None:
    """The app is added to a workspace of the organisation, or removed from it; the app hears of it."""
    if team not in ws.world.teams:
        raise ControlError(f"there is no workspace {team}")
    (ws.world.granted.add if granted else ws.world.granted.discard)(team)
    ws.changes.note()
    kind = "team_access_granted" if granted else "team_access_revoked"
    await emit(ws, {"type": kind, "team_ids": [team], "event_ts": ws.world.clock.next()})


async def kick_bot(ws: Workspace, channel: Channel) -> None:
    if ws.world.bot_is_in(channel):
        channel.members.remove(ws.world.app.bot_user)
        ws.changes.note()
        await emit(ws, {"type": "channel_left", "channel": channel.id, "event_ts": ws.world.clock.next()})
