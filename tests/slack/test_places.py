"""Where a press came from, and where its modal was opened from."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.api.replies import ReplyTarget
from bot.slack.inbound.payloads import parse_block_action, parse_shortcut
from bot.slack.inbound.places import at_place, place_of
from bot.store.records import Person

IN_CHANNEL = Person("T0TEAM0001", "U0DANA0001", "C0DMS00001", "T0TEAM0001")
IN_VIEW = Person("T0TEAM0001", "U0DANA0001", "", "T0TEAM0001")


def press(**more: Any) -> dict[str, Any]:
    return {"user": {"id": "U0DANA0001"}, "actions": [{"action_id": "dms:show:run", "value": "ref"}], **more}


@pytest.mark.parametrize(
    ("below", "lowest", "depth"), [(None, "V1", 1), ("V1", "V1", 2), ("V2", "V1", 3), ("", "", 1)]
)
def test_how_deep_a_view_is(below: str | None, lowest: str, depth: int) -> None:
    view = {"type": "modal", "id": "V3", "previous_view_id": below, "root_view_id": lowest}
    found = parse_block_action(press(view=view))
    assert (found.depth, found.view_id, found.home) == (depth, "V3", False)


def test_a_press_on_the_home_tab_is_in_no_modal() -> None:
    found = parse_block_action(press(view={"type": "home", "id": "V1", "root_view_id": "V1"}))
    assert (found.depth, found.view_id, found.home) == (0, "", True)


def test_what_is_ticked_is_in_the_state_of_the_message_or_of_the_view() -> None:
    """Source: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload"""
    boxes = {"type": "checkboxes", "selected_options": [{"value": "ref 1"}]}
    state = {"values": {"b": {"dms:list:pick:1": boxes}}}
    assert parse_block_action(press(state=state)).ticked == ("ref 1",)
    for kind in ("modal", "home"):
        view = {"type": kind, "id": "V1", "root_view_id": "V1", "state": state}
        assert parse_block_action(press(view=view)).ticked == ("ref 1",)


def test_the_thread_of_a_message() -> None:
    """The head of a thread is no reply in it."""
    reply = {"type": "message", "message_ts": "2.1", "thread_ts": "1.1"}
    head = {"type": "message", "message_ts": "1.1", "thread_ts": "1.1"}
    assert parse_block_action(press(container=reply)).thread == "1.1"
    assert parse_block_action(press(container=head)).thread == ""
    # The page's sample of a container names no thread, and its message does.
    bare = {"type": "message", "message_ts": "2.1"}
    assert (
        parse_block_action(press(container=bare, message={"ts": "2.1", "thread_ts": "1.1"})).thread == "1.1"
    )
    assert parse_block_action(press(container=bare, message={"ts": "1.1", "thread_ts": "1.1"})).thread == ""
    used = {"user": {"id": "U0DANA0001"}, "message": {"ts": "2.1", "thread_ts": "1.1", "text": "x"}}
    assert parse_shortcut(used).thread == "1.1"


def test_a_place_is_found_again() -> None:
    target = ReplyTarget(IN_CHANNEL, "https://hooks.example/1", thread="1.1")
    assert at_place(ReplyTarget(IN_VIEW), place_of(target)) == target
    assert at_place(ReplyTarget(IN_VIEW), {"channel": "C0DMS00001"}).who == IN_CHANNEL
    assert at_place(ReplyTarget(IN_VIEW), {"jobs": []}) == ReplyTarget(IN_VIEW)
