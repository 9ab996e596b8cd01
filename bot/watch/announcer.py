"""Turns events into outbox rows: timelines, replies in their threads, alerts and digests.

Called inside the transaction that saves the events, so an event and its messages are saved together or not
at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.dms import error_news, source_writes
from bot.dms.model import CHANGING, State
from bot.dms.running_errors import same_error
from bot.policy.subscriptions import Subscriptions, is_alert
from bot.runtime.one_by_one import pass_over
from bot.store import Store
from bot.store.records import Event, OutMessage
from bot.watch.flapping import FlapDamper
from bot.watch.mass_failures import MASS, MassFailures
from bot.watch.recipients import RoutedEvent, SavedEvent

BURST = 10
"""From this many jobs at once, their events go into one digest."""
TIMELINE_WINDOW = timedelta(seconds=10)
"""How far back new timelines count towards a burst."""
ALERT_WINDOW = timedelta(seconds=60)
"""How far back alerts count towards a burst."""
GATHER_WINDOW = timedelta(seconds=30)
"""How long a digest of alerts collects more before it is sent."""
DIGEST_OPEN = timedelta(minutes=5)
"""How long later events of a digest's jobs are added to it."""
DIGEST_UPDATED = timedelta(days=7)
"""How long a digest is updated when one of its jobs leaves the status that it warns of."""
_RECENT = 20
"""Latest events of a job among which the alerts of its last status are looked for."""
_ALERTS_OF_A_STATUS = 10
"""At most: one for reaching the status, one for being stuck in it, others for errors that came and went."""


@dataclass
class _Digest:
    """A digest in the outbox that may get more events."""

    key: str
    at: datetime
    jobs: set[str]
    events: list[int]

    def add(self, routed: Sequence[RoutedEvent]) -> dict[str, Any]:
        """Add events; returns the new subject of the message."""
        self.jobs.update(each.event.job for each in routed)
        self.events.extend(each.event.id for each in routed)
        return {"events": list(self.events)}


@dataclass
class _Channel:
    """What was announced to a channel lately. Not saved: after a restart, a burst is noticed a bit later."""

    timelines: list[tuple[datetime, str]] = field(default_factory=list)
    """New timelines, each with its time and job."""
    alerts: list[tuple[datetime, str]] = field(default_factory=list)
    digest: _Digest | None = None
    alert_digest: _Digest | None = None


class _Digests:
    """Finds the recent digests that hold an event. Each target's digests are read once, on first use."""

    def __init__(self, store: Store, since: datetime) -> None:
        self._store = store
        self._since = since
        self._by_event: dict[str, dict[int, list[str]]] = {}

    def containing(self, target: str, event: int) -> list[str]:
        if target not in self._by_event:
            self._by_event[target] = self._read(target)
        return self._by_event[target].get(event, [])

    def _read(self, target: str) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        # By key, as the channel of a direct message changes from the user ID to its own ID once it is sent.
        for message in self._store.messages(_digest_keys(target), "digest", self._since, skip=pass_over):
            for event in message.subject["events"]:
                found.setdefault(int(event), []).append(message.key)
        return found


