"""Describes a policy, for `/dms policy`."""

from __future__ import annotations

from collections.abc import Iterable

from bot.cmdline.answers import Channel, Group, RichPart, Section, Time, User, Verbatim
from bot.config.projects import Projects
from bot.dms.model import short_name
from bot.policy.fields import ANY_TEXT
from bot.policy.model import Escalate, Policy, PolicyRule, Role, Subjects
from bot.policy.permissions import DESTROYS, Permissions, verb_sets
from bot.policy.scope import Scope
from bot.policy.subscriptions import EVERYTHING
from bot.util.durations import humanize

_CAN = {
    Role.NONE: "may do nothing",
    Role.VIEWER: "may look",
    Role.OPERATOR: "may look, change jobs and freeze them",
    Role.APPROVER: "may also approve",
    Role.ADMIN: "may do everything",
}
_MISSING = (
    "There is no policy yet, so everybody may look at jobs, and nobody may change anything. Whoever runs the "
    "bot writes one with `dms-bot policy init` and names its file in `DMS_BOT_POLICY`; "
    "`DMS_BOT_POLICY=open` would let every member do everything."
)
_OPEN = (
    "*Open* (`DMS_BOT_POLICY=open`): every member of the {0} may look at jobs and change them; guests, "
    "and people of other {0}s, may only look. Restart, promote, demote and delete ask the person who wants "
    "them to confirm, and nobody else."
)


def overview(policy: Policy, home: str = "workspace") -> list[Section]:
    """The roles and who has them; or that the policy is missing or open. `home` is what members are of."""
    if policy.missing:
        return [Section(_MISSING)]
    if policy.open:
        return [Section(_OPEN.format(home))]
    lines: list[RichPart] = [f"*Roles* (from `{policy.source}`)"]
    lines.append(f"\n• every full member: {role_name(policy.default_role)}, {_CAN[policy.default_role]}")
    for grant in policy.grants:
        lines += [f"\n• {role_name(grant.role)} ({_CAN[grant.role]}): ", *people(grant.to)]
    return [Section(tuple(lines))]


def rules(policy: Policy) -> list[Section]:
    """A section for each rule, and one for the defaults."""
    found = [_rule(number, rule, policy) for number, rule in enumerate(policy.rules, start=1)]
    return [*found, _defaults(policy)] if policy.source else found


def notices(policy: Policy) -> list[Section]:
    """Planned freezes, default subscriptions, escalations and the daily summary, if there are any."""
    found: list[Section] = []
    for window in policy.planned_freezes:
        parts: list[RichPart] = ["*No changes* from ", Time(window.start), " to ", Time(window.until)]
        found.append(Section((*parts, f" on {scope(window.scope, policy.projects)}: {window.reason}")))
    if policy.watches:
        lines: list[RichPart] = ["*Default notifications*"]
        for watch in policy.watches:
            jobs = watched_jobs(watch.jobs, policy.projects)
            what = f" gets {', '.join(watch.only) or 'everything'} of {jobs}"
            lines += ["\n• ", _target(watch.target), what]
        found.append(Section(tuple(lines)))
    for each in policy.escalations:
        found.append(_escalation(each, policy.projects))
    if policy.checklist:
        items = [f"\n• {each.text} ({scope(each.scope, policy.projects)})" for each in policy.checklist]
        found.append(Section(("*Checklist after a cutover*", *map(Verbatim, items))))
    if policy.summary is not None:
        at = f"{policy.summary.at:%H:%M} {policy.summary.zone}"
        where: list[RichPart] = [" in ", Channel(policy.summary.channel)] if policy.summary.channel else []
        found.append(Section((f"*Daily summary* at {at}", *where)))
    return found


def _escalation(each: Escalate, projects: Projects) -> Section:
    group = each.group if each.group.startswith("@") else Group(each.group)
    parts: list[RichPart] = ["*Escalation*: ", ", ".join(each.events), f" on {scope(each.scope, projects)}: "]
    again = f", every {humanize(each.repeat)} until somebody acknowledges" if each.repeat else ""
    where: list[RichPart] = [" in ", Channel(each.channel)] if each.channel else []
    return Section((*parts, group, f" is mentioned{again}", *where))


