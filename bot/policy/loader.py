"""Reads a policy file and reports all its errors at once, each as one sentence with an example."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from bot.config.projects import Projects
from bot.dms.model import State
from bot.policy.checklist_reader import read_checklist
from bot.policy.escalation_reader import read_escalations
from bot.policy.fields import ErrorCollector, TableReader, shown
from bot.policy.lint import approvals_of_freezes, contradictions, suspicious_rules
from bot.policy.model import (
    NO_PROJECTS,
    OPEN,
    Grant,
    PlannedFreeze,
    Policy,
    PolicyError,
    PolicyRule,
    Role,
    Summary,
    WatchDefault,
)
from bot.policy.permissions import BUILT_IN, Permissions
from bot.policy.scope_reader import SCOPE_KEYS, read_projects, read_scope, unknown_project
from bot.policy.subscriptions import TOPICS, of_project
from bot.util.suggest import or_similar

_STATES = tuple(state.value for state in State)
_WATCH_KEYS = ("target", "jobs", "projects", "only")
_SUMMARY_KEYS = ("at", "zone", "channel")
_FULL_NAME = re.compile(r"projects/[^/\s]+/locations/[^/\s]+/migrationJobs/[a-z0-9-]+")
_LABEL = re.compile(r"label:[a-z][a-z0-9_-]{0,62}=[a-z0-9_-]{0,63}")
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")


MAX_BYTES = 1_000_000
"""A larger file is not a policy: people write policies by hand."""
_KEYS = (
    "default_role",
    "workspace",
    "approval_channel",
    "roles",
    "rule",
    "freeze",
    "watch",
    "escalate",
    "checklist",
    "summary",
)
_RULE_KEYS = (
    "name",
    "verbs",
    *SCOPE_KEYS,
    "workspaces",
    "allow",
    "approvals",
    "approvers",
    "self_approval",
    "expires",
    "channel",
    "reason",
)
_FREEZE_KEYS = ("from", "until", "reason", *SCOPE_KEYS)
_MAX_APPROVALS = 20


NO_POLICY = (
    "There is no policy, so everybody may look and nobody may change anything: "
    "dms-bot policy init writes one."
)


def load(
    path: Path | Literal["open"] | None,
    permissions: Permissions = BUILT_IN,
    projects: Projects = NO_PROJECTS,
) -> Policy:
    """The policy in a file; of `open`, the policy OPEN; of None, the missing policy.

    `permissions` is what the verbs declare, and `projects` what the bot serves: the file can name these verbs
    and projects.

    Raises:
        PolicyError: the file cannot be read or used.
    """
    if path is None:
        return Policy(permissions=permissions, projects=projects)
    if isinstance(path, str):
        return replace(OPEN, permissions=permissions, projects=projects)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PolicyError([f"The policy file {path} cannot be read: {error.strerror}."]) from None
    if len(data) > MAX_BYTES:
        raise PolicyError([f"The policy file {path} is larger than {MAX_BYTES:,} bytes: name a policy file."])
    try:
        return parse(data.decode("utf-8"), path.name, permissions, projects)
    except UnicodeDecodeError as error:
        raise PolicyError(
            [f"{path.name} is not UTF-8 text (byte {error.start}): save it as UTF-8."]
        ) from None


def remarks(policy: Policy) -> tuple[str, ...]:
    """What is logged about the policy at start-up, one sentence each."""
    return (NO_POLICY,) if policy.missing else policy.warnings


def parse(
    text: str,
    source: str = "policy.toml",
    permissions: Permissions = BUILT_IN,
    projects: Projects = NO_PROJECTS,
) -> Policy:
    """The policy that TOML text describes; errors name it by `source`.

    Raises:
        PolicyError: with every error in the text, not only the first.
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error).rstrip(".")
        raise PolicyError([f"{source} is not valid TOML: {reason}."]) from None
    errors = ErrorCollector(source)
    policy = _policy(TableReader("", data, errors), source, permissions, projects)
    if not errors.places & {"rule", "roles", "default_role"}:
        errors.found += [f"{source}: {each}" for each in contradictions(policy)]
    if "rule" not in errors.places:
        errors.found += [f"{source}: {each}" for each in approvals_of_freezes(policy)]
    if errors.found:
        raise PolicyError(errors.found)
    return replace(policy, warnings=tuple(suspicious_rules(policy)))


def _policy(top: TableReader, source: str, permissions: Permissions, projects: Projects) -> Policy:
    top.reject_unknown(_KEYS)
    return Policy(
        source=source,
        default_role=top.role("default_role", Role.VIEWER),
        workspace=top.workspace("workspace"),
        grants=_grants(top.table("roles")),
        rules=_rules(top, permissions, projects),
        approval_channel=top.channel("approval_channel"),
        planned_freezes=_planned_freezes(top, projects),
        watches=tuple(each for table in top.tables("watch") for each in _watches(table, projects)),
        escalations=read_escalations(top.tables("escalate"), projects),
        checklist=read_checklist(top.tables("checklist"), projects),
        summary=_summary(top.table("summary")),
        permissions=permissions,
        projects=projects,
    )


