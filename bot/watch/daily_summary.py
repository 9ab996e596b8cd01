"""The daily summary: one message a day and channel at a local time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.config.projects import Project, Projects
from bot.config.settings import Settings
from bot.dms import source_writes
from bot.dms.model import State
from bot.dms.resource_names import is_served
from bot.policy.model import NO_PROJECTS, Summary
from bot.policy.subscriptions import is_alert
from bot.runtime.one_by_one import LeftOut
from bot.store import Store
from bot.store.records import JobSnapshot, OutMessage, RequestState
from bot.watch.days import is_done
from bot.watch.poll_times import not_looked_at
from bot.watch.transitions import STUCK

_DAY = timedelta(days=1)
_MAX_NAMES = 50
"""Jobs named in each list of a summary."""
_MAX_SCANNED = 5000
_MAX_EVENTS = 500


class DailySummary:
    """Writes the summary that the policy file asks for, else that of the settings."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        summary: Summary | None = None,
        wake: threading.Event | None = None,
    ) -> None:
        self._store = store
        self._plan = summary or _of_settings(settings)
        self._projects = settings.projects
        self._channels = _channels(settings, summary.channel if summary else "")
        self._wake = wake or threading.Event()

    def tick(self, now: datetime) -> bool:
        """Write today's summaries if they are due; whether any was written. Call it at least once a minute.

        Raises:
            StoreError.
        """
        if self._plan is None:
            return False
        local = now.astimezone(ZoneInfo(self._plan.zone))
        late_by_min = _minutes(local.time()) - _minutes(self._plan.at)
        if late_by_min < 0:
            return False
        written = [self._tick(each, local.date(), now, late_by_min) for each in self._channels]
        if any(written):
            self._wake.set()
        return any(written)

    def _tick(self, channel: str, today: date, now: datetime, late_by_min: int) -> bool:
        if self._is_done(channel, today):
            return False
        with self._store.transaction():
            return self._write(channel, today, now, late_by_min)

    def _is_done(self, channel: str, today: date) -> bool:
        return is_done(self._store.value(_marker(channel)) or "", today)

    def _write(self, channel: str, today: date, now: datetime, late_by_min: int) -> bool:
        """Checks again inside the transaction: another replica may have been faster."""
        if self._is_done(channel, today):
            return False
        first = self._store.value(_marker(channel)) is None
        self._store.put_value(_marker(channel), today.isoformat())
        if first and late_by_min > 60:
            return False  # a bot that was set up in the afternoon writes its first summary the next morning
        subject = summary_subject(self._store, today, now, self._channels[channel])
        return self._store.enqueue(
            OutMessage(
                key=f"summary:{channel}:{today.isoformat()}",
                channel=channel,
                kind="summary",
                subject=subject,
                created=now,
            )
        )


def _channels(settings: Settings, channel: str) -> dict[str, Projects]:
    """The projects of each summary by its channel: all in `channel`, or else each project where its
    notifications go."""
    if channel:
        return {channel: settings.projects}
    found: dict[str, tuple[Project, ...]] = {}
    for each in settings.projects:
        place = each.notify_channel or settings.notify_channel
        found[place] = (*found.get(place, ()), each)
    if set(found) == {settings.notify_channel}:
        return {settings.notify_channel: settings.projects}
    return {place: Projects(projects) for place, projects in found.items() if place}


def _marker(channel: str) -> str:
    return f"summary:{channel}"


def summary_subject(
    store: Store, today: date, now: datetime, projects: Projects = NO_PROJECTS
) -> dict[str, object]:
    """What the summary of these projects shows: counts by status, the last day's alerts, what needs
    attention, and where nobody has read the jobs lately. Without projects, it is about every job.

    Raises:
        StoreError.
    """

    def shows(name: str) -> bool:
        return is_served(name, projects)

    unread = LeftOut()
    known = tuple(each for name, each in store.known_jobs(unread).items() if shows(name))
    jobs_unread = sum(map(shows, unread.keys))
    events_unread = LeftOut()
    recent = store.events(since=now - _DAY, limit=_MAX_SCANNED, skip=events_unread)
    events = [each for each in recent if is_alert(each) and shows(each.job)]
    requests_unread = LeftOut()
    approving = store.requests([RequestState.APPROVING], skip=requests_unread)
    waiting = (each for each in approving if each.expires > now)
    return {
        "date": today.isoformat(),
        "counts": dict(Counter(each.shown_status for each in known)),
        "failed": _names(each for each in known if each.job.state == State.FAILED),
        "ailing": _names(each for each in known if each.runs_with_errors),
        "writes": _names(each for each in known if source_writes.waits_for_stop(each.job.status)),
        "stuck": _names(each for each in known if STUCK in each.flags),
        "approvals": [each.id for each in waiting if any(shows(job.name) for job in each.jobs)],
        "events": [each.id for each in events[-_MAX_EVENTS:]],
        "unreadable": _counted(
            job=jobs_unread, event=len(events_unread.keys), request=len(requests_unread.keys)
        ),
        "projects": {each.id: sum(job.job.project == each.id for job in known) for each in projects},
        "unread": {
            projects.called(place): at.isoformat() if at else ""
            for place, at in not_looked_at(store, projects.places, now).items()
        },
    }


def _counted(**counts: int) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def _names(known: Iterable[JobSnapshot]) -> list[str]:
    return sorted(each.job.name for each in known)[:_MAX_NAMES]


def _of_settings(settings: Settings) -> Summary | None:
    if not settings.summary_at:
        return None
    return Summary(at=time.fromisoformat(settings.summary_at), zone=settings.summary_zone or "UTC")


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
