"""What comes from outside in the night: clocks, jobs, the policy, and figures that are not what they seem."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cutover.checks import Checks
from bot.cutover.states import presses
from bot.requests.restored import end_unfinished
from bot.slack.render import cutover_modals
from bot.slack.render.cutover_card import cutover_card
from bot.store.cutover import CheckResult, Mark
from bot.store.cutover import CutoverState as S
from bot.util.command import COMMAND
from sandbox.dms import DmsServer
from tests.cutover.night import ALEX_THERE, ALONE, DANA_THERE, FOUR_EYES, HOUR, QUIET, SAM, Night, a_night
from tests.policy.people import access

WITHOUT_DANA = ALONE.replace('"U0DANA0001", ', "")


# ---- clocks


def test_the_clock_goes_back_after_it_has_drained(night: Night) -> None:
    """How old the samples are is not known then: nothing is sent, and people decide whether it goes on."""
    plan = night.drained(night.job(), by_itself=False)
    night.clock.forward(minutes=-40)
    said = night.promote(plan)
    assert "the last samples are from the future" in said
    assert "old" not in said
    assert "measured again" not in said, "it is held instead"
    night.tick()
    held = night.now(plan)
    assert (held.state, held.progress.why) == (S.HELD, "The clock of dms-bot went back by 40 min.")
    assert night.promotes() == 0


def test_checks_from_the_future_do_not_let_it_start(night: Night) -> None:
    plan = night.ready(night.job())
    night.does(plan, "here")
    night.clock.forward(minutes=-30)
    assert "the checks are from the future" in night.press(plan, "start")
    night.tick()
    assert night.now(plan).progress.checked == night.clock()
    night.does(plan, "start")


def test_samples_from_the_future_never_count(night: Night) -> None:
    """This machine's clock is behind, so the stop of the writes is later than it seems."""
    plan = night.stopped(night.job())
    night.clock.forward(minutes=6)
    for _ in range(3):
        night.clock.forward(minutes=1)
        night.sample("orders")
    night.clock.forward(minutes=-7)
    night.tick()
    found = night.now(plan)
    assert found.state is S.DRAINING
    assert "from the future" in found.progress.jobs[0].text


def test_a_series_that_ended_before_the_stop_never_counts(night: Night) -> None:
    job = night.job()
    for _ in range(5):
        night.clock.forward(minutes=1)
        night.sample("orders")
    plan = night.stopped(job)
    for _ in range(6):
        night.clock.forward(minutes=1)
        night.tick()
    found = night.now(plan)
    assert found.state is S.DRAINING
    assert "not measured since the writes were stopped" in found.progress.not_measured
    for _ in range(30):
        night.clock.forward(minutes=1)
        night.tick()
    assert night.state(plan) is S.HELD


# ---- the job is deleted, and perhaps created again


def checks_of(night: Night) -> Checks:
    ctx = night.desk.ctx
    return Checks(ctx.dms, ctx.store, ctx.access, night.clock)


@pytest.mark.parametrize("again", [False, True])
def test_a_job_that_is_gone_lets_nobody_start(night: Night, again: bool) -> None:
    plan = night.ready(night.job())
    night.dms.control.remove_job("orders")
    if again:
        night.job()
    lines = checks_of(night).run(night.now(plan))
    (state,) = [each for each in lines if each.guard == "state"]
    assert state.result is (CheckResult.NO_GO if again else CheckResult.NOT_CHECKED)


@pytest.mark.parametrize("state", [S.STOPPING, S.DRAINING, S.DRAINED])
def test_a_job_that_is_deleted_in_the_night_is_held(night: Night, state: S) -> None:
    job = night.job()
    if state is S.STOPPING:
        plan = night.ready(job)
        night.does(plan, "here")
        night.does(plan, "start")
    else:
        plan = night.stopped(job) if state is S.DRAINING else night.drained(job)
    assert night.state(plan) is state
    night.dms.control.remove_job("orders")
    night.clock.forward(seconds=20)
    night.tick()
    held = night.now(plan)
    assert (held.state, held.progress.jobs[0].mark) == (S.HELD, Mark.FAILED)
    assert held.progress.why == "`orders`: it no longer exists."
    night.does(plan, "abort", SAM, "the job is gone")


def test_a_job_that_is_deleted_after_a_lost_answer_is_no_dead_end(night: Night) -> None:
    """Nobody can tell any more whether it was promoted: people decide, and nothing is sent."""
    plan = night.drained(night.job())
    night.dms.control.fault(method="PromoteMigrationJob", kind="DISCONNECT")
    assert night.promote(plan) == ""
    night.reaches(plan, S.UNKNOWN)
    night.dms.control.remove_job("orders")
    night.clock.forward(seconds=20)
    held = night.reaches(plan, S.HELD)
    assert "it no longer exists" in held.progress.why
    assert "whether it was promoted is not known" in held.progress.why
    night.does(plan, "abort", SAM, "looked at the destination: it is a replica still")
    assert night.promotes() == 1


