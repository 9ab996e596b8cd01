"""Lists, endpoints, new numbers, operations, delay: what the gateway makes of a server's answers."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.cloud.monitoring_v3.types import metric_service
from google.iam.v1 import iam_policy_pb2
from google.longrunning import operations_pb2
from structlog.testing import capture_logs

from bot.config.projects import Place
from bot.dms.errors import Denied, NotFound, Refused, Unavailable
from bot.dms.gateway import Gateway
from bot.dms.model import DelayPoint, Endpoint, Job, ObjectId
from bot.dms.port import Dms
from tests.dms import discovery
from tests.dms.fake_service import (
    FakeService,
    JobPb,
    JobsPb,
    MetadataPb,
    ProfilePb,
    ProfilesPb,
    RestRequest,
)
from tests.ports import closed_port
from tests.waiting import until

TimeSeriesPb = metric_service.ListTimeSeriesResponse.pb()
SINCE = datetime(2026, 1, 2, tzinfo=UTC)


def job_name(job: str, location: str = "l") -> str:
    return f"projects/p/locations/{location}/migrationJobs/{job}"


def profile_name(profile: str, location: str = "l") -> str:
    return f"projects/p/locations/{location}/connectionProfiles/{profile}"


def message(job: str, location: str = "l", **fields: Any) -> Any:
    made = JobPb(name=job_name(job, location), **{"state": 5, "phase": 2, **fields})
    made.create_time.FromDatetime(SINCE)
    return JobPb.FromString(made.SerializeToString())


def location_of(request: Any) -> str:
    return str(request.parent.rpartition("/")[2])


def abort(code: str, text: str = "because of this") -> Callable[[Any, Any], Any]:
    def answer(_request: Any, context: grpc.ServicerContext) -> Any:
        context.abort(grpc.StatusCode[code], text)

    return answer


def made(far: FakeService, *locations: str, deadline_s: float = 60.0, **options: Any) -> Gateway:
    return Gateway("p", locations, far.host, far.rest_host, deadline_s=deadline_s, **options)


def test_a_gateway_is_what_the_bot_asks_for(gateway: Gateway) -> None:
    dms: Dms = gateway
    assert [each.parent for each in dms.projects.places] == ["projects/p/locations/l"]


class TestLists:
    def test_all_pages_of_all_locations(self, far: FakeService) -> None:
        def page(request: Any, _context: Any) -> Any:
            location = location_of(request)
            if request.page_token:
                return JobsPb(migration_jobs=[message("second", location)])
            return JobsPb(migration_jobs=[message("first", location)], next_page_token="2")

        far.on("ListMigrationJobs", page)
        gateway = made(far, "a", "b", "c")
        listed = gateway.list_jobs()
        assert [(each.location, each.id) for each in listed.jobs] == [
            (location, job) for location in ("a", "b", "c") for job in ("first", "second")
        ]
        assert (listed.unreachable, listed.calls) == ((), 6)
        assert len(far.asked("ListMigrationJobs")) == 6
        assert {each.page_size for each in far.asked("ListMigrationJobs")} == {1000}
        gateway.close()

    def test_one_location_and_a_filter(self, far: FakeService) -> None:
        far.on("ListMigrationJobs", lambda request, context: JobsPb())
        gateway = made(far, "a", "b")
        assert gateway.list_jobs(Place("p", "b"), 'state = "RUNNING"').calls == 1
        (request,) = far.asked("ListMigrationJobs")
        assert (location_of(request), request.filter) == ("b", 'state = "RUNNING"')
        gateway.close()

    @pytest.mark.parametrize("code", ["UNAVAILABLE", "DEADLINE_EXCEEDED", "NOT_FOUND", "INTERNAL"])
    def test_a_location_that_is_away_is_named(self, far: FakeService, code: str) -> None:
        def page(request: Any, context: Any) -> Any:
            if location_of(request) == "b":
                abort(code)(request, context)
            return JobsPb(migration_jobs=[message("x", location_of(request))])

        far.on("ListMigrationJobs", page)
        gateway = made(far, "a", "b", "c")
        listed = gateway.list_jobs()
        assert [each.location for each in listed.jobs] == ["a", "c"]
        assert listed.unreachable == ("b",)
        assert listed.calls == len(far.asked("ListMigrationJobs")) == 3
        gateway.close()

    def test_the_service_s_own_unreachable_and_all_locations_at_once(self, far: FakeService) -> None:
        far.on(
            "ListMigrationJobs",
            lambda request, context: JobsPb(
                migration_jobs=[message("x", "a")], unreachable=["projects/p/locations/b", "c"]
            ),
        )
        gateway = made(far)
        listed = gateway.list_jobs()
        assert [each.location for each in listed.jobs] == ["a"]
        assert (listed.unreachable, listed.calls) == (("b", "c"), 1)
        assert [location_of(each) for each in far.asked("ListMigrationJobs")] == ["-"]
        gateway.close()

    def test_all_locations_away_is_no_error_but_all_at_once_is(self, far: FakeService) -> None:
        far.on("ListMigrationJobs", abort("UNAVAILABLE"))
        some, unset = made(far, "a", "b"), made(far)
        assert some.list_jobs().unreachable == ("a", "b")
        with pytest.raises(Unavailable):
            unset.list_jobs()
        some.close()
        unset.close()

    @pytest.mark.parametrize(("code", "kind"), [("PERMISSION_DENIED", Denied), ("INVALID_ARGUMENT", Refused)])
    def test_what_concerns_every_location_is_raised(
        self, far: FakeService, code: str, kind: type[Exception]
    ) -> None:
        far.on("ListMigrationJobs", abort(code))
        gateway = made(far, "a", "b")
        with pytest.raises(kind, match="because of this"):
            gateway.list_jobs()
        gateway.close()

    def test_changes_are_seen_and_the_rest_is_the_same(self, far: FakeService) -> None:
        state = {"x": 5, "y": 5}

        def page(_request: Any, _context: Any) -> Any:
            return JobsPb(migration_jobs=[message(job, state=number) for job, number in state.items()])

        far.on("ListMigrationJobs", page)
        gateway = made(far, "l")
        first = gateway.list_jobs().jobs
        assert gateway.list_jobs().jobs == first
        state["y"] = 10
        assert [each.state for each in gateway.list_jobs().jobs] == ["RUNNING", "STOPPED"]
        del state["x"]
        assert [(each.id, each.state) for each in gateway.list_jobs().jobs] == [("y", "STOPPED")]
        state["x"] = 6
        assert sorted((each.id, each.state) for each in gateway.list_jobs().jobs) == [
            ("x", "FAILED"),
            ("y", "STOPPED"),
        ]
        gateway.close()

    def test_what_did_not_change_is_the_very_same_object(self, far: FakeService) -> None:
        pages = {"": ([message("a"), message("b")], "2"), "2": ([message("c")], "")}

        def page(request: Any, _context: Any) -> Any:
            jobs, token = pages[request.page_token]
            return JobsPb(migration_jobs=jobs, next_page_token=token)

        far.on("ListMigrationJobs", page)
        gateway = made(far, "l")
        first = gateway.list_jobs().jobs
        pages[""] = ([message("new"), message("a"), message("b", state=6)], "2")
        new, a, b, c = gateway.list_jobs().jobs
        assert (new.id, b.id, b.state) == ("new", "b", "FAILED")
        assert a is first[0]
        assert c is first[2]
        assert gateway.list_jobs(filter="x = 1").jobs[1] is a
        gateway.close()

    def test_an_answer_that_is_none_makes_the_location_unreachable(self, far: FakeService) -> None:
        class Garbage:
            def SerializeToString(self) -> bytes:
                return b"\xff\xff\xff"

        far.on("ListMigrationJobs", lambda request, context: Garbage())
        gateway = made(far, "l")
        assert gateway.list_jobs().unreachable == ("l",)
        gateway.close()

    def test_the_service_is_told_where_the_request_belongs(self, far: FakeService) -> None:
        headers: dict[str, str] = {}

        def page(_request: Any, context: grpc.ServicerContext) -> Any:
            headers.update((key, str(value)) for key, value in context.invocation_metadata())
            return JobsPb()

        far.on("ListMigrationJobs", page)
        gateway = made(far, "l")
        gateway.list_jobs()
        assert headers["x-goog-request-params"] == "parent=projects/p/locations/l"
        assert "gapic/" in headers["x-goog-api-client"]
        gateway.close()

    def test_a_thousand_jobs_a_page(self, far: FakeService) -> None:
        jobs = [message(f"job-{number}") for number in range(1000)]
        far.on("ListMigrationJobs", lambda request, context: JobsPb(migration_jobs=jobs))
        gateway = made(far, "l")
        assert [each.id for each in gateway.list_jobs().jobs] == [f"job-{number}" for number in range(1000)]
        gateway.close()


class TestFind:
    def test_in_every_location(self, far: FakeService) -> None:
        there = {"a": None, "b": message("x", "b"), "c": message("x", "c")}

        def get(request: Any, context: Any) -> Any:
            found = there[request.name.split("/")[3]]
            if found is None:
                abort("NOT_FOUND")(request, context)
            return found

        far.on("GetMigrationJob", get)
        gateway = made(far, "a", "b", "c")
        found = gateway.find("x")
        assert [each.location for each in found.jobs] == ["b", "c"]
        assert (found.unreachable, found.calls) == ((), 3)
        gateway.close()

    def test_a_location_that_is_away_is_named(self, far: FakeService) -> None:
        def get(request: Any, context: Any) -> Any:
            abort("NOT_FOUND" if "/a/" in request.name else "INTERNAL")(request, context)

        far.on("GetMigrationJob", get)
        gateway = made(far, "a", "b")
        assert (gateway.find("x").jobs, gateway.find("x").unreachable) == ((), ("b",))
        gateway.close()

    def test_without_the_permission_it_says_so(self, far: FakeService) -> None:
        far.on("GetMigrationJob", abort("PERMISSION_DENIED"))
        gateway = made(far, "a", "b")
        with pytest.raises(Denied):
            gateway.find("x")
        gateway.close()

    def test_in_all_locations_at_once(self, far: FakeService) -> None:
        jobs = [message("x", "a"), message("y", "a"), message("x", "b")]
        far.on("ListMigrationJobs", lambda request, context: JobsPb(migration_jobs=jobs, unreachable=["c"]))
        gateway = made(far)
        found = gateway.find("x")
        assert [each.location for each in found.jobs] == ["a", "b"]
        assert found.unreachable == ("c",)
        gateway.close()


class TestEndpoints:
    @pytest.fixture
    def page(self, far: FakeService) -> list[Any]:
        """The location's jobs, which a test changes as it goes."""
        jobs = [message("x", source=profile_name("src"), destination=profile_name("dst"))]
        far.on("ListMigrationJobs", lambda request, context: JobsPb(migration_jobs=jobs))
        return jobs

    @staticmethod
    def profiles(*extra: Any) -> Any:
        source = ProfilePb(name=profile_name("src"), mysql={"host": "10.0.0.1", "port": 3306}, provider=2)
        destination = ProfilePb(name=profile_name("dst"), alloydb={"cluster_id": "orders"})
        return ProfilesPb(connection_profiles=[source, destination, *extra])

    def test_are_resolved_with_one_list_call(self, far: FakeService, page: list[Any]) -> None:
        far.on("ListConnectionProfiles", lambda request, context: self.profiles())
        gateway = made(far, "l")
        for _ in range(3):
            (job,) = gateway.list_jobs().jobs
            assert job.source == Endpoint(profile_name("src"), "MYSQL", "RDS", "10.0.0.1:3306")
            assert job.destination == Endpoint(profile_name("dst"), "POSTGRESQL", "ALLOYDB", "orders")
        far.on("GetMigrationJob", lambda request, context: page[0])
        assert gateway.get_job(job_name("x")) == job
        assert len(far.asked("ListConnectionProfiles")) == 1
        gateway.close()

    def test_all_who_miss_a_profile_at_once_wait_for_it(self, far: FakeService, page: list[Any]) -> None:
        go_on = threading.Event()

        def slowly(_request: Any, _context: Any) -> Any:
            assert go_on.wait(60)
            return self.profiles()

        far.on("ListConnectionProfiles", slowly)
        far.on("GetMigrationJob", lambda request, context: page[0])
        gateway = made(far, "l")
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(gateway.get_job, job_name("x")) for _ in range(4)]
            until(lambda: len(far.asked("GetMigrationJob")) == 4)
            go_on.set()
            assert {each.result().destination.host for each in asked} == {"orders"}
        assert len(far.asked("ListConnectionProfiles")) == 1
        gateway.close()

    def test_a_new_profile_is_looked_for_once(self, far: FakeService, page: list[Any]) -> None:
        far.on("ListConnectionProfiles", lambda request, context: self.profiles())
        gateway = made(far, "l")
        gateway.list_jobs()
        newer = ProfilePb(name=profile_name("new"), mysql={"host": "10.9.9.9"})
        far.on("ListConnectionProfiles", lambda request, context: self.profiles(newer))
        page.append(message("y", source=profile_name("new"), destination=profile_name("gone")))
        for _ in range(3):
            listed = gateway.list_jobs().jobs
        assert listed[1].source.host == "10.9.9.9"
        assert listed[1].destination == Endpoint(profile_name("gone"))
        assert len(far.asked("ListConnectionProfiles")) == 2
        gateway.close()

    def test_however_many_are_gone_they_are_looked_for_once(self, far: FakeService, page: list[Any]) -> None:
        """More than are kept of those that were asked for before."""
        far.on("ListConnectionProfiles", lambda request, context: self.profiles())
        gateway = made(far, "l")
        gone = [message(f"j{n}", source=profile_name(f"gone{n}")) for n in range(1200)]
        page[:] = gone
        for _ in range(3):
            assert len(gateway.list_jobs().jobs) == 1200
        assert len(far.asked("ListConnectionProfiles")) == 1
        page[:] = [message("last", source=profile_name("gone"))]
        for _ in range(3):
            gateway.list_jobs()
        assert len(far.asked("ListConnectionProfiles")) == 2
        page[:] = gone
        for _ in range(3):
            gateway.list_jobs()
        assert len(far.asked("ListConnectionProfiles")) == 3, "the oldest were forgotten, and are known again"
        gateway.close()

    def test_endpoints_of_profiles_that_are_gone_are_not_kept_for_good(
        self, far: FakeService, page: list[Any]
    ) -> None:
        far.on("ListConnectionProfiles", lambda request, context: self.profiles())
        gateway = made(far, "l")
        for turn in range(4):
            page[:] = [message(f"j{n}", source=profile_name(f"gone{turn}-{n}")) for n in range(1200)]
            gateway.list_jobs()
        kept = {each.profile for each in gc.get_objects() if isinstance(each, Endpoint)}
        assert profile_name("gone3-0") in kept
        assert profile_name("gone0-0") not in kept
        gateway.close()

    def test_a_cluster_that_grpc_cannot_name_comes_from_rest(self, far: FakeService, page: list[Any]) -> None:
        """REST schema `PostgreSqlConnectionProfile.alloydbClusterId`, which `google-cloud-dms` lacks."""
        cluster = ProfilePb(name=profile_name("dst"), postgresql={"host": "10.0.0.5", "port": 5432})
        cluster.postgresql.MergeFromString(b"\x9a\x06\x06orders")  # field 99
        far.on("ListConnectionProfiles", lambda request, context: self.profiles(cluster))
        body = {"name": profile_name("dst"), "postgresql": {"alloydbClusterId": "orders", "host": "10.0.0.5"}}
        answers: list[tuple[int, Any]] = [(503, {}), (200, {"connectionProfiles": [body]}), (503, {})]
        far.rest["GET projects/p/locations/l/connectionProfiles"] = lambda request: answers.pop(0)
        page[:] = [message("x", destination=profile_name("dst"), destination_database={"engine": 2})]
        gateway = made(far, "l", profile_ttl_s=0.0)
        by_grpc = Endpoint(profile_name("dst"), "POSTGRESQL", "", "10.0.0.5:5432")
        by_rest = Endpoint(profile_name("dst"), "POSTGRESQL", "ALLOYDB", "orders")
        found = [gateway.list_jobs().jobs[0].destination for _ in range(3)]
        assert found == [by_grpc, by_rest, by_rest], "what REST said last counts while it does not answer"
        assert answers == []
        gateway.close()

    def test_a_list_without_some_profiles_makes_none_unknown(self, far: FakeService, page: list[Any]) -> None:
        """`ListConnectionProfilesResponse.unreachable`: locations that could not be reached."""
        far.on("ListConnectionProfiles", lambda request, context: self.profiles())
        gateway = made(far, "l", profile_ttl_s=0.0)
        assert gateway.list_jobs().jobs[0].destination.host == "orders"
        part = ProfilesPb(unreachable=["projects/p/locations/l"])
        far.on("ListConnectionProfiles", lambda request, context: part)
        for _ in range(2):
            assert gateway.list_jobs().jobs[0].destination.host == "orders"
        assert len(far.asked("ListConnectionProfiles")) == 2
        gateway.close()

    def test_what_a_list_without_some_profiles_has_counts(self, far: FakeService, page: list[Any]) -> None:
        listed = ProfilesPb(
            connection_profiles=[
                ProfilePb(name=profile_name("src"), mysql={"host": "10.0.0.2", "port": 3306})
            ],
            unreachable=["projects/p/locations/l"],
        )
        far.on("ListConnectionProfiles", lambda request, context: listed)
        gateway = made(far, "l")
        (job,) = gateway.list_jobs().jobs
        assert (job.source.host, job.destination.host) == ("10.0.0.2:3306", "")
        assert "in part only" in gateway.profiles_note(job)
        gateway.close()

    def test_a_profile_by_the_number_of_the_project(self, far: FakeService, page: list[Any]) -> None:
        """AIP-2510: a job has its profiles as whoever created it sent them."""
        far.on("ListConnectionProfiles", lambda request, context: self.profiles())
        page[:] = [message("x", source=profile_name("src").replace("/p/", "/1234567890/"))]
        gateway = made(far, "l")
        (job,) = gateway.list_jobs().jobs
        assert (job.source.profile, job.source.host) == (profile_name("src"), "10.0.0.1:3306")
        assert gateway.profiles_note(job) == ""
        gateway.close()

    def test_a_profile_that_changed_is_seen_after_its_time(self, far: FakeService, page: list[Any]) -> None:
        far.on("ListConnectionProfiles", lambda request, context: self.profiles())
        gateway = made(far, "l", profile_ttl_s=0.0)
        assert gateway.list_jobs().jobs[0].source.host == "10.0.0.1:3306"
        moved = ProfilePb(name=profile_name("src"), mysql={"host": "10.0.0.2"})
        far.on("ListConnectionProfiles", lambda request, context: ProfilesPb(connection_profiles=[moved]))
        assert gateway.list_jobs().jobs[0].source.host == "10.0.0.2"
        gateway.close()

    @pytest.mark.parametrize(("fresh_s", "host"), [(0.0, "other"), (30.0, "orders")])
    def test_a_change_is_based_on_profiles_that_were_read_lately(
        self, far: FakeService, page: list[Any], fresh_s: float, host: str
    ) -> None:
        far.on("ListConnectionProfiles", lambda request, context: self.profiles())
        far.on("GetMigrationJob", lambda request, context: page[0])
        gateway = made(far, "l", fresh_profiles_s=fresh_s)
        assert gateway.get_job(job_name("x")).destination.host == "orders"
        moved = ProfilePb(name=profile_name("dst"), alloydb={"cluster_id": "other"})
        far.on("ListConnectionProfiles", lambda request, context: ProfilesPb(connection_profiles=[moved]))
        assert gateway.get_job(job_name("x")).destination.host == "orders"
        assert gateway.get_job(job_name("x"), fresh=True).destination.host == host
        gateway.close()

    def test_without_profiles_the_jobs_are_there_all_the_same(
        self, far: FakeService, page: list[Any]
    ) -> None:
        far.on("ListConnectionProfiles", abort("PERMISSION_DENIED"))
        page[:] = [message("x", source=profile_name("src"), source_database={"engine": 1, "provider": 3})]
        gateway = made(far, "l")
        for _ in range(3):
            (job,) = gateway.list_jobs().jobs
            assert job.source == Endpoint(profile_name("src"), "MYSQL", "AURORA")
        assert len(far.asked("ListConnectionProfiles")) == 1
        gateway.close()

    def test_an_answer_that_nobody_can_read_is_a_line_in_the_log_and_a_reason(
        self, far: FakeService, page: list[Any]
    ) -> None:
        newer = ProfilePb(name=profile_name("src"), provider=77, mysql={"host": "10.0.0.1"})
        far.on("ListConnectionProfiles", lambda request, context: ProfilesPb(connection_profiles=[newer]))
        unreadable = {"name": profile_name("src"), "provider": "NEW", "cloudsql": {"settings": "none"}}
        far.rest["GET projects/p/locations/l/connectionProfiles"] = lambda request: (
            200,
            {"connectionProfiles": [unreadable]},
        )
        gateway = made(far, "l")
        with capture_logs() as log:
            (job,) = gateway.list_jobs().jobs
        assert gateway.profiles_note(job) == "an error in the bot (AttributeError)"
        errors = [(each["event"], each["location"]) for each in log if each["log_level"] == "error"]
        assert errors == [("connection_profiles_error", "l")]
        gateway.close()

    def test_sql_server_and_newer_providers_come_from_rest(self, far: FakeService, page: list[Any]) -> None:
        odd = ProfilePb(name=profile_name("mssql"))
        azure = ProfilePb.FromString(
            ProfilePb(name=profile_name("azure"), provider=5, mysql={"host": "h"}).SerializeToString()
        )
        far.on("ListConnectionProfiles", lambda request, context: self.profiles(odd, azure))
        bodies = [
            {"name": profile_name("mssql"), "sqlserver": {"host": "mssql", "port": 1433}},
            {"name": profile_name("azure"), "provider": "AZURE_DATABASE", "mysql": {"host": "h", "port": 1}},
        ]

        def rest_page(request: RestRequest) -> tuple[int, Any]:
            at = int(request.query.get("pageToken", "0"))
            more = {"nextPageToken": str(at + 1)} if at + 1 < len(bodies) else {}
            body = {"connectionProfiles": bodies[at : at + 1], **more}
            discovery.check("ListConnectionProfilesResponse", body)
            return 200, body

        far.rest["GET projects/p/locations/l/connectionProfiles"] = rest_page
        page[:] = [message("x", source=profile_name("mssql"), destination=profile_name("azure"))]
        gateway = made(far, "l")
        (job,) = gateway.list_jobs().jobs
        assert job.source == Endpoint(profile_name("mssql"), "SQLSERVER", "", "mssql:1433")
        assert job.destination == Endpoint(profile_name("azure"), "MYSQL", "AZURE_DATABASE", "h:1")
        gateway.close()


