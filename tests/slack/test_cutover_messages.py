"""The log, the calls, the news and the report of a cutover."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.cutover import states
from bot.cutover.answered import ending
from bot.cutover.calls import NewsKind, calls_due, news_due
from bot.cutover.wording import EVENT_TEXT
from bot.dms.model import DelayPoint
from bot.dms.rules import Action
from bot.policy.approver_list import NOBODY
from bot.slack.render import cutover_modals, request_modals
from bot.slack.render.approval_card import Asking, approval_card, approval_details
from bot.slack.render.cutover_card import cutover_card
from bot.slack.render.cutover_chart import drain_chart
from bot.slack.render.cutover_messages import SIGNS, answered_call, call, log_line, news, report
from bot.slack.render.request_card import request_card
from bot.store.cutover import (
    CheckLine,
    CheckResult,
    Cutover,
    CutoverEntry,
    CutoverState,
    JobMark,
    Mark,
    Override,
    Progress,
    Tick,
)
from bot.store.facts import RequestFacts
from bot.store.records import RequestState
from bot.store.terms import CutoverTerms
from tests.slack.checks import accepted, accepted_view, all_text, buttons
from tests.slack.makers import request
from tests.slack.test_cutover_card import (
    ANA,
    AT,
    JOB,
    OBJECTS,
    RAJ,
    WRITERS,
    cutover,
    minutes,
    plan,
    progress,
)

S = CutoverState
NAMES = {ANA: "Ana", RAJ: "Raj"}
SECOND = JOB.replace("orders-db", "sales-db")
WAVE = plan(jobs=(JOB, SECOND))
REHEARSED = {S.READY, S.STOPPING, S.DRAINED, S.HELD, S.UNKNOWN, S.CHECKLIST}
"""States of a rehearsal that somebody is called for. *Promoting* is none of its states."""


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            CutoverEntry("cut-1", AT, "stopped", RAJ),
            "Raj the writes are stopped",
        ),
        (
            CutoverEntry("cut-1", AT, "item", "bot", SECOND, "seen by the bot"),
            "☑️ <!date^1796432400^{time}|2026-12-05 01:00 UTC> `sales-db` checklist: seen by the bot",
        ),
        (CutoverEntry("cut-1", AT, "opened", ANA), "🔓"),
        (CutoverEntry("cut-1", AT, "override", ANA, text="<!channel> *known*"), "&lt;!channel&gt;"),
    ],
)
def test_a_line_of_the_log(entry: CutoverEntry, said: str) -> None:
    shown = all_text(accepted(log_line(cutover(S.DRAINING, plan=WAVE), entry, NAMES.__getitem__)))
    assert said in shown
    assert "<@" not in shown


def test_a_sign_stands_for_an_event_that_there_is() -> None:
    assert set(SIGNS) <= set(EVENT_TEXT)


def test_a_call_has_the_button_as_long_as_it_is_awaited() -> None:
    asked = accepted(call(cutover(S.READY), ANA, "here"))
    assert buttons(asked)["dms:cutover:here"]["value"] == f"cut-1@{AT.isoformat()}"
    assert "Please say that you are here" in all_text(asked)
    later = accepted(call(cutover(S.STOPPING), ANA, "here"))
    assert not buttons(later)
    assert "No longer needed: the cutover waits until the writes are stopped" in all_text(later)


def test_a_call_offers_nobody_the_press_of_another() -> None:
    drained = cutover(S.DRAINED, progress=progress())
    assert "dms:cutover:promote" in buttons(accepted(call(drained, ANA, "promote")))
    assert set(buttons(accepted(call(drained, RAJ, "promote")))) == {"dms:cutover:details"}


ALL_TICKED = tuple(replace(each, by=RAJ, at=AT) for each in WRITERS)
CHECK = Tick("Refresh materialized views")
AWAITED: dict[str, tuple[Cutover, int, dict[str, str]]] = {
    "nobody there yet": (cutover(S.READY), 0, {"here": "here", "start": "here"}),
    "a check objects": (
        cutover(S.READY, progress=Progress(here={ANA: AT, RAJ: AT}, checks=(OBJECTS,))),
        7,
        {"start": "details"},
    ),
    "to be started": (cutover(S.READY, progress=Progress(here={ANA: AT, RAJ: AT})), 7, {"start": "start"}),
    "writers not ticked": (
        cutover(S.STOPPING, progress=Progress(stopping=AT, writers=WRITERS)),
        7,
        {"stopped": "writer", "silent": "writer"},
    ),
    "writers ticked": (
        cutover(S.STOPPING, progress=Progress(stopping=AT, writers=ALL_TICKED)),
        7,
        {"stopped": "stopped", "silent": "details"},
    ),
    "the app owner leads": (
        cutover(S.STOPPING, plan=plan(app_owner=ANA), progress=Progress(stopping=AT)),
        7,
        {"stopped": "stopped", "silent": "details"},
    ),
    "drained": (cutover(S.DRAINED, progress=progress()), 7, {"promote": "promote"}),
    "a second person": (cutover(S.DRAINED, progress=progress(asked_by=ANA)), 7, {"second": "second"}),
    "held": (cutover(S.HELD, progress=progress(held_from="drained")), 7, {"resume": "resume"}),
    "held without its request": (cutover(S.HELD, progress=progress()), 7, {"abort": "abort"}),
    "unknown": (cutover(S.UNKNOWN, progress=progress()), 7, {"adopt": "adopt"}),
    "late": (
        cutover(S.PROMOTING, progress=progress()),
        61,
        {"slow": "details", "very_slow": "details", "near_budget": "details"},
    ),
    "too late": (
        cutover(S.CHECKLIST, progress=progress()),
        100,
        {"item": "open_writes", "over_budget": "details"},
    ),
    "the checklist": (cutover(S.CHECKLIST, progress=progress(checklist=(CHECK,))), 16, {"item": "item"}),
    "the rest of the checklist": (
        cutover(S.CHECKLIST, progress=progress(checklist=(replace(CHECK, blocking=False),))),
        16,
        {"item": "open_writes"},
    ),
    "aborted": (cutover(S.ABORTED, progress=progress()), 16, {"reopened": "reopened"}),
}
"""The state, how many minutes it has lasted, and by what people are called for, the first button they get."""


@pytest.mark.parametrize(("shown", "lasted", "pressed"), AWAITED.values(), ids=AWAITED)
def test_whoever_is_called_can_do_it_or_what_is_missing(
    shown: Cutover, lasted: int, pressed: dict[str, str]
) -> None:
    called = calls_due(shown, minutes(lasted), (RAJ,))
    assert {each.what for each in called} == set(pressed)
    for each in called:
        said = accepted(call(shown, each.person, each.what))
        assert "No longer" not in all_text(said)
        first = next(iter(buttons(said))).removeprefix("dms:cutover:")
        assert first == pressed[each.what], each
        if first != "details" and each.person:
            assert first in {press.step for press in states.presses(shown, each.person)}


@pytest.mark.parametrize(
    ("state", "what"), [(S.DRAINED, "promote"), (S.HELD, "resume"), (S.UNKNOWN, "adopt")]
)
def test_the_commander_is_called_as_long_as_the_writes_are_stopped(state: CutoverState, what: str) -> None:
    shown = cutover(state, progress=progress(held_from="drained"))
    said = tuple(f"call:{each.key}" for each in calls_due(shown, minutes(14)))
    later = replace(shown, progress=replace(shown.progress, said=said))
    assert [(each.person, each.what) for each in calls_due(later, minutes(16))] == [(ANA, what)]
    open_writes = replace(shown, progress=Progress())
    assert all("nag" not in each.key for each in calls_due(open_writes, minutes(16)))


def test_a_call_says_what_is_missing_and_whom_to_reach() -> None:
    stopping = cutover(S.STOPPING, progress=Progress(stopping=AT, writers=WRITERS))
    assert "Not ticked yet: checkout-web, order-worker" in all_text(accepted(call(stopping, RAJ, "stopped")))
    assert f"Please reach <@{RAJ}>" in all_text(accepted(call(stopping, ANA, "silent")))
    objected = cutover(S.READY, progress=Progress(here={ANA: AT}, checks=(OBJECTS,)))
    assert "A check objects: delay: The delay is 14 min" in all_text(accepted(call(objected, ANA, "start")))


@pytest.mark.parametrize(
    ("shown", "what"),
    [
        (cutover(S.READY, progress=Progress(here={ANA: AT})), "here"),
        (cutover(S.DRAINED, progress=progress(asked_by=RAJ)), "promote"),
        (cutover(S.DRAINED, progress=progress()), "second"),
        (cutover(S.ABORTED, progress=progress(reopened_by=RAJ)), "reopened"),
        (cutover(S.DRAINING, progress=progress()), "silent"),
        (cutover(S.CHECKLIST, progress=progress()), "very_slow"),
    ],
)
def test_what_was_done_meanwhile_is_over(shown: Cutover, what: str) -> None:
    said = accepted(call(shown, ANA, what))
    assert "No longer needed" in all_text(said)
    assert not buttons(said)


STARTED = CutoverEntry("cut-1", AT, "started", ANA, id=3)
STOPPED = CutoverEntry("cut-1", AT, "stopped", RAJ, id=5)
HELD = CutoverEntry("cut-1", AT, "held", ANA, text="the cron job goes on", id=6)
RESUMED = CutoverEntry("cut-1", AT, "resumed", ANA, id=7)
AGAIN = CutoverEntry("cut-1", AT, "held", text="`orders-db`: it is FAILED", id=8)


@pytest.mark.parametrize("event", ["promoted", "adopted", "not_sent", "held"])
def test_whoever_looks_again_has_done_what_was_asked(event: str) -> None:
    """Whatever is found; what the bot sees by itself is nobody's press."""
    looked = CutoverEntry("cut-1", AT, event, ANA, id=9)
    over = ending(cutover(S.CHECKLIST, progress=progress()), "adopt", ANA, (looked,), 8)
    assert over is not None
    assert over.done
    alone = ending(cutover(S.CHECKLIST, progress=progress()), "adopt", ANA, (replace(looked, user=""),), 8)
    assert alone is not None
    assert not alone.done


