"""What the card of a cutover says and offers in each state, and that it fits a phone."""

from __future__ import annotations

import re
import textwrap
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.cmdline.delay_points import LineChart
from bot.slack.render.cutover_card import cutover_card
from bot.slack.render.cutover_text import guard_text
from bot.store.cutover import (
    CheckLine,
    CheckResult,
    Cutover,
    CutoverPlan,
    CutoverState,
    JobMark,
    Mark,
    Override,
    Progress,
    Sample,
    Tick,
)
from bot.store.records import Person
from tests.slack.checks import accepted, all_text, buttons

S = CutoverState
AT = datetime(2026, 12, 5, 1, 0, tzinfo=UTC)
"""Saturday, 02:00 in Berlin."""
ANA, RAJ, LI, SAM = "U0ANA", "U0RAJ", "U0LI", "U0SAM"
JOB = "projects/demo/locations/europe-west3/migrationJobs/orders-db"
LONG = "migrate-the-quarterly-consolidated-ledger-of-the-emea-region"
WRITERS = tuple(Tick(each) for each in ("checkout-web", "order-worker", "nightly cron", "reporting import"))
ITEMS = (
    Tick("Point the applications at the destination", by=RAJ, at=AT),
    Tick("Refresh materialized views"),
    Tick("Run ANALYZE", blocking=False),
)
LINE, LINES = 42, 8
"""Characters of a line on a phone, and how many of them a card may have."""


def plan(**more: Any) -> CutoverPlan:
    fields: dict[str, Any] = {
        "jobs": (JOB,),
        "at": AT,
        "zone": "Europe/Berlin",
        "commander": ANA,
        "deputy": LI,
        "app_owner": RAJ,
        "writers": tuple(each.text for each in WRITERS),
        "checklist": ITEMS,
    }
    return CutoverPlan(**(fields | more))


def cutover(state: CutoverState, *, since: datetime = AT, **more: Any) -> Cutover:
    fields: dict[str, Any] = {"plan": plan(), "created": AT - timedelta(days=3), "since": since}
    return Cutover(id="cut-1", team="T0", by=Person("T0", SAM), state=state, **(fields | more))


def minutes(count: float) -> datetime:
    return AT + timedelta(minutes=count)


NIGHT: dict[str, Any] = {"stopping": minutes(1), "stopped": minutes(7), "stopped_by": RAJ, "writers": WRITERS}
CHECKS = (
    CheckLine("state", CheckResult.GO, "running in CDC", JOB),
    CheckLine("delay", CheckResult.GO, "0 s", JOB),
    CheckLine("backup", CheckResult.NOT_CHECKED, "no permission", JOB),
)
OBJECTS = CheckLine("delay", CheckResult.NO_GO, "The delay is 14 min and rises", JOB)


def sample(database: str, seconds: float | None, zeros: int, job: str = JOB, **more: Any) -> Sample:
    return Sample(job, database, minutes(9), seconds, zeros=zeros, **more)


def progress(**more: Any) -> Progress:
    return Progress(**(NIGHT | more))


