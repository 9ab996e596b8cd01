"""An operation that never ends: whoever may act on its job can stop following it, and nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.slack.render.approval_card import Asking, approval_card
from bot.slack.render.request_card import request_card
from bot.store.records import Person
from sandbox.slack import plain
from tests.e2e.env import JSON, unique_id
from tests.e2e.helpers import (
    DANA,
    RILEY,
    SAM,
    asks,
    audit_events,
    ended,
    events,
    moment,
    press_refused,
    private,
    request_of,
    runs_of,
)
from tests.faults.timed import Timed, a_job, read_again, timed
from tests.waiting import until

FOREVER = 1_000_000
MINUTE = timedelta(minutes=1)
LEVER = "[Stop following]"
GUARD = f"""
[[rule]]
name = "guard"
verbs = ["verify"]
jobs = ["vault-*"]
allow = ["{DANA}"]
"""
"""Sam may verify other jobs than these."""


@pytest.fixture
def env(tmp_path: Path) -> Iterator[Timed]:
    with timed(tmp_path, GUARD, bulk_parallel=1) as made:
        made.dms.operation_seconds(FOREVER)
        yield made
        assert made.slack.violations() == []


def going(env: Timed, line: str) -> JSON:
    """The message of what was begun, once its operation is followed."""
    return env.shows(env.type(line), "ing, began")


def verifying(env: Timed, *jobs: str) -> JSON:
    """The message of several jobs, once the first is followed and the others wait."""
    card = env.type(f"verify {' '.join(jobs)}")
    env.press(card, "confirm")
    return env.shows(card, "ing, began", "waiting for its turn")


def question(message: JSON) -> JSON:
    """What Slack asks before the press of Stop following counts."""
    elements = [each for block in message["blocks"] for each in block.get("elements", ())]
    (found,) = [each for each in elements if each.get("action_id", "").endswith(":unfollow")]
    asked: JSON = found["confirm"]
    return asked


def writes(env: Timed) -> int:
    """Calls that change or begin something."""
    return sum(1 for call in env.dms.calls() if not call["method"].startswith(("Get", "List", "Fetch")))


def test_after_an_hour_the_lock_can_be_lifted(env: Timed) -> None:
    job = a_job(env)
    card = going(env, f"verify {job}")
    env.clock.jump(59 * MINUTE)
    read_again(env)
    assert LEVER not in plain(env.shows(card, "ing, began"))
    env.clock.jump(MINUTE)
    offered = env.shows(card, "been running for more than 1 h", f"`{job}` is locked", LEVER)
    hint = env.type(f"stop {job}", user="sam")
    assert "so people may stop following it" in plain(hint)
    assert LEVER in plain(hint)
    before = writes(env)
    env.press(offered, "unfollow", user="sam")
    over = env.shows_as(card, "unclear", "no longer followed", "The service says that", "is running")
    assert LEVER not in plain(over)
    assert ended(env, job) == ["unclear"]
    assert writes(env) == before
    assert audit_events(env, job)[-2:] == [("unfollowed", SAM), ("unclear", DANA)]
    env.press(env.type(f"history {job}"), "Steps")
    steps = env.slack.wait_message(channel="dms", user="dana", contains="unfollowed")
    assert f"<@{SAM}> *unfollowed* verify (Running · CDC)" in plain(steps)
    env.dms.operation_seconds(6)
    env.shows_done(env.type(f"stop {job}"), "stop")


def test_whoever_may_not_act_on_the_job_may_not_stop_following_it(env: Timed) -> None:
    job = a_job(env)
    card = going(env, f"verify {job}")
    env.clock.jump(61 * MINUTE)
    offered = env.shows(card, LEVER)
    press_refused(env, offered, "unfollow", "riley", "You may not use `verify`")
    assert [str(run.state) for run in runs_of(env, job)] == ["following"]
    assert "unfollowed" not in events(env, job)
    assert RILEY not in [user for _, user in audit_events(env, job)]


def test_what_has_ended_by_then_stays_as_it_ended(env: Timed) -> None:
    job = a_job(env)
    card = going(env, f"verify {job}")
    env.clock.jump(61 * MINUTE)
    offered = env.shows(card, LEVER)
    env.dms.clock(advance_seconds=2 * FOREVER)
    env.shows_done(card, "verify")
    before = moment(env)
    assert env.press(offered, "unfollow", user="sam", stale=True)["ok"]
    private(env, "sam", "Nothing was done", "done already", after=before)
    assert ended(env, job) == ["succeeded"]
    assert "unfollowed" not in events(env, job)


def test_nothing_is_left_before_its_time(env: Timed) -> None:
    job = a_job(env)
    going(env, f"verify {job}")
    asked = request_of(env, job)
    note = env.bot.approvals.abandonment.abandon(Person(asked.by.team, SAM, asked.by.channel), asked.id)
    assert note is not None
    assert "only what has been running for 1 h" in str(note.text)
    foreign = env.bot.approvals.abandonment.abandon(Person("T0OTHERTEAM", SAM), asked.id)
    assert foreign is not None
    assert "not from this workspace" in str(foreign.text)
    assert [str(run.state) for run in runs_of(env, job)] == ["following"]


def test_those_whose_turn_has_not_come_are_not_sent(env: Timed) -> None:
    first, second = a_job(env), a_job(env)
    card = verifying(env, first, second)
    env.clock.jump(61 * MINUTE)
    said = "1 job of this request still waiting for its turn will then not start."
    offered = env.shows(card, f"`{first}` is locked", said, LEVER)
    assert said in question(offered)["text"]["text"]
    env.press(offered, "unfollow", "sam")
    env.shows_as(card, "unclear", "It was still waiting", "[Retry the failed ones]")
    assert (ended(env, first), ended(env, second)) == (["unclear"], ["refused"])
    assert len(env.dms.calls("VerifyMigrationJob")) == 1
    assert audit_events(env, second)[-2:] == [("unfollowed", SAM), ("refused", DANA)]


def test_whoever_may_not_act_on_a_job_that_waits_may_not_keep_it_from_its_turn(env: Timed) -> None:
    first, vault = a_job(env), unique_id("vault")
    env.dms.add_job(vault, state="RUNNING", phase="CDC", databases=["sales"], frozen=True)
    card = verifying(env, first, vault)
    env.clock.jump(61 * MINUTE)
    offered = env.shows(card, LEVER)
    press_refused(env, offered, "unfollow", "sam", "You may not use `verify`", f"`{vault}` is still waiting")
    assert [str(run.state) for job in (first, vault) for run in runs_of(env, job)] == [
        "following",
        "queued",
    ]
    assert "unfollowed" not in events(env, first) + events(env, vault)


def stopping_first(env: Timed, job: str) -> JSON:
    """The message of a restart whose stop goes on for long."""
    env.dms.set_job(job, state="RUNNING", phase="FULL_DUMP")
    card = env.shows(env.type(f"restart {job} --stop-first"), step="confirm")
    env.confirm(card, typed=job)
    asking = env.slack.wait_message(channel="dms-approvals", contains=[job, "[Approve"])
    env.press(asking, "approve", user="alex")
    env.shows(card, "stopping it first")
    env.clock.jump(61 * MINUTE)
    return env.shows(card, LEVER)


def test_a_restart_that_waits_for_its_stop_is_not_sent(env: Timed) -> None:
    job = a_job(env)
    card = stopping_first(env, job)
    env.press(card, "unfollow")
    env.shows_as(card, "unclear", "The restart that was to come after the stop was not sent")
    env.dms.clock(advance_seconds=2 * FOREVER)
    until(lambda: "Stopped" in plain(env.type(f"show {job}")))
    assert env.dms.calls("RestartMigrationJob") == []


def test_an_operation_that_cannot_be_read_is_said_to_be_so_while_it_lasts(env: Timed) -> None:
    job = a_job(env)
    card = going(env, f"verify {job}")
    env.dms.fault("GetOperation", "PERMISSION_DENIED", times=None)
    env.shows(card, "its operation cannot be read")
    env.dms.clear_faults()
    until(lambda: "cannot be read" not in plain(env.shows(card, "ing, began")))
    assert [str(run.state) for run in runs_of(env, job)] == ["following"]


def test_a_stop_that_ends_while_somebody_presses_goes_on_and_the_presser_is_told(env: Timed) -> None:
    """The press is held at the far end, where it reads the job, until the restart has been sent."""
    job = a_job(env)
    offered = stopping_first(env, job)
    env.dms.fault("GetMigrationJob", "HANG")
    looks = len(env.dms.calls("GetMigrationJob"))
    before = moment(env)
    assert env.press(offered, "unfollow", user="sam")["ok"]
    until(lambda: len(env.dms.calls("GetMigrationJob")) > looks)
    env.dms.clock(advance_seconds=2 * FOREVER)
    until(lambda: env.dms.calls("RestartMigrationJob"))
    env.dms.clear_faults()
    private(env, "sam", f"Nothing was done for `{job}`", "has just ended", after=before)
    assert "unfollowed" not in events(env, job)
    assert "unclear" not in events(env, job)


def out_of_sight(env: Timed) -> str:
    """A job that has been verified for long by a message that dana alone sees, in a channel of others."""
    job = a_job(env)
    env.slack.kick_bot("dms")
    env.type(f"verify {job}")
    until(lambda: [str(run.state) for run in runs_of(env, job)] == ["following"])
    env.clock.jump(61 * MINUTE)
    return job


def test_others_find_the_button_beside_the_refusal(env: Timed) -> None:
    job = out_of_sight(env)
    refused = env.type(f"stop {job}", "sam", "dms-approvals")
    assert f"`{job}` is busy" in plain(refused)
    assert (
        "Nothing is sent or stopped at the service. 1 job is reported as unclear"
        in (question(refused)["text"]["text"])
    )
    before = moment(env)
    env.press(refused, "unfollow", "sam")
    private(env, "sam", "No longer followed", "`/dms show`", after=before)
    assert ended(env, job) == ["unclear"]
    assert audit_events(env, job)[-2:] == [("unfollowed", SAM), ("unclear", DANA)]


def test_others_find_the_button_where_the_job_is_shown_if_they_may(env: Timed) -> None:
    job = out_of_sight(env)
    assert LEVER not in plain(env.type(f"show {job}", "riley", "dms-approvals"))
    shown = env.type(f"show {job}", "sam", "dms-approvals")
    env.press(shown, "unfollow", "sam")
    assert ended(env, job) == ["unclear"]
    assert LEVER not in plain(env.type(f"show {job}", "sam", "dms-approvals"))


def test_an_approval_that_finds_the_job_locked_has_the_button_too(env: Timed) -> None:
    job = a_job(env)
    card = env.type(f"delete {job}")
    env.press(card, "confirm")
    asking = asks(env, job)
    going(env, f"verify {job}")
    env.clock.jump(61 * MINUTE)
    press_refused(env, asking, "approve", "alex", f"`{job}` is busy", LEVER)


def test_the_copy_for_approvers_says_nothing_of_a_button_that_it_lacks(env: Timed) -> None:
    job = a_job(env)
    stopping_first(env, job)
    asked, runs = request_of(env, job), runs_of(env, job)
    now = env.clock()
    assert "Stop following" in str(request_card(asked, runs, (), now).payload())
    assert "Stop following" not in str(approval_card(asked, Asking(), (), now, runs).payload())
