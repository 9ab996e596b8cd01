"""Sends the queue of one webhook in order: each delivery at least once, and the next only when one is over.

Each webhook has a thread of its own, so that none waits for another, and Slack for none.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.config.webhooks import Format, Webhook
from bot.runtime import metrics
from bot.runtime.one_by_one import pass_over
from bot.store import Store, UnreadableRow
from bot.store.records import OutMessage, WebhookDelivery
from bot.util.utc_times import utc_text
from bot.version import version
from bot.webhooks import pagerduty
from bot.webhooks.connection import TIMEOUT_S, Answer, NoAnswer, WebhookConnection
from bot.webhooks.outgoing import outgoing

log = structlog.get_logger(__name__)

GIVE_UP_AFTER = timedelta(days=3)
"""How old a delivery gets while its webhook fails. Source: "Deliverability and reliability" in Standard
Webhooks, whose schedule ends after three days."""
_UNMADE_TRIES = 5
"""Number of tries in a row after which a delivery is given up whose request the bot cannot make."""
_FIRST_PAUSE_S = 5.0
_GROWTH = 3.0
_LONGEST_PAUSE_S = 3600.0
_LONGEST_ASKED_S = 86400.0
"""The most that `Retry-After` can ask for."""
_IDLE_S = 1.0
_MEASURE_EVERY_S = 5.0
_GONE = 410


def pause_s(failures: int, asked_s: float = 0.0) -> float:
    """Seconds to wait after this many failures of a delivery (1 or more): exponential with jitter up to an
    hour, or what the receiver has asked for, if that is longer."""
    most = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * _GROWTH ** min(failures - 1, 16))
    jittered = most * random.uniform(0.7, 1.0)  # noqa: S311 - no secret
    return max(jittered, min(asked_s, _LONGEST_ASKED_S))


class WebhookSender:
    """`channel` gets a message when a delivery is given up; `wake` is set when there is one."""

    def __init__(
        self,
        webhook: Webhook,
        store: Store,
        channel: str,
        wake: threading.Event,
        clock: Callable[[], datetime],
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._webhook = webhook
        self._store = store
        self._channel = channel
        self._wake = wake
        self._clock = clock
        self._connection = WebhookConnection(webhook, timeout_s)
        self._is_gone = False
        self._unmade: tuple[int, int] = (0, 0)
        """ID of the last delivery of which no request could be made, and how often in a row."""
        self._measured = 0.0

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set. Call it after this replica has become the leader. Raises: StoreError."""
        try:
            while not stop.is_set():
                self._measure()
                stop.wait(self.step(stop))
        finally:
            metrics.webhook_stopped(self._webhook.name)

    def interrupt(self) -> None:
        """End the request that is under way: its delivery stays, and is sent again."""
        self._connection.abort()

    def step(self, stop: threading.Event) -> float:
        """Send the first delivery, if it is due; returns the seconds until there may be something to send.

        Raises:
            StoreError.
        """
        name, format = self._webhook.name, self._webhook.format
        delivery = None if self._is_gone else self._store.next_delivery(name, format, self._on_unreadable)
        if delivery is None:
            return _IDLE_S
        wait = self._wait_s(delivery)
        if wait > 0:
            return min(wait, _IDLE_S)
        try:
            answer = self._attempt(delivery)
        except NoAnswer as error:
            self._unmade = (0, 0)
            if not stop.is_set():
                self._on_failed(delivery, str(error))
            return 0.0
        except Exception as error:
            self._on_unmade(delivery, error)
            return 0.0
        self._unmade = (0, 0)
        if 200 <= answer.status < 300:
            self._store.delivery_sent(delivery.id)
            metrics.webhook_attempt(self._webhook.name, "sent")
        elif answer.status == _GONE:
            self._on_gone(delivery, answer)
        else:
            self._on_failed(delivery, _answered(answer), answer)
        return 0.0

    def _attempt(self, delivery: WebhookDelivery) -> Answer:
        made = outgoing(self._webhook, delivery, self._clock())
        return self._connection.post(made.body, {**made.headers, "User-Agent": f"dms-bot/{version()}"})

    def _wait_s(self, delivery: WebhookDelivery) -> float:
        if delivery.not_before is None:
            return 0.0
        wait = (delivery.not_before - self._clock()).total_seconds()
        # A later time means that the clock has been set back since.
        return wait if wait <= _LONGEST_ASKED_S else 0.0

    def _on_failed(self, delivery: WebhookDelivery, why: str, answer: Answer | None = None) -> None:
        now = self._clock()
        since = delivery.failing_since or now
        pause = pause_s(delivery.attempts + 1, answer.retry_after_s if answer else 0.0)
        metrics.webhook_attempt(self._webhook.name, "failed")
        log.warning(
            "webhook_failed",
            webhook=self._webhook.name,
            event_id=delivery.event,
            error=why,
            answer=answer.excerpt if answer else "",
            attempts=delivery.attempts + 1,
            pause_s=round(pause, 1),
        )
        name = self._webhook.name
        if answer is not None and self._is_final(answer):
            text = (
                f"The webhook “{name}” refused an alert (HTTP {answer.status}), which PagerDuty does for "
                "good. It was given up, and so is each alert that is refused from now on. Check the "
                "integration key. See docs/webhooks.md."
            )
            self._give_up(delivery, why, since, "webhook-refused", text)
        elif min(now - delivery.created, now - since) >= GIVE_UP_AFTER:
            text = (
                f"The webhook “{name}” has taken nothing since {utc_text(since)} "
                f"({why}). What has waited for it for 3 days is given up from now on; what is newer is still "
                "tried. See docs/webhooks.md."
            )
            self._give_up(delivery, why, since, "webhook-failing", text)
        else:
            self._store.delivery_failed(delivery.id, now + timedelta(seconds=pause), since)

    def _on_unmade(self, delivery: WebhookDelivery, error: Exception) -> None:
        """The bot cannot make the request, because of an error of its own. After a few tries it is given up,
        so that those after it are sent."""
        metrics.count_error()
        log.exception("delivery_not_made", webhook=self._webhook.name, event_id=delivery.event)
        why = f"its request could not be made ({type(error).__name__})"
        last, times = self._unmade
        self._unmade = (delivery.id, times + 1 if last == delivery.id else 1)
        if self._unmade[1] < _UNMADE_TRIES:
            self._on_failed(delivery, why)
            return
        since = delivery.failing_since or self._clock()
        text = (
            f"An event could not be sent to the webhook “{self._webhook.name}” because of an error in the "
            "bot, and was given up; those after it are sent. See docs/webhooks.md."
        )
        self._give_up(delivery, why, since, "webhook-unmade", text)

    def _on_unreadable(self, error: UnreadableRow) -> None:
        """Nobody can send it. Left in the queue, it would come too late once somebody can read it."""
        pass_over(error)
        text = (
            f"An event for the webhook “{self._webhook.name}” cannot be read from the database, and was "
            "given up; those after it are sent. My log names each (`row_not_read`). See docs/webhooks.md."
        )
        why = "it cannot be read"
        with self._store.transaction():
            self._store.give_up_unreadable(int(error.key), why)
            self._tell(f"webhook-unreadable:{self._webhook.name}:{self._clock().date().isoformat()}", text)
        metrics.webhook_attempt(self._webhook.name, "given_up")
        log.error("webhook_delivery_given_up", webhook=self._webhook.name, delivery=error.key, error=why)

    def _is_final(self, answer: Answer) -> bool:
        """Whether trying again cannot help, so that it would only keep others waiting."""
        return self._webhook.format is Format.PAGERDUTY and answer.status == pagerduty.REFUSED

    def _give_up(self, delivery: WebhookDelivery, why: str, since: datetime, kind: str, text: str) -> None:
        """Give it up, and post `text`, unless one of its kind was posted since then."""
        with self._store.transaction():
            self._store.give_up_delivery(delivery, why, since)
            self._tell(f"{kind}:{self._webhook.name}:{since.isoformat()}", text)
        metrics.webhook_attempt(self._webhook.name, "given_up")
        log.error("webhook_delivery_given_up", webhook=self._webhook.name, event_id=delivery.event, error=why)

    def _on_gone(self, delivery: WebhookDelivery, answer: Answer) -> None:
        name = self._webhook.name
        metrics.webhook_attempt(name, "failed")
        log.error(
            "webhook_gone", webhook=name, answer=answer.excerpt, hint="Nothing is sent until a restart."
        )
        self._tell(
            f"webhook-gone:{name}:{delivery.id}",
            f"The webhook “{name}” answered that it is gone (HTTP 410), so nothing more is sent to it until "
            "the bot is restarted. Remove it from the settings, or correct its URL. See docs/webhooks.md.",
        )
        self._is_gone = True

    def _tell(self, key: str, text: str) -> None:
        """Post it in the notification channel, once for each key."""
        subject = {"text": text}
        if self._store.enqueue(OutMessage(key, self._channel, "text", subject, created=self._clock())):
            self._wake.set()

    def _measure(self) -> None:
        if time.monotonic() - self._measured < _MEASURE_EVERY_S:
            return
        self._measured = time.monotonic()
        queue = self._store.webhook_queue(self._webhook.name, self._webhook.format)
        age = timedelta() if queue.oldest is None else self._clock() - queue.oldest
        metrics.webhook_queue(self._webhook.name, queue.depth, max(0.0, age.total_seconds()))


def _answered(answer: Answer) -> str:
    redirect = ", a redirect, which is not followed" if 300 <= answer.status < 400 else ""
    return f"HTTP {answer.status}{redirect}"
