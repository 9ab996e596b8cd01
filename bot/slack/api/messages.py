"""Single deliveries to Slack for the outbox: post, update, find again, and the errors of each.

Source: Slack's Web API methods `chat.postMessage`, `chat.update`, `conversations.history`,
`conversations.replies`, `conversations.open`; message metadata; response URLs.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, Protocol

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookResponse

from bot.requests.unposted import POSTED_ONCE
from bot.slack.api.client import outbox_client, reason_of, webhook
from bot.slack.api.lookups import NOT_GRANTED
from bot.slack.api.outages import PASSING, outage
from bot.slack.api.retry_after import retry_after
from bot.util.recent import Recent

EVENT_TYPE = "dms_bot"
"""`metadata.event_type` of everything that the outbox posts."""

_MAX_PAGES = 20
_SKEW_S = 300.0
"""Allowed difference between our clock and Slack's."""

_AUTH_ERRORS = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "missing_scope",
    }
)
# Not here: `no_permission` ("make sure your app is a member of the conversation"), `access_denied` ("a
# resource specified in the request") and `ekm_access_denied`: about one channel, they must stop no other.
# What can never be posted or updated is listed here, from the pages of `chat.postMessage` and `chat.update`
# (https://docs.slack.dev/reference/methods). Any other refusal is tried again, ever more seldom.
_CANNOT_POST = frozenset(
    {
        "not_in_channel",
        "channel_not_found",
        "is_archived",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "messages_tab_disabled",
        "user_not_found",
        "user_disabled",
        "user_not_visible",
        "cannot_dm_bot",
        NOT_GRANTED,
        "not_allowed_token_type",
    }
)
NOT_A_MEMBER = frozenset(POSTED_ONCE)
"""Errors that end when the app is invited to the channel."""
_NOT_EDITABLE = frozenset({"cant_update_message", "edit_window_closed"})
_MISSING = frozenset(
    {
        "message_not_found",
        "is_inactive",
        "thread_not_found",
        "cannot_reply_to_message",
        # Threads that take no replies: such a message goes to the channel or the person instead.
        "restricted_action_thread_locked",
        "restricted_action_non_threadable_channel",
    }
)
INVALID_CONTENT = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "too_many_attachments",
        "block_mismatch",
        "invalid_attachments",
        "markdown_text_conflict",
        "invalid_arguments",
    }
)
"""The last is "more likely when using complex arguments like blocks or attachments"; where no message is
sent, it is about something else. Source: https://docs.slack.dev/reference/methods/chat.postMessage"""


class DeliveryError(Exception):
    """A message was not delivered. `str()` is Slack's error code, or the network error."""


class RateLimited(DeliveryError):
    """Too many calls; not delivered. `seconds` is Slack's Retry-After."""

    def __init__(self, error: str, seconds: float) -> None:
        super().__init__(error)
        self.seconds = seconds


class TransientError(DeliveryError):
    """Slack or the network failed for now; the message may or may not have been delivered."""


class ResponseLost(TransientError):
    """No response arrived; the call may still be in flight."""


class AuthError(DeliveryError):
    """Slack refuses the bot's token or scopes, whatever the channel."""


class CannotPost(DeliveryError):
    """The bot cannot post in this channel."""


class InvalidContent(DeliveryError):
    """Slack refuses the message's content. Its cause is Slack's answer, which may name the fault; `said` is
    what the answer of a response URL says besides the error code."""

    def __init__(self, error: str, said: tuple[str, ...] = ()) -> None:
        super().__init__(error)
        self.said = said

    @property
    def unnamed(self) -> bool:
        """Whether the fault is not named: the answer of a response URL may be the error code alone."""
        return self.__cause__ is None and not self.said


class MessageMissing(DeliveryError):
    """The message to update, or the thread to post in, does not exist."""


class NotEditable(DeliveryError):
    """The message can no longer be updated: the workspace limits how long messages can be edited."""


class UnexpectedError(DeliveryError):
    """Slack refused with an error code that is not classified above."""


