"""Response URLs: five uses within half an hour. That of a command replaces nothing, whatever it has posted.
Sources: https://docs.slack.dev/interactivity/handling-user-interaction#message_responses,
https://docs.slack.dev/messaging/modifying-messages, and issue 1268 of slackapi/bolt-python."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.slack.ids import new_id, secret
from sandbox.slack.settings import Settings


@dataclass
class ResponseUrl:
    """`original` is the time stamp of the message with the button; a command has none."""

    path: str
    app: str
    user: str
    channel: str
    original: str | None = None
    thread_ts: str | None = None
    uses: int = 0
    issued: float = field(default_factory=time.monotonic)

    def refusal(self, settings: Settings) -> str | None:
        """Slack's error code for a URL that no longer works, or None."""
        if time.monotonic() - self.issued > settings.response_url_seconds:
            return "expired_url"
        if self.uses >= settings.response_url_uses:
            return "used_url"
        return None


class ResponseUrls:
    def __init__(self, app: Callable[[], str]) -> None:
        self._app = app
        self._by_path: dict[str, ResponseUrl] = {}

    def issue(
        self,
        kind: str,
        team: str,
        user: str,
        channel: str,
        original: str | None = None,
        thread_ts: str | None = None,
    ) -> ResponseUrl:
        """`kind` is "commands" or "actions", as in Slack's own URLs."""
        path = f"/{kind}/{team}/{new_id('', 12)}/{secret()}"
        url = ResponseUrl(path, self._app(), user, channel, original, thread_ts)
        self._by_path[path] = url
        return url

    def find(self, path: str) -> ResponseUrl | None:
        return self._by_path.get(path)
