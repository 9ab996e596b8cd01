"""What happens to the jobs of a cutover from outside, while it is held or drains."""

from __future__ import annotations

from bot.cutover.states import presses
from bot.requests.queries import outcome_key
from bot.requests.restored import end_unfinished
from bot.slack.render.cutover_card import cutover_card
from bot.slack.render.cutover_messages import call
from bot.store.cutover import Cutover, Mark
from bot.store.cutover import CutoverState as S
from tests.cutover.night import DANA_THERE, SAM, Night
from tests.slack.checks import accepted, all_text


def looks(night: Night) -> None:
    """The jobs are looked at, the cutover goes by them, and then those are called who have to act."""
    night.clock.forward(minutes=1)
    for _ in range(3):
        night.tick()


def called_for(night: Night, plan: Cutover) -> list[str]:
    found = night.desk.ctx.store.messages(f"cutover:{plan.id}:call:", "cutover_call", plan.created)
    return [each.subject["what"] for each in found]


def test_a_promotion_from_outside_that_failed_is_no_longer_shown(night: Night) -> None:
    """Its job replicates again: the cutover can be aborted."""
    plan = night.drained(night.job())
    night.does(plan, "hold", SAM, "the pager rang")
    night.dms.control.set_job("orders", phase="PROMOTE_IN_PROGRESS")
    looks(night)
    assert "A promotion is in progress" in str(cutover_card(night.now(plan), night.clock()))
    night.dms.control.set_job("orders", phase="CDC")
    looks(night)
    held = night.now(plan)
    assert [each.mark for each in held.progress.jobs] == [Mark.OPEN]
    assert "A promotion is in progress" not in str(cutover_card(held, night.clock()))
    assert night.does(plan, "abort", DANA_THERE, "it failed").state is S.ABORTED


def test_nobody_is_asked_to_abort_what_is_being_promoted_after_a_restore(night: Night) -> None:
    """The database is older than the promotion: nothing is left to press before that has ended."""
    plan = night.drained(night.job())
    end_unfinished(night.desk.ctx.store, night.clock())
    night.tick()
    night.tick()
    assert called_for(night, plan)[-1] == "abort"
    night.dms.control.set_job("orders", phase="PROMOTE_IN_PROGRESS")
    looks(night)
    looks(night)
    held = night.now(plan)
    assert "abort" not in {each.step for each in presses(held, DANA_THERE.user)}
    assert "please" not in all_text(accepted(call(held, DANA_THERE.user, "abort")))
    assert "then abort" not in held.progress.why
    assert "without" not in called_for(night, plan)
    night.dms.control.set_job("orders", phase="CDC")
    looks(night)
    assert "Look at the jobs, then abort." in night.now(plan).progress.why
    night.does(plan, "abort", DANA_THERE, "it failed")


def test_what_is_left_of_a_restored_wave_is_said_once_a_job_was_promoted(night: Night) -> None:
    plan = night.drained(night.job("one"), night.job("two"))
    end_unfinished(night.desk.ctx.store, night.clock())
    night.tick()
    assert "then abort" in night.now(plan).progress.why
    night.dms.control.set_job("one", state="COMPLETED", phase=None)
    looks(night)
    held = night.now(plan)
    card = str(cutover_card(held, night.clock()))
    assert "then abort" not in card
    assert "*Go on without it…* begins the checklist." in card
    assert called_for(night, plan)[-1] == "without"
    night.does(plan, "without", DANA_THERE, "later")


def test_who_leads_is_called_once_at_a_time_when_the_advice_changes(night: Night) -> None:
    """However long it had been held by then."""
    plan = night.drained(night.job("one"), night.job("two"))
    end_unfinished(night.desk.ctx.store, night.clock())
    for _ in range(30):
        looks(night)
    night.dms.control.set_job("one", state="COMPLETED", phase=None)
    looks(night)
    assert called_for(night, plan).count("without") == 1
    for _ in range(4):
        looks(night)
    assert called_for(night, plan).count("without") == 2


def test_a_call_that_advises_to_abort_is_edited_once_that_cannot_be(night: Night) -> None:
    plan = night.drained(night.job())
    night.does(plan, "hold", SAM, "the pager rang")
    night.tick()
    store = night.desk.ctx.store

    def revision() -> int:
        found = store.messages(f"cutover:{plan.id}:call:resume", "cutover_call", plan.created)
        return found[-1].rev

    before = revision()
    night.dms.control.set_job("orders", phase="PROMOTE_IN_PROGRESS")
    looks(night)
    assert revision() > before


def test_a_job_without_samples_is_not_promoted_with_the_others(night: Night) -> None:
    """Somebody promoted it elsewhere, so it was not measured. That failed, and now it cannot be measured."""
    plan = night.stopped(night.job("one"), night.job("two"))
    night.dms.control.set_job("two", phase="PROMOTE_IN_PROGRESS")
    night.minutes(["one"], 4)
    assert night.state(plan) is S.DRAINED
    night.dms.control.fault("ListTimeSeries", "PERMISSION_DENIED", times=None)
    night.dms.control.set_job("two", phase="CDC")
    night.clock.forward(seconds=20)
    night.tick()
    assert "is draining" in night.promote(plan)
    assert (night.state(plan), night.promotes()) == (S.DRAINING, 0)


def held_in_part(night: Night) -> Cutover:
    """One of two jobs is promoted. Whoever planned it opens the writes, too."""
    plan = night.ready(night.job("one"), night.job("two"), app_owner=DANA_THERE.user, writers=())
    night.does(plan, "here")
    night.does(plan, "start")
    night.does(plan, "stopped")
    night.minutes(["one", "two"], 4)
    night.dms.control.fault(method="PromoteMigrationJob", kind="FAILED_PRECONDITION", match="/two")
    assert night.promote(plan) == ""
    return night.reaches(plan, S.HELD)


def test_the_owner_who_planned_it_is_called_where_no_outcome_tells_of_the_promotion(night: Night) -> None:
    """The last job was promoted by hand, so the request of the plan tells nobody of it."""
    plan = held_in_part(night)
    night.clock.forward(minutes=5)
    night.dms.control.set_job("two", state="COMPLETED", phase=None)
    looks(night)
    assert night.state(plan) is S.CHECKLIST
    assert "item" in called_for(night, plan)


def test_the_owner_who_planned_it_is_called_where_somebody_left_out_the_rest(night: Night) -> None:
    plan = held_in_part(night)
    night.does(plan, "without", SAM, "later")
    night.tick()
    assert "item" in called_for(night, plan)


def test_the_owner_who_planned_it_is_called_once_for_a_promotion(night: Night) -> None:
    """By the outcome of the request."""
    plan = held_in_part(night)
    night.does(plan, "resume")
    night.minutes(["two"], 4)
    assert night.promote(plan) == ""
    night.reaches(plan, S.CHECKLIST)
    night.tick()
    assert night.desk.ctx.store.message(outcome_key(plan.request, 1)) is not None
    assert "item" not in called_for(night, plan)
