"""What a policy says: roles, rules, and which rule judges a verb on a job.

Pure values; `bot.policy.loader` reads them and `bot.policy.access` judges people by them. The first rule that
matches the verb and the job judges alone; where none matches, the defaults of the verb do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import IntEnum
from fnmatch import fnmatchcase

from bot.dms.model import Job
from bot.dms.rules import HARMLESS
from bot.policy.permissions import BUILT_IN, CHANGES, DESTROYS, Permission, Permissions


class Role(IntEnum):
    """Each role may do what the ones below it may."""

    NONE = 0
    VIEWER = 1
    OPERATOR = 2
    APPROVER = 3
    ADMIN = 4


FROZEN = CHANGES - {str(action) for action in HARMLESS}
"""Verbs that a freeze forbids."""
CHANNEL_SUBSCRIPTION_ROLE = Role.OPERATOR
"""The role that setting or ending what a channel is told takes: it changes what others see. No rule says
otherwise, as rules are for jobs."""


class PolicyError(Exception):
    """The policy file cannot be used: every fault that was found, one sentence each."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True)
class Subjects:
    """Who is meant: anybody of this role or above, and whoever is named."""

    role: Role | None = None
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """User-group ids, or handles as `@handle` in lower case."""
    channels: tuple[str, ...] = ()
    """Whoever speaks in one of these channels."""

    @property
    def nobody(self) -> bool:
        return self.role is None and not (self.users or self.groups or self.channels)

    def union(self, other: Subjects) -> Subjects:
        """Both together; the lower role counts."""
        roles = [role for role in (self.role, other.role) if role is not None]
        return Subjects(
            role=min(roles, default=None),
            users=_union(self.users, other.users),
            groups=_union(self.groups, other.groups),
            channels=_union(self.channels, other.channels),
        )


def _union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))


@dataclass(frozen=True, slots=True)
class Grant:
    """Who has a role."""

    role: Role
    to: Subjects


@dataclass(frozen=True, slots=True)
class Scope:
    """Which jobs are meant: any of the patterns, and all of the labels. Empty means every job."""

    jobs: tuple[str, ...] = ()
    """Globs over `id`, `location/id` or `project/location/id`."""
    labels: tuple[tuple[str, str], ...] = ()
    """Key and a glob over the value."""

    @property
    def everything(self) -> bool:
        return not self.labels and (not self.jobs or any(set(each) <= set("*/") for each in self.jobs))

    def matches(self, job: Job) -> bool:
        return self.matches_name(job) and all(_labelled(job, key, value) for key, value in self.labels)

    def matches_name(self, job: Job) -> bool:
        """Whether the job is meant as far as its name tells; its labels may say otherwise."""
        return not self.jobs or any(pattern_matches(pattern, job) for pattern in self.jobs)


def pattern_matches(pattern: str, job: Job) -> bool:
    """Whether a glob names the job; each part of it is matched with its own part of the name."""
    wanted = pattern.split("/")
    parts = (job.project, job.location, job.id)[-len(wanted) :]
    return all(fnmatchcase(part, glob) for part, glob in zip(parts, wanted, strict=True))


def _labelled(job: Job, key: str, value: str) -> bool:
    label = job.label(key)
    return label is not None and fnmatchcase(label, value)


@dataclass(frozen=True, slots=True)
class Rule:
    """One `[[rule]]`; None means the default of the verb."""

    name: str
    verbs: frozenset[str]
    scope: Scope = Scope()
    allow: Subjects | None = None
    approvals: int | None = None
    approvers: Subjects | None = None
    self_approval: bool | None = None
    expires: timedelta | None = None
    channel: str = ""

    def matches(self, verb: str, job: Job | None) -> bool:
        """Whether the rule judges `verb` on `job`; without a job, only a rule for every job does."""
        if verb not in self.verbs:
            return False
        return self.scope.everything if job is None else self.scope.matches(job)


@dataclass(frozen=True, slots=True)
class EffectiveRule:
    """What holds for one verb on one job, with every default filled in."""

    rule: str
    """Name of the rule, or empty where the defaults judge."""
    allow: Subjects
    approvals: int
    approvers: Subjects
    self_approval: bool
    expires: timedelta | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True)
class WatchDefault:
    """One `[[watch]]`: who hears of what without having asked."""

    target: str
    """Channel id, or user id for direct messages."""
    jobs: str = "*"
    """Full resource name, `*`, `label:key=value`, or `state:NAME`, as in `records.Watch`."""
    only: tuple[str, ...] = ()
    """Kinds or states wanted, in lower case; empty means all."""


@dataclass(frozen=True, slots=True)
class Summary:
    """`[summary]`: when and where the daily summary is told."""

    at: time
    """Local time in `zone`."""
    zone: str = "UTC"
    """An IANA name."""
    channel: str = ""
    """Channel id; empty means the notification channel."""