class TestNewNumbers:
    """Enum numbers that the generated client has never heard of."""

    @staticmethod
    def serve(far: FakeService, number: int, name: Any) -> None:
        far.on("GetMigrationJob", lambda request, context: message("x", phase=number))
        far.on(
            "ListMigrationJobs",
            lambda request, context: JobsPb(
                migration_jobs=[message("x", phase=number), message("y", phase=number), message("z")]
            ),
        )
        body = {"name": job_name("x"), "state": "RUNNING", "phase": name}
        far.rest[f"GET {job_name('x')}"] = lambda request: (200, body)

    def test_the_name_is_learned_from_rest_once(self, gateway: Gateway, far: FakeService) -> None:
        self.serve(far, 6, "READY_FOR_PROMOTE")
        assert gateway.get_job(job_name("x")).phase == "READY_FOR_PROMOTE"
        for _ in range(3):
            phases = [each.phase for each in gateway.list_jobs().jobs]
            assert phases == ["READY_FOR_PROMOTE", "READY_FOR_PROMOTE", "CDC"]
        assert len(far.rest_calls) == 1

    def test_the_list_learns_too(self, gateway: Gateway, far: FakeService) -> None:
        self.serve(far, 9, "PHASE_FAILBACK")
        assert [each.phase for each in gateway.list_jobs().jobs][:2] == ["PHASE_FAILBACK"] * 2
        assert len(far.rest_calls) == 1

    def test_all_who_meet_it_at_once_get_the_name(self, gateway: Gateway, far: FakeService) -> None:
        self.serve(far, 6, "READY_FOR_PROMOTE")
        met, go_on = threading.Event(), threading.Event()
        body = {"name": job_name("x"), "phase": "READY_FOR_PROMOTE"}

        def slowly(_request: Any) -> Any:
            met.set()
            assert go_on.wait(60)
            return 200, body

        far.rest[f"GET {job_name('x')}"] = slowly
        with ThreadPoolExecutor(4) as pool:
            first = pool.submit(gateway.get_job, job_name("x"))
            assert met.wait(60)
            others = [pool.submit(gateway.get_job, job_name("x")) for _ in range(3)]
            until(lambda: len(far.asked("GetMigrationJob")) == 4)
            go_on.set()
            assert {each.result().phase for each in (first, *others)} == {"READY_FOR_PROMOTE"}
        assert len(far.rest_calls) == 1

    @pytest.mark.parametrize("answer", [(403, {}), (500, b"oops"), (200, b"oops"), (200, {})])
    def test_without_rest_the_number_is_shown(self, gateway: Gateway, far: FakeService, answer: Any) -> None:
        self.serve(far, 7, "UNUSED")
        far.rest[f"GET {job_name('x')}"] = lambda request: answer
        for _ in range(3):
            assert [each.phase for each in gateway.list_jobs().jobs] == ["PHASE_7", "PHASE_7", "CDC"]
        assert gateway.get_job(job_name("x")).phase == "PHASE_7"
        assert len(far.rest_calls) == 1

    def test_without_a_rest_server_the_number_is_shown(self, far: FakeService) -> None:
        self.serve(far, 7, "UNUSED")
        with closed_port() as port:
            gateway = Gateway("p", ("l",), far.host, f"127.0.0.1:{port}")
            assert gateway.get_job(job_name("x")).phase == "PHASE_7"
            gateway.close()

    @pytest.mark.parametrize(
        ("updated", "phase"),
        [
            ("2026-03-01T12:00:00.123456789Z", "PHASE_FAILBACK"),
            ("2026-03-01T12:00:01.123456789Z", "PHASE_6"),
            (None, "PHASE_6"),
        ],
    )
    def test_a_job_that_moved_on_teaches_nothing_wrong(
        self, gateway: Gateway, far: FakeService, updated: str | None, phase: str
    ) -> None:
        job = message("x", phase=6)
        job.update_time.FromJsonString("2026-03-01T12:00:00.123456789Z")
        far.on("GetMigrationJob", lambda request, context: job)
        body = {"name": job_name("x"), "phase": "PHASE_FAILBACK", "updateTime": updated}
        far.rest[f"GET {job_name('x')}"] = lambda request: (200, body)
        assert gateway.get_job(job_name("x")).phase == phase
        assert len(far.rest_calls) == len(far.asked("GetMigrationJob")) == 1

    def test_a_name_that_belongs_to_another_number_is_not_taken(
        self, gateway: Gateway, far: FakeService
    ) -> None:
        self.serve(far, 6, "CDC")
        assert gateway.get_job(job_name("x")).phase == "PHASE_6"

    def test_every_kind_of_number(self, gateway: Gateway, far: FakeService) -> None:
        odd = message(
            "x",
            state=40,
            phase=41,
            type_=42,
            performance_config={"dump_parallel_level": 43},
            source_database={"engine": 44, "provider": 45},
            destination_database={"engine": 46, "provider": 47},
        )
        far.on("GetMigrationJob", lambda request, context: odd)
        job = gateway.get_job(job_name("x"))
        assert (job.state, job.phase, job.type) == ("STATE_40", "PHASE_41", "TYPE_42")
        assert job.parallelism == "DUMP_PARALLEL_LEVEL_43"
        assert (job.source.engine, job.source.provider) == ("ENGINE_44", "PROVIDER_45")
        assert (job.destination.engine, job.destination.provider) == ("ENGINE_46", "PROVIDER_47")


