"""What goes wrong in the night of a cutover, and what is promised then."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.cutover.alarm import Scheduled
from bot.cutover.evidence import databases_written
from bot.cutover.ledger import CutoverLedger
from bot.cutover.promotion import Promotion, promote_phrase
from bot.cutover.report import report_json
from bot.cutover.states import ask_of, downtime, presses
from bot.cutover.wave import stranded_jobs
from bot.dms.model import Job, short_name
from bot.slack.render import cutover_messages, cutover_modals
from bot.slack.render.cutover_card import cutover_card
from bot.store.cutover import Cutover, Mark, Tick
from bot.store.cutover import CutoverState as S
from bot.store.records import Freeze, RequestState
from sandbox.dms import DmsServer
from tests.cutover.night import (
    ALEX_THERE,
    DANA_THERE,
    HOUR,
    SAM,
    STRANGER,
    Night,
    a_night,
    four_eyes,
)
from tests.policy.command_service import words


def put(night: Night, id: str, **changes: str) -> None:
    night.dms.control.set_job(id, **changes)


# ---- while it drains


def test_silence_never_passes(night: Night) -> None:
    plan = night.stopped(night.job())
    night.dms.control.monitoring(False)
    try:
        night.minutes(["orders"], 5)
    finally:
        night.dms.control.monitoring(True)
    found = night.now(plan)
    assert found.state is S.DRAINING
    assert "monitoring.timeSeries.list" in found.progress.not_measured
    assert "rained by" not in str(cutover_card(found, night.clock()))
    night.minutes(["orders"], 1)
    assert night.state(plan) is S.DRAINED


def test_the_limit_holds_it(night: Night) -> None:
    plan = night.stopped(night.job())
    night.minutes(["orders"], 29, 5)
    assert night.state(plan) is S.DRAINING
    night.minutes(["orders"], 1, 5)
    held = night.now(plan)
    assert held.state is S.HELD
    assert "30 minutes" in held.progress.why
    assert night.promotes() == 0


def test_one_that_drains_again_is_not_said_never_to_have_drained(night: Night) -> None:
    """It waited for the last press for long; then somebody wrote, and it had a few minutes."""
    plan = night.drained(night.job())
    night.minutes(["orders"], 40)
    assert night.state(plan) is S.DRAINED
    night.minutes(["orders"], 10, 5)
    held = night.now(plan)
    assert held.state is S.HELD
    assert held.progress.why == "It had not drained again within 8 minutes."


def test_an_idle_server_keeps_some_bytes(night: Night) -> None:
    """ "At or close to zero" ("Promote a migration", PostgreSQL): as many as the plan allows, at 0 s."""
    plan = night.stopped(night.job(), most_bytes=1024)
    night.minutes(["orders"], 3, size=1025)
    assert night.state(plan) is S.DRAINING
    night.minutes(["orders"], 3, size=56)
    drained = night.now(plan)
    assert drained.state is S.DRAINED
    said = night.desk.ctx.store.cutover_log(plan.id)[-1].text
    assert said.startswith("at most 1 KiB is missing on the destination; ")
    terms = night.request(plan).facts.terms
    assert terms is not None
    assert terms.most_bytes == 1024


def test_rows_written_afterwards_go_back(night: Night) -> None:
    plan = night.drained(night.job())
    assert plan.state is S.DRAINED
    night.clock.forward(minutes=1)
    night.point("orders", "write_rows_count", 7)
    night.sample("orders")
    night.tick()
    back = night.now(plan)
    assert back.state is S.DRAINING
    (entry,) = [e for e in night.desk.ctx.store.cutover_log(plan.id) if e.event == "not_drained"]
    assert entry.text.startswith("7 rows were written to `app` of `orders`")
    assert "is draining" in night.promote(plan)
    night.minutes(["orders"], 3)
    assert night.state(plan) is S.DRAINED


def source_counts(night: Night, rows: float, database: str = "app") -> None:
    """What Cloud SQL has counted at the source in the minute that ends now."""
    for operation in ("insert", "update", "delete"):
        some = rows if operation == "update" else 0
        night.point("orders", "postgresql/tuples_processed_count", some, f"{operation}.{database}")


def said_when_drained(night: Night, plan: Cutover) -> str:
    (entry,) = [e for e in night.desk.ctx.store.cutover_log(plan.id) if e.event == "drained"]
    return entry.text


def test_a_source_that_counts_no_rows_is_said_to(night: Night) -> None:
    """Until when it counted, too: nobody knows of the minutes after."""
    plan = night.stopped(night.job(source_provider="CLOUDSQL"), by_itself=False)
    for count in range(4):
        night.clock.forward(minutes=1)
        if count < 2:
            source_counts(night, 0)
            until = f"{night.clock():%Y-%m-%d %H:%M} UTC"
        source_counts(night, 60, "postgres")
        night.sample("orders")
        night.tick()
    assert night.state(plan) is S.DRAINED
    assert said_when_drained(night, plan).endswith(
        f"; no rows were written to the source from the stop until {until}"
    )


def test_rows_from_before_it_was_resumed_are_not_said_to_be_absent(night: Night) -> None:
    """What was written between the stop and *Resume* is not counted any more."""
    plan = night.stopped(night.job(source_provider="CLOUDSQL"))
    night.clock.forward(minutes=2)
    source_counts(night, 9)
    night.does(plan, "hold", SAM, "somebody writes")
    night.does(plan, "resume")
    for rows in (0, 0, 3, 0):
        night.clock.forward(minutes=1)
        source_counts(night, rows)
        night.sample("orders")
        night.tick()
    assert night.state(plan) is S.DRAINED
    assert "the source after *Resume*" in said_when_drained(night, plan)
    assert "at the source since *Resume*: 3 in" in str(cutover_card(night.now(plan), night.clock()))


def test_rows_that_a_cloud_sql_source_counts_are_for_people_to_judge(night: Night) -> None:
    """PostgreSQL counts its own rows, too: an idle source that counts some every minute has to drain, but
    nothing is sent by itself, and whoever promotes sees them."""
    plan = stopped_by_itself(night, night.job(source_provider="CLOUDSQL"))
    for _ in range(4):
        night.clock.forward(minutes=1)
        source_counts(night, 3)
        night.sample("orders")
        night.tick()
    drained = night.now(plan)
    assert (drained.state, night.promotes()) == (S.DRAINED, 0)
    assert "; 9 rows were written to the source after the stop, the last by " in said_when_drained(
        night, plan
    )
    calls = night.desk.ctx.store.messages(f"cutover:{plan.id}:call:", "cutover_call", plan.created)
    assert "promote" in {each.subject["what"] for each in calls}
    shown = str(cutover_card(drained, night.clock()))
    assert "⚠️ Rows written at the source since the stop: 12 in `app`" in shown
    assert "🟢" not in shown, "an all-clear would be too much"
    assert "by itself now" not in shown
    dialog = str(cutover_modals.promote(drained, "orders", "ref"))
    assert "12 in `app`" in dialog
    assert "look at the source first" in dialog
    press = night.cutovers.press
    before = press(DANA_THERE, plan.id, "promote", "orders", seen=())
    assert before is not None
    assert "rows written after the stop that this dialog did not show" in words(before)
    assert night.promotes() == 0
    assert press(DANA_THERE, plan.id, "promote", "orders", seen=databases_written(drained)) is None
    night.reaches(plan, S.CHECKLIST)


def test_rows_that_are_counted_while_somebody_presses_stop_the_press(night: Night) -> None:
    """They come after the dialog was compared with the cutover, and before the transaction that decides."""
    plan = night.stopped(night.job(source_provider="CLOUDSQL"), by_itself=False)
    for count in range(5):
        night.clock.forward(minutes=1)
        source_counts(night, 0 if count < 4 else 3)
        night.sample("orders")
        read = night.now(plan)
        night.tick()
    assert (read.state, databases_written(read)) == (S.DRAINED, ())
    assert databases_written(night.now(plan)) != ()
    ledger = CutoverLedger(night.requests.store, clock=night.clock, wake=lambda: None)
    promotion = Promotion(night.requests, night.desk.ctx.approvals, ledger)
    told = promotion.ask(DANA_THERE, read, "orders")
    assert told is not None
    assert "rows written after the stop that this dialog did not show" in words(told)
    needs_second = replace(read, progress=replace(read.progress, second=True))
    assert promotion.ask(DANA_THERE, needs_second, "orders") == told
    assert (night.state(plan), night.promotes()) == (S.DRAINED, 0)
    assert promotion.ask(DANA_THERE, night.now(plan), "orders") is None
    night.reaches(plan, S.CHECKLIST)


def test_a_source_that_cannot_be_read_is_said_not_to_be_checked(night: Night) -> None:
    plan = night.stopped(night.job(source_provider="CLOUDSQL"))
    night.dms.control.fault("ListTimeSeries", "PERMISSION_DENIED", times=None, match="tuples_processed_count")
    night.minutes(["orders"], 3)
    assert night.state(plan) is S.DRAINED
    said = [e.text for e in night.desk.ctx.store.cutover_log(plan.id) if e.event == "drained"]
    assert said == ["nothing is missing on the destination; rows written to the source were not checked"]


def test_old_evidence_goes_back_and_cannot_be_promoted(night: Night) -> None:
    plan = night.drained(night.job())
    for _ in range(14):
        night.clock.forward(seconds=20)
        night.tick()
    assert night.state(plan) is S.DRAINED  # the newest is 4 min 40 s old
    night.clock.forward(seconds=30)
    assert "too old" in night.promote(plan)
    night.tick()
    assert night.state(plan) is S.DRAINING
    assert night.promotes() == 0


@pytest.mark.parametrize(("value", "said"), [(0, "samples are absent"), (9, "is behind again")])
def test_why_it_drains_again_is_said(night: Night, value: float, said: str) -> None:
    """Minutes of which Cloud Monitoring has nothing are no delay."""
    plan = night.drained(night.job())
    for _ in range(10):
        night.clock.forward(seconds=20)
        night.tick()
    night.clock.forward(seconds=20)
    night.sample("orders", value)
    night.tick()
    assert night.state(plan) is S.DRAINING
    (entry,) = [e for e in night.desk.ctx.store.cutover_log(plan.id) if e.event == "not_drained"]
    assert said in entry.text
    assert ("behind" in entry.text) is bool(value)


def test_one_job_of_a_wave_that_does_not_drain_is_named(night: Night) -> None:
    jobs = [night.job("one"), night.job("two")]
    plan = night.stopped(*jobs)
    for _ in range(4):
        night.clock.forward(minutes=1)
        night.sample("one")
        night.sample("two", 9)
        night.tick()
    found = night.now(plan)
    assert found.state is S.DRAINING
    assert [each.mark for each in found.progress.jobs] == [Mark.DRAINED, Mark.OPEN]


def test_nobody_looked_for_too_long(night: Night) -> None:
    """The bot was down, or its clock jumped: people decide whether it goes on."""
    plan = night.stopped(night.job(), by_itself=False)
    night.minutes(["orders"], 1)
    night.clock.forward(minutes=6)
    for _ in range(3):
        night.sample("orders")
    night.tick()
    held = night.now(plan)
    assert held.state is S.HELD
    assert "Nobody looked" in held.progress.why
    assert held.progress.stopped == plan.progress.stopped
    night.does(plan, "resume")
    assert night.state(plan) is S.DRAINING
    night.minutes(["orders"], 3)
    assert night.state(plan) is S.DRAINED


def test_samples_from_before_it_was_resumed_do_not_count(night: Night) -> None:
    plan = night.drained(night.job())
    night.does(plan, "hold", SAM, "the pager rang")
    assert night.now(plan).progress.why == "the pager rang"
    night.clock.forward(seconds=1)
    night.does(plan, "resume")
    night.minutes(["orders"], 2)
    assert night.state(plan) is S.DRAINING
    night.minutes(["orders"], 1)
    assert night.state(plan) is S.DRAINED


def test_the_clock_of_a_held_cutover_goes_on(night: Night) -> None:
    plan = night.stopped(night.job())
    night.does(plan, "hold", SAM, "the pager rang")

    def shown() -> int:
        card = night.desk.ctx.store.message(f"cutover:{plan.id}")
        assert card is not None
        return card.rev

    night.tick()
    before = shown()
    for _ in range(2):
        night.clock.forward(minutes=1)
        night.tick()
    assert shown() == before + 2


# ---- a job changes from outside


def test_a_job_that_fails_holds_it(night: Night) -> None:
    plan = night.drained(night.job("one"), night.job("two"))
    put(night, "two", state="FAILED", phase="CDC", error="connection lost")
    night.minutes(["one"], 1)
    held = night.now(plan)
    assert held.state is S.HELD
    assert held.progress.why.startswith("`two`: it is failed · CDC. If the source is lost for good, `")
    assert [each.mark for each in held.progress.jobs] == [Mark.DRAINED, Mark.FAILED]
    assert "is held" in night.promote(plan)


def test_what_was_promoted_from_outside_is_adopted(night: Night) -> None:
    plan = night.drained(night.job("one"), night.job("two"))
    put(night, "one", state="COMPLETED", phase="CDC")
    night.minutes(["two"], 1)
    found = night.now(plan)
    assert found.state is S.DRAINED
    assert [each.mark for each in found.progress.jobs] == [Mark.PROMOTED, Mark.DRAINED]
    assert promote_phrase(found) == "two"
    put(night, "two", state="COMPLETED", phase="CDC")
    night.minutes([], 1)
    assert night.state(plan) is S.CHECKLIST
    assert night.promotes() == 0


def test_a_promotion_from_outside_is_waited_for(night: Night) -> None:
    plan = night.drained(night.job("one"), night.job("two"))
    put(night, "one", state="RUNNING", phase="PROMOTE_IN_PROGRESS")
    night.minutes(["two"], 1)
    found = night.now(plan)
    assert found.state is S.DRAINED
    assert [each.mark for each in found.progress.jobs] == [Mark.PROMOTING, Mark.DRAINED]
    assert "Delay 0 s" in str(cutover_card(found, night.clock())), "the other is measured"
    assert found.progress.not_measured == ""
    put(night, "one", state="COMPLETED", phase="CDC")
    put(night, "two", state="COMPLETED", phase="CDC")
    night.minutes([], 1)
    assert night.state(plan) is S.CHECKLIST


def test_a_failed_job_that_was_promoted_by_hand_is_adopted(night: Night) -> None:
    """It is held, and `/dms promote` with the typed ID is the way out when the source is lost."""
    plan = night.drained(night.job())
    put(night, "orders", state="FAILED", phase="CDC", error="the source is lost")
    night.minutes([], 1)
    assert night.state(plan) is S.HELD
    put(night, "orders", state="COMPLETED", phase="CDC")
    night.minutes([], 1)
    assert night.state(plan) is S.CHECKLIST
    assert night.request(plan).state is RequestState.CANCELLED


def test_a_source_that_is_lost_before_the_stop_shows_the_last_known_delay(night: Night) -> None:
    plan = night.ready(night.job())
    night.sample("orders", 7, 2048)
    night.does(plan, "here")
    night.does(plan, "start")
    put(night, "orders", state="STOPPED", phase="CDC")
    night.clock.forward(minutes=1)
    night.tick()
    held = night.now(plan)
    assert held.state is S.HELD
    assert stranded_jobs(held) == plan.plan.jobs
    assert [(each.seconds, each.bytes) for each in held.progress.samples] == [(7, 2048)]
    put(night, "orders", state="RUNNING", phase="CDC")
    night.clock.forward(minutes=1)
    night.tick()
    assert stranded_jobs(night.now(plan)) == ()
    assert night.does(plan, "resume").state is S.STOPPING


def test_a_source_that_is_lost_while_it_is_held(night: Night) -> None:
    plan = night.drained(night.job("one"), night.job("two"))
    night.does(plan, "hold", SAM, "the pager rang")
    put(night, "two", state="FAILED", phase="CDC", error="the source is lost")
    night.clock.forward(minutes=1)
    night.tick()
    held = night.now(plan)
    assert [short_name(each) for each in stranded_jobs(held)] == ["two"]
    assert held.progress.why == "the pager rang"
    assert stranded_jobs(replace(held, rehearsal=True)) == ()


def test_a_job_that_is_another_one_is_not_promoted(night: Night) -> None:
    plan = night.drained(night.job())
    night.dms.control.remove_job("orders")
    night.minutes([], 1)
    assert "no longer exists" in night.now(plan).progress.why
    assert night.state(plan) is S.HELD


def test_an_edited_job_is_not_promoted(night: Night) -> None:
    plan = night.drained(night.job())
    put(night, "orders", display_name="another name")
    assert "was edited meanwhile" in night.promote(plan)
    assert night.state(plan) is S.DRAINED
    assert night.promotes() == 0


# ---- the promotion


def test_a_lost_answer_is_adopted_where_the_promotion_is_found(night: Night) -> None:
    plan = night.drained(night.job())
    night.dms.control.fault(method="PromoteMigrationJob", kind="DISCONNECT", after_apply=True)
    assert night.promote(plan) == ""
    night.reaches(plan, S.CHECKLIST)
    assert night.promotes() == 1


def test_whoever_looks_again_and_finds_it_promoted_is_named(night: Night) -> None:
    plan = night.drained(night.job())
    night.dms.control.fault(method="PromoteMigrationJob", kind="DISCONNECT")
    assert night.promote(plan) == ""
    night.reaches(plan, S.UNKNOWN)
    night.dms.control.set_job("orders", state="COMPLETED", phase=None)
    assert night.press(plan, "adopt", SAM) == ""
    last = night.desk.ctx.store.cutover_log(plan.id)[-1]
    assert (night.state(plan), last.event, last.user) == (S.CHECKLIST, "promoted", SAM.user)


@pytest.mark.parametrize("minutes", [3, 10])
def test_a_promotion_that_never_arrived_takes_a_new_press(night: Night, minutes: int) -> None:
    """What was measured before does not count, and that nobody measured meanwhile is no reason to hold it."""
    plan = night.drained(night.job())
    night.dms.control.fault(method="PromoteMigrationJob", kind="DISCONNECT")
    assert night.promote(plan) == ""
    night.reaches(plan, S.UNKNOWN)
    night.minutes(["orders"], minutes)
    assert night.state(plan) is S.UNKNOWN
    night.clock.forward(seconds=1)
    assert "Nobody" not in night.press(plan, "adopt", SAM)
    assert night.state(plan) is S.DRAINING
    assert night.request(plan).state is RequestState.SCHEDULED
    night.minutes(["orders"], 2)
    assert night.state(plan) is S.DRAINING
    night.minutes(["orders"], 1)
    assert night.state(plan) is S.DRAINED
    assert night.promote(plan) == ""
    night.reaches(plan, S.CHECKLIST)


def test_a_refused_promotion_is_held_and_can_be_asked_for_again(night: Night) -> None:
    plan = night.drained(night.job("one"), night.job("two"))
    night.dms.control.fault(method="PromoteMigrationJob", kind="FAILED_PRECONDITION", match="/two")
    assert night.promote(plan) == ""
    held = night.reaches(plan, S.HELD)
    assert [each.mark for each in held.progress.jobs] == [Mark.PROMOTED, Mark.FAILED]
    assert "no way back" in night.press(plan, "abort")
    night.dms.control.clear_faults()
    night.does(plan, "resume")
    assert "1 of 2 jobs promoted · 0 drained" in str(cutover_card(night.now(plan), night.clock()))
    night.minutes(["two"], 3)
    assert "No way back: 1 of 2 jobs promoted" in str(cutover_card(night.now(plan), night.clock()))
    assert night.press(plan, "promote", DANA_THERE, "two") == ""
    night.reaches(plan, S.CHECKLIST)
    assert night.promotes() == 3


def test_a_wave_goes_on_without_what_cannot_be_promoted(night: Night) -> None:
    jobs = [night.job("one"), night.job("two")]
    items = tuple(Tick("Each job has completed", check="completed", job=job.name) for job in jobs)
    plan = night.drained(*jobs, checklist=items)
    assert "is held" not in night.press(plan, "without", DANA_THERE, "no")
    night.dms.control.fault(method="PromoteMigrationJob", kind="FAILED_PRECONDITION", match="/two")
    assert night.promote(plan) == ""
    night.reaches(plan, S.HELD)
    night.dms.control.clear_faults()
    night.dms.control.remove_job("two")
    night.does(plan, "resume")
    night.minutes([], 1)
    held = night.now(plan)
    assert held.state is S.HELD
    assert "abort" not in {each.step for each in presses(held, DANA_THERE.user)}
    assert "only" in night.press(plan, "without", STRANGER, "it is gone")
    assert "say why" in night.press(plan, "without", DANA_THERE, " ")
    found = night.does(plan, "without", DANA_THERE, "it is gone")
    assert found.state is S.CHECKLIST
    assert [(each.mark, each.text) for each in found.progress.jobs] == [
        (Mark.PROMOTED, ""),
        (Mark.LEFT_OUT, "it is gone"),
    ]
    assert [(each.job, each.text) for each in found.progress.checklist] == [
        (jobs[0].name, "Each job has completed"),
        ("", "The source of two is open for writes again"),
    ]
    assert night.request(plan).state is RequestState.DONE
    night.minutes([], 1)
    assert "still open: The source of two" in night.press(plan, "open_writes", SAM)
    night.does(plan, "item", SAM, "1")
    assert night.does(plan, "open_writes", SAM).state is S.DONE
    assert night.promotes() == 2


# ---- people


def test_production_takes_an_approval_and_a_second_person(production: Night) -> None:
    night = production
    plan = night.plan(night.job(labels={"env": "prod"}))
    night.confirm(plan)
    assert night.state(plan) is S.AWAITING_APPROVAL
    night.approve(plan)
    night.tick()
    assert night.state(plan) is S.READY
    night.does(plan, "here")
    night.does(plan, "start")
    for index in "01":
        night.does(plan, "writer", SAM, index)
    night.does(plan, "stopped", SAM)
    night.minutes(["orders"], 3)
    assert night.promote(plan) == ""
    asked = night.now(plan)
    assert (asked.state, asked.progress.asked_by) == (S.DRAINED, DANA_THERE.user)
    assert "second person" in night.press(plan, "second", DANA_THERE)
    assert "asked already" in night.promote(plan, SAM)
    assert "You may not use `promote`" in night.press(plan, "second", STRANGER)
    assert night.promotes() == 0
    assert night.press(plan, "second", ALEX_THERE) == ""
    promoted = night.reaches(plan, S.CHECKLIST)
    assert night.promotes() == 1
    people = json.loads(report_json(promoted, ()))["people"]
    assert people["asked to promote"]["id"] == DANA_THERE.user
    assert people["second person"]["id"] == ALEX_THERE.user


def asked(night: Night, **fields: Any) -> Cutover:
    """A cutover of production whose commander has asked for the promotion."""
    plan = night.plan(night.job(labels={"env": "prod"}), **fields)
    night.confirm(plan)
    night.approve(plan)
    night.tick()
    night.does(plan, "here")
    night.does(plan, "start")
    for index in "01":
        night.does(plan, "writer", DANA_THERE, index)
    night.does(plan, "stopped", replace(SAM, user=night.now(plan).plan.app_owner))
    night.minutes(["orders"], 3)
    assert night.promote(plan) == ""
    return night.now(plan)


def test_approvers_are_called_if_one_person_is_everybody(production: Night) -> None:
    night = production
    plan = asked(night, app_owner=DANA_THERE.user, deputy="")
    night.tick()
    store = night.desk.ctx.store
    said = [each.split(":") for each in night.now(plan).progress.said if each.startswith("call:second:")]
    assert [each[-2:] for each in said] == [[ALEX_THERE.user, "1"]]
    call = ":".join(said[0][1:])
    message = store.message(f"cutover:{plan.id}:call:{call}")
    assert message is not None
    assert message.channel == ALEX_THERE.user
    shown = cutover_messages.call(night.now(plan), ALEX_THERE.user, "second")
    assert "dms:cutover:second" in str(shown.payload()["blocks"])


def test_a_role_in_the_plan_does_not_make_a_second_person(production: Night) -> None:
    night = production
    plan = asked(night, app_owner=STRANGER.user, deputy="")
    assert "You may not use `promote`" in night.press(plan, "second", STRANGER)
    assert night.promotes() == 0
    assert night.press(plan, "second", SAM) == ""  # may promote by the policy
    night.reaches(plan, S.CHECKLIST)


def test_a_second_person_confirms_the_ask_that_they_saw(production: Night) -> None:
    night = production
    plan = asked(night)
    seen = ask_of(plan)
    night.does(plan, "hold", SAM, "the pager rang")
    night.does(plan, "resume")
    night.minutes(["orders"], 4)
    assert night.promote(plan) == ""
    assert "is over" in night.press(plan, "second", ALEX_THERE, seen)
    assert night.promotes() == 0
    assert night.press(plan, "second", ALEX_THERE) == ""
    night.reaches(plan, S.CHECKLIST)


def test_whoever_asked_has_to_have_the_right_when_it_is_confirmed(service: DmsServer, tmp_path: Path) -> None:
    left: set[str] = set()
    rights = replace(four_eyes(), is_member=lambda user: user not in left)
    with a_night(service, tmp_path, rights) as night:
        plan = asked(night, who=SAM)
        left.add(DANA_THERE.user)
        assert "may no longer promote" in night.press(plan, "second", ALEX_THERE)
        assert (night.promotes(), night.now(plan).progress.asked_by) == (0, "")
        assert night.promote(plan, SAM) == ""
        assert night.press(plan, "second", ALEX_THERE) == ""
        night.reaches(plan, S.CHECKLIST)


def test_the_planner_cannot_approve(production: Night) -> None:
    night = production
    plan = night.plan(night.job(labels={"env": "prod"}))
    night.confirm(plan)
    assert night.request(plan).self_approval is False


def stopped_by_itself(night: Night, job: Job) -> Cutover:
    """One that promotes by itself, as soon as it has drained."""
    plan = night.plan(job, by_itself=True)
    night.confirm(plan, typed="orders")
    night.tick()
    night.does(plan, "here")
    night.does(plan, "start")
    for index in "01":
        night.does(plan, "writer", SAM, index)
    return night.does(plan, "stopped", SAM)


def test_it_promotes_by_itself_if_that_was_planned(night: Night) -> None:
    plan = stopped_by_itself(night, night.job())
    night.minutes(["orders"], 3)
    night.reaches(plan, S.CHECKLIST)
    assert night.promotes() == 1


def test_what_is_pressed_at_once_is_one_step(night: Night) -> None:
    plan = night.drained(night.job())
    phrase = promote_phrase(plan)
    with ThreadPoolExecutor(4) as people:
        told = list(people.map(lambda who: night.press(plan, "promote", who, phrase), (DANA_THERE, SAM) * 2))
    assert sorted(map(bool, told)) == [False, True, True, True]
    night.reaches(plan, S.CHECKLIST)
    assert night.promotes() == 1


def test_an_abort_ends_the_request_and_asks_to_open_the_source(night: Night) -> None:
    plan = night.drained(night.job())
    night.does(plan, "abort", SAM, "the application cannot go on")
    assert night.state(plan) is S.ABORTED
    assert night.request(plan).state is RequestState.CANCELLED
    night.clock.forward(minutes=4)  # whoever aborted it has the card before them
    night.tick()
    assert any(each.startswith("call:reopened") for each in night.now(plan).progress.said)
    before = downtime(night.now(plan), night.clock())
    night.clock.forward(minutes=20)
    closed = downtime(night.now(plan), night.clock())
    assert before is not None
    assert closed == before + timedelta(minutes=20), "the applications still cannot write"
    night.does(plan, "reopened", SAM)
    assert night.now(plan).progress.reopened_by == SAM.user
    night.clock.forward(hours=1)
    assert downtime(night.now(plan), night.clock()) == closed
    assert night.promotes() == 0


def test_a_rehearsal_does_not_hide_the_report_of_the_night(night: Night) -> None:
    job = night.job()
    real = night.drained(job)
    night.does(real, "abort", SAM, "the application cannot go on")
    rehearsed = night.stopped(job, rehearsal=True)
    night.does(rehearsed, "abort", SAM, "enough")
    assert night.cutovers.last(job.name, lambda _: True) == night.now(real)


def test_a_cancelled_request_ends_it(night: Night) -> None:
    plan = night.drained(night.job())
    assert night.desk.ctx.approvals.expiry.cancel(DANA_THERE, plan.request) is None
    night.tick()
    assert night.state(plan) is S.ABORTED


@pytest.mark.parametrize(("state", "minutes"), [(S.EXPIRED, 61), (S.READY, 59)])
def test_nobody_started_it(night: Night, state: S, minutes: int) -> None:
    plan = night.plan(night.job(), at=night.clock() + timedelta(minutes=30))
    night.confirm(plan)
    night.tick()
    night.clock.forward(minutes=minutes)
    night.tick()
    assert night.state(plan) is state
    if state is S.EXPIRED:
        assert night.request(plan).state is RequestState.EXPIRED


def test_the_writes_were_not_stopped_in_time(night: Night) -> None:
    plan = night.ready(night.job())
    night.does(plan, "here")
    night.does(plan, "start")
    night.clock.forward(minutes=15)
    night.tick()
    assert night.state(plan) is S.HELD
    night.does(plan, "resume")
    assert night.state(plan) is S.STOPPING


def test_one_plan_for_each_job(night: Night) -> None:
    job = night.job()
    first = night.plan(job)
    night.confirm(first)
    told = night.cutovers.plan(SAM, first.plan, [job])
    assert "is part of the cutover that" in str(told)
    rehearsal = night.plan(job, rehearsal=True)
    assert rehearsal.id != first.id


def test_a_plan_that_was_never_confirmed_gives_way_to_the_next(night: Night) -> None:
    job = night.job()
    first = night.plan(job)
    second = night.plan(job, writers=("api",))
    assert night.state(first) is S.ABORTED
    assert night.request(first).state is RequestState.CANCELLED
    assert night.desk.ctx.store.message(f"cutover:{first.id}") is None
    night.confirm(second)
    assert night.state(second) is S.SCHEDULED


def test_a_moved_plan_ends_the_old_one_once_it_is_confirmed(night: Night) -> None:
    job = night.job()
    old = night.plan(job, at=night.clock() + timedelta(hours=30))
    night.confirm(old)
    night.clock.forward(seconds=1)
    night.cutovers.move(DANA_THERE, old.id, night.clock() + timedelta(hours=50), "UTC")
    new = night.desk.ctx.store.cutovers(limit=1)[0]
    assert new.plan.moves == old.id
    assert night.state(old) is S.SCHEDULED
    night.confirm(new)
    assert night.state(new) is S.SCHEDULED
    assert night.state(old) is S.ABORTED
    assert night.request(old).state is RequestState.CANCELLED


def test_a_moved_rehearsal_is_the_only_one(night: Night) -> None:
    job = night.job()
    old = night.plan(job, rehearsal=True, at=night.clock() + timedelta(hours=30))
    night.clock.forward(seconds=1)
    told = night.cutovers.move(DANA_THERE, old.id, night.clock() + timedelta(hours=50), "UTC")
    assert "The rehearsal is moved" in str(told)
    (left,) = night.desk.ctx.store.cutovers()
    assert (left.plan.moves, left.state) == (old.id, S.SCHEDULED)
    assert night.now(old).progress.why == "It was moved to another time."
    assert "no approvals" in str(cutover_modals.move(left, "ref"))


def test_a_rehearsal_sends_nothing(night: Night) -> None:
    job = night.job()
    plan = night.stopped(job, rehearsal=True, checklist=(Tick("ANALYZE"),))
    night.minutes(["orders"], 3, 12)
    assert night.promote(plan) == ""
    assert night.state(plan) is S.CHECKLIST
    night.does(plan, "item", SAM, "0")
    night.does(plan, "open_writes")
    assert night.promotes() == 0
    assert night.desk.ctx.store.requests(job=job.name) == ()
    assert night.plan(job).rehearsed == night.now(plan).ended


# ---- the bot is down when it is due


@dataclass
class LaterSlack:
    """Slack's scheduled messages, as a far end that keeps them."""

    left: dict[str, datetime] = field(default_factory=dict)
    refusals: int = 0
    """How often it refuses to give one back."""

    def leave(self, _channel: str, _text: str, at: datetime) -> str:
        self.left[f"C1:Q{len(self.left)}"] = at
        return f"C1:Q{len(self.left) - 1}"

    def take_back(self, id: str) -> bool:
        if self.refusals:
            self.refusals -= 1
            return False
        return self.left.pop(id, None) is not None


