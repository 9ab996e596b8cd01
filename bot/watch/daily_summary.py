"""The daily summary: one message a day at a local time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.config.settings import Settings
from bot.dms import source_writes
from bot.dms.model import State
from bot.policy.model import Summary
from bot.policy.subscriptions import is_alert
from bot.store import Store
from bot.store.records import JobSnapshot, OutMessage, RequestState
from bot.watch.days import is_done
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
        self._channel = (summary.channel if summary else "") or settings.notify_channel
        self._wake = wake or threading.Event()

    def tick(self, now: datetime) -> bool:
        """Write today's summary if it is due; whether it was written. Call it at least once a minute.

        Raises:
            StoreError.
        """
        if self._plan is None or not self._channel:
            return False
        local = now.astimezone(ZoneInfo(self._plan.zone))
        today = local.date()
        late_by_min = _minutes(local.time()) - _minutes(self._plan.at)
        if late_by_min < 0 or self._is_done(today):
            return False
        with self._store.transaction():
            written = self._write(today, now, late_by_min)
        if written:
            self._wake.set()
        return written

    def _is_done(self, today: date) -> bool:
        return is_done(self._store.value(self._marker()) or "", today)

    def _write(self, today: date, now: datetime, late_by_min: int) -> bool:
        """Checks again inside the transaction: another replica may have been faster."""
        if self._is_done(today):
            return False
        first = self._store.value(self._marker()) is None
        self._store.put_value(self._marker(), today.isoformat())
        if first and late_by_min > 60:
            return False  # a bot that was set up in the afternoon writes its first summary the next morning
        return self._store.enqueue(
            OutMessage(
                key=f"summary:{self._channel}:{today.isoformat()}",
                channel=self._channel,
                kind="summary",
                subject=summary_subject(self._store, today, now),
                created=now,
            )
        )

    def _marker(self) -> str:
        return f"summary:{self._channel}"


def summary_subject(store: Store, today: date, now: datetime) -> dict[str, object]:
    """What the summary shows: counts by status, the last day's alerts, and what needs attention.

    Raises:
        StoreError.
    """
    known = tuple(store.known_jobs().values())
    events = [each for each in store.events(since=now - _DAY, limit=_MAX_SCANNED) if is_alert(each)]
    return {
        "date": today.isoformat(),
        "counts": dict(Counter(each.shown_status for each in known)),
        "failed": _names(each for each in known if each.job.state == State.FAILED),
        "ailing": _names(each for each in known if each.runs_with_errors),
        "writes": _names(each for each in known if source_writes.waits(each.job.status)),
        "stuck": _names(each for each in known if STUCK in each.flags),
        "approvals": [each.id for each in store.requests([RequestState.APPROVING]) if each.expires > now],
        "events": [each.id for each in events[-_MAX_EVENTS:]],
    }


def _names(known: Iterable[JobSnapshot]) -> list[str]:
    return sorted(each.job.name for each in known)[:_MAX_NAMES]


def _of_settings(settings: Settings) -> Summary | None:
    if not settings.summary_at:
        return None
    return Summary(at=time.fromisoformat(settings.summary_at), zone=settings.summary_zone or "UTC")


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