class TestDatabases:
    def test_all_pages_in_name_order(self, gateway: Gateway, far: FakeService) -> None:
        pages = {"": (["users", "orders"], "2"), "2": (["audit"], "")}

        def page(request: RestRequest) -> tuple[int, Any]:
            names, more = pages[request.query.get("pageToken", "")]
            assert set(request.query) <= set(discovery.method("migrationJobs.objects.list")["parameters"])
            objects = [
                {
                    "name": f"{job_name('x')}/objects/{each}",
                    "sourceObject": {"type": "DATABASE", "database": each},
                    "state": "RUNNING",
                }
                for each in names
            ]
            body = {"migrationJobObjects": objects, "nextPageToken": more}
            discovery.check("ListMigrationJobObjectsResponse", body)
            return 200, body

        far.rest[f"GET {job_name('x')}/objects"] = page
        assert [str(each.id) for each in gateway.databases(job_name("x"))] == ["audit", "orders", "users"]
        assert [each.query["pageSize"] for each in far.rest_calls] == ["1000", "1000"]

    def test_none(self, gateway: Gateway, far: FakeService) -> None:
        far.rest[f"GET {job_name('x')}/objects"] = lambda request: (200, {})
        assert gateway.databases(job_name("x")) == ()

    def test_looking_at_the_source_is_a_get(self, gateway: Gateway, far: FakeService) -> None:
        assert discovery.method("migrationJobs.fetchSourceObjects")["httpMethod"] == "GET"
        far.rest[f"GET {job_name('x')}:fetchSourceObjects"] = lambda request: (
            200,
            {"name": "o", "done": True},
        )
        assert gateway.fetch_source_objects(job_name("x")).done

    def test_a_read_is_tried_again_for_a_moment(self, gateway: Gateway, far: FakeService) -> None:
        answers = [(503, {}), (200, {"name": job_name("x")})]
        far.rest[f"GET {job_name('x')}"] = lambda request: answers.pop(0)
        assert gateway.objects_config(job_name("x")).chosen == ()

    def test_and_then_given_up_with_the_service_s_words(self, gateway: Gateway, far: FakeService) -> None:
        far.rest[f"GET {job_name('x')}"] = lambda request: (503, {"error": {"message": "come back later"}})
        with pytest.raises(Unavailable, match="come back later"):
            gateway.objects_config(job_name("x"))


