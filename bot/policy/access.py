"""Who may do what: the policy, and the people it speaks of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.cmdline.answers import Group, RichPart, RichText, User
from bot.dms.model import Job
from bot.policy.model import (
    CHANGES,
    CHANNEL_SUBSCRIPTION_ROLE,
    FREEZES,
    FROZEN,
    EffectiveRule,
    Policy,
    Role,
    Subjects,
)
from bot.store.records import Person, Request

__all__ = ["Access", "Approvers", "DirectoryUnavailable", "PermissionCache", "Role", "Verdict"]


class DirectoryUnavailable(Exception):
    """Slack did not say who is who, or in which user group. `str()` is one sentence that says why."""


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
    """Plain sentences: which role or rule decided, and who could instead."""
    approvals: int = 0
    """Approvals needed from others."""
    self_approval: bool = True
    """Whether the requester's own approval counts."""
    expires: timedelta | None = None
    """How long a request waits for approvals; None: the setting `approval_expires_s`."""
    rule: str = ""
    approvers: Approvers = Approvers()
    channel: str = ""
    """Where approvals are asked for; empty: the setting `approval_channel`."""
    permitted_instead: Approvers = Approvers()
    """Refused: who could instead, as far as the policy names them."""

    @property
    def explanation(self) -> RichText:
        """`why`, followed by mentions of those who could instead."""
        named: list[RichPart] = [Group(each) for each in self.permitted_instead.groups]
        named += [User(each) for each in self.permitted_instead.users]
        return (self.why, " Ask ", *_listed(named), ".") if named else self.why


def _listed(parts: Iterable[RichPart]) -> tuple[RichPart, ...]:
    listed: list[RichPart] = []
    for part in parts:
        listed += [", ", part] if listed else [part]
    return tuple(listed)


def _no_groups(_user: str) -> frozenset[str]:
    return frozenset()


def _anybody(_user: str) -> bool:
    return True


