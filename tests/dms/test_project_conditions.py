"""The gateways of several projects while one is away: the local DMS answers with Google's own errors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.config.projects import Place, Project, Projects
from bot.dms.errors import Denied, DmsError, Unavailable
from bot.dms.many_projects import ProjectGateways
from bot.dms.missing import Why
from sandbox.dms import DmsControl, DmsServer

WELL, AWAY = "demo-project", "demo-staging"
PROJECTS = Projects(
    (
        Project(WELL, "prod", ("europe-west1",)),
        Project(AWAY, "staging", ("europe-west1", "europe-west3")),
    )
)
JOB = f"projects/{AWAY}/locations/europe-west3/migrationJobs/shop"


@pytest.fixture(scope="module")
def server() -> Iterator[DmsServer]:
    with DmsServer(seed="empty", more_projects={AWAY: ("europe-west1", "europe-west3")}) as started:
        for project, location in ((WELL, "europe-west1"), (AWAY, "europe-west3")):
            started.control.add_job("shop", project=project, location=location, phase="CDC", frozen=True)
        yield started


@pytest.fixture
def control(server: DmsServer) -> Iterator[DmsControl]:
    yield server.control
    server.control.clear_faults()


@pytest.fixture(scope="module")
def dms(server: DmsServer) -> Iterator[ProjectGateways]:
    opened = ProjectGateways.open(
        PROJECTS, server.grpc_host, server.rest_host, deadline_s=1.0, write_deadline_s=1.0
    )
    yield opened
    opened.close()


def away(control: DmsControl, kind: str) -> None:
    if kind == "API_OFF":
        control.switch_service(AWAY, on=False)
    else:
        control.project_condition(AWAY, kind)


@pytest.mark.parametrize(
    ("kind", "why", "said"),
    [
        ("DENIED", Why.REFUSED, "Permission 'datamigration.migrationjobs.list' denied"),
        ("API_OFF", Why.REFUSED, "Database Migration API has not been used in project demo-staging"),
        ("UNAUTHENTICATED", Why.REFUSED, "Request had invalid authentication credentials"),
        ("QUOTA", Why.QUOTA, "Quota exceeded for quota metric 'API requests'"),
        ("SILENT", Why.SILENT, ""),
    ],
)
def test_a_project_that_is_away_holds_back_no_other(
    dms: ProjectGateways, control: DmsControl, kind: str, why: Why, said: str
) -> None:
    assert len(dms.list_jobs().jobs) == 2
    away(control, kind)
    listed = dms.list_jobs()
    assert [job.name.split("/")[1] for job in listed.jobs] == [WELL]
    assert {(each.project, each.location, each.why) for each in listed.missing} == {
        (AWAY, "europe-west1", why),
        (AWAY, "europe-west3", why),
    }
    assert all(said in each.reason for each in listed.missing)
    found = dms.find("shop")
    assert ([job.project for job in found.jobs], len(found.missing)) == ([WELL], 2)


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [
        ("DENIED", Denied, "PERMISSION_DENIED"),
        ("API_OFF", Denied, "PERMISSION_DENIED"),
        ("UNAUTHENTICATED", Denied, "UNAUTHENTICATED"),
        ("QUOTA", Unavailable, "RESOURCE_EXHAUSTED"),
        ("SILENT", Unavailable, "DEADLINE_EXCEEDED"),
    ],
)
def test_calls_about_one_job_say_what_is_wrong_with_its_project(
    dms: ProjectGateways, control: DmsControl, kind: str, error: type[DmsError], code: str
) -> None:
    away(control, kind)
    for read in (dms.get_job, dms.databases):
        with pytest.raises(error) as told:
            read(JOB)
        assert told.value.code == code, read
    assert dms.list_jobs(Place(WELL, "europe-west1")).missing == ()


def test_a_slow_project_is_waited_for(dms: ProjectGateways, control: DmsControl) -> None:
    control.project_condition(AWAY, "SLOW", seconds=0.2)
    listed = dms.list_jobs()
    assert (len(listed.jobs), listed.missing) == (2, ())
