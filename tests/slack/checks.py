"""Whether a message or view is one that Slack would take, and that nobody from outside speaks in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from bot.slack.render.message import Message
from sandbox.slack.rules import check_message_blocks, check_view

_OURS = re.compile(
    r"<(@[A-Z0-9]+|#[A-Z0-9]+|!subteam\^[A-Z0-9]+|!date\^-?\d+\^[^^|<>]+\|[^<>]+|https?://[^|<>\s]+\|[^<>]+)>"
)
MOST_TEXT = 13_000


def accepted(message: Message) -> dict[str, Any]:
    """The message's payload, after all checks, which its classic layout passes, too."""
    if message.classic is not None:
        accepted(message.classic)
    payload = message.payload()
    assert check_message_blocks(payload["blocks"]) == []
    assert payload["blocks"]
    assert message.text.strip()
    assert len(message.text) <= 4000
    # A table's cells have a limit of their own, which `check_message_blocks` knows.
    plain = [each for each in payload["blocks"] if each["type"] != "data_table"]
    assert sum(map(len, texts(plain))) <= MOST_TEXT
    assert action_ids(payload["blocks"]) == list(dict.fromkeys(action_ids(payload["blocks"])))
    for text in (message.text, *mrkdwn(payload["blocks"])):
        speaks_alone(text)
    calm(payload["blocks"])
    json.dumps(payload, ensure_ascii=False).encode()
    return payload


def accepted_view(view: dict[str, Any], kind: str = "modal") -> dict[str, Any]:
    assert check_view(view, kind) == []
    for text in mrkdwn(view["blocks"]):
        speaks_alone(text)
    assert not reds(view["blocks"]), "a dialog's own button, which Slack does not colour, is its last step"
    json.dumps(view, ensure_ascii=False).encode()
    return view


def calm(blocks: Any) -> None:
    """At most one button is red, and it is a last confirmation: its label opens nothing further.

    Source: docs.slack.dev, button element: `danger` "should be used even less often than primary".
    """
    found = reds(blocks)
    assert len(found) <= 1, [each["text"]["text"] for each in found]
    for each in found:
        assert each["action_id"].split(":")[2] == "confirm", each
        assert not each["text"]["text"].endswith("…"), each


def reds(blocks: Any) -> list[dict[str, Any]]:
    """The red buttons."""
    return [each for each in buttons(blocks).values() if each.get("style") == "danger"]


def speaks_alone(text: str) -> None:
    """Nothing but our own markup is left between `<` and `>`."""
    rest = _OURS.sub("", text)
    assert "<" not in rest, rest
    assert ">" not in rest, rest
    assert not re.search(r"&(?!(amp|lt|gt);)", rest), rest


def texts(value: Any) -> Iterator[str]:
    for each in _objects(value):
        if isinstance(each.get("text"), str):
            yield each["text"]


def mrkdwn(value: Any) -> Iterator[str]:
    for each in _objects(value):
        if each.get("type") == "mrkdwn":
            yield each["text"]


def action_ids(value: Any) -> list[str]:
    return [each["action_id"] for each in _objects(value) if "action_id" in each]


def buttons(value: Any) -> dict[str, dict[str, Any]]:
    """By `action_id`."""
    return {each["action_id"]: each for each in _objects(value) if each.get("type") == "button"}


def all_text(payload: dict[str, Any]) -> str:
    return "\n".join(texts(payload["blocks"]))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _objects(each)
    if isinstance(value, list):
        for each in value:
            yield from _objects(each)