# ---- the policy changes, and people leave


def test_a_policy_that_asks_for_more_approvals_now(service: DmsServer, tmp_path: Path) -> None:
    with a_night(service, tmp_path, access(ALONE)) as before:
        plan = before.drained(before.job(labels={"env": "prod"}))
        with a_night(service, tmp_path, access(FOUR_EYES)) as night:
            night.clock.at = before.clock.at
            assert "0 of 1 approvals" in night.promote(plan)
            assert night.promotes() == 0


def test_a_commander_who_may_no_longer_promote(service: DmsServer, tmp_path: Path) -> None:
    """And who has left: the deputy goes on, as the plan was made by somebody who may."""
    left: set[str] = set()
    rights = access(ALONE, is_member=lambda user: user not in left)
    with a_night(service, tmp_path, rights) as before:
        plan = before.drained(before.job(), who=ALEX_THERE)
        with a_night(service, tmp_path, replace(rights, policy=access(WITHOUT_DANA).policy)) as night:
            night.clock.at = before.clock.at
            assert "may not use `promote`" in night.promote(plan)
            left.add(DANA_THERE.user)
            assert night.promote(plan) != ""
            assert night.promotes() == 0
            assert night.promote(plan, SAM) == ""
            night.reaches(plan, S.CHECKLIST)


@pytest.mark.parametrize("step", ["start", "resume"])
def test_a_commander_who_may_no_longer_promote_begins_nothing_that_goes_by_itself(
    service: DmsServer, tmp_path: Path, step: str
) -> None:
    """The press is the last one of a leader: it would promote without one who may."""
    rights = access(ALONE)
    with a_night(service, tmp_path, rights) as before:
        plan = before.plan(before.job(), who=ALEX_THERE, by_itself=True)
        before.confirm(plan, typed="orders")
        before.tick()
        before.does(plan, "here")
        if step == "resume":
            before.does(plan, "start")
            before.does(plan, "hold", arg="wait")
        with a_night(service, tmp_path, replace(rights, policy=access(WITHOUT_DANA).policy)) as night:
            night.clock.at = before.clock.at
            assert "may not use `promote`" in night.press(plan, step)
            night.does(plan, step, SAM)


def test_a_planner_who_has_left_keeps_it_from_being_sent(service: DmsServer, tmp_path: Path) -> None:
    left: set[str] = set()
    with a_night(service, tmp_path, access(ALONE, is_member=lambda user: user not in left)) as night:
        plan = night.drained(night.job())
        left.add(DANA_THERE.user)
        assert "Nothing was sent" in night.promote(plan, SAM)
        assert (night.promotes(), night.state(plan)) == (0, S.DRAINED)
        night.does(plan, "abort", SAM, "to be planned again")


def test_two_plans_at_once_for_one_job(night: Night) -> None:
    """Of two people who plan at the same moment, one is refused."""
    job = night.job()
    with ThreadPoolExecutor(2) as people:
        told = list(people.map(lambda who: night.cutovers.plan(who, QUIET, [job]), (DANA_THERE, SAM)))
    assert len(night.desk.ctx.store.cutovers()) == 1, told
    assert sum("is part of the cutover that" in str(each) for each in told) == 1


# ---- the database is restored from a backup


@pytest.mark.parametrize("state", [S.STOPPING, S.DRAINED, S.HELD])
def test_a_night_in_a_restored_database_is_held(night: Night, state: S) -> None:
    """It may have been promoted since the backup: nobody is told that it was not, or to open the source."""
    plan = night.ready(night.job())
    night.does(plan, "here")
    night.does(plan, "start")
    if state is not S.STOPPING:
        night.does(plan, "writer", SAM, "0,1")
        night.does(plan, "stopped", SAM)
        night.minutes(["orders"], 4)
    if state is S.HELD:
        night.does(plan, "hold", SAM, "the pager rang")
    assert night.state(plan) is state
    end_unfinished(night.desk.ctx.store, night.clock())
    night.tick()
    held = night.now(plan)
    assert held.state is S.HELD
    assert held.progress.why.startswith("Its request is out of date. Look at the jobs, then abort. The bot")
    night.dms.control.set_job("orders", state="COMPLETED", phase="CDC")
    night.clock.forward(minutes=1)
    night.tick()
    assert night.state(plan) is S.CHECKLIST
    assert night.promotes() == 0


def test_a_night_in_a_restored_database_can_be_aborted(night: Night) -> None:
    plan = night.drained(night.job())
    end_unfinished(night.desk.ctx.store, night.clock())
    night.tick()
    held = night.now(plan)
    assert "resume" not in {each.step for each in presses(held, DANA_THERE.user)}
    assert "cannot be resumed: its request has ended" in night.press(plan, "resume")
    assert "Resume" not in str(cutover_card(held, night.clock()))
    assert "only if the jobs show that nothing was promoted" in str(cutover_modals.why(held, "abort", ""))
    night.clock.forward(minutes=4)
    night.tick()
    assert {each.split(":")[1] for each in night.now(plan).progress.said if each.startswith("call:")} >= {
        "abort"
    }
    night.does(plan, "abort", DANA_THERE, "looked at it")
    night.tick()
    assert any(each.startswith("call:reopened") for each in night.now(plan).progress.said)
    night.does(plan, "reopened", SAM)