STATES: dict[str, tuple[Cutover, datetime, tuple[str, ...], set[str]]] = {
    "a draft": (
        cutover(S.DRAFT),
        AT - timedelta(days=2, hours=10),
        ("Cutover of orders-db", "not confirmed", "in 2 d 10 h", "Sat 5 Dec 02:00 Berlin (01:00 UTC)"),
        {"cancel"},
    ),
    "one that awaits approval": (
        cutover(S.AWAITING_APPROVAL),
        AT - timedelta(hours=3),
        ("Awaiting approval", "Longest downtime 1 h", "Approve by", "not rehearsed"),
        {"move", "cancel"},
    ),
    "a scheduled one": (
        cutover(S.SCHEDULED, progress=Progress(checks=CHECKS), rehearsed=AT - timedelta(days=4)),
        AT - timedelta(days=1),
        (
            "Scheduled",
            "Checks: 2 go · ❔ 1 not checked",
            "rehearsed 3 d ago",
            "Longest downtime 1 h",
            f"<@{ANA}>",
        ),
        {"check", "move", "cancel"},
    ),
    "one without a time": (
        cutover(S.SCHEDULED, plan=plan(at=None)),
        AT,
        (f"Begins when <@{ANA}> starts it",),
        {"check", "move", "cancel"},
    ),
    "a guard that objects": (
        cutover(S.SCHEDULED, progress=Progress(checks=(*CHECKS, OBJECTS))),
        AT - timedelta(minutes=40),
        ("⛔ delay: The delay is 14 min and",),
        {"check", "move", "cancel"},
    ),
    "an objection overridden": (
        cutover(
            S.SCHEDULED,
            progress=Progress(
                checks=(*CHECKS, OBJECTS), overrides=(Override("delay", "known", LI, AT, JOB),)
            ),
        ),
        AT - timedelta(minutes=40),
        ("1 overridden", "❔ 1 not checked"),
        {"check", "move", "cancel"},
    ),
    "ready, nobody there": (
        cutover(S.READY, since=AT - timedelta(minutes=30), progress=Progress(checks=CHECKS)),
        AT - timedelta(minutes=20),
        ("Ready", "due in 20 min", f"Not here yet: <@{ANA}>, <@{LI}>, <@{RAJ}>", "I'm here"),
        {"check", "here", "abort"},
    ),
    "ready, the commander there": (
        cutover(S.READY, progress=Progress(checks=CHECKS, here={ANA: AT})),
        minutes(2),
        (f"Here: <@{ANA}>", "due since 2 min", "Press *Start*", f"{int(minutes(30).timestamp())}^{{time}}"),
        {"check", "here", "start", "abort"},
    ),
    "stopping": (
        cutover(
            S.STOPPING,
            progress=Progress(stopping=AT, writers=(replace(WRITERS[0], by=RAJ, at=AT), *WRITERS[1:])),
        ),
        minutes(3),
        ("Stop the writes now", "1 of 4 writers ticked", "order-worker", "and 1 more"),
        {"writer", "hold", "abort"},
    ),
    "stopping, all ticked": (
        cutover(S.STOPPING, progress=Progress(writers=(replace(WRITERS[0], by=RAJ, at=AT),))),
        minutes(3),
        ("Then press *Writes are stopped*",),
        {"writer", "stopped", "hold", "abort"},
    ),
    "stopping, no writers to tick": (
        cutover(S.STOPPING, progress=Progress(), rehearsal=True),
        minutes(3),
        ("Stop no writes: press as if they stopped",),
        {"stopped", "hold", "abort"},
    ),
    "draining, no sample yet": (
        cutover(S.DRAINING, since=minutes(7), progress=progress()),
        minutes(8),
        ("Draining", f"by <@{RAJ}>", "No sample since the stop yet", "Downtime 1 min of 1 h"),
        {"hold", "abort"},
    ),
    "draining, at zero": (
        cutover(
            S.DRAINING,
            since=minutes(7),
            progress=progress(samples=(sample("orders", 0.0, 2),), go_by=minutes(13)),
        ),
        minutes(12),
        ("Delay 0 s · 2 of 3 at zero", "Drained by about", "Downtime 5 min of 1 h", "limit"),
        {"hold", "abort"},
    ),
    "draining, one of several behind": (
        cutover(
            S.DRAINING,
            since=minutes(7),
            progress=progress(samples=(sample("orders", 0.0, 2), sample("audit_log", 42.0, 0))),
        ),
        minutes(12),
        ("Delay 42 s (audit_log) · 0 of 3 at zero",),
        {"hold", "abort"},
    ),
    "draining, a wave": (
        cutover(
            S.DRAINING,
            since=minutes(7),
            plan=plan(jobs=(JOB, JOB.replace("orders", "sales"))),
            progress=progress(samples=(sample("orders", 0.0, 3),), jobs=(JobMark(JOB, Mark.DRAINED),)),
        ),
        minutes(12),
        ("Cutover of orders-db and 1 more", "1 of 2 jobs drained", "Limit", "01:37 UTC>"),
        {"hold", "abort"},
    ),
    "draining, not measured": (
        cutover(
            S.DRAINING,
            since=minutes(7),
            progress=progress(not_measured="Cloud Monitoring did not answer", samples=(sample("o", 0.0, 2),)),
        ),
        minutes(12),
        ("Not measured: Cloud Monitoring did not answer",),
        {"hold", "abort"},
    ),
    "drained": (
        cutover(S.DRAINED, progress=progress(drained=minutes(13), samples=(sample("orders", 0.0, 3),))),
        minutes(14),
        ("Nothing is missing", "3 of 3 at zero", f"<@{ANA}>: *Promote…*", "No way back", "Downtime 7 min"),
        {"hold", "promote", "abort"},
    ),
    "scheduled, with what may be missing": (
        cutover(S.SCHEDULED, plan=plan(most_seconds=180.0), progress=Progress(checks=CHECKS)),
        AT - timedelta(days=1),
        ("Promotes with up to 3 min missing",),
        {"check", "move", "cancel"},
    ),
    "drained within a limit": (
        cutover(
            S.DRAINED,
            plan=plan(most_seconds=180.0),
            progress=progress(drained=minutes(13), samples=(sample("orders", 170.0, 3),)),
        ),
        minutes(14),
        ("At most 3 min is missing", "Delay 2 min 50 s · 3 of 3 within 3 min"),
        {"hold", "promote", "abort"},
    ),
    "drained, a second person asked for": (
        cutover(S.DRAINED, progress=progress(drained=minutes(13), second=True, asked_by=ANA)),
        minutes(14),
        (f"<@{ANA}> asked: a second person confirms", "second person"),
        {"hold", "second", "abort"},
    ),
    "promoting": (
        cutover(S.PROMOTING, progress=progress(promote_intended=minutes(14))),
        minutes(20),
        ("Promoting", "6 min", "Nobody can stop or undo it now"),
        set(),
    ),
    "promoting for long": (
        cutover(S.PROMOTING, progress=progress(promote_intended=minutes(14))),
        minutes(60),
        ("Longer than 15 min", "⚠️ Downtime 53 min of 1 h"),
        set(),
    ),
    "the checklist": (
        cutover(S.CHECKLIST, progress=progress(promoted=minutes(24), checklist=ITEMS)),
        minutes(25),
        ("Promoted", "Checklist 1 of 3 · 1 before *Open writes*", "⬜ Refresh materialized views"),
        {"item"},
    ),
    "the checklist, nothing blocks": (
        cutover(
            S.CHECKLIST,
            progress=progress(promoted=minutes(24), checklist=(ITEMS[0], ITEMS[2])),
        ),
        minutes(80),
        ("*Open writes*", "⬜ Run ANALYZE", "🔴 Downtime 1 h 13 min of 1 h"),
        {"item", "open_writes"},
    ),
    "done": (
        cutover(
            S.DONE,
            ended=minutes(41),
            progress=progress(
                drained=minutes(13), promoted=minutes(24), opened=minutes(38), checklist=ITEMS[:2]
            ),
        ),
        minutes(500),
        ("Done", "Downtime 31 min of 1 h", "Checklist 1 of 2", "⬜ Refresh materialized views"),
        set(),
    ),
    "held": (
        cutover(
            S.HELD,
            since=minutes(9),
            progress=progress(held_from="draining", why="Rows are still written to orders/sales"),
        ),
        minutes(12),
        ("Held* for 3 min", "Rows are still written to orders/sales", "Resume", "Downtime 5 min"),
        {"resume", "abort"},
    ),
    "held, its source is lost": (
        cutover(
            S.HELD,
            since=minutes(9),
            progress=progress(
                held_from="draining",
                why="`orders-db`: it is failed · CDC.",
                jobs=(JobMark(JOB, Mark.FAILED, "it is failed · CDC", stranded=True),),
                samples=(Sample(JOB, "orders", minutes(8), 9, 12_000_000),),
            ),
        ),
        minutes(12),
        ("it is failed · CDC", "May be missing: 9 s · 11.4 MiB (", "*Promote* what has arrived", "Resume"),
        {"resume", "abort"},
    ),
    "held, promoted in part": (
        cutover(
            S.HELD,
            since=minutes(9),
            plan=plan(jobs=(JOB, JOB.replace("orders", "sales"))),
            progress=progress(
                held_from="promoting",
                why="`sales`: it no longer exists.",
                jobs=(
                    JobMark(JOB, Mark.PROMOTED),
                    JobMark(JOB.replace("orders", "sales"), Mark.FAILED, "it no longer exists"),
                ),
            ),
        ),
        minutes(12),
        ("it no longer exists", "*Go on without it…* begins the checklist"),
        {"resume", "without"},
    ),
    "held, its request has ended": (
        cutover(
            S.HELD, since=minutes(9), progress=progress(why="Its request is out of date. Look at the jobs.")
        ),
        minutes(12),
        ("Its request is out of date", "*Abort…* ends it"),
        {"abort"},
    ),
    "the checklist, a job left out": (
        cutover(
            S.CHECKLIST,
            plan=plan(jobs=(JOB, JOB.replace("orders", "sales"))),
            progress=progress(
                promoted=minutes(24),
                checklist=ITEMS,
                jobs=(
                    JobMark(JOB, Mark.PROMOTED),
                    JobMark(JOB.replace("orders", "sales"), Mark.LEFT_OUT, "it no longer exists"),
                ),
            ),
        ),
        minutes(25),
        ("1 of 2 jobs left out: not promoted", "Checklist 1 of 3"),
        {"item"},
    ),
    "aborted at night": (
        cutover(S.ABORTED, ended=minutes(20), progress=progress(why="The worker could not be stopped")),
        minutes(21),
        ("Aborted", "nothing promoted", f"<@{RAJ}>: reopen the *source* for writes"),
        {"reopened"},
    ),
    "aborted, the source open": (
        cutover(S.ABORTED, ended=minutes(20), progress=progress(why="no", reopened_by=RAJ)),
        minutes(21),
        (f"The source is open again: <@{RAJ}>",),
        set(),
    ),
    "cancelled before": (
        cutover(S.ABORTED, ended=AT - timedelta(days=1), progress=Progress(why="Cancelled by the planner")),
        AT,
        ("Aborted", "Cancelled by the planner"),
        set(),
    ),
    "expired": (
        cutover(S.EXPIRED, ended=minutes(30), progress=Progress(why="nobody started it")),
        minutes(31),
        ("Expired", "nobody started it"),
        set(),
    ),
    "unknown": (
        cutover(S.UNKNOWN, progress=progress(why="The answer of DMS was lost")),
        minutes(21),
        (
            "promote may have been sent",
            "The answer of DMS was lost",
            "*Look again* reads the jobs, sends nothing",
        ),
        {"adopt"},
    ),
}


