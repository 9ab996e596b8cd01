"""What people wait for while parts of the service are silent, slow or refuse."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.config.projects import Place
from bot.dms import answer_deadline
from bot.dms.answer_deadline import Patience
from bot.dms.errors import Refused, Unavailable
from bot.dms.gateway import Gateway
from bot.dms.many_projects import ProjectGateways
from bot.dms.missing import Why
from bot.dms.model import job_name
from bot.dms.port import Reads
from bot.dms.reachability import JOBS
from bot.dms.shared_reads import SharedReads
from sandbox.dms import DmsControl, DmsServer
from tests.waiting import until

HERE, AWAY, THIRD = PLACES = ("europe-west1", "us-central1", "asia-east1")
PATIENCE_S = 2.0
QUICK_S = 1.5
"""Less than the limit: nobody has waited for what is silent."""
PATIENCE = Patience(read_s=PATIENCE_S, silent_s=PATIENCE_S, others_s=0.3)


@pytest.fixture(scope="module")
def dms() -> Iterator[DmsServer]:
    with DmsServer(port=0, seed="empty") as started:
        for number in range(30):
            started.control.add_job(
                f"here-{number}", location=HERE, databases=["a"], phase="CDC", frozen=True
            )
        started.control.add_job("away", location=AWAY, phase="CDC", frozen=True)
        yield started


@pytest.fixture
def gateway(dms: DmsServer) -> Iterator[Gateway]:
    made = Gateway(dms.project, PLACES, dms.grpc_host, dms.rest_host, deadline_s=8.0)
    yield made
    dms.control.clear_faults()
    dms.control.clear_calls()
    made.close()


@pytest.fixture
def reads(gateway: Gateway) -> Iterator[SharedReads]:
    made = SharedReads(ProjectGateways.over(gateway), PATIENCE)
    until(lambda: made.list_jobs().missing == ())  # connections and profiles are there
    yield made
    made.close()


@pytest.fixture
def control(dms: DmsServer, reads: SharedReads) -> DmsControl:
    dms.control.clear_calls()
    return dms.control


def full(job: str, place: str = HERE) -> str:
    return job_name("demo-project", place, job)


def at(place: str) -> str:
    """What occurs in every request about a location."""
    return f"locations/{place}"


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun


def test_it_is_what_verbs_ask_for(reads: SharedReads) -> None:
    asked: Reads = reads
    assert tuple(each.location for each in asked.projects.places) == PLACES


def test_a_location_that_hangs_is_waited_for_once(reads: SharedReads, control: DmsControl) -> None:
    control.fault("*", "HANG", times=None, match=at(AWAY))
    for most in (PATIENCE_S + QUICK_S, QUICK_S, QUICK_S):
        clock = Clock()
        found = reads.list_jobs()
        assert clock.seconds < most
        assert [(each.location, each.why) for each in found.missing] == [(AWAY, Why.SILENT)]
        assert len(found.jobs) == 30
    assert len([each for each in control.calls("ListMigrationJobs") if AWAY in str(each)]) == 1


def test_a_location_is_back_as_soon_as_any_read_of_it_is_answered(
    reads: SharedReads, control: DmsControl, gateway: Gateway
) -> None:
    """For example the watcher's, which goes its own way."""
    control.fault("*", "HANG", times=None, match=at(AWAY))
    reads.list_jobs()
    assert [each.location for each in gateway.reachability.missing(JOBS)] == [AWAY]
    control.clear_faults()
    assert gateway.list_jobs(Place("demo-project", AWAY)).missing == ()
    assert gateway.reachability.missing(JOBS) == ()
    # The calls that hung have cut their connection, so a read or two may still fail.
    until(lambda: reads.list_jobs().missing == ())


def test_each_location_is_missing_for_its_own_reason(reads: SharedReads, control: DmsControl) -> None:
    control.fault("ListMigrationJobs", "RESOURCE_EXHAUSTED", times=None, match=at(AWAY))
    off = "Database Migration API has not been used in project 12 before or it is disabled."
    control.fault("ListMigrationJobs", "PERMISSION_DENIED", times=None, match=at(THIRD), message=off)
    missing = {each.location: each for each in reads.list_jobs().missing}
    assert {place: each.why for place, each in missing.items()} == {AWAY: Why.QUOTA, THIRD: Why.REFUSED}
    assert missing[AWAY].reason.startswith("Quota exceeded for quota metric")
    assert missing[THIRD].reason == off.rstrip(".")


def test_all_that_refuse_are_named_and_what_is_wrong_for_all_is_raised(
    reads: SharedReads, control: DmsControl
) -> None:
    with pytest.raises(Refused):
        reads.list_jobs(filter="no such = filter = at all")
    control.fault("*", "PERMISSION_DENIED", times=None)
    assert {each.location for each in reads.list_jobs().missing} == set(PLACES)
    assert {each.location for each in reads.find("away").missing} == set(PLACES)


def test_the_same_read_is_made_once_for_all_who_wait(reads: SharedReads, control: DmsControl) -> None:
    control.fault("ListMigrationJobs", "SLOW", times=None, delay_seconds=0.3)
    with ThreadPoolExecutor(20) as people:
        found = [each.result() for each in [people.submit(reads.list_jobs) for _ in range(20)]]
    assert {len(each.jobs) for each in found} == {31}
    assert len(control.calls("ListMigrationJobs")) == len(PLACES)