def _as_it_is(text: str) -> str:
    return "" if text.startswith("@") else text


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Access:
    """Judges people by a policy. What cannot be looked up grants nothing."""

    groups_of: Callable[[str], frozenset[str]] = _no_groups
    """A person's user groups, each by its id and by its `@handle`. May raise DirectoryUnavailable."""
    policy: Policy = field(default_factory=Policy)
    group_id: Callable[[str], str] = _as_it_is
    """The id of a user group from its id or `@handle`; empty where there is none. May raise
    DirectoryUnavailable."""
    user_id: Callable[[str], str] = _as_it_is
    """The id of a person from an id or `@handle`; empty where there is none. May raise
    DirectoryUnavailable."""
    is_member: Callable[[str], bool] = _anybody
    """Whether a person is a full member of the workspace, not a guest or from another one. May raise
    DirectoryUnavailable."""
    clock: Callable[[], datetime] = _now

    def verdict(self, who: Person, verb: str, job: Job | None = None) -> Verdict:
        """May `who` use `verb` (on `job`)?

        Without a job, a changing verb is meant for all of them: then every rule that may judge it
        has to allow it.
        """
        principal = _Principal(who, self)
        rules = self._effective_rules(verb, job)
        verdicts = [self._verdict(principal, verb, rule, job) for rule in rules]
        refused = next((each for each in verdicts if not each.allowed), None)
        return refused or max(verdicts, key=lambda each: each.approvals)

    def visible(self, who: Person, verb: str, jobs: Iterable[Job]) -> tuple[Job, ...]:
        """Those of `jobs` that `who` may look at with `verb`."""
        given = tuple(jobs)
        if not self.policy.is_job_specific(verb):
            return given
        principal = _Principal(who, self)
        judged: dict[EffectiveRule, bool] = {}
        rules = [self.policy.effective_rule(verb, job) for job in given]
        for rule in rules:
            if rule not in judged:
                judged[rule] = principal.is_one_of(rule.allow)
        return tuple(job for job, rule in zip(given, rules, strict=True) if judged[rule])

    def permissions(self, who: Person) -> PermissionCache:
        """For the many questions of one answer."""
        return PermissionCache(who, self)

    def may_approve(self, who: Person, request: Request) -> Verdict:
        """May `who` approve or deny `request`, by the policy as it is now?"""
        approver = _Principal(who, self)
        verdicts = [self._approver_verdict(approver, request, job) for job in request.jobs]
        return next((each for each in verdicts if not each.allowed), verdicts[0])

    def channels_verdict(self, who: Person) -> Verdict:
        """May `who` set or end what channels are told? Being told oneself takes no more than to look."""
        principal, allowed = _Principal(who, self), Subjects(CHANNEL_SUBSCRIPTION_ROLE)
        if principal.is_one_of(allowed):
            return Verdict(True, "Your role lets you set what channels are told.")
        why = f"To set or end what a channel is told takes {describe(allowed)}, and your role is "
        why += f"{_name(principal.role())}: "
        if self.policy.missing:
            why = f"{self.policy.unruled('set or end what a channel is told')} Still, "
        why += "`/dms watch … --dm` tells you alone, `/dms unwatch … --dm` ends that."
        if principal.hint:
            why += f" {principal.hint}"
        return Verdict(False, why, permitted_instead=self._named(allowed))

    def explain(self, who: Person, job: Job) -> tuple[tuple[str, Verdict], ...]:
        """What `who` may do with `job`: a verdict for each verb that views or changes it."""
        verbs = ("show", *(each for each in _IN_ORDER if each in CHANGES), "freeze", "unfreeze")
        return tuple((verb, self.verdict(who, verb, job)) for verb in verbs)

    def role(self, who: Person) -> Role:
        """The person's role by the policy, where they speak; the rules may say more.

        Where groups cannot be looked up, they grant nothing.
        """
        return _Principal(who, self).role()

    def planned_freeze_reason(self, job: Job) -> str:
        """Why a freeze that the policy plans forbids changes of `job` now, or empty."""
        now = self.clock()
        window = next((each for each in self.policy.planned_freezes if each.applies(now, job)), None)
        if window is None:
            return ""
        until = f"{window.until:%Y-%m-%d %H:%M} UTC"
        return f"The policy allows no changes of `{job.id}` until {until}: {window.reason}."

    def _effective_rules(self, verb: str, job: Job | None) -> tuple[EffectiveRule, ...]:
        if job is None and verb in CHANGES | FREEZES:
            return self.policy.effective_rules(verb)
        return (self.policy.effective_rule(verb, job),)

    def _verdict(self, principal: _Principal, verb: str, rule: EffectiveRule, job: Job | None) -> Verdict:
        closed = self.planned_freeze_reason(job) if job is not None and verb in FROZEN else ""
        if closed:
            return Verdict(False, closed, rule=rule.rule)
        if not principal.is_one_of(rule.allow):
            return self._refused(principal, f"use `{verb}`{_on(job)}", rule, rule.allow)
        because = self._because(rule, rule.allow)
        return self._granted(rule, f"{because} use `{verb}`{_on(job)}.{_also(rule)}")

    def _approver_verdict(self, approver: _Principal, request: Request, job: Job) -> Verdict:
        rule = self.policy.effective_rule(request.action, job)
        what = f"approve or deny `{request.action}` on `{job.id}`"
        own = approver.who.user == request.by.user and not self.policy.missing
        if own and not (rule.self_approval and request.self_approval):
            named = self._named(rule.approvers)
            others = tuple(each for each in named.users if each != request.by.user)
            return Verdict(
                allowed=False,
                why=f"{_by(rule)} nobody approves their own request: "
                f"{describe(rule.approvers)} can, and you can withdraw it.",
                rule=rule.rule,
                permitted_instead=Approvers(others, named.groups),
            )
        if not approver.is_one_of(rule.approvers):
            return self._refused(approver, what, rule, rule.approvers)
        return self._granted(rule, f"{self._because(rule, rule.approvers)} {what}.")

    def _granted(self, rule: EffectiveRule, why: str) -> Verdict:
        return Verdict(
            allowed=True,
            why=why,
            approvals=rule.approvals,
            self_approval=rule.self_approval,
            expires=rule.expires,
            rule=rule.rule,
            approvers=self._named(rule.approvers),
            channel=rule.channel,
        )

    def _refused(self, principal: _Principal, what: str, rule: EffectiveRule, allowed: Subjects) -> Verdict:
        if self.policy.missing:
            return Verdict(False, self.policy.unruled(what))
        who_can = "nobody may do that" if allowed.nobody else f"that takes {describe(allowed)}"
        why = (
            f"You may not {what}: {_by(rule, start=False)} {who_can}; your role is {_name(principal.role())}."
        )
        if principal.hint:
            why += f" {principal.hint}"
        return Verdict(False, why, rule=rule.rule, permitted_instead=self._named(allowed))

    def _because(self, rule: EffectiveRule, allowed: Subjects) -> str:
        if rule.rule:
            return f"By the rule “{rule.rule}” you may"
        if allowed.role is not None and self.policy.guest_role >= allowed.role:
            return "Everybody here may"
        if allowed.role is not None and self.policy.default_role >= allowed.role:
            return "Every member of this workspace may"
        return "Your role lets you"

    def _named(self, subjects: Subjects) -> Approvers:
        """The people and groups behind `subjects`, for mentions; none where it may be anybody."""
        if subjects.role is not None and self.policy.default_role >= subjects.role:
            return Approvers()
        if subjects.role is not None:
            subjects = subjects.union(self.policy.holders(subjects.role))
        groups = (self._known_group(each) for each in subjects.groups)
        return Approvers(subjects.users, tuple(each for each in groups if each))

    def _known_group(self, group: str) -> str:
        try:
            return self.group_id(group)
        except DirectoryUnavailable:
            return ""


_IN_ORDER = ("start", "stop", "resume", "restart", "promote", "verify", "edit", "delete")


