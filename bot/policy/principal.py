"""The person whose permission is asked: their role, their user groups, and where they speak."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.policy.model import Policy, Role, Subjects
from bot.store.records import Person

_ONLY_LOOK = "Guests, people of other {}s and deactivated people may only look here"
_BY_NAME = ", and only if the policy names them."


class DirectoryUnavailable(Exception):
    """Slack did not say who somebody is or which user groups they are in. `str()` is one sentence of why."""

    def __init__(self, why: str, *, lasts: bool = False) -> None:
        super().__init__(why)
        self.lasts = lasts
        """Whether it stays so until somebody changes the app, the workspace or the policy."""

    @property
    def way(self) -> str:
        """What people can do, to end a sentence; empty where they can only wait for others."""
        return "" if self.lasts else ": try again later"


@dataclass(frozen=True, slots=True)
class Lookups:
    """What Slack is asked about people. Each may raise DirectoryUnavailable."""

    groups_of: Callable[[str], frozenset[str]]
    """A person's user groups, each by its ID and by its `@handle`."""
    is_member: Callable[[str], bool]
    """Whether a person is a full, active member of the workspace: no guest, not from another workspace, not
    deactivated."""
    in_channel: Callable[[str, str], bool]
    """Whether a person (second) is a member of a channel (first)."""
    workspaces_of: Callable[[str], frozenset[str]]
    """The IDs of the workspaces that a person is in."""
    home: str = "workspace"
    """What members are of; where the app is installed org-wide, “organisation”."""


class Principal:
    """One person while one question about them is answered. Slack is asked only if the answer needs it.

    Roles, groups, channels and the default role count for full, active members alone. Others have what the
    policy gives them by name, and of that only the permission to look.
    """

    def __init__(self, who: Person, policy: Policy, lookups: Lookups) -> None:
        self.who = who
        self.hint = ""
        """What a refusal should add: a sentence, or empty."""
        self.unknown: DirectoryUnavailable | None = None
        """Set where Slack did not say something that was asked, so that a refusal may be for now only."""
        self._policy = policy
        self._lookups = lookups
        self._groups: frozenset[str] | None = None
        self._member: bool | None = None
        self._channel: bool | None = None
        self._workspaces: frozenset[str] | None = None

    def is_one_of(self, subjects: Subjects, *, to_look: bool = False) -> bool:
        """Whether they are among `subjects`; `to_look`: for something that changes nothing."""
        if subjects.nobody or not self._acts_from(subjects.workspaces):
            return False
        if subjects.role is not None and self._policy.guest_role >= subjects.role:
            return True
        if not self._is_member():
            return to_look and self._may_look(subjects)
        return self._is_named(subjects) or (subjects.role is not None and self._has_role(subjects.role))

    def role(self) -> Role:
        """The highest role that the policy gives them."""
        if self._policy.guest_role == Role.ADMIN or self._is_member():
            return next(role for role in reversed(Role) if self._has_role(role))
        named = self._may_look(Subjects(Role.VIEWER))
        return max(self._policy.guest_role, Role.VIEWER if named else Role.NONE)

    def _may_look(self, subjects: Subjects) -> bool:
        """Whether somebody who is no full member is named, themselves or by a role of viewer at most."""
        by_role = subjects.role is not None and subjects.role <= Role.VIEWER
        holders = self._policy.holders(Role.VIEWER).users if by_role else ()
        return self.who.user in subjects.users or self.who.user in holders

    def _has_role(self, role: Role) -> bool:
        return self._policy.default_role >= role or self._is_named(self._policy.holders(role))

    def _is_named(self, subjects: Subjects) -> bool:
        return (
            self.who.user in subjects.users
            or self._is_in_group(subjects.groups)
            or (self.who.channel in subjects.channels and self._is_in_channel())
        )

    def _is_in_group(self, groups: tuple[str, ...]) -> bool:
        return bool(groups) and not self._own_groups().isdisjoint(groups)

    def _own_groups(self) -> frozenset[str]:
        if self._groups is None:
            try:
                self._groups = self._lookups.groups_of(self.who.user)
            except DirectoryUnavailable as error:
                self.unknown = error
                self.hint = f"{error} Until that is known, user groups grant nothing{error.way}."
                self._groups = frozenset()
        return self._groups

    def _is_in_channel(self) -> bool:
        """Whether they are in the channel where they speak: a public one shows its buttons to everybody."""
        if self._channel is None:
            try:
                self._channel = self._lookups.in_channel(self.who.channel, self.who.user)
                if not self._channel:
                    self.hint = "The policy names this channel for its members: join it first."
            except DirectoryUnavailable as error:
                self.unknown = error
                self.hint = f"{error} Until that is known, the channel grants nothing{error.way}."
                self._channel = False
        return self._channel

    def _acts_from(self, workspaces: tuple[str, ...]) -> bool:
        """Whether they act from one of these workspaces; without any, from wherever they like."""
        if not workspaces:
            return True
        return not self._own_workspaces().isdisjoint(workspaces)

    def _own_workspaces(self) -> frozenset[str]:
        """The workspace in which they act. Where the delivery does not say it, all that they are in, as they
        could act from each."""
        if self._workspaces is None:
            self._workspaces = frozenset({self.who.workspace} - {""})
        if not self._workspaces:
            try:
                self._workspaces = self._lookups.workspaces_of(self.who.user)
            except DirectoryUnavailable as error:
                self.unknown = error
                grants = "a rule for a workspace grants nothing"
                self.hint = f"{error} Until that is known, {grants}{error.way}."
        return self._workspaces

    def _is_member(self) -> bool:
        if self._member is None:
            try:
                self._member = self._lookups.is_member(self.who.user)
                if not self._member:
                    whom = _ONLY_LOOK.format(self._lookups.home)
                    self.hint = whom + (_BY_NAME if self._policy.source else ".")
            except DirectoryUnavailable as error:
                self.unknown = error
                self.hint = f"{error} Until that is known, you count as a guest{error.way}."
                self._member = False
        return self._member
