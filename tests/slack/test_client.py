"""The Slack clients: all made in one place, each with the patience that its calls need."""

from __future__ import annotations

import re
from pathlib import Path

from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler

from bot.slack.api.client import answer_client, outbox_client, slack_client, view_client, webhook

ROOT = Path(__file__).resolve().parents[2]


def test_clients_are_made_in_one_place() -> None:
    makes = re.compile(r"\b(?:WebClient|WebhookClient|SlackClient|ResponseUrl)\(")
    found = {
        str(path.relative_to(ROOT))
        for room in ("bot", "commands")
        for path in (ROOT / room).rglob("*.py")
        if makes.search(path.read_text())
    }
    assert found == {"bot/slack/api/client.py"}


def test_a_view_is_given_up_about_when_its_trigger_ends() -> None:
    client = view_client(slack_client("xoxb-1", "https://slack.example/api/"))
    assert 3 <= client.timeout < 5
    assert client.retry_handlers == []


def test_nothing_in_a_channel_is_posted_twice_by_a_retry() -> None:
    client = outbox_client(slack_client("xoxb-1", "https://slack.example/api/"))
    assert client.retry_handlers == []
    assert webhook(client, "https://slack.example/response").retry_handlers == []


def test_an_answer_is_tried_again_with_the_same_token_at_the_same_place() -> None:
    base = slack_client("xoxb-1", "https://slack.example/api/", 7)
    client = answer_client(base)
    assert (client.token, client.base_url, client.timeout) == ("xoxb-1", "https://slack.example/api/", 7)
    assert any(isinstance(each, ConnectionErrorRetryHandler) for each in client.retry_handlers)
    assert webhook(client, "https://slack.example/response").timeout == 7
