"""Modals and Home tabs as JSON values within Slack's limits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from slack_sdk.models.blocks import Block, InputBlock

from bot.slack.render import message as m
from bot.slack.render import mrkdwn

MAX_BLOCKS = 100
MAX_TITLE = 24
MAX_BYTES = 240_000


def modal(
    title: str,
    blocks: Sequence[Block],
    *,
    submit: str = "",
    callback_id: str = "",
    ref: str = "",
    close: str = "Close",
) -> dict[str, Any]:
    """A modal. `ref` is its `private_metadata`: only an opaque id."""
    view: dict[str, Any] = {
        "type": "modal",
        "title": _plain(title),
        "close": _plain(close),
        "blocks": _blocks(blocks),
    }
    if submit:
        view["submit"] = _plain(submit)
    if callback_id:
        view["callback_id"] = callback_id
    if ref:
        view["private_metadata"] = ref
    return view


def home_view(blocks: Sequence[Block]) -> dict[str, Any]:
    return {"type": "home", "blocks": _blocks(blocks)}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": mrkdwn.clip_plain(text, MAX_TITLE), "emoji": True}


def _blocks(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """Blocks as JSON, cut at the end if there are too many; inputs are always kept."""
    m.number_actions(blocks)
    kept = [block.to_dict() for block in blocks]
    if len(kept) <= MAX_BLOCKS and len(json.dumps(kept)) <= MAX_BYTES:
        return kept
    return _cut(blocks)


def _cut(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    inputs = sum(1 for block in blocks if isinstance(block, InputBlock))
    room, size = MAX_BLOCKS - 1 - inputs, MAX_BYTES // 2
    kept: list[dict[str, Any]] = []
    for block in blocks:
        shown = block.to_dict()
        if not isinstance(block, InputBlock):
            room, size = room - 1, size - len(json.dumps(shown))
            if room < 0 or size < 0:
                continue
        kept.append(shown)
    note = m.context("… shortened: this is more than one view can hold.")
    return [*kept[:MAX_BLOCKS], *(block.to_dict() for block in note)][:MAX_BLOCKS]
