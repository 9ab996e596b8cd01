"""Whole messages, modals and Home tabs: counts, uniqueness, and what only the whole can tell."""

import json
from typing import Any

from sandbox.slack.rules.blocks import IN_HOME, IN_MESSAGE, IN_MODAL
from sandbox.slack.rules.charts import PER_MESSAGE
from sandbox.slack.rules.objects import plain
from sandbox.slack.rules.shapes import (
    Check,
    Faults,
    anything,
    boolean,
    by_type,
    fault,
    items,
    may,
    need,
    one_of,
    record,
    string,
)
from sandbox.slack.rules.tables import DATA_TABLE_TEXT, text_of
from sandbox.slack.rules.walk import elements_in, flat

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
ATTACHMENTS = 100
VIEW_BYTES = 250_000


def _unique_ids(blocks: Any, pointer: str, faults: Faults) -> None:
    seen: set[str] = set()
    for index, top in enumerate(blocks):
        for block in flat([top]):
            block_id = block.get("block_id")
            if block_id and block_id in seen:
                fault(faults, f"{pointer}/{index}/block_id", f"`block_id` already exists: {block_id}")
            seen.add(block_id or "")
            _unique_actions(block, f"{pointer}/{index}", faults)


def _unique_actions(block: dict[str, Any], pointer: str, faults: Faults) -> None:
    seen: set[str] = set()
    for element in elements_in(block):
        action_id = element.get("action_id")
        if action_id and action_id in seen:
            fault(faults, pointer, f"`action_id` already exists in this block: {action_id}")
        seen.add(action_id or "")


def _single_focus(blocks: Any, pointer: str, faults: Faults) -> None:
    focused = [e for block in flat(blocks) for e in elements_in(block) if e.get("focus_on_load")]
    if len(focused) > 1:
        fault(faults, pointer, "only one element may have focus_on_load")


def _block_list(kinds: dict[str, Check], most: int, least: int = 1) -> Check:
    each = items(by_type(kinds), most, least)

    def check(value: Any, pointer: str, faults: Faults) -> None:
        before = len(faults)
        each(value, pointer, faults)
        if len(faults) == before:
            _unique_ids(value, pointer, faults)
            _single_focus(value, pointer, faults)

    return check


def check_totals(blocks: list[dict[str, Any]], pointer: str = "/blocks") -> list[str]:
    """What is counted over the whole message, its attachments among it."""
    faults: Faults = []
    of_kind = {kind: [each for each in flat(blocks) if each["type"] == kind] for kind in _COUNTED}
    if sum(len(block["text"]) for block in of_kind["markdown"]) > 12_000:
        fault(faults, pointer, "markdown blocks must be less than 12001 characters together")
    if sum(text_of(block["rows"]) for block in of_kind["data_table"]) > DATA_TABLE_TEXT:
        fault(faults, pointer, f"data tables must be less than {DATA_TABLE_TEXT + 1} characters together")
    if len(of_kind["data_visualization"]) > PER_MESSAGE:
        fault(faults, pointer, f"no more than {PER_MESSAGE} data_visualization blocks allowed")
    if len(of_kind["table"]) > 1:
        fault(faults, pointer, "only one table is allowed in a message")
    return faults


_COUNTED = ("markdown", "data_table", "data_visualization", "table")
_message_blocks = _block_list(IN_MESSAGE, MESSAGE_BLOCKS, least=0)


def check_message_blocks(blocks: Any, pointer: str = "/blocks") -> list[str]:
    """What is wrong with a message's blocks; an empty list if nothing is."""
    faults: Faults = []
    _message_blocks(blocks, pointer, faults)
    if not faults:
        return check_totals(blocks, pointer)
    return faults


def check_known(blocks: Any, lacking: frozenset[str], pointer: str = "/blocks") -> list[str]:
    """The blocks that a workspace refuses because it does not have their types (yet)."""
    faults: Faults = []
    for index, block in enumerate(blocks if isinstance(blocks, list) else []):
        if isinstance(block, dict) and block.get("type") in lacking:
            fault(faults, f"{pointer}/{index}/type", f"unsupported type: {block['type']}")
    return faults


_attachment = record(
    {
        **{
            name: may(string(40_000, 0))
            for name in (
                "fallback",
                "color",
                "pretext",
                "author_name",
                "author_link",
                "author_icon",
                "title",
                "title_link",
                "text",
                "image_url",
                "thumb_url",
                "footer",
                "footer_icon",
                "callback_id",
                "id",
            )
        },
        "blocks": may(_message_blocks),
        "fields": may(
            items(
                record({"title": may(string(2000, 0)), "value": may(string(2000, 0)), "short": may(boolean)}),
                100,
                0,
            )
        ),
        "mrkdwn_in": may(items(string(255), 10, 0)),
        "ts": may(anything),
        "actions": may(anything),
    }
)


def check_attachments(attachments: Any) -> list[str]:
    """What is wrong with a message's attachments; an empty list if nothing is."""
    faults: Faults = []
    items(_attachment, ATTACHMENTS, 0)(attachments, "/attachments", faults)
    return faults


_COMMON = {
    "callback_id": may(string(255, 0)),
    "private_metadata": may(string(3000, 0)),
    "external_id": may(string(255, 0)),
}
_modal = record(
    {
        "type": need(one_of("modal")),
        "title": need(plain(24)),
        "blocks": need(_block_list(IN_MODAL, VIEW_BLOCKS, least=0)),
        "submit": may(plain(24)),
        "close": may(plain(24)),
        "clear_on_close": may(boolean),
        "notify_on_close": may(boolean),
        "submit_disabled": may(boolean),
        **_COMMON,
    }
)
_home = record(
    {
        "type": need(one_of("home")),
        "blocks": need(_block_list(IN_HOME, VIEW_BLOCKS, least=0)),
        **_COMMON,
    }
)


def check_view(view: Any, kind: str) -> list[str]:
    """What is wrong with a view of this kind ("modal" or "home"); an empty list if nothing is."""
    faults: Faults = []
    (_modal if kind == "modal" else _home)(view, "/view", faults)
    if not faults and kind == "modal":
        _needs_submit(view, faults)
    if not faults and len(json.dumps(view)) > VIEW_BYTES:
        fault(faults, "/view", "view_too_large")
    return faults


def _needs_submit(view: dict[str, Any], faults: Faults) -> None:
    if any(block["type"] == "input" for block in view["blocks"]) and not view.get("submit"):
        fault(faults, "/view", "missing required field: submit (a modal with inputs must have it)")
