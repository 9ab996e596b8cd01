"""Composition objects: texts, options, confirmation dialogs.
Source: https://docs.slack.dev/reference/block-kit/composition-objects"""

from typing import Any

from sandbox.slack.rules.shapes import (
    Check,
    Faults,
    at_least_one,
    boolean,
    by_type,
    exactly_one,
    fault,
    items,
    may,
    need,
    one_of,
    record,
    string,
)


def plain(most: int, least: int = 1) -> Check:
    """A `plain_text` object of at most so many characters."""
    return by_type({"plain_text": _plain_text(most, least)})


def text(most: int, least: int = 1) -> Check:
    """A `plain_text` or `mrkdwn` object of at most so many characters."""
    return by_type({"plain_text": _plain_text(most, least), "mrkdwn": _mrkdwn(most, least)})


def _plain_text(most: int, least: int) -> Check:
    return record(
        {"type": need(one_of("plain_text")), "text": need(string(most, least)), "emoji": may(boolean)}
    )


def _mrkdwn(most: int, least: int) -> Check:
    return record(
        {"type": need(one_of("mrkdwn")), "text": need(string(most, least)), "verbatim": may(boolean)}
    )


confirm = record(
    {
        "title": need(plain(100)),
        "text": need(text(300)),
        "confirm": need(plain(30)),
        "deny": need(plain(30)),
        "style": may(one_of("primary", "danger")),
    }
)

_VALUE = need(string(150, 0))

select_option = record({"text": need(plain(75)), "value": _VALUE, "description": may(plain(75))})
choice_option = record({"text": need(text(75)), "value": _VALUE, "description": may(text(75))})
overflow_option = record(
    {"text": need(plain(75)), "value": _VALUE, "description": may(plain(75)), "url": may(string(3000))}
)
option_group = record({"label": need(plain(75)), "options": need(items(select_option, 100))})

slack_file = record({"id": may(string(255)), "url": may(string(3000))}, exactly_one("id", "url"))

conversation_filter = record(
    {
        "include": may(items(one_of("im", "mpim", "private", "public"), 4)),
        "exclude_external_shared_channels": may(boolean),
        "exclude_bot_users": may(boolean),
    },
    at_least_one("include", "exclude_external_shared_channels", "exclude_bot_users"),
)

dispatch_config = record(
    {"trigger_actions_on": need(items(one_of("on_enter_pressed", "on_character_entered"), 2))}
)


def options_of(value: dict[str, Any]) -> list[dict[str, Any]]:
    """All the options of a menu, out of its groups too."""
    grouped = [option for group in value.get("option_groups") or [] for option in group["options"]]
    return list(value.get("options") or []) + grouped


def initial_among_options(value: Any, pointer: str, faults: Faults) -> None:
    """What is chosen at first must be one of the options, to the letter."""
    offered = [_essence(option) for option in options_of(value)]
    chosen = value.get("initial_options") or []
    if value.get("initial_option"):
        chosen = [*chosen, value["initial_option"]]
    for option in chosen:
        if _essence(option) not in offered:
            fault(faults, pointer, f"initial option is not among the options: {option['value']}")


def distinct_values(value: Any, pointer: str, faults: Faults) -> None:
    seen: set[str] = set()
    for option in options_of(value):
        if option["value"] in seen:
            fault(faults, pointer, f"duplicate option value: {option['value']}")
        seen.add(option["value"])


def _essence(option: dict[str, Any]) -> tuple[str, str]:
    return option["text"]["text"], option["value"]
