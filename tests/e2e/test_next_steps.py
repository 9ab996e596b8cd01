"""What a card offers once it is done, and what is said where the card is out of sight."""

from __future__ import annotations

import pytest

from sandbox.slack import plain
from tests.e2e.database_helpers import calls, confirm_typed, full, job_with, labels, slow
from tests.e2e.env import Env, unique_id
from tests.waiting import until


def test_a_job_stopped_in_cdc_can_resume_from_its_card(env: Env) -> None:
    job = job_with(env)
    done = env.shows_done(env.type(f"stop {job}"), "stop", "[Resume]")
    assert labels(done) == ["Resume"]
    before = env.now()
    env.press(done, "Resume")
    env.slack.wait_message(channel="dms", contains=["✅ *Resumed*", job], after=before)
    assert [each["method"] for each in calls(env, job)] == ["StopMigrationJob", "ResumeMigrationJob"]


def test_a_job_stopped_in_the_full_dump_can_only_begin_anew(env: Env) -> None:
    job = job_with(env, phase="FULL_DUMP", databases=slow("sales"))
    card = env.type(f"stop {job}")
    env.confirm(card, "confirm")
    done = env.shows_done(card, "stop", "[Restart…]")
    assert labels(done) == ["Restart…"]
    before = env.now()
    env.press(done, "Restart…")
    asks = env.slack.wait_message(channel="dms", contains=[job, "[Confirm restart…]"], after=before)
    confirm_typed(env, asks, "confirm", job)
    env.shows_done(asks, "restart")


def test_several_go_on_together(env: Env) -> None:
    jobs = [job_with(env, source_engine="POSTGRESQL"), job_with(env, source_engine="MYSQL")]
    card = env.type(f"stop {' '.join(jobs)}")
    env.confirm(card, "confirm")
    done = env.shows(card, "Stopped all 2 jobs", "[Resume 2 jobs…]")
    assert plain(done).count("Stopped in CDC, a job can be resumed, promoted or deleted.") == 1
    before = env.now()
    env.press(done, "Resume 2 jobs…")
    asks = env.slack.wait_message(channel="dms", contains=["Resume 2 jobs?", *jobs], after=before)
    env.confirm(asks, "confirm")
    env.shows(asks, "Resumed all 2 jobs")


def test_of_several_those_go_on_that_were_stopped(env: Env) -> None:
    stopped, refused = job_with(env), job_with(env)
    env.dms.fault("StopMigrationJob", "FAILED_PRECONDITION", match=refused)
    card = env.type(f"stop {stopped} {refused}")
    env.confirm(card, "confirm")
    done = env.shows(card, "Stopped 1 of 2 jobs", "refused, nothing was changed: ")
    assert labels(done) == ["Retry the failed ones", f"Resume {stopped}"]


@pytest.mark.parametrize(
    ("code", "why"), [("PERMISSION_DENIED", "credentials may not"), ("NOT_FOUND", "does not exist")]
)
def test_trying_again_is_offered_only_where_it_can_help(env: Env, code: str, why: str) -> None:
    job = job_with(env)
    env.dms.fault("StopMigrationJob", code)
    refused = env.shows(env.type(f"stop {job}"), "refused, nothing was changed", why)
    assert labels(refused) == []
    assert [run.hopeless for run in env.bot.store.runs(job=full(job))] == [True]


def test_of_several_only_those_are_tried_again_that_it_can_help(env: Env) -> None:
    denied, failed = job_with(env), job_with(env)
    env.dms.fault("VerifyMigrationJob", "PERMISSION_DENIED", match=denied)
    env.dms.fault("VerifyMigrationJob", "FAILED_PRECONDITION", match=failed)
    card = env.shows(env.type(f"verify {denied} {failed}"), "Verified 0 of 2 jobs", "[Retry the failed ones]")
    before = env.now()
    env.press(card, "Retry the failed ones")
    env.slack.wait_message(channel="dms", contains=["✅ *Verified*", failed], after=before)
    assert len(calls(env, denied)) == 1


