"""Where approvals are asked for, by project. Expected values are those of docs/policy.md."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.cmdline.answers import AlreadyQueued, Note
from bot.config.projects import Project, Projects
from bot.dms.model import Options
from bot.dms.rules import Action
from bot.policy import describe, loader
from bot.policy.access import Access
from bot.requests.draft import RequestDraft
from sandbox.dms import DmsServer
from tests.jobs import a_job

from .command_service import command_service, labels, words
from .people import DANA, DECLARED, NOW, ROLES, groups_of, job

PROD, STAGING = "demo-project", "acme-staging"
PRODS, COMMON, RULES = "C0PROD0001", "C0COMMON01", "C0RULE0001"


def access(text: str = "", staging: str = "") -> Access:
    projects = Projects(
        (Project(PROD, "prod", approval_channel=PRODS), Project(STAGING, approval_channel=staging))
    )
    text = f'approval_channel = "{COMMON}"\n' + ROLES + text
    policy = loader.parse(text, permissions=DECLARED, projects=projects)
    return Access(groups_of=groups_of, policy=policy, clock=lambda: NOW)


def test_a_rule_then_the_project_then_the_policy_say_where() -> None:
    rule = f'[[rule]]\nverbs = ["delete"]\nchannel = "{RULES}"\n'
    found = access(rule)
    assert found.verdict(DANA, "delete", job(project=PROD)).channel == RULES
    assert found.verdict(DANA, "restart", job(project=PROD)).channel == PRODS
    assert found.verdict(DANA, "restart", job(project=STAGING)).channel == COMMON
    shown = str([each.text for each in describe.rules(found.policy)])
    assert f"Those for `prod` are requested in ', Channel(id='{PRODS}')" in shown


@pytest.mark.parametrize(
    ("policy", "apart"),
    [
        (access(), True),
        (access(staging=PRODS), False),
        (access('[[rule]]\nverbs = ["restart"]\napprovals = 0\n'), False),
        (access('[[rule]]\nverbs = ["restart"]\nprojects = ["prod"]\napprovals = 0\n'), False),
        (access(f'[[rule]]\nverbs = ["restart"]\nchannel = "{RULES}"\n'), False),
    ],
    ids=["different", "the same", "no approval", "one project needs approval", "a rule's"],
)
def test_jobs_with_different_channels_are_asked_for_apart(
    dms: DmsServer, tmp_path: Path, policy: Access, apart: bool
) -> None:
    jobs = tuple(
        a_job(id, "FAILED", "CDC", project=project)
        for id, project in (("a", PROD), ("b", PROD), ("c", STAGING))
    )
    draft = RequestDraft(Action.RESTART, jobs, Options())
    with command_service(dms, tmp_path, policy) as at:
        answer = at.ctx.approvals.creation.ask(replace(DANA, channel="D0DANA"), draft)
        requests = at.ctx.store.requests()
    if not apart:
        assert isinstance(answer, AlreadyQueued)
        assert {each.facts.approval_channel for each in requests} <= {PRODS, COMMON, RULES}
        return
    assert isinstance(answer, Note)
    assert "different channels" in words(answer)
    assert f"• `prod`: 2 jobs, {PRODS}" in words(answer)
    assert labels(answer) == ["Restart 2 of prod…", "Restart 1 of acme-staging…"]
    assert not requests


def test_the_channel_stays_with_the_request(dms: DmsServer, tmp_path: Path) -> None:
    draft = RequestDraft(Action.RESTART, (a_job("a", "FAILED", "CDC", project=PROD),), Options())
    with command_service(dms, tmp_path, access()) as at:
        at.ctx.approvals.creation.ask(DANA, draft)
        (asked,) = at.ctx.store.requests()
    assert asked.facts.approval_channel == PRODS