@pytest.mark.parametrize(
    ("what", "after", "told"),
    [
        ("stopped", 3, f"✅ Done by <@{RAJ}> at"),
        ("silent", 3, f"✅ Done by <@{RAJ}> at"),
        ("start", 3, "⏹️ No longer needed"),
        ("promote", 5, "held: the cron job goes on"),
        ("resume", 6, f"✅ Done by <@{ANA}> at"),
    ],
)
def test_what_ended_a_call_first_stays_its_answer(what: str, after: int, told: str) -> None:
    """Even where the same is asked again by then, in a call of its own."""
    held = cutover(S.HELD, progress=progress())
    over = ending(held, what, ANA, (STARTED, STOPPED, HELD, RESUMED, AGAIN), after)
    assert over is not None
    said = accepted(answered_call(held, what, over))
    assert told in all_text(said)
    assert not buttons(said)


def test_the_newest_call_is_still_awaited() -> None:
    held = cutover(S.HELD, progress=progress(held_from="drained"))
    ticked = CutoverEntry("cut-1", AT, "item", RAJ, id=9)
    assert ending(held, "resume", ANA, (HELD, RESUMED, AGAIN, ticked), 8) is None
    ready = cutover(S.READY)
    assert ending(ready, "here", ANA, (CutoverEntry("cut-1", AT, "here", RAJ, id=2),), 1) is None