class Announcer:
    """Writes outbox rows. It remembers what each channel got lately, to notice bursts.

    For `settle`, errors that have cleared may come back before their end is told; it defaults to no time.
    """

    def __init__(self, store: Store, *, burst: int = BURST, settle: timedelta = timedelta()) -> None:
        self._store = store
        self._burst = burst
        self._settle = settle
        self._channels: dict[str, _Channel] = {}
        self._mass_failures = MassFailures(store, min(MASS, burst))
        self._flapping = FlapDamper(store)

    def announce(self, saved: Sequence[SavedEvent], subscriptions: Subscriptions, now: datetime) -> bool:
        """Write the messages for these events; whether there are any. Raises: StoreError."""
        by_target: dict[str, list[RoutedEvent]] = {}
        for each in saved:
            for recipient in subscriptions.recipients(each.event, each.snapshot.job):
                routed = RoutedEvent(each, recipient.follows_job)
                by_target.setdefault(recipient.target, []).append(routed)
        for target, events in by_target.items():
            self._announce_to(target, events, now)
        since = now - DIGEST_UPDATED
        digests, update_mass = _Digests(self._store, since), self._mass_failures.updater(since)
        update_flapping = self._flapping.updater(since)
        closed = [
            self._close_alerts(each.event, subscriptions, digests, update_mass, update_flapping)
            for each in saved
        ]
        return bool(by_target) or any(closed)

    def forget(self) -> None:
        """Forget what each channel got recently: the transaction with these messages was rolled back."""
        self._channels.clear()
        self._mass_failures.forget()

    def _close_alerts(
        self,
        event: Event,
        subscriptions: Subscriptions,
        digests: _Digests,
        update_mass: Callable[[str, int], bool],
        update_flapping: Callable[[str, Event], bool],
    ) -> bool:
        """Have the alerts of the status that a job has left rendered again; whether there are any.

        Their warning is over, and their buttons would act on another status.
        """
        if not _may_end_alerts(event):
            return False
        earlier = self._store.events(event.job, event.create_time, limit=_RECENT, skip=pass_over)
        left = [each.id for each in earlier if each.id < event.id and _ends(event, each)]
        ended = [(target, each) for each in left[-_ALERTS_OF_A_STATUS:] for target in subscriptions.targets()]
        updated = [self._close_alert(each, target, digests) for target, each in ended]
        updated += [update_flapping(target, event) for target in dict(ended)]
        return any([*updated, *(update_mass(target, each) for target, each in ended)])

    def _close_alert(self, event: int, target: str, digests: _Digests) -> bool:
        """The alert is a message of its own or, in a burst, a part of a digest."""
        if self._store.mark_dirty(f"alert:{event}:{target}"):
            return True
        updated = [self._store.mark_dirty(key) for key in digests.containing(target, event)]
        return any(updated)

    def _announce_to(self, target: str, routed: list[RoutedEvent], now: datetime) -> None:
        channel = self._channels.setdefault(target, _Channel())
        _expire_recent(channel, now)
        alone = self._mass_failures.gather(target, routed, now)
        for each in routed:
            if each not in alone:
                self._update_timeline(target, each)
        rest = self._extend_digest(channel, target, alone)
        if len({each.event.job for each in rest}) >= self._burst:
            channel.digest = self._post_digest(target, rest, now)
            for each in rest:
                self._update_timeline(target, each)
            return
        for each in rest:
            self._announce_one(channel, target, each, now)

    def _extend_digest(self, channel: _Channel, target: str, routed: list[RoutedEvent]) -> list[RoutedEvent]:
        """Add events of jobs in the open digest to it, except alerts; returns the others."""
        digest = channel.digest
        if digest is None:
            return routed
        added = [each for each in routed if not each.is_alert and each.event.job in digest.jobs]
        if added:
            self._store.mark_dirty(digest.key, digest.add(added))
            for each in added:
                self._update_timeline(target, each)
        return [each for each in routed if each not in added]

    def _post_digest(
        self, target: str, routed: list[RoutedEvent], now: datetime, not_before: datetime | None = None
    ) -> _Digest:
        digest = _Digest(f"{_digest_keys(target)}{routed[0].event.id}", now, set(), [])
        message = OutMessage(
            key=digest.key,
            channel=target,
            kind="digest",
            subject=digest.add(routed),
            not_before=not_before,
            created=now,
        )
        self._store.enqueue(message)
        return digest

    def _announce_one(self, channel: _Channel, target: str, routed: RoutedEvent, now: datetime) -> None:
        """One post: an alert, or a reply in the thread of the job's timeline, or the timeline itself."""
        has_timeline = self._update_timeline(target, routed)
        revives = routed.is_alert and self._revives_alert(target, routed.event, now)
        if routed.is_alert and not revives:
            self._alert(channel, target, routed, now)
        elif has_timeline:
            self._post(target, routed, "event", now, thread_of=routed.timeline_key(target))
        elif routed.follows_job and not revives:
            self._begin_timeline(channel, target, routed, now)

    def _revives_alert(self, target: str, event: Event, now: datetime) -> bool:
        """Whether an error comes back right after it had cleared: then its alert stands again, unchanged.

        DMS retries what is faulty ("Migration job statuses", Running with errors), so errors may come and go.
        """
        if not error_news.brings_errors(event):
            return False
        earlier = self._store.events(event.job, event.create_time, limit=_RECENT, skip=pass_over)
        past = [each for each in reversed(earlier) if each.id < event.id]
        cleared = next((each for each in past if error_news.ends_errors(each)), None)
        if cleared is None or now - cleared.at >= self._settle:
            return False
        alike = (each for each in past if each.kind == event.kind and same_error(each.detail, event.detail))
        return any(self._store.mark_dirty(f"alert:{each.id}:{target}") for each in alike)

    def _begin_timeline(self, channel: _Channel, target: str, routed: RoutedEvent, now: datetime) -> None:
        """The timeline shows its first event, so that needs no reply."""
        if self._is_burst(channel.timelines, routed):
            channel.digest = self._post_digest(target, [routed], now)
            return
        channel.timelines.append((now, routed.event.job))
        self._close_last_run(target, routed)
        message = OutMessage(
            key=routed.timeline_key(target),
            channel=target,
            kind="timeline",
            subject=routed.timeline_subject(),
            order=routed.order(target),
            created=now,
        )
        self._store.enqueue(message)

    def _close_last_run(self, target: str, routed: RoutedEvent) -> None:
        """Store in the previous run's timeline where that run ends."""
        key = routed.last_timeline_key(target)
        message = self._store.message(key) if key else None
        if message is not None:
            self._store.mark_dirty(key, {**message.subject, "end": routed.event.id})

    def _update_timeline(self, target: str, routed: RoutedEvent) -> bool:
        return routed.follows_job and self._store.mark_dirty(routed.timeline_key(target))

    def _alert(self, channel: _Channel, target: str, routed: RoutedEvent, now: datetime) -> None:
        is_burst = self._is_burst(channel.alerts, routed)
        channel.alerts.append((now, routed.event.job))
        if not is_burst and self._flapping.absorb(target, routed, now):
            return
        if not is_burst:
            wait = self._settle if error_news.ends_errors(routed.event) else timedelta()
            self._post(target, routed, "alert", now, wait=wait)
            return
        digest = channel.alert_digest
        if digest is not None and self._is_unsent(digest.key):
            self._store.mark_dirty(digest.key, digest.add([routed]))
            return
        channel.alert_digest = self._post_digest(target, [routed], now, not_before=now + GATHER_WINDOW)

    def _is_burst(self, recent: list[tuple[datetime, str]], routed: RoutedEvent) -> bool:
        jobs = {job for _, job in recent}
        return routed.event.job not in jobs and len(jobs) + 1 >= self._burst

    def _is_unsent(self, key: str) -> bool:
        message = self._store.message(key)
        return message is not None and not message.ts and not message.attempts and not message.error

    def _post(
        self,
        target: str,
        routed: RoutedEvent,
        kind: str,
        now: datetime,
        thread_of: str = "",
        wait: timedelta = timedelta(),
    ) -> None:
        """Post it now, or after `wait`: then without its place among the messages of the job."""
        message = OutMessage(
            key=f"{kind}:{routed.event.id}:{target}",
            channel=target,
            kind=kind,
            subject={"event": routed.event.id},
            order="" if wait else routed.order(target),
            thread_of=thread_of,
            not_before=now + wait if wait else None,
            created=now,
        )
        self._store.enqueue(message)


