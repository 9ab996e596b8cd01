"""What a policy says: roles, rules, and which rule decides about a verb on a job.

Pure values; `bot.policy.loader` reads them and `bot.policy.access` judges people by them. The first rule that
matches the verb and the job decides alone; if none matches, the defaults of the verb do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import IntEnum

from bot.config.projects import Projects
from bot.dms.model import Job
from bot.dms.rules import HARMLESS
from bot.policy.permissions import BUILT_IN, CHANGES, DESTROYS, PARTS, Permission, Permissions
from bot.policy.scope import ALL_JOBS, Scope


class Role(IntEnum):
    """Ordered: each role may also do what the lower ones may."""

    NONE = 0
    VIEWER = 1
    OPERATOR = 2
    APPROVER = 3
    ADMIN = 4


FROZEN = (CHANGES | PARTS.keys()) - {str(action) for action in HARMLESS}
"""Verbs that a freeze forbids."""
CHANNEL_SUBSCRIPTION_ROLE = Role.OPERATOR
"""Minimum role to change a channel's subscriptions: they change what others see. Rules cannot override it,
as rules are about jobs."""


POLICY_LABEL_ROLE = Role.ADMIN
"""Minimum role to change a label that the policy depends on: whoever changes it changes what the policy says
of the job."""


NO_PROJECTS = Projects(())
"""Of a policy that was read without the settings: it can name no project."""


class PolicyError(Exception):
    """The policy file cannot be used. `faults` holds every error that was found, one sentence each."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True)
class Subjects:
    """A set of people: everybody with this role or a higher one, and everybody named."""

    role: Role | None = None
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """User-group IDs, or handles as `@handle` in lower case; `T…/` before it names its workspace."""
    channels: tuple[str, ...] = ()
    """IDs of channels: everybody who gives the command or presses the button there."""
    workspaces: tuple[str, ...] = ()
    """IDs of workspaces: of all these people, those who act from one of them. Empty means from any."""

    @property
    def nobody(self) -> bool:
        return self.role is None and not (self.users or self.groups or self.channels)

    def union(self, other: Subjects) -> Subjects:
        """Both together, with the lower of the two roles; `workspaces` are those of this one."""
        roles = [role for role in (self.role, other.role) if role is not None]
        return Subjects(
            role=min(roles, default=None),
            users=_union(self.users, other.users),
            groups=_union(self.groups, other.groups),
            channels=_union(self.channels, other.channels),
            workspaces=self.workspaces,
        )


def _union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))