@pytest.mark.parametrize("state", sorted(set(S) - {S.PROMOTING}))
def test_calls_of_a_rehearsal_say_so_first_and_ask_for_nothing_real(state: CutoverState) -> None:
    """A notification shows the first words alone: nobody may stop production for a rehearsal."""
    shown = replace(cutover(state, plan=plan(writers=()), progress=progress()), rehearsal=True, since=AT)
    due = calls_due(shown, AT + timedelta(minutes=16))
    assert bool(due) is (state in REHEARSED)
    for each in due:
        payload = accepted(call(shown, each.person, each.what))
        assert payload["text"].startswith("🎭 Rehearsal, orders-db: please ")
        assert not re.search(r"please (stop|open|do|promote|reopen)\b", all_text(payload)), each.what


def test_the_log_of_a_rehearsal_says_what_was_rehearsed() -> None:
    shown = replace(cutover(S.DONE), rehearsal=True)
    said = {
        event: all_text(accepted(log_line(shown, CutoverEntry("cut-1", AT, event, RAJ, id=1))))
        for event in ("started", "stopped", "opened")
    }
    assert "nobody stops any writes" in said["started"]
    assert "the stop of the writes was rehearsed" in said["stopped"]
    assert "opening the writes was rehearsed" in said["opened"]