class Rendered(Protocol):
    """A message ready for Slack."""

    def payload(self) -> dict[str, Any]:
        """`text` and `blocks` as JSON values."""
        ...


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """A message that was posted before: its `ts`, and the revision that it shows."""

    ts: str
    rev: int


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that Slack has taken."""

    channel: str
    """Where it is. A message for a person is in a direct message, and `chat.update` takes its ID alone, not
    that of the person. Source: https://docs.slack.dev/reference/methods/chat.update"""
    ts: str


class Delivery:
    """Calls Slack without retries: only the caller knows what has been posted.

    Every method raises the errors above. `on_error` gets the method and the error of each failed call.
    """

    def __init__(self, client: WebClient, on_error: Callable[[str, str], None] | None = None) -> None:
        self._client = outbox_client(client)
        self._on_error = on_error
        self._people: Recent[str] = Recent()
        self._bot_id: str | None = None
        self._lock = threading.Lock()

    def address(self, target: str) -> str:
        """The channel to post in; for a person, the direct message with that person."""
        if not target.startswith(("U", "W")):
            return target
        with self._lock:
            known = self._people.get(target)
        if known is None:
            try:
                answer = self._call("conversations.open", users=target)
            except (AuthError, UnexpectedError):
                return target  # without `im:write`, Slack still accepts a person's id as the channel
            known = str(answer["channel"]["id"])
            with self._lock:
                self._people[target] = known
        return known

    def post(self, channel: str, content: Mapping[str, Any], key: str, rev: int, thread: str = "") -> Posted:
        """Post a message with its key and revision as metadata."""
        more = {"thread_ts": thread} if thread else {}
        answer = self._call(
            "chat.postMessage",
            channel=channel,
            metadata=_metadata(key, rev),
            unfurl_links=False,
            unfurl_media=False,
            **content,
            **more,
        )
        return Posted(str(answer.get("channel") or channel), str(answer["ts"]))

    def update(self, channel: str, ts: str, content: Mapping[str, Any], key: str, rev: int) -> None:
        """Update a message in place."""
        blocks = content.get("blocks") or []
        body = {**content, "blocks": blocks}
        self._call("chat.update", channel=channel, ts=ts, metadata=_metadata(key, rev), **body)

    def find(
        self,
        channel: str,
        key: str,
        since: datetime,
        thread: str = "",
        *,
        not_ts: str = "",
        since_rev: int = 0,
    ) -> FoundMessage | None:
        """The message with this `key` in its metadata, if it was posted at or after `since` and shows at
        least the revision `since_rev`."""
        oldest = f"{since.timestamp() - _SKEW_S:.6f}"
        arguments: dict[str, Any] = {
            "channel": channel,
            "include_all_metadata": True,
            "limit": 200,
            "oldest": oldest,
        }
        method = "conversations.replies" if thread else "conversations.history"
        if thread:
            arguments["ts"] = thread
        for _ in range(_MAX_PAGES):
            answer = self._call(method, **arguments)
            for message in answer.get("messages") or ():
                if message.get("ts") == not_ts or not self._carries(message, key):
                    continue
                if _rev(message) >= since_rev:
                    return FoundMessage(str(message["ts"]), _rev(message))
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None
            arguments["cursor"] = cursor
        return None

    def respond(self, url: str, content: Mapping[str, Any]) -> None:
        """Send an ephemeral answer through a response URL, which cannot replace what it has posted before.

        Raises:
            TransientError, RateLimited, CannotPost, InvalidContent.
        """
        body = {**content, "response_type": "ephemeral", "replace_original": False}
        try:
            response = webhook(self._client, url).send_dict(body)
        except (OSError, HTTPException, SlackClientError) as error:
            raise self._reported("response_url", _network_failure(error)) from error
        if response.status_code == 429:
            seconds = retry_after(response.headers)
            raise self._reported("response_url", RateLimited("ratelimited", seconds))
        if response.status_code >= 500:
            raise self._reported("response_url", TransientError(f"HTTP {response.status_code}"))
        refused = refusal_of(response)
        if refused is not None:
            raise self._reported("response_url", refused)

    def _carries(self, message: Mapping[str, Any], key: str) -> bool:
        metadata = message.get("metadata") or {}
        payload = metadata.get("event_payload") or {}
        if metadata.get("event_type") != EVENT_TYPE or payload.get("key") != key:
            return False
        # Another installation of this bot may post in the same channel with the same key.
        return not message.get("bot_id") or message["bot_id"] == self._own_bot_id(message["bot_id"])

    def _own_bot_id(self, otherwise: str) -> str:
        if self._bot_id is None:
            self._bot_id = str(self._call("auth.test").get("bot_id") or "")
        return self._bot_id or otherwise

    def _call(self, method: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer = self._client.api_call(method, **_arguments(method, arguments))
        except SlackApiError as error:
            raise self._reported(method, _classify(method, error)) from error
        except (OSError, HTTPException, SlackClientError) as error:
            # OSError covers URLError, timeouts and broken connections.
            raise self._reported(method, _network_failure(error)) from error
        return answer.data if isinstance(answer.data, dict) else {}

    def _reported(self, method: str, error: DeliveryError) -> DeliveryError:
        if self._on_error is not None:
            self._on_error(method, "unreachable" if isinstance(error, TransientError) else str(error))
        return error


def refuses_blocks(error: Exception, message: Mapping[str, Any]) -> bool:
    """Whether Slack refuses the blocks of a message, which then goes out as text."""
    return bool(message.get("blocks")) and reason_of(error) in INVALID_CONTENT


def refusal_of(response: WebhookResponse) -> InvalidContent | CannotPost | TransientError | None:
    """Why a response URL does not take a message; None if it does.

    It answers the error code as plain text, or as JSON in the shape of a method's answer, with `ok` false.
    """
    if response.status_code == HTTPStatus.OK and '"ok":false' not in response.body.replace(" ", ""):
        return None
    try:
        answer = _dict(json.loads(response.body))
    except (ValueError, RecursionError):
        answer = {}
    code = str(answer.get("error") or response.body.strip()[:100] or "refused")
    if code in INVALID_CONTENT:
        said = (
            *(answer.get("errors") or ()),
            *(_dict(answer.get("response_metadata")).get("messages") or ()),
        )
        return InvalidContent(code, tuple(map(str, said)))
    return TransientError(code) if code in PASSING else CannotPost(code)


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _arguments(method: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Methods that read take form fields; those that write take JSON, which may hold blocks."""
    if method.startswith(("conversations.", "auth.")):
        return {"params": arguments}
    return {"json": arguments}


def _metadata(key: str, rev: int) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key, "rev": rev}}


def _rev(message: Mapping[str, Any]) -> int:
    rev = message["metadata"]["event_payload"].get("rev")
    return rev if isinstance(rev, int) else 0


def _classify(method: str, error: SlackApiError) -> DeliveryError:
    found = outage(error)
    if found is not None and found.retry_after_s is not None:
        return RateLimited(found.code, found.retry_after_s)
    if found is not None:
        return TransientError(found.code)
    word = str(error.response.get("error") or error)
    for kind, words in _KINDS:
        if word in words and (kind is not InvalidContent or method.startswith("chat.")):
            return kind(word)
    return UnexpectedError(word[:200])


_KINDS: tuple[tuple[type[DeliveryError], frozenset[str]], ...] = (
    (AuthError, _AUTH_ERRORS),
    (CannotPost, _CANNOT_POST),
    (MessageMissing, _MISSING),
    (NotEditable, _NOT_EDITABLE),
    (InvalidContent, INVALID_CONTENT),
)


def _network_failure(error: Exception) -> TransientError:
    """Connection refused means not sent; any other network error leaves the outcome unknown."""
    reason = getattr(error, "reason", error)
    never_sent = isinstance(reason, ConnectionRefusedError | socket.gaierror)
    return (TransientError if never_sent else ResponseLost)(f"{type(error).__name__}: {error}")