def test_what_is_decided_on_is_read_for_it_alone(reads: SharedReads, control: DmsControl) -> None:
    control.fault("GetMigrationJob", "SLOW", times=None, delay_seconds=0.2)
    with ThreadPoolExecutor(3) as people:
        asked = [people.submit(reads.get_job, full("here-5"), fresh=True) for _ in range(3)]
        assert {each.result().id for each in asked} == {"here-5"}
    assert len(control.calls("GetMigrationJob")) == 3


def test_reads_that_hang_take_few_threads_and_no_time_from_others(
    reads: SharedReads, control: DmsControl
) -> None:
    control.fault("*", "HANG", times=None, match=at(HERE))
    clock = Clock()

    def look(number: int) -> str:
        try:
            return reads.get_job(full(f"here-{number}")).id
        except Unavailable as error:
            return str(error)

    with ThreadPoolExecutor(5) as people:
        told = [each.result() for each in [people.submit(look, number) for number in range(30)]]
    assert clock.seconds < 3 * PATIENCE_S
    assert all("DMS in europe-west1 did not answer in time" in each for each in told)
    # Five at once, then four at most on the silent gate.
    assert len(control.calls("GetMigrationJob")) <= 9
    begun = Clock()
    assert reads.get_job(full("away", AWAY)).id == "away"
    assert begun.seconds < QUICK_S


def test_a_job_is_found_without_a_wait_for_the_silent(reads: SharedReads, control: DmsControl) -> None:
    """A change needs to know whether there is another one; who looks does not."""
    control.fault("GetMigrationJob", "HANG", times=None, match=at(AWAY))
    clock = Clock()
    found = reads.find("here-1", thorough=False)
    assert clock.seconds < QUICK_S
    assert [each.id for each in found.jobs] == ["here-1"]
    assert [each.location for each in found.missing] == [AWAY]
    thorough = reads.find("here-1").missing
    assert [(each.location, each.why) for each in thorough] == [(AWAY, found.missing[0].why)]


def test_an_answer_that_comes_too_late_is_there_for_the_next(reads: SharedReads, control: DmsControl) -> None:
    control.fault("GetMigrationJob", "SLOW", times=1, delay_seconds=PATIENCE_S + 0.3)
    with pytest.raises(Unavailable, match="did not answer in time"):
        reads.get_job(full("here-2"))
    until(lambda: _is_read(reads, "here-2"))
    assert len(control.calls("GetMigrationJob")) == 1


def _is_read(reads: SharedReads, job: str) -> bool:
    try:
        return reads.get_job(full(job)).id == job
    except Unavailable:
        return False


def test_people_wait_for_less_than_three_seconds() -> None:
    """docs/architecture.md: the reads of one answer share 2.5 seconds."""
    limits = Patience()
    assert limits.answer_s == 2.5
    assert limits.others_s <= limits.silent_s < limits.read_s < limits.answer_s


def test_parts_of_one_answer_share_its_time(reads: SharedReads, control: DmsControl) -> None:
    control.fault("ListTimeSeries", "HANG", times=None)
    job = reads.get_job(full("here-3"))
    clock = Clock()
    with (
        answer_deadline.answer_within(0.2),
        pytest.raises(Unavailable, match="Cloud Monitoring did not answer"),
    ):
        reads.delay(job)
    assert clock.seconds < QUICK_S


def test_profiles_that_hang_do_not_hide_their_jobs(dms: DmsServer, gateway: Gateway) -> None:
    dms.control.fault("ListConnectionProfiles", "HANG", times=None)
    reads = SharedReads(ProjectGateways.over(gateway), Patience(read_s=5.0))
    with answer_deadline.answer_within(5.0):
        job = reads.get_job(full("here-4"))
        assert answer_deadline.left() > 1.0
    assert (job.id, job.source.host) == ("here-4", "")
    assert reads.profiles_note(job) == "they have not been read yet"
    reads.close()


def test_all_locations_at_once_are_one_answer_or_none(dms: DmsServer, control: DmsControl) -> None:
    """Without `DMS_LOCATIONS`, one call lists everything."""
    anywhere = Gateway(dms.project, (), dms.grpc_host, dms.rest_host, deadline_s=8.0)
    reads = SharedReads(ProjectGateways.over(anywhere), PATIENCE)
    until(lambda: len(reads.find("away").jobs) == 1, passing=(Unavailable,))
    control.fault("ListMigrationJobs", "HANG", times=None)
    with pytest.raises(Unavailable, match="DMS did not answer in time: no answer came in"):
        reads.find("away")
    reads.close()
    anywhere.close()


def test_a_service_that_says_why_is_quoted_even_where_it_is_no_longer_waited_for(
    reads: SharedReads, control: DmsControl
) -> None:
    control.fault("ListMigrationJobObjects", "UNAVAILABLE", times=None)
    for _ in range(2):
        with pytest.raises(Unavailable) as refused:
            reads.databases(full("here-6"))
        assert "no answer came" not in str(refused.value)
        assert "UNAVAILABLE" in str(refused.value) or "unavailable" in str(refused.value)
