"""An event on its way to one channel or person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.dms.model import placeholder_job
from bot.policy.subscriptions import is_alert
from bot.store.message_keys import timeline_key
from bot.store.records import Event, JobSnapshot


@dataclass(frozen=True, slots=True)
class SavedEvent:
    """An event in the store, and the snapshot of its job from then on."""

    event: Event
    snapshot: JobSnapshot


def unread_deletion(name: str, at: datetime) -> SavedEvent:
    """The deletion of a job whose row cannot be read. It is not saved and has no ID: what the job was is not
    known, but its incidents are over."""
    job = placeholder_job(name, at)
    return SavedEvent(Event(name, at, at, "deleted"), JobSnapshot(job=job, seen=at, changed=at))


@dataclass(frozen=True, slots=True)
class RoutedEvent:
    """An event for one recipient."""

    saved: SavedEvent
    follows_job: bool
    """The recipient gets a timeline of the job; else this event is an alert to them, whatever its kind."""

    @property
    def event(self) -> Event:
        return self.saved.event

    @property
    def is_alert(self) -> bool:
        return not self.follows_job or is_alert(self.event)

    def timeline_key(self, target: str) -> str:
        """The outbox key of a timeline: one message for each job, run and channel."""
        return _timeline_key(self.saved, self.saved.snapshot, target)

    def last_timeline_key(self, target: str) -> str:
        """The key of the timeline of the previous run; empty if there was none."""
        snapshot = self.saved.snapshot
        if snapshot.run < 2:
            return ""
        return _timeline_key(self.saved, replace(snapshot, run=snapshot.run - 1), target)

    def timeline_subject(self) -> dict[str, Any]:
        """`first` is the ID of the run's first event; the next run adds `end`, that of its own first."""
        return {
            "job": self.event.job,
            "create_time": self.event.create_time.isoformat(),
            "run": self.saved.snapshot.run,
            "first": self.event.id,
        }

    def order(self, target: str) -> str:
        """Messages of one order are sent in sequence: those of one job in one channel."""
        return f"{self.event.job}@{target}"


def _timeline_key(saved: SavedEvent, snapshot: JobSnapshot, target: str) -> str:
    return timeline_key(saved.event.job, saved.event.create_time, snapshot.run, target)
