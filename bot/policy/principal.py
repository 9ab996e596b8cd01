"""The person whose permission is asked: their role, their user groups, and where they speak."""

from __future__ import annotations

from collections.abc import Callable

from bot.policy.model import Policy, Role, Subjects
from bot.store.records import Person


class DirectoryUnavailable(Exception):
    """Slack did not say who somebody is or which user groups they are in. `str()` is one sentence of why."""


class Principal:
    """One person while one question about them is answered. Slack is asked only if the answer needs it."""

    def __init__(
        self,
        who: Person,
        policy: Policy,
        groups_of: Callable[[str], frozenset[str]],
        is_member: Callable[[str], bool],
    ) -> None:
        self.who = who
        self.hint = ""
        """What a refusal should add: a sentence, or empty."""
        self._policy = policy
        self._ask_groups = groups_of
        self._ask_member = is_member
        self._groups: frozenset[str] | None = None
        self._member: bool | None = None

    def is_one_of(self, subjects: Subjects) -> bool:
        return (
            self._is_named(subjects)
            or (subjects.role is not None and self._has_role(subjects.role))
            or self._is_in_group(subjects.groups)
        )

    def role(self) -> Role:
        """The highest role that the policy gives them."""
        return next(role for role in reversed(Role) if self._has_role(role))

    def _has_role(self, role: Role) -> bool:
        policy = self._policy
        if policy.guest_role >= role or (policy.default_role >= role and self._is_member()):
            return True
        holders = policy.holders(role)
        return self._is_named(holders) or self._is_in_group(holders.groups)

    def _is_named(self, subjects: Subjects) -> bool:
        return self.who.user in subjects.users or self.who.channel in subjects.channels

    def _is_in_group(self, groups: tuple[str, ...]) -> bool:
        return bool(groups) and not self._own_groups().isdisjoint(groups)

    def _own_groups(self) -> frozenset[str]:
        if self._groups is None:
            try:
                self._groups = self._ask_groups(self.who.user)
            except DirectoryUnavailable as error:
                self.hint = f"{error} Until that is known, user groups grant nothing: try again later."
                self._groups = frozenset()
        return self._groups

    def _is_member(self) -> bool:
        if self._member is None:
            try:
                self._member = self._ask_member(self.who.user)
                if not self._member:
                    self.hint = "Guests, and people of other workspaces, may only look here."
            except DirectoryUnavailable as error:
                self.hint = f"{error} Until that is known, you count as a guest: try again later."
                self._member = False
        return self._member