def operation(name: str, target: str, at: datetime) -> operations_pb2.Operation:
    made = operations_pb2.Operation(name=name)
    about = MetadataPb(verb="stop", target=target)
    about.create_time.FromDatetime(at)
    made.metadata.Pack(about)
    return made


class TestOperations:
    job = Job(name=job_name("x"), create_time=SINCE, state="RUNNING")

    def test_those_of_the_job_since_then_oldest_first(self, gateway: Gateway, far: FakeService) -> None:
        minute = timedelta(minutes=1)
        listed = [
            operation("newer", job_name("x"), SINCE + 2 * minute),
            operation("other", job_name("y"), SINCE + minute),
            operation("at", job_name("x"), SINCE),
            operation("before", job_name("x"), SINCE - minute),
        ]
        far.on(
            "ListOperations",
            lambda request, context: operations_pb2.ListOperationsResponse(operations=listed),
        )
        assert [each.name for each in gateway.operations(self.job, SINCE)] == ["at", "newer"]
        (request,) = far.asked("ListOperations")
        assert request.name == "projects/p/locations/l"

    def test_stops_at_a_page_that_is_old(self, gateway: Gateway, far: FakeService) -> None:
        def page(request: Any, _context: Any) -> Any:
            at = int(request.page_token or "0")
            times = [SINCE - timedelta(hours=at - 1, minutes=minutes) for minutes in (0, 10)]
            return operations_pb2.ListOperationsResponse(
                operations=[operation(f"{at}-{each}", job_name("x"), each) for each in times],
                next_page_token=str(at + 1),
            )

        far.on("ListOperations", page)
        assert len(gateway.operations(self.job, SINCE)) == 3
        assert len(far.asked("ListOperations")) == 3

    def test_reads_all_where_the_order_is_not_newest_first(self, gateway: Gateway, far: FakeService) -> None:
        old = [operation("old", job_name("x"), SINCE - timedelta(hours=each)) for each in (3, 1)]
        new = [operation("new", job_name("x"), SINCE + timedelta(hours=1))]

        def page(request: Any, _context: Any) -> Any:
            if request.page_token:
                return operations_pb2.ListOperationsResponse(operations=new)
            return operations_pb2.ListOperationsResponse(operations=old, next_page_token="2")

        far.on("ListOperations", page)
        assert [each.name for each in gateway.operations(self.job, SINCE)] == ["new"]

    def test_an_endless_list_is_not_taken_for_an_answer(self, gateway: Gateway, far: FakeService) -> None:
        page = operations_pb2.ListOperationsResponse(next_page_token="again")
        far.on("ListOperations", lambda request, context: page)
        with pytest.raises(Unavailable, match="same page token"):
            gateway.operations(self.job, SINCE)
        assert len(far.asked("ListOperations")) == 2

    def test_one(self, gateway: Gateway, far: FakeService) -> None:
        far.on("GetOperation", lambda request, context: operation(request.name, job_name("x"), SINCE))
        assert gateway.get_operation("projects/p/locations/l/operations/o").target == job_name("x")
        far.on("GetOperation", abort("NOT_FOUND", "no such operation"))
        with pytest.raises(NotFound, match="no such operation"):
            gateway.get_operation("projects/p/locations/l/operations/o")


