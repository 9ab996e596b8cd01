"""Filled-in inputs: the `state.values` of views and messages."""

from collections.abc import Iterator
from typing import Any

from sandbox.slack.ids import short_id
from sandbox.slack.rules.walk import elements_in, flat
from sandbox.slack.world import JSON, StateValues

# element type -> (key of the value in the state, key of the first value in the element)
VALUE_KEYS = {
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "file_input": ("files", "initial_files"),
}
LISTS = {"selected_options", "selected_users", "selected_conversations", "selected_channels", "files"}


def fill_ids(blocks: list[JSON]) -> list[JSON]:
    """What Slack fills in: missing IDs, `emoji` and `verbatim` of texts."""
    for block in flat(blocks):
        block.setdefault("block_id", short_id())
        for element in elements_in(block):
            if element.get("type") != "image":
                element.setdefault("action_id", short_id())
    _fill_texts(blocks)
    return blocks


def _fill_texts(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _fill_texts(item)
    elif isinstance(node, dict):
        if node.get("type") == "plain_text":
            node.setdefault("emoji", True)
        elif node.get("type") == "mrkdwn":
            node.setdefault("verbatim", False)
        for value in node.values():
            if isinstance(value, dict | list):
                _fill_texts(value)


def stateful(blocks: list[JSON]) -> Iterator[tuple[JSON, JSON]]:
    """Each block and element with a value (buttons and overflow menus have none)."""
    for block in flat(blocks):
        for element in elements_in(block):
            if element.get("type") in VALUE_KEYS:
                yield block, element


def initial_value(element: JSON) -> JSON:
    key, first = VALUE_KEYS[element["type"]]
    empty: Any = [] if key in LISTS else None
    return {"type": element["type"], key: element.get(first, empty)}


def values_for(blocks: list[JSON], kept: StateValues | None = None) -> StateValues:
    """The state of these blocks; values under the same IDs are kept, as in Slack."""
    values: StateValues = {}
    for block, element in stateful(blocks):
        earlier = (kept or {}).get(block["block_id"], {}).get(element["action_id"])
        same = earlier is not None and earlier["type"] == element["type"]
        chosen = earlier if same and earlier is not None else initial_value(element)
        values.setdefault(block["block_id"], {})[element["action_id"]] = chosen
    return values


def is_empty(state: JSON) -> bool:
    key = VALUE_KEYS[state["type"]][0]
    return state.get(key) in (None, "", [])
