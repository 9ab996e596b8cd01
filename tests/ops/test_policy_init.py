"""`dms-bot policy init` in a process of its own, and a bot that is started with what it wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.config.projects import Project, Projects
from bot.policy.access import Access
from bot.policy.loader import load
from bot.policy.model import Policy
from bot.store.records import Person
from sandbox.slack import plain
from tests.e2e.env import open_env, unique_id
from tests.e2e.helpers import ALEX, asks
from tests.ops.program import run_program
from tests.policy.people import DECLARED, job

FLAGS = ("--operator", "@dba-team", "--approver", "@leads", "--production", "env=prod")
GROUPS = {"U0DANA0001": "@dba-team", "U0SAM00001": "S0DBATEAM1", "U0ALEX0001": "@leads"}


def init(folder: Path, *words: str, answers: str = "") -> Any:
    return run_program(["policy", "init", *words], {}, typed=answers, folder=folder)


def judged(policy: Policy) -> Access:
    return Access(policy=policy, groups_of=lambda user: frozenset({GROUPS.get(user, "")}))


def by(user: str) -> Person:
    return Person("T1", user, "C0GENERAL1")


def test_three_answers_make_a_policy_that_says_what_was_answered(tmp_path: Path) -> None:
    done = init(tmp_path, answers="S0DBATEAM1 U0RILEY001\n@Leads, U0SAM00001\nenv=prod,tier=gold\n")
    assert done.returncode == 0, done.stderr
    path = tmp_path / "policy.toml"
    assert f"export DMS_BOT_POLICY={path}\n" in done.stdout
    policy = load(path, DECLARED)
    assert policy.warnings == ()
    access = judged(policy)
    for verb in ("start", "stop", "resume", "restart", "promote", "verify", "edit", "delete", "freeze"):
        assert access.verdict(by("U0RILEY001"), verb, job()).allowed
        assert access.verdict(by("U0ALEX0001"), verb, job()).allowed
        assert not access.verdict(by("U0QUINN001"), verb, job()).allowed
        assert not access.verdict(by("U0DANA0001"), verb, job()).allowed, "of a group that was not named"
    assert access.verdict(by("U0QUINN001"), "show", job()).allowed


@pytest.mark.parametrize(
    ("production", "labels", "guarded"),
    [
        ("env=prod,tier=gold", {"env": "prod"}, True),
        ("env=prod,tier=gold", {"tier": "gold"}, True),
        ("env=prod,tier=gold", {"env": "test"}, False),
        ("", {"env": "test"}, True),
        ("", {}, True),
    ],
)
def test_production_takes_a_second_person(
    tmp_path: Path, production: str, labels: dict[str, str], guarded: bool
) -> None:
    assert init(tmp_path, answers=f"@dba-team\n@leads\n{production}\n").returncode == 0
    access = judged(load(tmp_path / "policy.toml", DECLARED))
    needed = {
        verb: access.verdict(by("U0DANA0001"), verb, job(**labels)).approvals
        for verb in ("start", "stop", "resume", "restart", "promote", "verify", "edit", "delete")
    }
    always = {"start": 0, "resume": 0, "verify": 0, "restart": 1, "promote": 1, "delete": 1}
    assert needed == always | {"stop": int(guarded), "edit": int(guarded)}


def test_production_can_be_a_project(tmp_path: Path) -> None:
    assert init(tmp_path, answers="@dba-team\n@leads\nproject:prod env=prod\n").returncode == 0
    projects = Projects((Project("acme", "prod"), Project("acme-lab")))
    access = judged(load(tmp_path / "policy.toml", DECLARED, projects))
    jobs = (job(), job(project="acme-lab"), job(project="acme-lab", env="prod"))
    assert [access.verdict(by("U0DANA0001"), "stop", each).approvals for each in jobs] == [1, 0, 1]
    assert (
        '`labels`: "project:" is no label'
        in init(
            tmp_path, "other.toml", "--operator", "@a", "--approver", "@b", "--production", "project:"
        ).stderr
    )


def test_what_cannot_be_read_is_asked_again(tmp_path: Path) -> None:
    done = init(tmp_path, answers="\ndana\n,\n@dba-team\nadmin\n@leads\nprod\nenv=prod\n")
    assert done.returncode == 0, done.stderr
    assert '`operator`: "dana" is not a user\'s id (U…)' in done.stdout + done.stderr
    assert "`operator`: is empty: name somebody" in done.stdout + done.stderr
    assert '`approver`: "admin" is a role' in done.stdout + done.stderr
    assert '`labels`: "prod" is no label' in done.stdout + done.stderr
    assert load(tmp_path / "policy.toml").rules[0].scope.labels == (("env", "prod"),)


def test_options_instead_of_questions(tmp_path: Path) -> None:
    asked, told = tmp_path / "policy.toml", tmp_path / "prod.toml"
    assert init(tmp_path, answers="@dba-team\n@leads\nenv=prod\n").returncode == 0
    done = init(tmp_path, "prod.toml", *FLAGS)
    assert (done.returncode, done.stderr) == (0, "")
    assert told.read_text() == asked.read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (FLAGS[:2], "Give both --operator and --approver"),
        (FLAGS[2:], "Give both --operator and --approver"),
        ((*FLAGS[:3], "alex"), '`approver`: "alex" is not'),
        ((*FLAGS[:5], "prod"), '`labels`: "prod" is no label'),
    ],
)
def test_wrong_options_write_nothing(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    done = init(tmp_path, *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("# ours\n")
    done = init(tmp_path, *FLAGS)
    assert done.returncode == 1
    assert "policy.toml exists: name another file" in done.stderr
    for answers in ("n\n", "\n", ""):
        assert init(tmp_path, answers=answers).returncode == 1
    assert init(tmp_path, answers="y\n@dba-team\n").returncode == 1, "it ends before all was answered"
    assert path.read_text() == "# ours\n"
    assert init(tmp_path, answers="y\n@dba-team\n@leads\n\n").returncode == 0
    assert load(path).grants


def test_what_looks_unintended_is_told_before_it_is_written(tmp_path: Path) -> None:
    lonely = "U0DANA0001\nU0DANA0001\n\n"
    done = init(tmp_path, answers=f"{lonely}n\n")
    assert done.returncode == 1
    assert "needs the approval of everybody who can approve (1)" in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert init(tmp_path, answers=f"{lonely}y\n").returncode == 0
    assert load(tmp_path / "policy.toml").warnings


def test_a_file_called_open_is_named_so_that_it_is_read(tmp_path: Path) -> None:
    assert f"export DMS_BOT_POLICY={tmp_path}/open\n" in init(tmp_path, "open", *FLAGS).stdout


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    done = init(tmp_path, "no/policy.toml", *FLAGS)
    assert done.returncode == 1
    assert done.stderr == "Error: no/policy.toml cannot be written: No such file or directory.\n"


def test_a_bot_that_is_started_with_it_holds_to_it(tmp_path: Path) -> None:
    assert init(tmp_path, *FLAGS).returncode == 0
    with open_env(tmp_path, policy_file=tmp_path / "policy.toml") as stage:
        made = unique_id("made")
        stage.dms.add_job(made, state="FAILED", phase="CDC", frozen=True, labels={"env": "prod"})
        refused = plain(stage.type(f"delete {made}", user="riley"))
        assert "that requires the role operator or above; your role is viewer" in refused
        card = stage.type(f"delete {made}")
        stage.press(card, "Delete job only")
        stage.shows(card, "0 of 1")
        assert stage.writes("delete", made) == []
        stage.press(asks(stage, made), "Approve", "alex")
        stage.shows(card, "✅ *Deleted*", ALEX)
        assert len(stage.writes("delete", made)) == 1
