"""The report of a cutover: who did what when, and the downtime to the second."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.cutover.report import report_json, report_markdown, report_name
from bot.store.cutover import (
    CheckLine,
    CheckResult,
    Cutover,
    CutoverEntry,
    CutoverPlan,
    JobMark,
    Mark,
    Override,
    Progress,
    Tick,
)
from bot.store.cutover import CutoverState as S
from bot.store.records import Person

AT = datetime(2026, 12, 5, 1, 0, tzinfo=UTC)
JOB = "projects/acme/locations/europe-west1/migrationJobs/orders"
NAMES = {"U1": "Ana", "U2": "Raj", "U3": "Li"}


def at(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


DONE = Cutover(
    id="c1",
    team="T1",
    by=Person("T1", "U1"),
    state=S.DONE,
    plan=CutoverPlan((JOB,), {JOB: "orders"}, AT, commander="U1", app_owner="U2", budget_s=3600),
    created=AT - timedelta(days=2),
    since=at(38),
    request="r1",
    ended=at(38),
    progress=Progress(
        writers=(Tick("api", "U2", at(5)),),
        checklist=(Tick("ANALYZE | all", "U2", at(30)), Tick("read pool", blocking=False)),
        checks=(
            CheckLine("delay", CheckResult.NO_GO, "Delay 90 s.", JOB),
            CheckLine("state", CheckResult.GO, ""),
        ),
        overrides=(Override("delay", "the batch is over", "U3", at(-5), JOB),),
        jobs=(JobMark(JOB, Mark.PROMOTED),),
        stopping=at(2),
        stopped=at(7),
        stopped_by="U2",
        drained=at(13),
        second=True,
        asked_by="U1",
        seconded_by="U3",
        promote_intended=at(14),
        promoted=at(24),
        opened=at(38) + timedelta(seconds=4),
        opened_by="U1",
    ),
)
LOG = (
    CutoverEntry("c1", at(7), "stopped", "U2"),
    CutoverEntry("c1", at(10), "sample", job=JOB, text="40"),
    CutoverEntry("c1", at(13), "drained", text="nothing is missing on the destination"),
)


def test_the_markdown_has_it_all() -> None:
    text = report_markdown(DONE, LOG, NAMES.__getitem__)
    for line in (
        "# Cutover of `orders`",
        "State: **done** at 2026-12-05 01:38:00.",
        "Downtime: **1864 s** (31 min 4 s), within the longest planned, 1 h.",
        "| commander | Ana |",
        "| asked to promote | Ana |",
        "| second person | Li |",
        "| writes stopped | 2026-12-05 01:07:00 |",
        "- [x] api – Raj, 2026-12-05 01:05:00",
        "- [ ] read pool",
        "- no go: Delay 90 s. (`orders`)",
        "- overridden: delay, by Li, 2026-12-05 00:55:00: the batch is over",
        "| 2026-12-05 01:10:00 | `orders` | 40 |",
        "- 2026-12-05 01:07:00 Raj: the writes are stopped",
        "- 2026-12-05 01:13:00 drained: nothing is missing on the destination",
    ):
        assert line in text.splitlines(), text


def test_the_json_says_the_same() -> None:
    found = json.loads(report_json(DONE, LOG, NAMES.__getitem__))
    assert found["downtime_seconds"] == 1864
    assert found["times"]["promoted"] == "2026-12-05T01:24:00+00:00"
    assert found["delay"] == [{"job": JOB, "read": "2026-12-05T01:10:00+00:00", "seconds": 40.0}]
    assert [each["event"] for each in found["log"]] == ["stopped", "drained"]
    ana, raj, li = ({"id": id, "name": name} for id, name in NAMES.items())
    assert found["people"] == {
        "planner": ana,
        "commander": ana,
        "app owner": raj,
        "asked to promote": ana,
        "second person": li,
    }
    assert found["log"][0]["by"] == raj
    assert found["log"][1]["by"] is None
    seen = replace(DONE, progress=replace(DONE.progress, checklist=(Tick("READY", "bot", at(30)),)))
    assert json.loads(report_json(seen, LOG))["checklist"][0]["by"] == {"id": "bot", "name": "dms-bot"}


def test_the_files_are_named_after_the_job_and_the_night() -> None:
    assert report_name(DONE, "md") == "cutover-orders-2026-12-05.md"


def test_a_downtime_that_goes_on_is_no_figure() -> None:
    stopped = replace(DONE.progress, opened=None, drained=None)
    aborted = replace(DONE, state=S.ABORTED, progress=stopped)
    found = json.loads(report_json(aborted, LOG))
    assert found["downtime_seconds"] is None
    text = report_markdown(aborted, LOG)
    assert "The downtime goes on" in text
    assert "Downtime:" not in text
    over = replace(aborted, progress=replace(stopped, reopened=at(50), reopened_by="U2"))
    found = json.loads(report_json(over, LOG))
    assert found["downtime_seconds"] == 43 * 60
    assert found["times"]["source open again"] == "2026-12-05T01:50:00+00:00"
    assert "goes on" not in report_markdown(over, LOG)


def test_a_rehearsal_is_not_said_to_have_done_what_it_rehearsed() -> None:
    rehearsed = replace(
        DONE.progress, promote_intended=None, jobs=(JobMark(JOB, Mark.PROMOTED, "rehearsed"),)
    )
    found = replace(DONE, rehearsal=True, request="", progress=rehearsed)
    text = report_markdown(found, LOG)
    assert "| `orders` | rehearsed |" in text
    assert "| promotion rehearsed | 2026-12-05 01:24:00 |" in text
    assert "Rehearsed downtime: **1864 s**" in text
    for line in text.partition("## Log")[0].splitlines():
        assert not re.search(r"promoted|writes (stopped|opened)", line), line
    assert [each["result"] for each in json.loads(report_json(found, LOG))["job_results"]] == ["rehearsed"]
