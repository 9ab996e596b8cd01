"""What the leader does every few seconds besides watching jobs and sending messages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.config.settings import Settings
from bot.cutover import renamed as cutovers
from bot.outbox.escalations import EscalationTask
from bot.policy.model import Policy
from bot.policy.subscriptions import Subscriptions
from bot.requests import renamed as requests
from bot.requests.approvals import Approvals
from bot.runtime import metrics
from bot.runtime.one_by_one import concerns_all, pass_over
from bot.store import Store
from bot.store.records import RequestState
from bot.store.retention import RetentionJob
from bot.watch.audit_anchor import AuditAnchor
from bot.watch.daily_summary import DailySummary
from bot.watch.freeze_news import FreezeNews

log = structlog.get_logger(__name__)

_MOST = 1000


class Maintenance:
    """Renames, expires and starts requests, repeats escalations, queues the messages of the day, deletes
    what is old, and measures."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        policy: Policy,
        approvals: Approvals,
        subscriptions: Callable[[], Subscriptions],
        *,
        clock: Callable[[], datetime],
        wake: threading.Event,
    ) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self._approvals = approvals
        self._projects = settings.projects
        self._renamed = False
        self._ticks: tuple[Callable[[datetime], object], ...] = (
            self._rename,
            self._expire,
            approvals.scheduler.tick,
            DailySummary(store, settings, summary=policy.summary, wake=wake).tick,
            FreezeNews(store, policy, subscriptions, wake).tick,
            AuditAnchor(store, settings, wake).tick,
            EscalationTask(store, policy, wake.set).tick,
            RetentionJob(store, settings.keep_s).tick,
        )

    def run(self) -> None:
        """One round. What fails keeps nothing else.

        Raises:
            StoreError: the next round goes on.
        """
        for tick in self._ticks:
            try:
                tick(self._clock())
            except Exception as error:
                if concerns_all(error):
                    raise
                metrics.count_error()
                log.exception("maintenance_error", task=tick.__qualname__)
        oldest = self._store.oldest_unposted()
        age = timedelta() if oldest is None else self._clock() - oldest
        metrics.outbox(self._store.outbox_depth(), max(0.0, age.total_seconds()))
        waiting = self._store.requests([RequestState.APPROVING], limit=_MOST, skip=pass_over)
        metrics.open_approvals(len(waiting))

    def _rename(self, now: datetime) -> None:
        if not self._renamed:
            requests.rename_jobs(self._store, self._projects)
            cutovers.rename_jobs(self._store, self._projects, now)
            self._renamed = True
            self._wake.set()

    def _expire(self, _now: datetime) -> None:
        self._approvals.expiry.expire()
