"""The gateway against the local DMS: every action, over real gRPC and REST."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.config.projects import Place
from bot.dms.errors import Denied, NotFound, Refused, Unavailable, Unclear
from bot.dms.gateway import Gateway
from bot.dms.model import ObjectId, ObjectsConfig, Operation, Options, Selection
from sandbox.dms import DmsControl, DmsServer
from tests.waiting import until


@pytest.fixture(scope="module")
def server() -> Iterator[DmsServer]:
    with DmsServer(project="p", clock_factor=60.0) as started:
        yield started


@pytest.fixture
def control(server: DmsServer) -> DmsControl:
    server.control.reset()
    server.control.clock(factor=60.0)
    return server.control


@pytest.fixture
def dms(server: DmsServer) -> Iterator[Gateway]:
    gateway = Gateway(
        "p",
        ("europe-west1", "us-central1"),
        server.grpc_host,
        server.rest_host,
        deadline_s=5.0,
        write_deadline_s=3.0,
    )
    yield gateway
    gateway.close()


def ended(dms: Gateway, operation: Operation) -> Operation:
    until(lambda: dms.get_operation(operation.name).done)
    return dms.get_operation(operation.name)


def name(job: str, location: str = "europe-west1") -> str:
    return f"projects/p/locations/{location}/migrationJobs/{job}"


def an_id() -> str:
    return str(uuid.uuid4())


def test_list_find_and_get_agree(dms: Gateway, control: DmsControl) -> None:
    control.add_job("orders", labels={"env": "prod"}, source_host="10.1.2.3", frozen=True, phase="CDC")
    control.add_job(
        "billing",
        location="us-central1",
        state="FAILED",
        source_engine="MYSQL",
        destination_engine="MYSQL",
        destination_provider="CLOUDSQL",
        error="the source went away",
        frozen=True,
    )
    listed = {each.id: each for each in dms.list_jobs().jobs}
    assert set(listed) == {"orders", "billing"}
    orders, billing = listed["orders"], listed["billing"]
    assert (orders.state, orders.phase, orders.label("env")) == ("RUNNING", "CDC", "prod")
    assert orders.source.host.startswith("10.1.2.3")
    assert orders.source.engine == orders.destination.engine == "POSTGRESQL"
    assert orders.destination.provider == "ALLOYDB"
    assert orders.destination.host
    assert (billing.state, billing.destination.provider) == ("FAILED", "CLOUDSQL")
    assert billing.error is not None
    assert "the source went away" in billing.error.message
    assert dms.get_job(name("billing", "us-central1")).create_time == billing.create_time
    assert [each.location for each in dms.find("billing").jobs] == ["us-central1"]
    assert dms.find("nobody").jobs == ()


def test_filters_and_many_pages(dms: Gateway, control: DmsControl) -> None:
    control.add_many(1100, state="RUNNING", phase="CDC", frozen=True)
    control.add_job("odd", state="NOT_STARTED")
    listed = dms.list_jobs(Place(dms.project.id, "europe-west1"))
    assert (len(listed.jobs), listed.calls) == (1101, 2)
    assert [each.id for each in dms.list_jobs(filter='state = "NOT_STARTED"').jobs] == ["odd"]
    with pytest.raises(Refused):
        dms.list_jobs(filter="state ==== x")


def test_a_location_that_is_away(dms: Gateway, control: DmsControl) -> None:
    control.add_job("orders", frozen=True)
    control.location_unreachable("us-central1")
    listed = dms.list_jobs()
    assert [each.id for each in listed.jobs] == ["orders"]
    assert listed.unreachable == ("us-central1",)
    control.location_unreachable("us-central1", False)
    assert dms.list_jobs().unreachable == ()


@pytest.mark.parametrize("phase", ["READY_FOR_PROMOTE", "PHASE_FAILBACK"])
def test_phases_that_the_generated_client_does_not_know(
    dms: Gateway, control: DmsControl, phase: str
) -> None:
    control.add_job("orders", state="RUNNING", phase=phase, frozen=True)
    assert dms.get_job(name("orders")).phase == phase
    assert [each.phase for each in dms.list_jobs().jobs] == [phase]


def test_the_life_of_a_job(dms: Gateway, control: DmsControl) -> None:
    control.clock(factor=600.0)
    control.add_job("orders", state="NOT_STARTED", databases=["app"])
    began = datetime.now(UTC) - timedelta(minutes=1)

    def job_is(state: str, phase: str = "") -> bool:
        job = dms.get_job(name("orders"))
        return job.state == state and phase in ("", job.phase)

    verified = ended(dms, dms.verify(dms.get_job(name("orders"))))
    assert (verified.verb, verified.target, verified.error) == ("verify", name("orders"), None)
    started = ended(dms, dms.start(dms.get_job(name("orders"))))
    assert started.error is None
    until(lambda: job_is("RUNNING", "CDC"))
    assert ended(dms, dms.stop(dms.get_job(name("orders")))).error is None
    until(lambda: job_is("STOPPED", "CDC"))
    assert ended(dms, dms.resume(dms.get_job(name("orders")))).error is None
    until(lambda: job_is("RUNNING", "CDC"))
    assert ended(dms, dms.promote(dms.get_job(name("orders")))).error is None
    until(lambda: job_is("COMPLETED"))
    verbs = [each.verb for each in dms.operations(dms.get_job(name("orders")), began)]
    assert verbs == ["verify", "start", "stop", "resume", "promote"]
    deleted = dms.delete(dms.get_job(name("orders")), request_id=an_id(), force=False)
    assert ended(dms, deleted).error is None
    with pytest.raises(NotFound):
        dms.get_job(name("orders"))


def test_restart_of_a_failed_job(dms: Gateway, control: DmsControl) -> None:
    control.add_job("orders", state="FAILED", phase="FULL_DUMP", databases=["app"])
    assert ended(dms, dms.restart(dms.get_job(name("orders")), skip_validation=True)).error is None
    until(lambda: dms.get_job(name("orders")).state == "RUNNING")
    (destination,) = [each for each in control.destinations() if each["wiped"]]
    assert destination["wiped"] == ["app"]


def test_a_refusal_is_in_plain_words(dms: Gateway, control: DmsControl) -> None:
    control.add_job("orders", state="RUNNING", phase="CDC", frozen=True)
    with pytest.raises(Refused) as caught:
        dms.start(dms.get_job(name("orders")))
    assert caught.value.code == "FAILED_PRECONDITION"
    assert str(caught.value).startswith("DMS cannot start orders now: ")


def test_a_failed_verification_tells_what_failed(dms: Gateway, control: DmsControl) -> None:
    control.add_job("orders", state="NOT_STARTED")
    control.operation_outcome(
        "orders",
        "verify",
        error_code="FAILED_PRECONDITION",
        message="Verification failed.",
        verification_errors=[
            {
                "error_code": "INVALID_WAL_LEVEL",
                "error_message": "wal_level must be logical",
                "error_detail_message": "it is replica",
            }
        ],
    )
    done = ended(dms, dms.verify(dms.get_job(name("orders"))))
    assert done.error is not None
    assert "INVALID_WAL_LEVEL: wal_level must be logical" in done.error.message


class TestDatabases:
    def test_are_listed_with_their_errors(self, dms: Gateway, control: DmsControl) -> None:
        control.add_job(
            "orders",
            phase="CDC",
            frozen=True,
            databases=["b", {"name": "a", "state": "FAILED", "error": "no primary key"}],
        )
        a, b = dms.databases(name("orders"))
        assert (str(a.id), a.state, str(b.id), b.state) == ("a", "FAILED", "b", "RUNNING")
        assert a.error is not None
        assert "no primary key" in a.error.message

    def test_a_thousand(self, dms: Gateway, control: DmsControl) -> None:
        names = [f"db-{number:04}" for number in range(1001)]
        control.add_job("orders", phase="CDC", frozen=True, databases=names)
        assert [str(each.id) for each in dms.databases(name("orders"))] == names

    def test_restart_only_those(self, dms: Gateway, control: DmsControl) -> None:
        failed = [{"name": each, "state": "FAILED", "error": "x"} for each in ("a", "b")]
        control.add_job("orders", phase="CDC", databases=[*failed, "c"])
        assert ended(dms, dms.restart(dms.get_job(name("orders")), databases=["a"])).error is None
        until(
            lambda: [each.state for each in dms.databases(name("orders"))] == ["RUNNING", "FAILED", "RUNNING"]
        )
        assert ended(dms, dms.restart(dms.get_job(name("orders")), failed_only=True)).error is None
        until(lambda: {each.state for each in dms.databases(name("orders"))} == {"RUNNING"})
        (destination,) = [each for each in control.destinations() if each["wiped"]]
        assert destination["wiped"] == ["a", "b"]

    def test_promote_only_those(self, dms: Gateway, control: DmsControl) -> None:
        control.add_job("orders", phase="CDC", databases=["a", "b"])
        assert ended(dms, dms.promote(dms.get_job(name("orders")), databases=["b"])).error is None
        until(lambda: [each.phase for each in dms.databases(name("orders"))][1] == "PROMOTED")
        assert dms.databases(name("orders"))[0].phase != "PROMOTED"

    def test_choice_is_saved_and_nothing_else(self, dms: Gateway, control: DmsControl) -> None:
        control.add_job(
            "orders", phase="CDC", frozen=True, databases=["a", "b"], dump_parallel_level="OPTIMAL"
        )
        chosen = ObjectsConfig(Selection.SPECIFIED, (ObjectId("a"),))
        saved = dms.update(dms.get_job(name("orders")), Options(objects=chosen), request_id=an_id())
        assert ended(dms, saved).error is None
        assert dms.objects_config(name("orders")) == chosen
        assert dms.get_job(name("orders")).parallelism == "OPTIMAL"

    def test_both_at_once_and_parallelism_alone(self, dms: Gateway, control: DmsControl) -> None:
        control.add_job("orders", phase="CDC", databases=["a", "b"])
        both = dms.update(
            dms.get_job(name("orders")),
            Options(objects=ObjectsConfig(Selection.SPECIFIED, (ObjectId("b"),)), parallelism="MAX"),
            request_id=an_id(),
        )
        assert ended(dms, both).error is None
        assert dms.get_job(name("orders")).parallelism == "MAX"
        assert [str(each) for each in dms.objects_config(name("orders")).chosen] == ["b"]
        until(lambda: dms.get_job(name("orders")).state == "RUNNING")
        alone = dms.update(dms.get_job(name("orders")), Options(parallelism="MIN"), request_id=an_id())
        assert ended(dms, alone).error is None
        assert dms.get_job(name("orders")).parallelism == "MIN"
        assert [str(each) for each in dms.objects_config(name("orders")).chosen] == ["b"]

    def test_the_source_is_looked_at_anew(self, dms: Gateway, control: DmsControl) -> None:
        control.add_job("orders", phase="CDC", frozen=True, databases=["a"])
        control.set_job("orders", source_databases=["a", "new"])
        assert ended(dms, dms.fetch_source_objects(name("orders"))).error is None
        assert {str(each.id) for each in dms.databases(name("orders"))} == {"a", "new"}


class TestUnclear:
    """The change was made, but the answer got lost."""

    @pytest.mark.parametrize("kind", ["UNAVAILABLE", "INTERNAL", "UNKNOWN", "DISCONNECT", "HANG"])
    def test_a_stop_is_sent_once(self, dms: Gateway, control: DmsControl, kind: str) -> None:
        control.add_job("orders", phase="CDC")
        job = dms.get_job(name("orders"))
        began = datetime.now(UTC) - timedelta(minutes=1)
        control.fault("StopMigrationJob", kind, times=5, after_apply=True)
        with pytest.raises(Unclear):
            dms.stop(job)
        assert len(control.calls("StopMigrationJob")) == 1
        assert [each.verb for each in dms.operations(job, began)] == ["stop"]
        control.clear_faults()

    @pytest.mark.parametrize("kind", ["UNAVAILABLE", "DISCONNECT"])
    def test_a_delete_is_repeated_under_its_id(self, dms: Gateway, control: DmsControl, kind: str) -> None:
        control.add_job("orders", state="COMPLETED")
        job = dms.get_job(name("orders"))
        control.fault("DeleteMigrationJob", kind, times=1, after_apply=True)
        assert ended(dms, dms.delete(job, request_id=an_id(), force=False)).error is None
        calls = control.calls("DeleteMigrationJob")
        assert len(calls) == 2
        with pytest.raises(NotFound):
            dms.get_job(name("orders"))


class TestDelay:
    def test_of_a_job_in_cdc(self, dms: Gateway, control: DmsControl) -> None:
        control.add_job("orders", phase="CDC", frozen=True, sec_lag=12, bytes_lag=3400, in_phase_for=7200)
        job = dms.get_job(name("orders"))
        delay = dms.delay(job)
        seconds, size = delay.seconds.of(), delay.bytes.of()
        assert seconds is not None
        assert size is not None
        assert (seconds.value, size.value) == (12.0, 3400.0)
        times = [each.time for each in delay.seconds.points]
        assert times == sorted(times)
        day = dms.delay(job, hours=24).seconds.of()
        assert day is not None
        assert day.value == 12.0

    def test_no_figures_of_another_project_s_job(self, dms: Gateway, control: DmsControl) -> None:
        """ "Monitoring filters", selector `project`: a scoping project sees those of others, too."""
        control.add_project("staging", "europe-west1")
        for project, seconds in (("p", 900), ("staging", 0)):
            fields = {"phase": "CDC", "frozen": True, "databases": ["sales"], "in_phase_for": 7200}
            control.add_job("orders", project=project, sec_lag=seconds, **fields)
        control.metrics_scope("p", "staging")
        job = dms.get_job(name("orders"))
        found = dms.drain_samples(job, datetime.now(UTC) - timedelta(minutes=10))
        assert {each.value for each in found.seconds["sales"]} == {900}
        assert {each.value for each in dms.delay(job).seconds.points} == {900}

    def test_without_access(self, dms: Gateway, control: DmsControl) -> None:
        control.add_job("orders", phase="CDC", frozen=True)
        control.monitoring(False)
        with pytest.raises(Denied):
            dms.delay(dms.get_job(name("orders")))
        assert dms.get_job(name("orders")).state == "RUNNING"


def test_permissions(dms: Gateway, control: DmsControl) -> None:
    control.add_job("orders", frozen=True)
    wanted = ("datamigration.migrationjobs.start", "datamigration.migrationjobs.delete")
    assert dms.permissions(name("orders"), wanted) == set(wanted)
    control.permissions(["datamigration.migrationjobs.start"])
    assert dms.permissions(name("orders"), wanted) == {"datamigration.migrationjobs.start"}


def test_a_read_gets_over_a_moment_of_trouble(dms: Gateway, control: DmsControl) -> None:
    control.add_job("orders", frozen=True)
    control.fault("GetMigrationJob", "UNAVAILABLE", times=1)
    assert dms.get_job(name("orders")).id == "orders"
    control.fault("GetMigrationJob", "UNAVAILABLE", times=None)
    with pytest.raises(Unavailable):
        dms.get_job(name("orders"))
    control.clear_faults()
