"""Reading policy files: what they mean, and what is said of those that are wrong."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from bot.policy.loader import MAX_BYTES, load
from bot.policy.model import (
    ChecklistItem,
    Grant,
    PolicyError,
    Role,
    Subjects,
)
from bot.policy.scope import Scope

from .people import CHANGES, DECLARED, DESTROYS, FREEZES, NO_POLICY, OPEN, OPERATES, ROLES, VIEWS, parse

EXAMPLE = Path(__file__).parents[2] / "docs" / "policy.example.toml"


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(PolicyError) as raised:
        parse(text)
    return raised.value.faults


def test_no_file_is_a_policy_too() -> None:
    assert load(None, DECLARED) == NO_POLICY
    assert load("open", DECLARED) == OPEN


def test_the_example_is_sound() -> None:
    policy = load(EXAMPLE)
    assert policy.warnings == ()
    assert policy.source == "policy.example.toml"
    assert (len(policy.rules), len(policy.planned_freezes), len(policy.watches)) == (4, 1, 1)


def test_every_key_is_read() -> None:
    policy = parse(
        """
        default_role = "none"
        approval_channel = "C0APPROVE1"
        [roles]
        operator = ["U0DANA0001", "S0DBATEAM1", "@DBA-Team", "C0DMS00001"]
        admin = "U0ALEX0001"
        [[rule]]
        name = "all of it"
        verbs = ["destroy", "stop"]
        jobs = ["projects/acme/locations/europe-west1/migrationJobs/orders", "us-*/b", "c?"]
        labels = { env = "prod", team = "shop*" }
        allow = ["operator", "admin", "U0SAM00001"]
        approvals = 2
        approvers = ["admin", "@leads"]
        self_approval = true
        expires = "1h30m"
        channel = "C0RULE0001"
        [[freeze]]
        from = 2026-12-20T19:00:00+01:00
        until = "2027-01-04T08:00"
        reason = "closing"
        [[watch]]
        target = "U0DANA0001"
        jobs = "label:env=prod"
        only = ["Failed", "completed"]
        [[checklist]]
        item = "Restart the pools"
        before_writes = false
        labels = { env = "prod" }
        [summary]
        at = "09:05"
        zone = "Europe/Berlin"
        channel = "C0SUMMARY1"
        """
    )
    rule, window, watch = policy.rules[0], policy.planned_freezes[0], policy.watches[0]
    assert policy.default_role is Role.NONE
    assert policy.grants == (
        Grant(
            Role.OPERATOR,
            Subjects(None, ("U0DANA0001",), ("S0DBATEAM1", "@dba-team"), ("C0DMS00001",)),
        ),
        Grant(Role.ADMIN, Subjects(None, ("U0ALEX0001",))),
    )
    assert rule.verbs == DESTROYS | {"stop"}
    assert rule.scope == Scope(
        ("acme/europe-west1/orders", "us-*/b", "c?"), (("env", "prod"), ("team", "shop*"))
    )
    assert rule.allow == Subjects(Role.OPERATOR, ("U0SAM00001",))
    assert rule.approvers == Subjects(Role.ADMIN, groups=("@leads",))
    assert (rule.approvals, rule.self_approval, rule.channel) == (2, True, "C0RULE0001")
    assert rule.expires == timedelta(minutes=90)
    assert window.start == datetime(2026, 12, 20, 18, tzinfo=UTC)
    assert window.until == datetime(2027, 1, 4, 8, tzinfo=UTC)
    assert (watch.target, watch.jobs, watch.only) == ("U0DANA0001", "label:env=prod", ("failed", "completed"))
    assert policy.checklist == (ChecklistItem("Restart the pools", Scope((), (("env", "prod"),)), False),)
    assert policy.summary is not None
    assert (policy.summary.at, policy.summary.zone) == (time(9, 5), "Europe/Berlin")


@pytest.mark.parametrize(
    ("word", "verbs"),
    [
        ("*", VIEWS | CHANGES | FREEZES | OPERATES),
        ("change", CHANGES),
        ("destroy", DESTROYS),
        ("view", VIEWS),
        ("full-dump", CHANGES & {"restart", "demote"}),
        ("delete-with-destination", frozenset({"delete-with-destination"})),
    ],
)
def test_words_stand_for_several_verbs(word: str, verbs: frozenset[str]) -> None:
    assert parse(ROLES + f'[[rule]]\nverbs = "{word}"\n').rules[0].verbs == verbs


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        ('default_role = "viwer"', "`default_role`", "did you mean `viewer`?"),
        ("default_role = 3", "`default_role`", "must be one of none, viewer"),
        ('defualt_role = "viewer"', "`defualt_role`", "did you mean `default_role`?"),
        ('roles = "x"', "`roles`", "must be a table"),
        ('rule = "x"', "`rule`", "[[rule]]"),
        ("[rule]\nverbs = ['stop']", "`rule`", "[[rule]]"),
        ('[roles]\noprator = ["U0DANA0001"]', "[roles], `oprator`", "did you mean `operator`?"),
        ('[roles]\noperator = ["dana"]', "[roles], `operator`", "a user's id (U…)"),
        ('[roles]\noperator = ["admin"]', "[roles], `operator`", "is a role"),
        ("[roles]\noperator = [3]", "[roles], `operator`", "must be a list of texts"),
        ("[[rule]]\nallow = ['admin']", "rule 1, `verbs`", "is missing or empty"),
        ("[[rule]]\nverbs = []", "rule 1, `verbs`", "is missing or empty"),
        ("[[rule]]\nname='x'\nverbs = ['promot']", "rule 1 “x”, `verbs`", "did you mean `promote`?"),
        ("[[rule]]\nverbs = ['stop']\nallow = ['oprator']", "rule 1, `allow`", "did you mean `operator`?"),
        ("[[rule]]\nverbs = ['stop']\nallow = ['none']", "rule 1, `allow`", "allow = []"),
        ("[[rule]]\nverbs = ['stop']\napprovers = ['none']", "rule 1, `approvers`", "approvers = []"),
        ("[[rule]]\nverbs = ['stop']\naprovals = 1", "rule 1, `aprovals`", "did you mean `approvals`?"),
        ("[[rule]]\nverbs = ['stop']\napprovals = -1", "rule 1, `approvals`", "from 0 to 20"),
        ("[[rule]]\nverbs = ['stop']\napprovals = true", "rule 1, `approvals`", "from 0 to 20"),
        ("[[rule]]\nverbs = ['stop']\nself_approval = 'no'", "rule 1, `self_approval`", "true or false"),
        ("[[rule]]\nverbs = ['stop']\nexpires = '2 fortnights'", "rule 1, `expires`", 'expires = "2h"'),
        ("[[rule]]\nverbs = ['stop']\nexpires = 7200", "rule 1, `expires`", "in quotes"),
        ("[[rule]]\nverbs = ['stop']\nexpires = '10s'", "rule 1, `expires`", "from 1m to 30d"),
        ("[[rule]]\nverbs = ['stop']\njobs = ['a/b/c/d']", "rule 1, `jobs`", "`location/id`"),
        ("[[rule]]\nverbs = ['stop']\njobs = ['Orders']", "rule 1, `jobs`", "lower case"),
        ("[[rule]]\nverbs = ['stop']\njobs = ['prod-[ab']", "rule 1, `jobs`", "no pattern"),
        ("[[rule]]\nverbs = ['stop']\njobs = ['']", "rule 1, `jobs`", "no pattern"),
        ("[[rule]]\nverbs = ['stop']\njobs = []", "rule 1, `jobs`", "leave it out"),
        ("[[rule]]\nverbs = ['stop']\nlabels = ['prod']", "rule 1, `labels`", "key=value"),
        ("[[rule]]\nverbs = ['stop']\nlabels = { env = 1 }", "rule 1, `labels`", "key=value"),
        ("[[rule]]\nverbs = ['stop']\nchannel = '#dms'", "rule 1, `channel`", "a channel's id"),
        ("[[freeze]]\nfrom = 2026-01-02T00:00:00Z\nreason = 'x'", "freeze 1, `until`", "is missing"),
        (
            "[[freeze]]\nfrom = 2026-01-02\nuntil = 2026-01-01\nreason = 'x'",
            "freeze 1, `until`",
            "later than `from`",
        ),
        ("[[freeze]]\nfrom = 2026-01-01\nuntil = 2026-01-02", "freeze 1, `reason`", "is missing"),
        ("[[watch]]\njobs = '*'", "watch 1, `target`", "is missing"),
        ("[[watch]]\ntarget = '#dms'", "watch 1, `target`", "a channel's or a person's id"),
        ("[[watch]]\ntarget = 'C0DMS00001'\njobs = 'state:FAILD'", "watch 1, `jobs`", "`failed`"),
        ("[[watch]]\ntarget = 'C0DMS00001'\njobs = 'prod'", "watch 1, `jobs`", "label:key=value"),
        ("[[watch]]\ntarget = 'C0DMS00001'\nonly = 'faild'", "watch 1, `only`", "did you mean `failed`?"),
        ("[[checklist]]\nitem = ''", "checklist 1, `item`", "is missing or empty"),
        ("[[checklist]]\nitme = 'x'\nitem = 'y'", "checklist 1, `itme`", "did you mean `item`?"),
        (f"[[checklist]]\nitem = '{'x' * 76}'", "checklist 1, `item`", "more than 75 characters"),
        ("[[checklist]]\nitem = 'x'\nbefore_writes = 'no'", "checklist 1, `before_writes`", "true or false"),
        ("[[checklist]]\nitem = 'x'\n[[checklist]]\nitem = 'x'", "checklist 2, `item`", "is there already"),
        ("[[checklist]]\nitem = 'x'\njobs = ['a/b/c/d']", "checklist 1, `jobs`", "`location/id`"),
        ("[summary]\nzone = 'UTC'", "[summary], `at`", "is missing"),
        ("[summary]\nat = '9'", "[summary], `at`", 'at = "09:00"'),
        ("[summary]\nat = '09:00'\nzone = 'Mars/Base'", "[summary], `zone`", "Europe/Berlin"),
    ],
)
def test_a_fault_says_where_and_what_would_be_right(text: str, where: str, hint: str) -> None:
    # What follows a table's heading belongs to it, so the roles come last.
    given = text if "roles" in text else f'{text}\n[roles]\nadmin = ["U0ALEX0001", "@leads"]\n'
    (fault,) = faults(given)
    assert fault.startswith(f"policy.toml, {where}")
    assert hint in fault
    assert "; for example: " in fault
    assert fault.endswith(".")


def test_all_faults_are_told_at_once() -> None:
    found = faults('default_role = "x"\n[[rule]]\nverbs = ["y"]\napprovals = "z"\n[summary]\nat = 1\n')
    assert len(found) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[roles]\noperator = ["U0DANA0001"]', "nobody can approve delete, demote, promote, restart"),
        (ROLES + '[[rule]]\nverbs = ["stop"]\napprovals = 1\napprovers = []', "list of approvers is empty"),
        (
            ROLES + '[[rule]]\nname = "x"\nverbs = ["stop"]\napprovals = 2\napprovers = ["U0SAM00001"]',
            "rule 1 “x”: stop needs 2 approvals, and only 1 person can give one",
        ),
        (
            'default_role = "operator"\n[[rule]]\nverbs = ["destroy"]\njobs = ["a"]\napprovals = 0',
            "where no rule matches: nobody can approve",
        ),
    ],
)
def test_approvals_that_nobody_could_give_are_faults(text: str, said: str) -> None:
    assert any(said in fault for fault in faults(text))


@pytest.mark.parametrize(
    "text",
    [
        'default_role = "approver"',
        'default_role = "operator"\n[[rule]]\nverbs = ["destroy"]\napprovals = 0',
        '[roles]\noperator = ["U0DANA0001"]\napprover = ["C0DMSAPPRV"]',
        'default_role = "viewer"',
    ],
)
def test_approvals_that_somebody_can_give_are_not(text: str) -> None:
    assert parse(text).source == "policy.toml"


@pytest.mark.parametrize("verbs", ['"freeze"', '"unfreeze", "promote"', '"change", "freeze"'])
def test_a_freeze_that_waits_for_approvals_is_a_fault(verbs: str) -> None:
    (fault,) = faults(ROLES + f"[[rule]]\nverbs = [{verbs}]\napprovals = 1")
    assert "takes effect at once and cannot wait for approvals" in fault
    assert parse(ROLES + '[[rule]]\nverbs = ["*"]\napprovals = 1').rules
    assert parse(ROLES + f'[[rule]]\nverbs = [{verbs}]\nallow = ["approver"]').rules


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Nobody may change a job"),
        (
            ROLES
            + '[[rule]]\nname="a"\nverbs=["delete"]\napprovers=["U0DANA0001"]\n'
            + '[[rule]]\nname="b"\nverbs=["delete-with-destination"]\napprovers=["U0ALEX0001"]',
            "“b”: delete-with-destination needs 1 approval by people who may approve delete, too (“a”)",
        ),
        (
            ROLES + '[[rule]]\nname="a"\nverbs=["change"]\n[[rule]]\nname="b"\nverbs=["stop"]\njobs=["x"]',
            "rule 2 “b”: it never decides anything, because “a” stands before it",
        ),
        (ROLES + '[[rule]]\nverbs = ["view"]\napprovals = 1', "only changes need approvals"),
        (ROLES + '[[rule]]\nverbs = ["stop"]\napprovals = 0\nself_approval = false', "makes no difference"),
        (
            ROLES + '[[rule]]\nverbs = ["stop"]\napprovals = 0\nexpires = "2h"',
            "`expires` makes no",
        ),
        ('[roles]\nadmin = ["U0ALEX0001"]', "so none of them can request it"),
        (
            ROLES + '[[rule]]\nverbs = ["stop"]\nlabels = ["env=prod", "env=live"]\napprovals = 2',
            "rule 1: it never matches a job, because a job has one value of the label `env`",
        ),
        (
            ROLES + '[[rule]]\nverbs = ["stop"]\nlabels = ["env=prod", "env=test-*"]\napprovals = 2',
            "rule 1: it never matches a job",
        ),
    ],
)
def test_what_looks_unintended_is_a_warning(text: str, said: str) -> None:
    assert any(said in warning for warning in parse(text).warnings)


def test_labels_that_a_job_can_have_together_are_none() -> None:
    fits = '[[rule]]\nverbs = ["stop"]\nlabels = ["env=prod", "env=p*", "team=a*", "team=*z"]\napprovals = 2'
    assert parse(ROLES + fits).warnings == ()


def test_two_rules_of_one_name_are_a_fault() -> None:
    (fault,) = faults(ROLES + '[[rule]]\nname="a"\nverbs="stop"\n[[rule]]\nname="a"\nverbs="start"\n')
    assert "is the name of rule 1 too" in fault


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"default_role = ", "is not valid TOML"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"a = " + b"[" * 5000, "is not valid TOML"),
        (b"#" * (MAX_BYTES + 1), "is larger than"),
    ],
)
def test_files_that_are_no_policy_are_refused_in_one_sentence(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(content)
    with pytest.raises(PolicyError, match=said):
        load(path)


def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        load(tmp_path / "none.toml")
    with pytest.raises(PolicyError, match="cannot be read"):
        load(tmp_path)