def on_a_phone(text: str) -> list[str]:
    """The text as a phone would wrap it: times and mentions as people read them."""
    shown = re.sub(r"<!date\^\d+\^\{time\}[^>]*>", "02:07", text)
    shown = re.sub(r"<!date\^[^>]*>", "Dec 5th 02:00", shown)
    shown = re.sub(r"<@U0(\w+)>", r"@\1", shown).replace("*", "").replace("&amp;", "&")
    return [piece for line in shown.splitlines() for piece in textwrap.wrap(line, LINE) or [""]]


@pytest.mark.parametrize("name", STATES)
def test_each_state(name: str) -> None:
    shown, now, said, offered = STATES[name]
    payload = accepted(cutover_card(shown, now))
    text = "\n".join(block["text"]["text"] for block in payload["blocks"] if block["type"] == "section")
    for each in said:
        assert each in text
    steps = {each.split(":")[2]: button for each, button in buttons(payload).items()}
    assert set(steps) - {"details"} == offered
    assert {each["value"] for each in steps.values()} == {"cut-1"}
    assert sum(each.get("style") == "primary" for each in steps.values()) <= 1
    assert len(on_a_phone(text)) <= LINES, "\n".join(on_a_phone(text))


def test_every_state_is_shown() -> None:
    assert {each.state for each, *_ in STATES.values()} == set(S)


