"""What a confirmation did not show is not touched, and what is not sure is not assumed."""

from __future__ import annotations

from sandbox.slack import plain
from tests.e2e.env import LOCATIONS, Env, unique_id


def test_a_database_that_fails_after_the_question_is_not_wiped_with_the_others(env: Env) -> None:
    job = unique_id("late")
    failed = {"name": "sales", "state": "FAILED", "phase": "FULL_DUMP", "error": {"code": 9, "message": "x"}}
    env.dms.add_job(job, state="RUNNING", phase="CDC", databases=[failed, "prices"], frozen=True)
    card = env.type(f"restart {job} --failed-only")
    env.dms.set_database(job, "prices", state="FAILED", error={"code": 9, "message": "y"})
    env.confirm(card, typed=job)
    env.shows(card, "prices", "did not show", "Nothing was sent")
    assert env.writes("restart", job) == []


def test_a_change_waits_until_it_is_sure_which_twin_is_meant(env: Env) -> None:
    job = env.add_job("twin", location=LOCATIONS[1], state="RUNNING", phase="CDC")
    env.dms.location_unreachable(LOCATIONS[0])
    said = plain(env.type(f"stop {job}"))
    assert f"{LOCATIONS[0]} does not answer" in said
    assert env.writes("stop", job) == []
    assert "Running" in plain(env.type(f"show {job}"))
    env.type(f"stop {LOCATIONS[1]}/{job}")
    env.dms.location_unreachable(LOCATIONS[0], False)


def test_the_destination_of_a_completed_job_is_not_deleted_with_its_record(env: Env) -> None:
    job = env.add_job("done", state="COMPLETED", databases=["sales"])
    said = plain(env.type(f"delete {job} --with-destination"))
    assert "only the job's record" in said
    assert env.writes("delete", job) == []


def test_a_promote_names_databases_whose_data_is_incomplete(env: Env) -> None:
    job = unique_id("partly")
    failed = {"name": "search", "state": "FAILED", "phase": "FULL_DUMP", "error": {"code": 9, "message": "x"}}
    env.dms.add_job(job, state="RUNNING", phase="CDC", databases=["sales", failed], sec_lag=0, frozen=True)
    card = plain(env.type(f"promote {job}"))
    assert "The data of `search` is incomplete" in card
    assert "The data of `sales`" not in card
    assert f"*{LOCATIONS[0]}*" in card