def test_slack_says_that_the_bot_is_silent_unless_it_is_not(service: DmsServer, tmp_path: Path) -> None:
    slack = LaterSlack()
    with a_night(service, tmp_path, scheduled=Scheduled(slack.leave, slack.take_back)) as night:
        at = night.clock() + timedelta(hours=3)
        plan = night.plan(night.job(), at=at)
        night.confirm(plan)
        night.tick()
        assert list(slack.left.values()) == [at + timedelta(minutes=3)]
        night.clock.forward(hours=2, minutes=45)
        night.tick()
        assert night.state(plan) is S.READY
        assert slack.left
        night.clock.forward(minutes=15)
        slack.refusals = 1
        night.tick()
        assert len(slack.left) == 1
        night.tick()
        assert slack.left == {}, "it is asked for again"
        assert night.now(plan).progress.alarm == ""
        other = night.plan(night.job("other"), at=at + timedelta(hours=9))
        night.confirm(other)
        night.tick()
        assert len(slack.left) == 1
        night.does(other, "cancel")
        night.tick()
        assert slack.left == {}


def test_the_bot_ticks_what_an_api_tells(night: Night) -> None:
    job = night.job()
    items = (Tick("Each job has completed", check="completed", job=job.name), Tick("Log in"))
    plan = night.drained(job, checklist=items)
    assert night.promote(plan) == ""
    night.reaches(plan, S.CHECKLIST)
    night.clock.forward(seconds=20)
    night.tick()
    assert [each.by for each in night.now(plan).progress.checklist] == ["bot", ""]


