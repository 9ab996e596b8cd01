"""From what happened to messages in the outbox: time lines, their threads, alerts and digests.

Called inside the transaction that writes the events, so that a change and its message are saved
together or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.dms import source_writes
from bot.dms.model import CHANGING, State
from bot.policy.subscriptions import Subscriptions, is_alert
from bot.store import Store
from bot.store.records import Event, JobSnapshot, OutMessage

BURST = 10
"""So many jobs with something new at once are told in one digest."""
NEWS_WINDOW = timedelta(seconds=10)
ALERT_WINDOW = timedelta(seconds=60)
GATHER_WINDOW = timedelta(seconds=30)
"""How long alerts are gathered once there have been too many."""
DIGEST_OPEN = timedelta(minutes=5)
"""How long what the jobs of a digest do next is added to it."""
DIGEST_UPDATED = timedelta(days=7)
"""How long a digest is updated when jobs leave what it warns of."""
_RECENT = 10
"""Events of a job among which the alerts of the status that it leaves must be."""
_ALERTS_OF_A_STATUS = 2
"""Coming to it, and being stuck in it."""


@dataclass(frozen=True, slots=True)
class SavedEvent:
    """An event, saved, with what is known of its job since."""

    event: Event
    known: JobSnapshot


@dataclass(frozen=True, slots=True)
class _RoutedEvent:
    saved: SavedEvent
    follows_job: bool

    @property
    def event(self) -> Event:
        return self.saved.event

    @property
    def is_alert(self) -> bool:
        return not self.follows_job or is_alert(self.event)


@dataclass
class _Digest:
    key: str
    at: datetime
    jobs: set[str]
    events: list[int]

    def add(self, routed: Sequence[_RoutedEvent]) -> dict[str, Any]:
        self.jobs.update(each.event.job for each in routed)
        self.events.extend(each.event.id for each in routed)
        return {"events": list(self.events)}


@dataclass
class _Channel:
    """What a channel has heard of late. Lost with the process: then a burst is seen a little later."""

    recent: list[tuple[datetime, str]] = field(default_factory=list)
    """New time lines."""
    alerts: list[tuple[datetime, str]] = field(default_factory=list)
    digest: _Digest | None = None
    gathering: _Digest | None = None


class _Digests:
    """Which digests of late hold an event; each channel's are read once, when they are wanted."""

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
        # By key: a direct message is in another channel than the person, once it has been sent.
        for message in self._store.messages(_digest_keys(target), "digest", self._since):
            for event in message.subject["events"]:
                found.setdefault(int(event), []).append(message.key)
        return found


