"""What Slack documents is heard; a delivery of another shape is answered, and never heard in part."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from slack_bolt import Ack, App
from slack_bolt.authorization import AuthorizeResult

from bot.slack.inbound import payloads
from bot.slack.inbound.bolt_errors import answer_errors, dispatch, listener
from tests.faults.loglines import LogLines, log_lines

_PERSON: dict[str, Any] = {"team": {"id": "T1", "domain": "d"}, "user": {"id": "U1", "team_id": "T1"}}
_PRESS = _PERSON | {"type": "block_actions", "actions": [{"action_id": "dms:list:run", "value": "x"}]}
_VIEW = {"type": "modal", "callback_id": "dms:edit:submit", "private_metadata": "x", "state": {"values": {}}}
_SUBMISSION = _PERSON | {"type": "view_submission", "view": _VIEW, "response_urls": []}
_EVENT = {"type": "event_callback", "team_id": "T1", "event": {"type": "app_home_opened", "user": "U1"}}
_COMMAND = {"command": "/dms", "text": "", "team_id": "T1", "user_id": "U1"}


def _filled(element: object) -> dict[str, Any]:
    return {"state": {"values": {"b": {"dms:list:pick": element}}}}


@pytest.fixture
def heard() -> list[object]:
    return []


@pytest.fixture
def app(heard: list[object]) -> App:
    """As the bot's, but for what its listeners come to."""
    known = AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-test", bot_user_id="U0BOT")
    made = App(authorize=lambda: known, request_verification_enabled=False, process_before_response=True)
    ours = re.compile("^dms:")
    answer_errors(made)

    @made.command("/dms")
    @listener
    def command(ack: Ack, body: dict[str, Any]) -> None:
        heard.append(payloads.parse_command(body))
        ack()

    @made.action(ours)
    @listener
    def action(ack: Ack, body: dict[str, Any]) -> None:
        heard.append(payloads.parse_block_action(body))
        ack()

    @made.view(ours)
    @listener
    def view(ack: Ack, body: dict[str, Any]) -> None:
        heard.append(payloads.parse_submission(body))
        ack()

    @made.event("app_home_opened")
    @listener
    def opened(event: dict[str, Any]) -> None:
        heard.append(event["user"])

    return made


@pytest.fixture
def log() -> Iterator[LogLines]:
    with log_lines() as lines:
        yield lines


def _over(mode: str, app: App, body: Any) -> int:
    """Deliver it as Slack does in this mode; the status of Bolt's answer."""
    if mode == "socket_mode":
        return dispatch(app, body, None, mode).status
    if isinstance(body, dict) and "command" in body:
        text = urlencode(body)
    else:
        text = json.dumps(body) if "event" in body else urlencode({"payload": json.dumps(body)})
    return dispatch(app, text, {}, mode).status


@pytest.mark.parametrize("mode", ["http", "socket_mode"])
@pytest.mark.parametrize("body", [_PRESS, _SUBMISSION, _EVENT, _COMMAND])
def test_what_slack_sends_is_heard(app: App, heard: list[object], mode: str, body: dict[str, Any]) -> None:
    assert _over(mode, app, body) == 200
    assert len(heard) == 1


@pytest.mark.parametrize("mode", ["http", "socket_mode"])
@pytest.mark.parametrize(
    "body",
    [
        _PRESS | {"actions": [{"action_id": "dms:list:run", "value": 7}]},
        _PRESS | {"actions": [{"action_id": 7}]},
        _PRESS | {"actions": ["dms:list:run"]},
        _PRESS | {"user": "U1"},
        _PRESS | {"user": {"id": ["U1"]}},
        _PRESS | {"team": "T1"},
        _PRESS | {"channel": "C1"},
        _PRESS | {"channel": 7},
        _PRESS | {"user": None},
        _PRESS | {"user": {"team_id": "T1"}},
        _PRESS | {"state": "open"},
        _PRESS | {"state": {"values": {"b": "x"}}},
        _PRESS | _filled("x"),
        _PRESS | _filled({"selected_options": ["x"]}),
        _PRESS | _filled({"selected_options": [{"value": 7}]}),
        _PRESS | _filled({"selected_option": "x"}),
        _SUBMISSION | {"response_urls": None},
        _SUBMISSION | {"view": _VIEW | {"private_metadata": {}}},
        _SUBMISSION | {"view": _VIEW | _filled({"value": 7})},
        _SUBMISSION | {"user": None},
        _COMMAND | {"user_id": ""},
        {"command": "/dms", "text": "list", "team_id": "T1"},
    ],
)
def test_what_has_another_shape_is_refused(
    app: App, heard: list[object], log: LogLines, mode: str, body: Any
) -> None:
    """Over Socket Mode it is acknowledged: there is no other answer after which Slack rests."""
    assert _over(mode, app, body) == (200 if mode == "socket_mode" else 400)
    assert heard == []
    assert len(log.named("request_malformed")) == 1
    assert log.traces() == []


@pytest.mark.parametrize("mode", ["http", "socket_mode"])
@pytest.mark.parametrize(
    "body",
    [
        [],
        _PRESS | {"actions": []},
        _PRESS | {"actions": None},
        _SUBMISSION | {"view": None},
        _SUBMISSION | {"view": {"type": "modal"}},
        _EVENT | {"event": {}},
        _EVENT | {"event": "app_home_opened"},
        _EVENT | {"authorizations": [None]},
    ],
)
def test_what_is_nobodys_is_not_heard(
    app: App, heard: list[object], log: LogLines, mode: str, body: Any
) -> None:
    """An event is acknowledged, or Slack would repeat it, and stop all events after many."""
    answers = {200, 404} if mode == "socket_mode" else {200, 400, 404} if "event" in body else {400, 404}
    assert _over(mode, app, body) in answers
    assert heard == []
    assert log.traces() == []


@pytest.mark.parametrize("mode", ["http", "socket_mode"])
def test_a_fault_of_ours_is_none_of_the_payloads(app: App, log: LogLines, mode: str) -> None:
    body = _EVENT | {"event": {"type": "app_home_opened"}}
    assert _over(mode, app, body) == 500
    assert [each["listener"] for each in log.named("listener_error")] == ["opened"]
    assert log.named("request_malformed") == []
