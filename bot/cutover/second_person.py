"""Who can be asked to confirm a promotion as the second person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bot.cmdline.answers import Group, User
from bot.policy.access import Access
from bot.policy.approver_list import approvers_to_ask
from bot.policy.principal import DirectoryUnavailable
from bot.store.cutover import Cutover
from bot.store.records import Person, Request

_MOST = 5
"""Approvers who get a direct message; more are no faster."""


def second_people(
    access: Access,
    request: Request,
    cutover: Cutover,
    approved: Sequence[str],
    may: Callable[[Person], bool],
) -> tuple[str, ...]:
    """User IDs of those to call, in this order: people of the cutover who may, those who `approved` its plan
    and still may, then approvers. Where every member may approve, or those of a channel, only the approval
    itself names somebody."""
    plan, first = cutover.plan, cutover.progress.asked_by
    known = (plan.deputy, plan.commander, cutover.by.user, plan.app_owner)
    others = dict.fromkeys(user for user in known if user not in ("", first))
    near = tuple(user for user in others if may(Person(cutover.team, user, plan.channel)))
    again = (user for user in approved if may(Person(cutover.team, user, plan.channel)))
    found = dict.fromkeys((*again, *_approvers(access, request, cutover)))
    return (*near, *[user for user in found if user not in (first, *near)][:_MOST])


def _approvers(access: Access, request: Request, cutover: Cutover) -> Iterator[str]:
    asked = approvers_to_ask(access, request, cutover.plan.channel, {cutover.progress.asked_by}).asked
    for part in asked:
        if isinstance(part, User):
            yield part.id
        elif isinstance(part, Group):
            yield from _members(access, part.id)


def _members(access: Access, group: str) -> list[str]:
    try:
        return sorted(access.members_of(group))
    except DirectoryUnavailable:
        return []
