"""Checks a policy as a whole: what cannot work, and what looks unintended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from bot.config.projects import Project
from bot.policy.model import EffectiveRule, Policy, PolicyRule, Role, Subjects
from bot.policy.permissions import CHANGES, DESTROYS, PARTS, Permission, verb_sets, verbs_with
from bot.policy.scope import Scope
from bot.util.text import count_of


def contradictions(policy: Policy) -> Iterator[str]:
    """Required approvals that nobody could give, one sentence each."""
    for where, verbs, rule in _rules_with_approvals(policy):
        if _is_nobody(policy, rule.allow):
            continue
        named = ", ".join(sorted(verbs))
        people = _people(policy, rule.approvers)
        if people is not None and not people:
            yield f"{where}: nobody can approve {named}: {_why_nobody(rule)}."
        elif people is not None and len(people) < rule.approvals:
            yield (
                f"{where}: {named} needs {rule.approvals} approvals, and only {len(people)} "
                f"{'person' if len(people) == 1 else 'people'} can give one: name more, or a user group; "
                'for example: approvers = ["@dba-team"].'
            )


def approvals_of_freezes(policy: Policy) -> Iterator[str]:
    """Rules that promise approvals of freezes, which take effect at once; one sentence each. A rule for every
    verb does not: nobody expects it to have looking approved either."""
    freezes, every = verbs_with(policy.permissions, Permission.FREEZE), verb_sets(policy.permissions)["*"]
    for number, rule in enumerate(policy.rules, start=1):
        if rule.approvals and rule.verbs & freezes and rule.verbs != every:
            named = ", ".join(sorted(rule.verbs & freezes))
            yield (
                f"{_place(number, rule)}: {named} takes effect at once and cannot wait for approvals: leave "
                'it out of the rule, and say in another who may, for example: allow = ["approver"].'
            )


def suspicious_rules(policy: Policy) -> Iterator[str]:
    """What works but looks unintended, one sentence each."""
    yield from _single_approver(policy)
    yield from _unreachable(policy)
    yield from _nowhere(policy)
    yield from _without_effect(policy)
    yield from _approvers_without_role(policy)
    yield from _approvers_of_one_rule(policy)


def _rules_with_approvals(policy: Policy) -> Iterator[tuple[str, frozenset[str], EffectiveRule]]:
    """Every rule that requires approvals, and the defaults: where it is, its verbs, what applies."""
    left = set(CHANGES | PARTS.keys())
    for number, rule in enumerate(policy.rules, start=1):
        asking = frozenset(verb for verb in rule.verbs & left if policy.with_defaults(rule, verb).approvals)
        if asking:
            yield _place(number, rule), asking, policy.with_defaults(rule, min(asking))
        if rule.scope.everything:
            left -= rule.verbs
    rest = frozenset(verb for verb in DESTROYS & left if policy.default(verb).approvals)
    if rest:
        yield "where no rule matches", rest, policy.default(min(rest))


def _place(number: int, rule: PolicyRule) -> str:
    return f"rule {number}" if rule.name == f"rule {number}" else f"rule {number} “{rule.name}”"


def _is_nobody(policy: Policy, subjects: Subjects) -> bool:
    people = _people(policy, subjects)
    return people is not None and not people


def _people(policy: Policy, subjects: Subjects) -> frozenset[str] | None:
    """User IDs of everybody in `subjects`; None if only Slack knows how many they are."""
    if subjects.role is not None and policy.default_role >= subjects.role:
        return None
    if subjects.role is not None:
        subjects = subjects.union(policy.holders(subjects.role))
    return None if subjects.groups or subjects.channels else frozenset(subjects.users)


def _why_nobody(rule: EffectiveRule) -> str:
    role = rule.approvers.role
    if role is None:
        return 'the list of approvers is empty; for example: approvers = ["approver", "@dba-team"]'
    names = "approver or admin" if role is Role.APPROVER else f"{role.name.lower()} or above"
    return (
        f"no user, group or channel has the role {names}; for example, under [roles]: "
        'approver = ["@dba-team"], or in a rule: approvals = 0'
    )


def _single_approver(policy: Policy) -> Iterator[str]:
    for where, verbs, rule in _rules_with_approvals(policy):
        people = _people(policy, rule.approvers)
        if people and len(people) == rule.approvals and not rule.self_approval:
            yield (
                f"{where}: {', '.join(sorted(verbs))} needs the approval of everybody who can approve "
                f"({len(people)}), so none of them can request it."
            )


def _unreachable(policy: Policy) -> Iterator[str]:
    for number, rule in enumerate(policy.rules, start=1):
        earlier = [each for each in policy.rules[: number - 1] if _covers(each.scope, rule.scope)]
        covered = frozenset().union(*(each.verbs for each in earlier)) if earlier else frozenset()
        if rule.verbs and rule.verbs <= covered:
            names = ", ".join(f"“{each.name}”" for each in earlier if each.verbs & rule.verbs)
            yield f"{_place(number, rule)}: it never decides anything, because {names} stands before it."


def _nowhere(policy: Policy) -> Iterator[str]:
    """Patterns that no job can match, as the bot serves no such project or location, and labels that no job
    can have."""
    scopes = [(_place(number, rule), rule.scope) for number, rule in enumerate(policy.rules, start=1)]
    scopes += [(f"freeze {at}", each.scope) for at, each in enumerate(policy.planned_freezes, start=1)]
    scopes += [(f"escalate {at}", each.scope) for at, each in enumerate(policy.escalations, start=1)]
    scopes += [(f"checklist {at}", each.scope) for at, each in enumerate(policy.checklist, start=1)]
    for where, scope in scopes:
        for key in _contradicted(scope):
            yield (
                f"{where}: it never matches a job, because a job has one value of the label `{key}`, and all "
                "labels have to match: write it once for each value."
            )
        projects = [each for each in policy.projects if not scope.projects or each.id in scope.projects]
        for pattern in scope.jobs if projects else ():
            place, slash, rest = pattern.partition("/")
            if slash and "/" not in rest and policy.projects.named(place) is not None:
                yield (
                    f"{where}: `{pattern}` never matches a job, because `{place}` is a project and stands "
                    f"where a location does: write `{place}/*/{rest}`."
                )
            elif not any(_is_possible(pattern, each) for each in projects):
                yield (
                    f"{where}: `{pattern}` never matches a job, because the bot serves no such project or "
                    "location there."
                )


def _contradicted(scope: Scope) -> list[str]:
    """The labels of which a job would need two values at once."""
    found: dict[str, list[str]] = {}
    for key, value in scope.labels:
        found.setdefault(key, []).append(value)
    return [key for key, wanted in found.items() if _exclude_each_other(wanted)]


def _exclude_each_other(wanted: Sequence[str]) -> bool:
    """Whether these globs include a plain value that one of the others does not match."""
    plain = [each for each in wanted if not set(each) & set("*?[")]
    return any(not fnmatchcase(value, each) for value in plain for each in wanted)


def _is_possible(pattern: str, project: Project) -> bool:
    """Whether the pattern can match a job of the project."""
    *places, _ = pattern.split("/")
    in_project = len(places) < 2 or fnmatchcase(project.id, places[0])
    in_location = not places or not project.locations
    return in_project and (in_location or any(fnmatchcase(each, places[-1]) for each in project.locations))


def _covers(one: Scope, other: Scope) -> bool:
    """Whether `one` certainly matches every job that `other` matches."""
    if one.everything:
        return True
    jobs = not one.jobs or (bool(other.jobs) and set(other.jobs) <= set(one.jobs))
    projects = not one.projects or (bool(other.projects) and set(other.projects) <= set(one.projects))
    return jobs and projects and set(one.labels) <= set(other.labels)


def _without_effect(policy: Policy) -> Iterator[str]:
    for number, rule in enumerate(policy.rules, start=1):
        asks = rule.approvals or rule.approvers is not None or rule.self_approval is not None
        if asks and not rule.verbs & (CHANGES | PARTS.keys()):
            yield f"{_place(number, rule)}: only changes need approvals, and this rule has none."
        elif rule.approvals == 0 and (rule.approvers is not None or rule.self_approval is not None):
            yield f"{_place(number, rule)}: it needs no approvals, so who approves makes no difference."
        elif rule.approvals == 0 and rule.expires is not None:
            yield f"{_place(number, rule)}: it needs no approvals, so `expires` makes no difference."


def _approvers_without_role(policy: Policy) -> Iterator[str]:
    if not policy.source:
        return
    freezes = verbs_with(policy.permissions, Permission.FREEZE)
    for verbs, what in ((CHANGES, "change a job"), (freezes, "freeze jobs")):
        rules = [rule for verb in verbs for rule in policy.effective_rules(verb)]
        if rules and all(_is_nobody(policy, rule.allow) for rule in rules):
            yield f"Nobody may {what}: no user, group or channel has the role operator, approver or admin."


def _approvers_of_one_rule(policy: Policy) -> Iterator[str]:
    """For a verb with an option (`PARTS`), an approval counts only by both rules that decide together."""
    for part, verb in PARTS.items():
        for number, rule in enumerate(policy.rules, start=1):
            for other in policy.rules if part in rule.verbs else ():
                if verb not in other.verbs or not _overlap(rule.scope, other.scope):
                    continue
                both = (policy.with_defaults(rule, part), policy.with_defaults(other, verb))
                people = [_people(policy, each.approvers) for each in both if each.approvals]
                known = [each for each in people if each is not None]
                needed = max(each.approvals for each in both)
                if len(known) == 2 and len(known[0] & known[1]) < needed:
                    yield (
                        f"{_place(number, rule)}: {part} needs {count_of(needed, 'approval')} by people "
                        f"who may approve {verb}, too (“{other.name}”), and there are only "
                        f"{len(known[0] & known[1])}."
                    )


def _overlap(one: Scope, other: Scope) -> bool:
    """Whether one of them certainly matches every job of the other."""
    return _covers(one, other) or _covers(other, one)
