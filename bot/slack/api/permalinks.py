"""Links to messages. Method: https://docs.slack.dev/reference/methods/chat.getPermalink (no scope)."""

from __future__ import annotations

from collections import OrderedDict

from slack_sdk import WebClient

from bot.slack.api.client import SLACK_ERRORS, outbox_client

_MAX_CACHED = 1000


class Permalinks:
    """Asks Slack for the link of each message once. For one thread: the notifier's."""

    def __init__(self, client: WebClient) -> None:
        self._client = outbox_client(client)
        self._known: OrderedDict[tuple[str, str], str] = OrderedDict()

    def __call__(self, channel: str, ts: str) -> str:
        """The URL of a message; empty where Slack does not say, as a message without a link still counts."""
        if (channel, ts) not in self._known:
            try:
                answer = self._client.chat_getPermalink(channel=channel, message_ts=ts)
            except SLACK_ERRORS:
                return ""
            self._known[channel, ts] = str(answer.get("permalink") or "")
            if len(self._known) > _MAX_CACHED:
                self._known.popitem(last=False)
        return self._known[channel, ts]