def _rule(number: int, rule: PolicyRule, policy: Policy) -> Section:
    named = verbs(rule.verbs, policy.permissions)
    parts: list[RichPart] = [f"*{number}. {rule.name}*: {named} on {scope(rule.scope, policy.projects)}"]
    if rule.allow is not None:
        parts += ["\n• allowed to: ", *people(rule.allow)]
    if rule.approvals is not None:
        parts.append(f"\n• approvals: {rule.approvals or 'none'}")
    if rule.approvers is not None:
        parts += ["\n• approved by: ", *people(rule.approvers)]
    if rule.self_approval is not None:
        parts.append(f"\n• the requester may{'' if rule.self_approval else ' not'} approve")
    if rule.expires is not None:
        parts.append(f"\n• a request waits {humanize(rule.expires)} for approvals")
    if rule.reason:
        ticket = "" if rule.reason == ANY_TEXT else f" that contains `{rule.reason}`"
        parts.append(f"\n• a request needs a reason{ticket}")
    if rule.workspaces:
        parts.append(f"\n• only from {from_workspaces(rule.workspaces)}")
    if rule.channel:
        parts += ["\n• requested in ", Channel(rule.channel)]
    return Section(tuple(parts))


def _defaults(policy: Policy) -> Section:
    first = "Where no rule matches" if policy.rules else "For every job"
    parts: list[RichPart] = [
        f"*{first}*: looking requires the role viewer, changing and freezing the role operator. "
        f"{_listed(sorted(DESTROYS))} need one approval, by somebody else with the role approver."
    ]
    if policy.approval_channel:
        parts += [" Approvals are requested in ", Channel(policy.approval_channel), "."]
    for each in (each for each in policy.projects if each.approval_channel):
        parts += [f" Those for `{each.shown}` are requested in ", Channel(each.approval_channel), "."]
    return Section(tuple(parts))


def role_name(role: Role) -> str:
    return role.name.lower()


def verbs(chosen: frozenset[str], permissions: Permissions) -> str:
    """Verbs, for a sentence; a set with a name is called by it."""
    sets = verb_sets(permissions)
    if chosen >= sets["*"]:
        return "every verb"
    if chosen == sets["change"]:
        return "every change"
    if chosen == sets["view"]:
        return "looking"
    return _listed(sorted(chosen))


def scope(which: Scope, projects: Projects) -> str:
    """The jobs of a scope, for a sentence."""
    if which.everything:
        return "every job"
    parts = ["jobs"]
    if which.jobs:
        parts.append(" or ".join(f"`{each}`" for each in which.jobs))
    if which.projects:
        parts.append("of " + " or ".join(f"`{projects.shown(each)}`" for each in which.projects))
    if which.labels:
        parts.append("with " + " and ".join(f"`{key}={value}`" for key, value in which.labels))
    return " ".join(parts)


def watched_jobs(jobs: str, projects: Projects) -> str:
    """The jobs of a subscription, for a sentence, for example: all jobs."""
    terms = dict(each.partition(":")[::2] for each in jobs.split(" "))
    if jobs == EVERYTHING:
        return "all jobs"
    if terms.keys().isdisjoint(("label", "state", "project")):
        return f"`{short_name(jobs)}`"
    parts = ["jobs" if len(terms) > 1 or "project" not in terms else "all jobs"]
    if "project" in terms:
        parts.append(f"of `{projects.shown(terms['project'])}`")
    if "label" in terms:
        parts.append(f"with the label `{terms['label']}`")
    if "state" in terms:
        parts.append(f"that come to or leave `{terms['state']}`")
    return " ".join(parts)


def people(subjects: Subjects) -> tuple[RichPart, ...]:
    """Who the subjects are, with mentions."""
    parts: list[RichPart] = []
    if subjects.role is not None:
        parts.append(role_name(subjects.role) + ("" if subjects.role is Role.ADMIN else " or above"))
    parts += [User(each) for each in subjects.users]
    parts += [each if "@" in each else Group(each.rpartition("/")[2]) for each in subjects.groups]
    parts += [Channel(each) for each in subjects.channels]
    return tuple(with_commas(parts)) or ("nobody",)


def from_workspaces(workspaces: tuple[str, ...]) -> str:
    """These workspaces, for a sentence, by their IDs."""
    noun = "the workspace" if len(workspaces) == 1 else "the workspaces"
    return f"{noun} {_listed(list(workspaces))}"


def with_commas(parts: Iterable[RichPart]) -> list[RichPart]:
    """The parts with `, ` between them."""
    listed: list[RichPart] = []
    for part in parts:
        listed += [", ", part] if listed else [part]
    return listed


def _target(target: str) -> RichPart:
    return User(target) if target.startswith(("U", "W")) else Channel(target)


def _listed(words: list[str]) -> str:
    return ", ".join(f"`{each}`" for each in words)
