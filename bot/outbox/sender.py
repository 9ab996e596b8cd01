"""Posts or updates one message, so that none appears twice.

Each call is recorded in the store before it is made. If its response was lost (a crash, a broken connection),
nobody tries again until the call cannot be in flight any more. Then the channel is searched for the message's
key before it is posted once more.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.outbox.limits import Limits
from bot.slack.api.layouts import Layouts, classic_of
from bot.slack.api.messages import (
    AuthError,
    CannotPost,
    Delivery,
    DeliveryError,
    InvalidContent,
    MessageMissing,
    NotEditable,
    RateLimited,
    UnexpectedError,
)
from bot.slack.api.plain_text import text_only
from bot.store import Store
from bot.store.records import RESPONSE_URL_PREFIX, OutMessage
from bot.util.ratelimit import TokenBucket
from bot.util.recent import Recent

log = structlog.get_logger(__name__)


_URL_MAX_USES = 5
_URL_TTL = timedelta(minutes=30)
_URL_PAUSES_S = (1.0, 5.0, 20.0, 90.0)
"""Pause after each use of a response URL, so that its few uses last: the next one shows all changes since."""
_REPOST_PAUSES_S = (5.0, 60.0, 600.0)
"""Pause after each post of a message that cannot be edited, so that the channel is not flooded: the next one
shows all changes since."""


class ChangedMeanwhile(Exception):
    """What was to be posted is out of date, and nothing was posted: render it anew."""


class MessageSender:
    """Sends through `delivery`. `send` and `respond` raise DeliveryError and StoreError, and `send`
    ChangedMeanwhile."""

    def __init__(self, delivery: Delivery, store: Store, limits: Limits, team: str) -> None:
        self._delivery = delivery
        self._layouts = Layouts(store)
        self._team = team
        self._store = store
        self._limits = limits
        self._posts: Recent[TokenBucket] = Recent()
        self._updates = TokenBucket(limits.updates_per_s, limits.updates_burst)
        self._known_unsent: Recent[str] = Recent()
        """Keys known not to be posted, so no channel search is needed."""
        self._shown: Recent[str] = Recent()
        """Key of a message to the digest of its content in Slack."""
        self._reposts: Recent[int] = Recent()
        """Key of a message that cannot be edited to how often it was posted anew."""

    def forget(self) -> None:
        """Another replica may have posted and updated since: trust only the store and Slack."""
        self._known_unsent.clear()
        self._shown.clear()

    def wait_s(self, message: OutMessage, now: float) -> float:
        """Seconds until the rate limits allow to send; `now` is in seconds of the monotonic clock."""
        return self._bucket(message).wait(now)

    def block(self, message: OutMessage, seconds: float) -> None:
        """Slack refused a call for this message with Retry-After. It may have been the search for it."""
        self._bucket(message).block(time.monotonic() + seconds)

    def mark_known_unsent(self, key: str) -> None:
        self._known_unsent[key] = ""

    def send(self, message: OutMessage, content: dict[str, Any]) -> None:
        """Post or update, unless Slack shows this content already. If Slack refuses the blocks, send text."""
        chosen = self._layouts.chosen(self._team, "message", content)
        if message.ts and self._shown.get(message.key) == _digest(chosen):
            self._store.mark_sent(message.key, message.rev, message.ts)
            return
        if message.ts.startswith(RESPONSE_URL_PREFIX):
            self.respond(message, content)
            return
        try:
            self._layouts.deliver(self._team, "message", content, partial(self._send_content, message))
        except InvalidContent as error:
            if not content.get("blocks"):
                raise
            log.error("blocks_refused", key=message.key, kind=message.kind, error=str(error))
            self._send_content(message, text_only(classic_of(content)))

    def respond(self, message: OutMessage, content: Mapping[str, Any]) -> None:
        """Answer the requester through the response URL, where the bot cannot post.

        Raises:
            CannotPost: the URL is used up. Slack takes five uses in 30 minutes.
        """
        is_url = message.ts.startswith(RESPONSE_URL_PREFIX)
        used = int(message.ts.removeprefix(RESPONSE_URL_PREFIX)) if is_url else 0
        has_expired = message.created is not None and datetime.now(UTC) - message.created > _URL_TTL
        if used >= _URL_MAX_USES or has_expired:
            raise CannotPost("the response URL is used up")
        answer = partial(self._delivery.respond, message.response_url)
        try:
            self._layouts.deliver(self._team, "message", content, answer)
        except InvalidContent:
            if not content.get("blocks"):
                raise
            answer(text_only(classic_of(content)))
        self._store.mark_sent(message.key, message.rev, f"{RESPONSE_URL_PREFIX}{used + 1}")
        if used < len(_URL_PAUSES_S):
            self._store.mark_failed(message.key, seconds_from_now(_URL_PAUSES_S[used]))

    def _send_content(self, message: OutMessage, content: dict[str, Any]) -> None:
        if message.ts:
            self._update(message, content)
        else:
            self._post(message, content)

    def _post(self, message: OutMessage, content: dict[str, Any], since_rev: int = 0) -> None:
        """Post it, unless it is there already, with at least the revision `since_rev`."""
        message = self._in_reach(message)
        channel = self._delivery.address(message.channel)
        thread = self._thread(message)
        if self._find_already_posted(message, channel, thread, since_rev):
            return
        never_sent = not message.attempts or message.key in self._known_unsent
        # An end that is written before this attempt counts on the message to tell it (`enqueue_outcome`).
        in_flight_until = seconds_from_now(self._limits.in_flight_timeout_s)
        if not self._store.mark_attempt(message.key, in_flight_until, rev=message.rev):
            raise ChangedMeanwhile
        self._known_unsent.pop(message.key, None)
        try:
            posted = self._delivery.post(channel, content, message.key, message.rev, thread)
        except MessageMissing:
            if not thread:
                raise
            if _can_redirect(message):
                self._post_directly(message, content)
                return
            posted = self._delivery.post(channel, content, message.key, message.rev)
        except CannotPost:
            if _can_redirect(message):
                self._post_directly(message, content)
                return
            # After an earlier attempt the message may be there: its channel cannot be searched either.
            if never_sent:
                self.mark_known_unsent(message.key)
            raise
        except RateLimited:
            self.mark_known_unsent(message.key)
            raise
        finally:
            # After the call: Slack counts from its arrival, and the call may have been long on its way.
            self._post_bucket(message).take(time.monotonic())
        self._store.mark_sent(message.key, message.rev, posted.ts, posted.channel)
        self._shown[message.key] = _digest(content)

    def _in_reach(self, message: OutMessage) -> OutMessage:
        """The message for its person directly, if its thread's first message is in no channel.

        Only before the first attempt: an earlier one may have posted it to the thread.
        """
        if not message.thread_of or message.attempts or not _can_redirect(message):
            return message
        parent = self._store.message(message.thread_of)
        if parent is not None and parent.is_channel_message:
            return message
        return self._redirected(message)

    def _post_directly(self, message: OutMessage, content: dict[str, Any]) -> None:
        """Slack has refused the thread or its channel, so nothing was posted there."""
        self.mark_known_unsent(message.key)
        self._post(self._redirected(message), content)

    def _redirected(self, message: OutMessage) -> OutMessage:
        person = _person(message)
        self._store.redirect(message.key, person)
        return replace(message, channel=person, thread_of="")

    def _find_already_posted(self, message: OutMessage, channel: str, thread: str, since_rev: int) -> bool:
        """Whether an earlier call, whose response was lost, has posted the message, with at least this
        revision."""
        if not message.attempts or message.key in self._known_unsent:
            return False
        since = message.created or datetime.fromtimestamp(0, UTC)
        try:
            found = self._delivery.find(
                channel, message.key, since, thread, not_ts=message.ts, since_rev=since_rev
            )
        except (AuthError, CannotPost, MessageMissing, UnexpectedError) as error:
            log.warning("channel_not_searched", channel=channel, error=str(error))
            return False
        if found is None:
            return False
        log.info("message_already_posted", key=message.key, ts=found.ts)
        self._store.mark_sent(message.key, min(found.rev, message.rev), found.ts, channel)
        return True

    def _update(self, message: OutMessage, content: dict[str, Any]) -> None:
        self._store.mark_attempt(message.key, seconds_from_now(self._limits.in_flight_timeout_s))
        self._updates.take(time.monotonic())
        try:
            self._delivery.update(message.channel, message.ts, content, message.key, message.rev)
        except MessageMissing as error:
            self._repost(message, content, error)
            return
        except NotEditable as error:
            # Its earlier revisions are still there, and none of them is this one.
            self._repost(message, content, error, message.rev)
            self._pause_reposts(message.key)
            return
        self._store.mark_sent(message.key, message.rev, message.ts)
        self._shown[message.key] = _digest(content)

    def _repost(
        self, message: OutMessage, content: dict[str, Any], error: DeliveryError, since_rev: int = 0
    ) -> None:
        log.info("message_reposted", key=message.key, error=str(error))
        self._known_unsent.pop(message.key, None)
        self._post(replace(message, attempts=1), content, since_rev)

    def _pause_reposts(self, key: str) -> None:
        count = self._reposts.get(key, 0)
        self._reposts[key] = count + 1
        pause = _REPOST_PAUSES_S[min(count, len(_REPOST_PAUSES_S) - 1)]
        self._store.mark_failed(key, seconds_from_now(pause))

    def _thread(self, message: OutMessage) -> str:
        parent = self._store.message(message.thread_of) if message.thread_of else None
        return parent.ts if parent is not None and parent.is_channel_message else ""

    def _bucket(self, message: OutMessage) -> TokenBucket:
        return self._updates if message.is_channel_message else self._post_bucket(message)

    def _post_bucket(self, message: OutMessage) -> TokenBucket:
        return self._posts.setdefault(message.channel, TokenBucket(self._limits.posts_per_s))


def _person(message: OutMessage) -> str:
    """Whom the message reaches directly if its channel cannot be posted to; empty if nobody."""
    return str(message.subject.get("person") or "")


def _can_redirect(message: OutMessage) -> bool:
    return _person(message) not in ("", message.channel)


def seconds_from_now(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
