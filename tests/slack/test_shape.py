"""What is let through to Bolt, which reads much without a look, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.shape import fault

_PERSON: dict[str, Any] = {"team": {"id": "T1", "domain": "d"}, "user": {"id": "U1", "team_id": "T1"}}
_PRESS = _PERSON | {"type": "block_actions", "actions": [{"action_id": "dms:list:run", "value": "x"}]}
_VIEW = {"type": "modal", "callback_id": "dms:edit:submit", "private_metadata": "x", "state": {"values": {}}}
_SUBMISSION = _PERSON | {"type": "view_submission", "view": _VIEW, "response_urls": []}
_EVENT = {"type": "event_callback", "team_id": "T1", "event": {"type": "app_home_opened", "user": "U1"}}
_COMMAND = {"command": "/dms", "text": "", "team_id": "T1", "user_id": "U1"}


@pytest.mark.parametrize("body", [_PRESS, _SUBMISSION, _EVENT, _COMMAND, {"type": "url_verification"}])
def test_what_slack_sends_is_let_through(body: dict[str, Any]) -> None:
    assert fault(body) == ""


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ([], "it is no object"),
        (_PRESS | {"actions": []}, "actions is malformed"),
        (_PRESS | {"user": "U1"}, "who and where are malformed"),
        (_PRESS | {"team": "T1"}, "who and where are malformed"),
        (_PRESS | {"channel": "C1"}, "who and where are malformed"),
        ({**_PRESS, "user": None}, "user is missing"),
        (_PRESS | {"state": {"values": {"b": {"a": {"selected_options": ["x"]}}}}}, "state is malformed"),
        (_SUBMISSION | {"response_urls": None}, "response_urls is malformed"),
        (_SUBMISSION | {"view": {"type": "modal"}}, "view is malformed"),
        (_SUBMISSION | {"view": {"callback_id": "x"}}, "view is malformed"),
        (_EVENT | {"event": {}}, "event is malformed"),
        (_COMMAND | {"user_id": 7}, "user_id is malformed"),
        ({"command": "/dms", "text": "list", "team_id": "T1"}, "user_id is missing"),
    ],
)
def test_what_has_another_shape_is_told_apart(body: object, wrong: str) -> None:
    assert fault(body) == wrong
