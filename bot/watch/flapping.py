"""Damps jobs that flap: alerts that come again and again become one message, which counts them.

A job flaps in a channel when an alert of it comes a second time within `FLAP_WINDOW`, and nobody here has
acted on the job in between. From then on its failures, its recoveries and what else has come again are added
to the message of the flapping, until it has been quiet for `SETTLED_AFTER`. If it is left in trouble then,
that is said by one more message. An update notifies nobody, so any other news is an alert as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache

from bot.dms.error_news import brings_errors, ends_errors, recovers
from bot.dms.running_errors import same_error
from bot.dms.source_writes import must_stop
from bot.policy.subscriptions import is_failure
from bot.runtime.one_by_one import pass_over
from bot.store import Store
from bot.store.records import Event, OutMessage
from bot.watch.attribution import OUTSIDE
from bot.watch.recipients import RoutedEvent

FLAP_WINDOW = timedelta(minutes=3)
"""How soon an alert has to come again."""
SETTLED_AFTER = timedelta(minutes=2)
"""How long a job has to be quiet before the state that it was left in is told, if that is a bad one."""
_LONGEST = timedelta(hours=1)
"""After this, a job that still flaps gets a new message."""
_UPDATED = 1000
"""Latest messages of flappings that are updated when their jobs move on."""
_RECENT = 200


class FlapDamper:
    """Finds flapping jobs by their events in the store, so a restart of the bot changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def absorb(self, target: str, routed: RoutedEvent, now: datetime) -> bool:
        """Add an alert to the flapping of its job, if the job flaps in this channel; whether it does."""
        event = routed.event
        if ends_errors(event):
            return False  # it waits, and is taken back if the errors return
        if must_stop(event):
            return False  # people have to act each time
        last = self._last(target, event, now)
        since_action = _since_last_action(self._earlier(event, now))
        if last is not None and self._has_settled(last):
            # Nobody would be told of what comes now: what is in that message is over.
            since_action = [each for each in since_action if each.id > max(last.subject["events"])]
        message = last if last is not None and _goes_on(last, since_action) else None
        alike = [each for each in since_action if _repeats(event, each)]
        if message is not None and (alike or is_failure(event) or recovers(event)):
            self._extend(message, event, now)
            return True
        if message is not None or not alike:
            return False
        self._begin(target, routed, alike[0], now)
        return True

    def updater(self, since: datetime) -> Callable[[str, Event], bool]:
        """Has what was told of a job's last flapping since then rendered again, as the job has moved on. It
        reads the messages once, on first use."""

        @cache
        def last() -> dict[str, str]:
            found = self._store.messages("flapping:", "flapping", since, limit=_UPDATED, skip=pass_over)
            return {f"{each.key.rpartition(':')[0]}:": each.key for each in found}

        def update(target: str, event: Event) -> bool:
            key = last().get(_prefix(target, event))
            updated = [self._store.mark_dirty(each) for each in (key, _settled_key(key))] if key else []
            return any(updated)

        return update

    def _earlier(self, event: Event, now: datetime) -> list[Event]:
        since = now - FLAP_WINDOW
        found = self._store.events(event.job, event.create_time, limit=_RECENT, since=since, skip=pass_over)
        return [each for each in found if each.id < event.id]

    def _last(self, target: str, event: Event, now: datetime) -> OutMessage | None:
        """The message of the job's last flapping."""
        found = self._store.messages(_prefix(target, event), "flapping", now - _LONGEST, skip=pass_over)
        return found[-1] if found else None

    def _has_settled(self, message: OutMessage) -> bool:
        """Whether the state that the job was left in was told, or was a good one."""
        settled = self._store.message(_settled_key(message.key))
        return settled is not None and bool(settled.ts or settled.error)

    def _begin(self, target: str, routed: RoutedEvent, first: Event, now: datetime) -> None:
        event = routed.event
        subject = {
            "job": event.job,
            "create_time": event.create_time.isoformat(),
            "events": [first.id, event.id],
        }
        key = f"{_prefix(target, event)}{event.id}"
        self._store.enqueue(
            OutMessage(key, target, "flapping", subject, order=routed.order(target), created=now)
        )
        # Without an `order`: it waits, and must not hold up the job's other messages.
        self._store.enqueue(
            OutMessage(
                key=_settled_key(key),
                channel=target,
                kind="settled",
                subject=subject,
                not_before=now + SETTLED_AFTER,
                created=now,
            )
        )

    def _extend(self, message: OutMessage, event: Event, now: datetime) -> None:
        subject = {**message.subject, "events": [*message.subject["events"], event.id]}
        self._store.mark_dirty(message.key, subject)
        key = _settled_key(message.key)
        if self._store.mark_dirty(key, subject):
            self._store.mark_failed(key, now + SETTLED_AFTER)


def signature(event: Event) -> tuple[str, ...]:
    """What an event has in common with its repetitions."""
    if brings_errors(event):
        return ("errors",)
    if event.kind == "delayed":
        return ("delayed",)
    return event.kind, event.after, "recovers" if recovers(event) else ""


def _repeats(event: Event, earlier: Event) -> bool:
    same = signature(earlier) == signature(event)
    return same and (not brings_errors(event) or same_error(earlier.detail, event.detail))


def _goes_on(message: OutMessage, recent: Sequence[Event]) -> bool:
    """Whether the flapping has gone on within the window."""
    return not {each.id for each in recent}.isdisjoint(message.subject["events"])


def _since_last_action(events: Iterable[Event]) -> list[Event]:
    """The events after the last one that a request here caused: who acts expects something to happen."""
    found: list[Event] = []
    for event in events:
        found.append(event)
        if event.by not in ("", OUTSIDE):
            found.clear()
    return found


def _prefix(target: str, event: Event) -> str:
    return f"flapping:{event.job}:{event.create_time.isoformat()}:{target}:"


def _settled_key(flapping_key: str) -> str:
    return f"settled:{flapping_key.removeprefix('flapping:')}"