def _digest_keys(target: str) -> str:
    """The prefix of the keys of a target's digests."""
    return f"digest:{target}:"


def _may_end_alerts(event: Event) -> bool:
    """Whether an earlier event may be over with this one."""
    if event.kind in ("changed", "deleted"):
        return _is_alarming(event.before) or error_news.stops_running(event) or source_writes.must_stop(event)
    return error_news.ends_errors(event) or (error_news.brings_errors(event) and is_alert(event))


def _is_alarming(status: str) -> bool:
    """Whether a job in this status may have an alert that ends with the status.

    Such a job failed, stopped, may be stuck, or waits for people to stop the writes to its source.
    """
    state = _state(status)
    return state in CHANGING or state in (State.FAILED, State.STOPPED) or source_writes.forbids_writes(status)


def _state(status: str) -> str:
    return status.partition("/")[0]


def _ends(event: Event, earlier: Event) -> bool:
    """Whether the alert of an earlier event is about the status that `event` leaves.

    The alert to stop the writes is about every phase in which they must stop, not only about the first.
    """
    if error_news.brings_errors(earlier):
        return error_news.ends_errors(event) or error_news.stops_running(event)
    if source_writes.must_stop(event) and source_writes.may_resume(earlier):
        return True
    if error_news.ends_errors(earlier):
        return error_news.brings_errors(event)
    if event.kind not in ("changed", "deleted"):
        return False
    if source_writes.forbids_writes(event.before):
        return source_writes.must_stop(earlier) or (earlier.kind == "stuck" and earlier.after == event.before)
    return _is_alarming(event.before) and earlier.after == event.before


def _expire_recent(channel: _Channel, now: datetime) -> None:
    channel.timelines[:] = [each for each in channel.timelines if each[0] > now - TIMELINE_WINDOW]
    channel.alerts[:] = [each for each in channel.alerts if each[0] > now - ALERT_WINDOW]
    if channel.digest is not None and now - channel.digest.at > DIGEST_OPEN:
        channel.digest = None
