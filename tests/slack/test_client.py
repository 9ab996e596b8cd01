"""The Slack clients: all made in one place, each with the patience that its calls need."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

import pytest
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler

from bot.slack.api.client import answer_client, outbox_client, slack_client, view_client, webhook
from bot.slack.api.retry_after import retry_after

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


def test_certificates_are_read_once_for_all_calls() -> None:
    """urllib and the SDK read them for each call and each WebSocket of a client without a context."""
    client = slack_client("xoxb-1", "https://slack.example/api/")
    again = slack_client("xoxb-2", "https://slack.example/api/")
    for each in (answer_client(client), view_client(client), outbox_client(client), again):
        assert each.ssl is client.ssl
    assert webhook(client, "https://slack.example/response").ssl is client.ssl
    assert isinstance(client.ssl, ssl.SSLContext)
    assert (client.ssl.verify_mode, client.ssl.check_hostname) == (ssl.CERT_REQUIRED, True)
    # Beside TLS alone, servers and proxies are told which HTTP is meant, as urllib does.
    hello = ssl.MemoryBIO()
    link = client.ssl.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="slack.example")
    with pytest.raises(ssl.SSLWantReadError):
        link.do_handshake()
    assert b"\x08http/1.1" in hello.read()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30),
        ("1.5", 1.5),
        (["2"], 2),
        ("0", 0),
        ("-1", 0),
        *((odd, 5) for odd in ("", "soon", "nan", "inf")),
    ],
)
def test_how_long_slack_wants_to_be_left_alone(header: object, seconds: float) -> None:
    assert retry_after({"Retry-After": header}) == seconds
    assert retry_after({"retry-after": header}) == seconds


def test_without_that_header_there_is_a_pause_and_a_wild_one_has_an_end() -> None:
    assert retry_after({}) == 5
    assert retry_after({"Retry-After": "1e300"}) == 3600


def test_an_answer_is_tried_again_with_the_same_token_at_the_same_place() -> None:
    base = slack_client("xoxb-1", "https://slack.example/api/", 7)
    client = answer_client(base)
    assert (client.token, client.base_url, client.timeout) == ("xoxb-1", "https://slack.example/api/", 7)
    assert any(isinstance(each, ConnectionErrorRetryHandler) for each in client.retry_handlers)
    assert webhook(client, "https://slack.example/response").timeout == 7
