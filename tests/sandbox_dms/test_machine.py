"""Every verb in every state and phase, over gRPC, against the table of the docs page."""

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
ALLOWED = {
    "start": {("NOT_STARTED", "PHASE_UNSPECIFIED")},
    "stop": {("RUNNING", "FULL_DUMP"), ("RUNNING", "CDC")},
    "resume": {("STOPPED", "CDC")},
    "restart": {("STOPPED", "FULL_DUMP"), *((s, p) for s, p in SITUATIONS if s == "FAILED")},
    "promote": {("RUNNING", "CDC"), ("RUNNING", "READY_FOR_PROMOTE"), ("STOPPED", "CDC")},
    "delete": {(s, p) for s, p in SITUATIONS if s not in CHANGING and s != "DELETED"},
    "verify": {(s, p) for s, p in SITUATIONS if s not in CHANGING and s != "DELETED"},
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
    client.promote_migration_job(request={"name": NAME})
    with pytest.raises(exceptions.FailedPrecondition):
        client.stop_migration_job(request={"name": NAME})
    with pytest.raises(exceptions.Aborted) as caught:
        client.delete_migration_job(request={"name": NAME})
    assert caught.value.reason == "CONCURRENT_OPERATION"
