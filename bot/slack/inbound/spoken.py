"""Commands in messages: mentions in channels, and what people write to the app directly.

Sources: https://docs.slack.dev/reference/events/app_mention, …/events/message.im, …/events/message (subtypes)
and https://docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.cmdline.job_refs import jobs_of_links
from bot.slack.api.installation import Installation, is_true
from bot.slack.api.said import Said
from bot.slack.inbound import payloads
from bot.slack.inbound.payloads import Malformed
from bot.store.records import Person

_TYPED = ("", "file_share", "thread_broadcast")
"""The subtypes of messages that people have just written; empty for none."""
_TIMESTAMP = re.compile(r"\d{1,12}\.\d{1,9}")
_PUNCTUATION = " \t\r\n\u00a0:,"
"""What may follow a mention, as in `@dms: show orders-db`."""


_GREETINGS = frozenset({"hi", "hello", "hey", "hi there", "hello there", "good morning", "moin", "start"})
_AROUND_A_GREETING = " \t\r\n.,!?👋"


@dataclass(frozen=True, slots=True)
class SpokenCommand:
    """A message that a person has written for the app to read."""

    who: Person
    text: str
    """What would be typed after the slash command."""
    said: Said
    begins: bool = True
    """Whether nothing but a mention of the app comes before the command."""

    @property
    def greets(self) -> bool:
        """Whether it is only a mention or a greeting, which the dashboard answers. In the direct message,
        `help` is answered so, too."""
        words = self.text.strip(_AROUND_A_GREETING).casefold()
        return not words or words in _GREETINGS or (self.said.direct and words == "help")

    @property
    def key(self) -> str:
        """The same for each delivery of this message, whatever kind of event it comes as."""
        return f"said:{self.who.channel}:{self.said.ts}"


def parse_spoken(body: Mapping[str, Any], bot_user: str, home: Installation) -> SpokenCommand | None:
    """From an `app_mention` or `message` event in its wrapper.

    None for what no person has just written to the app: edits, deletions, messages of apps, and what is said
    in channels without a mention.

    Raises:
        Malformed.
    """
    event = payloads.part(body, "event")
    user, channel = payloads.text(event, "user"), payloads.text(event, "channel")
    direct = channel.startswith("D")
    if not user or user == bot_user or not _is_typed(event) or direct != (event.get("type") == "message"):
        return None
    written = payloads.text(event, "text")
    mention = re.search(rf"<@{re.escape(bot_user)}(?:\|[^<>]*)?>", written) if bot_user else None
    if mention is None and not direct:
        return None
    said = Said(
        ts=_timestamp(event, "ts"),
        thread_ts=_timestamp(event, "thread_ts") if event.get("thread_ts") else "",
        direct=direct,
        external=is_true(body.get("is_ext_shared_channel")),
    )
    before = written[: mention.start()].strip() if mention else ""
    behind = written[mention.end() :] if mention else written
    text = behind.strip(_PUNCTUATION) or before
    return SpokenCommand(payloads.person(body, user, home, channel), _with_verb(text), said, not before)


def _is_typed(event: Mapping[str, Any]) -> bool:
    """Whether a person has just written it: an edit carries `edited` or a subtype, and what apps post in
    somebody's name a `bot_id`."""
    if event.get("bot_id") or event.get("edited") or event.get("hidden"):
        return False
    return payloads.text(event, "subtype") in _TYPED


def _with_verb(text: str) -> str:
    """A link to a job's page alone asks to show it."""
    words = text.split(maxsplit=1)
    return f"show {text}" if words and jobs_of_links(words[0]) else text


def _timestamp(event: Mapping[str, Any], key: str) -> str:
    value = payloads.text(event, key)
    if not _TIMESTAMP.fullmatch(value):
        raise Malformed(f"{key} is no time stamp")
    return value
