"""Freezes of all jobs of a project, as they are typed. Expected values are those of docs/policy.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cmdline.answers import Answer
from bot.cmdline.invocation import UsageError
from bot.config.projects import Project, Projects
from bot.dms.rules import Action
from bot.policy import loader
from bot.policy.access import Access
from bot.store.records import Freeze
from commands.support.visibility import permitted_actions
from sandbox.dms import DmsServer
from tests.jobs import a_job

from .command_service import PROJECT, SETTINGS, CommandService, command_service, words
from .people import ALEX, DANA, DECLARED, NOW, ROLES, groups_of

PROJECTS = (Project(PROJECT, "prod"), Project("acme-staging", "staging"))
UNTIL = '--until 2h --reason "month end"'
HERE, THERE = (a_job("orders", "RUNNING", "CDC", project=each.id) for each in PROJECTS)


def rights(rules: str = "") -> Access:
    policy = loader.parse(ROLES + rules, permissions=DECLARED, projects=Projects(PROJECTS))
    return Access(groups_of=groups_of, policy=policy, clock=lambda: NOW)


@pytest.fixture
def at(dms: DmsServer, tmp_path: Path) -> Iterator[CommandService]:
    with command_service(dms, tmp_path, rights()) as made:
        yield CommandService(replace(made.ctx, settings=replace(SETTINGS, project_tables=PROJECTS)))


def blocked(at: CommandService, name: str) -> bool:
    return bool(at.ctx.store.freezes(NOW, name))


def test_it_holds_for_the_jobs_of_the_project_alone(at: CommandService) -> None:
    said = words(at.type(f"freeze --project prod {UNTIL}"))
    assert "All jobs of `prod` are frozen until" in said
    assert (blocked(at, HERE.name), blocked(at, THERE.name)) == (True, False)
    assert permitted_actions(at.ctx, (Action.STOP,), HERE) == ()
    assert permitted_actions(at.ctx, (Action.STOP,), THERE) == (Action.STOP,)
    refused = words(at.type("stop orders"))
    assert "All jobs of `prod` are frozen" in refused
    assert "unfreeze --project prod` lifts it." in refused
    assert "*Frozen*: all jobs of `prod`" in words(at.type("policy"))
    assert "*froze* all jobs of `prod`" in words(at.type("history"))
    assert "unfroze all jobs of `prod`" in words(at.type(f"unfreeze --project {PROJECT}"))
    assert not blocked(at, HERE.name)


def test_each_freeze_is_lifted_as_it_was_set(at: CommandService) -> None:
    for target in ("--all", "--project prod", "orders"):
        (at.sure if target == "--all" else at.type)(f"freeze {target} {UNTIL}")
    of_project = words(at.type("unfreeze --project prod"))
    assert "All jobs are frozen, all jobs of `prod` too" in of_project
    assert "Still frozen on their own: `orders`." in of_project
    at.type(f"freeze --project prod {UNTIL}", ALEX)
    assert "Still frozen on their own: `orders`, all jobs of `prod`." in words(at.type("unfreeze --all"))
    of_job = words(at.type("unfreeze orders"))
    assert "All jobs of `prod` are frozen, `orders` too" in of_job
    assert "unfreeze --project prod` lifts it" in of_job
    at.type(f"freeze orders {UNTIL}")
    at.type("unfreeze --project prod")
    told = str([each.subject for each in at.ctx.store.ready_to_send(NOW)])
    assert "lifted your freeze of all jobs of `prod`" in told
    assert "possible again" not in told
    at.type("unfreeze orders", ALEX)
    told = str([each.subject for each in at.ctx.store.ready_to_send(NOW)])
    assert "lifted your freeze of `orders`. Changes are possible again." in told
    assert not at.ctx.store.freezes(NOW)


def test_a_freeze_of_a_project_that_is_gone_can_be_lifted(at: CommandService) -> None:
    at.ctx.store.add_freeze(Freeze("f", "projects/acme-old", NOW.replace(year=2027), "why", "U1", NOW))
    assert "unfroze all jobs of `acme-old`" in words(at.type("unfreeze --project acme-old"))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("freeze --project prd", "did you mean `--project prod`"),
        ("freeze --project prod --all", "Name a job, a project or all jobs"),
        ("freeze orders --project prod", "Name a job, a project or all jobs"),
        ("unfreeze", "Name a job, a project or all jobs"),
        ("unfreeze --project acme-old", "it serves `prod`, `staging`"),
    ],
)
def test_what_cannot_be_meant(at: CommandService, line: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        at.type(f"{line} {UNTIL}" if line.startswith("freeze") else line)
    assert says in str(raised.value)
    assert not at.ctx.store.freezes(NOW)


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        ('projects = ["staging"]\nallow = ["admin"]', True),
        ('projects = ["prod"]\nallow = ["admin"]', False),
        ('jobs = ["staging/*/*"]\nallow = ["admin"]', True),
        ('jobs = ["prod/*/x"]\nallow = ["admin"]', False),
        ('labels = ["env=prod"]\nallow = ["admin"]', False),
        ('projects = ["prod"]\n[[rule]]\nverbs = ["freeze"]\nallow = ["admin"]', True),
        ('jobs = ["prod/*/*"]\n[[rule]]\nverbs = ["freeze"]\nallow = ["admin"]', True),
        ('projects = ["prod"]\njobs = ["a*"]\n[[rule]]\nverbs = ["freeze"]\nallow = ["admin"]', False),
    ],
)
def test_every_rule_that_may_match_its_jobs_has_to_allow_it(rule: str, allowed: bool) -> None:
    access = rights(f'[[rule]]\nverbs = ["freeze"]\n{rule}\n')
    assert access.project_verdict(DANA, "freeze", PROJECT).allowed is allowed


def test_somebody_who_may_not_is_refused(at: CommandService) -> None:
    viewer = replace(DANA, user="U0QUINN001")
    answer: Answer = at.type(f"freeze --project prod {UNTIL}", viewer)
    assert "You may not use `freeze`" in words(answer)
    assert not at.ctx.store.freezes(NOW)


def test_the_history_of_a_project(at: CommandService) -> None:
    at.type(f"freeze --project prod {UNTIL}")
    at.type(f"freeze orders {UNTIL}")
    at.type(f"freeze --project staging {UNTIL}")
    at.type("watch --project staging")
    prod, staging = (words(at.type(f"history --project {each}")) for each in ("prod", "staging"))
    assert "*froze* all jobs of `prod`" in prod
    assert "`orders`" in prod
    assert "staging" not in prod
    assert "*froze* all jobs of `staging`" in staging
    assert "to all jobs of `staging`" in staging
    assert "Nothing was done in `demo-project`" in words(at.type("history --project prod --by <@U0QUINN001>"))
    with pytest.raises(UsageError, match="did you mean `--project prod`"):
        at.type("history --project prd")