NOW = datetime.now(UTC).replace(microsecond=0)
Samples = dict[str, list[tuple[float, float]]]
"""By database: age in minutes and value, newest first, as the service answers."""


def answering(far: FakeService, seconds: Samples, size: Samples | None = None) -> None:
    """Let Cloud Monitoring answer with these samples, whatever the interval."""

    def series(request: Any, _context: Any) -> Any:
        answer = TimeSeriesPb()
        in_bytes = "bytes" in request.filter
        for database, samples in ((size or {}) if in_bytes else seconds).items():
            one = answer.time_series.add()
            one.metric.labels["database"] = database
            for age, value in samples:
                point = one.points.add()
                point.interval.end_time.FromDatetime(NOW - timedelta(minutes=age))
                if in_bytes:
                    point.value.double_value = value
                else:
                    point.value.int64_value = int(value)
        return answer

    far.on("ListTimeSeries", series)


class TestDelay:
    job = Job(name=job_name("x"), create_time=SINCE, state="RUNNING", phase="CDC")

    def test_both_series_newest_last_and_the_worst_counts(self, gateway: Gateway, far: FakeService) -> None:
        answering(far, {"a": [(0, 7), (1, 0), (2, 5)], "b": [(0, 1), (1, 2)]}, {"a": [(0, 7003.5)]})
        delay = gateway.delay(self.job, hours=1)
        assert [each.value for each in delay.seconds.points] == [5, 2, 7]
        assert [each.time for each in delay.seconds.points] == [NOW - timedelta(minutes=m) for m in (2, 1, 0)]
        assert delay.seconds.of() == DelayPoint(NOW, 7)
        assert delay.bytes.of() == DelayPoint(NOW, 7003.5)

    def test_seconds_and_bytes_bear_each_its_own_time(self, gateway: Gateway, far: FakeService) -> None:
        answering(far, {"a": [(3, 0)]}, {"a": [(1, 512)]})
        delay = gateway.delay(self.job)
        assert delay.seconds.of() == DelayPoint(NOW - timedelta(minutes=3), 0)
        assert delay.bytes.of() == DelayPoint(NOW - timedelta(minutes=1), 512)

    def test_no_database_hides_another(self, gateway: Gateway, far: FakeService) -> None:
        """One is measured at zero, the other was behind when it was measured last."""
        answering(far, {"a": [(0, 0)], "b": [(20, 90)]})
        seconds = gateway.delay(self.job).seconds
        assert seconds.of() == DelayPoint(NOW - timedelta(minutes=20), 90)
        assert seconds.of(("a",)) == DelayPoint(NOW, 0)
        assert seconds.of(("a", "c")) is None
        assert seconds.missing(("a", "c")) == ("c",)
        assert seconds.worst(NOW - timedelta(minutes=5)) == DelayPoint(NOW, 0)

    @pytest.mark.parametrize("hours", [1.0, 24.0])
    def test_what_is_older_than_the_job_is_another_one(
        self, gateway: Gateway, far: FakeService, hours: float
    ) -> None:
        answering(far, {"a": [(30, 0)]}, {"a": [(30, 0)]})
        anew = replace(self.job, create_time=NOW - timedelta(minutes=29))
        delay = gateway.delay(anew, hours)
        assert (delay.seconds.of(), delay.bytes.of()) == (None, None)
        older = replace(self.job, create_time=NOW - timedelta(minutes=31))
        assert gateway.delay(older, hours).seconds.of() is not None

    def test_what_was_measured_before_a_pause_does_not_count(
        self, gateway: Gateway, far: FakeService
    ) -> None:
        answering(far, {"a": [(2, 0), (3, 5)]})
        since = NOW - timedelta(minutes=2, seconds=30)
        assert [each.value for each in gateway.delay(self.job, since=since).seconds.points] == [0]
        assert gateway.delay(self.job, since=NOW).seconds.of() is None

    @pytest.mark.parametrize(("hours", "period"), [(1.0, 0), (24.0, 300), (168.0, 2100)])
    def test_what_is_asked(self, gateway: Gateway, far: FakeService, hours: float, period: int) -> None:
        """An hour as it was sampled: what is aligned bears the time at which its period ends."""
        far.on("ListTimeSeries", lambda request, context: TimeSeriesPb())
        delay = gateway.delay(self.job, hours=hours)
        assert (delay.seconds.of(), delay.bytes.of()) == (None, None)
        asked = {each.filter.split('"')[1].rpartition("/")[2]: each for each in far.asked("ListTimeSeries")}
        assert set(asked) == {"max_replica_sec_lag", "max_replica_bytes_lag"}
        for request in asked.values():
            assert request.name == "projects/p"
            assert 'resource.labels.migration_job_id = "x"' in request.filter
            assert request.filter.endswith(' AND project = "p"')
            assert 'resource.labels.location = "l"' in request.filter
            span = request.interval.end_time.seconds - request.interval.start_time.seconds
            assert span == hours * 3600
            assert request.aggregation.alignment_period.seconds == period

    def test_the_newest_of_a_long_time_is_read_as_it_was_sampled(
        self, gateway: Gateway, far: FakeService
    ) -> None:
        answering(far, {"a": [(0, 7)]})
        assert gateway.delay(self.job, hours=24).seconds.of() == DelayPoint(NOW, 7)
        asked = [each for each in far.asked("ListTimeSeries") if "sec_lag" in each.filter]
        assert [each.aggregation.alignment_period.seconds for each in asked] == [300, 0]
        assert asked[1].interval.end_time.seconds == NOW.timestamp()

    @pytest.mark.parametrize(
        "value",
        [
            {"string_value": "0"},
            {"bool_value": False},
            {"distribution_value": {}},
            {"double_value": float("nan")},
            {"double_value": float("inf")},
            {},
        ],
    )
    def test_what_is_no_number_is_no_zero(self, gateway: Gateway, far: FakeService, value: Any) -> None:
        """`google.monitoring.v3.TypedValue`: one of five kinds."""
        answer = TimeSeriesPb()
        one = answer.time_series.add()
        one.metric.labels["database"] = "a"
        one.points.add(value=value).interval.end_time.FromDatetime(NOW)
        far.on("ListTimeSeries", lambda request, context: answer)
        assert gateway.delay(self.job).seconds.of() is None
        assert gateway.drain_samples(self.job, SINCE).seconds["a"] == ()
        assert gateway.drain_samples(self.job, SINCE).written.get("a", ()) == ()

    def test_an_incomplete_answer_is_none(self, gateway: Gateway, far: FakeService) -> None:
        """`ListTimeSeriesResponse.execution_errors`: the time series may be incomplete."""
        answer = TimeSeriesPb(execution_errors=[{"code": 8, "message": "Too many series."}])
        answer.time_series.add().metric.labels["database"] = "a"
        far.on("ListTimeSeries", lambda request, context: answer)
        with pytest.raises(Unavailable, match="could not read all figures of x: Too many series"):
            gateway.delay(self.job)
        counts = gateway.event_counts(self.job)
        assert (counts.metric, "Too many series" in counts.note) == (None, True)

    def test_without_access_it_says_whose(self, gateway: Gateway, far: FakeService) -> None:
        far.on("ListTimeSeries", abort("PERMISSION_DENIED", "monitoring.timeSeries.list is missing"))
        with pytest.raises(Denied, match=r"monitoring\.timeSeries\.list"):
            gateway.delay(self.job)
        far.on("ListTimeSeries", abort("INTERNAL"))
        with pytest.raises(Unavailable, match="Cloud Monitoring"):
            gateway.delay(self.job)


