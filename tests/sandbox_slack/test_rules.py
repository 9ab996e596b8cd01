"""Slack's limits, each met exactly and broken by one."""

from typing import Any

import pytest

from sandbox.slack.rules import check_attachments, check_message_blocks, check_view
from tests.sandbox_slack.conftest import button, modal, section, text_input

Block = dict[str, Any]


def plain_text(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def options(count: int, text: str = "o", value: str = "v") -> list[Block]:
    return [{"text": plain_text(text), "value": f"{value}{n}"} for n in range(count)]


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def select(count: int = 1, kind: str = "static_select", **extra: Any) -> Block:
    return {"type": kind, "action_id": "s", "options": options(count), **extra}


def confirm(**changes: Any) -> Block:
    whole = {"title": "t", "text": "x", "confirm": "y", "deny": "n"} | changes
    return {name: plain_text(text) for name, text in whole.items()}


def buttons(count: int) -> list[Block]:
    return [button("b", f"a{n}") for n in range(count)]


LIMITS: list[tuple[str, Any, int]] = [
    ("section text", lambda n: section("x" * n), 3000),
    ("fields", lambda n: {"type": "section", "fields": [plain_text("x")] * n}, 10),
    ("field text", lambda n: {"type": "section", "fields": [plain_text("x" * n)]}, 2000),
    ("header", lambda n: {"type": "header", "text": plain_text("x" * n)}, 150),
    ("button text", lambda n: actions(button("x" * n, "a")), 75),
    ("button value", lambda n: actions(button("x", "a", "v" * n)), 2000),
    ("action_id", lambda n: actions(button("x", "a" * n)), 255),
    ("block_id", lambda n: section("x") | {"block_id": "b" * n}, 255),
    ("actions", lambda n: actions(*buttons(n)), 25),
    ("context", lambda n: {"type": "context", "elements": [plain_text("x")] * n}, 10),
    ("select options", lambda n: actions(select(n)), 100),
    ("option text", lambda n: actions(select(options=options(1, "x" * n))), 75),
    ("option value", lambda n: actions(select(options=options(1, value="v" * (n - 1)))), 150),
    ("checkboxes", lambda n: actions(select(n, "checkboxes")), 10),
    ("radio buttons", lambda n: actions(select(n, "radio_buttons")), 10),
    ("overflow", lambda n: actions(select(n, "overflow")), 5),
    ("confirm title", lambda n: actions(button("x", "a") | {"confirm": confirm(title="x" * n)}), 100),
    ("confirm text", lambda n: actions(button("x", "a") | {"confirm": confirm(text="x" * n)}), 300),
    ("confirm yes", lambda n: actions(button("x", "a") | {"confirm": confirm(confirm="x" * n)}), 30),
    ("placeholder", lambda n: actions(select(placeholder=plain_text("x" * n))), 150),
    ("alt text", lambda n: {"type": "image", "image_url": "https://x.test/a", "alt_text": "x" * n}, 2000),
    ("input label", lambda n: text_input("a", "b") | {"label": plain_text("x" * n)}, 2000),
    ("markdown", lambda n: {"type": "markdown", "text": "x" * n}, 12_000),
    ("table rows", lambda n: {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * n}, 100),
    ("table columns", lambda n: {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * n]}, 20),
]


@pytest.mark.parametrize(("build", "most"), [row[1:] for row in LIMITS], ids=[row[0] for row in LIMITS])
def test_limit(build: Any, most: int) -> None:
    assert check_message_blocks([build(most)]) == []
    assert check_message_blocks([build(most + 1)]) != []


REFUSED: dict[str, Block] = {
    "unknown block": {"type": "carousel_of_wonders"},
    "no text": {"type": "section"},
    "empty text": section(""),
    "mrkdwn header": {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
    "mrkdwn button": actions(button("x", "a") | {"text": {"type": "mrkdwn", "text": "x"}}),
    "unknown property": section("x") | {"colour": "red"},
    "unknown style": actions(button("x", "a") | {"style": "warning"}),
    "input in actions": actions({"type": "plain_text_input", "action_id": "a"}),
    "button in context": {"type": "context", "elements": [button("x", "a")]},
    "text input as accessory": section("x") | {"accessory": {"type": "plain_text_input", "action_id": "a"}},
    "no elements": actions(),
    "same action id twice": actions(button("x", "a"), button("y", "a")),
    "image without source": {"type": "image", "alt_text": "x"},
    "image with both sources": {
        "type": "image",
        "alt_text": "x",
        "image_url": "https://x.test/a",
        "slack_file": {"id": "F1"},
    },
    "initial option not offered": actions(select(2) | {"initial_option": options(3)[2]}),
    "options and groups": actions(
        select(1) | {"option_groups": [{"label": plain_text("g"), "options": options(1)}]}
    ),
    "same option value twice": actions(select() | {"options": options(1) * 2}),
    "file input in a message": text_input("a", "b") | {"element": {"type": "file_input", "action_id": "a"}},
    "text is a string": {"type": "section", "text": "x"},
    "link without scheme": actions(button("x", "a") | {"url": "example"}),
}


@pytest.mark.parametrize("block", REFUSED.values(), ids=REFUSED)
def test_refused(block: Block) -> None:
    faults = check_message_blocks([block])
    assert faults
    assert all("[json-pointer:/blocks/0" in fault for fault in faults)


def test_count_and_uniqueness_of_blocks() -> None:
    assert check_message_blocks([section("x")] * 50) == []
    assert "no more than 50 items" in check_message_blocks([section("x")] * 51)[0]
    assert check_message_blocks([section("x") | {"block_id": "same"}] * 2)
    assert check_message_blocks("not a list")
    assert check_message_blocks([actions(button("x", "a")), actions(button("x", "a"))]) == []


def test_accepted_blocks() -> None:
    rich = {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]},
                ],
            }
        ],
    }
    every_select = [
        {"type": kind, "action_id": kind}
        for kind in ("external_select", "multi_external_select", "users_select", "channels_select")
    ]
    assert check_message_blocks([rich, {"type": "divider"}, actions(*every_select)]) == []


def test_views() -> None:
    def view(**changes: Any) -> Block:
        return modal([section("x")]) | changes

    assert check_view(view(), "modal") == []
    assert check_view(view(title=plain_text("x" * 25)), "modal")
    assert check_view(view(submit=plain_text("x" * 25)), "modal")
    assert check_view(view(private_metadata="x" * 3000), "modal") == []
    assert check_view(view(private_metadata="x" * 3001), "modal")
    assert check_view(view(blocks=[section("x")] * 100), "modal") == []
    assert check_view(view(blocks=[section("x")] * 101), "modal")
    assert check_view(view(blocks=[{"type": "markdown", "text": "x"}]), "modal")
    without_submit = modal([text_input("a", "b")])
    del without_submit["submit"]
    assert "submit" in check_view(without_submit, "modal")[0]
    home = {"type": "home", "blocks": [section("x")]}
    assert check_view(home, "home") == []
    assert check_view(home | {"title": plain_text("x")}, "home")
    assert check_view(home, "modal")


def test_attachments() -> None:
    assert check_attachments([{"color": "#ff0000", "blocks": [section("x")]}]) == []
    assert "/attachments/0/blocks/0/text/text" in check_attachments([{"blocks": [section("")]}])[0]
    assert check_attachments([{"text": "x"}] * 101)
