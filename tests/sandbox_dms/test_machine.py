"""Every verb in every state and phase, over gRPC, against the table of the docs pages.

"Migration job statuses" lists Stop for Running in each of its phases (MySQL names the waiting ones), and
Delete for every status, the passing ones included. "Promote a migration": a promotion cannot be stopped.
"""

import pytest
from google.api_core import exceptions
from google.cloud import clouddms_v1

from sandbox.dms import DmsControl
from sandbox.dms.enums import CHANGING, PHASES, STATES

from .conftest import PARENT

NAME = f"{PARENT}/migrationJobs/pinned"
PHASED = ("RUNNING", "STOPPED", "FAILED", "MAINTENANCE", *sorted(CHANGING))
SITUATIONS = [
    (state, phase)
    for state in STATES
    if state != "STATE_UNSPECIFIED"
    for phase in (list(PHASES)[1:] if state in PHASED else ["PHASE_UNSPECIFIED"])
]
BEFORE_CDC = ("WAITING_FOR_SOURCE_WRITES_TO_STOP", "PREPARING_THE_DUMP", "FULL_DUMP")
REPLICATING = ("CDC", "READY_FOR_PROMOTE")
ALLOWED = {
    "start": {("NOT_STARTED", "PHASE_UNSPECIFIED")},
    "stop": {(s, p) for s, p in SITUATIONS if s == "RUNNING" and p != "PROMOTE_IN_PROGRESS"},
    "resume": {("STOPPED", "CDC"), ("STOPPED", "READY_FOR_PROMOTE")},
    # "Manage migration jobs": Restart for Stopped in full dump; Resume, Promote, Delete for Stopped in CDC.
    "restart": {*(("STOPPED", p) for p in BEFORE_CDC), *((s, p) for s, p in SITUATIONS if s == "FAILED")},
    # "Migration job statuses": Failed: Restart. Delete. Promote.
    "promote": {(s, p) for s in ("RUNNING", "STOPPED", "FAILED") for p in REPLICATING},
    "delete": {(s, p) for s, p in SITUATIONS if s not in ("DELETING", "DELETED")},
    "verify": {(s, p) for s, p in SITUATIONS if s != "DELETED"},
}


@pytest.mark.parametrize("verb", sorted(ALLOWED))
def test_a_verb_is_taken_exactly_where_the_table_allows_it(
    verb: str, client: clouddms_v1.DataMigrationServiceClient, control: DmsControl
) -> None:
    taken, refusals = set(), []
    for state, phase in SITUATIONS:
        control.add_job("pinned", state=state, phase=phase, frozen=True)
        try:
            getattr(client, f"{verb}_migration_job")(request={"name": NAME})
            taken.add((state, phase))
        except exceptions.FailedPrecondition as error:
            refusals.append((state, error))
    assert all(state in error.message for state, error in refusals)
    assert {error.reason for _, error in refusals} == {"INVALID_MIGRATION_JOB_STATE"}
    assert {error.metadata["action"] for _, error in refusals} == {verb}
    assert taken == ALLOWED[verb]


def test_a_one_time_job_is_not_promoted(
    client: clouddms_v1.DataMigrationServiceClient, control: DmsControl
) -> None:
    control.add_job("pinned", type="ONE_TIME", phase="CDC", frozen=True)
    with pytest.raises(exceptions.FailedPrecondition):
        client.promote_migration_job(request={"name": NAME})


@pytest.mark.parametrize(("state", "phase"), SITUATIONS)
def test_a_pinned_job_stays_and_shows_over_grpc(
    state: str, phase: str, client: clouddms_v1.DataMigrationServiceClient, control: DmsControl
) -> None:
    control.add_job("pinned", state=state, phase=phase, frozen=True)
    control.clock(advance_seconds=1e6)
    job = client.get_migration_job(name=NAME)
    assert (int(job.state), int(job.phase)) == (STATES[state], PHASES[phase])
    assert control.job("pinned")["state"] == state
    # The newer phases are bare numbers to the generated client.
    assert isinstance(job.phase, clouddms_v1.MigrationJob.Phase) == (PHASES[phase] < 6)


def test_another_action_waits_for_the_first(
    client: clouddms_v1.DataMigrationServiceClient, control: DmsControl
) -> None:
    control.operation_seconds(1e6)
    control.add_job("pinned", phase="CDC", databases=["a", "b"])
    client.update_migration_job(
        request={
            "migration_job": clouddms_v1.MigrationJob(name=NAME, display_name="Renamed"),
            "update_mask": {"paths": ["display_name"]},
        }
    )
    with pytest.raises(exceptions.Aborted) as caught:
        client.update_migration_job(
            request={
                "migration_job": clouddms_v1.MigrationJob(name=NAME, display_name="Again"),
                "update_mask": {"paths": ["display_name"]},
            }
        )
    assert caught.value.reason == "CONCURRENT_OPERATION"


@pytest.mark.parametrize(
    ("verb", "state", "phase", "during"),
    [
        ("start", "NOT_STARTED", None, "STARTING"),
        ("stop", "RUNNING", "CDC", "STOPPING"),
        ("resume", "STOPPED", "CDC", "RESUMING"),
        ("restart", "FAILED", "CDC", "RESTARTING"),
        ("promote", "RUNNING", "CDC", "RUNNING"),
    ],
)
def test_delete_does_not_wait_for_what_is_under_way(
    verb: str,
    state: str,
    phase: str | None,
    during: str,
    client: clouddms_v1.DataMigrationServiceClient,
    control: DmsControl,
) -> None:
    control.operation_seconds(1e6)
    control.add_job("pinned", state=state, phase=phase, databases=["a"])
    first = getattr(client, f"{verb}_migration_job")(request={"name": NAME})
    assert control.job("pinned")["state"] == during
    client.delete_migration_job(request={"name": NAME})
    assert control.job("pinned")["state"] == "DELETING"
    with pytest.raises(exceptions.Cancelled):
        first.result(timeout=60)
    control.clock(advance_seconds=2e6)
    with pytest.raises(exceptions.NotFound):
        client.get_migration_job(name=NAME)
