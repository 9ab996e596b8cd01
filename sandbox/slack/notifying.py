"""Whom a new message notifies, with the preferences that Slack starts with: direct messages, mentions, and
replies in threads that one follows. Everything else, edits among it, shows up without a sound.

Source: https://slack.com/help/articles/201355156 (notifications) and …/115000769927 (threads)
"""

from dataclasses import dataclass

from sandbox.slack.plaintext import pings
from sandbox.slack.world import Channel, Message, World

_ALL = {"!channel", "!here", "!everyone"}


@dataclass(frozen=True)
class Notification:
    """`kind`: "dm", "mention", "group" (a user group), "channel" (`@channel` and the like) or "thread".
    `held`: the person does not want to be disturbed now."""

    user: str
    kind: str
    channel: str
    ts: str
    thread_ts: str | None
    text: str
    held: bool = False


def notified(world: World, channel: Channel, message: Message, now: float) -> list[Notification]:
    """One for each person whom this new message notifies; only members of the conversation can be."""
    if message.ephemeral_for is not None:
        return []
    named = set(pings({"text": message.text, "blocks": message.blocks, "attachments": message.attachments}))
    following = _following(channel, message)
    found = []
    for key in channel.members:
        user = world.users.get(key)
        if user is None or user.is_bot or user.deleted or key == message.user:
            continue
        kind = _kind(world, channel, message, key, named) or ("thread" if key in following else "")
        if kind:
            held = user.quiet is not None and user.quiet[0] <= now < user.quiet[1]
            found.append(
                Notification(key, kind, channel.id, message.ts, message.thread_ts, _words(message), held)
            )
    if message.is_reply:
        following |= {message.user, *(name.removeprefix("@") for name in named if name.startswith("@"))}
    return found


def _following(channel: Channel, message: Message) -> set[str]:
    """Who started the thread, wrote in it, or was mentioned in a reply."""
    if not message.is_reply:
        return set()
    root = channel.find(str(message.thread_ts))
    return channel.followers.setdefault(str(message.thread_ts), {root.user} if root else set())


def _words(message: Message) -> str:
    """What stands in the notification: the message's text, which an app has to give along with its blocks."""
    return message.text or "This content can't be displayed."


def _kind(world: World, channel: Channel, message: Message, user: str, named: set[str]) -> str:
    if f"@{user}" in named:
        return "mention"
    if any(f"!subteam^{each.id}" in named and user in each.users for each in world.groups.values()):
        return "group"
    if named & _ALL:
        return "channel"
    return "dm" if channel.is_im and not message.is_reply else ""