def test_trying_again_once_the_job_is_gone_says_so(env: Env) -> None:
    job = job_with(env)
    env.dms.operation_outcome(job, "stop", "INTERNAL", "the disk is full")
    card = env.shows(env.type(f"stop {job}"), "the disk is full", "[Try again]")
    env.dms.remove_job(job)
    before = env.now()
    env.press(card, "Try again")
    env.slack.wait_message(channel="dms", contains=["no longer there", job], user="dana", after=before)
    assert len(calls(env, job)) == 1


def test_what_has_only_begun_is_not_called_done(env: Env) -> None:
    job = job_with(env, phase="FULL_DUMP", databases=slow("sales"))
    card = env.type(f"stop {job}")
    env.press(env.type("approvals"), "review")
    env.press(env.slack.wait_view("dana", job), "confirm")
    said = plain(env.slack.wait_view("dana", "/dms approvals"))
    assert "Confirmed. The request's message shows what happens next." in said
    assert "Done" not in said
    env.slack.close_view(env.slack.wait_view("dana", "/dms approvals"), everything=True)
    env.shows_done(card, "stop")


def test_asking_again_asks_also_what_would_run_at_once(env: Env) -> None:
    """Who presses *Ask again* has seen another state of the job."""
    job = job_with(env, phase="FULL_DUMP", databases=slow("sales"))
    card = env.type(f"stop {job}")
    env.dms.set_job(job, phase="CDC", frozen=True)
    env.press(card, "confirm")
    old = env.shows_as(card, "outdated", "[Ask again]")
    before = env.now()
    env.press(old, "Ask again", "sam")
    asks = env.slack.wait_message(channel="dms", contains=[job, "[Confirm stop]"], after=before)
    assert "Stopped in CDC" in plain(asks)
    assert calls(env, job) == []
    env.press(asks, "confirm", "sam")
    env.shows_done(asks, "stop")


def test_trying_again_asks_first_where_the_job_is_another(env: Env) -> None:
    job = job_with(env)
    env.dms.operation_outcome(job, "stop", "INTERNAL", "the disk is full")
    card = env.shows(env.type(f"stop {job}"), "the disk is full", "[Try again]")
    env.dms.remove_job(job)
    env.dms.add_job(job, phase="CDC", frozen=True, created_ago=5)
    env.dms.clear_calls()
    before = env.now()
    env.press(card, "Try again", "sam")
    asks = env.slack.wait_message(channel="dms", contains=[job, "[Confirm stop]"], after=before)
    assert calls(env, job) == []
    env.press(asks, "confirm", "sam")
    env.shows_done(asks, "stop")


def test_a_way_back_is_named_on_the_card_and_before_a_promotion(env: Env) -> None:
    """The guide for SQL Server to AlloyDB: a failback job is prepared before its original is promoted."""
    job = unique_id("shop")
    name = full(job)
    there = {"source_engine": "SQLSERVER", "destination_engine": "POSTGRESQL"}
    back = {
        "source_engine": "POSTGRESQL",
        "destination_engine": "SQLSERVER",
        "destination_provider": "CLOUDSQL",
    }
    env.dms.add_job(job, phase="CDC", frozen=True, databases=["sales"], **there)
    env.shows(env.type(f"promote {job}"), "Do you want a way back?")
    fields = {"purpose": "FAILBACK", "originalMigrationName": name}
    env.dms.add_job(f"{job}-back", state="NOT_STARTED", frozen=True, fields=fields, **back)
    shown = env.shows(env.type(f"show {job}-back"), f"*failback job* of `{job}`")
    assert "Start it once its original job has been promoted" in plain(shown)
    until(lambda: env.bot.store.known_job(f"{name}-back"))
    env.shows(env.type(f"delete {job}"), "the way back is lost")
    env.shows(env.type(f"promote {job}"), "Its failback job is prepared")
