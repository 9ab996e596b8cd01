"""Which messages are commands. Shapes: pages app_mention, message.im and message of docs.slack.dev."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.api.installation import Installation
from bot.slack.api.said import Said
from bot.slack.inbound.payloads import Malformed
from bot.slack.inbound.spoken import SpokenCommand, parse_spoken

BOT = "U0DMSBOT01"
HOME = Installation("T1")
CONSOLE = (
    "https://console.cloud.google.com/dbmigration/migrations/locations/eu/instances/orders-db?project=acme"
)
MENTION: dict[str, Any] = {
    "type": "app_mention",
    "user": "U1",
    "text": f"<@{BOT}> show orders-db",
    "ts": "1515449522.000016",
    "channel": "C1",
    "event_ts": "1515449522000016",
}
DIRECT: dict[str, Any] = {
    "type": "message",
    "channel": "D1",
    "user": "U1",
    "text": "show orders-db",
    "ts": "1515449522.000016",
    "channel_type": "im",
}


def parsed(event: dict[str, Any], **wrapper: Any) -> SpokenCommand | None:
    body = {"type": "event_callback", "team_id": "T1", "event": event, **wrapper}
    return parse_spoken(body, BOT, HOME)


def read(text: str, event: dict[str, Any] = MENTION) -> tuple[str, bool]:
    found = parsed(event | {"text": text})
    assert found is not None
    return found.text, found.begins


def test_a_mention_and_a_direct_message() -> None:
    one, other = parsed(MENTION), parsed(DIRECT)
    assert one is not None
    assert other is not None
    assert (one.text, one.who.user, one.who.channel, one.who.team) == ("show orders-db", "U1", "C1", "T1")
    assert (one.said.thread, one.said.private_thread) == ("1515449522.000016", None)
    assert (other.text, other.said.direct, other.said.thread) == ("show orders-db", True, None)


def test_an_answer_in_a_thread_goes_into_the_thread() -> None:
    for event in (MENTION, DIRECT):
        found = parsed(event | {"thread_ts": "1.5", "parent_user_id": "U2"})
        assert found is not None
        assert (found.said.thread, found.said.private_thread) == ("1.5", "1.5")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"<@{BOT}|dms>: list", ("list", True)),
        (f"  <@{BOT}>\n list ", ("list", True)),
        (f"<@{BOT}>", ("", True)),
        (f"hey <@{BOT}> show a", ("show a", False)),
        (f"show a <@{BOT}>", ("show a", False)),
        (f"<@{BOT}> history --by <@U2>", ("history --by <@U2>", True)),
        (f"<@{BOT}> <{CONSOLE}|orders>", (f"show <{CONSOLE}|orders>", True)),
    ],
)
def test_where_the_mention_stands(text: str, expected: tuple[str, bool]) -> None:
    assert read(text) == expected
    assert read(text, DIRECT) == expected, "in a direct message it may stand, too"


@pytest.mark.parametrize(
    ("text", "mention", "direct"),
    [
        ("", True, True),
        ("Hi!", True, True),
        ("good morning 👋", True, True),
        ("help", False, True),
        ("help restart", False, False),
        ("hi-db", False, False),
    ],
)
def test_what_asks_for_nothing_is_a_greeting(text: str, mention: bool, direct: bool) -> None:
    one, other = parsed(MENTION | {"text": f"<@{BOT}> {text}"}), parsed(DIRECT | {"text": text})
    assert one is not None
    assert other is not None
    assert (one.greets, other.greets) == (mention, direct)


def test_a_link_alone_is_shown() -> None:
    assert read(f"<{CONSOLE}>", DIRECT) == (f"show <{CONSOLE}>", True)
    assert read("<https://example.com>", DIRECT) == ("<https://example.com>", True)


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_id": "B1"},
        {"subtype": "bot_message"},
        {"subtype": "message_changed", "hidden": True},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"edited": {"user": "U1", "ts": "1.0"}},
        {"hidden": True},
        {"user": BOT},
        {"user": None},
    ],
    ids=str,
)
def test_what_nobody_has_just_written_is_no_command(changes: dict[str, Any]) -> None:
    assert parsed(MENTION | changes) is None
    assert parsed(DIRECT | changes) is None


def test_what_is_said_elsewhere_is_no_command() -> None:
    assert parsed(DIRECT | {"channel": "C1", "channel_type": "channel"}) is None
    assert parsed(MENTION | {"channel": "D1"}) is None, "it comes as a message, too"
    assert parsed(MENTION | {"text": "<@U2> show a"}) is None


def test_a_file_and_a_broadcast_are_read() -> None:
    for subtype in ("file_share", "thread_broadcast"):
        assert parsed(DIRECT | {"subtype": subtype}) is not None


def test_the_same_message_has_the_same_key() -> None:
    assert len({found.key for found in (parsed(MENTION), parsed(MENTION, event_id="Ev2")) if found}) == 1
    other = parsed(MENTION | {"ts": "2.0"})
    assert other is not None
    assert other.key != "said:C1:1515449522.000016"


def test_people_of_other_workspaces_may_read_along() -> None:
    found = parsed(MENTION, is_ext_shared_channel=True)
    assert found is not None
    assert found.said == Said("1515449522.000016", external=True)


@pytest.mark.parametrize(
    "changes", [{"ts": None}, {"ts": 5}, {"ts": "x"}, {"thread_ts": "x"}, {"text": []}], ids=str
)
def test_malformed(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        parsed(DIRECT | changes)