def test_the_checklist_is_looked_after_once_a_minute(night: Night) -> None:
    """And of the ended cutovers, those of the last day are."""
    job = night.job()
    plan = night.drained(job, rehearsal=True, checklist=(Tick("Backups", check="backups", job=job.name),))
    assert night.promote(plan) == ""
    night.tick()
    before = len(night.dms.control.calls("GetMigrationJob"))
    for _ in range(5):
        night.clock.forward(seconds=10)
        night.tick()
    assert len(night.dms.control.calls("GetMigrationJob")) == before
    night.clock.forward(seconds=10)
    night.tick()
    assert len(night.dms.control.calls("GetMigrationJob")) == before + 1
    ended = night.plan(night.job("other"), rehearsal=True)
    night.does(ended, "cancel", DANA_THERE, "no")
    day = night.clock() - timedelta(days=1)
    assert [each.id for each in night.desk.ctx.store.cutovers([S.ABORTED], since=day)] == [ended.id]
    assert night.desk.ctx.store.cutovers([S.ABORTED], since=night.clock()) == ()


def test_a_freeze_objects_with_its_own_words(night: Night) -> None:
    job = night.job()
    plan = night.drained(job)
    now = night.clock()
    night.desk.ctx.store.add_freeze(Freeze("f", job.name, now + HOUR, "year end", "U-kim", now))
    told = night.promote(plan)
    assert "`orders` is frozen" in told
    assert "year end" in told
    said = night.desk.ctx.store.cutover_log(plan.id)[-1]
    assert (said.event, "year end" in said.text, "User(" in said.text) == ("objection", True, False)
    assert night.promotes() == 0


def test_the_report_is_shown_anew_once_the_source_is_open(night: Night) -> None:
    plan = night.drained(night.job())
    night.does(plan, "abort", SAM, "another day")

    def shown() -> int:
        message = night.desk.ctx.store.message(f"cutover:{plan.id}:report")
        assert message is not None
        return message.rev

    before = shown()
    night.clock.forward(minutes=9)
    night.does(plan, "reopened", SAM)
    assert shown() == before + 1
    told = night.desk.ctx.store.message(f"cutover:{plan.id}:news:reopened")
    assert told is not None, "whoever was told that the writes stop is told that they go on"
    assert told.channel == "C0NEWS0001"
