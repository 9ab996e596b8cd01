"""Sends the outbox to Slack: each message once, in its order, updated until it shows what is true.

A call is written down before it is made. If its answer never came (a crash, a broken connection),
nobody tries again before it must have arrived; then the channel is searched for the message's key
before it is posted once more.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from slack_sdk import WebClient

from bot.outbox.limits import Limits
from bot.requests.queries import request_key
from bot.slack.api.messages import (
    AuthError,
    CannotPost,
    Delivery,
    DeliveryError,
    InvalidContent,
    MessageMissing,
    RateLimited,
    Rendered,
    ResponseLost,
    TransientError,
    UnexpectedError,
)
from bot.store import Store, StoreError
from bot.store.records import RESPONSE_URL_PREFIX, OutMessage
from bot.util.ratelimit import TokenBucket, back_off

log = structlog.get_logger(__name__)

Render = Callable[[OutMessage], Rendered | None]

_LIMITS = Limits()
_IDLE_S = 1.0
_OUTAGE_MAX_S = 30.0
_AUTH_RETRY_S = 60.0
_UNEXPECTED_TRIES = 5
_BATCHES = (200, 5000)
"""Messages looked at in one go; the second when the first are all held up."""
_MAX_REMEMBERED = 2000

_URL_MAX_USES = 5
_URL_TTL = timedelta(minutes=30)
_URL_WAITS_S = (1.0, 5.0, 20.0, 90.0)
"""After each use of a response URL: what happens meanwhile is told by the next, so that they suffice."""

_PRIORITY_KINDS = ("request", "approval", "reminder", "denial", "text", "alert", "digest", "summary")
"""People wait for an answer: it passes what only tells a story."""


class Notifier:
    """Sends what is due. `render` makes a message from the store's present state; None: nothing to show.

    `wake` makes it look at once. `on_error` hears of each failed Slack call: method, error.
    """

    def __init__(
        self,
        client: WebClient,
        store: Store,
        render: Render,
        *,
        wake: threading.Event | None = None,
        on_error: Callable[[str, str], None] | None = None,
        limits: Limits = _LIMITS,
    ) -> None:
        self._limits = limits
        self._delivery = Delivery(client, on_error)
        self._store = store
        self._render = render
        self._wake = wake or threading.Event()
        self._posts: dict[str, TokenBucket] = {}
        self._updates = TokenBucket(limits.updates_per_s, limits.updates_burst)
        self._failures: dict[str, int] = {}
        self._outages = 0
        self._pause_until = 0.0
        self._known_unsent: OrderedDict[str, str] = OrderedDict()
        """Keys of which surely nothing was posted: no need to search for them. The latest stand last."""
        self._shown: OrderedDict[str, str] = OrderedDict()

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set. To be called when leadership has been gained."""
        # Another replica may have posted and updated since.
        self._known_unsent.clear()
        self._shown.clear()
        while not stop.is_set():
            try:
                pause = self.send_due(stop)
            except StoreError as error:
                log.error("outbox_not_read", error=str(error))
                pause = _IDLE_S * 5
            self._wake.wait(pause)
            self._wake.clear()

    def interrupt(self) -> None:
        """Make `run` notice at once that it should stop, or that there is something to send."""
        self._wake.set()

    def send_due(self, stop: threading.Event | None = None) -> float:
        """Send what may be sent now; returns in how many seconds to look again.

        Raises: StoreError.
        """
        waiting = self._pause_until - time.monotonic()
        if waiting > 0:
            return waiting
        pause = _IDLE_S
        for limit in _BATCHES:
            due = self._store.ready_to_send(datetime.now(UTC), limit)
            sent, pause = self._send_all(due, stop)
            if sent or len(due) < limit:
                return 0.0 if sent else pause
        return pause

    def _send_all(self, due: Sequence[OutMessage], stop: threading.Event | None) -> tuple[int, float]:
        sent = 0
        pause = _IDLE_S
        for message in sorted(due, key=_priority):
            if stop is not None and stop.is_set():
                break
            now = time.monotonic()
            if now < self._pause_until:
                return 0, self._pause_until - now
            wait = self._bucket(message).wait(now)
            if wait > 0:
                pause = min(pause, wait)
                continue
            self._send(message)
            sent += 1
        return sent, pause

    # ---- one message

    def _send(self, message: OutMessage) -> None:
        content = self._content(message)
        if content is None:
            return
        try:
            self._deliver(message, content)
        except RateLimited as error:
            self._mark_known_unsent(message.key)
            self._bucket(message).block(time.monotonic() + error.seconds)
            self._store.mark_failed(message.key, _seconds_from_now(error.seconds))
        except TransientError as error:
            self._on_outage(message, error)
        except AuthError as error:
            self._on_auth_error(message, content, error)
        except CannotPost as error:
            self._on_cannot_post(message, content, error)
        except DeliveryError as error:
            self._on_unexpected_error(message, error)
        except StoreError:
            raise
        except Exception:
            # Whatever this is, it must not hold up all other messages.
            log.exception("message_failed", key=message.key, kind=message.kind)
            self._retry_later(message)
        else:
            self._outages = 0
            self._failures.pop(message.key, None)

    def _content(self, message: OutMessage) -> dict[str, Any] | None:
        """What to send; None when there is nothing to send now."""
        try:
            rendered = self._render(message)
        except Exception:
            # A message that cannot be drawn must not hold up all others.
            log.exception("message_not_rendered", key=message.key, kind=message.kind)
            self._retry_later(message)
            return None
        if rendered is not None:
            return rendered.payload()
        if message.ts:
            self._store.mark_sent(message.key, message.rev, message.ts)
        else:
            self._store.mark_failed(message.key, None, "There is nothing to show any more.")
        return None

    def _deliver(self, message: OutMessage, content: dict[str, Any]) -> None:
        if message.ts and self._shown.get(message.key) == _digest(content):
            self._store.mark_sent(message.key, message.rev, message.ts)
            return
        try:
            self._deliver_as_is(message, content)
        except InvalidContent as error:
            if not content.get("blocks"):
                raise
            log.error("blocks_refused", key=message.key, kind=message.kind, error=str(error))
            self._deliver_as_is(message, {"text": content["text"]})

    def _deliver_as_is(self, message: OutMessage, content: dict[str, Any]) -> None:
        if message.ts.startswith(RESPONSE_URL_PREFIX):
            self._respond(message, content)
        elif message.ts:
            self._update(message, content)
        else:
            self._post(message, content)

    def _post(self, message: OutMessage, content: dict[str, Any]) -> None:
        channel = self._delivery.address(message.channel)
        thread = self._thread(message)
        if self._find_already_posted(message, channel, thread):
            return
        never = not message.attempts or message.key in self._known_unsent
        self._store.mark_attempt(message.key, _seconds_from_now(self._limits.in_flight_timeout_s))
        self._known_unsent.pop(message.key, None)
        try:
            ts = self._delivery.post(channel, content, message.key, message.rev, thread)
        except MessageMissing:
            if not thread:
                raise
            ts = self._delivery.post(channel, content, message.key, message.rev)
        except CannotPost:
            if never:
                # Else an earlier call may have got through, and its channel could not be searched.
                self._mark_known_unsent(message.key)
            raise
        finally:
            # Only now: the call may have been long on its way, and Slack counts from its arrival.
            self._post_bucket(message).take(time.monotonic())
        self._store.mark_sent(message.key, message.rev, ts, channel)
        self._remember(message.key, content)

    def _find_already_posted(self, message: OutMessage, channel: str, thread: str) -> bool:
        """Whether it had been posted already, by a call whose answer never came."""
        if not message.attempts or message.key in self._known_unsent:
            return False
        since = message.created or datetime.fromtimestamp(0, UTC)
        try:
            found = self._delivery.find(channel, message.key, since, thread, not_ts=message.ts)
        except (AuthError, CannotPost, MessageMissing, UnexpectedError) as error:
            log.warning("channel_not_searched", channel=channel, error=str(error))
            return False
        if found is None:
            return False
        log.info("message_already_posted", key=message.key, ts=found.ts)
        self._store.mark_sent(message.key, min(found.rev, message.rev), found.ts, channel)
        return True

    def _update(self, message: OutMessage, content: dict[str, Any]) -> None:
        self._store.mark_attempt(message.key, _seconds_from_now(self._limits.in_flight_timeout_s))
        self._updates.take(time.monotonic())
        try:
            self._delivery.update(message.channel, message.ts, content, message.key, message.rev)
        except MessageMissing as error:
            log.info("message_reposted", key=message.key, error=str(error))
            self._known_unsent.pop(message.key, None)
            self._post(replace(message, attempts=1), content)
            return
        self._store.mark_sent(message.key, message.rev, message.ts)
        self._remember(message.key, content)

    def _thread(self, message: OutMessage) -> str:
        parent = self._store.message(message.thread_of) if message.thread_of else None
        return parent.ts if parent is not None and parent.is_channel_message else ""

    def _respond(self, message: OutMessage, content: Mapping[str, Any]) -> None:
        """Where the bot cannot write: answer the person who asked."""
        used = (
            int(message.ts.removeprefix(RESPONSE_URL_PREFIX))
            if message.ts.startswith(RESPONSE_URL_PREFIX)
            else 0
        )
        late = message.created is not None and datetime.now(UTC) - message.created > _URL_TTL
        if used >= _URL_MAX_USES or late:
            raise CannotPost("the response URL is used up")
        self._delivery.respond(message.response_url, content, replace=used > 0)
        self._store.mark_sent(message.key, message.rev, f"{RESPONSE_URL_PREFIX}{used + 1}")
        if used < len(_URL_WAITS_S):
            self._store.mark_failed(message.key, _seconds_from_now(_URL_WAITS_S[used]))

    # ---- what went wrong

    def _on_outage(self, message: OutMessage, error: TransientError) -> None:
        """Everything waits a little, and this message a little longer, in case it is its own fault."""
        self._outages += 1
        pause = min(back_off(self._outages) / 2, _OUTAGE_MAX_S)
        self._pause_until = time.monotonic() + pause
        self._retry_later(
            message, at_least=self._limits.in_flight_timeout_s if isinstance(error, ResponseLost) else 0.0
        )
        if self._outages in (1, 5):
            log.warning("slack_unavailable", error=str(error), pause_s=round(pause, 1))

    def _on_auth_error(self, message: OutMessage, content: Mapping[str, Any], error: AuthError) -> None:
        """Nothing is lost: all goes out once the credentials are in order again."""
        if message.response_url and self._on_response_url_sent(message, content):
            return
        self._mark_known_unsent(message.key)
        self._pause_until = time.monotonic() + _AUTH_RETRY_S
        log.error("slack_auth_failed", error=str(error), hint="See that the bot token and scopes are right.")

    def _on_cannot_post(self, message: OutMessage, content: Mapping[str, Any], error: CannotPost) -> None:
        if (
            not message.ts.startswith(RESPONSE_URL_PREFIX)
            and message.response_url
            and self._on_response_url_sent(message, content)
        ):
            return
        self._give_up(message, error)

    def _on_response_url_sent(self, message: OutMessage, content: Mapping[str, Any]) -> bool:
        try:
            self._respond(message, content)
        except DeliveryError as error:
            log.warning("response_url_failed", key=message.key, error=str(error))
            return False
        return True

    def _on_unexpected_error(self, message: OutMessage, error: DeliveryError) -> None:
        if isinstance(error, InvalidContent) or self._failures.get(message.key, 0) + 1 >= _UNEXPECTED_TRIES:
            self._give_up(message, error)
            return
        self._mark_known_unsent(message.key)
        self._retry_later(message)

    def _retry_later(self, message: OutMessage, at_least: float = 0.0) -> None:
        self._failures[message.key] = failures = self._failures.get(message.key, 0) + 1
        self._store.mark_failed(message.key, _seconds_from_now(max(at_least, back_off(failures))))

    def _give_up(self, message: OutMessage, error: DeliveryError) -> None:
        self._failures.pop(message.key, None)
        self._store.mark_failed(message.key, None, str(error))
        if message.kind == "approval":
            # Who asked is told that nobody else has heard of it.
            self._store.mark_dirty(request_key(str(message.subject.get("request", ""))))
        log.error(
            "message_given_up", key=message.key, kind=message.kind, channel=message.channel, error=str(error)
        )

    # ---- helpers

    def _bucket(self, message: OutMessage) -> TokenBucket:
        if message.is_channel_message:
            return self._updates
        return self._post_bucket(message)

    def _post_bucket(self, message: OutMessage) -> TokenBucket:
        return self._posts.setdefault(message.channel, TokenBucket(self._limits.posts_per_s))

    def _mark_known_unsent(self, key: str) -> None:
        _keep(self._known_unsent, key, "")

    def _remember(self, key: str, content: Mapping[str, Any]) -> None:
        _keep(self._shown, key, _digest(content))


def _keep(known: OrderedDict[str, str], key: str, value: str) -> None:
    """As the latest; of too many, the oldest goes."""
    known[key] = value
    known.move_to_end(key)
    while len(known) > _MAX_REMEMBERED:
        known.popitem(last=False)


def _seconds_from_now(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _priority(message: OutMessage) -> tuple[int, int]:
    return (0 if message.kind in _PRIORITY_KINDS else 1, message.id)


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
