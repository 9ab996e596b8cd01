"""Who may do what: judges people by the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.cmdline.answers import Group, RichPart, RichText, User
from bot.dms.model import Job
from bot.dms.rules import Action
from bot.policy import reasons
from bot.policy.describe import with_commas
from bot.policy.model import (
    CHANNEL_SUBSCRIPTION_ROLE,
    FROZEN,
    POLICY_LABEL_ROLE,
    EffectiveRule,
    Policy,
    Role,
    Subjects,
)
from bot.policy.permissions import PARTS, Permission, ruled_as, verbs_with
from bot.policy.principal import DirectoryUnavailable, Lookups, Principal
from bot.store.records import Person, Request

_NOTIFIED, _SHOWN = "watch", "show"
"""The verbs by which rules keep notifications, and what a channel reads, from people."""


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who may approve: mentioned in the request for approval."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a person may do something, and what it needs besides."""

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
    """Name of the rule that decided, or empty if the defaults did."""
    approvers: Approvers = Approvers()
    channel: str = ""
    """ID of the channel where approvals are asked for; empty: the setting `approval_channel`."""
    reasons: tuple[str, ...] = ()
    """Regular expressions that the reason of the request has to contain, each."""
    permitted_instead: Approvers = Approvers()
    """After a refusal: who could instead, if the policy names them."""

    @property
    def explanation(self) -> RichText:
        """`why`, followed by mentions of those who could instead."""
        named: list[RichPart] = [Group(each) for each in self.permitted_instead.groups]
        named += [User(each) for each in self.permitted_instead.users]
        return (self.why, " Ask ", *with_commas(named), ".") if named else self.why


def _none_of(_id: str) -> frozenset[str]:
    return frozenset()


def _anybody(_user: str) -> bool:
    return True


def _anywhere(_channel: str, _user: str) -> bool:
    return True


def _without_guests(_channel: str) -> bool:
    return False


def _only_ids(text: str) -> str:
    return "" if text.startswith("@") else text


