"""Cards, alerts, plans, and actions in a context.
Source: https://docs.slack.dev/reference/block-kit/blocks/card-block, …/carousel-block, …/alert-block,
…/plan-block, …/task-card-block and …/context-actions-block"""

from typing import Any

from sandbox.slack.rules.elements import button, image
from sandbox.slack.rules.objects import confirm, plain, text
from sandbox.slack.rules.richtext import rich_text
from sandbox.slack.rules.shapes import (
    Check,
    Faults,
    at_least_one,
    at_most_one,
    block,
    by_type,
    fault,
    items,
    may,
    need,
    one_of,
    record,
    string,
)

alert = block(
    "alert",
    {"text": need(text(200)), "level": may(one_of("default", "info", "warning", "error", "success"))},
)

card = block(
    "card",
    {
        "hero_image": may(image),
        "icon": may(image),
        "slack_icon": may(record({"type": need(one_of("icon")), "name": need(string(255))})),
        "title": may(text(150)),
        "subtitle": may(text(150)),
        "body": may(text(200)),
        "subtext": may(text(200)),
        "actions": may(items(by_type({"button": button}), 3)),
    },
    at_least_one("hero_image", "title", "actions", "body"),
    at_most_one("icon", "slack_icon"),
)
carousel = block("carousel", {"elements": need(items(by_type({"card": card}), 10))})

_SOURCE = record({"type": need(one_of("url")), "url": need(string(3000)), "text": need(string(3000))})


def _task(*states: str, alone: bool) -> Check:
    return record(
        {
            "type": need(one_of("task_card")) if alone else may(one_of("task_card")),
            "block_id": may(string(255)),
            "task_id": need(string(255)),
            "title": need(string(3000)),
            "status": need(one_of(*states)),
            "details": may(rich_text),
            "output": may(rich_text),
            "sources": may(items(_SOURCE, 100, 0)),
        }
    )


def _own_ids(value: Any, pointer: str, faults: Faults) -> None:
    ids = [task["task_id"] for task in value["tasks"]]
    if len(set(ids)) < len(ids):
        fault(faults, f"{pointer}/tasks", "`task_id` already exists")


# Only what is in a plan may be pending.
task_card = _task("in_progress", "complete", "error", alone=True)
plan = block(
    "plan",
    {
        "title": need(string(3000)),
        "tasks": need(items(_task("pending", "in_progress", "complete", "error", alone=False), 50, 0)),
    },
    _own_ids,
)

_OPINION = record(
    {"text": need(plain(75)), "value": need(string(2000)), "accessibility_label": may(string(75))}
)
_FEEDBACK = record(
    {
        "type": need(one_of("feedback_buttons")),
        "action_id": may(string(255)),
        "positive_button": need(_OPINION),
        "negative_button": need(_OPINION),
    }
)
_ICON_BUTTON = record(
    {
        "type": need(one_of("icon_button")),
        "icon": need(one_of("trash")),
        "text": need(plain(3000)),
        "action_id": may(string(255)),
        "value": may(string(2000, 0)),
        "confirm": may(confirm),
        "accessibility_label": may(string(75)),
        "visible_to_user_ids": may(items(string(255), 10)),
    }
)
context_actions = block(
    "context_actions",
    {"elements": need(items(by_type({"feedback_buttons": _FEEDBACK, "icon_button": _ICON_BUTTON}), 5))},
)
