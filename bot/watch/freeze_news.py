"""Tells the channels that follow jobs when a freeze is set, lifted and about to end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

from bot.dms.model import placeholder_job
from bot.policy.model import PlannedFreeze, Policy
from bot.policy.subscriptions import FREEZE, Subscriptions
from bot.runtime.one_by_one import LeftOut, one_by_one, pass_over
from bot.store import Store
from bot.store.records import EVERY_JOB, Event, Freeze, OutMessage, every_job_of

ENDS_SOON = timedelta(minutes=30)
"""How long before its end a freeze is announced."""
_NEWS = timedelta(hours=1)
"""How long after its begin a planned freeze is news: a bot that starts later does not tell it."""


def announce_freeze(
    store: Store, freeze: Freeze, what: str, subscriptions: Subscriptions, now: datetime, *, told_in: str = ""
) -> None:
    """Tell that a freeze was `set` or `lifted`, or is `ending`; in the transaction of that change.

    Not in `told_in`, where an answer says it to all.

    Raises:
        StoreError.
    """
    subject = {"freeze": freeze.id, "what": what}
    if freeze.is_of_one_job:
        subject["job"] = freeze.job
    targets = _targets(store, freeze.job, subscriptions, now) - {told_in}
    _enqueue(store, f"freeze:{what}:{freeze.id}", "freeze", subject, targets, now)


class FreezeNews:
    """The leader's look at freezes that begin by plan, or end soon."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        subscriptions: Callable[[], Subscriptions],
        wake: threading.Event,
    ) -> None:
        self._store = store
        self._policy = policy
        self._subscriptions = subscriptions
        self._wake = wake

    def tick(self, now: datetime) -> None:
        """Write the messages that are due; call it at least once a minute. Each is written once;
        an error with one does not stop the others.

        Raises:
            StoreError.
        """
        ending = [
            each
            for each in self._store.freezes(now, skip=pass_over)
            if _ends_soon(each.created, each.until, now)
        ]
        subscriptions = cache(self._subscriptions)  # read only if something is due, and once

        def announce_end(freeze: Freeze) -> None:
            with self._store.transaction():
                announce_freeze(self._store, freeze, "ending", subscriptions(), now)
            self._wake.set()

        one_by_one(ending, announce_end, lambda each: f"freeze {each.id}")
        planned = self._policy.planned_freezes
        one_by_one(planned, lambda each: self._look_at(each, subscriptions, now), _window)

    def _look_at(
        self, window: PlannedFreeze, subscriptions: Callable[[], Subscriptions], now: datetime
    ) -> None:
        news = _news_of(window, now)
        if not news:
            return
        with self._store.transaction():
            for what in news:
                self._announce_planned(window, what, subscriptions(), now)
        self._wake.set()

    def _announce_planned(
        self, window: PlannedFreeze, what: str, subscriptions: Subscriptions, now: datetime
    ) -> None:
        start, until = window.start.isoformat(), window.until.isoformat()
        subject = {"start": start, "until": until, "reason": window.reason, "what": what}
        key = f"planned_freeze:{what}:{start}:{until}"
        jobs = [every_job_of(each) for each in window.scope.projects] or [EVERY_JOB]
        targets = frozenset().union(*(_targets(self._store, each, subscriptions, now) for each in jobs))
        _enqueue(self._store, key, "planned_freeze", subject, targets, now)


def _enqueue(
    store: Store, key: str, kind: str, subject: dict[str, str], targets: frozenset[str], now: datetime
) -> None:
    for target in sorted(targets):
        store.enqueue(OutMessage(f"{key}:{target}", target, kind, subject, created=now))


def _targets(store: Store, job: str, subscriptions: Subscriptions, now: datetime) -> frozenset[str]:
    unread = LeftOut()
    known = store.known_job(job, unread)
    found = known.job if known is not None else None
    if unread.keys:
        found = placeholder_job(job, now)  # without labels: None would match every label
    event = Event(job, found.create_time if found else now, now, FREEZE)
    return frozenset(each.target for each in subscriptions.recipients(event, found))


def _ends_soon(begun: datetime, until: datetime, now: datetime) -> bool:
    """Not of a freeze that is shorter than that anyway: its begin said when it ends."""
    return now < until <= now + ENDS_SOON and until - begun > ENDS_SOON


def _window(window: PlannedFreeze) -> str:
    return f"planned freeze from {window.start}"


def _news_of(window: PlannedFreeze, now: datetime) -> tuple[str, ...]:
    begun = window.start <= now < min(window.until, window.start + _NEWS)
    ending = window.start <= now and _ends_soon(window.start, window.until, now)
    return (*(("set",) if begun else ()), *(("ending",) if ending else ()))