def _only_id_of_user(text: str, _workspace: str) -> str:
    return _only_ids(text)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Access:
    """Judges people by a policy. What Slack does not say grants nothing."""

    groups_of: Callable[[str], frozenset[str]] = _none_of
    """A person's user groups, each by its ID and by its `@handle`. May raise DirectoryUnavailable."""
    policy: Policy = field(default_factory=Policy)
    group_id: Callable[[str], str] = _only_ids
    """The ID of a user group from its ID or `@handle`; empty if there is none. May raise
    DirectoryUnavailable."""
    user_id: Callable[[str, str], str] = _only_id_of_user
    """The ID of a person from an ID or `@handle` (first) in a workspace (second); empty if there is none. May
    raise DirectoryUnavailable."""
    is_member: Callable[[str], bool] = _anybody
    """Whether a person is a full, active member of the workspace: no guest, not from another one, not
    deactivated. May raise DirectoryUnavailable."""
    in_channel: Callable[[str, str], bool] = _anywhere
    """Whether a person (second) is a member of a channel (first). May raise DirectoryUnavailable."""
    has_guests: Callable[[str], bool] = _without_guests
    """Whether a channel has, or may have, members who are no full members of the workspace. May raise
    DirectoryUnavailable."""
    workspaces_of: Callable[[str], frozenset[str]] = _none_of
    """The IDs of the workspaces that a person is in. May raise DirectoryUnavailable."""
    members_of: Callable[[str], frozenset[str]] = _none_of
    """The IDs of the members of a user group, by its ID. May raise DirectoryUnavailable."""
    name_of: Callable[[str], str] = _only_ids
    """What people call a person; their ID where Slack does not say."""
    home: str = "workspace"
    """What members are of, for a sentence."""
    clock: Callable[[], datetime] = _now

    def principal(self, who: Person) -> Principal:
        asked = Lookups(self.groups_of, self.is_member, self.in_channel, self.workspaces_of, self.home)
        return Principal(who, self.policy, asked)

    def has_left(self, user: str) -> bool:
        """Whether Slack says that a person is no full, active member any more."""
        try:
            return not self.is_member(user)
        except DirectoryUnavailable:
            return False

    def verdict(self, who: Person, verb: str, job: Job | None = None) -> Verdict:
        """May `who` use `verb` (on `job`)? `verb` may be one of `permissions.PARTS`.

        A changing verb without a job means all jobs: every rule that may match it has to allow it.
        """
        principal = self.principal(who)
        changes = self.policy.permission(verb) in (Permission.CHANGE, Permission.FREEZE)
        all_jobs = job is None and changes
        rules = self.policy.effective_rules(verb) if all_jobs else self.policy.deciding_rules(verb, job)
        verdicts = [self._verdict(principal, verb, rule, job) for rule in rules]
        refused = next((each for each in verdicts if not each.allowed), None)
        return refused or _strictest(verdicts)

    def project_verdict(self, who: Person, verb: str, project: str) -> Verdict:
        """May `who` use `verb`, which changes, on all jobs of a project? Every rule that may match one has to
        allow it."""
        principal = self.principal(who)
        rules = self.policy.effective_rules(verb, project)
        verdicts = [self._verdict(principal, verb, rule, None) for rule in rules]
        return next((each for each in verdicts if not each.allowed), verdicts[-1])

    def visible(self, who: Person, verb: str, jobs: Iterable[Job]) -> tuple[Job, ...]:
        """Those of `jobs` that `who` may look at with `verb`."""
        given = tuple(jobs)
        principal, looks = self.principal(who), self.policy.only_looks(verb)
        if not self.policy.is_job_specific(verb):
            allowed = self.policy.effective_rule(verb, None).allow
            return given if principal.is_one_of(allowed, to_look=looks) else ()
        rules = [self.policy.effective_rule(verb, job) for job in given]
        may = {each: principal.is_one_of(each.allow, to_look=looks) for each in dict.fromkeys(rules)}
        return tuple(job for job, rule in zip(given, rules, strict=True) if may[rule])

    def may_be_notified(self, who: Person, job: Job, *, by_name: bool = False) -> bool:
        """Whether a direct message may tell this person about `job`; `by_name`: its labels are not known.

        Raises:
            DirectoryUnavailable: Slack does not say now who they are.
        """
        permissions = self.permissions(who)
        may = permissions.may_by_name if by_name else permissions.may
        if may(_NOTIFIED, job):
            return True
        if permissions.unknown is not None:
            raise permissions.unknown
        return False

    def is_open_to(self, channel: str, *jobs: Job, verb: str = _SHOWN) -> bool:
        """Whether everybody who reads this channel may see the jobs with `verb`: everybody may, or the policy
        names the channel. A direct message has one reader, who asked."""
        if not channel.startswith(("C", "G")):
            return True
        return all(self._is_open_to(channel, self.policy.effective_rule(verb, job).allow) for job in jobs)

    def is_all_open_to(self, channel: str, verb: str) -> bool:
        """The same for every job that there can be."""
        if not channel.startswith(("C", "G")):
            return True
        return all(self._is_open_to(channel, rule.allow) for rule in self.policy.effective_rules(verb))

    def _is_open_to(self, channel: str, readers: Subjects) -> bool:
        if readers.workspaces:
            return False
        if readers.role is not None:
            everybody = max(self.policy.default_role, self.policy.guest_role) >= readers.role
            return everybody or channel in readers.union(self.policy.holders(readers.role)).channels
        return channel in readers.channels

    def permissions(self, who: Person) -> PermissionCache:
        """For an answer that asks about many verbs and jobs."""
        return PermissionCache(who, self)

    def may_approve(self, who: Person, request: Request) -> Verdict:
        """May `who` approve or deny `request`, by the present policy?"""
        approver = self.principal(who)
        verb = ruled_as(request.action, request.options)
        verdicts = [
            self._approver_verdict(approver, request, job, rule)
            for job in request.jobs
            for rule in asking(self.policy.deciding_rules(verb, job))
        ]
        return next((each for each in verdicts if not each.allowed), verdicts[0])

    def channels_verdict(self, who: Person) -> Verdict:
        """May `who` change the subscriptions of channels? One's own only take permission to look."""
        principal, allowed = self.principal(who), Subjects(CHANNEL_SUBSCRIPTION_ROLE)
        if principal.is_one_of(allowed):
            return Verdict(True, "Your role lets you change the notifications of channels.")
        why = reasons.channel_subscriptions(self.policy, allowed, principal.role())
        return Verdict(False, _with_hint(why, principal), permitted_instead=self._named(allowed))

    def labels_verdict(self, who: Person, job: Job, keys: Iterable[str]) -> Verdict:
        """May `who` change these labels of the job, beyond being allowed to edit it?"""
        depends_on = sorted(set(keys) & self.policy.label_keys)
        principal, allowed = self.principal(who), Subjects(POLICY_LABEL_ROLE)
        if not depends_on or principal.is_one_of(allowed):
            return Verdict(True, "The policy does not depend on these labels, or your role lets you.")
        why = reasons.policy_label(depends_on[0], job, allowed, principal.role())
        return Verdict(False, _with_hint(why, principal), permitted_instead=self._named(allowed))

    def explain(self, who: Person, job: Job) -> tuple[tuple[str, Verdict], ...]:
        """What `who` may do with `job`: a verdict for each verb that views or changes it."""
        parts = (each for each in PARTS if self.policy.names(each))
        verbs = (
            "show",
            *verbs_with(self.policy.permissions, Permission.OPERATE),
            *map(str, Action),
            *parts,
            "freeze",
            "unfreeze",
        )
        return tuple((verb, self.verdict(who, verb, job)) for verb in verbs)

    def role(self, who: Person) -> Role:
        """The person's role by the policy, in the channel where they speak; rules may allow more.

        User groups grant nothing while Slack does not say who is in them.
        """
        return self.principal(who).role()

    def planned_freeze_reason(self, job: Job) -> str:
        """Why a planned freeze of the policy forbids changes of `job` now, or empty."""
        now = self.clock()
        window = next((each for each in self.policy.planned_freezes if each.applies(now, job)), None)
        return "" if window is None else reasons.planned_freeze(window, job)

    def _verdict(self, principal: Principal, verb: str, rule: EffectiveRule, job: Job | None) -> Verdict:
        frozen = self.planned_freeze_reason(job) if job is not None and verb in FROZEN else ""
        if frozen:
            return Verdict(False, frozen, rule=rule.rule)
        what = reasons.use(verb, job)
        if not principal.is_one_of(rule.allow, to_look=self.policy.only_looks(verb)):
            return self._refused(principal, what, rule, rule.allow)
        why = reasons.granted(self.policy, rule, rule.allow, what, self.home)
        return self._granted(rule, job, f"{why} {reasons.approvals_needed(rule)}".rstrip())

    def _approver_verdict(
        self, approver: Principal, request: Request, job: Job, rule: EffectiveRule
    ) -> Verdict:
        what = f"approve or deny `{request.action}` on `{job.id}`"
        own = approver.who.user == request.by.user and not self.policy.missing
        if own and not (rule.self_approval and request.self_approval):
            named = self._named(rule.approvers)
            others = tuple(each for each in named.users if each != request.by.user)
            return Verdict(
                allowed=False,
                why=reasons.own_request(rule),
                rule=rule.rule,
                permitted_instead=Approvers(others, named.groups),
            )
        if not approver.is_one_of(rule.approvers):
            return self._refused(approver, what, rule, rule.approvers)
        return self._granted(rule, job, reasons.granted(self.policy, rule, rule.approvers, what, self.home))

    def _granted(self, rule: EffectiveRule, job: Job | None, why: str) -> Verdict:
        return Verdict(
            allowed=True,
            why=why,
            approvals=rule.approvals,
            self_approval=rule.self_approval,
            expires=rule.expires,
            rule=rule.rule,
            approvers=self._named(rule.approvers),
            channel=rule.channel or self.policy.approval_channel_of(job),
            reasons=(rule.reason,) if rule.reason else (),
        )

    def _refused(self, principal: Principal, what: str, rule: EffectiveRule, allowed: Subjects) -> Verdict:
        if self.policy.missing:
            return Verdict(False, reasons.missing_policy(what))
        why = _with_hint(reasons.refused(rule, allowed, what, principal.role()), principal)
        return Verdict(False, why, rule=rule.rule, permitted_instead=self._named(allowed))

    def _named(self, subjects: Subjects) -> Approvers:
        """The people and groups behind `subjects`, for mentions; none if every member is meant."""
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


