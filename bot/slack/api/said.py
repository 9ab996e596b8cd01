"""Answers to messages: to a mention in a channel, and to what people write to the app directly.

Sources: https://docs.slack.dev/reference/methods/chat.postMessage and …/chat.postEphemeral: in a thread, it
is shown only if that has replies already. A response URL takes a thread only with `in_channel`:
https://docs.slack.dev/interactivity/handling-user-interaction#publishing_in_thread
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.slack.render import message as m

_ONLY_YOU = "Only you see this: not everybody in this channel may see what it shows."


@dataclass(frozen=True, slots=True)
class Said:
    """A message that is answered."""

    ts: str
    thread_ts: str = ""
    """The thread that it is in; empty if it is in none."""
    direct: bool = False
    """Whether it is in the direct message with the app, where its author is the only reader."""
    external: bool = False
    """Whether people of other workspaces read it, too (Slack Connect)."""

    @property
    def thread(self) -> str | None:
        """Where all who read the message see an answer: below it, or beside a direct message."""
        return self.thread_ts or (None if self.direct else self.ts)

    @property
    def private_thread(self) -> str | None:
        """Where its author alone sees one: in a thread only if there is one already."""
        return self.thread_ts or None


def with_reason(message: dict[str, Any]) -> dict[str, Any]:
    """The message, and why only one person sees it."""
    text = f"{message['text']}\n_{_ONLY_YOU}_"
    if not message["blocks"]:
        return message | {"text": text}
    room = m.MAX_BLOCKS - len(message["blocks"])
    blocks = [*message["blocks"], *(each.to_dict() for each in m.context(_ONLY_YOU)[:room])]
    return message | {"text": text, "blocks": blocks}
