"""What a card offers once it is done, and what is said where the card is out of sight."""

from __future__ import annotations

import pytest

from sandbox.slack import plain
from tests.e2e.parts import calls, confirm_typed, full, job_with, labels, slow
from tests.e2e.scene import Scene


def test_a_job_stopped_in_cdc_can_resume_from_its_card(stage: Scene) -> None:
    job = job_with(stage)
    done = stage.shows(stage.type(f"stop {job}"), "✅ *Stopped*", "[Resume]")
    assert labels(done) == ["Resume"]
    before = stage.now()
    stage.press(done, "Resume")
    stage.slack.wait_message(channel="dms", contains=["✅ *Resumed*", job], after=before)
    assert [each["method"] for each in calls(stage, job)] == ["StopMigrationJob", "ResumeMigrationJob"]


def test_a_job_stopped_in_the_full_dump_can_only_begin_anew(stage: Scene) -> None:
    job = job_with(stage, phase="FULL_DUMP", databases=slow("sales"))
    card = stage.type(f"stop {job}")
    stage.confirm(card, "Confirm stop")
    done = stage.shows(card, "✅ *Stopped*", "[Restart]")
    assert labels(done) == ["Restart"]
    before = stage.now()
    stage.press(done, "Restart")
    asks = stage.slack.wait_message(channel="dms", contains=[job, "[Confirm restart]"], after=before)
    confirm_typed(stage, asks, "Confirm restart", job)
    stage.shows(asks, "✅ *Restarted*")


def test_several_go_on_together(stage: Scene) -> None:
    jobs = [job_with(stage, source_engine="POSTGRESQL"), job_with(stage, source_engine="MYSQL")]
    card = stage.type(f"stop {' '.join(jobs)}")
    stage.confirm(card, "Confirm stop")
    done = stage.shows(card, "Stopped all 2 jobs", "[Resume 2 jobs]")
    assert plain(done).count("Stopped in CDC, a job can be resumed, promoted or deleted.") == 1
    before = stage.now()
    stage.press(done, "Resume 2 jobs")
    asks = stage.slack.wait_message(channel="dms", contains=["Resume 2 jobs?", *jobs], after=before)
    stage.confirm(asks, "Confirm resume")
    stage.shows(asks, "Resumed all 2 jobs")


def test_of_several_those_go_on_that_were_stopped(stage: Scene) -> None:
    stopped, refused = job_with(stage), job_with(stage)
    stage.dms.fault("StopMigrationJob", "FAILED_PRECONDITION", match=refused)
    card = stage.type(f"stop {stopped} {refused}")
    stage.confirm(card, "Confirm stop")
    done = stage.shows(card, "Stopped 1 of 2 jobs", "refused, nothing was changed: ")
    assert labels(done) == ["Retry the failed ones", f"Resume {stopped}"]


@pytest.mark.parametrize(
    ("code", "why"), [("PERMISSION_DENIED", "credentials may not"), ("NOT_FOUND", "does not exist")]
)
def test_trying_again_is_offered_only_where_it_can_help(stage: Scene, code: str, why: str) -> None:
    job = job_with(stage)
    stage.dms.fault("StopMigrationJob", code)
    refused = stage.shows(stage.type(f"stop {job}"), "refused, nothing was changed", why)
    assert labels(refused) == []
    assert [run.hopeless for run in stage.bot.store.runs(job=full(job))] == [True]


def test_of_several_only_those_are_tried_again_that_it_can_help(stage: Scene) -> None:
    denied, failed = job_with(stage), job_with(stage)
    stage.dms.fault("VerifyMigrationJob", "PERMISSION_DENIED", match=denied)
    stage.dms.fault("VerifyMigrationJob", "FAILED_PRECONDITION", match=failed)
    card = stage.shows(
        stage.type(f"verify {denied} {failed}"), "Verified 0 of 2 jobs", "[Retry the failed ones]"
    )
    before = stage.now()
    stage.press(card, "Retry the failed ones")
    stage.slack.wait_message(channel="dms", contains=["✅ *Verified*", failed], after=before)
    assert len(calls(stage, denied)) == 1


def test_trying_again_once_the_job_is_gone_says_so(stage: Scene) -> None:
    job = job_with(stage)
    stage.dms.operation_outcome(job, "stop", "INTERNAL", "the disk is full")
    card = stage.shows(stage.type(f"stop {job}"), "the disk is full", "[Try again]")
    stage.dms.remove_job(job)
    before = stage.now()
    stage.press(card, "Try again")
    stage.slack.wait_message(channel="dms", contains=["no longer there", job], user="dana", after=before)
    assert len(calls(stage, job)) == 1


def test_what_has_only_begun_is_not_called_done(stage: Scene) -> None:
    job = job_with(stage, phase="FULL_DUMP", databases=slow("sales"))
    card = stage.type(f"stop {job}")
    stage.press(stage.type("approvals"), "Review")
    stage.slack.press(stage.slack.wait_view("dana", job), text="Confirm stop")
    said = plain(stage.slack.wait_view("dana", "/dms approvals"))
    assert "Confirmed. How it goes on is told where it was asked." in said
    assert "Done" not in said
    stage.slack.close_view(stage.slack.wait_view("dana", "/dms approvals"), everything=True)
    stage.shows(card, "✅ *Stopped*")


def test_asking_again_asks_also_what_would_run_at_once(stage: Scene) -> None:
    """Who presses *Ask again* has seen another state of the job."""
    job = job_with(stage, phase="FULL_DUMP", databases=slow("sales"))
    card = stage.type(f"stop {job}")
    stage.dms.set_job(job, phase="CDC", frozen=True)
    stage.press(card, "Confirm stop")
    old = stage.shows(card, "Out of date", "[Ask again]")
    before = stage.now()
    stage.press(old, "Ask again", "sam")
    asks = stage.slack.wait_message(channel="dms", contains=[job, "[Confirm stop]"], after=before)
    assert "Stopped in CDC" in plain(asks)
    assert calls(stage, job) == []
    stage.press(asks, "Confirm stop", "sam")
    stage.shows(asks, "✅ *Stopped*")


def test_trying_again_asks_first_where_the_job_is_another(stage: Scene) -> None:
    job = job_with(stage)
    stage.dms.operation_outcome(job, "stop", "INTERNAL", "the disk is full")
    card = stage.shows(stage.type(f"stop {job}"), "the disk is full", "[Try again]")
    stage.dms.remove_job(job)
    stage.dms.add_job(job, phase="CDC", frozen=True, created_ago=5)
    stage.dms.clear_calls()
    before = stage.now()
    stage.press(card, "Try again", "sam")
    asks = stage.slack.wait_message(channel="dms", contains=[job, "[Confirm stop]"], after=before)
    assert calls(stage, job) == []
    stage.press(asks, "Confirm stop", "sam")
    stage.shows(asks, "✅ *Stopped*")
