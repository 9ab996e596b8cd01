"""Who may approve a request, for the messages that ask them: nobody else is notified."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from bot.cmdline.answers import Channel, Group, RichPart, User
from bot.policy.access import Access, asking
from bot.policy.model import Policy, Subjects
from bot.policy.permissions import ruled_as
from bot.policy.principal import DirectoryUnavailable
from bot.store.records import Person, Request

_CHECKED = 20
"""Up to so many people are each asked about: that takes a call to Slack for each, which is then cached."""
_NAMED = 5


@dataclass(frozen=True, slots=True)
class ApproverList:
    """Who may approve, as it is written and mentioned."""

    asked: tuple[RichPart, ...] = ()
    """People and groups to mention, each of whom may approve."""
    more: int = 0
    """Number of further people who may, and are not mentioned."""
    channels: tuple[RichPart, ...] = ()
    """Channels whose members may, if they press the button there."""
    everybody: bool = False
    """Whether every full member may."""


NOBODY = ApproverList()


def named_approvers(access: Access, request: Request) -> ApproverList:
    """Everybody whom the policy names, to be shown where a mention notifies nobody. Makes no slow calls."""
    found = [_resolved(access, each) for each in _subjects(access.policy, request)]
    people = [User(user) for each in found for user in each.users]
    groups = [Group(group) for each in found for group in each.groups]
    channels = dict.fromkeys(Channel(channel) for each in found for channel in each.channels)
    return ApproverList(
        asked=tuple(dict.fromkeys((*people, *groups))),
        channels=tuple(channels),
        everybody=any(_is_everybody(access.policy, each) for each in found),
    )


def approvers_to_ask(
    access: Access, request: Request, channel: str, decided: Set[str] = frozenset()
) -> ApproverList:
    """Those to notify in `channel`: they may approve, did not make the request, and are not among `decided`.

    A group is mentioned whole if that notifies no one else; otherwise its first few people are.
    """
    named = named_approvers(access, request)
    out = {request.by.user, *decided}
    asked: list[RichPart] = []
    left: dict[str, None] = {}
    mentioned: set[str] = set()
    for part in named.asked:
        people = _people(access, part)
        may = [each for each in people if each not in out and _may(access, request, each, channel, people)]
        if isinstance(part, Group) and len(may) == len(people):
            asked.append(part)
            mentioned |= set(people)
        else:
            left |= dict.fromkeys(may)
    rest = [each for each in left if each not in mentioned]
    first = [User(each) for each in rest[:_NAMED]]
    everybody = named.everybody and not asked and not first
    return ApproverList((*first, *asked), len(rest) - len(first), named.channels, everybody)


def _subjects(policy: Policy, request: Request) -> list[Subjects]:
    """The approvers of each rule that asks for some, for each job."""
    verb = ruled_as(request.action, request.options)
    rules = (rule for job in request.jobs for rule in asking(policy.deciding_rules(verb, job)))
    return list(dict.fromkeys(rule.approvers for rule in rules))


def _resolved(access: Access, subjects: Subjects) -> Subjects:
    """With the holders of its role, and groups by their ids; as it is, if every member is meant."""
    if _is_everybody(access.policy, subjects):
        return Subjects(subjects.role)
    if subjects.role is not None:
        subjects = subjects.union(access.policy.holders(subjects.role))
    groups = filter(None, (_group_id(access, each) for each in subjects.groups))
    return Subjects(subjects.role, subjects.users, tuple(groups), subjects.channels)


def _is_everybody(policy: Policy, subjects: Subjects) -> bool:
    return subjects.role is not None and policy.default_role >= subjects.role


def _group_id(access: Access, group: str) -> str:
    try:
        return access.group_id(group)
    except DirectoryUnavailable:
        return ""


def _people(access: Access, part: RichPart) -> list[str]:
    """The person, or the people of the group; none where Slack does not say."""
    if isinstance(part, User):
        return [part.id]
    try:
        return sorted(access.members_of(part.id)) if isinstance(part, Group) else []
    except DirectoryUnavailable:
        return []


def _may(access: Access, request: Request, user: str, channel: str, among: list[str]) -> bool:
    """Whether they may approve; True also for large groups, and where Slack does not say.

    One mention too many is better than a request that nobody sees, and the press is checked anyway.
    """
    if len(among) > _CHECKED:
        return True
    try:
        access.is_member(user)
    except DirectoryUnavailable:
        return True
    return access.may_approve(Person(request.by.team, user, channel), request).allowed
