"""What the messages of a cutover's request say where its promotion took more than one press."""

from __future__ import annotations

from bot.slack.render.request_messages import RequestMessages
from bot.store.cutover import Cutover
from bot.store.cutover import CutoverState as S
from tests.cutover.night import DANA_THERE, SAM, Night
from tests.slack.checks import accepted, all_text


def told(night: Night, plan: Cutover) -> str:
    """Its card, and the message with its outcome."""
    messages = RequestMessages(
        night.desk.ctx.store, night.desk.ctx.access, lambda _: "ref", lambda: night.clock()
    )
    subject = {"request": plan.request}
    shown = (messages.request(subject), messages.outcome(subject))
    return "\n".join(all_text(accepted(each)) for each in shown if each is not None)


def test_a_promotion_that_a_second_press_sent_is_not_told_as_unclear(night: Night) -> None:
    plan = night.drained(night.job())
    night.dms.control.fault(method="PromoteMigrationJob", kind="DISCONNECT")
    assert night.promote(plan) == ""
    night.reaches(plan, S.UNKNOWN)
    assert "unclear" in told(night, plan)
    night.does(plan, "adopt", SAM)
    night.minutes(["orders"], 4)
    assert night.promote(plan) == ""
    night.reaches(plan, S.CHECKLIST)
    said = told(night, plan)
    assert "✅ *Promoted* `orders`" in said
    assert "unclear" not in said
    assert "check it" not in said


def test_a_wave_that_took_two_presses_is_told_as_promoted(night: Night) -> None:
    plan = night.drained(night.job("one"), night.job("two"))
    night.dms.control.fault(method="PromoteMigrationJob", kind="FAILED_PRECONDITION", match="/two")
    assert night.promote(plan) == ""
    night.reaches(plan, S.HELD)
    night.dms.control.clear_faults()
    night.does(plan, "resume")
    night.minutes(["two"], 3)
    assert night.press(plan, "promote", DANA_THERE, "two") == ""
    night.reaches(plan, S.CHECKLIST)
    said = told(night, plan)
    assert "✅ *Promoted all 2 jobs*" in said
    assert "Retry" not in said
    assert "did not succeed" not in said


def test_a_job_that_was_promoted_from_outside_is_not_sent_and_not_told_as_failed(night: Night) -> None:
    plan = night.drained(night.job("one"), night.job("two"))
    night.dms.control.set_job("one", state="COMPLETED", phase=None)
    night.minutes(["two"], 1)
    assert night.promote(plan) == ""
    night.reaches(plan, S.CHECKLIST)
    assert [run.job for run in night.runs(plan)] == [plan.plan.jobs[1]]
    said = told(night, plan)
    assert "✅ *Promoted 1 of 2 jobs*; 1 left to a promotion from outside" in said
    assert "did not succeed" not in said
    assert "Retry" not in said


def test_a_promotion_from_outside_that_fails_beside_the_others_is_not_sent(night: Night) -> None:
    """Nothing was measured of its job meanwhile."""
    plan = night.drained(night.job("one"), night.job("two"))
    night.dms.control.set_job("one", phase="PROMOTE_IN_PROGRESS")
    night.minutes(["two"], 1)
    night.dms.control.set_job("one", phase="CDC")
    assert night.promote(plan) == ""
    held = night.reaches(plan, S.HELD)
    assert held.progress.why == "`one`: its promotion from outside did not succeed."
    assert night.promotes() == 1
    night.does(plan, "resume")
    night.minutes(["one"], 4)
    assert night.promote(plan) == ""
    night.reaches(plan, S.CHECKLIST)
    assert night.promotes() == 2
    assert "✅ *Promoted all 2 jobs*" in told(night, plan)
