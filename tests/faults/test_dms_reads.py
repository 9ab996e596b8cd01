"""DMS in trouble while the bot reads: one sentence that says what is wrong, and nothing half done."""

from __future__ import annotations

import pytest

from bot.dms.model import job_name
from sandbox.slack import plain
from sandbox.slack.seed import NOTIFY_CHANNEL
from tests.e2e.env import CAUGHT_UP, LOCATIONS, Env
from tests.faults.acts import ACTS, applied, ask, calls
from tests.outbox import all_sent
from tests.waiting import until

BOTH = " and ".join(LOCATIONS)
SAID = {
    "UNAVAILABLE": f"{BOTH} do not answer",
    "DEADLINE_EXCEEDED": f"{BOTH} do not answer",
    "RESOURCE_EXHAUSTED": f"the quota of {BOTH} is used up (Quota exceeded for quota metric",
    "PERMISSION_DENIED": f"{BOTH} refuse to answer (The caller does not have permission)",
}
"""By code, why nobody can say whether a job is there."""
LISTED = {
    "UNAVAILABLE": "Not answering",
    "DEADLINE_EXCEEDED": "Not answering",
    "RESOURCE_EXHAUSTED": "Quota used up",
}
STOP = next(each for each in ACTS if each.name == "stop")


def a_job(env: Env) -> str:
    return env.add_job("read", state="RUNNING", phase="CDC", databases=["sales"], **CAUGHT_UP)


@pytest.mark.parametrize("code", LISTED)
def test_a_list_without_any_answer_does_not_say_that_there_are_no_jobs(env: Env, code: str) -> None:
    a_job(env)
    env.dms.fault("*", code, times=None)
    said = plain(env.type("list"))
    assert LISTED[code] in said
    assert all(place in said for place in LOCATIONS)
    assert "no migration job yet" not in said


@pytest.mark.parametrize("code", SAID)
@pytest.mark.parametrize("command", ["show {job}", "stop {job}", "edit {job} --add x"])
def test_of_a_job_that_cannot_be_read_nobody_says_that_it_is_not_there(
    env: Env, code: str, command: str
) -> None:
    job = a_job(env)
    env.dms.fault("*", code, times=None)
    said = plain(env.type(command.format(job=job)))
    assert f"I cannot tell whether there is a job `{job}`: {SAID[code]}" in said
    assert ("Nothing was sent." in said) is not command.startswith("show")
    assert "There is no" not in said
    assert env.bot.store.requests(job=job_name("demo-project", LOCATIONS[0], job)) == ()
    env.dms.clear_faults()
    assert job in plain(env.type(f"show {job}"))


def test_one_location_without_quota_may_have_the_job(env: Env) -> None:
    """With a location in front of the id, the others do not matter."""
    env.dms.fault("GetMigrationJob", "RESOURCE_EXHAUSTED", times=None, match=f"locations/{LOCATIONS[1]}/")
    said = plain(env.type("show no-such"))
    assert f"I cannot tell whether there is a job `no-such`: the quota of {LOCATIONS[1]} is used up" in said
    assert "There is no migration job" in plain(env.type(f"show {LOCATIONS[0]}/no-such"))
    assert f"the quota of {LOCATIONS[1]} is used up" in plain(env.type(f"show {LOCATIONS[1]}/no-such"))


def test_a_short_outage_is_not_noticed(env: Env) -> None:
    job = a_job(env)
    env.dms.fault("*", "UNAVAILABLE", times=2, match=job)
    assert "Running" in plain(env.type(f"show {job}"))


def test_a_location_that_is_away_is_named_and_the_others_are_shown(env: Env) -> None:
    job = a_job(env)
    env.dms.location_unreachable("us-central1")
    said = plain(env.type(f"list {job}"))
    env.dms.location_unreachable("us-central1", on=False)
    assert job in said
    assert "us-central1" in said


def test_an_approval_does_not_count_while_the_job_cannot_be_read(env: Env) -> None:
    """Pressing again afterwards is enough."""
    job = a_job(env)
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    env.dms.fault("*", "DEADLINE_EXCEEDED", times=None, match=job)
    before = env.now()
    env.press(card, "confirm")
    env.answer_to("dana", "dms", "did not answer in time", before)
    env.dms.clear_faults()
    assert env.dms.calls("PromoteMigrationJob") == []
    env.press(card, "confirm")
    env.shows_done(card, "promote")
    assert len(env.dms.calls("PromoteMigrationJob")) == 1


def test_what_happened_during_an_outage_is_told_once_afterwards(env: Env) -> None:
    job = a_job(env)
    # A digest names only some of the jobs that the tests before this one made.
    name = job_name(env.bot.settings.project, LOCATIONS[0], job)
    until(lambda: env.bot.store.known_job(name) is not None)
    begun = env.now(NOTIFY_CHANNEL)
    env.dms.fault("ListMigrationJobs", "UNAVAILABLE", times=None)
    env.dms.set_job(job, state="FAILED", phase="CDC", error="The source went away.")
    env.dms.clear_faults()
    env.slack.wait_message(NOTIFY_CHANNEL, contains=[job, "The source went away"], after=begun)
    until(lambda: all_sent(env.bot.store))
    alerts = [each for each in env.bot.store.events(limit=1000) if each.job.endswith(f"/{job}")]
    assert [each.after for each in alerts].count("FAILED/CDC") == 1, alerts


def test_an_operation_that_cannot_be_read_for_a_while_is_followed_on(env: Env) -> None:
    job = env.add_job("follow", state="RUNNING", phase="CDC", databases=["sales"])
    env.dms.fault("GetOperation", "UNAVAILABLE", times=4)
    card = ask(env, STOP, job)
    env.shows_as(card, "done")
    assert (len(calls(env, STOP, job)), applied(env, STOP, job)) == (1, 1)
