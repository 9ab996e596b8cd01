"""The control API, the demo seed and the program."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from google.api_core import exceptions
from google.cloud import clouddms_v1

from sandbox.dms import ControlError, DmsControl, DmsServer
from sandbox.dms.enums import PHASES, STATES
from sandbox.dms.regions import CITIES
from tests.ports import free_port
from tests.waiting import until

from .conftest import PARENT

Client = clouddms_v1.DataMigrationServiceClient


def test_the_demo_has_every_state_and_phase(client: Client, control: DmsControl) -> None:
    control.reset("demo")
    jobs = list(client.list_migration_jobs(parent="projects/demo-project/locations/-"))
    assert {int(job.state) for job in jobs} == set(STATES.values()) - {0}
    assert {int(job.phase) for job in jobs} == set(PHASES.values())
    ids = [job.name.rsplit("/", 1)[1] for job in jobs]
    assert len([job_id for job_id in ids if ids.count(job_id) == 2]) == 2
    assert {job.labels["env"] for job in jobs} == {"prod", "staging"}
    assert len(control.job("tenants-db")["databases"]) == 150
    assert {(j.source_database.engine, j.destination_database.engine) for j in jobs} == {
        (2, 2),
        (1, 1),
        (3, 3),
        (3, 2),
        (2, 3),
        (4, 2),
    }
    assert any(d["state"] == "FAILED" for d in control.job("catalog-db")["databases"])


def test_the_demo_has_a_job_of_each_kind(client: Client, control: DmsControl) -> None:
    """As the guides know them: each is believable, so that its own actions are accepted."""
    control.reset("demo")
    pricing, shipping = control.job("pricing-db"), control.job("shipping-db")
    assert (pricing["state"], "WAL stream" in pricing["error"]["message"]) == ("RUNNING", True)
    assert (shipping["state"], shipping["phase"]) == ("FAILED", "CDC")
    assert control.fix("shipping-db")["state"] == "RUNNING"
    assert control.job("ledger-waiting")["sourceDatabase"] == {"engine": "MYSQL", "provider": "RDS"}
    ready = control.job("ledger-ready")
    assert (ready["phase"], ready["sourceDatabase"]["engine"]) == ("READY_FOR_PROMOTE", "SQLSERVER")
    assert control.job("hr-sqlserver")["sqlserverHomogeneousMigrationJobConfig"]["promoteWhenReady"] is True
    back = control.job("crm-failback")
    assert (back["purpose"], back["originalMigrationName"]) == (
        "FAILBACK",
        control.job("crm-sqlserver")["name"],
    )
    assert control.job("reviews-db")["postgresHomogeneousConfig"] == {"isNativeLogical": True}
    assert control.job("archive-once")["type"] == "ONE_TIME"
    targets = {each["name"].rpartition("/")[2]: each for each in control.destinations()}
    demoted = {name for name, each in targets.items() if each["existing"] and each["demoted"]}
    waiting = {name for name, each in targets.items() if each["existing"] and not each["demoted"]}
    assert (demoted, waiting) == ({"billing-mysql-target"}, {"geo-mysql-target"})


def test_the_demo_has_a_job_that_asks_for_a_pause_of_writes(client: Client, control: DmsControl) -> None:
    control.reset("demo")
    control.operation_seconds(0)
    name = control.job("coupons-mysql")["name"]
    client.start_migration_job(request={"name": name})
    seen = []
    for seconds in (1, 600, 30):
        control.clock(advance_seconds=seconds)
        seen.append(control.job("coupons-mysql")["phase"])
    assert seen == ["WAITING_FOR_SOURCE_WRITES_TO_STOP", "PREPARING_THE_DUMP", "FULL_DUMP"]


def test_what_contributing_says_to_type_works(client: Client, control: DmsControl) -> None:
    text = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    control.reset("demo")
    for project in ("demo-staging", "demo-dev"):
        control.add_project(project)
    # Up to what is typed to the local Slack, at another address.
    _, of_dms, *_ = re.split(r"^at=.*$", text, flags=re.MULTILINE)
    typed = re.findall(r"^curl \$at/(\w+) -d '(.*)'$", of_dms, re.MULTILINE)
    assert len(typed) == 6
    for call, body in typed:
        control._call(call, **json.loads(body))
    assert control.job("customers-db")["error"]["message"] == "connection lost"
    assert control.job("shipping-db")["state"] == "RUNNING"
    assert control.job("ledger-waiting")["phase"] == "PREPARING_THE_DUMP"
    for project in ("demo-staging", "demo-dev"):
        with pytest.raises(exceptions.PermissionDenied):
            client.list_migration_jobs(parent=f"projects/{project}/locations/-")


def test_the_demo_lets_one_stop_and_restart_orders(client: Client, control: DmsControl) -> None:
    control.reset("demo")
    name = f"{PARENT}/migrationJobs/orders-db"
    job = control.job("orders-db")
    assert (job["state"], job["phase"]) == ("RUNNING", "FULL_DUMP")
    client.stop_migration_job(request={"name": name})
    assert control.job("orders-db")["state"] == "STOPPING"
    control.clock(advance_seconds=300)
    restarting = client.restart_migration_job(request={"name": name})
    control.clock(advance_seconds=300)
    assert restarting.result(timeout=60).phase.name == "FULL_DUMP"
    # At the default factor of 60 the dump still takes minutes.
    control.clock(advance_seconds=3 * 60 * 60)
    assert control.job("orders-db")["phase"] == "FULL_DUMP"
    control.clock(advance_seconds=24 * 3600)
    assert control.job("orders-db")["phase"] == "CDC"


def test_a_job_can_be_changed_and_removed_from_outside(client: Client, control: DmsControl) -> None:
    control.add_job("shop", phase="CDC", databases=["a", {"name": "b", "state": "FAILED", "error": "x"}])
    control.set_job(
        "europe-west1/shop", state="FAILED", error={"code": "INTERNAL", "message": "lost"}, labels={"x": "y"}
    )
    job = client.get_migration_job(name=f"{PARENT}/migrationJobs/shop")
    assert (job.state.name, job.error.message, dict(job.labels)) == ("FAILED", "lost", {"x": "y"})
    control.set_job("shop", display_name="New", frozen=True, type="ONE_TIME", dump_parallel_level="MIN")
    assert control.job("shop")["displayName"] == "New"
    control.set_job("shop", state="RUNNING", phase="READY_FOR_PROMOTE")
    assert client.get_migration_job(name=f"{PARENT}/migrationJobs/shop").phase == 6
    control.remove_job("shop")
    assert control.jobs() == []


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("set_job", {"job": "nobody", "changes": {}}),
        ("set_job", {"job": "shop", "changes": {"colour": "red"}}),
        ("set_job", {"job": "shop", "changes": {"state": "DANCING"}}),
        ("set_database", {"job": "shop", "database": "a", "changes": {"state": "DANCING"}}),
        ("set_database", {"job": "shop", "database": "nobody", "changes": {}}),
        ("add_job", {"job_id": "Bad_Id"}),
        ("add_job", {"job_id": "x", "source_engine": "DBASE"}),
        ("add_job", {"job_id": "x", "surprise": 1}),
        ("clock", {"factor": 0}),
        ("operation_seconds", {"seconds": -1}),
        ("reset", {"seed_name": "weeds"}),
        ("dance", {}),
    ],
)
def test_bad_control_calls_are_refused(control: DmsControl, call: str, arguments: dict[str, object]) -> None:
    control.add_job("shop", databases=["a"])
    with pytest.raises(ControlError):
        control._call(call, **arguments)
    assert control.status()["jobs"] == 1


def test_an_id_in_two_locations_must_be_given_with_one(control: DmsControl) -> None:
    control.add_job("shop")
    control.add_job("shop", location="us-central1")
    with pytest.raises(ControlError, match="2 jobs are called shop"):
        control.job("shop")
    assert "us-central1" in control.job("us-central1/shop")["name"]


def test_ten_thousand_jobs_in_twenty_locations(client: Client, control: DmsControl) -> None:
    assert control.reset("large")["jobs"] == 10_000
    locations = list(CITIES)
    seen = 0
    for location in locations:
        request = {"parent": f"projects/demo-project/locations/{location}", "page_size": 1000}
        seen += len(client.list_migration_jobs(request=request).migration_jobs)
    assert seen == 10_000
    assert (len(locations), len(control.calls("ListMigrationJobs"))) == (20, 20)


def test_the_server_takes_neighbouring_ports_and_frees_them() -> None:
    with DmsServer(free_port(after=1), seed="demo", clock_factor=10.0) as server:
        host, port = server.grpc_host.split(":")
        assert server.rest_host == f"{host}:{int(port) + 1}"
        assert httpx.get(f"http://{server.rest_host}/healthz", trust_env=False).json() == {"status": "ok"}
        status = server.control.status()
        assert (status["project"], status["projects"]) == ("demo-project", ["demo-project"])
        assert (status["jobs"], status["clock_factor"]) == (40, 10.0)
        with pytest.raises(OSError, match="taken"):
            DmsServer(server.port).start()
    with DmsServer(int(port)) as again:
        assert again.control.jobs() == []


def test_a_taken_rest_port_is_told() -> None:
    with socket.socket() as blocker:
        blocker.bind(("127.0.0.1", 0))
        blocker.listen()
        with pytest.raises(OSError, match="taken"):
            DmsServer(blocker.getsockname()[1] - 1).start()


def test_the_program_runs_until_it_is_told_to_stop() -> None:
    port = free_port(after=1)
    program = subprocess.Popen(
        [sys.executable, "-m", "sandbox.dms", "--port", str(port), "--project", "p1", "--seed", "demo"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    try:
        assert program.stdout is not None
        assert re.search(rf"gRPC on 127\.0\.0\.1:{port}\b", program.stdout.readline())
        with DmsControl(f"http://127.0.0.1:{port + 1}") as control:
            status = until(control.status, lambda found: found["jobs"] > 0)
        assert (status["project"], status["clock_factor"]) == ("p1", 60.0)
    finally:
        program.send_signal(signal.SIGTERM)
        assert program.wait(60) == 0
