"""Who may do what: the policy, and the people it speaks of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

from bot.dms.model import Job
from bot.store.records import Person, Request


class Role(IntEnum):
    """Each role may do what the ones below it may."""

    NONE = 0
    VIEWER = 1
    OPERATOR = 2
    APPROVER = 3
    ADMIN = 4


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who may approve: mentioned in the request for approval."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """May this person do this, and what else must happen before."""

    allowed: bool
    why: str
    """One plain sentence: which role or rule decided, and who could instead."""
    approvals: int = 0
    """Approvals needed from others."""
    self_approval: bool = True
    """Whether the requester's own approval counts."""
    expires: timedelta | None = None
    """How long a request lasts; None: the setting `confirm_expires_s`."""
    rule: str = ""
    approvers: Approvers = Approvers()


@dataclass(frozen=True, slots=True)
class Access:
    """Judges people by a policy.

    `groups_of` answers with a person's user-group ids (and may be slow the first time).
    """

    groups_of: Callable[[str], frozenset[str]]

    def verdict(self, who: Person, verb: str, job: Job | None = None) -> Verdict:
        """May `who` use `verb` (on `job`)?"""
        raise NotImplementedError

    def may_approve(self, who: Person, request: Request) -> Verdict:
        """May `who` approve or deny `request`?"""
        raise NotImplementedError
