"""Puts together what watches jobs and what carries out approved requests on them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime

from bot.config.settings import Settings
from bot.dms.port import Dms
from bot.dms.rules import Action
from bot.policy.access import Access
from bot.requests.action import ActionVerb
from bot.requests.follower import Follower
from bot.requests.runner import Runner
from bot.runtime import metrics
from bot.store import Store
from bot.watch.recipients import SavedEvent
from bot.watch.watcher import Watcher


@dataclass(frozen=True, slots=True)
class Running:
    """What is at work between deliveries from Slack."""

    watcher: Watcher
    runner: Runner
    follower: Follower


def make_running(
    settings: Settings,
    access: Access,
    actions: Mapping[Action, ActionVerb],
    *,
    dms: Dms,
    store: Store,
    replica: str,
    pool_of: Callable[[str], Executor],
    on_events: Callable[[Sequence[SavedEvent]], None],
    clock: Callable[[], datetime],
    wake: threading.Event,
) -> Running:
    """The runner nudges the watcher, and the follower continues what the runner has sent."""
    watcher = Watcher(
        dms,
        store,
        settings,
        watches=lambda: access.policy.watches,
        escalations=lambda: access.policy.escalations,
        wake=wake,
        on_cycle=metrics.poll_ended,
        on_events=on_events,
    )
    runner = Runner(
        dms,
        store,
        access,
        actions,
        replica=replica,
        parallel=settings.bulk_parallel,
        pool_of=pool_of,
        clock=clock,
        wake=wake.set,
        nudge=watcher.nudge,
        on_ended=metrics.run_ended,
        subscriptions=watcher.subscriptions,
        call_timeout_s=settings.dms_write_deadline_s,
        command=settings.command,
    )
    follower = Follower(runner, dms, store, replica=replica, clock=clock, wake=wake.set)
    return Running(watcher, runner, follower)
