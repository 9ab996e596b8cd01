"""Policies of a bot with several projects. Expected values are those of docs/policy.md."""

from __future__ import annotations

import pytest

from bot.config.projects import Project, Projects
from bot.policy import describe, loader
from bot.policy.access import Access
from bot.policy.model import Policy, PolicyError

from .people import DANA, DECLARED, NOW, ROLES, groups_of, job

PROJECTS = Projects(
    (
        Project("acme-prod", "prod", ("europe-west1", "europe-west3")),
        Project("acme-staging", "staging"),
        Project("acme-prod-dr", "prod-dr"),
    )
)
PROD, STAGING, DR = (each.id for each in PROJECTS)


def parse(text: str) -> Policy:
    return loader.parse(text, permissions=DECLARED, projects=PROJECTS)


def access(text: str) -> Access:
    return Access(groups_of=groups_of, policy=parse(text), clock=lambda: NOW)


def rule(*lines: str) -> str:
    return ROLES + '[[rule]]\nname = "guarded"\nverbs = ["stop"]\napprovals = 2\n' + "\n".join(lines)


def guarded(text: str) -> set[str]:
    """The projects in whose jobs the rule decides."""
    policy = parse(text)
    return {each for each in (PROD, STAGING, DR) if policy.effective_rule("stop", job(project=each)).rule}


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ('projects = ["prod"]', {PROD}),
        ('projects = "acme-staging"', {STAGING}),
        ('projects = ["prod", "staging"]', {PROD, STAGING}),
        ('projects = ["prod*"]', {PROD, DR}),
        ('projects = ["*"]', {PROD, STAGING, DR}),
        ('jobs = ["prod/*/*"]', {PROD}),
        ('jobs = ["prod*/europe-west1/orders"]', {PROD, DR}),
        ('jobs = ["projects/staging/locations/europe-west1/migrationJobs/orders"]', {STAGING}),
        ('jobs = ["staging/*/*"]\nprojects = ["prod"]', set()),
        ('jobs = ["billing-*"]\nprojects = ["prod"]', set()),
        ('labels = ["env=prod"]\nprojects = ["prod"]', set()),
    ],
)
def test_projects_narrow_a_rule(line: str, where: set[str]) -> None:
    assert guarded(rule(line)) == where


def test_a_project_that_the_bot_does_not_serve_is_an_error() -> None:
    with pytest.raises(PolicyError) as raised:
        parse(rule('projects = ["prd", "staging"]') + '\n[[freeze]]\nprojects = []\nreason = "r"\n')
    assert (
        '`projects`: names "prd", which is no project of this bot (did you mean `prod`?): it serves prod'
        in (str(raised.value))
    )
    assert "freeze 1, `projects`: is empty" in str(raised.value)
    with pytest.raises(PolicyError, match="is no project of this bot"):
        loader.parse(rule('projects = ["*prod"]'), permissions=DECLARED)


def test_a_rule_for_one_project_does_not_decide_about_all_jobs() -> None:
    text = ROLES + '[[rule]]\nverbs = ["freeze"]\nprojects = ["staging"]\nallow = ["viewer"]\n'
    assert access(text).verdict(DANA, "freeze", job(project=STAGING)).rule == "rule 1"
    assert access(text).policy.effective_rule("freeze", None).rule == ""
    narrow = ROLES + '[[rule]]\nverbs = ["freeze"]\nprojects = ["prod"]\nallow = ["admin"]\n'
    assert not access(narrow).verdict(DANA, "freeze").allowed


def test_a_planned_freeze_of_one_project() -> None:
    closed = access(
        ROLES + "[[freeze]]\nfrom = 2026-02-01T00:00:00Z\nuntil = 2026-04-01T00:00:00Z\n"
        'reason = "Closing"\nprojects = ["prod"]\n'
    )
    assert "Closing" in closed.planned_freeze_reason(job(project=PROD))
    assert not closed.planned_freeze_reason(job(project=STAGING))
    assert not closed.verdict(DANA, "stop", job(project=PROD)).allowed
    assert closed.verdict(DANA, "stop", job(project=STAGING)).allowed


@pytest.mark.parametrize(
    ("line", "never"),
    [
        ('jobs = ["acme-test/*/*"]', "acme-test/*/*"),
        ('jobs = ["staging/*/*"]\nprojects = ["prod"]', "acme-staging/*/*"),
        ('jobs = ["us-east1/*"]\nprojects = ["prod"]', "us-east1/*"),
        ('jobs = ["us-east1/*"]\nprojects = ["staging"]', ""),
        ('jobs = ["staging/*"]', "staging/*"),
        ('jobs = ["acme-prod/orders"]', "acme-prod/orders"),
        ('jobs = ["europe-*/*"]\nprojects = ["prod"]', ""),
        ('jobs = ["orders"]\nprojects = ["prod"]', ""),
    ],
)
def test_what_no_job_can_match_is_warned_of(line: str, never: str) -> None:
    warnings = parse(rule(line)).warnings
    said = [each.partition("`")[2].partition("`")[0] for each in warnings if "never matches a job" in each]
    assert said == ([never] if never else [])


def test_a_project_in_place_of_a_location_is_told_how_to_be_written() -> None:
    """Where a project has all locations, any word could be one."""
    (warning,) = parse(rule('jobs = ["staging/orders-*"]')).warnings
    assert warning.endswith(
        "`staging` is a project and stands where a location does: write `staging/*/orders-*`."
    )


def test_a_rule_behind_one_for_all_its_projects_never_decides() -> None:
    both = '\n[[rule]]\nname = "later"\nverbs = ["stop"]\nprojects = ["{}"]\napprovals = 1\n'
    said = "it never decides anything"
    assert any(
        said in each for each in parse(rule('projects = ["prod", "staging"]') + both.format("prod")).warnings
    )
    assert not any(
        said in each for each in parse(rule('projects = ["staging"]') + both.format("prod")).warnings
    )


def test_a_policy_is_described_by_alias() -> None:
    policy = parse(rule('projects = ["acme-prod", "staging"]', 'jobs = ["a*"]', 'labels = ["env=x"]'))
    shown = str(describe.rules(policy)[0].text)
    assert "on jobs `a*` of `prod` or `staging` with `env=x`" in shown
