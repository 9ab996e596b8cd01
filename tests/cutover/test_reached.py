"""Who is called in the night, where nobody is named, and when the downtime runs long."""

from __future__ import annotations

from pathlib import Path

from bot.cutover.service import Cutovers
from bot.slack.render import cutover_messages
from bot.store.cutover import Cutover
from bot.store.cutover import CutoverState as S
from bot.store.records import OutMessage, Person
from sandbox.dms import DmsServer
from tests.cutover.night import ALEX_THERE, DANA_THERE, FOUR_EYES, SAM, STRANGER, Night, a_night
from tests.cutover.quiet import NOTHING_SCHEDULED, no_checks
from tests.policy.people import access

ANY_MEMBER = FOUR_EYES.replace("approvals = 1", 'approvals = 1\napprovers = ["viewer"]')


def calls(night: Night, cutover: Cutover, what: str) -> list[OutMessage]:
    """The messages that ask for something, oldest first."""
    keys = (each.removeprefix("call:") for each in night.now(cutover).progress.said if "call:" in each)
    found = (night.desk.ctx.store.message(f"cutover:{cutover.id}:call:{key}") for key in keys)
    return [each for each in found if each is not None and each.subject["what"] == what]


def asked(night: Night, approver: Person) -> Cutover:
    """A cutover of production that one person leads, who asked for the promotion just now."""
    job = night.job(labels={"env": "prod"})
    plan = night.plan(job, app_owner=DANA_THERE.user, deputy="", writers=())
    night.confirm(plan)
    night.approve(plan, approver)
    night.tick()
    for step in ("here", "start", "stopped"):
        night.does(plan, step)
    night.minutes(["orders"], 3)
    assert night.promote(plan) == ""
    return plan


def test_where_every_member_may_approve_whoever_approved_the_plan_is_called(
    service: DmsServer, tmp_path: Path
) -> None:
    with a_night(service, tmp_path, access(ANY_MEMBER)) as night:
        plan = asked(night, ALEX_THERE)
        night.tick()
        assert [each.channel for each in calls(night, plan, "second")] == [ALEX_THERE.user]
        night.minutes(["orders"], 6)
        (post,) = [each for each in calls(night, plan, "second") if each.channel == DANA_THERE.channel]
        shown = str(cutover_messages.call(night.now(plan), "", post.subject["what"]).payload())
        assert f"<@{DANA_THERE.user}> waits for somebody else who may approve it" in shown
        assert "dms:cutover:second" in shown
        assert night.press(plan, "second", STRANGER) == "", "any member may"
        night.reaches(plan, S.CHECKLIST)


def test_the_channel_is_asked_at_once_where_nobody_can_be_named(service: DmsServer, tmp_path: Path) -> None:
    gone: set[str] = set()
    rights = access(ANY_MEMBER, is_member=lambda user: user not in gone)
    with a_night(service, tmp_path, rights) as night:
        plan = asked(night, STRANGER)
        gone.add(STRANGER.user)
        night.tick()
        assert [each.channel for each in calls(night, plan, "second")] == [DANA_THERE.channel]


def test_the_leaders_are_told_once_when_the_downtime_runs_long(night: Night) -> None:
    plan = night.stopped(night.job(), budget_s=1200)
    night.minutes(["orders"], 15)
    assert calls(night, plan, "near_budget") == []
    night.minutes(["orders"], 1)  # 16 of 20 minutes: 80 %
    told = calls(night, plan, "near_budget")
    assert [each.channel for each in told] == [DANA_THERE.user, SAM.user]
    assert night.events(plan).count("budget") == 1
    night.minutes(["orders"], 4)
    assert [each.channel for each in calls(night, plan, "over_budget")] == [DANA_THERE.user, SAM.user]
    after = Cutovers(night.requests, night.desk.ctx.approvals, no_checks, NOTHING_SCHEDULED)
    for _ in range(3):
        night.clock.forward(minutes=1)
        night.sample("orders")
        after.tick(night.clock())
    assert len(calls(night, plan, "near_budget")) == len(calls(night, plan, "over_budget")) == 2
    assert night.events(plan).count("budget") == 2
    said = [each for each in night.desk.ctx.store.cutover_log(plan.id) if each.event == "budget"]
    assert [each.text for each in said] == ["16 min of 20 min", "20 min of 20 min"]
    shown = str(cutover_messages.call(night.now(plan), SAM.user, "over_budget").payload())
    assert "its longest downtime (20 min) is over" in shown


def test_a_bot_that_was_down_tells_only_that_it_is_over(night: Night) -> None:
    """And of an aborted cutover until the source is open again."""
    plan = night.stopped(night.job(), budget_s=1200)
    night.does(plan, "abort", SAM, "not tonight")
    night.clock.forward(minutes=25)
    night.tick()
    assert calls(night, plan, "near_budget") == []
    assert len(calls(night, plan, "over_budget")) == 2
    night.does(plan, "reopened", SAM)
    shown = str(cutover_messages.call(night.now(plan), SAM.user, "over_budget").payload())
    assert "No longer needed" in shown
