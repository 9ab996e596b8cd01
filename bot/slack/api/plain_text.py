"""A message as text alone, for when Slack refuses its blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.slack.render import mrkdwn
from bot.util.command import COMMAND

MAX_TEXT = 3500
"""`chat.update` takes 4,000 characters of text. Source: https://docs.slack.dev/reference/methods/chat.update"""
NO_BUTTONS = (
    f"_Slack refused the layout of this message, so its buttons are missing. `{COMMAND} approvals` shows the "
    f"open requests, `{COMMAND} show JOB` what can be done with a job._"
)


def text_only(content: Mapping[str, Any]) -> dict[str, Any]:
    """The texts of the blocks, one below the other, and what to type instead of pressing buttons."""
    blocks = content.get("blocks") or ()
    shown = "\n".join(text for block in blocks for text in _texts(block)) or str(content.get("text") or "")
    shown = mrkdwn.clip(shown, MAX_TEXT)  # counts the longest command, which is put in later
    has_buttons = any(_has_button(block) for block in blocks)
    return {"text": f"{shown}\n{NO_BUTTONS}" if has_buttons else shown, "blocks": []}


def _texts(block: Mapping[str, Any]) -> Iterator[str]:
    """The texts of a header, a section or a context block."""
    elements = block.get("elements") or () if block.get("type") == "context" else ()
    for part in (block.get("text"), *(block.get("fields") or ()), *elements):
        text = part.get("text") if isinstance(part, Mapping) else None
        if isinstance(text, str):
            yield text


def _has_button(block: Mapping[str, Any]) -> bool:
    return block.get("type") == "actions" or "accessory" in block
