"""An operation that never ends: whoever may act on its job can stop following it, and nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.slack.render.approval_card import approval_card
from bot.slack.render.request_card import request_card
from bot.store.records import Person
from sandbox.slack import plain
from tests.e2e.deciding import (
    DANA,
    RILEY,
    SAM,
    asks,
    ended,
    events,
    eventually,
    moment,
    press_refused,
    private,
    request_of,
    runs_of,
    told,
)
from tests.e2e.scene import JSON, fresh
from tests.faults.timed import Timed, a_job, read_again, timed

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
def stage(tmp_path: Path) -> Iterator[Timed]:
    with timed(tmp_path, GUARD, bulk_parallel=1) as made:
        made.dms.operation_seconds(FOREVER)
        yield made
        assert made.slack.violations() == []


def going(stage: Timed, line: str) -> JSON:
    """The message of what was begun, once its operation is followed."""
    return stage.shows(stage.type(line), "running since")


def verifying(stage: Timed, *jobs: str) -> JSON:
    """The message of several jobs, once the first is followed and the others wait."""
    card = stage.type(f"verify {' '.join(jobs)}")
    stage.press(card, "Confirm verify")
    return stage.shows(card, "running since", "waiting for its turn")


def question(message: JSON) -> JSON:
    """What Slack asks before the press of Stop following counts."""
    elements = [each for block in message["blocks"] for each in block.get("elements", ())]
    (found,) = [each for each in elements if each.get("action_id", "").endswith(":unfollow")]
    asked: JSON = found["confirm"]
    return asked


def writes(stage: Timed) -> int:
    """Calls that change or begin something."""
    return sum(1 for call in stage.dms.calls() if not call["method"].startswith(("Get", "List", "Fetch")))


def test_after_an_hour_the_lock_can_be_lifted(stage: Timed) -> None:
    job = a_job(stage)
    card = going(stage, f"verify {job}")
    stage.clock.jump(59 * MINUTE)
    read_again(stage)
    assert LEVER not in plain(stage.shows(card, "running since"))
    stage.clock.jump(MINUTE)
    offered = stage.shows(card, "gone on for more than 1 h", f"`{job}` is locked", LEVER)
    hint = stage.type(f"stop {job}", user="sam")
    assert "so people may stop following it" in plain(hint)
    assert LEVER in plain(hint)
    before = writes(stage)
    stage.press(offered, "Stop following", user="sam")
    over = stage.shows(card, "unclear", "no longer followed", "The service says that", "RUNNING")
    assert LEVER not in plain(over)
    assert ended(stage, job) == ["unclear"]
    assert writes(stage) == before
    assert told(stage, job)[-2:] == [("unfollowed", SAM), ("unclear", DANA)]
    assert f"<@{SAM}> *unfollowed* verify (RUNNING · CDC)" in plain(stage.type(f"history {job}"))
    stage.dms.operation_seconds(6)
    stage.shows(stage.type(f"stop {job}"), "✅ *Stopped*")


def test_whoever_may_not_act_on_the_job_may_not_stop_following_it(stage: Timed) -> None:
    job = a_job(stage)
    card = going(stage, f"verify {job}")
    stage.clock.jump(61 * MINUTE)
    offered = stage.shows(card, LEVER)
    press_refused(stage, offered, "Stop following", "riley", "You may not use `verify`")
    assert [str(run.state) for run in runs_of(stage, job)] == ["following"]
    assert "unfollowed" not in events(stage, job)
    assert RILEY not in [user for _, user in told(stage, job)]


def test_what_has_ended_by_then_stays_as_it_ended(stage: Timed) -> None:
    job = a_job(stage)
    card = going(stage, f"verify {job}")
    stage.clock.jump(61 * MINUTE)
    offered = stage.shows(card, LEVER)
    stage.dms.clock(advance_seconds=2 * FOREVER)
    stage.shows(card, "✅ *Verified*")
    before = moment(stage)
    assert stage.slack.press(offered, text="Stop following", user="sam", stale=True)["ok"]
    private(stage, "sam", "Nothing was done", "done already", after=before)
    assert ended(stage, job) == ["succeeded"]
    assert "unfollowed" not in events(stage, job)


def test_nothing_is_left_before_its_time(stage: Timed) -> None:
    job = a_job(stage)
    going(stage, f"verify {job}")
    asked = request_of(stage, job)
    note = stage.bot.approvals.abandonment.abandon(Person(asked.by.team, SAM, asked.by.channel), asked.id)
    assert note is not None
    assert "only what has gone on for 1 h" in str(note.text)
    foreign = stage.bot.approvals.abandonment.abandon(Person("T0OTHERTEAM", SAM), asked.id)
    assert foreign is not None
    assert "not from this workspace" in str(foreign.text)
    assert [str(run.state) for run in runs_of(stage, job)] == ["following"]


def test_those_whose_turn_has_not_come_are_not_sent(stage: Timed) -> None:
    first, second = a_job(stage), a_job(stage)
    card = verifying(stage, first, second)
    stage.clock.jump(61 * MINUTE)
    said = "1 job of this request still waiting for its turn will then not be begun."
    offered = stage.shows(card, f"`{first}` is locked", said, LEVER)
    assert said in question(offered)["text"]["text"]
    stage.press(offered, "Stop following", "sam")
    stage.shows(card, "unclear", "Its turn had not come", "[Retry the failed ones]")
    assert (ended(stage, first), ended(stage, second)) == (["unclear"], ["refused"])
    assert len(stage.dms.calls("VerifyMigrationJob")) == 1
    assert told(stage, second)[-2:] == [("unfollowed", SAM), ("refused", DANA)]


def test_whoever_may_not_act_on_a_job_that_waits_may_not_keep_it_from_its_turn(stage: Timed) -> None:
    first, vault = a_job(stage), fresh("vault")
    stage.dms.add_job(vault, state="RUNNING", phase="CDC", databases=["sales"], frozen=True)
    card = verifying(stage, first, vault)
    stage.clock.jump(61 * MINUTE)
    offered = stage.shows(card, LEVER)
    press_refused(stage, offered, "Stop following", "sam", "You may not use `verify`", f"`{vault}` waits")
    assert [str(run.state) for job in (first, vault) for run in runs_of(stage, job)] == [
        "following",
        "queued",
    ]
    assert "unfollowed" not in events(stage, first) + events(stage, vault)


def stopping_first(stage: Timed, job: str) -> JSON:
    """The message of a restart whose stop goes on for long."""
    stage.dms.set_job(job, state="RUNNING", phase="FULL_DUMP")
    card = stage.shows(stage.type(f"restart {job} --stop-first"), "[Confirm restart]")
    stage.confirm(card, "Confirm restart", typed=job)
    asking = stage.slack.wait_message(channel="dms-approvals", contains=[job, "[Approve]"])
    stage.press(asking, "Approve", user="alex")
    stage.shows(card, "stopping it first")
    stage.clock.jump(61 * MINUTE)
    return stage.shows(card, LEVER)


def test_a_restart_that_waits_for_its_stop_is_not_sent(stage: Timed) -> None:
    job = a_job(stage)
    card = stopping_first(stage, job)
    stage.press(card, "Stop following")
    stage.shows(card, "unclear", "The restart that was to come after the stop was not sent")
    stage.dms.clock(advance_seconds=2 * FOREVER)
    eventually(lambda: "STOPPED" in plain(stage.type(f"show {job}")))
    assert stage.dms.calls("RestartMigrationJob") == []


def test_an_operation_that_cannot_be_read_is_said_to_be_so_while_it_lasts(stage: Timed) -> None:
    job = a_job(stage)
    card = going(stage, f"verify {job}")
    stage.dms.fault("GetOperation", "PERMISSION_DENIED", times=None)
    stage.shows(card, "its operation cannot be read")
    stage.dms.clear_faults()
    eventually(lambda: "cannot be read" not in plain(stage.shows(card, "running since")))
    assert [str(run.state) for run in runs_of(stage, job)] == ["following"]


def test_a_stop_that_ends_while_somebody_presses_goes_on_and_the_presser_is_told(stage: Timed) -> None:
    """The press is held at the far end, where it reads the job, until the restart has been sent."""
    job = a_job(stage)
    offered = stopping_first(stage, job)
    stage.dms.fault("GetMigrationJob", "HANG")
    looks = len(stage.dms.calls("GetMigrationJob"))
    before = moment(stage)
    assert stage.slack.press(offered, text="Stop following", user="sam")["ok"]
    eventually(lambda: len(stage.dms.calls("GetMigrationJob")) > looks)
    stage.dms.clock(advance_seconds=2 * FOREVER)
    eventually(lambda: stage.dms.calls("RestartMigrationJob"))
    stage.dms.clear_faults()
    private(stage, "sam", f"Nothing was done for `{job}`", "had just ended", after=before)
    assert "unfollowed" not in events(stage, job)
    assert "unclear" not in events(stage, job)


def out_of_sight(stage: Timed) -> str:
    """A job that has been verified for long by a message that dana alone sees, in a channel of others."""
    job = a_job(stage)
    stage.slack.kick_bot("dms")
    stage.type(f"verify {job}")
    eventually(lambda: [str(run.state) for run in runs_of(stage, job)] == ["following"])
    stage.clock.jump(61 * MINUTE)
    return job


def test_others_find_the_button_beside_the_refusal(stage: Timed) -> None:
    job = out_of_sight(stage)
    refused = stage.type(f"stop {job}", "sam", "dms-approvals")
    assert f"`{job}` is locked" in plain(refused)
    assert (
        "Nothing is sent or stopped at the service. 1 job is told as unclear"
        in (question(refused)["text"]["text"])
    )
    before = moment(stage)
    stage.press(refused, "Stop following", "sam")
    private(stage, "sam", "No longer followed", "`/dms show`", after=before)
    assert ended(stage, job) == ["unclear"]
    assert told(stage, job)[-2:] == [("unfollowed", SAM), ("unclear", DANA)]


def test_others_find_the_button_where_the_job_is_shown_if_they_may(stage: Timed) -> None:
    job = out_of_sight(stage)
    assert LEVER not in plain(stage.type(f"show {job}", "riley", "dms-approvals"))
    shown = stage.type(f"show {job}", "sam", "dms-approvals")
    stage.press(shown, "Stop following", "sam")
    assert ended(stage, job) == ["unclear"]
    assert LEVER not in plain(stage.type(f"show {job}", "sam", "dms-approvals"))


def test_an_approval_that_finds_the_job_locked_has_the_button_too(stage: Timed) -> None:
    job = a_job(stage)
    card = stage.type(f"delete {job}")
    stage.press(card, "Delete job only")
    asking = asks(stage, job)
    going(stage, f"verify {job}")
    stage.clock.jump(61 * MINUTE)
    press_refused(stage, asking, "Approve", "alex", f"`{job}` is locked", LEVER)


def test_the_copy_for_approvers_says_nothing_of_a_button_that_it_lacks(stage: Timed) -> None:
    job = a_job(stage)
    stopping_first(stage, job)
    asked, runs = request_of(stage, job), runs_of(stage, job)
    now = stage.clock()
    assert "Stop following" in str(request_card(asked, runs, (), now).payload())
    assert "Stop following" not in str(approval_card(asked, (), (), now, runs).payload())
