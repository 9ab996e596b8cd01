"""Puts together what decides on changes: requests with their approvals, and cutovers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from slack_sdk import WebClient

from bot.config.settings import Settings
from bot.cutover.alarm import Scheduled
from bot.cutover.checks import Checks
from bot.cutover.service import Cutovers
from bot.dms.port import Reads
from bot.dms.rules import Action
from bot.policy.access import Access
from bot.requests.action import ActionVerb
from bot.requests.approvals import Approvals
from bot.requests.base import RequestContext
from bot.requests.follower import Follower
from bot.requests.runner import Runner
from bot.slack.api.do_not_disturb import is_muted
from bot.slack.api.scheduled import cancel_message, schedule_message
from bot.store import Store


@dataclass(frozen=True, slots=True)
class Deciding:
    """Requests and cutovers, over one context."""

    approvals: Approvals
    cutovers: Cutovers


def make_deciding(
    settings: Settings,
    access: Access,
    actions: Mapping[Action, ActionVerb],
    client: WebClient,
    *,
    dms: Reads,
    store: Store,
    runner: Runner,
    follower: Follower,
    clock: Callable[[], datetime],
    wake: Callable[[], None],
) -> Deciding:
    """`wake` makes the outbox be read at once. The policy's approval channel wins over the settings'."""
    context = RequestContext(
        dms=dms,
        store=store,
        access=access,
        actions=actions,
        runner=runner,
        follower=follower,
        confirm_expires_s=settings.confirm_expires_s,
        approval_expires_s=settings.approval_expires_s,
        approval_channel=access.policy.approval_channel or settings.approval_channel,
        parallel=settings.bulk_parallel,
        grace_s=settings.schedule_grace_s,
        max_open=settings.max_open_requests,
        command=settings.command,
        clock=clock,
        wake=wake,
    )
    approvals = Approvals(context)
    checks = Checks(dms, store, access, clock, partial(is_muted, client))
    scheduled = Scheduled(partial(schedule_message, client), partial(cancel_message, client))
    return Deciding(approvals, Cutovers(context, approvals, checks.run, scheduled))
