"""What people say of a request besides its jobs: when, and why."""

from __future__ import annotations

from dataclasses import replace

from bot.cmdline.invocation import Flag, Invocation
from bot.requests.reasons import kept
from bot.store.facts import RequestFacts
from commands.support.base import Context
from commands.support.schedule import scheduled

WHEN_DRAINED = Flag("when-drained", "switch", "send it once nothing is missing: stop the writes first")
REASON = Flag("reason", "text", "why, for approvers and the audit")


def request_facts(ctx: Context, invocation: Invocation) -> RequestFacts:
    """The time and the reason that the invocation gives.

    Raises:
        UsageError, EarlyAnswer: as `scheduled`.
    """
    facts = scheduled(ctx, invocation)
    waits = invocation.is_set(WHEN_DRAINED.name)
    return replace(facts, reason=kept(invocation.word("reason")), when_drained=waits)
