"""Messages that name people without notifying them.

A new message notifies everybody whom it mentions, and a mention in a thread has them follow it.
Source: https://slack.com/help/articles/115000769927
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bot.slack.render import mrkdwn
from bot.slack.render.message import Message, with_texts


def unmentioned(message: Message, people: Iterable[str], called: Callable[[str], str]) -> Message:
    """The message with the names of these people (user IDs) for their mentions. `called` gives the name."""
    names = {mrkdwn.mention("@", each): mrkdwn.name(called(each)) for each in people if each}

    def named(text: str) -> str:
        for mention, name in names.items():
            text = text.replace(mention, name)
        return text

    return with_texts(message, named) if names else message
