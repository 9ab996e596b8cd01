"""Puts together what works on deliveries from Slack."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.config.settings import Settings
from bot.cutover.readers import may_see
from bot.cutover.service import Cutovers
from bot.policy.access import Access
from bot.requests.approvals import Approvals
from bot.slack.api.replies import Replier
from bot.slack.inbound.after_ack import AfterAck
from bot.slack.inbound.cutover_buttons import CutoverButtons
from bot.slack.inbound.dispatcher import Dispatcher
from bot.slack.inbound.job_search import JobSearch
from bot.slack.inbound.looking import Looking
from bot.slack.inbound.request_buttons import RequestButtons
from bot.slack.inbound.shortcuts import Shortcuts
from bot.slack.inbound.submissions import Submissions
from bot.slack.inbound.workers import Verbs, Workers
from bot.slack.render.home_view import HomeView
from bot.store import Store
from bot.util.fair import FairShare
from bot.util.ratelimit import PersonalLimit


@dataclass(frozen=True, slots=True)
class WorkPools:
    """The pools of `bot.slack.inbound.workers`."""

    dms: Executor
    store: Executor
    dispatch: Executor
    after_ack: AfterAck
    late_s: float
    """Seconds after which an answer is announced."""


def make_dispatcher(
    verbs: Verbs,
    approvals: Approvals,
    cutovers: Cutovers,
    access: Access,
    store: Store,
    replier: Replier,
    home: HomeView,
    pools: WorkPools,
    settings: Settings,
    clock: Callable[[], datetime],
) -> Dispatcher:
    """The dispatcher with all that it hands deliveries to."""
    workers = Workers(
        verbs,
        store,
        replier,
        dms_share=FairShare(pools.dms, max(1, settings.workers // 4)),
        store_pool=pools.store,
        dispatch_pool=pools.dispatch,
        after_ack=pools.after_ack,
        looking=Looking(replier, pools.store, pools.late_s),
        clock=clock,
    )
    shortcuts = Shortcuts(workers, store, replier, JobSearch(store, access), home)
    buttons = RequestButtons(workers, approvals, store, replier, clock)
    may_see_all = partial(may_see, access, store)
    cutover_buttons = CutoverButtons(workers, cutovers, store, replier, may_see_all, clock)
    submissions = Submissions(workers, approvals, store, replier, shortcuts, cutover_buttons, clock)
    pace = PersonalLimit(settings.commands_per_minute)
    return Dispatcher(
        verbs.syntaxes,
        store,
        workers,
        buttons,
        cutover_buttons,
        submissions,
        shortcuts,
        pace,
        settings.command,
    )
