"""Turning what a person picks into the value that Slack sends."""

from typing import Any

from sandbox.slack.errors import ControlError
from sandbox.slack.inputs import LISTS, VALUE_KEYS
from sandbox.slack.rules.objects import options_of
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON

_PEOPLE = {"selected_user", "selected_users"}
_CHANNELS = {
    "selected_channel",
    "selected_channels",
    "selected_conversation",
    "selected_conversations",
}


def state_of(ws: Workspace, element: JSON, value: Any, suggested: list[JSON]) -> JSON:
    """The state of an element after a person chose `value`: a text, an option's value or label, a handle,
    a list of these, or None for nothing. Raises ControlError for what is not on offer."""
    kind = element["type"]
    key = VALUE_KEYS[kind][0]
    if key in LISTS:
        many = [] if value is None else value if isinstance(value, list | tuple) else [value]
        chosen: Any = [_one(ws, element, key, item, suggested) for item in many]
        _check_count(element, chosen)
    else:
        chosen = None if value is None else _one(ws, element, key, value, suggested)
    return {"type": kind, key: chosen}


def _one(ws: Workspace, element: JSON, key: str, value: Any, suggested: list[JSON]) -> Any:
    if key in ("selected_option", "selected_options"):
        return pick(options_of(element) + suggested, value)
    if key in _PEOPLE:
        return ws.need_user(str(value)).id
    if key in _CHANNELS:
        return ws.need_channel(str(value)).id
    return value


def pick(options: list[JSON], value: Any) -> JSON:
    """By the option's value, else by its label."""
    wanted = value.get("value") if isinstance(value, dict) else value
    for option in options:
        if option.get("value") == wanted:
            return option
    for option in options:
        if option["text"]["text"] == wanted:
            return option
    there = ", ".join(str(option.get("value")) for option in options[:20])
    raise ControlError(f"{wanted!r} is not on offer; there is: {there or 'nothing'}")


def _check_count(element: JSON, chosen: list[Any]) -> None:
    most = element.get("max_selected_items")
    if most is not None and len(chosen) > most:
        raise ControlError(f"at most {most} may be chosen")