def test_a_wave_with_long_names_fits_a_phone() -> None:
    names = tuple(f"projects/demo/locations/europe-west3/migrationJobs/{LONG}-{n}" for n in range(10))
    for name in STATES:
        shown, now, *_ = STATES[name]
        wave = replace(shown, plan=replace(shown.plan, jobs=names), rehearsal=True)
        text = accepted(cutover_card(wave, now))["blocks"][0]["text"]["text"]
        assert "and 9 more" in text
        assert len(on_a_phone(text)) <= LINES + 2, text


def test_a_rehearsal_never_looks_like_the_night_itself() -> None:
    for shown, now, *_ in STATES.values():
        said = all_text(accepted(cutover_card(replace(shown, rehearsal=True), now)))
        assert "Rehearsal" in said
        assert "*Promoted*" not in said


TO_DO = re.compile(
    r"stop the writes now|reopen the|\bpromotes by itself|(?<!ehearsed )(?<!ongest )downtime \d", re.I
)
"""What would lead somebody to touch a database or an application."""


def test_a_rehearsal_asks_nobody_to_touch_anything() -> None:
    for shown, now, *_ in STATES.values():
        for by_itself in (False, True):
            plan = replace(shown.plan, by_itself=by_itself)
            rehearsed = replace(shown, plan=plan, rehearsal=True)
            payload = accepted(cutover_card(rehearsed, now))
            assert not TO_DO.search(all_text(payload)), all_text(payload)
            assert not [each for each in buttons(payload) if "reopened" in each]
    stopping, now, *_ = next(each for each in STATES.values() if each[0].state is S.STOPPING)
    assert "Stop no writes" in all_text(accepted(cutover_card(replace(stopping, rehearsal=True), now)))