@dataclass(frozen=True, slots=True)
class PlannedFreeze:
    """One `[[freeze]]`: a planned time without changes. Times are UTC."""

    start: datetime
    until: datetime
    reason: str
    scope: Scope = Scope()

    def applies(self, now: datetime, job: Job) -> bool:
        return self.start <= now < self.until and self.scope.matches(job)


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything a policy file says. Without a file, everybody may look, and nobody may change anything."""

    source: str = ""
    """Name of the file, or empty where there is none."""
    open: bool = False
    """The explicit opt-out, `OPEN`: there is no file, and none is wanted."""
    default_role: Role = Role.VIEWER
    grants: tuple[Grant, ...] = ()
    rules: tuple[Rule, ...] = ()
    approval_channel: str = ""
    planned_freezes: tuple[PlannedFreeze, ...] = ()
    watches: tuple[WatchDefault, ...] = ()
    summary: Summary | None = None
    warnings: tuple[str, ...] = ()
    """What looks unintended, one sentence each; told at the start and in `/dms policy`."""
    permissions: Permissions = field(default_factory=lambda: BUILT_IN)
    """What each verb declares; a verb that is not in it can be used by nobody."""

    def permission(self, verb: str) -> Permission:
        return self.permissions.get(verb, Permission.NOBODY)

    @property
    def missing(self) -> bool:
        """Whether nobody has said who may do what, so that nobody may change anything."""
        return not self.source and not self.open

    def unruled(self, what: str) -> str:
        """Why nobody may do `what` as long as the policy is missing, and how to go on."""
        return (
            f"You may not {what}: there is no policy yet, so nobody may change anything; whoever runs the "
            "bot writes one with `dms-bot policy init` and names its file in `DMS_BOT_POLICY`, or sets "
            "`DMS_BOT_POLICY=open` to let every member do everything."
        )

    @property
    def guest_role(self) -> Role:
        """The role of guests and of people from other workspaces, by default."""
        return self.default_role if self.source else min(self.default_role, Role.VIEWER)

    def holders(self, role: Role) -> Subjects:
        """Who has `role` or one above it, by grant."""
        found = Subjects()
        for grant in self.grants:
            if grant.role >= role:
                found = found.union(grant.to)
        return found

    def effective_rule(self, verb: str, job: Job | None) -> EffectiveRule:
        """What holds for `verb` on `job`: the first rule that matches, else the defaults."""
        for rule in self.rules:
            if rule.matches(verb, job):
                return self.with_defaults(rule, verb)
        return self.default(verb)

    def effective_rules(self, verb: str) -> tuple[EffectiveRule, ...]:
        """What may hold for `verb` on some job, in order: each rule up to the first for every job."""
        return self._effective_rules(verb, self.rules, lambda scope: scope.everything)

    def effective_rules_by_name(self, verb: str, job: Job) -> tuple[EffectiveRule, ...]:
        """What may hold for `verb` on a job of which only the name is known, whatever its labels are."""
        named = (rule for rule in self.rules if rule.scope.matches_name(job))
        return self._effective_rules(verb, named, lambda scope: not scope.labels)

    def _effective_rules(
        self, verb: str, rules: Iterable[Rule], stop_at: Callable[[Scope], bool]
    ) -> tuple[EffectiveRule, ...]:
        """What these rules say of `verb`, up to the first that holds `stop_at`; else the default is last."""
        found: list[EffectiveRule] = []
        for rule in rules:
            if verb not in rule.verbs:
                continue
            found.append(self.with_defaults(rule, verb))
            if stop_at(rule.scope):
                return tuple(found)
        return (*found, self.default(verb))

    def is_job_specific(self, verb: str) -> bool:
        """Whether it depends on the job who may use `verb`."""
        return any(verb in rule.verbs and not rule.scope.everything for rule in self.rules)

    def default(self, verb: str) -> EffectiveRule:
        """What holds for `verb` where no rule matches."""
        return EffectiveRule(
            rule="",
            allow=_DEFAULT_ALLOW[self.permission(verb)],
            approvals=1 if verb in DESTROYS and not self.open else 0,
            approvers=Subjects(Role.APPROVER),
            self_approval=self.open,
            channel=self.approval_channel,
        )

    def with_defaults(self, rule: Rule, verb: str) -> EffectiveRule:
        """A rule's word on `verb`, with the defaults where it says nothing."""
        base = self.default(verb)
        ruling = replace(
            base,
            rule=rule.name,
            allow=base.allow if rule.allow is None else rule.allow,
            expires=rule.expires,
            channel=rule.channel or base.channel,
        )
        if verb not in CHANGES:
            return ruling
        return replace(
            ruling,
            approvals=base.approvals if rule.approvals is None else rule.approvals,
            approvers=base.approvers if rule.approvers is None else rule.approvers,
            self_approval=base.self_approval if rule.self_approval is None else rule.self_approval,
        )


OPEN = Policy(
    open=True,
    default_role=Role.ADMIN,
    warnings=(
        "DMS_BOT_POLICY is open, so every member of the workspace can delete a production destination alone.",
    ),
)
"""Every full member may do everything, and nobody else is asked; guests look."""


_DEFAULT_ALLOW: Mapping[Permission, Subjects] = {
    Permission.NOBODY: Subjects(),
    Permission.PUBLIC: Subjects(Role.NONE),
    Permission.VIEW: Subjects(Role.VIEWER),
    Permission.FREEZE: Subjects(Role.OPERATOR),
    Permission.CHANGE: Subjects(Role.OPERATOR),
}
"""Who may use a verb where no rule says otherwise."""
