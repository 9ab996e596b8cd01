"""What the service leaves out is shown as not known, and nothing is made of the defaults of the API.

Proto `MigrationJob`: unset are `create_time`, TYPE_UNSPECIFIED, STATE_UNSPECIFIED ("The state of the
migration job is unknown"), PHASE_UNSPECIFIED, and the engines and providers of both ends.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from google.cloud.clouddms_v1.types import clouddms_resources as resources

from bot.cmdline.answers import JobCard, JobGroup, JobLine, JobsPage
from bot.dms import convert, source_writes
from bot.dms.advice import next_step
from bot.dms.enum_names import EnumNames
from bot.dms.likely_causes import docs_url
from bot.dms.model import Database, Endpoint, Fault, Job, ObjectId, Options
from bot.dms.rules import Action, check, where
from bot.slack.render.answer import render
from bot.store.codec import as_json
from bot.watch.attribution import OUTSIDE, changed_by
from commands import restart, start
from tests.jobs import a_job
from tests.slack.checks import accepted, all_text

NAME = "projects/acme/locations/europe-west1/migrationJobs/bare"
INVENTED = re.compile(r"1970|0 \|| 0 s|continuous|one-time|postgres|mysql|UNSPECIFIED", re.IGNORECASE)


def bare(**fields: object) -> Job:
    """A job with nothing but its name, as the service could send it."""
    message = resources.MigrationJob.pb()(name=NAME, **fields)
    return convert.job(message, EnumNames().names, lambda name, engine, provider: Endpoint(name))


def card(job: Job) -> str:
    databases = (Database("x/a", ObjectId("a"), "STATE_UNSPECIFIED"),)
    shown = JobCard(job, "https://console.example.com", databases, next_step=next_step(job))
    return all_text(accepted(render(shown)))


@pytest.mark.parametrize("state", [0, 1, 2, 4, 5, 6, 9, 10, 13])
def test_the_card_invents_nothing(state: int) -> None:
    text = card(bare(state=state))
    assert "type not known" in text
    assert "created" not in text.replace("is created", "")
    assert not INVENTED.findall(text.replace("type not known", "").replace("if the job is continuous", ""))


def test_a_state_that_is_not_told_is_not_known() -> None:
    text = card(bare())
    assert "State not known" in text
    assert "does not report its state" in text
    assert "1 database, state not known" in text


def test_a_failure_without_an_error_has_no_reason() -> None:
    """`MigrationJob.error` may be unset in a failed job, too."""
    failed = replace(bare(state=6), phase="CDC")
    assert "The service gave no reason." in card(failed)
    assert "The service gave no reason." not in card(replace(failed, error=Fault(9, "it broke")))
    assert "The service gave no reason." not in card(replace(failed, state="RUNNING"))


@pytest.mark.parametrize("state", ["RUNNING", "STOPPED"])
def test_a_phase_that_is_not_told_is_no_other_phase(state: str) -> None:
    for phase in ("", "PHASE_UNSPECIFIED"):
        step = next_step(a_job("bare", state, phase))
        assert "does not report" in step
        assert "stopped outside the full dump" not in step


def test_no_refusal_names_the_default_of_the_api_as_a_state() -> None:
    for action in Action:
        refusal = check(action, bare())
        assert "UNSPECIFIED" not in str(refusal), action
    assert where(bare()) == "in a state that the service does not report"
    assert where(a_job(state="RUNNING", phase="CDC")) == "running · CDC"


def test_the_list_invents_nothing() -> None:
    job = bare(state=5)
    page = JobsPage((JobGroup(job.status, (JobLine(job, "r"),), 1),), 1, 1, 1)
    assert not INVENTED.findall(all_text(accepted(render(page))))


def test_what_follows_the_dump_depends_on_the_type() -> None:
    unknown = a_job(state="NOT_STARTED", type="")
    for verb in (start.VERB, restart.VERB):
        assert verb.action is not None
        effects = {
            kind: verb.action.effect(a_job(state="NOT_STARTED", type=kind), Options()) for kind in KINDS
        }
        assert "CDC follows by itself if the job is continuous" in effects[""]
        assert effects["CONTINUOUS"].rstrip().endswith("CDC follows by itself.")
        assert "completes by itself" in effects["ONE_TIME"]
    assert "if the job is continuous" in next_step(a_job(state="RUNNING", phase="FULL_DUMP", type=""))
    assert "promote" not in next_step(unknown)


KINDS = ("CONTINUOUS", "ONE_TIME", "")


def test_nobody_is_told_that_cdc_brings_what_may_never_arrive() -> None:
    told = source_writes.may_resume_text(a_job(state="RUNNING", phase="FULL_DUMP", type=""))
    assert "CDC replicates" not in told
    assert "not known" in told


@pytest.mark.parametrize(
    ("kind", "phase", "by"),
    [
        ("ONE_TIME", "FULL_DUMP", ""),
        ("", "FULL_DUMP", ""),
        ("CONTINUOUS", "CDC", OUTSIDE),
        ("", "CDC", OUTSIDE),
    ],
)
def test_who_completed_a_job_is_not_guessed_from_a_type_that_is_not_known(
    kind: str, phase: str, by: str
) -> None:
    before = a_job(state="RUNNING", phase=phase, type=kind)
    assert changed_by(before, a_job(state="COMPLETED", type=kind), (), datetime.now(UTC)) == by


def test_a_job_without_engines_has_no_guide() -> None:
    assert docs_url(bare()) == "https://cloud.google.com/database-migration/docs"


def test_a_job_that_an_older_version_saved_is_read() -> None:
    """It left out the type of a continuous job, as its default."""
    stored = {"name": NAME, "create_time": "2026-01-01T00:00:00+00:00", "state": "RUNNING", "phase": "CDC"}
    assert as_json.structure(stored, Job).type == "CONTINUOUS"
    unknown = a_job(type="")
    assert as_json.structure(as_json.unstructure(unknown, Job), Job) == unknown


def test_an_empty_list_says_that_rules_may_hide_jobs() -> None:
    for page in (JobsPage((), 0, 1, 1, may_hide=True), JobsPage((), 0, 1, 1, "state=failed", may_hide=True)):
        assert str(render(page)).count("that you may see") >= 2
    assert "that you may see" not in str(render(JobsPage((), 0, 1, 1, "state=failed")))