class Announcer:
    """Writes messages; keeps in mind how much each channel has been told lately."""

    def __init__(self, store: Store, *, burst: int = BURST) -> None:
        self._store = store
        self._burst = burst
        self._channels: dict[str, _Channel] = {}

    def announce(self, saved: Sequence[SavedEvent], subscriptions: Subscriptions, now: datetime) -> bool:
        """Put messages into the outbox; whether there are any. Raises: StoreError."""
        by_target: dict[str, list[_RoutedEvent]] = {}
        for each in saved:
            for listener in subscriptions.recipients(each.event, each.known.job):
                by_target.setdefault(listener.target, []).append(_RoutedEvent(each, listener.follows_job))
        for target, routed in by_target.items():
            self._announce_to(target, routed, now)
        digests = _Digests(self._store, now - DIGEST_UPDATED)
        closed = [self._close_alerts(each.event, subscriptions, digests) for each in saved]
        return bool(by_target) or any(closed)

    def _close_alerts(self, event: Event, subscriptions: Subscriptions, digests: _Digests) -> bool:
        """Have alerts of the status that a job has left updated: what they warn of is over, and what
        they offer would act on something else. Whether there were any."""
        if event.kind not in ("changed", "deleted") or not _is_alarming(event.before):
            return False
        earlier = self._store.events(event.job, event.create_time, limit=_RECENT)
        left = [each.id for each in earlier if each.id < event.id and _ends(event, each)]
        touched = [
            self._close_alert(each, target, digests)
            for each in left[-_ALERTS_OF_A_STATUS:]
            for target in subscriptions.targets()
        ]
        return any(touched)

    def _close_alert(self, event: int, target: str, digests: _Digests) -> bool:
        """Where there were too many alerts for messages of their own, a digest tells of it."""
        if self._store.touch(f"alert:{event}:{target}"):
            return True
        touched = [self._store.touch(key) for key in digests.containing(target, event)]
        return any(touched)

    def _announce_to(self, target: str, routed: list[_RoutedEvent], now: datetime) -> None:
        channel = self._channels.setdefault(target, _Channel())
        _expire_recent(channel, now)
        growing = [each for each in routed if self._continues_digest(channel, each)]
        if growing:
            self._extend_digest(channel, target, growing)
        rest = [each for each in routed if each not in growing]
        if len({each.event.job for each in rest}) >= self._burst:
            self._digest_burst(channel, target, rest, now)
            return
        for each in rest:
            self._single(channel, target, each, now)

    def _continues_digest(self, channel: _Channel, routed: _RoutedEvent) -> bool:
        """Whether the event only carries on what an open digest tells."""
        digest = channel.digest
        return digest is not None and not routed.is_alert and routed.event.job in digest.jobs

    def _extend_digest(self, channel: _Channel, target: str, routed: list[_RoutedEvent]) -> None:
        if channel.digest is None:
            return
        self._store.touch(channel.digest.key, channel.digest.add(routed))
        for each in routed:
            self._update_timeline(target, each)

    def _digest_burst(
        self, channel: _Channel, target: str, routed: list[_RoutedEvent], now: datetime
    ) -> None:
        channel.digest = self._digest(target, routed, now)
        for each in routed:
            self._update_timeline(target, each)

    def _digest(
        self, target: str, routed: list[_RoutedEvent], now: datetime, not_before: datetime | None = None
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
        self._store.post(message)
        return digest

    def _single(self, channel: _Channel, target: str, routed: _RoutedEvent, now: datetime) -> None:
        in_thread = routed.follows_job and self._timeline(channel, target, routed, now)
        if in_thread:
            self._post(target, routed, "event", now, thread_of=timeline_key(routed.saved, target))
        if routed.is_alert:
            self._alert(channel, target, routed, now)

    def _timeline(self, channel: _Channel, target: str, routed: _RoutedEvent, now: datetime) -> bool:
        """Bring the job's time line up to date; whether it has one."""
        if self._update_timeline(target, routed):
            return True
        if routed.event.kind == "deleted":
            return False
        if self._is_burst(channel.recent, routed) and not routed.is_alert:
            channel.digest = self._digest(target, [routed], now)
            return False
        channel.recent.append((now, routed.event.job))
        self._close_last_run(target, routed)
        key = timeline_key(routed.saved, target)
        subject = timeline_subject(routed.saved)
        order = _order(target, routed)
        self._store.post(OutMessage(key, target, "timeline", subject, order=order, created=now))
        return True

    def _close_last_run(self, target: str, routed: _RoutedEvent) -> None:
        """Tell the message of the run before where its story ends."""
        known = routed.saved.known
        if known.run < 2:
            return
        key = timeline_key(replace(routed.saved, known=replace(known, run=known.run - 1)), target)
        message = self._store.message(key)
        if message is not None:
            self._store.touch(key, {**message.subject, "end": routed.event.id})

    def _update_timeline(self, target: str, routed: _RoutedEvent) -> bool:
        return routed.follows_job and self._store.touch(timeline_key(routed.saved, target))

    def _alert(self, channel: _Channel, target: str, routed: _RoutedEvent, now: datetime) -> None:
        if not self._is_burst(channel.alerts, routed):
            channel.alerts.append((now, routed.event.job))
            self._post(target, routed, "alert", now)
            return
        channel.alerts.append((now, routed.event.job))
        gathering = channel.gathering
        if gathering is not None and self._unsent(gathering.key):
            self._store.touch(gathering.key, gathering.add([routed]))
            return
        channel.gathering = self._digest(target, [routed], now, not_before=now + GATHER_WINDOW)

    def _is_burst(self, recent: list[tuple[datetime, str]], routed: _RoutedEvent) -> bool:
        jobs = {job for _, job in recent}
        return routed.event.job not in jobs and len(jobs) + 1 >= self._burst

    def _unsent(self, key: str) -> bool:
        message = self._store.message(key)
        return message is not None and not message.ts and not message.attempts and not message.error

    def _post(self, target: str, routed: _RoutedEvent, kind: str, now: datetime, thread_of: str = "") -> None:
        message = OutMessage(
            key=f"{kind}:{routed.event.id}:{target}",
            channel=target,
            kind=kind,
            subject={"event": routed.event.id},
            order=_order(target, routed),
            thread_of=thread_of,
            created=now,
        )
        self._store.post(message)


def timeline_key(saved: SavedEvent, target: str) -> str:
    """One message per job, run and channel."""
    event = saved.event
    return f"timeline:{event.job}:{event.create_time.isoformat()}:{saved.known.run}:{target}"


def timeline_subject(saved: SavedEvent) -> dict[str, Any]:
    """`first` is the id of the run's first event; a later run adds `end`, the id of its own first."""
    event = saved.event
    return {
        "job": event.job,
        "create_time": event.create_time.isoformat(),
        "run": saved.known.run,
        "first": event.id,
    }


def _digest_keys(target: str) -> str:
    """What the keys of a target's digests begin with."""
    return f"digest:{target}:"


def _is_alarming(status: str) -> bool:
    """Whether a job may have had an alert for standing still in it: failed, stopped, stuck, or waiting for
    people to stop the writes to its source."""
    state = status.partition("/")[0]
    return state in CHANGING or state in (State.FAILED, State.STOPPED) or source_writes.needs_silence(status)


def _ends(event: Event, earlier: Event) -> bool:
    """Whether what an earlier event warns of changes with this one. That the writes must stop holds on
    while the dump is prepared, whatever else changes meanwhile."""
    if source_writes.needs_silence(event.before):
        return source_writes.must_stop(earlier) or (earlier.kind == "stuck" and earlier.after == event.before)
    return earlier.after == event.before


def _order(target: str, routed: _RoutedEvent) -> str:
    """A job's messages keep their sequence in each channel; one channel never waits for another."""
    return f"{routed.event.job}@{target}"


def _expire_recent(channel: _Channel, now: datetime) -> None:
    channel.recent[:] = [each for each in channel.recent if each[0] > now - NEWS_WINDOW]
    channel.alerts[:] = [each for each in channel.alerts if each[0] > now - ALERT_WINDOW]
    if channel.digest is not None and now - channel.digest.at > DIGEST_OPEN:
        channel.digest = None
