"""Whom Slack mutes, and messages that it posts by itself later: asked of the local Slack."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.slack.api.client import slack_client
from bot.slack.api.do_not_disturb import is_muted, muted_at
from bot.slack.api.scheduled import cancel_message, schedule_message
from sandbox.slack import SlackServer
from tests.waiting import until

DANA, DMS = "U0DANA0001", "C0DMS00001"
START, END = 1_450_416_600, 1_450_452_600
"""The sample of the page of `dnd.info`: ten hours."""
DAY = 86_400


@pytest.fixture(scope="module")
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.mark.parametrize(
    ("seconds", "muted"),
    [
        (START - 1, False),
        (START, True),
        (END - 1, True),
        (END, False),
        (START + 5 * DAY, True),
        (END + 5 * DAY, False),
    ],
)
def test_the_session_of_every_night(seconds: int, muted: bool) -> None:
    answer = {"dnd_enabled": True, "next_dnd_start_ts": START, "next_dnd_end_ts": END}
    assert muted_at(answer, datetime.fromtimestamp(seconds, UTC)) is muted


@pytest.mark.parametrize(
    ("answer", "muted"),
    [
        ({"dnd_enabled": False, "next_dnd_start_ts": START, "next_dnd_end_ts": END}, False),
        ({"dnd_enabled": True, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1}, False),
        ({}, None),
    ],
)
def test_nobody_is_muted_or_it_is_not_known(answer: dict[str, Any], muted: bool | None) -> None:
    assert muted_at(answer, datetime.fromtimestamp(START, UTC)) is muted


def test_it_is_asked_for_a_person(slack: SlackServer) -> None:
    client, now = slack_client(slack.bot_token, slack.api_url), datetime.now(UTC)
    assert is_muted(client, DANA, now) is False
    slack.control.quiet("dana", 600)
    assert is_muted(client, DANA, now + timedelta(seconds=300)) is True
    assert is_muted(client, DANA, now + timedelta(seconds=900)) is False
    assert is_muted(client, "U0NOBODY", now) is None


def test_a_message_that_comes_even_if_the_bot_is_dead(slack: SlackServer) -> None:
    client, soon = slack_client(slack.bot_token, slack.api_url), datetime.now(UTC) + timedelta(seconds=3)
    later = soon + timedelta(hours=1)
    left = schedule_message(client, DMS, "due 2026-12-05 02:00 UTC, but the bot is silent", soon)
    taken_back = schedule_message(client, DMS, "never", later)
    assert left
    assert cancel_message(client, taken_back) is True
    assert cancel_message(client, taken_back) is False, "it is gone"
    shown = "{date_short_pretty} {time}|2026-12-05 02:00 UTC>, but the bot is silent"
    until(lambda: any(shown in each["text"] for each in slack.control.messages("dms")))
    assert schedule_message(client, DMS, "too late", datetime.fromtimestamp(time.time() - 5, UTC)) == ""
