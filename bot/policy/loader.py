"""Reads a policy file: every fault in it is found at once, each as one sentence with an example."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from bot.dms.model import State
from bot.policy.fields import Faults, Fields, near, shown
from bot.policy.lint import contradictions, oddities
from bot.policy.model import (
    OPEN,
    VERBS,
    Grant,
    Policy,
    PolicyError,
    Role,
    Rule,
    Summary,
    WatchDefault,
    Window,
)
from bot.policy.subscriptions import TOPICS

_STATES = tuple(state.value for state in State)
_WATCH_KEYS = ("target", "jobs", "only")
_SUMMARY_KEYS = ("at", "zone", "channel")
_FULL_NAME = re.compile(r"projects/[^/\s]+/locations/[^/\s]+/migrationJobs/[a-z0-9-]+")
_LABEL = re.compile(r"label:[a-z][a-z0-9_-]{0,62}=[a-z0-9_-]{0,63}")
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")


def watches(top: Fields) -> tuple[WatchDefault, ...]:
    """Who hears of what without having asked."""
    return tuple(_watch(fields) for fields in top.tables("watch"))


def summary(top: Fields) -> Summary | None:
    """When and where the daily summary is told; None where the file does not say."""
    fields = top.table("summary")
    if fields is None:
        return None
    fields.only(_SUMMARY_KEYS)
    return Summary(at=_clock(fields), zone=_zone(fields), channel=fields.channel("channel"))


def _watch(fields: Fields) -> WatchDefault:
    fields.only(_WATCH_KEYS)
    return WatchDefault(target=fields.target("target"), jobs=_jobs(fields), only=_only(fields))


def _jobs(fields: Fields) -> str:
    text = fields.text("jobs") or "*"
    kind, _, rest = text.partition(":")
    if kind == "state":
        return _state(fields, rest.upper())
    if text == "*" or _LABEL.fullmatch(text) or _FULL_NAME.fullmatch(text):
        return text
    what = f"must be `*`, `label:key=value`, `state:NAME` or a job's full name, not {shown(text)}"
    fields.fault("jobs", what, 'jobs = "label:env=prod"')
    return "*"


def _state(fields: Fields, name: str) -> str:
    if name not in _STATES:
        fields.fault("jobs", f"names {shown(name)}, which is no state{_near(name)}", 'jobs = "state:FAILED"')
    return f"state:{name}"


def _near(name: str) -> str:
    return near(name, [each.lower() for each in _STATES])


def _only(fields: Fields) -> tuple[str, ...]:
    words = tuple(word.lower() for word in fields.texts("only", '["failed", "completed"]'))
    for word in words:
        if word not in TOPICS:
            what = f"names {shown(word)}, which is neither a state nor a kind of event{near(word, TOPICS)}"
            fields.fault("only", what, 'only = ["failed", "completed"]')
    return words


def _clock(fields: Fields) -> time:
    value = fields.value("at")
    if isinstance(value, time):
        return value.replace(second=0, microsecond=0)
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return time.fromisoformat(value)
    what = "is missing" if value is None else f"must be a time of day, not {shown(value)}"
    fields.fault("at", what, 'at = "09:00"')
    return time(9)


def _zone(fields: Fields) -> str:
    text = fields.text("zone") or "UTC"
    try:
        ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        fields.fault("zone", f"{shown(text)} is no time zone's name", 'zone = "Europe/Berlin"')
        return "UTC"
    return text


LARGEST = 1_000_000
"""Bytes; a policy is written by people."""
_KEYS = ("default_role", "approval_channel", "roles", "rule", "freeze", "watch", "summary")
_RULE_KEYS = (
    "name",
    "verbs",
    "jobs",
    "labels",
    "allow",
    "approvals",
    "approvers",
    "self_approval",
    "expires",
    "channel",
)
_WINDOW_KEYS = ("from", "until", "reason", "jobs", "labels")
_MOST_APPROVALS = 20


NO_POLICY = (
    "There is no policy, so everybody may look and nobody may change anything: "
    "dms-bot policy init writes one."
)


def load(path: Path | Literal["open"] | None, verbs: Collection[str] = VERBS) -> Policy:
    """The policy in the file; the word `open` is one by itself, and None is that there is none.

    Raises:
        PolicyError: the file cannot be read or used.
    """
    if path is None:
        return Policy()
    if isinstance(path, str):
        return OPEN
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PolicyError([f"The policy file {path} cannot be read: {error.strerror}."]) from None
    if len(data) > LARGEST:
        raise PolicyError([f"The policy file {path} is larger than {LARGEST:,} bytes: name a policy file."])
    try:
        return parse(data.decode("utf-8"), path.name, verbs)
    except UnicodeDecodeError as error:
        raise PolicyError(
            [f"{path.name} is not UTF-8 text (byte {error.start}): save it as UTF-8."]
        ) from None


def remarks(policy: Policy) -> tuple[str, ...]:
    """What whoever runs the bot is told of it at the start, one sentence each."""
    return (NO_POLICY,) if policy.missing else policy.warnings


def parse(text: str, source: str = "policy.toml", verbs: Collection[str] = VERBS) -> Policy:
    """The policy that TOML text describes; `source` names it in faults.

    Raises:
        PolicyError: with every fault there is, not only the first.
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error).rstrip(".")
        raise PolicyError([f"{source} is not valid TOML: {reason}."]) from None
    faults = Faults(source)
    policy = _policy(Fields("", data, faults), source, verbs)
    if not faults.found:
        faults.found += [f"{source}: {each}" for each in contradictions(policy)]
    if faults.found:
        raise PolicyError(faults.found)
    return replace(policy, warnings=tuple(oddities(policy)))


