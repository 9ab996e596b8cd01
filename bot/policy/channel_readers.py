"""What everybody who reads a channel may see: for answers to mentions, and for the cards of links.

A channel may have readers who are no full members (guests, people of other workspaces). What a default role,
a group or a channel gives does not count for them (docs/policy.md), so with a policy file such a channel
reads nothing of a job.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.dms.model import Job
from bot.policy.access import Access
from bot.policy.model import Policy, Subjects
from bot.policy.principal import DirectoryUnavailable


def all_may_see(access: Access, channel: str, verb: str, job: Job) -> bool:
    """Whether everybody who reads the channel may see the job with `verb`. Not while Slack does not say who
    reads it."""
    allowed = access.policy.effective_rule(verb, job).allow
    return access.is_open_to(channel, job, verb=verb) and _all_are_meant(access, channel, (allowed,))


def all_may_see_all(access: Access, channel: str, verb: str) -> bool:
    """The same for every job that there can be."""
    allowed = [each.allow for each in access.policy.effective_rules(verb)]
    return access.is_all_open_to(channel, verb) and _all_are_meant(access, channel, allowed)


def _all_are_meant(access: Access, channel: str, allowed: Iterable[Subjects]) -> bool:
    if not channel.startswith(("C", "G")):  # a direct message has one reader, who asked
        return True
    if all(_are_guests_meant(access.policy, each) for each in allowed):
        return True
    try:
        return not access.has_guests(channel)
    except DirectoryUnavailable:
        return False


def _are_guests_meant(policy: Policy, allowed: Subjects) -> bool:
    return allowed.role is not None and policy.guest_role >= allowed.role
