"""`project=` in lists and for several jobs, and what a request for several jobs says of their projects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cmdline.answers import AlreadyQueued, JobsPage, Note
from bot.cmdline.invocation import UsageError
from bot.config.projects import Project, Projects
from bot.dms.model import Job
from bot.policy import loader
from bot.policy.access import Access
from bot.requests.by_project import projects_counted, projects_text
from bot.slack.render.request_details import request_details
from bot.store.records import RequestState
from bot.util.command import COMMAND
from sandbox.dms import DmsServer
from tests.jobs import a_job

from .command_service import CommandService, command_service, words
from .people import DECLARED, NOW, ROLES, groups_of

PROD, STAGING, LAB = "demo-project", "acme-staging", "acme-lab"
PROJECTS = (
    Project(STAGING, "staging", ("europe-west1", "us-central1")),
    Project(PROD, "prod", ("europe-west1",)),
    Project(LAB, "lab", ("us-central1",)),
)


@pytest.fixture(scope="module")
def server() -> Iterator[DmsServer]:
    more = {STAGING: ("europe-west1", "us-central1"), LAB: ("us-central1",)}
    with DmsServer(seed="empty", more_projects=more) as started:
        places = (
            (PROD, "europe-west1"),
            (STAGING, "europe-west1"),
            (STAGING, "us-central1"),
            (LAB, "us-central1"),
        )
        for number, (project, location) in enumerate(places):
            started.control.add_job(
                f"job-{number}", project=project, location=location, phase="CDC", frozen=True
            )
        yield started


@pytest.fixture
def at(server: DmsServer, tmp_path: Path) -> Iterator[CommandService]:
    policy = loader.parse(ROLES, permissions=DECLARED, projects=Projects(PROJECTS))
    rights = Access(groups_of=groups_of, policy=policy, clock=lambda: NOW)
    with command_service(server, tmp_path, rights, PROJECTS) as made:
        yield made
    server.control.clear_faults()


def listed(at: CommandService, line: str) -> list[str]:
    page = at.type(line)
    assert isinstance(page, JobsPage)
    return sorted(each.job.id for group in page.groups for each in group.lines)


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ("project=prod", ["job-0"]),
        ("project=demo-project", ["job-0"]),
        ("project=STAGING", ["job-1", "job-2"]),
        ("project=prod|lab", ["job-0", "job-3"]),
        ("project=prod,staging location=europe-west1", ["job-0", "job-1"]),
        ("project=staging location=us-central1 state=running", ["job-2"]),
        ("project=lab state=failed", []),
    ],
)
def test_a_list_of_projects(at: CommandService, filters: str, ids: list[str]) -> None:
    assert listed(at, f"list {filters}") == ids


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("list project=prd", "did you mean `project=prod`?"),
        ("stop --all project=prod|stagin", "did you mean `project=staging`?"),
        ("list project=zzz", "it serves `staging`, `prod`, `lab`."),
        ("list project=,", f"`project=` needs a value: write for example `{COMMAND} list project=prod`."),
        (
            "list project=prod location=us-central1",
            "does not serve the location `us-central1` of `prod`: it serves",
        ),
    ],
)
def test_an_unknown_project_is_an_error(at: CommandService, line: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        at.type(line)
    assert says in str(raised.value)


def test_a_project_that_is_away_is_missed_where_it_is_asked_for(
    at: CommandService, server: DmsServer
) -> None:
    server.control.project_condition(STAGING, "DENIED")
    assert listed(at, "list project=prod") == ["job-0"]
    page = at.type("list project=prod,staging")
    assert isinstance(page, JobsPage)
    assert {each.project for each in page.missing} == {STAGING}
    refused = at.type("verify --all project=staging|prod state=running")
    assert isinstance(refused, Note)
    assert "matching jobs may be missing" in words(refused)


def test_several_projects_are_said_and_confirmed(at: CommandService) -> None:
    answer = at.type("verify --all project=prod|staging state=running")
    assert isinstance(answer, AlreadyQueued)
    (asked,) = at.ctx.store.requests()
    assert asked.state is RequestState.CONFIRMING
    said = "These are jobs of *2 projects*: 🏭 `prod` (*production*) 1 job, `staging` 2 jobs."
    assert asked.facts.projects == said
    assert said in str(request_details(asked))


@pytest.mark.parametrize(
    ("projects", "says", "counted"),
    [
        ((PROD,), "It is a job of 🏭 `prod` (*production*).", "🏭 *production*, `prod`"),
        ((LAB,), "It is a job of `lab`.", "`lab`"),
        ((PROD, PROD), "All of them are jobs of 🏭 `prod` (*production*).", "🏭 *production*, `prod`"),
        ((LAB, LAB), "All of them are jobs of `lab`.", "`lab`"),
        (
            (LAB, PROD, LAB),
            "These are jobs of *2 projects*: 🏭 `prod` (*production*) 1 job, `lab` 2 jobs.",
            "🏭 `prod` (*production*) 1 job, `lab` 2 jobs",
        ),
    ],
)
def test_words_for_the_projects(projects: tuple[str, ...], says: str, counted: str) -> None:
    jobs: list[Job] = [a_job(f"j{n}", project=project) for n, project in enumerate(projects)]
    assert projects_text(jobs, Projects(PROJECTS)) == says
    assert projects_text(jobs, Projects(PROJECTS[:1])) == ""
    assert projects_counted(jobs, Projects(PROJECTS)) == counted
