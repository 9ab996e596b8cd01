"""Who is notified of which project. Expected values are those of docs/notifications.md."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.cmdline.invocation import UsageError
from bot.config.projects import Project, Projects
from bot.policy import loader
from bot.policy.model import PolicyError
from bot.policy.subscriptions import Subscriptions
from bot.store.records import Event, Watch
from sandbox.dms import DmsServer
from tests.jobs import a_job
from tests.notify.world import BORN, NOW
from tests.policy.command_service import SETTINGS, command_service, words

MAIN, OWN, OTHER = "C0MAIN0001", "C0PROD0001", "C0OTHER001"
PROJECTS = (
    Project("acme-prod", "prod", notify_channel=OWN),
    Project("acme-staging", "staging"),
    Project("acme-lab"),
)


def targets(subscriptions: Subscriptions, project: str, after: str = "FAILED/CDC") -> set[str]:
    job = a_job("orders", project=project, labels=(("env", "x"),))
    event = Event(job.name, BORN, NOW, "changed", "RUNNING/CDC", after)
    return {each.target for each in subscriptions.recipients(event, job)}


def watch(target: str, jobs: str, *only: str) -> Watch:
    return Watch("w", target, "U1", jobs, only)


def subscriptions(*watches: Watch) -> Subscriptions:
    return Subscriptions.of(MAIN, watches, Projects(PROJECTS))


def test_each_project_is_told_to_its_own_channel() -> None:
    found = subscriptions()
    assert targets(found, "acme-prod") == {OWN}
    assert targets(found, "acme-staging") == targets(found, "acme-lab") == {MAIN}


def test_a_watch_of_the_project_or_of_all_stands_for_the_default() -> None:
    for jobs in ("project:acme-prod", "*"):
        found = subscriptions(watch(OWN, jobs, "completed"))
        assert targets(found, "acme-prod") == set()
        assert targets(found, "acme-prod", "COMPLETED") == {OWN}
        assert targets(found, "acme-staging") == {MAIN}


@pytest.mark.parametrize(
    ("jobs", "told"),
    [
        ("project:acme-staging", {"acme-staging"}),
        ("project:acme-staging label:env=x", {"acme-staging"}),
        ("project:acme-staging label:env=y", set()),
        ("project:acme-staging state:FAILED", {"acme-staging"}),
        ("project:acme", set()),
        ("label:env=x", {"acme-prod", "acme-staging", "acme-lab"}),
    ],
)
def test_which_projects_a_watch_means(jobs: str, told: set[str]) -> None:
    found = subscriptions(watch(OTHER, jobs))
    assert {each.id for each in PROJECTS if OTHER in targets(found, each.id)} == told


def test_watches_of_the_policy_name_projects() -> None:
    text = '[[watch]]\ntarget = "C0OTHER001"\n'
    parsed = loader.parse(
        f'{text}jobs = "project:prod"\n{text}projects = ["staging", "acme-lab"]\njobs = "label:env=x"',
        projects=Projects(PROJECTS),
    )
    assert [each.jobs for each in parsed.watches] == [
        "project:acme-prod",
        "project:acme-staging label:env=x",
        "project:acme-lab label:env=x",
    ]
    wrong = f'{text}jobs = "project:stagin"\n{text}jobs = "project:prod"\nprojects = ["prd"]\n'
    with pytest.raises(PolicyError) as raised:
        loader.parse(wrong, projects=Projects(PROJECTS))
    faults = str(raised.value)
    assert '`jobs`: names "stagin", which is no project of this bot (did you mean `staging`?)' in faults
    assert '`projects`: names "prd"' in faults


def test_the_verbs_take_projects(dms: DmsServer, tmp_path: Path) -> None:
    settings = replace(SETTINGS, notify_channel=MAIN, project_tables=PROJECTS)
    with command_service(dms, tmp_path) as at:
        says = [
            words(at.type(line, settings=settings))
            for line in (
                "watch project=prod --only failed",
                "watch --project staging label.env=x",
                "watches",
                "unwatch --project acme-prod",
                "unwatch project=staging label.env=x",
            )
        ]
        assert "all jobs of `prod`" in says[0]
        assert "jobs of `staging` with the label `env=x`" in says[1]
        assert f"{OWN} gets all jobs of `prod` (the notification channel)" in says[2]
        assert f"{MAIN} gets all jobs of `acme-lab` (the notification channel)" in says[2]
        assert all("no longer subscribed" in each for each in says[3:])
        assert not at.ctx.store.watches()
        with pytest.raises(UsageError, match=r"does not serve a project `prd`: did you mean `project=prod`"):
            at.type("watch project=prd", settings=settings)
        with pytest.raises(UsageError, match="it serves `prod`, `staging`, `acme-lab`"):
            at.type("watch --project zzz", settings=settings)