class TestDumpProgress:
    job = Job(name=job_name("x"), create_time=SINCE, state="RUNNING", phase="FULL_DUMP")

    @staticmethod
    def serve(far: FakeService, *found: tuple[str, str, str, list[float]]) -> None:
        """Series by database, schema and table; values newest first."""
        answer = TimeSeriesPb()
        for database, schema, table, values in found:
            one = answer.time_series.add()
            one.metric.labels.update({"database": database, "schema": schema, "table": table})
            for age, value in enumerate(values):
                point = one.points.add()
                point.interval.end_time.FromDatetime(NOW - timedelta(minutes=age))
                point.value.double_value = value
        far.on("ListTimeSeries", lambda request, context: answer)

    def test_the_newest_counts_even_when_it_is_less(self, gateway: Gateway, far: FakeService) -> None:
        self.serve(far, ("sales", "", "", [12.5, 90.0]), ("sal", "", "", [70.0]))
        progress = gateway.dump_progress(self.job)
        assert progress.of(ObjectId("sales")) == DelayPoint(NOW, 12.5)
        assert progress.of(ObjectId("sal")) == DelayPoint(NOW, 70.0)
        assert progress.of(ObjectId("other")) is None

    def test_what_is_older_than_the_job_or_its_pause_does_not_count(
        self, gateway: Gateway, far: FakeService
    ) -> None:
        self.serve(far, ("sales", "", "", [70.0, 60.0, 50.0]))
        since = NOW - timedelta(minutes=1)
        assert [each.value for each in gateway.dump_percentages(self.job, 6)] == [50, 60, 70]
        assert [each.value for each in gateway.dump_percentages(self.job, 6, since)] == [60, 70]
        anew = replace(self.job, create_time=NOW + timedelta(seconds=1))
        assert gateway.dump_percentages(anew, 6) == ()
        assert gateway.dump_progress(anew).of(ObjectId("sales")) is None

    def test_a_database_is_as_far_as_its_tables_on_average(self, gateway: Gateway, far: FakeService) -> None:
        self.serve(
            far,
            ("a", "s", "t1", [100.0]),
            ("a", "s", "t2", [50.0]),
            ("a", "r", "t1", [0.0]),
            ("b", "s", "t", [9]),
        )
        progress = gateway.dump_progress(self.job)
        assert progress.of(ObjectId("a")) == DelayPoint(NOW, 50.0)
        assert progress.of(ObjectId("a", "SCHEMA", "s")) == DelayPoint(NOW, 75.0)
        assert progress.of(ObjectId("a", "TABLE", "s", "t2")) == DelayPoint(NOW, 50.0)
        assert progress.of(ObjectId("b")) == DelayPoint(NOW, 9.0)

    def test_what_is_asked(self, gateway: Gateway, far: FakeService) -> None:
        self.serve(far)
        assert gateway.dump_progress(self.job).newest == {}
        assert gateway.dump_percentages(self.job, 6) == ()
        of_objects, whole = far.asked("ListTimeSeries")
        assert 'migration_job/fulldump_progress_percentage_per_object"' in of_objects.filter
        assert 'migration_job/fulldump_progress_percentage"' in whole.filter
        assert whole.interval.end_time.seconds - whole.interval.start_time.seconds == 6 * 3600
        for request in (of_objects, whole):
            assert request.name == "projects/p"
            assert 'resource.labels.migration_job_id = "x"' in request.filter
            assert 'resource.labels.location = "l"' in request.filter
            assert request.aggregation.alignment_period.seconds == 0

    def test_without_access_it_says_whose(self, gateway: Gateway, far: FakeService) -> None:
        far.on("ListTimeSeries", abort("PERMISSION_DENIED", "monitoring.timeSeries.list is missing"))
        with pytest.raises(Denied, match=r"monitoring\.timeSeries\.list"):
            gateway.dump_progress(self.job)


