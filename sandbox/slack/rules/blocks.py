"""Layout blocks and the surfaces that take them.
Source: https://docs.slack.dev/reference/block-kit/blocks"""

from sandbox.slack.rules.elements import ACCESSORIES, IN_ACTIONS, IN_INPUT, image
from sandbox.slack.rules.objects import plain, slack_file, text
from sandbox.slack.rules.richtext import rich_text, table
from sandbox.slack.rules.shapes import (
    Check,
    Field,
    anything,
    at_least_one,
    boolean,
    by_type,
    exactly_one,
    items,
    may,
    need,
    one_of,
    record,
    string,
)


def _block(kind: str, fields: dict[str, Field], *also: Check) -> Check:
    return record({"type": need(one_of(kind)), "block_id": may(string(255)), **fields}, *also)


_CONTEXT_ITEM: dict[str, Check] = {
    "image": image,
    "plain_text": text(3000),
    "mrkdwn": text(3000),
}


def _input_block(elements: dict[str, Check]) -> Check:
    return _block(
        "input",
        {
            "label": need(plain(2000)),
            "element": need(by_type(elements, "not allowed in an input block")),
            "dispatch_action": may(boolean),
            "hint": may(plain(2000)),
            "optional": may(boolean),
        },
    )


_IN_INPUT_OF_MESSAGE = {kind: check for kind, check in IN_INPUT.items() if kind != "file_input"}

_EVERYWHERE: dict[str, Check] = {
    "section": _block(
        "section",
        {
            "text": may(text(3000)),
            "fields": may(items(text(2000), 10)),
            "accessory": may(by_type(ACCESSORIES, "not allowed as an accessory")),
            "expand": may(boolean),
        },
        at_least_one("text", "fields"),
    ),
    "actions": _block(
        "actions", {"elements": need(items(by_type(IN_ACTIONS, "not allowed in an actions block"), 25))}
    ),
    "context": _block(
        "context", {"elements": need(items(by_type(_CONTEXT_ITEM, "not allowed in a context block"), 10))}
    ),
    "divider": _block("divider", {}),
    "header": _block("header", {"text": need(plain(150))}),
    "image": _block(
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
    "video": _block(
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

IN_MESSAGE: dict[str, Check] = {
    **_EVERYWHERE,
    "input": _input_block(_IN_INPUT_OF_MESSAGE),
    "markdown": _block("markdown", {"text": need(string(12_000))}),
    "table": table,
    "file": _block("file", {"external_id": need(string(255)), "source": need(one_of("remote"))}),
    "context_actions": _block(
        "context_actions",
        {
            "elements": need(
                items(by_type({"feedback_buttons": anything, "icon_button": anything}, "context action"), 5)
            )
        },
    ),
}
IN_MODAL: dict[str, Check] = {**_EVERYWHERE, "input": _input_block(IN_INPUT)}
IN_HOME: dict[str, Check] = {**_EVERYWHERE, "input": _input_block(_IN_INPUT_OF_MESSAGE)}
