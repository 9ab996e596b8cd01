"""Why somebody may or may not do something, in sentences that they read in Slack."""

from __future__ import annotations

from bot.dms.model import Job
from bot.policy.describe import from_workspaces, role_name
from bot.policy.model import EffectiveRule, PlannedFreeze, Policy, Role, Subjects
from bot.util.command import COMMAND
from bot.util.utc_times import utc_text


def use(verb: str, job: Job | None) -> str:
    return f"use `{verb}` on `{job.id}`" if job is not None else f"use `{verb}`"


def granted(policy: Policy, rule: EffectiveRule, allowed: Subjects, what: str, home: str) -> str:
    """Why they may do `what`. `home` is what members are of."""
    if rule.rule:
        return f"By the rule “{rule.rule}” you may {what}."
    if allowed.role is not None and policy.guest_role >= allowed.role:
        return f"Everybody here may {what}."
    if allowed.role is not None and policy.default_role >= allowed.role:
        return f"Every member of this {home} may {what}."
    return f"Your role lets you {what}."


def approvals_needed(rule: EffectiveRule) -> str:
    """How many approvals the action needs; empty if none."""
    if not rule.approvals:
        return ""
    count = "One approval is" if rule.approvals == 1 else f"{rule.approvals} approvals are"
    own = "your own counts" if rule.self_approval else "your own does not count"
    return f"{count} needed before it runs; {own}."


def refused(rule: EffectiveRule, allowed: Subjects, what: str, role: Role) -> str:
    """Why somebody with this role may not do `what`, and who may."""
    who_can = "nobody may do that" if allowed.nobody else f"that requires {subjects_text(allowed)}"
    by = f"by the rule “{rule.rule}”" if rule.rule else "by default"
    return f"You may not {what}: {by} {who_can}; your role is {role_name(role)}."


def missing_policy(what: str) -> str:
    """Why nobody may do `what` while there is no policy, and how to write one."""
    return (
        f"You may not {what}: there is no policy yet, so nobody may change anything; whoever runs the "
        "bot writes one with `dms-bot policy init` and names its file in `DMS_BOT_POLICY`, or sets "
        "`DMS_BOT_POLICY=open` to let every member do everything."
    )


def own_request(rule: EffectiveRule) -> str:
    """Why requesters may not approve their own request."""
    by = f"By the rule “{rule.rule}”" if rule.rule else "By default"
    can = subjects_text(rule.approvers)
    return f"{by} nobody approves their own request: {can} can, and you can withdraw it."


def channel_subscriptions(policy: Policy, allowed: Subjects, role: Role) -> str:
    """Why somebody with this role may not change a channel's subscriptions, and what they can do instead."""
    own = f"`{COMMAND} watch … --dm` notifies you alone, `{COMMAND} unwatch … --dm` ends that."
    if policy.missing:
        return f"{missing_policy('change the notifications of a channel')} Still, {own}"
    takes = f"Changing the notifications of a channel requires {subjects_text(allowed)}"
    return f"{takes}, and your role is {role_name(role)}: {own}"


def planned_freeze(window: PlannedFreeze, job: Job) -> str:
    return f"The policy allows no changes of `{job.id}` until {utc_text(window.until)}: {window.reason}."


def policy_label(key: str, job: Job, allowed: Subjects, role: Role) -> str:
    """Why somebody with this role may not change a label of the job."""
    return (
        f"You may not change the label `{key}` of `{job.id}`: the policy depends on it, so that "
        f"requires {subjects_text(allowed)}; your role is {role_name(role)}."
    )


def subjects_text(subjects: Subjects) -> str:
    """Who the subjects are, without IDs."""
    parts: list[str] = []
    if subjects.role is Role.NONE:
        parts.append("anybody")
    elif subjects.role is not None:
        above = "" if subjects.role is Role.ADMIN else " or above"
        parts.append(f"the role {role_name(subjects.role)}{above}")
    if subjects.users:
        parts.append(
            "one person by name" if len(subjects.users) == 1 else f"{len(subjects.users)} people by name"
        )
    if subjects.groups:
        parts.append(_count(subjects.groups, "user group"))
    if subjects.channels:
        parts.append(f"anybody in {_count(subjects.channels, 'channel')}")
    who = " or ".join(parts) or "nobody"
    return f"{who}, from {from_workspaces(subjects.workspaces)}" if subjects.workspaces else who


def _count(items: tuple[str, ...], noun: str) -> str:
    named = [each for each in items if "@" in each]
    if len(named) == len(items):
        return ", ".join(named)
    return f"a {noun}" if len(items) == 1 else f"{len(items)} {noun}s"
