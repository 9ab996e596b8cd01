"""What only REST tells of a job: read from its JSON, and what it changes in what people are told.

Expected values come from the REST schema `MigrationJob` of `datamigration.v1`, from "Known limitations"
(PostgreSQL, quick-start migrations: no pglogical) and from the failback pages of the guide for SQL Server to
AlloyDB (prepare the failback job before the original is promoted, start it after; it needs the original).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from google.cloud.clouddms_v1.types import clouddms_resources as resources

from bot.cmdline.answers import JobCard
from bot.dms.advice import next_step
from bot.dms.likely_causes import likely_cause
from bot.dms.model import Endpoint, Job
from bot.dms.rest_fields import RestFields, rest_fields
from bot.dms.rules import Action
from bot.requests.failback import warnings
from bot.slack.render.answer import render
from tests.dms.discovery import document
from tests.jobs import a_job
from tests.slack.checks import accepted, all_text

ORIGINAL = "projects/p/locations/l/migrationJobs/shop"
PGLOGICAL = "No pglogical extension installed on databases (shop)"


def between(source: str, destination: str, **fields: Any) -> Job:
    return a_job(source=Endpoint("s", source), destination=Endpoint("d", destination, "CLOUDSQL"), **fields)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, RestFields()),
        ({"purpose": "MIGRATE"}, RestFields()),
        ({"purpose": "PURPOSE_UNSPECIFIED"}, RestFields()),
        ({"purpose": "FAILBACK"}, RestFields(failback=True)),
        (
            {"purpose": "FAILBACK", "originalMigrationName": ORIGINAL},
            RestFields(failback=True, original=ORIGINAL),
        ),
        (
            {"sqlserverHomogeneousMigrationJobConfig": {"promoteWhenReady": True}},
            RestFields(promotes_when_ready=True),
        ),
        ({"sqlserverHomogeneousMigrationJobConfig": {"backupFilePattern": "x"}}, RestFields()),
        ({"sqlserverHomogeneousMigrationJobConfig": {"dagConfig": None}}, RestFields()),
        (
            {"sqlserverHomogeneousMigrationJobConfig": {"dagConfig": {"sourceAg": "ag1"}}},
            RestFields(availability_group=True),
        ),
        ({"postgresHomogeneousConfig": {"isNativeLogical": True}}, RestFields(native_logical=True)),
        ({"postgresHomogeneousConfig": {"isNativeLogical": False}}, RestFields()),
        ({"postgresHomogeneousConfig": None}, RestFields()),
    ],
)
def test_fields_of_a_job(body: dict[str, Any], fields: RestFields) -> None:
    assert rest_fields(body) == fields


def test_rest_has_these_fields_and_grpc_lacks_them() -> None:
    job = document()["schemas"]["MigrationJob"]["properties"]
    assert job["purpose"]["enum"] == ["PURPOSE_UNSPECIFIED", "MIGRATE", "FAILBACK"]
    assert "originalMigrationName" in job
    assert "promoteWhenReady" in document()["schemas"]["SqlServerHomogeneousMigrationJobConfig"]["properties"]
    assert "isNativeLogical" in document()["schemas"]["PostgresHomogeneousConfig"]["properties"]
    names = {field.name for field in resources.MigrationJob.pb().DESCRIPTOR.fields}
    assert not names & {"purpose", "original_migration_name", "postgres_homogeneous_config"}


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        (RestFields(failback=True, original=ORIGINAL), "*failback job* of `shop`"),
        (RestFields(promotes_when_ready=True), "*promotes by itself* when ready"),
        (RestFields(native_logical=True), "quick start, without pglogical"),
        (RestFields(availability_group=True), "through an availability group"),
    ],
)
def test_the_card_says_what_kind_of_job_it_is(rest: RestFields, says: str) -> None:
    def card(shown: RestFields | None) -> str:
        job = replace(a_job(phase="CDC"), rest=shown)
        return all_text(accepted(render(JobCard(job, "https://console.example.com", ()))))

    assert says in card(rest)
    for other in (None, RestFields()):
        assert says not in card(other)


def test_the_next_step_of_a_job_that_promotes_by_itself() -> None:
    job = replace(between("SQLSERVER", "SQLSERVER", phase="CDC"), rest=RestFields(promotes_when_ready=True))
    step = next_step(job)
    assert "promoted by themselves" in step
    assert "stop the writes to the source before" in step
    assert "promoted by themselves" not in next_step(replace(job, rest=None))


@pytest.mark.parametrize("phase", ["CDC", "READY_FOR_PROMOTE"])
def test_no_backup_files_are_spoken_of_with_an_availability_group(phase: str) -> None:
    """REST `SqlServerDagConfig`. "Finalize a migration" (SQL Server) is about backup files."""
    job = between("SQLSERVER", "SQLSERVER", phase=phase)
    group = RestFields(availability_group=True)
    assert "log" in next_step(job)
    assert "log" not in next_step(replace(job, rest=group))
    said = " ".join(warnings(Action.PROMOTE, job, group, False))
    assert "may not be true of it" in said
    assert "may not be true" not in " ".join(warnings(Action.PROMOTE, job, RestFields(), False))


def test_a_failback_job_is_started_after_the_promotion() -> None:
    job = between("POSTGRESQL", "SQLSERVER", state="NOT_STARTED")
    assert "once its original job has been promoted" in next_step(
        replace(job, rest=RestFields(failback=True))
    )


def test_quick_start_jobs_get_no_advice_about_pglogical() -> None:
    job = between("POSTGRESQL", "POSTGRESQL")
    assert likely_cause(PGLOGICAL, job) is not None
    assert likely_cause(PGLOGICAL, replace(job, rest=RestFields())) is not None
    quick = replace(job, rest=RestFields(native_logical=True))
    assert likely_cause(PGLOGICAL, quick) is None
    assert likely_cause("No space left on device", quick) is not None


class TestWarnings:
    @pytest.mark.parametrize(
        ("action", "has_failback", "says"),
        [
            (Action.PROMOTE, False, "prepared before this promotion"),
            (Action.PROMOTE, True, "start that one once this promotion has ended"),
            (Action.DELETE, True, "the way back is lost"),
            (Action.DELETE, False, "would need this job"),
        ],
    )
    @pytest.mark.parametrize("provider", ["CLOUDSQL", "ALLOYDB"])
    def test_of_a_job_that_can_have_a_way_back(
        self, action: Action, has_failback: bool, says: str, provider: str
    ) -> None:
        job = replace(between("SQLSERVER", "POSTGRESQL"), destination=Endpoint("d", "POSTGRESQL", provider))
        assert says in " ".join(warnings(action, job, RestFields(), has_failback))

    @pytest.mark.parametrize("action", [Action.PROMOTE, Action.DELETE])
    @pytest.mark.parametrize(
        ("source", "destination"),
        [
            ("POSTGRESQL", "POSTGRESQL"),
            ("MYSQL", "MYSQL"),
            ("SQLSERVER", "SQLSERVER"),
            ("ORACLE", "POSTGRESQL"),
        ],
    )
    def test_other_engines_have_none(self, action: Action, source: str, destination: str) -> None:
        for fields in (None, RestFields()):
            assert warnings(action, between(source, destination), fields, False) == ()

    def test_of_the_failback_job_itself(self) -> None:
        job, fields = between("POSTGRESQL", "SQLSERVER"), RestFields(failback=True, original=ORIGINAL)
        assert "old source the primary" in " ".join(warnings(Action.PROMOTE, job, fields, False))
        assert "nothing is replicated back" in " ".join(warnings(Action.DELETE, job, fields, False))

    def test_of_a_job_that_promotes_by_itself(self) -> None:
        job, fields = between("SQLSERVER", "SQLSERVER"), RestFields(promotes_when_ready=True)
        assert "promotes its databases by itself" in " ".join(warnings(Action.PROMOTE, job, fields, False))