def _policy(top: Fields, source: str, verbs: Collection[str]) -> Policy:
    top.only(_KEYS)
    return Policy(
        source=source,
        default_role=top.role("default_role", Role.VIEWER),
        grants=_grants(top.table("roles")),
        rules=_rules(top, verbs),
        approval_channel=top.channel("approval_channel"),
        windows=tuple(each for each in map(_window, top.tables("freeze")) if each is not None),
        watches=watches(top),
        summary=summary(top),
    )


def _grants(roles: Fields | None) -> tuple[Grant, ...]:
    if roles is None:
        return ()
    named = [role for role in Role if role is not Role.NONE]
    roles.only([role.name.lower() for role in named])
    found = [Grant(role, roles.subjects(role.name.lower(), roles_too=False)) for role in named]
    return tuple(grant for grant in found if not grant.to.nobody)


def _rules(top: Fields, verbs: Collection[str]) -> tuple[Rule, ...]:
    found: list[Rule] = []
    names: dict[str, int] = {}
    for number, fields in enumerate(top.tables("rule"), start=1):
        rule = _rule(fields, number, verbs)
        earlier = names.setdefault(rule.name, number)
        if earlier != number:
            fields.fault(
                "name", f"is the name of rule {earlier} too; give each its own", 'name = "production"'
            )
        found.append(rule)
    return tuple(found)


def _rule(fields: Fields, number: int, verbs: Collection[str]) -> Rule:
    fields.only(_RULE_KEYS)
    return Rule(
        name=fields.text("name") or f"rule {number}",
        verbs=fields.verbs("verbs", verbs),
        scope=fields.scope(),
        allow=fields.subjects("allow") if fields.has("allow") else None,
        approvals=fields.whole("approvals", 0, _MOST_APPROVALS),
        approvers=fields.subjects("approvers") if fields.has("approvers") else None,
        self_approval=fields.switch("self_approval"),
        expires=fields.duration("expires"),
        channel=fields.channel("channel"),
    )


def _window(fields: Fields) -> Window | None:
    fields.only(_WINDOW_KEYS)
    start, until = fields.moment("from"), fields.moment("until")
    reason = fields.text("reason", needed='reason = "Year-end closing"')
    scope = fields.scope()
    if start is None or until is None:
        return None
    if until <= start:
        fields.fault("until", "must be later than `from`", "until = 2027-01-04T08:00:00Z")
    return Window(start, until, reason, scope)