@pytest.mark.parametrize("resumed", [False, True])
def test_a_wave_in_a_restored_database_goes_on_without_what_is_not_promoted(
    night: Night, resumed: bool
) -> None:
    """Its request has ended, so a press on *Resume* could lead to nothing."""
    plan = night.drained(night.job("one"), night.job("two"))
    night.dms.control.fault(method="PromoteMigrationJob", kind="FAILED_PRECONDITION", match="/two")
    assert night.promote(plan) == ""
    night.reaches(plan, S.HELD)
    if resumed:
        night.does(plan, "resume")
    end_unfinished(night.desk.ctx.store, night.clock())
    night.tick()
    held = night.now(plan)
    assert held.state is S.HELD
    assert {"resume", "abort"}.isdisjoint(each.step for each in presses(held, DANA_THERE.user))
    card = str(cutover_card(held, night.clock()))
    assert "*Go on without it…* begins the checklist." in card
    assert "Promote what is left with" in card
    assert f"Promote what is left with `{COMMAND} promote`, or go on without it." in held.progress.why
    assert "cannot be resumed" in night.press(plan, "resume")
    night.clock.forward(minutes=4)
    night.tick()
    assert any(each.startswith("call:without") for each in night.now(plan).progress.said)
    assert night.does(plan, "without", DANA_THERE, "later").state is S.CHECKLIST
    assert night.promotes() == 2


def test_no_channel_is_told_that_what_a_restore_ended_did_not_take_place(night: Night) -> None:
    plan = night.plan(night.job(), at=night.clock() + 2 * HOUR)
    night.confirm(plan)
    night.tick()
    assert "news:day_before" in night.now(plan).progress.said
    end_unfinished(night.desk.ctx.store, night.clock())
    night.tick()
    night.tick()
    assert night.state(plan) is S.EXPIRED
    assert night.desk.ctx.store.message(f"cutover:{plan.id}:news:expired") is None
    assert "promoted" not in str(cutover_card(night.now(plan), night.clock()))


# ---- a rehearsal


def test_a_rehearsal_does_not_pass_over_a_job_that_cannot_be_read(night: Night) -> None:
    plan = night.stopped(night.job("one"), night.job("two"), rehearsal=True)
    night.dms.control.remove_job("two")
    night.minutes(["one"], 5)
    found = night.now(plan)
    assert found.state is S.DRAINING
    assert "`two`: it could not be read" in found.progress.not_measured


def test_a_rehearsal_can_be_aborted_whatever_was_promoted(night: Night) -> None:
    plan = night.stopped(night.job("one"), night.job("two"), rehearsal=True)
    night.dms.control.set_job("one", state="COMPLETED", phase="CDC")
    night.dms.control.set_job("two", state="FAILED", phase="CDC", error="connection lost")
    night.minutes([], 1)
    assert night.state(plan) is S.HELD
    assert night.does(plan, "abort", SAM, "another day").state is S.ABORTED


@pytest.mark.parametrize("state", [S.HELD, S.DRAINED, S.CHECKLIST])
def test_a_rehearsal_that_nobody_ends_does_not_keep_others_from_theirs(night: Night, state: S) -> None:
    job = night.job()
    plan = night.drained(job, rehearsal=True)
    if state is S.HELD:
        night.does(plan, "hold", SAM, "lunch")
    elif state is S.CHECKLIST:
        assert night.promote(plan) == ""
    assert night.state(plan) is state
    night.clock.at += 23 * HOUR
    night.sample("orders")
    if state is not S.DRAINED:  # that drains again, as nobody measured meanwhile
        night.tick()
        assert night.state(plan) is state
    night.clock.at += 2 * HOUR
    night.tick()
    ended = night.now(plan)
    assert (ended.state, ended.progress.why) == (S.EXPIRED, "Nobody went on with it for 1 d.")
    assert night.plan(job, who=ALEX_THERE, rehearsal=True).state is S.SCHEDULED


# ---- people are not there


def test_a_deputy_opens_the_writes_where_one_person_was_everybody(night: Night) -> None:
    """Commander and app owner are one person unless the plan says otherwise, and that one falls silent."""
    plan = night.ready(night.job(), app_owner=DANA_THERE.user, writers=())
    for step in ("here", "start", "stopped"):
        night.does(plan, step)
    night.minutes(["orders"], 4)
    assert night.promote(plan) == ""
    night.reaches(plan, S.CHECKLIST)
    assert night.does(plan, "open_writes", SAM).state is S.DONE
