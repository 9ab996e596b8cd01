"""Which approvals of a request count."""

from __future__ import annotations

from collections.abc import Iterable

from bot.policy.access import Access
from bot.store import Store
from bot.store.records import Decision, Person, Request

AT_RISK = "at_risk"
"""The fact of what destroys: by job name, the databases that were named for what `rules.at_risk` says."""


def valid_approvals(request: Request, decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """The approvals that count: without those whose givers have lost the right to give them."""
    void = request.facts.get("void", ())
    return tuple(each for each in decisions if each.approve and each.user not in void)


def valid_approvers(store: Store, access: Access, request: Request) -> set[str]:
    """Who has approved `request` and may do so by the policy as it is now, where they pressed.

    Raises:
        StoreError.
    """
    given = {each.user for each in store.decisions(request.id) if each.approve}
    told = store.audit(job=request.jobs[0].name, request=request.id)
    channels = {entry.user: entry.channel for entry in told if entry.event == "approved"}
    people = (Person(request.by.team, user, channels.get(user, "")) for user in given)
    return {each.user for each in people if access.may_approve(each, request).allowed}
