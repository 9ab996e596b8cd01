"""The straight path of a cutover: planned, started, drained, promoted, done."""

from __future__ import annotations

from bot.cmdline.answers import Note
from bot.config.projects import Project, Projects
from bot.slack.render.cutover_messages import CutoverMessages
from bot.slack.render.outcome_message import begun_message
from bot.store.cutover import CutoverState as S
from bot.store.cutover import Mark, Tick
from bot.store.records import OutMessage, RequestState
from commands.support.audit_rows import audit_line
from tests.cutover.night import DANA_THERE, HOUR, SAM, STRANGER, Night
from tests.policy.command_service import words
from tests.slack.checks import accepted, all_text

PROJECTS = Projects((Project("demo-project"),))


def test_one_job_from_plan_to_done(night: Night) -> None:
    job = night.job()
    plan = night.plan(job, checklist=(Tick("ANALYZE"),))
    assert plan.state is S.DRAFT
    assert night.request(plan).state is RequestState.CONFIRMING
    night.confirm(plan)
    assert night.state(plan) is S.SCHEDULED
    night.tick()
    assert night.state(plan) is S.READY
    assert "I'm here" in night.press(plan, "start")
    night.does(plan, "here")
    assert night.does(plan, "start").state is S.STOPPING
    assert "not ticked yet: api, nightly jobs" in night.press(plan, "stopped", SAM)
    night.does(plan, "writer", SAM, "0")
    night.does(plan, "writer", SAM, "1")
    assert night.does(plan, "stopped", SAM).state is S.DRAINING
    night.minutes(["orders"], 2)
    assert night.state(plan) is S.DRAINING
    night.minutes(["orders"], 1)
    assert night.state(plan) is S.DRAINED
    assert night.promotes() == 0
    assert "type `orders`" in night.press(plan, "promote", DANA_THERE, "order")
    assert night.promote(plan) == ""
    done = night.reaches(plan, S.CHECKLIST)
    assert [each.mark for each in done.progress.jobs] == [Mark.PROMOTED]
    assert "ANALYZE" in night.press(plan, "open_writes")
    night.does(plan, "item", SAM, "0")
    assert night.does(plan, "open_writes").state is S.DONE
    assert night.promotes() == 1
    assert night.request(plan).state is RequestState.DONE
    assert night.cutovers.last(job.name, lambda _: True) == night.now(plan)
    expected = [
        "confirmed",
        "ready",
        "here",
        "started",
        "writer",
        "writer",
        "stopped",
        "drained",
        "promoting",
    ]
    assert night.events(plan) == [*expected, "promoted", "item", "opened"]


def test_a_wave_is_promoted_by_one_press(night: Night) -> None:
    jobs = [night.job(f"wave-{number}") for number in range(10)]
    plan = night.drained(*jobs)
    assert plan.state is S.DRAINED
    assert "type `promote 10 jobs`" in night.press(plan, "promote", DANA_THERE, "wave-1")
    assert night.promote(plan) == ""
    done = night.reaches(plan, S.CHECKLIST)
    assert night.promotes() == 10
    assert {each.mark for each in done.progress.jobs} == {Mark.PROMOTED}
    assert len({run.request for run in night.runs(plan)}) == 1


def test_only_those_who_are_named_press(night: Night) -> None:
    plan = night.ready(night.job())
    assert "only @U0DANA0001" in night.press(plan, "start", STRANGER)
    night.does(plan, "here", SAM)
    assert night.does(plan, "start", SAM).state is S.STOPPING
    assert "@U0SAM00001" in night.press(plan, "stopped", DANA_THERE)
    assert "only" in night.press(plan, "abort", STRANGER)
    assert "waits until the writes are stopped" in night.press(plan, "promote", DANA_THERE, "orders")


def test_a_press_is_told_in_every_call_for_it(night: Night) -> None:
    """Whoever pressed, and wherever: the messages that asked for it lose their button."""
    plan = night.ready(night.job())
    messages = CutoverMessages(night.desk.ctx.store, lambda _: "ref", night.clock)

    def calls() -> list[tuple[OutMessage, str]]:
        found = night.desk.ctx.store.messages(f"cutover:{plan.id}:call:", "cutover_call", plan.created)
        shown = [(each, messages.call(each.subject)) for each in found]
        return [(each, all_text(accepted(said))) for each, said in shown if said is not None]

    night.tick()
    (asked, text), *more = calls()
    assert (asked.channel, more) == (SAM.user, []), "who planned it a moment ago has the card before them"
    assert "Please say that you are here" in text
    night.does(plan, "here", SAM)
    (again, text), *_ = calls()
    assert again.rev == asked.rev + 1
    assert f"Done by <@{SAM.user}>" in text
    night.does(plan, "start")
    night.tick()
    assert "Not ticked yet: api, nightly jobs" in calls()[-1][1]
    night.does(plan, "writer", SAM, "0,1")
    assert "Not ticked" not in calls()[-1][1]
    assert night.desk.ctx.store.cutover_log(plan.id)[-1].text == "done: api, nightly jobs"
    night.does(plan, "hold", arg="the batch still runs")
    night.tick()
    assert "No longer needed" in calls()[-1][1]
    assert "held: the batch still runs" in calls()[-1][1]
    night.clock.forward(seconds=20)
    night.does(plan, "resume")
    night.tick()
    *_, (_, before), (_, now) = calls()
    assert "held: the batch still runs" in before, "what is asked anew is asked in a message of its own"
    assert "Please stop the writes" in now


def test_an_approved_plan_is_not_said_to_have_begun(production: Night) -> None:
    plan = production.plan(production.job(labels={"env": "prod"}))
    production.confirm(plan)
    production.approve(plan)
    store = production.desk.ctx.store
    said = begun_message(production.request(plan), store.decisions(plan.request))
    assert said is not None
    assert "is approved; nothing is sent before its writes are stopped" in said.text
    assert "has begun" not in said.text


def test_the_history_says_what_was_a_rehearsal(night: Night) -> None:
    plan = night.stopped(night.job(), rehearsal=True)
    entries = night.desk.ctx.store.audit(job=plan.plan.jobs[0])
    assert entries
    said = [str(audit_line(entry, None, PROJECTS)) for entry in entries]
    assert all("*rehearsal*: " in each for each in said), said
    assert any("the stop of the writes was rehearsed" in each for each in said), said
    assert not any("the writes are stopped" in each or "which sends nothing" in each for each in said), said
    assert all(each.detail.startswith("In a rehearsal, which sends nothing.") for each in entries)


def test_the_history_says_what_happened(night: Night) -> None:
    plan = night.stopped(night.job())
    entries = night.desk.ctx.store.audit(job=plan.plan.jobs[0])
    lines = [audit_line(entry, None, PROJECTS) for entry in entries]
    said = ["".join(part for part in line if isinstance(part, str)) for line in lines]
    assert any("*cutover*: the writes are stopped" in each for each in said), said


def test_who_can_move_it_is_named_once(night: Night) -> None:
    plan = night.plan(night.job(), at=night.clock() + 2 * HOUR)
    night.confirm(plan)
    told = night.cutovers.move(STRANGER, plan.id, night.clock() + 3 * HOUR, "UTC")
    assert isinstance(told, Note)
    assert words(told) == "Nothing was done: only @U0DANA0001 can move it."
