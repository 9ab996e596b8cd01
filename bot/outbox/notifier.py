"""Sends the outbox to Slack: each message once, in order, and updated until it shows what is in the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from slack_sdk import WebClient

from bot.outbox.limits import Limits
from bot.outbox.sender import ChangedMeanwhile, MessageSender, seconds_from_now
from bot.policy.principal import DirectoryUnavailable
from bot.requests.queries import request_key
from bot.runtime import metrics
from bot.runtime.one_by_one import concerns_all, pass_over
from bot.slack.api.messages import (
    AuthError,
    CannotPost,
    Delivery,
    DeliveryError,
    RateLimited,
    Rendered,
    ResponseLost,
    TransientError,
)
from bot.store import Store, StoreError, UnreadableRow
from bot.store.records import RESPONSE_URL_PREFIX, OutMessage
from bot.util.ratelimit import back_off
from bot.util.recent import Recent

log = structlog.get_logger(__name__)

Render = Callable[[OutMessage], Rendered | None]

_LIMITS = Limits()
_IDLE_S = 1.0
_OUTAGE_MAX_S = 30.0
_AUTH_RETRY_S = 60.0
_UNEXPECTED_TRIES = 5
"""Refusals of one message after which others no longer wait for it."""
_BATCHES = (200, 5000)
"""Messages read at once; the larger batch only if rate limits hold up all of the smaller one."""

_PRIORITY_KINDS = frozenset(
    {
        *("request", "approval", "reminder", "denial", "outcome", "begun", "text"),
        *(
            "failure",
            "freeze",
            "planned_freeze",
            "alert",
            "escalation",
            "digest",
            "mass_failure",
            "flapping",
            "settled",
            "summary",
            "cutover",
            "cutover_call",
            "cutover_news",
            "cutover_report",
        ),
    }
)
"""Someone is waiting for these, so they go before timelines and their threads."""


class Notifier:
    """Sends what is due. `render` makes a message from the present state of the store; None: nothing to show.

    `wake` makes it read the outbox at once. `on_error` is called after each failed Slack call, with method
    and error. `team` is the installation's, for what its workspace lacks.
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
        team: str = "",
    ) -> None:
        self._store = store
        self._render = render
        self._wake = wake or threading.Event()
        self._limits = limits
        self._sender = MessageSender(Delivery(client, on_error), store, limits, team)
        self._failures: Recent[int] = Recent()
        """Failures in a row, by message key."""
        self._unreadable: set[str] = set()
        """Keys of messages in the outbox that cannot be decoded, and are in the log."""
        self._outages = 0
        self._pause_until = 0.0

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set. Call it after this replica has become the leader."""
        self._sender.forget()
        while not stop.is_set():
            try:
                pause = self.send_due(stop)
            except StoreError as error:
                log.error("outbox_not_read", error=str(error))
                pause = _IDLE_S * 5
            self._wake.wait(pause)
            self._wake.clear()

    def interrupt(self) -> None:
        """Make `run` look at its `stop` and at the outbox at once."""
        self._wake.set()

    def send_due(self, stop: threading.Event | None = None) -> float:
        """Send what may be sent now; returns the seconds until there may be more.

        Raises:
            StoreError.
        """
        waiting = self._pause_until - time.monotonic()
        if waiting > 0:
            return waiting
        pause = _IDLE_S
        for limit in _BATCHES:
            unreadable: list[UnreadableRow] = []
            due = self._store.ready_to_send(datetime.now(UTC), limit, unreadable.append)
            self._pass_over(unreadable)
            sent, pause = self._send_all(due, stop)
            if sent or len(due) + len(unreadable) < limit:
                return 0.0 if sent else pause
        return pause

    def _pass_over(self, unreadable: Sequence[UnreadableRow]) -> None:
        """Log each once, and let later messages of its job be sent. It stays in the outbox: the version that
        wrote it may run again."""
        for each in unreadable:
            if each.key not in self._unreadable:
                self._unreadable.add(each.key)
                pass_over(each)
                self._store.let_others_pass(each.key)

    def _send_all(self, due: Sequence[OutMessage], stop: threading.Event | None) -> tuple[int, float]:
        """How many messages were sent, and the seconds until the first of the others may be."""
        sent = 0
        pause = _IDLE_S
        for message in sorted(due, key=_priority):
            if stop is not None and stop.is_set():
                break
            now = time.monotonic()
            if now < self._pause_until:
                return 0, self._pause_until - now
            wait = self._sender.wait_s(message, now)
            if wait > 0:
                pause = min(pause, wait)
                continue
            self._send(message)
            sent += 1
        return sent, pause

    def _send(self, message: OutMessage) -> None:
        content = self._content(message)
        if content is None:
            return
        try:
            self._sender.send(message, content)
        except ChangedMeanwhile:
            return  # it is still due
        except RateLimited as error:
            self._sender.block(message, error.seconds)
            self._store.mark_failed(message.key, seconds_from_now(error.seconds))
        except TransientError as error:
            self._on_outage(message, error)
        except AuthError as error:
            self._on_auth_error(message, content, error)
        except CannotPost as error:
            self._on_cannot_post(message, content, error)
        except DeliveryError as error:
            self._on_unexpected_error(message, content, error)
        except Exception as error:
            if concerns_all(error):
                raise
            # A bug with one message must not hold up all others.
            metrics.count_error()
            log.exception("message_failed", key=message.key, kind=message.kind)
            self._retry_later(message)
        else:
            self._outages = 0
            self._failures.pop(message.key, None)
            if message.kind == "approval" and not message.ts:
                self._update_request_of(message)  # which links to it

    def _content(self, message: OutMessage) -> dict[str, Any] | None:
        """The payload to send; None if there is nothing to send now."""
        try:
            rendered = self._render(message)
        except DirectoryUnavailable as error:
            # Whether the policy hides it from its reader is not known now, so it waits.
            log.warning("recipient_not_known", key=message.key, error=str(error))
            self._retry_later(message)
            return None
        except Exception:
            # A message that cannot be rendered must not hold up all others.
            metrics.count_error()
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

    # ---- failures

    def _on_outage(self, message: OutMessage, error: TransientError) -> None:
        """Pause everything, and this message for longer, in case it causes the failure itself."""
        self._outages += 1
        pause = min(back_off(self._outages) / 2, _OUTAGE_MAX_S)
        self._pause_until = time.monotonic() + pause
        # After a lost response, the call may still be in flight until then.
        in_flight_s = self._limits.in_flight_timeout_s if isinstance(error, ResponseLost) else 0.0
        self._retry_later(message, at_least_s=in_flight_s)
        if self._outages in (1, 5):
            log.warning("slack_unavailable", error=str(error), pause_s=round(pause, 1))

    def _on_auth_error(self, message: OutMessage, content: Mapping[str, Any], error: AuthError) -> None:
        """Pause everything. Nothing is lost: it is sent once the credentials are right again."""
        self._sender.mark_known_unsent(message.key)
        if message.response_url and self._respond_instead(message, content):
            return
        self._pause_until = time.monotonic() + _AUTH_RETRY_S
        log.error("slack_auth_failed", error=str(error), hint="Check the bot token and its scopes.")

    def _on_cannot_post(self, message: OutMessage, content: Mapping[str, Any], error: CannotPost) -> None:
        is_response = message.ts.startswith(RESPONSE_URL_PREFIX)
        if not is_response and message.response_url and self._respond_instead(message, content):
            return
        self._give_up(message, error)

    def _respond_instead(self, message: OutMessage, content: Mapping[str, Any]) -> bool:
        """Try the response URL; whether that worked, or is tried again later: a fault of Slack passes."""
        try:
            self._sender.respond(message, content)
        except (RateLimited, TransientError) as error:
            log.warning("response_url_not_reached", key=message.key, error=str(error))
            if self._failures.get(message.key, 0) >= _UNEXPECTED_TRIES:
                return False
            self._retry_later(message, at_least_s=getattr(error, "seconds", 0.0))
            return True
        except DeliveryError as error:
            log.warning("response_url_failed", key=message.key, error=str(error))
            return False
        return True

    def _on_unexpected_error(
        self, message: OutMessage, content: Mapping[str, Any], error: DeliveryError
    ) -> None:
        """Nothing says that it can never be posted: back off, and go on. After some tries, it holds up no
        other message, and whoever waits for it is answered directly."""
        failures = self._failures.get(message.key, 0) + 1
        if failures == _UNEXPECTED_TRIES:
            log.error("message_held_up", key=message.key, kind=message.kind, error=str(error))
            self._store.let_others_pass(message.key)
        self._sender.mark_known_unsent(message.key)
        waits = failures >= _UNEXPECTED_TRIES and not message.ts and message.response_url
        if waits and self._respond_instead(message, content):
            return
        self._retry_later(message)

    def _retry_later(self, message: OutMessage, at_least_s: float = 0.0) -> None:
        self._failures[message.key] = failures = self._failures.get(message.key, 0) + 1
        self._store.mark_failed(message.key, seconds_from_now(max(at_least_s, back_off(failures))))

    def _give_up(self, message: OutMessage, error: DeliveryError) -> None:
        self._failures.pop(message.key, None)
        self._store.mark_failed(message.key, None, str(error))
        if message.kind == "approval":
            # Update the requester's card: it says that no approver was notified.
            self._update_request_of(message)
        log.error(
            "message_given_up", key=message.key, kind=message.kind, channel=message.channel, error=str(error)
        )

    def _update_request_of(self, message: OutMessage) -> None:
        self._store.mark_dirty(request_key(str(message.subject.get("request", ""))))


def _priority(message: OutMessage) -> tuple[int, int]:
    return (0 if message.kind in _PRIORITY_KINDS else 1, message.id)
