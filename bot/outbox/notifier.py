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
    Barred,
    Delivery,
    DeliveryError,
    Limited,
    LockedOut,
    Lost,
    Missing,
    Odd,
    Rendered,
    Trouble,
    Unfit,
)
from bot.store import Store, StoreError
from bot.store.records import BY_URL, OutMessage
from bot.util.ratelimit import Lane, back_off

log = structlog.get_logger(__name__)

Render = Callable[[OutMessage], Rendered | None]

_LIMITS = Limits()
_IDLE_S = 1.0
_OUTAGE_MOST_S = 30.0
_LOCKED_OUT_S = 60.0
_ODD_TRIES = 5
_DUE = (200, 5000)
"""Messages looked at in one go; the second when the first are all held up."""
_REMEMBERED = 2000

_URL_USES = 5
_URL_LASTS = timedelta(minutes=30)
_URL_WAITS_S = (1.0, 5.0, 20.0, 90.0)
"""After each use of a response URL: what happens meanwhile is told by the next, so that they suffice."""

_FIRST = ("request", "approval", "reminder", "denial", "text", "alert", "digest", "summary")
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
        self._posts: dict[str, Lane] = {}
        self._updates = Lane(limits.updates_per_s, limits.updates_burst)
        self._failures: dict[str, int] = {}
        self._outages = 0
        self._pause_until = 0.0
        self._not_posted: OrderedDict[str, str] = OrderedDict()
        """Keys of which surely nothing was posted: no need to search for them. The latest stand last."""
        self._shown: OrderedDict[str, str] = OrderedDict()

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set. To be called when leadership has been gained."""
        # Another replica may have posted and updated since.
        self._not_posted.clear()
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
        for limit in _DUE:
            due = self._store.due(datetime.now(UTC), limit)
            sent, pause = self._send_all(due, stop)
            if sent or len(due) < limit:
                return 0.0 if sent else pause
        return pause

    def _send_all(self, due: Sequence[OutMessage], stop: threading.Event | None) -> tuple[int, float]:
        sent = 0
        pause = _IDLE_S
        for row in sorted(due, key=_urgency):
            if stop is not None and stop.is_set():
                break
            now = time.monotonic()
            if now < self._pause_until:
                return 0, self._pause_until - now
            wait = self._lane(row).wait(now)
            if wait > 0:
                pause = min(pause, wait)
                continue
            self._send(row)
            sent += 1
        return sent, pause

    # ---- one message

    def _send(self, row: OutMessage) -> None:
        content = self._content(row)
        if content is None:
            return
        try:
            self._deliver(row, content)
        except Limited as error:
            self._surely_not_posted(row.key)
            self._lane(row).close(time.monotonic() + error.seconds)
            self._store.mark_failed(row.key, _in(error.seconds))
        except Trouble as error:
            self._outage(row, error)
        except LockedOut as error:
            self._locked_out(row, content, error)
        except Barred as error:
            self._barred(row, content, error)
        except DeliveryError as error:
            self._odd(row, error)
        except StoreError:
            raise
        except Exception:
            # Whatever this is, it must not hold up all other messages.
            log.exception("message_failed", key=row.key, kind=row.kind)
            self._later(row)
        else:
            self._outages = 0
            self._failures.pop(row.key, None)

    def _content(self, row: OutMessage) -> dict[str, Any] | None:
        """What to send; None when there is nothing to send now."""
        try:
            rendered = self._render(row)
        except Exception:
            # A message that cannot be drawn must not hold up all others.
            log.exception("message_not_rendered", key=row.key, kind=row.kind)
            self._later(row)
            return None
        if rendered is not None:
            return rendered.payload()
        if row.ts:
            self._store.mark_sent(row.key, row.rev, row.ts)
        else:
            self._store.mark_failed(row.key, None, "There is nothing to show any more.")
        return None

    def _deliver(self, row: OutMessage, content: dict[str, Any]) -> None:
        if row.ts and self._shown.get(row.key) == _digest(content):
            self._store.mark_sent(row.key, row.rev, row.ts)
            return
        try:
            self._deliver_as_is(row, content)
        except Unfit as error:
            if not content.get("blocks"):
                raise
            log.error("blocks_refused", key=row.key, kind=row.kind, error=str(error))
            self._deliver_as_is(row, {"text": content["text"]})

    def _deliver_as_is(self, row: OutMessage, content: dict[str, Any]) -> None:
        if row.ts.startswith(BY_URL):
            self._respond(row, content)
        elif row.ts:
            self._update(row, content)
        else:
            self._post(row, content)

    def _post(self, row: OutMessage, content: dict[str, Any]) -> None:
        channel = self._delivery.address(row.channel)
        thread = self._thread(row)
        if self._recognise(row, channel, thread):
            return
        never = not row.attempts or row.key in self._not_posted
        self._store.mark_attempt(row.key, _in(self._limits.arrives_s))
        self._not_posted.pop(row.key, None)
        try:
            ts = self._delivery.post(channel, content, row.key, row.rev, thread)
        except Missing:
            if not thread:
                raise
            ts = self._delivery.post(channel, content, row.key, row.rev)
        except Barred:
            if never:
                # Else an earlier call may have got through, and its channel could not be searched.
                self._surely_not_posted(row.key)
            raise
        finally:
            # Only now: the call may have been long on its way, and Slack counts from its arrival.
            self._post_lane(row).take(time.monotonic())
        self._store.mark_sent(row.key, row.rev, ts, channel)
        self._remember(row.key, content)

    def _recognise(self, row: OutMessage, channel: str, thread: str) -> bool:
        """Whether it had been posted already, by a call whose answer never came."""
        if not row.attempts or row.key in self._not_posted:
            return False
        since = row.created or datetime.fromtimestamp(0, UTC)
        try:
            found = self._delivery.find(channel, row.key, since, thread, not_ts=row.ts)
        except (LockedOut, Barred, Missing, Odd) as error:
            log.warning("channel_not_searched", channel=channel, error=str(error))
            return False
        if found is None:
            return False
        log.info("message_recognised", key=row.key, ts=found.ts)
        self._store.mark_sent(row.key, min(found.rev, row.rev), found.ts, channel)
        return True

    def _update(self, row: OutMessage, content: dict[str, Any]) -> None:
        self._store.mark_attempt(row.key, _in(self._limits.arrives_s))
        self._updates.take(time.monotonic())
        try:
            self._delivery.update(row.channel, row.ts, content, row.key, row.rev)
        except Missing as error:
            log.info("message_posted_anew", key=row.key, error=str(error))
            self._not_posted.pop(row.key, None)
            self._post(replace(row, attempts=1), content)
            return
        self._store.mark_sent(row.key, row.rev, row.ts)
        self._remember(row.key, content)

    def _thread(self, row: OutMessage) -> str:
        parent = self._store.message(row.thread_of) if row.thread_of else None
        return parent.ts if parent is not None and parent.stands else ""

    def _respond(self, row: OutMessage, content: Mapping[str, Any]) -> None:
        """Where the bot cannot write: answer the person who asked."""
        used = int(row.ts.removeprefix(BY_URL)) if row.ts.startswith(BY_URL) else 0
        late = row.created is not None and datetime.now(UTC) - row.created > _URL_LASTS
        if used >= _URL_USES or late:
            raise Barred("the response URL is used up")
        self._delivery.respond(row.response_url, content, replace=used > 0)
        self._store.mark_sent(row.key, row.rev, f"{BY_URL}{used + 1}")
        if used < len(_URL_WAITS_S):
            self._store.mark_failed(row.key, _in(_URL_WAITS_S[used]))

    # ---- what went wrong

    def _outage(self, row: OutMessage, error: Trouble) -> None:
        """Everything waits a little, and this message a little longer, in case it is its own fault."""
        self._outages += 1
        pause = min(back_off(self._outages) / 2, _OUTAGE_MOST_S)
        self._pause_until = time.monotonic() + pause
        self._later(row, at_least=self._limits.arrives_s if isinstance(error, Lost) else 0.0)
        if self._outages in (1, 5):
            log.warning("slack_in_trouble", error=str(error), pause_s=round(pause, 1))

    def _locked_out(self, row: OutMessage, content: Mapping[str, Any], error: LockedOut) -> None:
        """Nothing is lost: all goes out once the credentials are in order again."""
        if row.response_url and self._answered(row, content):
            return
        self._surely_not_posted(row.key)
        self._pause_until = time.monotonic() + _LOCKED_OUT_S
        log.error(
            "slack_refuses_the_bot", error=str(error), hint="See that the bot token and scopes are right."
        )

    def _barred(self, row: OutMessage, content: Mapping[str, Any], error: Barred) -> None:
        if not row.ts.startswith(BY_URL) and row.response_url and self._answered(row, content):
            return
        self._give_up(row, error)

    def _answered(self, row: OutMessage, content: Mapping[str, Any]) -> bool:
        try:
            self._respond(row, content)
        except DeliveryError as error:
            log.warning("response_url_failed", key=row.key, error=str(error))
            return False
        return True

    def _odd(self, row: OutMessage, error: DeliveryError) -> None:
        if isinstance(error, Unfit) or self._failures.get(row.key, 0) + 1 >= _ODD_TRIES:
            self._give_up(row, error)
            return
        self._surely_not_posted(row.key)
        self._later(row)

    def _later(self, row: OutMessage, at_least: float = 0.0) -> None:
        self._failures[row.key] = failures = self._failures.get(row.key, 0) + 1
        self._store.mark_failed(row.key, _in(max(at_least, back_off(failures))))

    def _give_up(self, row: OutMessage, error: DeliveryError) -> None:
        self._failures.pop(row.key, None)
        self._store.mark_failed(row.key, None, str(error))
        if row.kind == "approval":
            # Who asked is told that nobody else has heard of it.
            self._store.touch(request_key(str(row.subject.get("request", ""))))
        log.error("message_given_up", key=row.key, kind=row.kind, channel=row.channel, error=str(error))

    # ---- helpers

    def _lane(self, row: OutMessage) -> Lane:
        if row.stands:
            return self._updates
        return self._post_lane(row)

    def _post_lane(self, row: OutMessage) -> Lane:
        return self._posts.setdefault(row.channel, Lane(self._limits.posts_per_s))

    def _surely_not_posted(self, key: str) -> None:
        _keep(self._not_posted, key, "")

    def _remember(self, key: str, content: Mapping[str, Any]) -> None:
        _keep(self._shown, key, _digest(content))


def _keep(known: OrderedDict[str, str], key: str, value: str) -> None:
    """As the latest; of too many, the oldest goes."""
    known[key] = value
    known.move_to_end(key)
    while len(known) > _REMEMBERED:
        known.popitem(last=False)


def _in(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _urgency(row: OutMessage) -> tuple[int, int]:
    return (0 if row.kind in _FIRST else 1, row.id)


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