def test_whoever_just_pressed_is_called_after_three_minutes_only() -> None:
    """They have the card before them; whoever did not is called at once."""
    own = cutover(S.STOPPING, progress=Progress(stopping=AT, entered_by=RAJ))
    assert not calls_due(own, minutes(1))
    assert [each.person for each in calls_due(own, minutes(4))] == [RAJ]
    other = replace(own, progress=replace(own.progress, entered_by=ANA))
    assert [each.person for each in calls_due(other, minutes(1))] == [RAJ]


@pytest.mark.parametrize("state", CutoverState)
def test_a_channel_gets_at_most_six_announcements(state: CutoverState) -> None:
    """All that one night can bring, whenever it is looked at."""
    told: list[NewsKind] = []
    for ago in (1500, 1000, 70, 50, 1, -1):
        waits = cutover(S.SCHEDULED, plan=plan(announce="C0NEWS"))
        told += [each.what for each in news_due(_said(waits, told), AT - timedelta(minutes=ago))]
    night = cutover(S.CHECKLIST, plan=plan(announce="C0NEWS"), progress=progress(opened=minutes(40)))
    last = replace(night, state=state)
    told += [each.what for each in news_due(_said(last, told), minutes(60))]
    assert len(told) <= 6
    assert len(told) == len(set(told))


def _said(shown: Cutover, told: list[NewsKind]) -> Cutover:
    return replace(shown, progress=replace(shown.progress, said=tuple(f"news:{each}" for each in told)))


@pytest.mark.parametrize("what", NewsKind)
def test_news_name_the_jobs_and_press_for_nothing(what: NewsKind) -> None:
    shown = cutover(S.CHECKLIST, plan=WAVE, progress=progress(opened=minutes(38), why="No <!here>"))
    payload = accepted(news(shown, what, minutes(60)))
    assert "*orders-db and 1 more*" in all_text(payload)
    assert not buttons(payload)
    assert "No " not in all_text(payload), "its people's reason is not for the channel"
    assert "31 min" in all_text(payload) or what is not NewsKind.OPENED
    assert "Rehearsal, nothing is sent" in all_text(accepted(news(replace(shown, rehearsal=True), what, AT)))


def test_the_report_has_the_downtime_to_the_second_and_the_timeline() -> None:
    stopped, opened = minutes(7), minutes(38) + timedelta(seconds=4)
    done = cutover(S.DONE, ended=minutes(41), progress=progress(stopped=stopped, opened=opened))
    log = (
        CutoverEntry("cut-1", stopped, "stopped", RAJ, text="Writes are stopped"),
        CutoverEntry("cut-1", minutes(9), "sample", "bot", text="0 s"),
        CutoverEntry("cut-1", opened, "opened", ANA, text="Writes are open"),
    )
    payload = accepted(report(done, log))
    text = all_text(payload)
    assert "Downtime 31 min 4 s* (1864 s), within the longest planned, 1 h" in text
    assert text.index("Writes are stopped") < text.index("Writes are open")
    assert "sample" not in text


def test_the_chart_needs_two_measurements() -> None:
    points = tuple(DelayPoint(minutes(8) + timedelta(seconds=n), float(4 - n)) for n in range(3))
    shown = cutover(S.DRAINING, progress=progress(delays=points[:1]))
    assert drain_chart(shown) is None
    drawn = drain_chart(replace(shown, progress=progress(delays=points)))
    assert drawn is not None
    assert drawn.lines["delay"] == (4.0, 3.0, 2.0)
    assert drawn.labels == ("01:08:00", "01:08:01", "01:08:02"), "Slack takes each label once"
    apart = tuple(DelayPoint(minutes(8 + n), 0.0) for n in range(3))
    drawn = drain_chart(replace(shown, progress=progress(delays=apart)))
    assert drawn is not None
    assert drawn.labels == ("01:08", "01:09", "01:10")