class TestEventCounts:
    """Metrics list: DELTA, INT64, so every point has to be added up."""

    DAY = timedelta(days=1)

    @staticmethod
    def serve(far: FakeService, count: int = 0) -> None:
        def series(request: Any, _context: Any) -> Any:
            answer = TimeSeriesPb()
            one = answer.time_series.add()
            one.metric.labels.update({"database": "app", "schema": "public", "table": "audit"})
            point = one.points.add()
            point.interval.end_time.FromSeconds(request.interval.end_time.seconds)
            point.value.int64_value = count
            return answer

        far.on("ListTimeSeries", series)

    def test_the_life_of_a_job_is_added_up_in_parts(self, gateway: Gateway, far: FakeService) -> None:
        self.serve(far, 5)
        job = Job(name=job_name("x"), create_time=NOW - 20 * self.DAY, state="RUNNING", phase="CDC")
        counts = gateway.event_counts(job)
        asked = sorted(far.asked("ListTimeSeries"), key=lambda each: each.interval.start_time.seconds)
        starts = [each.interval.start_time.seconds for each in asked]
        ends = [each.interval.end_time.seconds for each in asked]
        assert starts[0] == job.create_time.timestamp()
        assert starts[1:] == ends[:-1], "nothing is left out, and nothing counts twice"
        assert ends[-1] >= NOW.timestamp()
        assert counts.metric == {("app", "public", "audit"): 5 * len(asked)}
        assert (counts.since, counts.note) == (None, "")
        summed = [each for each in asked if each.aggregation.per_series_aligner]
        assert [
            type(each.aggregation).Aligner.Name(each.aggregation.per_series_aligner) for each in summed
        ] == ["ALIGN_SUM"]
        # 20 days in at most 288 periods: 2 hours each.
        assert summed[0].aggregation.alignment_period.seconds == 7200
        for request in asked:
            assert 'migration_job/unsupported_events_count"' in request.filter
            assert 'resource.labels.migration_job_id = "x"' in request.filter

    def test_what_is_no_longer_kept_is_not_asked_for(self, gateway: Gateway, far: FakeService) -> None:
        """ "Quotas and limits" of Cloud Monitoring: metrics of Google Cloud are kept for six weeks."""
        self.serve(far)
        job = Job(name=job_name("x"), create_time=NOW - 90 * self.DAY, state="RUNNING", phase="CDC")
        counts = gateway.event_counts(job)
        begin = min(each.interval.start_time.seconds for each in far.asked("ListTimeSeries"))
        assert begin == pytest.approx((datetime.now(UTC) - 42 * self.DAY).timestamp(), abs=60)
        assert counts.since is not None
        assert counts.since.timestamp() == pytest.approx(begin, abs=1)

    def test_what_cannot_be_read_is_told(self, gateway: Gateway, far: FakeService) -> None:
        far.on("ListTimeSeries", abort("PERMISSION_DENIED", "monitoring.timeSeries.list is missing"))
        oracle = Endpoint("p", "ORACLE")
        job = Job(name=job_name("x"), create_time=NOW - self.DAY, state="RUNNING", phase="CDC", source=oracle)
        body = {"name": "o", "sourceObject": {"database": "ORCL", "schema": "S", "table": "T"}}
        counted = {**body, "heterogeneousMetadata": {"unsupportedEventsCount": "9"}}
        far.rest[f"GET {job.name}/objects"] = lambda request: (
            200,
            {"migrationJobObjects": [body, counted]},
        )
        counts = gateway.event_counts(job)
        assert counts.metric is None
        assert "monitoring.timeSeries.list" in counts.note
        assert counts.objects == {("ORCL", "S", "T"): 9}


