"""What the leader does every few seconds besides watching jobs and sending messages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from bot.config.settings import Settings
from bot.outbox.escalations import EscalationTask
from bot.policy.model import Policy
from bot.policy.subscriptions import Subscriptions
from bot.requests.approvals import Approvals
from bot.runtime import metrics
from bot.store import Store
from bot.store.records import RequestState
from bot.store.retention import RetentionJob
from bot.watch.audit_anchor import AuditAnchor
from bot.watch.daily_summary import DailySummary
from bot.watch.freeze_news import FreezeNews

_MOST = 1000


class Maintenance:
    """Expires and starts requests, repeats escalations, queues the messages of the day, deletes what is old,
    and measures."""

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
        self._expire = approvals.expiry.expire
        self._ticks: tuple[Callable[[datetime], object], ...] = (
            approvals.scheduler.tick,
            DailySummary(store, settings, summary=policy.summary, wake=wake).tick,
            FreezeNews(store, policy, subscriptions, wake).tick,
            AuditAnchor(store, settings, wake).tick,
            EscalationTask(store, policy, wake.set).tick,
            RetentionJob(store, settings.keep_s).tick,
        )

    def run(self) -> None:
        """One round.

        Raises:
            StoreError: the next round goes on.
        """
        self._expire()
        for tick in self._ticks:
            tick(self._clock())
        metrics.outbox_depth(self._store.outbox_depth())
        metrics.open_approvals(len(self._store.requests([RequestState.APPROVING], limit=_MOST)))
