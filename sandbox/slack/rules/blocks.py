"""Layout blocks and the surfaces that take them.
Source: https://docs.slack.dev/reference/block-kit/blocks, and each block's own page"""

from sandbox.slack.rules.cards import alert, card, carousel, context_actions, plan, task_card
from sandbox.slack.rules.charts import data_visualization
from sandbox.slack.rules.elements import ACCESSORIES, IN_ACTIONS, IN_INPUT, image
from sandbox.slack.rules.objects import plain, slack_file, text
from sandbox.slack.rules.richtext import rich_text
from sandbox.slack.rules.shapes import (
    Check,
    Faults,
    at_least_one,
    block,
    boolean,
    by_type,
    exactly_one,
    fault,
    integer,
    items,
    may,
    need,
    one_of,
    string,
)
from sandbox.slack.rules.tables import data_table, table

_CONTEXT_ITEM: dict[str, Check] = {
    "image": image,
    "plain_text": text(3000),
    "mrkdwn": text(3000),
}


def _input_block(elements: dict[str, Check]) -> Check:
    return block(
        "input",
        {
            "label": need(plain(2000)),
            "element": need(by_type(elements)),
            "dispatch_action": may(boolean),
            "hint": may(plain(2000)),
            "optional": may(boolean),
        },
    )


_IN_INPUT_OF_MESSAGE = {kind: check for kind, check in IN_INPUT.items() if kind != "file_input"}

_EVERYWHERE: dict[str, Check] = {
    "section": block(
        "section",
        {
            "text": may(text(3000)),
            "fields": may(items(text(2000), 10)),
            "accessory": may(by_type(ACCESSORIES)),
            "expand": may(boolean),
        },
        at_least_one("text", "fields"),
    ),
    "actions": block("actions", {"elements": need(items(by_type(IN_ACTIONS), 25))}),
    "context": block("context", {"elements": need(items(by_type(_CONTEXT_ITEM), 10))}),
    "divider": block("divider", {}),
    "header": block("header", {"text": need(plain(150)), "level": may(integer(1, 4))}),
    "image": block(
        "image",
        {
            "alt_text": need(string(2000)),
            "image_url": may(string(3000)),
            "slack_file": may(slack_file),
            "title": may(plain(2000)),
        },
        exactly_one("image_url", "slack_file"),
    ),
    "rich_text": rich_text,
    "card": card,
    "video": block(
        "video",
        {
            "alt_text": need(string(2000)),
            "title": need(plain(199)),
            "thumbnail_url": need(string(3000)),
            "video_url": need(string(3000)),
            "author_name": may(string(49)),
            "description": may(plain(200)),
            "provider_icon_url": may(string(3000)),
            "provider_name": may(string(255)),
            "title_url": may(string(3000)),
        },
    ),
}


def _fold(value: dict[str, object], pointer: str, faults: Faults) -> None:
    if value.get("default_collapsed") and not value.get("is_collapsible"):
        fault(faults, pointer, "default_collapsed requires is_collapsible")
    if value.get("has_header_divider") and value.get("is_collapsible"):
        fault(faults, pointer, "has_header_divider only applies when is_collapsible is not true")


# Fewer than the page lists: what both the page and the service's own answer name, as others met it.
# `file`, `input` and `rich_text` are on the page alone.
_IN_CONTAINER = {
    **{
        kind: _EVERYWHERE[kind]
        for kind in ("actions", "context", "divider", "header", "image", "section", "video")
    },
    "table": table,
}
container = block(
    "container",
    {
        "title": may(plain(150)),
        "rich_text_title": may(rich_text),
        "subtitle": may(text(150)),
        "child_blocks": need(items(by_type(_IN_CONTAINER), 10)),
        "width": may(one_of("narrow", "standard", "wide", "full")),
        "icon": may(image),
        "is_collapsible": may(boolean),
        "default_collapsed": may(boolean),
        "has_header_divider": may(boolean),
    },
    at_least_one("title", "rich_text_title"),
    _fold,
)

_TOLD = {
    "carousel": carousel,
    "container": container,
    "data_table": data_table,
    "data_visualization": data_visualization,
    "table": table,
}
"""Blocks that show, for messages and Home tabs, and not for modals."""

IN_MESSAGE: dict[str, Check] = {
    **_EVERYWHERE,
    **_TOLD,
    "input": _input_block(_IN_INPUT_OF_MESSAGE),
    "markdown": block("markdown", {"text": need(string(12_000))}),
    "file": block("file", {"external_id": need(string(255)), "source": need(one_of("remote"))}),
    "context_actions": context_actions,
    "plan": plan,
    "task_card": task_card,
}
IN_MODAL: dict[str, Check] = {**_EVERYWHERE, "alert": alert, "input": _input_block(IN_INPUT)}
IN_HOME: dict[str, Check] = {**_EVERYWHERE, **_TOLD, "input": _input_block(_IN_INPUT_OF_MESSAGE)}

NEW = frozenset(
    {
        "alert",
        "card",
        "carousel",
        "container",
        "context_actions",
        "data_table",
        "data_visualization",
        "plan",
        "table",
        "task_card",
    }
)
"""What a workspace that has not moved on does not know (blocks of August 2025 and later)."""