def test_permissions(gateway: Gateway, far: FakeService) -> None:
    far.on(
        "TestIamPermissions",
        lambda request, context: iam_policy_pb2.TestIamPermissionsResponse(
            permissions=[each for each in request.permissions if each.endswith("get")]
        ),
    )
    wanted = ("datamigration.migrationjobs.get", "datamigration.migrationjobs.delete")
    assert gateway.permissions(job_name("x"), wanted) == {"datamigration.migrationjobs.get"}


def test_console_url(gateway: Gateway) -> None:
    job = Job(name=job_name("orders-db", "europe-west1"), create_time=SINCE, state="RUNNING")
    assert gateway.console_url(job) == (
        "https://console.cloud.google.com/dbmigration/migrations/locations/europe-west1/"
        "instances/orders-db?project=p"
    )


def test_every_call_is_counted_once(gateway: Gateway, far: FakeService, seen: list[tuple[str, str]]) -> None:
    far.on("GetMigrationJob", abort("NOT_FOUND"))
    with pytest.raises(NotFound, match="read orders-db"):
        gateway.get_job(job_name("orders-db"))
    far.rest[f"GET {job_name('x')}"] = lambda request: (404, {})
    with pytest.raises(NotFound):
        gateway.objects_config(job_name("x"))
    assert seen == [("GetMigrationJob", "NOT_FOUND"), ("migrationJobs.get", "NOT_FOUND")]


def test_a_closed_gateway_lists_nothing(far: FakeService) -> None:
    gateway = made(far, "a", "b")
    gateway.close()
    gateway.close()
    with pytest.raises(Unavailable, match="stopping"):
        gateway.list_jobs()


@pytest.mark.parametrize("variable", ["GOOGLE_APPLICATION_CREDENTIALS"])
def test_no_credentials_says_how_to_get_some(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, variable: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "missing.json"))
    with pytest.raises(Denied, match="gcloud auth application-default login") as caught:
        Gateway("p", ("l",))
    assert caught.value.code == "UNAUTHENTICATED"
    assert "missing.json" in str(caught.value)
