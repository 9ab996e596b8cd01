"""Connections that break or fall silent on the way, with the real gRPC in between."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from google.longrunning import operations_pb2

from bot.dms.errors import Unavailable, Unclear
from bot.dms.gateway import Gateway
from bot.dms.model import Job
from tests.dms.fake_service import FakeService, JobPb
from tests.dms.relay import relay

NAME = "projects/p/locations/l/migrationJobs/orders-db"
JOB = Job(name=NAME, create_time=datetime(2026, 1, 2, tzinfo=UTC), state="RUNNING", phase="CDC")


def test_a_write_whose_connection_breaks_is_unclear_and_not_sent_again(far: FakeService) -> None:
    with relay(far.host) as between:
        gateway = Gateway("p", ("l",), between.host, far.rest_host, write_deadline_s=10)

        def cut(_request: Any, _context: Any) -> operations_pb2.Operation:
            between.cut()
            return operations_pb2.Operation(name="o")

        far.on("StopMigrationJob", cut)
        with pytest.raises(Unclear) as caught:
            gateway.stop(JOB)
        assert caught.value.code == "UNAVAILABLE"
        assert len(far.asked("StopMigrationJob")) == 1
        gateway.close()


def test_a_write_without_an_answer_is_unclear_and_not_sent_again(far: FakeService) -> None:
    with relay(far.host) as between:
        gateway = Gateway("p", ("l",), between.host, far.rest_host, write_deadline_s=1.5)
        far.on("GetMigrationJob", lambda request, context: JobPb(name=NAME))
        gateway.get_job(NAME)
        far.on("StopMigrationJob", lambda request, context: operations_pb2.Operation(name="o"))
        between.silent.set()
        with pytest.raises(Unclear) as caught:
            gateway.stop(JOB)
        assert caught.value.code == "DEADLINE_EXCEEDED"
        assert len(far.asked("StopMigrationJob")) == 1
        gateway.close()


def test_a_read_survives_a_connection_that_breaks_once(far: FakeService) -> None:
    with relay(far.host) as between:
        gateway = Gateway("p", ("l",), between.host, far.rest_host, deadline_s=10)
        first = threading.Event()

        def cut_once(_request: Any, _context: Any) -> Any:
            if not first.is_set():
                first.set()
                between.cut()
            return JobPb(name=NAME, state=5)

        far.on("GetMigrationJob", cut_once)
        assert gateway.get_job(NAME).state == "RUNNING"
        gateway.close()


def test_a_silent_service_is_unavailable_to_a_read(far: FakeService) -> None:
    with relay(far.host) as between:
        gateway = Gateway("p", ("l",), between.host, far.rest_host, deadline_s=1.0)
        between.silent.set()
        with pytest.raises(Unavailable) as caught:
            gateway.get_job(NAME)
        assert caught.value.code == "DEADLINE_EXCEEDED"
        listed = gateway.list_jobs()
        assert listed.unreachable == ("l",)
        gateway.close()


def test_the_next_call_after_a_break_works(far: FakeService) -> None:
    with relay(far.host) as between:
        gateway = Gateway("p", ("l",), between.host, far.rest_host, deadline_s=10)
        far.on("GetMigrationJob", lambda request, context: JobPb(name=NAME, state=5))
        far.on("StopMigrationJob", lambda request, context: operations_pb2.Operation(name="o"))
        assert gateway.get_job(NAME).state == "RUNNING"
        between.cut()
        assert gateway.get_job(NAME).state == "RUNNING"
        assert gateway.stop(JOB).name == "o"
        gateway.close()
