"""What the APIs of AlloyDB and Cloud SQL say of a destination, asked of the local service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.dms.destination import Destination
from bot.dms.errors import Denied, NotFound
from bot.dms.gateway import Gateway
from bot.dms.model import job_name
from sandbox.dms import DmsControl, DmsServer
from tests.waiting import until

PLACE = "europe-west1"


@pytest.fixture(scope="module")
def dms() -> Iterator[DmsServer]:
    with DmsServer(port=0, seed="empty") as started:
        control = started.control
        control.clock(factor=1000)
        control.add_job("to-alloydb", location=PLACE, phase="CDC", databases=["sales"])
        control.add_job(
            "to-cloud-sql", location=PLACE, phase="CDC", databases=["sales"], destination_provider="CLOUDSQL"
        )
        yield started


@pytest.fixture
def control(dms: DmsServer) -> Iterator[DmsControl]:
    yield dms.control
    dms.control.permissions(None)
    for job in ("to-alloydb", "to-cloud-sql"):
        dms.control.set_destination(job, {}, [])


@pytest.fixture(scope="module")
def gateway(dms: DmsServer) -> Iterator[Gateway]:
    made = Gateway(dms.project, (PLACE,), dms.grpc_host, dms.rest_host, deadline_s=5)
    yield made
    made.close()


def destination(gateway: Gateway, job: str) -> Destination:
    found = gateway.destination(gateway.get_job(job_name(gateway.project.id, PLACE, job)))
    assert found is not None
    return found


def test_a_cluster_that_dms_fills(gateway: Gateway, control: DmsControl) -> None:
    """`Cluster.State` of the AlloyDB API: BOOTSTRAPPING."""
    found = destination(gateway, "to-alloydb")
    assert (found.kind, found.id, found.state) == ("AlloyDB cluster", "to-alloydb-target", "BOOTSTRAPPING")
    assert (found.serves, found.replicates, found.available) == (False, True, True)
    name = f"projects/{gateway.project.id}/locations/{PLACE}/clusters/to-alloydb-target"
    others, mine = (f"{name}-2", "CREATING"), (name, "READY")
    for more, running in (((), False), (((name, "CREATING"),), True)):
        backups = [{"clusterName": cluster, "state": state} for cluster, state in (others, mine, *more)]
        control.set_destination("to-alloydb", backups=backups)
        assert destination(gateway, "to-alloydb").backup_running is running


def test_a_cluster_that_was_there_before_the_job(gateway: Gateway, control: DmsControl) -> None:
    """REST schema `PostgreSqlConnectionProfile.alloydbClusterId`, which the gRPC client lacks."""
    control.add_job("in-mine", location=PLACE, phase="CDC", databases=["sales"], existing_destination=True)
    assert destination(gateway, "in-mine").id == "in-mine-target"


def test_an_instance_that_dms_fills(gateway: Gateway, control: DmsControl) -> None:
    """`DatabaseInstance` of the Cloud SQL Admin API: a replica of the source."""
    found = destination(gateway, "to-cloud-sql")
    assert (found.kind, found.state, found.serves, found.replicates) == (
        "Cloud SQL instance",
        "RUNNABLE",
        True,
        True,
    )
    control.set_destination(
        "to-cloud-sql",
        {
            "scheduledMaintenance": {"startTime": "2026-12-05T02:00:00Z"},
            "replicaNames": ["r1", "r2"],
            "settings": {"backupConfiguration": {"enabled": True, "binaryLogEnabled": True}},
        },
        [{"status": "RUNNING"}, {"status": "FAILED", "endTime": "2026-12-01T02:00:00Z"}],
    )
    found = destination(gateway, "to-cloud-sql")
    assert (found.backups, found.point_in_time, found.backup_running) == (True, True, True)
    assert (found.read_instances, found.available) == (2, False)
    assert found.maintenance == datetime(2026, 12, 5, 2, tzinfo=UTC)


def test_an_instance_after_its_project(gateway: Gateway, control: DmsControl) -> None:
    """Cloud SQL names instances `PROJECT:ID`, too."""
    job = gateway.get_job(job_name(gateway.project.id, PLACE, "to-cloud-sql"))
    named = f"{gateway.project.id}:{job.destination.host}"
    found = gateway.destination(replace(job, destination=replace(job.destination, host=named)))
    assert found == destination(gateway, "to-cloud-sql")
    address = replace(job.destination, host="10.0.0.1:5432")
    assert gateway.destination(replace(job, destination=address)) is None


@pytest.mark.parametrize("job", ["to-alloydb", "to-cloud-sql"])
def test_without_the_permission_it_is_not_known(gateway: Gateway, control: DmsControl, job: str) -> None:
    control.permissions(["datamigration.migrationjobs.get"])
    with pytest.raises(Denied):
        destination(gateway, job)


def test_what_is_gone_is_not_found(gateway: Gateway, dms: DmsServer) -> None:
    dms.control.add_job("alone", location=PLACE, phase="CDC")
    job = gateway.get_job(job_name(dms.project, PLACE, "alone"))
    dms.control.reset("empty")
    with pytest.raises(NotFound):
        gateway.destination(job)


def test_a_promoted_destination_serves(dms: DmsServer, gateway: Gateway) -> None:
    dms.control.reset("empty")
    dms.control.clock(factor=1000)
    for provider in ("ALLOYDB", "CLOUDSQL"):
        id = f"promoted-{provider.lower()}"
        dms.control.add_job(id, location=PLACE, phase="CDC", databases=["a"], destination_provider=provider)
        gateway.promote(gateway.get_job(job_name(dms.project, PLACE, id)))
    for id in ("promoted-alloydb", "promoted-cloudsql"):
        until(lambda id=id: dms.control.job(id)["state"] == "COMPLETED")  # type: ignore[misc]
        found = destination(gateway, id)
        assert (found.serves, bool(found.replicates)) == (True, False)
