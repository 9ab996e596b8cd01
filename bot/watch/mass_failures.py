"""Gathers the failures of many jobs within a minute into one message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from bot.dms.error_news import ends_errors, recovers
from bot.policy.subscriptions import is_failure
from bot.runtime.one_by_one import pass_over
from bot.store import Store
from bot.store.records import Event, OutMessage
from bot.watch.recipients import RoutedEvent

MASS = 5
"""From this many jobs within `MASS_WINDOW` on, their failures are one message."""
MASS_WINDOW = timedelta(seconds=60)
_COUNTED = timedelta(days=1)
"""How long recoveries of its jobs are counted there, instead of being alerts."""
_RECENT = 20
"""Latest events of a job among which its last failure is looked for."""
MASS_OPEN = timedelta(minutes=5)
"""How long later failures are added to it, as long as none is more than `MASS_WINDOW` after the last."""


@dataclass
class _Open:
    """A message that may get more failures."""

    number: int
    """ID of the event after which its messages are named."""
    begun: datetime
    last: datetime


@dataclass
class _Recent:
    """Failures told to one target lately. Not saved: after a restart, a mass failure is noticed later."""

    failures: list[tuple[datetime, RoutedEvent]] = field(default_factory=list)
    open: _Open | None = None


class MassFailures:
    """Writes the outbox rows of mass failures: the message, and the list of the jobs in its thread."""

    def __init__(self, store: Store, mass: int = MASS) -> None:
        self._store = store
        self._mass = mass
        self._recent: dict[str, _Recent] = {}

    def gather(self, target: str, routed: Sequence[RoutedEvent], now: datetime) -> list[RoutedEvent]:
        """Tell those of these events that belong to a mass failure; returns the others."""
        recovered = self._tell_recoveries(target, routed, now)
        told = [*recovered, *self._tell_failures(target, routed, now)]
        return [each for each in routed if each not in told]

    def forget(self) -> None:
        """Forget recent failures, and the messages that they were added to."""
        self._recent.clear()

    def _tell_recoveries(
        self, target: str, routed: Sequence[RoutedEvent], now: datetime
    ) -> list[RoutedEvent]:
        """Recoveries of jobs that failed with many others: the message of those counts them."""
        good = [each for each in routed if recovers(each.event) or ends_errors(each.event)]
        if not good:
            return []
        prefix = f"mass:{target}:"
        told: list[RoutedEvent] = []
        last_failure = cache(self._last_failure)  # a job may have failed in many mass failures of the day
        for message in self._store.messages(prefix, "mass_failure", now - _COUNTED, skip=pass_over):
            jobs = set(message.subject["jobs"])
            of_jobs = [each for each in good if each.event.job in jobs and each not in told]
            mine = [
                each for each in of_jobs if last_failure(each.event) in (None, *message.subject["events"])
            ]
            if mine:
                self._add(target, int(message.key.removeprefix(prefix)), mine)
            told.extend(mine)
        return told

    def _last_failure(self, recovery: Event) -> int | None:
        """ID of what the job recovers from: a later failure of its own is not what a message told."""
        job, created = recovery.job, recovery.create_time
        earlier = self._store.events(job, created, limit=_RECENT, skip=pass_over)
        failures = [each.id for each in earlier if each.id < recovery.id and is_failure(each)]
        return failures[-1] if failures else None

    def _tell_failures(self, target: str, routed: Sequence[RoutedEvent], now: datetime) -> list[RoutedEvent]:
        failures = [each for each in routed if each.is_alert and is_failure(each.event)]
        if not failures:
            return []
        recent = self._recent.setdefault(target, _Recent())
        recent.failures[:] = [each for each in recent.failures if now - each[0] < MASS_WINDOW]
        recent.failures.extend((now, each) for each in failures)
        return failures if self._is_mass(target, recent, failures, now) else []

    def _is_mass(self, target: str, recent: _Recent, failures: Sequence[RoutedEvent], now: datetime) -> bool:
        found = recent.open
        if found is not None and now - found.last < MASS_WINDOW and now - found.begun < MASS_OPEN:
            found.last = now
            self._add(target, found.number, failures)
            return True
        if len({each.event.job for _, each in recent.failures}) < self._mass:
            return False
        all_failed = [each for _, each in recent.failures]
        recent.open = _Open(all_failed[-1].event.id, now, now)
        self._post(target, recent.open.number, all_failed, now)
        return True

    def _post(self, target: str, number: int, failed: Sequence[RoutedEvent], now: datetime) -> None:
        message, listed = mass_keys(target, number)
        subject = _with({"events": (), "jobs": ()}, failed)
        self._store.enqueue(OutMessage(message, target, "mass_failure", subject, created=now))
        self._store.enqueue(OutMessage(listed, target, "mass_list", subject, thread_of=message, created=now))

    def _add(self, target: str, number: int, routed: Sequence[RoutedEvent]) -> None:
        for key in mass_keys(target, number):
            message = self._store.message(key)
            if message is not None:
                self._store.mark_dirty(key, _with(message.subject, routed))

    def updater(self, since: datetime) -> Callable[[str, int], bool]:
        """Has the messages of mass failures with an event updated, of those posted since then. It reads each
        target's messages once, on first use."""
        by_event: dict[str, dict[int, list[int]]] = {}

        def update(target: str, event: int) -> bool:
            if target not in by_event:
                by_event[target] = self._numbers(target, since)
            found = by_event[target].get(event, [])
            updated = [self._store.mark_dirty(key) for number in found for key in mass_keys(target, number)]
            return any(updated)

        return update

    def _numbers(self, target: str, since: datetime) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        prefix = f"mass:{target}:"
        for message in self._store.messages(prefix, "mass_failure", since, skip=pass_over):
            for event in message.subject["events"]:
                found.setdefault(int(event), []).append(int(message.key.removeprefix(prefix)))
        return found


def _with(subject: Mapping[str, Any], routed: Sequence[RoutedEvent]) -> dict[str, Any]:
    """The subject with these events, too."""
    jobs = dict.fromkeys((*subject["jobs"], *(each.event.job for each in routed)))
    return {"events": [*subject["events"], *(each.event.id for each in routed)], "jobs": list(jobs)}


def mass_keys(target: str, number: int) -> tuple[str, str]:
    """Keys of the message and of the list in its thread."""
    return f"mass:{target}:{number}", f"mass_list:{target}:{number}"
