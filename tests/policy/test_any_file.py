"""Whatever stands in a policy file: a policy comes of it, or faults in plain sentences."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.policy.access import Access
from bot.policy.describe import notices, overview, rules
from bot.policy.model import Policy, PolicyError, Role
from tests.fuzz.profile import count, limits

from .people import (
    ALEX,
    CHANGES,
    DANA,
    DESTROYS,
    FREEZES,
    NOW,
    OPERATES,
    QUINN,
    VIEWS,
    groups_of,
    job,
    parse,
    request,
)

VERBS = VIEWS | CHANGES | FREEZES | OPERATES
_VERBS = st.sampled_from([*sorted(VERBS), "*", "change", "destroy", "view"])
_TEXTS = st.text(max_size=20)
_KEYS = st.sampled_from(["from", "until", "reason", "jobs", "target", "only", "at", "zone", "labels"])
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), _TEXTS, st.datetimes()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)),
    max_leaves=5,
)
_ODD = st.one_of(
    _VALUES,
    st.dictionaries(_KEYS, _VALUES, max_size=4),
    st.lists(st.dictionaries(_KEYS, _VALUES, max_size=4), max_size=2),
)


_PEOPLE = ["U0DANA0001", "U0RILEY001", "S0DBATEAM1", "@leads", "C0DMS00001"]
_SUBJECTS = st.lists(st.sampled_from(["viewer", "operator", "approver", "admin", *_PEOPLE]), max_size=3)
_WHO = st.lists(st.sampled_from(_PEOPLE), max_size=3)
_JOBS = st.lists(st.sampled_from(["*", "orders", "europe-*/o*", "acme/*/*"]), min_size=1, max_size=2)

_RULE = st.fixed_dictionaries(
    {"verbs": st.lists(_VERBS, min_size=1, max_size=3)},
    optional={
        "jobs": _JOBS,
        "labels": st.lists(st.sampled_from(["env=prod", "env=*"]), min_size=1, max_size=2),
        "allow": _SUBJECTS,
        "approvals": st.integers(0, 2),
        "approvers": _SUBJECTS,
        "self_approval": st.booleans(),
        "expires": st.sampled_from(["2h", "90m"]),
        "channel": st.just("C0DMSAPPRV"),
    },
)
_SOUND = st.fixed_dictionaries(
    {"rule": st.lists(_RULE, max_size=4)},
    optional={
        "default_role": st.sampled_from(["none", "viewer", "operator", "approver"]),
        "roles": st.dictionaries(st.sampled_from(["viewer", "operator", "approver", "admin"]), _WHO),
    },
)
"""Mostly without faults of form; what it asks for may still be impossible."""


@st.composite
def _spoilt(draw: st.DrawFn) -> dict[str, Any]:
    """A policy with strange values in places where they may or may not belong."""
    data: dict[str, Any] = draw(_SOUND)
    for _ in range(draw(st.integers(1, 3))):
        written = data["rule"] if isinstance(data["rule"], list) else []
        tables: list[dict[str, Any]] = [data, *(each for each in written if isinstance(each, dict))]
        table = draw(st.sampled_from(tables))
        names = ["freeze", "watch", "summary", "odd", "approval_channel", *table]
        table[draw(st.sampled_from(names))] = draw(_ODD)
    return data


def _toml(value: Any) -> str:
    """A value as TOML; the standard library reads it only."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return (
                '"'
                + "".join(f"\\U{ord(each):08x}" for each in value if not 0xD800 <= ord(each) < 0xE000)
                + '"'
            )
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            return "{" + ", ".join(f"{_toml(key)} = {_toml(each)}" for key, each in value.items()) + "}"
        case int() | float():
            return repr(value)
        case _:
            return str(value.isoformat())


def _file(data: dict[str, Any]) -> str:
    return "\n".join(f"{_toml(key)} = {_toml(value)}" for key, value in data.items())


def _policy(text: str) -> Policy | None:
    """The policy that `text` is, or None after a look at what is said of its faults."""
    try:
        return parse(text)
    except PolicyError as error:
        faults = error.faults
    assert faults
    assert all(fault.startswith("policy.toml") and fault.endswith(".") for fault in faults)
    assert all(fault.isprintable() for fault in faults)
    return None


@limits(40, 6_000)
@given(st.one_of(_SOUND, _spoilt()))
def test_a_file_is_a_policy_or_faults(data: dict[str, Any]) -> None:
    count("policy files")
    policy = _policy(_file(data))
    if policy is not None:
        assert [*overview(policy), *rules(policy), *notices(policy)]


@limits(60, 10_000)
@given(st.text())
def test_any_text_is_a_policy_or_faults(text: str) -> None:
    count("policy files of any text")
    _policy(text)


@limits(40, 3_000)
@given(_SOUND, st.sampled_from(sorted(VERBS)))
def test_yes_and_no_are_said_as_in_words(data: dict[str, Any], verb: str) -> None:
    count("policies asked for yes or no")
    policy = _policy(_file(data))
    if policy is None:
        return
    access = Access(groups_of=groups_of, policy=policy, clock=lambda: NOW)
    labelled = [job(), job(env="prod"), job(env="test"), job("billing")]
    for who in (DANA, ALEX, QUINN):
        judge = access.permissions(who)
        for each in labelled:
            assert judge.may(verb, each) == access.verdict(who, verb, each).allowed
        if judge.may_by_name(verb, job()):
            assert all(judge.may(verb, each) for each in labelled[:3]), "whatever its labels are"


@limits(40, 3_000)
@given(_SOUND, st.sampled_from(sorted(CHANGES)))
def test_no_policy_lets_people_approve_themselves_unless_it_says_so(data: dict[str, Any], verb: str) -> None:
    count("policies asked who may approve")
    policy = _policy(_file(data))
    if policy is None:
        return
    access = Access(groups_of=groups_of, policy=policy, clock=lambda: NOW)
    says_so = any(rule.self_approval for rule in policy.rules)
    for who in (DANA, ALEX, QUINN):
        verdict = access.verdict(who, verb, job())
        asked = request(by=who, self_approval=verdict.self_approval)
        assert says_so or not access.may_approve(who, asked).allowed
        silent_on_approvals = all(rule.approvals is None for rule in policy.rules)
        if verdict.allowed and verb in DESTROYS and silent_on_approvals:
            assert verdict.approvals == 1
        if access.role(who) < Role.OPERATOR and not verdict.rule:
            assert not verdict.allowed