def asking(rules: Sequence[EffectiveRule]) -> Sequence[EffectiveRule]:
    """Those that ask for approvals; all, if none does."""
    return [each for each in rules if each.approvals] or rules


def _strictest(verdicts: Sequence[Verdict]) -> Verdict:
    """The one that asks for most approvals, with what the others that ask for some limit."""
    most = max(verdicts, key=lambda each: each.approvals)
    asking = [each for each in verdicts if each.approvals] or verdicts
    return replace(
        most,
        self_approval=all(each.self_approval for each in asking),
        expires=min((each.expires for each in asking if each.expires is not None), default=None),
        reasons=tuple(dict.fromkeys(pattern for each in verdicts for pattern in each.reasons)),
    )


def _with_hint(why: str, principal: Principal) -> str:
    return f"{why} {principal.hint}" if principal.hint else why


class PermissionCache:
    """What one person may do, while one answer is made: as `Access.verdict`, without reasons."""

    def __init__(self, who: Person, access: Access) -> None:
        self._access = access
        self._principal = access.principal(who)
        self._is_subject: dict[tuple[Subjects, bool], bool] = {}
        self._outcomes: dict[str, frozenset[bool]] = {}
        self._in_freeze: dict[str, bool] = {}

    @property
    def unknown(self) -> DirectoryUnavailable | None:
        """What Slack did not say of them, if it was asked: a refusal may be for now only."""
        return self._principal.unknown

    def may(self, verb: str, job: Job) -> bool:
        """Whether they may use `verb` on `job`."""
        if verb in FROZEN and self._in_planned_freeze(job):
            return False
        outcomes = self._possible_outcomes(verb)
        if len(outcomes) == 1:
            return True in outcomes
        return self._is_one_of(verb, self._access.policy.effective_rule(verb, job).allow)

    def may_never(self, verb: str) -> bool:
        """Whether no rule lets them use `verb`, whatever the job."""
        return self._possible_outcomes(verb) == {False}

    def may_by_name(self, verb: str, job: Job) -> bool:
        """Whether they may use `verb` on a job of which only the name is known, whatever its labels are."""
        rules = self._access.policy.effective_rules_by_name(verb, job)
        return all(self._is_one_of(verb, each.allow) for each in rules)

    def _possible_outcomes(self, verb: str) -> frozenset[bool]:
        """What the rules can say of `verb`. A single outcome holds for every job, which saves matching."""
        if verb not in self._outcomes:
            rules = self._access.policy.effective_rules(verb)
            self._outcomes[verb] = frozenset(self._is_one_of(verb, each.allow) for each in rules)
        return self._outcomes[verb]

    def _is_one_of(self, verb: str, subjects: Subjects) -> bool:
        looks = self._access.policy.only_looks(verb)
        if (subjects, looks) not in self._is_subject:
            self._is_subject[subjects, looks] = self._principal.is_one_of(subjects, to_look=looks)
        return self._is_subject[subjects, looks]

    def _in_planned_freeze(self, job: Job) -> bool:
        if job.name not in self._in_freeze:
            self._in_freeze[job.name] = bool(self._access.planned_freeze_reason(job))
        return self._in_freeze[job.name]
