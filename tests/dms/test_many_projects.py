"""What people see and change of several projects, also while one is away.

What a denied, silent or switched-off project answers is in `sandbox/dms/conditions.py`, with its sources.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from bot.config.projects import ALL_LOCATIONS, Place, Project, Projects
from bot.dms.answer_deadline import Patience
from bot.dms.errors import Denied, DmsError, NotFound, Refused
from bot.dms.many_projects import ProjectGateways
from bot.dms.missing import Why
from bot.dms.model import Job, JobList, job_name
from bot.dms.port import Dms, Reads
from bot.dms.shared_reads import SharedReads
from sandbox.dms import DmsControl, DmsServer
from tests.waiting import until

PROD, STAGING, DEV = "demo-project", "demo-staging", "demo-dev"
PROJECTS = Projects(
    (
        Project(PROD, "prod", ("europe-west1", "us-central1")),
        Project(STAGING, "staging", ("europe-west1", "europe-west3")),
        Project(DEV, "dev"),
    )
)
PATIENCE_S = 2.0
QUICK_S = 1.5
SHOP = {place: job_name(*place, "shop") for place in ((PROD, "europe-west1"), (STAGING, "europe-west1"))}
WHOLE = {"staging/europe-west1", "staging/europe-west3"}


@pytest.fixture(scope="module")
def server() -> Iterator[DmsServer]:
    with DmsServer(clock_factor=1.0, operation_seconds=0.0) as started:
        control = started.control
        control.add_project(STAGING, "europe-west1", "europe-west3")
        control.add_project(DEV, "us-central1", "asia-east1")
        for project, location in SHOP:
            control.add_job("shop", project=project, location=location, phase="CDC", frozen=True)
        control.add_job("alone", project=STAGING, location="europe-west3", phase="CDC", frozen=True)
        control.add_job("toy", project=DEV, location="asia-east1", phase="CDC", frozen=True)
        yield started


@pytest.fixture
def dms(server: DmsServer) -> Iterator[ProjectGateways]:
    made = opened(server, PROJECTS)
    yield made
    server.control.clear_faults()
    made.close()


@pytest.fixture
def reads(dms: ProjectGateways) -> Iterator[SharedReads]:
    made = SharedReads(dms, Patience(read_s=PATIENCE_S))
    until(lambda: made.list_jobs().missing == ())  # connections and profiles are there
    yield made
    made.close()


@pytest.fixture
def control(server: DmsServer) -> DmsControl:
    server.control.clear_calls()
    return server.control


def opened(server: DmsServer, projects: Projects) -> ProjectGateways:
    return ProjectGateways.open(
        projects, server.grpc_host, server.rest_host, deadline_s=8.0, write_deadline_s=8.0
    )


def names(found: JobList) -> list[tuple[str, str]]:
    return sorted((job.project, job.id) for job in found.jobs)


def away(found: JobList) -> dict[str, Why]:
    return {each.called: each.why for each in found.missing}


ALL = [(DEV, "toy"), (PROD, "shop"), (STAGING, "alone"), (STAGING, "shop")]
WITHOUT_STAGING = ALL[:2]
ILLS = {"DENIED": Why.REFUSED, "UNAUTHENTICATED": Why.REFUSED, "SILENT": Why.SILENT}


def test_it_is_what_the_bot_asks_for(dms: ProjectGateways, reads: SharedReads) -> None:
    whole: Dms = dms
    looks: Reads = reads
    assert whole.projects is looks.projects is PROJECTS


def test_every_place_is_listed_by_one_call(dms: ProjectGateways, control: DmsControl) -> None:
    assert names(dms.list_jobs()) == ALL
    calls = control.calls("ListMigrationJobs")
    assert sorted(each["request"]["parent"] for each in calls) == sorted(
        each.parent for each in PROJECTS.places
    )
    assert names(dms.list_jobs(Place(STAGING, "europe-west3"))) == [(STAGING, "alone")]


@pytest.mark.parametrize("kind", ILLS)
def test_a_project_that_is_away_is_named_and_holds_back_no_other(
    kind: str, dms: ProjectGateways, reads: SharedReads, control: DmsControl
) -> None:
    control.project_condition(STAGING, kind)
    begun = time.monotonic()
    for found in (reads.list_jobs(), reads.list_jobs()):
        assert names(found) == WITHOUT_STAGING
        assert away(found) == dict.fromkeys(WHOLE, ILLS[kind])
        assert {each.project for each in found.missing} == {STAGING}
    found = reads.find("shop")
    assert (names(found), away(found)) == ([(PROD, "shop")], dict.fromkeys(WHOLE, ILLS[kind]))
    assert time.monotonic() - begun < 2 * PATIENCE_S + 2 * QUICK_S
    begun = time.monotonic()
    assert reads.get_job(SHOP[PROD, "europe-west1"]).state == "RUNNING"
    assert time.monotonic() - begun < QUICK_S
    with pytest.raises(DmsError):
        reads.get_job(SHOP[STAGING, "europe-west1"])
    assert {each.called for each in dms.missing()} == WHOLE
    control.clear_faults()
    until(lambda: reads.list_jobs().missing == ())


@pytest.mark.parametrize("kind", ["DENIED", "UNAUTHENTICATED"])
def test_a_project_on_its_own_fails_as_a_whole(kind: str, server: DmsServer, control: DmsControl) -> None:
    """There is nobody else to answer, so the error says all there is to say."""
    alone = opened(server, Projects(PROJECTS.all[1:2]))
    control.project_condition(STAGING, kind)
    for place in (None, Place(STAGING, "europe-west1")):
        with pytest.raises(Denied):
            alone.list_jobs(place)
    control.clear_faults()
    alone.close()


def test_an_error_of_one_project_names_it(dms: ProjectGateways, control: DmsControl) -> None:
    for project in (STAGING, DEV):
        control.project_condition(project, "UNAUTHENTICATED")
    for place, called in (
        (Place(STAGING, "europe-west1"), "staging/europe-west1"),
        (Place(DEV, ALL_LOCATIONS), "dev"),
    ):
        with pytest.raises(Denied, match=f"the jobs of {called} "):
            dms.list_jobs(place)


def test_all_places_of_a_project_may_be_away_at_once(reads: SharedReads, control: DmsControl) -> None:
    control.project_condition(DEV, "DENIED")
    assert away(reads.list_jobs()) == {"dev": Why.REFUSED}
    assert names(reads.find("shop")) == [(PROD, "shop"), (STAGING, "shop")]


def test_a_place_that_google_cannot_reach_is_told_with_its_project(
    reads: SharedReads, control: DmsControl
) -> None:
    control.location_unreachable("asia-east1", project=DEV)
    assert away(reads.list_jobs()) == {"dev/asia-east1": Why.SILENT}


def test_an_invalid_filter_is_refused_as_every_project_refuses_it(
    dms: ProjectGateways, reads: SharedReads
) -> None:
    for asked in (dms, reads):
        with pytest.raises(Refused):
            asked.list_jobs(filter="no such = filter = at all")


def test_an_id_is_found_in_two_projects(dms: ProjectGateways, reads: SharedReads) -> None:
    for asked in (dms, reads):
        assert names(asked.find("shop")) == [(PROD, "shop"), (STAGING, "shop")]
        assert names(asked.find("toy")) == [(DEV, "toy")]
        assert names(asked.find("nowhere")) == []


def test_a_change_goes_to_the_project_of_the_job(dms: ProjectGateways, control: DmsControl) -> None:
    job = dms.get_job(SHOP[STAGING, "europe-west1"])
    operation = dms.stop(job)
    assert operation.name.startswith(f"projects/{STAGING}/locations/europe-west1/operations/")
    until(lambda: dms.get_operation(operation.name).done)
    states = {project: control.job(f"{project}/{place}/shop")["state"] for project, place in SHOP}
    assert states == {PROD: "RUNNING", STAGING: "STOPPED"}
    assert [each.name for each in dms.operations(job, job.create_time)] == [operation.name]
    assert dms.console_url(job).endswith(f"?project={STAGING}")
    control.set_job(f"{STAGING}/europe-west1/shop", state="RUNNING", phase="CDC", frozen=True)


def test_a_project_that_is_not_served_is_refused_without_a_call(
    dms: ProjectGateways, reads: SharedReads, control: DmsControl
) -> None:
    name = job_name("acme-shop", "europe-west1", "shop")
    sentence = rf"^This bot serves the projects {PROD}, {STAGING}, {DEV}, not acme-shop\.$"
    job = Job(name, dms.get_job(SHOP[PROD, "europe-west1"]).create_time, "RUNNING")
    control.clear_calls()
    for ask in (
        lambda: dms.get_job(name),
        lambda: reads.get_job(name),
        lambda: dms.list_jobs(Place("acme-shop", "europe-west1")),
        lambda: reads.list_jobs(Place("acme-shop", "europe-west1")),
        lambda: dms.get_operation("projects/acme-shop/locations/europe-west1/operations/1"),
        lambda: dms.stop(job),
        lambda: reads.delay(job),
    ):
        with pytest.raises(Refused, match=sentence):
            ask()
    assert control.calls() == []


def test_one_project_alone_is_asked_for_no_other(server: DmsServer, control: DmsControl) -> None:
    """Its credentials are not meant for jobs of a project that was taken out of the settings."""
    alone = opened(server, Projects(PROJECTS.all[:1]))
    with pytest.raises(NotFound):
        alone.get_job(job_name(PROD, "europe-west1", "toy"))
    control.clear_calls()
    sentence = rf"^This bot serves the project {PROD}, not {STAGING}\.$"
    with pytest.raises(Refused, match=sentence):
        alone.get_job(SHOP[STAGING, "europe-west1"])
    with pytest.raises(Refused, match=sentence):
        alone.get_operation(f"projects/{STAGING}/locations/europe-west1/operations/before")
    assert control.calls() == []
    alone.close()


def test_a_location_that_is_not_served_is_refused_without_a_call(
    server: DmsServer, control: DmsControl
) -> None:
    """One that was taken out of the settings, of a project that is left: open requests are still there."""
    fewer = opened(server, Projects((Project(STAGING, locations=("europe-west1",)), *PROJECTS.all[2:])))
    shared = SharedReads(fewer, Patience(read_s=PATIENCE_S))
    alone = job_name(STAGING, "europe-west3", "alone")
    served = fewer.get_job(SHOP[STAGING, "europe-west1"])
    assert fewer.get_job(job_name(DEV, "asia-east1", "toy")).id == "toy", "of a project with all locations"
    control.clear_calls()
    sentence = rf"^This bot serves the location europe-west1 of {STAGING}, not europe-west3\.$"
    for ask in (
        lambda: fewer.get_job(alone, fresh=True),
        lambda: shared.get_job(alone),
        lambda: fewer.get_operation(f"projects/{STAGING}/locations/europe-west3/operations/1"),
        lambda: fewer.stop(Job(alone, served.create_time, "RUNNING")),
    ):
        with pytest.raises(Refused, match=sentence):
            ask()
    assert control.calls() == []
    shared.close()
    fewer.close()
