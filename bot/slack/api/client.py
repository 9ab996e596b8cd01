"""The Slack clients that the bot calls with, and the workspace that its token belongs to.

slack_sdk has time-outs and retries for a client, not for a call, so each of these needs a client of its own:

- `slack_client` for what is read while somebody waits, and for Bolt: a broken connection is tried once more.
- `answer_client` for answers to people: tried again, as an answer seen twice does less harm than none.
- `view_client` for opening views: a trigger lasts 3 seconds, so it gives up early and never tries again.
- `outbox_client` for messages in channels: never tried again, as none may be there twice. The SDK repeats
  a call whose connection broke even if Slack has carried it out, so the outbox looks for the message first.

All of them, and `webhook`, put the name of the slash command into the texts that they send.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry import RetryHandler
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    ServerErrorRetryHandler,
)
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient, WebhookResponse

from bot.slack.api.proxy import bypass_proxy
from bot.slack.api.retry_after import RateLimitRetries
from bot.util import turns
from bot.util.command import DEFAULT, with_command

SLACK_ERRORS = (SlackClientError, OSError, HTTPException, ValueError)
"""What a call can raise: Slack's refusal, a network failure, or an answer that cannot be read."""
_TIMEOUT_S = 10
_VIEW_TIMEOUT_S = 4


def reason_of(error: Exception) -> str:
    """Slack's error code, or the network error."""
    if isinstance(error, SlackApiError):
        return str(error.response.get("error", error))
    return f"{type(error).__name__}: {error}"


class SlackError(Exception):
    """Slack does not let the bot in. `str()` says why and what to do."""


class SlackClient(WebClient):
    """A Web API client whose texts name the slash command of its bot."""

    command = DEFAULT

    def api_call(self, api_method: str, **arguments: Any) -> SlackResponse:
        texts = with_command(arguments, self.command)
        with turns.lent():
            return super().api_call(api_method, **texts)


class ResponseUrl(WebhookClient):
    """A response URL; its texts name the slash command of its bot."""

    command = DEFAULT

    def send_dict(self, body: Mapping[str, Any], headers: dict[str, str] | None = None) -> WebhookResponse:
        texts = with_command(dict(body), self.command)
        with turns.lent():
            return super().send_dict(texts, headers)


def slack_client(
    token: str, api_url: str, timeout_s: int = _TIMEOUT_S, command: str = DEFAULT
) -> SlackClient:
    """The client that all others are made from. For an `api_url` on this machine, proxies are bypassed."""
    bypass_proxy(api_url)
    client = SlackClient(token, base_url=api_url, timeout=timeout_s, ssl=_tls())
    client.command = command
    return client


@cache
def _tls() -> ssl.SSLContext:
    """What all connections to Slack are checked with. Without it, urllib reads the machine's certificates for
    each call, and the SDK for each WebSocket: 26 ms of a processor, more than the rest of a call."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])  # as `http.client` does with a context of its own
    return context


def answer_client(client: WebClient) -> WebClient:
    """For answers to people."""
    return _with_policy(
        client,
        _TIMEOUT_S,
        [
            ConnectionErrorRetryHandler(),
            RateLimitRetries(max_retry_count=3),
            ServerErrorRetryHandler(max_retry_count=2),
        ],
    )


def view_client(client: WebClient) -> WebClient:
    """For opening views."""
    return _with_policy(client, _VIEW_TIMEOUT_S, [])


def outbox_client(client: WebClient) -> WebClient:
    """For messages that are in a channel exactly once."""
    return _with_policy(client, _TIMEOUT_S, [])


def webhook(client: WebClient, url: str) -> WebhookClient:
    """For one response URL, with the time-out, the retries and the command of `client`."""
    found = ResponseUrl(
        url, timeout=client.timeout, ssl=client.ssl, proxy=client.proxy, retry_handlers=client.retry_handlers
    )
    found.command = command_of(client)
    return found


def command_of(client: WebClient) -> str:
    """The slash command of the bot that calls with `client`."""
    return client.command if isinstance(client, SlackClient) else DEFAULT


def _with_policy(client: WebClient, timeout_s: int, retries: list[RetryHandler]) -> WebClient:
    """The same client with at most this time-out, and with these retries."""
    made = SlackClient(
        token=client.token,
        base_url=client.base_url,
        timeout=min(client.timeout, timeout_s),
        ssl=client.ssl,
        proxy=client.proxy,
        headers={key: value for key, value in client.headers.items() if key != "User-Agent"},
        retry_handlers=retries,
    )
    made.command = command_of(client)
    return made