def test_an_aborted_rehearsal_is_over() -> None:
    """Nobody closed its source: nobody has to open it, and no downtime goes on."""
    aborted = cutover(S.ABORTED, progress=Progress(stopping=AT, stopped=AT), rehearsal=True)
    ended = replace(aborted, ended=AT + timedelta(minutes=4))
    text = all_text(accepted(cutover_card(ended, AT + timedelta(hours=9))))
    assert "Rehearsed downtime 4 min of" in text
    assert "open" not in text


def test_the_chart_is_there_while_it_drains_alone() -> None:
    chart = LineChart("Delay", "seconds", ("01:08", "01:09"), {"orders": (4.0, 0.0)})
    for shown, now, *_ in STATES.values():
        payload = accepted(cutover_card(shown, now, chart))
        drawn = [each for each in payload["blocks"] if each["type"] == "data_visualization"]
        assert len(drawn) == (shown.state is S.DRAINING)


def test_what_people_wrote_mentions_nobody() -> None:
    loud = replace(
        cutover(S.HELD, progress=progress(held_from="draining", why="<!channel> *now* & <@U0BOSS>")),
        plan=plan(shown={JOB: "<!here>"}),
    )
    text = accepted(cutover_card(loud, minutes(9)))["blocks"][0]["text"]["text"]
    assert "<!" not in re.sub(r"<!date\^", "", text)
    assert "<@U0BOSS>" not in text


def test_it_is_not_said_when_what_is_behind_will_have_drained() -> None:
    behind = progress(samples=(sample("orders", 2400.0, 0),), go_by=minutes(13))
    shown = all_text(accepted(cutover_card(cutover(S.DRAINING, progress=behind), minutes(12))))
    assert "Delay 40 min" in shown
    assert "rained by" not in shown
    assert "Limit" in shown


def test_what_a_resume_leads_to_is_said() -> None:
    """Held before the writes were stopped, nothing was measured."""
    held = cutover(S.HELD, progress=Progress(stopping=AT, held_from="stopping", why="Nobody was there."))
    shown = all_text(accepted(cutover_card(held, minutes(12))))
    assert "*Resume* asks for the stop again" in shown
    assert "measures" not in shown


def test_a_database_that_waits_for_zero_is_not_measured_by_the_limit_of_another() -> None:
    """Of a wave of Oracle and MySQL, the plan's limit is that of Oracle alone."""
    wave = plan(jobs=(JOB, JOB.replace("orders", "ledger")), most_seconds=10.0)
    behind = progress(samples=(sample("orders", 5.0, 0), sample("ORCL", 9.0, 2)))
    shown = all_text(accepted(cutover_card(cutover(S.DRAINING, plan=wave, progress=behind), minutes(12))))
    assert "0 of 3 at zero" in shown
    assert "within 10 s" not in shown


def test_bytes_that_are_too_many_are_measured_by_their_limit() -> None:
    wide = plan(most_bytes=65536.0)
    behind = progress(samples=(sample("orders", 0.0, 0, bytes=1048576.0),))
    shown = all_text(accepted(cutover_card(cutover(S.DRAINING, plan=wide, progress=behind), minutes(12))))
    assert "Delay 0 s · 1 MiB · 0 of 3 within 64 KiB" in shown


def test_the_name_of_a_check_is_said_once() -> None:
    assert guard_text(CheckLine("delay", CheckResult.GO, "Delay 2 s (orders).")) == "Delay 2 s (orders)."
    assert guard_text(CheckLine("lock", CheckResult.GO, "Not busy.")) == "lock: Not busy."