def test_the_card_with_a_long_chart_is_one_that_slack_takes() -> None:
    points = tuple(DelayPoint(minutes(8) + timedelta(seconds=n), float(n)) for n in range(40))
    shown = cutover(S.DRAINING, progress=progress(delays=(*points, points[-1])))
    accepted(cutover_card(shown, minutes(12), drain_chart(shown)))


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"most_seconds": 180.0}, "3 min"),
        ({"most_bytes": 65536}, "64 KiB"),
        ({"most_seconds": 9.0, "most_bytes": 1024}, "9 s or 1 KiB"),
    ],
)
def test_what_may_be_missing_stands_wherever_it_is_decided(limits: dict[str, Any], said: str) -> None:
    found = progress(drained=minutes(13), asked_by=ANA)
    within = cutover(S.DRAINED, plan=plan(**limits), progress=found)
    ready = replace(within, state=S.READY)
    texts = (
        all_text(accepted_view(cutover_modals.promote(within, "orders-db", "ref"))),
        all_text(accepted_view(cutover_modals.second(within, "ref"))),
        all_text(accepted_view(cutover_modals.details(within, minutes(14)))),
        all_text(accepted(call(replace(within, progress=progress()), ANA, "promote"))),
        all_text(accepted(cutover_card(within, minutes(14)))),
        all_text(accepted(cutover_card(ready, minutes(14)))),
    )
    for text in texts:
        assert said in text
        assert "nothing is missing" not in text.lower()
        assert "at zero" not in text


def test_what_is_confirmed_and_approved_names_the_plan() -> None:
    terms = CutoverTerms(ANA, RAJ, budget_s=5400, most_seconds=180.0, by_itself=True, writers=("web",))
    facts = RequestFacts(cutover="cut-1", terms=terms)
    asked = request(Action.PROMOTE, facts=facts, typed=True)
    open_one = request(Action.PROMOTE, RequestState.APPROVING, facts=facts, needed=1)
    details = approval_details(open_one, NOBODY, [], may_decide=True)
    full = (
        all_text(accepted(request_card(asked, [], [], AT))),
        all_text(accepted_view(request_modals.typed_confirmation(asked, "orders-db", "ref"))),
        all_text(accepted(details.for_modal())),
    )
    for text in full:
        for part in (ANA, RAJ, "1 h 30 min", "web"):
            assert part in text
    for text in (*full, all_text(accepted(approval_card(open_one, Asking(), [], AT)))):
        assert "Part of a cutover" in text
        assert "at most 3 min is missing" in text
        assert "nobody is asked again" in text
        assert "last press" not in text
    pressed = replace(asked, facts=replace(facts, terms=replace(terms, by_itself=False, most_seconds=0)))
    assert "Its last press sends it, once nothing is missing" in all_text(
        accepted(request_card(pressed, [], [], AT))
    )


def test_news_say_no_time_that_the_planned_one_is_not() -> None:
    """A plan that was made in the morning for the evening is announced at once."""
    planned = cutover(S.SCHEDULED, plan=plan(announce="C0NEWS"))
    for ago in (180, 20):
        now = AT - timedelta(minutes=ago)
        (due,) = news_due(planned, now)
        said = all_text(accepted(news(planned, due.what, now)))
        assert f"<!date^{int(AT.timestamp())}^" in said
        assert "Tomorrow" not in said
        assert "In an hour" not in said


def test_a_downtime_that_nobody_began_is_not_said_to_be_none() -> None:
    """All was promoted from outside while the writes were being stopped: nobody said when they were."""
    done = cutover(S.DONE, progress=Progress(stopping=AT, promoted=minutes(9), opened=minutes(12)))
    said = all_text(accepted(news(done, NewsKind.OPENED, minutes(12))))
    assert "Downtime: not known." in said


