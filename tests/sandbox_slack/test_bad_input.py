"""Nonsense is refused in Slack's words; nothing breaks."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack import SandboxError, SlackControl, SlackServer
from sandbox.slack.rules import check_attachments, check_message_blocks, check_view
from sandbox.slack.rules.blocks import IN_MESSAGE, IN_MODAL
from sandbox.slack.rules.elements import IN_ACTIONS, IN_INPUT

KINDS = st.sampled_from(
    [*IN_MODAL, *IN_MESSAGE, *IN_ACTIONS, *IN_INPUT, "mrkdwn", "plain_text", "modal", "home"]
)
WORDS = (
    "type text blocks elements element accessory fields options option_groups value confirm label title "
    "initial_option initial_options rows action_id block_id child_blocks chart tasks actions"
)
KEYS = st.sampled_from(WORDS.split())
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | KINDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@given(JSON)
def test_rules_answer_whatever_comes(value: Any) -> None:
    for faults in (
        check_message_blocks(value),
        check_view(value, "modal"),
        check_view(value, "home"),
        check_attachments(value),
    ):
        assert all("[json-pointer:/" in fault for fault in faults)


@given(JSON)
def test_what_is_wrong_once_is_wrong_within_a_list(value: Any) -> None:
    alone = bool(check_message_blocks([value]))
    assert bool(check_message_blocks([{"type": "divider"}, value])) == alone


@pytest.mark.parametrize("body", ["", "[", "[]", '"x"', "null"])
def test_response_url_with_nonsense(slack: SlackServer, control: SlackControl, body: str) -> None:
    url = control.command("x")["payload"]["response_url"]
    assert httpx.post(url, content=body).status_code == 400


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"channel": "C0DMS00001", "oldest": "yesterday"}, "invalid_ts_oldest"),
        ({"channel": "C0DMS00001", "cursor": "?"}, "invalid_cursor"),
        ({"channel": "C0DMS00001", "limit": "many"}, "invalid_arguments"),
        ({}, "channel_not_found"),
    ],
)
def test_history_with_nonsense(
    slack: SlackServer, control: SlackControl, data: dict[str, str], error: str
) -> None:
    control.say("hello", channel="dms")
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    answer = httpx.post(slack.api_url + "conversations.history", data=data, headers=headers).json()
    assert answer["error"] == error


def test_people_cannot_press_what_is_not_theirs(control: SlackControl, web: Any) -> None:
    trigger = control.command("x", user="dana")["payload"]["trigger_id"]
    view = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "t"},
        "blocks": [],
        "notify_on_close": True,
    }
    opened = web.views_open(trigger_id=trigger, view=view)["view"]
    with pytest.raises(SandboxError, match="another person"):
        control.close_view(opened, user="sam")
    private = control.messages("dms", user="dana")[-1]
    with pytest.raises(SandboxError, match="another person"):
        control.press(private, text="x", user="sam")
    with pytest.raises(SandboxError, match="nothing to press"):
        control.press(private, text="x", user="dana")
    with pytest.raises(SandboxError, match="not in dms-approvals"):
        control.command("x", user="quinn", channel="dms-approvals")