class _Principal:
    """One person while one question about them is answered; groups are looked up when they matter."""

    def __init__(self, who: Person, access: Access) -> None:
        self.who = who
        self.hint = ""
        """What else to tell them when they are refused."""
        self._access = access
        self._groups: frozenset[str] | None = None
        self._member: bool | None = None

    def is_one_of(self, subjects: Subjects) -> bool:
        return (
            self._is_named(subjects)
            or (subjects.role is not None and self._has(subjects.role))
            or self._in_any(subjects.groups)
        )

    def role(self) -> Role:
        return next(role for role in reversed(Role) if self._has(role))

    def _has(self, role: Role) -> bool:
        policy = self._access.policy
        if policy.guest_role >= role or (policy.default_role >= role and self._is_member()):
            return True
        holders = policy.holders(role)
        return self._is_named(holders) or self._in_any(holders.groups)

    def _is_named(self, subjects: Subjects) -> bool:
        return self.who.user in subjects.users or self.who.channel in subjects.channels

    def _in_any(self, groups: tuple[str, ...]) -> bool:
        return bool(groups) and not self._own_groups().isdisjoint(groups)

    def _own_groups(self) -> frozenset[str]:
        if self._groups is None:
            self._groups = self._ask()
        return self._groups

    def _ask(self) -> frozenset[str]:
        try:
            return self._access.groups_of(self.who.user)
        except DirectoryUnavailable as error:
            self.hint = f"{error} Until that is known, user groups grant nothing: try again later."
            return frozenset()

    def _is_member(self) -> bool:
        if self._member is None:
            self._member = self._ask_membership()
        return self._member

    def _ask_membership(self) -> bool:
        try:
            member = self._access.is_member(self.who.user)
        except DirectoryUnavailable as error:
            self.hint = f"{error} Until that is known, you count as a guest: try again later."
            return False
        if not member:
            self.hint = "Guests, and people of other workspaces, may only look here."
        return member


class PermissionCache:
    """Says yes or no to one person while one answer is made: as `Access.verdict`, without its words."""

    def __init__(self, who: Person, access: Access) -> None:
        self._access = access
        self._asker = _Principal(who, access)
        self._judged: dict[Subjects, bool] = {}
        self._ways: dict[str, frozenset[bool]] = {}
        self._closed: dict[str, bool] = {}

    def may(self, verb: str, job: Job) -> bool:
        """Whether they may use `verb` on `job`."""
        if verb in FROZEN and self._in_planned_freeze(job):
            return False
        ways = self._verdicts_on_any_job(verb)
        if len(ways) == 1:
            return True in ways
        return self._is_one_of(self._access.policy.effective_rule(verb, job).allow)

    def may_by_name(self, verb: str, job: Job) -> bool:
        """The same of a job of which only the name is known: whether they may, whatever its labels are."""
        return all(
            self._is_one_of(each.allow) for each in self._access.policy.effective_rules_by_name(verb, job)
        )

    def _verdicts_on_any_job(self, verb: str) -> frozenset[bool]:
        """What is said of `verb` on any job; where that is always the same, no job has to be looked at."""
        if verb not in self._ways:
            rules = self._access.policy.effective_rules(verb)
            self._ways[verb] = frozenset(self._is_one_of(each.allow) for each in rules)
        return self._ways[verb]

    def _is_one_of(self, subjects: Subjects) -> bool:
        if subjects not in self._judged:
            self._judged[subjects] = self._asker.is_one_of(subjects)
        return self._judged[subjects]

    def _in_planned_freeze(self, job: Job) -> bool:
        if job.name not in self._closed:
            self._closed[job.name] = bool(self._access.planned_freeze_reason(job))
        return self._closed[job.name]


def describe(subjects: Subjects) -> str:
    """Who is meant, in words without ids."""
    parts: list[str] = []
    if subjects.role is not None:
        parts.append(_role_words(subjects.role))
    if subjects.users:
        parts.append(
            "one person by name" if len(subjects.users) == 1 else f"{len(subjects.users)} people by name"
        )
    if subjects.groups:
        parts.append(f"{_count(subjects.groups, 'user group')}")
    if subjects.channels:
        parts.append(f"anybody in {_count(subjects.channels, 'channel')}")
    return " or ".join(parts) or "nobody"


def _role_words(role: Role) -> str:
    if role is Role.NONE:
        return "anybody"
    return f"the role {_name(role)}" if role is Role.ADMIN else f"the role {_name(role)} or above"


def _count(items: tuple[str, ...], noun: str) -> str:
    named = [each for each in items if each.startswith("@")]
    if len(named) == len(items):
        return ", ".join(named)
    return f"a {noun}" if len(items) == 1 else f"{len(items)} {noun}s"


def _name(role: Role) -> str:
    return role.name.lower()


def _on(job: Job | None) -> str:
    return f" on `{job.id}`" if job is not None else ""


def _by(rule: EffectiveRule, *, start: bool = True) -> str:
    first = "By" if start else "by"
    return f"{first} the rule “{rule.rule}”" if rule.rule else f"{first} default"


def _also(rule: EffectiveRule) -> str:
    if not rule.approvals:
        return ""
    count = "One approval is" if rule.approvals == 1 else f"{rule.approvals} approvals are"
    own = "your own counts" if rule.self_approval else "your own does not count"
    return f" {count} needed before it runs; {own}."