@dataclass(frozen=True, slots=True)
class Grant:
    """One line of `[roles]`."""

    role: Role
    to: Subjects


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One `[[rule]]`. None means the default of the verb."""

    name: str
    verbs: frozenset[str]
    scope: Scope = ALL_JOBS
    allow: Subjects | None = None
    approvals: int | None = None
    approvers: Subjects | None = None
    self_approval: bool | None = None
    expires: timedelta | None = None
    channel: str = ""
    reason: str = ""
    """Regular expression that the reason of a request has to contain; empty: none is needed."""
    workspaces: tuple[str, ...] = ()
    """From which workspaces people may do what it is about, and approve it; empty means from any."""

    def matches(self, verb: str, job: Job | None) -> bool:
        """Whether the rule is about `verb` on `job`. Without a job, only a rule for every job matches."""
        if verb not in self.verbs:
            return False
        return self.scope.everything if job is None else self.scope.matches(job)


@dataclass(frozen=True, slots=True)
class EffectiveRule:
    """What applies to one verb on one job, with every default filled in."""

    rule: str
    """Name of the rule, or empty if the defaults decide."""
    allow: Subjects
    approvals: int
    approvers: Subjects
    self_approval: bool
    expires: timedelta | None = None
    channel: str = ""
    """Where the rule has approvals asked for; empty: `Policy.approval_channel_of` the job."""
    reason: str = ""
    """As `Rule.reason`."""


@dataclass(frozen=True, slots=True)
class WatchDefault:
    """One `[[watch]]`: a default subscription."""

    target: str
    """Channel ID, or user ID for direct messages."""
    jobs: str = "*"
    """As `matches` of `bot.policy.subscriptions` has it, for example `*` or `label:env=prod`."""
    only: tuple[str, ...] = ()
    """Kinds, states or phases wanted, in lower case; empty means all."""


@dataclass(frozen=True, slots=True)
class Escalate:
    """One `[[escalate]]`: whom an alert mentions, until somebody acknowledges it."""

    name: str
    scope: Scope
    events: tuple[str, ...]
    """Topics of alerts, in lower case."""
    group: str
    """A user group's ID, or its handle as `@handle`."""
    repeat: timedelta | None = None
    """None: it is mentioned once."""
    channel: str = ""
    """Empty: the notification channel of the job's project."""


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One `[[checklist]]`: what the team does after a cutover of these jobs."""

    text: str
    scope: Scope
    before_writes: bool = True
    """Whether writes may not be opened on the destination before it is ticked."""


@dataclass(frozen=True, slots=True)
class Summary:
    """`[summary]`: when and where the daily summary is posted."""

    at: time
    """Local time in `zone`."""
    zone: str = "UTC"
    """An IANA name."""
    channel: str = ""
    """Channel ID; empty means the notification channel."""


@dataclass(frozen=True, slots=True)
class PlannedFreeze:
    """One `[[freeze]]`: a planned time without changes. Times are in UTC; `until` is exclusive."""

    start: datetime
    until: datetime
    reason: str
    scope: Scope = ALL_JOBS

    def applies(self, now: datetime, job: Job) -> bool:
        return self.start <= now < self.until and self.scope.matches(job)


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that a policy file says. Without a file, everybody may look, nobody may change anything."""

    source: str = ""
    """Name of the file, or empty if there is none."""
    open: bool = False
    """The explicit opt-out, `OPEN`: there is no file on purpose."""
    default_role: Role = Role.VIEWER
    workspace: str = ""
    """ID of the workspace whose user groups are meant where none is named. It counts where the app is
    installed org-wide: otherwise there is but one."""
    grants: tuple[Grant, ...] = ()
    rules: tuple[PolicyRule, ...] = ()
    approval_channel: str = ""
    planned_freezes: tuple[PlannedFreeze, ...] = ()
    watches: tuple[WatchDefault, ...] = ()
    escalations: tuple[Escalate, ...] = ()
    checklist: tuple[ChecklistItem, ...] = ()
    summary: Summary | None = None
    warnings: tuple[str, ...] = ()
    """What looks unintended, one sentence each. Logged at start-up and shown in `/dms policy`."""
    projects: Projects = NO_PROJECTS
    """Those that the bot serves, by whose aliases people read the policy."""
    permissions: Permissions = field(default_factory=lambda: BUILT_IN)
    """What each verb declares; a verb that is not in it can be used by nobody."""

    def permission(self, verb: str) -> Permission:
        return self.permissions.get(PARTS.get(verb, verb), Permission.NOBODY)

    @property
    def asks_for_reasons(self) -> bool:
        """Whether a rule wants to know why."""
        return any(rule.reason for rule in self.rules)

    def only_looks(self, verb: str) -> bool:
        """Whether the verb changes nothing that others see."""
        return self.permission(verb) in (Permission.PUBLIC, Permission.VIEW)

    @property
    def missing(self) -> bool:
        """Whether there is neither a file nor the opt-out, so that nobody may change anything."""
        return not self.source and not self.open

    @property
    def label_keys(self) -> frozenset[str]:
        """The labels on which it depends who may do what with a job, and when."""
        scopes = [each.scope for each in self.rules] + [each.scope for each in self.planned_freezes]
        return frozenset(key for scope in scopes for key, _ in scope.labels)

    @property
    def subjects(self) -> tuple[Subjects, ...]:
        """Everybody whom the file names, role by role and rule by rule."""
        ruled = (each for rule in self.rules for each in (rule.allow, rule.approvers))
        return (*(grant.to for grant in self.grants), *(each for each in ruled if each is not None))

    @property
    def guest_role(self) -> Role:
        """The default role of those who are no full, active members: with a file, none."""
        return Role.NONE if self.source else min(self.default_role, Role.VIEWER)

    def approval_channel_of(self, job: Job | None) -> str:
        """Where approvals for the job are asked for, unless its rule says: the project's channel, or the
        policy's; empty: that of the settings."""
        project = self.projects.get(job.project) if job is not None else None
        return (project.approval_channel if project else "") or self.approval_channel

    def holders(self, role: Role) -> Subjects:
        """Everybody to whom the file gives `role` or a higher one."""
        found = Subjects()
        for grant in self.grants:
            if grant.role >= role:
                found = found.union(grant.to)
        return found

    def effective_rule(self, verb: str, job: Job | None) -> EffectiveRule:
        """What applies to `verb` on `job`: the first rule that matches, else the defaults."""
        for rule in self.rules:
            if rule.matches(verb, job):
                return self.with_defaults(rule, verb)
        return self.default(verb)

    def deciding_rules(self, verb: str, job: Job | None) -> tuple[EffectiveRule, ...]:
        """What decides together about `verb` on `job`. That is one rule, but two for a verb with an option
        (`PARTS`): the rule for the verb, and the first one that names it with the option, if any does."""
        if verb not in PARTS:
            return (self.effective_rule(verb, job),)
        named = (self.with_defaults(rule, verb) for rule in self.rules if rule.matches(verb, job))
        own = next(named, None)
        return (self.effective_rule(PARTS[verb], job), *((own,) if own is not None else ()))

    def names(self, verb: str) -> bool:
        """Whether a rule is about `verb`."""
        return any(verb in rule.verbs for rule in self.rules)

    def effective_rules(self, verb: str, project: str = "") -> tuple[EffectiveRule, ...]:
        """What can apply to `verb` on some job (of a project, by its ID), in order, up to the first rule for
        every such job."""
        if not project:
            return self._effective_rules(verb, self.rules, lambda scope: scope.everything)
        here = (rule for rule in self.rules if rule.scope.includes(project))
        return self._effective_rules(verb, here, lambda scope: scope.covers(project))

    def effective_rules_by_name(self, verb: str, job: Job) -> tuple[EffectiveRule, ...]:
        """What can apply to `verb` on a job of which only the name is known, whatever its labels are."""
        named = (rule for rule in self.rules if rule.scope.matches_name(job))
        return self._effective_rules(verb, named, lambda scope: not scope.labels)

    def _effective_rules(
        self, verb: str, rules: Iterable[PolicyRule], stop_at: Callable[[Scope], bool]
    ) -> tuple[EffectiveRule, ...]:
        """The rules for `verb`, up to the first whose scope fulfils `stop_at`; the default if none does."""
        found: list[EffectiveRule] = []
        for rule in rules:
            if verb not in rule.verbs:
                continue
            found.append(self.with_defaults(rule, verb))
            if stop_at(rule.scope):
                return tuple(found)
        return (*found, self.default(verb))

    def is_job_specific(self, verb: str) -> bool:
        """Whether who may use `verb` depends on the job."""
        return any(verb in rule.verbs and not rule.scope.everything for rule in self.rules)

    def default(self, verb: str) -> EffectiveRule:
        """What applies to `verb` if no rule matches."""
        return EffectiveRule(
            rule="",
            allow=_DEFAULT_ALLOW[self.permission(verb)],
            approvals=1 if PARTS.get(verb, verb) in DESTROYS and not self.open else 0,
            approvers=Subjects(Role.APPROVER),
            self_approval=self.open,
        )

    def with_defaults(self, rule: PolicyRule, verb: str) -> EffectiveRule:
        """What a rule says about `verb`, with the defaults for what it leaves out."""
        base = self.default(verb)
        ruling = replace(
            base,
            rule=rule.name,
            allow=replace(rule.allow or base.allow, workspaces=rule.workspaces),
            approvers=replace(base.approvers, workspaces=rule.workspaces),
            expires=rule.expires,
            channel=rule.channel,
            reason=rule.reason,
        )
        if PARTS.get(verb, verb) not in CHANGES:
            return ruling
        return replace(
            ruling,
            approvals=base.approvals if rule.approvals is None else rule.approvals,
            approvers=replace(rule.approvers or base.approvers, workspaces=rule.workspaces),
            self_approval=base.self_approval if rule.self_approval is None else rule.self_approval,
        )


OPEN = Policy(
    open=True,
    default_role=Role.ADMIN,
    warnings=(
        "DMS_BOT_POLICY is open, so every member of the workspace can delete a production destination alone.",
    ),
)
"""Every full member may do everything without approval; guests may look."""


_DEFAULT_ALLOW: Mapping[Permission, Subjects] = {
    Permission.NOBODY: Subjects(),
    Permission.PUBLIC: Subjects(Role.NONE),
    Permission.VIEW: Subjects(Role.VIEWER),
    Permission.OPERATE: Subjects(Role.OPERATOR),
    Permission.FREEZE: Subjects(Role.OPERATOR),
    Permission.CHANGE: Subjects(Role.OPERATOR),
}
"""Who may use a verb where no rule says otherwise."""