def _grants(roles: TableReader | None) -> tuple[Grant, ...]:
    if roles is None:
        return ()
    named = [role for role in Role if role is not Role.NONE]
    roles.reject_unknown([role.name.lower() for role in named])
    found = [Grant(role, roles.subjects(role.name.lower(), roles_too=False)) for role in named]
    return tuple(grant for grant in found if not grant.to.nobody)


def _rules(top: TableReader, permissions: Permissions, projects: Projects) -> tuple[PolicyRule, ...]:
    found: list[PolicyRule] = []
    names: dict[str, int] = {}
    for number, table in enumerate(top.tables("rule"), start=1):
        rule = _rule(table, number, permissions, projects)
        earlier = names.setdefault(rule.name, number)
        if earlier != number:
            table.error(
                "name", f"is the name of rule {earlier} too; give each its own", 'name = "production"'
            )
        found.append(rule)
    return tuple(found)


def _rule(table: TableReader, number: int, permissions: Permissions, projects: Projects) -> PolicyRule:
    table.reject_unknown(_RULE_KEYS)
    return PolicyRule(
        name=table.text("name") or f"rule {number}",
        verbs=table.verbs("verbs", permissions),
        scope=read_scope(table, projects),
        allow=table.subjects("allow") if table.has("allow") else None,
        approvals=table.integer("approvals", 0, _MAX_APPROVALS),
        approvers=table.subjects("approvers") if table.has("approvers") else None,
        self_approval=table.boolean("self_approval"),
        expires=table.duration("expires"),
        channel=table.channel("channel"),
        reason=table.pattern("reason"),
        workspaces=table.workspaces("workspaces"),
    )


def _planned_freezes(top: TableReader, projects: Projects) -> tuple[PlannedFreeze, ...]:
    found = (_planned_freeze(table, projects) for table in top.tables("freeze"))
    return tuple(each for each in found if each is not None)


def _planned_freeze(table: TableReader, projects: Projects) -> PlannedFreeze | None:
    table.reject_unknown(_FREEZE_KEYS)
    start, until = table.timestamp("from"), table.timestamp("until")
    reason = table.text("reason", needed='reason = "Year-end closing"')
    scope = read_scope(table, projects)
    if start is None or until is None:
        return None
    if until <= start:
        table.error("until", "must be later than `from`", "until = 2027-01-04T08:00:00Z")
    return PlannedFreeze(start, until, reason, scope)


def _watches(table: TableReader, projects: Projects) -> Iterator[WatchDefault]:
    """One for each project that the table names, else one."""
    table.reject_unknown(_WATCH_KEYS)
    target, jobs, only = table.target("target"), _jobs(table, projects), _only(table)
    named = read_projects(table, projects)
    if named and jobs.startswith("project"):
        what = f"goes with `*`, `label:key=value` or `state:NAME`; {shown(jobs)} says the project already"
        table.error("projects", what, 'jobs = "label:env=prod"')
    for each in named:
        yield WatchDefault(target, of_project(each, jobs), only)
    if not named:
        yield WatchDefault(target, jobs, only)


def _jobs(table: TableReader, projects: Projects) -> str:
    text = table.text("jobs") or "*"
    kind, _, rest = text.partition(":")
    if kind == "state":
        return _state(table, rest.upper())
    if kind == "project":
        return _project(table, rest, projects)
    if text == "*" or _LABEL.fullmatch(text) or _FULL_NAME.fullmatch(text):
        return text
    what = (
        "must be `*`, `label:key=value`, `state:NAME`, `project:NAME` or a job's full name, "
        f"not {shown(text)}"
    )
    table.error("jobs", what, 'jobs = "label:env=prod"')
    return "*"


def _project(table: TableReader, name: str, projects: Projects) -> str:
    found = projects.named(name)
    if found is None:
        table.error("jobs", unknown_project(name, projects), 'jobs = "project:prod"')
    return of_project(found.id) if found else "*"


def _state(table: TableReader, name: str) -> str:
    if name not in _STATES:
        near = or_similar(name, [each.lower() for each in _STATES])
        table.error("jobs", f"names {shown(name)}, which is no state{near}", 'jobs = "state:FAILED"')
    return f"state:{name}"


def _only(table: TableReader) -> tuple[str, ...]:
    words = tuple(word.lower() for word in table.texts("only", '["failed", "completed"]'))
    for word in words:
        if word not in TOPICS:
            near = or_similar(word, TOPICS)
            what = f"names {shown(word)}, which is neither a state nor a kind of event{near}"
            table.error("only", what, 'only = ["failed", "completed"]')
    return words


def _summary(table: TableReader | None) -> Summary | None:
    if table is None:
        return None
    table.reject_unknown(_SUMMARY_KEYS)
    return Summary(at=_time_of_day(table), zone=_zone(table), channel=table.channel("channel"))


def _time_of_day(table: TableReader) -> time:
    value = table.value("at")
    if isinstance(value, time):
        return value.replace(second=0, microsecond=0)
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return time.fromisoformat(value)
    what = "is missing" if value is None else f"must be a time of day, not {shown(value)}"
    table.error("at", what, 'at = "09:00"')
    return time(9)


def _zone(table: TableReader) -> str:
    text = table.text("zone") or "UTC"
    try:
        ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        table.error("zone", f"{shown(text)} is no time zone's name", 'zone = "Europe/Berlin"')
        return "UTC"
    return text