def test_whoever_is_called_is_not_asked_to_abort_what_cannot_be() -> None:
    marks = (JobMark(JOB, Mark.PROMOTED), JobMark(SECOND, Mark.FAILED, "it no longer exists"))
    held = cutover(S.HELD, plan=WAVE, progress=progress(held_from="promoting", jobs=marks))
    said = all_text(accepted(call(held, ANA, "resume")))
    assert "cannot be aborted any more" in said
    assert "resume or abort" not in said
    before = replace(held, progress=progress(held_from="draining"))
    assert "resume or abort" in all_text(accepted(call(before, ANA, "resume")))


def test_the_report_of_an_aborted_cutover_says_that_its_downtime_goes_on() -> None:
    """Until somebody says that the source is open for writes again, nobody knows how long it was."""
    aborted = cutover(S.ABORTED, ended=minutes(20), progress=progress())
    goes_on = all_text(accepted(report(aborted, ())))
    assert "The downtime goes on" in goes_on
    assert "within the longest planned" not in goes_on
    over = replace(aborted, progress=progress(reopened=minutes(70), reopened_by=RAJ))
    ended = all_text(accepted(report(over, ())))
    assert "goes on" not in ended
    assert "Downtime 1 h 3 min* (3780 s), *over* the longest planned" in ended


def test_what_was_left_out_is_not_said_to_be_promoted() -> None:
    marks = (JobMark(JOB, Mark.PROMOTED), JobMark(SECOND, Mark.LEFT_OUT, "it no longer exists"))
    night = progress(promoted=minutes(24), opened=minutes(38), jobs=marks)
    done = cutover(S.DONE, ended=minutes(38), plan=WAVE, progress=night)
    for what in (NewsKind.PROMOTED, NewsKind.OPENED):
        said = all_text(accepted(news(done, what, minutes(40))))
        assert "*orders-db*:" in said
        assert "Left out, not promoted: sales-db." in said
    assert "*Left out, not promoted*: sales-db" in all_text(accepted(report(done, ())))


def test_whoever_went_on_without_is_not_said_to_have_resumed() -> None:
    without = CutoverEntry("cut-1", AT, "left_out", ANA, text="`sales-db`: gone", id=9)
    checklist = cutover(S.CHECKLIST, plan=WAVE, progress=progress())
    over = ending(checklist, "resume", ANA, (without,), 8)
    assert over is not None
    said = all_text(accepted(answered_call(checklist, "resume", over)))
    assert f"✅ Done by <@{ANA}> at" in said
    assert ": Go on without it" in said


def test_the_details_of_a_rehearsal_promise_nothing_that_it_does_not_do() -> None:
    """It sends nothing, and tells no channel."""
    planned = replace(cutover(S.READY, plan=plan(announce="C0NEWS")), rehearsal=True)
    shown = all_text(accepted_view(cutover_modals.details(planned, AT)))
    assert "Sends nothing" in shown
    assert "Promotes once" not in shown
    assert "C0NEWS" not in shown
    real = all_text(accepted_view(cutover_modals.details(replace(planned, rehearsal=False), AT)))
    assert "Promotes once nothing is missing, by a last press" in real
    assert "C0NEWS" in real
    draining = replace(cutover(S.DRAINING, progress=progress()), rehearsal=True)
    assert "stopped" not in all_text(accepted(cutover_card(draining, minutes(8))))
    done = cutover(S.DONE, ended=minutes(38), progress=progress(promoted=minutes(24), opened=minutes(38)))
    assert "promoted" not in all_text(accepted(cutover_card(replace(done, rehearsal=True), minutes(40))))


def test_the_details_name_what_objects_first() -> None:
    """A delay that is not known keeps it from being started; a maintenance that is not known does not."""
    unknown = (
        CheckLine("maintenance", CheckResult.NOT_CHECKED, "Not known.", JOB),
        CheckLine("delay", CheckResult.NOT_CHECKED, "No delay.", JOB),
    )
    shown = cutover(S.READY, progress=Progress(checks=unknown))
    text = all_text(accepted_view(cutover_modals.details(shown, AT)))
    assert text.index("⛔ ❔ delay: No delay.") < text.index("❔ maintenance: Not known.")
    assert "⛔ ❔ maintenance" not in text
    lifted = replace(shown.progress, overrides=(Override("delay", "known", RAJ, AT, JOB),))
    over = all_text(accepted_view(cutover_modals.details(replace(shown, progress=lifted), AT)))
    assert "⛔" not in over
