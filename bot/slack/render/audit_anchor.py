"""The audit's daily anchor."""

from __future__ import annotations

from bot.slack.render import message as m
from bot.slack.render.message import Message
from bot.store.anchor import Anchor
from bot.util.text import count_of


def anchor_message(anchor: Anchor) -> Message:
    """The last row's number and hash, in the form in which `dms-bot audit verify` takes them."""
    text = (
        f"🔏 The audit has {count_of(anchor.seq, 'row')}. To check later that none of them was changed: "
        f"`dms-bot audit verify --expect {anchor}`"
    )
    return m.message(text, m.sections(text))
