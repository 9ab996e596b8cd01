"""What lists, cards, time lines and alerts say and offer."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.cmdline.answers import (
    Answer,
    AnswerPage,
    Button,
    DatabasesPage,
    JobCard,
    JobGroup,
    JobLine,
    JobsPage,
    Note,
    PickForm,
    Section,
    Time,
    User,
    Verbatim,
)
from bot.cmdline.missing_text import grouped
from bot.dms.advice import next_step
from bot.dms.delay import MeasuredDelay
from bot.dms.dump_forecast import DumpForecast
from bot.dms.likely_causes import docs_url, likely_cause
from bot.dms.missing import MissingLocation, Why
from bot.dms.model import Database, DelayPoint, Endpoint, Fault, Job, ObjectId, ObjectState, Phase, State
from bot.dms.rules import Action, allowed
from bot.dms.running_errors import shown_status
from bot.dms.unsupported import UnsupportedEvents
from bot.requests.unposted import Unposted
from bot.slack.render import alerts, modals, summary, timeline
from bot.slack.render.answer import render, rich
from bot.slack.render.home_tab import HomeContent, ShownJob, Upcoming, dashboard_message, home
from bot.slack.render.mrkdwn import date
from bot.store.records import Event, RequestState, Run, RunState, Watch
from tests.slack.checks import accepted, accepted_view, all_text, buttons, texts
from tests.slack.makers import NOW, job, request

CONSOLE = "https://console.cloud.google.com/dbmigration/migrations/locations/l/instances/i?project=p"
FAILED = Database(
    "o/1", ObjectId("search"), "FAILED", "FULL_DUMP", Fault(9, 'extension "zhparser" is not available')
)


def group(count: int, status: str = "RUNNING/CDC", bulk: tuple[Button, ...] = ()) -> JobGroup:
    lines = tuple(JobLine(job(f"job-{n}"), f"ref-{n:06d}") for n in range(count))
    return JobGroup(status, lines, count, bulk)


def event(kind: str, before: str = "", after: str = "", detail: str = "", by: str = "") -> Event:
    return Event(job().name, job().create_time, NOW, kind, before, after, detail, by)


def test_silent_locations_and_filters_are_named() -> None:
    missing = (
        MissingLocation("europe-west1", Why.SILENT, "no answer came in time"),
        MissingLocation("asia-east1", Why.QUOTA, "Quota exceeded for 'API requests per minute'"),
        MissingLocation("us-east1", Why.REFUSED, "Permission 'list' denied on locations/us-east1"),
        MissingLocation("us-west1", Why.REFUSED, "Permission 'list' denied on locations/us-west1"),
    )
    payload = accepted(render(JobsPage((), 0, 1, 1, "state=running", missing)))
    told = all_text(payload)
    assert "*Not answering*: `europe-west1`.\n" in told
    assert "*Quota used up*: `asia-east1` (Quota exceeded for 'API requests per minute').\n" in told
    assert "*Refused*: `us-east1`, `us-west1` (Permission 'list' denied on locations/…).\n" in told
    assert "`state=running`" in told
    assert "4 locations missing" in payload["text"]


@pytest.mark.parametrize("location", ["-", "europe-west1"])
def test_what_google_says_of_one_place_is_quoted_as_it_is(location: str) -> None:
    """The form of "Troubleshoot permission error messages" (IAM); a hyphen is no name to take out."""
    reason = f"Permission 'x.list' denied on resource '//x.example/projects/demo-dev/locations/{location}'"
    (group,) = grouped([MissingLocation(location, Why.REFUSED, reason, "demo-dev", "dev")])
    assert group == (Why.REFUSED, reason)
    everywhere = [MissingLocation("-", Why.FAILED, "a-b-c", project) for project in ("p", "q")]
    assert list(grouped(everywhere)) == [(Why.FAILED, "a-b-c")]


def test_the_card_of_a_failed_job() -> None:
    failed = job(
        state="FAILED", phase="FULL_DUMP", error=Fault(9, "No pglogical extension installed on databases (X)")
    )
    card = JobCard(failed, CONSOLE, (FAILED,), frozen="month end", next_step=next_step(failed))
    payload = accepted(render(card))
    text = all_text(payload)
    for part in (
        "🔴 *`orders-db`* Orders · Failed · full dump\n",
        "❗ No pglogical extension",
        "*Likely cause*",
        "configure-source-database",
        "❗ `search`: extension",
        "❄️ *Frozen, no changes now*: month end",
        f"<{CONSOLE}|Console>",
    ):
        assert part in text
    assert "👉" not in text, "the causes say what to do"
    whole = all_text(accepted(render(replace(card, more=()))))
    assert "👉 *Next*" in whole
    assert f"<{CONSOLE}|Open in the console>" in whole


@pytest.mark.parametrize(("seconds", "sign", "says"), [(42.0, "⚠️ 42 s", "*not zero*"), (0.0, "✅ 0 s", "")])
def test_the_card_says_how_old_a_delay_is(seconds: float, sign: str, says: str) -> None:
    card = JobCard(job(), CONSOLE, (), delay=MeasuredDelay(NOW, DelayPoint(NOW, seconds)))
    assert f"Delay {sign[-4:].strip()} (measured <!date^" in all_text(accepted(render(card)))
    text = all_text(accepted(render(replace(card, more=()))))
    assert f"{sign} (measured <!date^{int(NOW.timestamp())}^{{ago}}|" in text
    assert says in text


def test_a_delay_of_50_minutes_ago_is_not_known() -> None:
    card = JobCard(
        job(), CONSOLE, (), delay=MeasuredDelay(NOW, last=DelayPoint(NOW - timedelta(minutes=50), 0.0))
    )
    text = all_text(accepted(render(card)))
    assert "⚠️ Delay *not known*: the newest figure is 0 s (measured <!date^" in text
    assert "✅" not in text


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (UnsupportedEvents(2, (("app.t", 2),)), "⚠️ *2 changes were not supported and may be missing"),
        (UnsupportedEvents(0, until=NOW), "No unsupported changes (counted until <!date^"),
        # REST `heterogeneousMetadata.unsupportedEventsCount`: a total without a time.
        (UnsupportedEvents(0), "No unsupported changes (the service does not say until when it counted)."),
        (UnsupportedEvents(), "Cloud Monitoring has no count of unsupported changes for this job."),
        (
            UnsupportedEvents(note="no access"),
            "⚠️ Whether changes were not supported is *not known*: no access",
        ),
    ],
)
def test_the_card_says_what_is_missing_beside_a_zero(found: UnsupportedEvents, says: str) -> None:
    seen = MeasuredDelay(NOW, DelayPoint(NOW, 0.0), unsupported=found)
    slim = JobCard(job(), CONSOLE, (), delay=seen)
    text = all_text(accepted(render(replace(slim, more=()))))
    assert "✅ 0 s" in text
    assert says in text
    assert (says in all_text(accepted(render(slim)))) is says.startswith("⚠️")


def test_what_comes_next_for_a_job_that_failed_in_cdc() -> None:
    """ "Migration job statuses": it may resume by itself (PostgreSQL), or needs a restart (SQL Server)."""
    failed = job(state="FAILED", phase="CDC", source=Endpoint("p", "POSTGRESQL"))
    step = next_step(failed)
    assert (
        step.index("Fix the cause") < step.index("wait") < step.index("Restart only") < step.index("promote")
    )
    source, destination = Endpoint("p", "SQLSERVER"), Endpoint("q", "SQLSERVER", "CLOUDSQL")
    sqlserver = next_step(replace(failed, source=source, destination=destination))
    assert "on its own" not in sqlserver
    assert sqlserver.index("Fix the cause") < sqlserver.index("restart") < sqlserver.index("promote")
    assert "promote" not in next_step(replace(failed, phase="FULL_DUMP"))
    assert "promote" not in next_step(replace(failed, type="ONE_TIME"))


def test_an_alert_of_a_delay_says_when_it_was_measured() -> None:
    at = f"measured <!date^{int(NOW.timestamp())}^"
    assert at in all_text(
        accepted(alerts.alert(event("delayed", before=NOW.isoformat(), after="1200"), job()))
    )
    assert "20 min" in all_text(accepted(alerts.alert(event("delayed", after="1200"), job())))


def test_the_card_names_who_is_at_it() -> None:
    run = Run("r", "q", job().name, Action.STOP, RunState.FOLLOWING, "c", called=NOW, by="U7")
    assert "*Stopping*, started here by <@U7>" in all_text(
        accepted(render(JobCard(job(), CONSOLE, (), run=run)))
    )


@pytest.mark.parametrize(
    ("status", "databases", "emoji"),
    [
        ("RUNNING/CDC", ("RUNNING", "FAILED"), "🔴"),
        ("RUNNING/CDC", ("RUNNING",), "🟠"),
        ("RUNNING/WAITING_FOR_SOURCE_WRITES_TO_STOP", ("FAILED",), "🛑"),
        ("STOPPED/FULL_DUMP", (), "🟠"),
        ("STOPPED/CDC", (), "⏸️"),
        ("SUSPENDED/CDC", (), "🟠"),
    ],
)
def test_a_job_has_one_colour_wherever_it_stands(status: str, databases: tuple[str, ...], emoji: str) -> None:
    state, _, phase = status.partition("/")
    one = job(state=state, phase=phase)
    faulty = tuple(
        Database("", ObjectId(f"db{at}"), ObjectState(each), "CDC", Fault(9, "broken"))
        for at, each in enumerate(databases)
    )
    line, shown = JobLine(one, "ref", faulty_databases=faulty), shown_status(one, with_errors=bool(faulty))
    group, counts = JobGroup(shown, (line,), 1), Counter(each.state for each in faulty)
    tab = HomeContent((one,), NOW, faulty_databases={one.name: faulty}, recent=(ShownJob(one, "ref"),))
    pages: tuple[Answer, ...] = (
        JobCard(one, CONSOLE, faulty),
        JobsPage((group,), 1, 1, 1),
        JobsPage((group,), 1, 1, 1, choosing=True),
        JobsPage((group, JobGroup("RUNNING/CDC", (JobLine(job("b"), "b"),) * 20, 20)), 21, 1, 1),
        DatabasesPage(one, faulty, counts, len(faulty), 1, 1, with_errors=bool(faulty)),
    )
    followed = accepted(timeline.timeline(one, [], databases=faulty, with_errors=bool(faulty)))
    picked = modals.form(PickForm("ref", Action.RESTART, one, faulty))
    texts = [*map(all_text, map(accepted, map(render, pages))), all_text(home(tab))]
    texts += [all_text(followed), followed["text"], all_text(picked)]
    assert [next(each for each in text if each in "🔴🟠🛑⏸▫") for text in texts] == [emoji[0]] * 9, texts


def test_the_operation_in_progress_is_named_with_all_the_rest_alone() -> None:
    at = "projects/a/locations/b/operations/op-7"
    run = Run("r", "q", job().name, Action.STOP, RunState.FOLLOWING, "c", called=NOW, by="U7", operation=at)
    short = JobCard(job(), CONSOLE, (), run=run)
    assert "op-7" not in all_text(accepted(render(short)))
    assert "operation `op-7`" in all_text(accepted(render(replace(short, more=()))))


def test_databases_that_could_not_be_had() -> None:
    text = all_text(accepted(render(JobCard(job(), CONSOLE, None, "REST said <no>"))))
    assert "could not be listed*: REST said &lt;no&gt;" in text


def test_the_same_button_twice_gets_a_number() -> None:
    twice = (
        Button("A", "stop", "run", "r1"),
        Button("B", "stop", "run", "r2"),
        Button("C", "stop", "run", "r3"),
    )
    found = buttons(accepted(render(Note("Which one?", twice))))
    assert {name: each["value"] for name, each in found.items()} == {
        "dms:stop:run": "r1",
        "dms:stop:run:2": "r2",
        "dms:stop:run:3": "r3",
    }


@pytest.mark.parametrize(("tone", "sign"), [("good", "✅"), ("warn", "⚠️"), ("bad", "🔴")])
def test_tones(tone: Any, sign: str) -> None:
    assert accepted(render(Note(("Done ", Verbatim("<x>")), tone=tone)))["text"] == f"{sign} Done &lt;x&gt;"


def test_a_page_too_long_keeps_its_buttons() -> None:
    sections = tuple(Section(f"Entry {n}: {'word ' * 100}") for n in range(80))
    payload = accepted(
        render(AnswerPage("History", sections, (Button("Next ›", "history", "turn", "r"),), "the end"))
    )
    assert "dms:history:turn" in buttons(payload)
    assert "the end" in all_text(payload)
    assert "shortened" in all_text(payload)


def test_the_text_of_a_long_section_goes_on_in_the_next() -> None:
    lines = "\n".join(f"line {n} of many" for n in range(400))
    text = all_text(accepted(render(Note(lines))))
    assert "line 0 of many" in text
    assert "line 399 of many" in text


def test_rich_text_for_files() -> None:
    assert rich(("`orders-db` ", Verbatim("*x*"))) == "`orders-db` \u2217x\u2217"


@pytest.mark.parametrize(
    ("percent", "shown"),
    [(0.0, "▱▱▱▱▱▱▱▱▱▱ 0%"), (49.7, "▰▰▰▰▱▱▱▱▱▱ 49%"), (50.0, "▰▰▰▰▰▱▱▱▱▱ 50%"), (99.9, "▰▰▰▰▰▰▰▰▰▱ 99%")],
)
def test_a_dump_says_as_much_in_its_gauge_as_in_its_number(percent: float, shown: str) -> None:
    measured = {FAILED.name: DelayPoint(NOW, percent)}
    page = DatabasesPage(job(), (FAILED,), {"FAILED": 1}, 1, 1, 1, percent=measured)
    text = all_text(accepted(render(page)))
    assert shown in text
    assert f"Oldest percentage measured <!date^{NOW.timestamp():.0f}^{{ago}}" in text


@pytest.mark.parametrize(
    ("dump", "shown"),
    [
        (DumpForecast(DelayPoint(NOW, 62.9), 10_800.0), "62% (measured {AGO}) · about 3 h left"),
        (DumpForecast(DelayPoint(NOW, 99.9), 9.0), "99% (measured {AGO}) · less than 10 min left"),
        (
            DumpForecast(DelayPoint(NOW, 40), why="it has not risen for 20 min"),
            "40% (measured {AGO}) · time left *not known*: it has not risen for 20 min",
        ),
        (DumpForecast(DelayPoint(NOW, 100)), "100% (measured {AGO}) · all is copied, DMS is ending the dump"),
        (DumpForecast(why="access is missing"), "*not known*: access is missing"),
    ],
)
def test_a_dump_says_how_far_it_is_and_how_long_it_takes(dump: DumpForecast, shown: str) -> None:
    page = DatabasesPage(job(), (FAILED,), {"FAILED": 1}, 1, 1, 1, dumped=(3, 6), dump=dump)
    card = JobCard(job(phase="FULL_DUMP"), "https://console.cloud.google.com", dump=dump)
    for text in (all_text(accepted(render(page))), all_text(accepted(render(card)))):
        assert shown in re.sub(rf"<!date\^{NOW.timestamp():.0f}\^{{ago}}\|[^>]*>", "{AGO}", text)
    assert "3 of 6" in all_text(accepted(render(page)))


def test_databases_page() -> None:
    page = DatabasesPage(job(), (FAILED,), {"FAILED": 1, "RUNNING": 149}, 1, 1, 6, "state=failed")
    text = all_text(accepted(render(page)))
    assert "150 databases of orders-db" in text
    assert "🔴 `search` Failed · full dump" in text
    assert "zhparser" in text
    assert "Page 1 of 6" in text


# ---- what happened


@pytest.mark.parametrize(
    ("happened", "says"),
    [
        (
            event("changed", "RUNNING/FULL_DUMP", "FAILED/FULL_DUMP", "Unable to connect to source"),
            "*Likely cause*: DMS cannot reach",
        ),
        (event("changed", "RUNNING/FULL_DUMP", "RUNNING/CDC"), "*CDC reached*"),
        (event("changed", "RUNNING/CDC", "RUNNING/READY_FOR_PROMOTE"), "*Ready for promote*"),
        (event("changed", "RUNNING/PROMOTE_IN_PROGRESS", "COMPLETED"), "*Completed*"),
        (event("deleted", "RUNNING/CDC", by="outside"), "outside Slack"),
        (event("stuck", after="STOPPED/FULL_DUMP", detail="…"), "WAL piles up"),
        (event("stuck", after="STARTING", detail="No change for 31 minutes."), "No change for 31 minutes"),
        (event("delayed", after="1200"), "20 min"),
        (event("database_failed", after="search", detail="search: broken"), "--failed-only"),
        (event("cleared", before="delayed", detail="The replication delay is down."), "*Resolved*"),
        (event("another_kind", "A", "B/C"), "another_kind"),
    ],
)
def test_alerts(happened: Event, says: str) -> None:
    payload = accepted(alerts.alert(happened, job(), (Button("Verify", "verify", "run", "r"),)))
    assert says in all_text(payload)
    assert "`orders-db`" in payload["text"]
    assert "dms:verify:run" in buttons(payload)


@pytest.mark.parametrize(
    ("happened", "now", "says"),
    [
        (
            event("stuck", after="STOPPED/FULL_DUMP", detail="…"),
            job(state="RESTARTING", phase=""),
            "Restarting",
        ),
        (event("stuck", after="STARTING", detail="No change for 31 minutes."), job(), "*Running* · CDC"),
        (event("changed", "RUNNING/CDC", "FAILED/CDC", "no space left"), job(), "*Running* · CDC"),
        (event("changed", "RUNNING/CDC", "FAILED/CDC", "no space left"), None, "Deleted"),
    ],
)
def test_an_alert_of_what_is_over_warns_of_nothing(happened: Event, now: Job | None, says: str) -> None:
    assert alerts.is_over(happened, now)
    text = all_text(accepted(alerts.alert(happened, now, over=True)))
    assert says in text
    assert "*Resolved*" in text
    assert "WAL" not in text
    assert "*Next*" not in text


@pytest.mark.parametrize(
    ("happened", "now"),
    [
        (event("stuck", after="STOPPED/FULL_DUMP"), job(state="STOPPED", phase="FULL_DUMP")),
        (event("changed", "RUNNING/CDC", "FAILED/CDC"), job(state="FAILED")),
        (event("changed", "RUNNING/FULL_DUMP", "RUNNING/CDC"), job(phase="READY_FOR_PROMOTE")),
        (event("deleted", "RUNNING/CDC"), None),
    ],
)
def test_what_still_holds_is_not_over(happened: Event, now: Job | None) -> None:
    assert not alerts.is_over(happened, now)


def test_cdc_reached_says_watch_the_delay_then_promote() -> None:
    text = all_text(accepted(alerts.alert(event("changed", "RUNNING/FULL_DUMP", "RUNNING/CDC"), job())))
    assert text.index("delay") < text.index("promote")


def test_resuming_into_cdc_is_no_milestone() -> None:
    text = all_text(accepted(alerts.alert(event("changed", "RESUMING/CDC", "RUNNING/CDC"), job())))
    assert "CDC reached" not in text


def test_a_time_line_tells_the_newest_and_what_is_next() -> None:
    events = [event("changed", "STARTING", f"RUNNING/P{n}", by="U7") for n in range(30)]
    message = timeline.timeline(job(), events, (Button("Stop", "stop", "run", "r"),), "Wait a bit.")
    text = all_text(accepted(message))
    assert "18 earlier events, in the thread" in text
    assert "P29" in text
    assert "by <@U7>" in text
    assert "👉 *Next*: Wait a bit." in text
    past = accepted(
        timeline.timeline(job(), events, (Button("Stop", "stop", "run", "r"),), "Wait.", current=False)
    )
    assert buttons(past) == {}
    assert "*Next*" not in all_text(past)


def test_a_deleted_job_has_no_buttons_left() -> None:
    gone = accepted(
        timeline.timeline(job(), [event("deleted", "RUNNING/CDC")], (Button("Stop", "stop", "run", "r"),))
    )
    assert buttons(gone) == {}
    assert "*Deleted*" in all_text(gone)
    forgotten = accepted(timeline.timeline(job(source=Endpoint(""), destination=Endpoint("")), []))
    assert "unknown" not in all_text(forgotten)


def test_a_burst_becomes_one_message() -> None:
    events = [
        replace(event("changed", "NOT_STARTED", "STARTING", by="U7"), job=job(f"job-{n}").name)
        for n in range(50)
    ]
    payload = accepted(alerts.digest(events))
    assert "*50 jobs changed*" in payload["text"]
    assert "50 jobs: `job-0`" in all_text(payload)
    assert "by <@U7>" in all_text(payload)


def test_a_digest_tells_where_a_job_is_now() -> None:
    steps = [event("changed", "NOT_STARTED", "STARTING"), event("changed", "STARTING", "RUNNING/FULL_DUMP")]
    text = all_text(accepted(alerts.digest(steps)))
    assert "full dump" in text
    assert "1 job changed" in text
    assert "*Starting*" not in text


def test_a_digest_tells_as_past_what_is_over() -> None:
    failed = [
        replace(event("changed", "RUNNING/CDC", "FAILED/CDC"), id=n, job=job(f"job-{n}").name) for n in (1, 2)
    ]
    stuck = replace(event("stuck", "", "STARTING"), id=3, job=job("job-3").name)
    payload = accepted(alerts.digest([*failed, stuck], over={1, 3}))
    text = all_text(payload)
    assert "*Failed*" in text
    assert "1 job: `job-2`" in text
    assert "*Had failed* (resolved) — 1 job: `job-1`" in text
    assert "*Was stuck* in *Starting* (resolved) — 1 job: `job-3`" in text


def test_the_daily_summary() -> None:
    payload = accepted(
        summary.summary(
            "2026-11-20", {"RUNNING/CDC": 5, "FAILED/CDC": 1}, [event("changed", "RUNNING/CDC", "FAILED/CDC")]
        )
    )
    assert payload["text"] == "Migrations on 2026-11-20: 6 jobs (5 running · CDC, 1 failed · CDC)"
    assert "🔴 *Failed*: `orders-db`" in all_text(payload)
    assert "waiting for approval" not in all_text(payload)


def test_the_daily_summary_names_what_waits_for_somebody() -> None:
    name = "projects/p/locations/l/migrationJobs/old-db"
    text = all_text(
        accepted(summary.summary("2026-11-20", {}, needs=summary.NeedsAttention([name], [name], 2, [name])))
    )
    assert "*Still failed*: `old-db`" in text
    assert "*Stuck*: `old-db`" in text
    assert "*Running with errors*: `old-db`" in text
    assert "2 requests waiting for approval" in text


def test_the_dashboard_has_a_section_for_what_there_is() -> None:
    failed, healthy = job("b-db", "FAILED", error=Fault(9, "broken")), job()
    mine = request(Action.STOP, RequestState.APPROVING, id="req-2")
    plan = Upcoming(
        NOW, ("promote orders-db, requested by ", User("U1")), Button("Open", "schedule", "run", "s")
    )
    content = HomeContent(
        [healthy, failed],
        NOW,
        [request(Action.RESTART, RequestState.APPROVING), request(Action.DELETE, id="req-3")],
        [mine],
        [Watch("w", "C123", "U1", "label:team=pay", ("failed",)), Watch("v", "U1", "U1")],
        attention=[ShownJob(failed, "ref-b")],
        coming_up=[plan],
        recent=[ShownJob(healthy, "ref-a", ("looked at ", Time(NOW)))],
        freezes=["All jobs are frozen"],
    )
    view = accepted_view(home(content), "home")
    text = "\n".join(texts(view["blocks"]))
    assert "*2 migration jobs*: 1 needs attention, 1 running" in text
    heads = [line for line in text.splitlines() if line.startswith("*") and line.endswith("*")]
    assert heads == [
        "*Needs attention (1)*",
        "*Waiting for you (2)*",
        "*Coming up*",
        "*Freezes*",
        "*Recent*",
        "*Your open requests*",
        "*Your subscriptions*",
    ]
    assert "broken" in text
    assert "· confirm it" in text
    assert "label `team=pay` → <#C123>, only failed" in text
    assert "all jobs → <@U1>" in text
    assert "othing" not in text
    assert {name: each["value"] for name, each in buttons(view).items()} == {
        "dms:show:run": "ref-b",
        "dms:restart:review": "req-1",
        "dms:delete:review": "req-3",
        "dms:schedule:run": "s",
        "dms:show:run:2": "ref-a",
        "dms:stop:withdraw": "req-2",
    }


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "Nothing needs attention · nothing is waiting for you · nothing is scheduled · no freezes"),
        ({"last_polled": None}, "Still reading the jobs for the first time."),
        ({"missing": [MissingLocation("europe-west1", Why.SILENT)]}, "europe-west1 does not answer."),
        ({"unread": [("europe-west1", None)]}, "Not read lately: europe-west1 (not yet)."),
        ({"jobs": [], "unread": [("europe-west1", None)]}, "No migration job is known."),
        ({"jobs": []}, "There are no migration jobs."),
        ({"jobs": [], "may_hide": True}, "There are no migration jobs that you may see."),
    ],
)
def test_what_is_not_known_is_no_all_clear(more: dict[str, Any], said: str) -> None:
    content = HomeContent(**{"jobs": [job()], "last_polled": NOW, **more})
    text = "\n".join(texts(dashboard_message(content).payload()["blocks"]))
    assert said in text
    assert ("othing needs attention" in text) is (not more)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("not_in_channel", "Type `/invite` and my name in it."),
        ("is_archived", "It is archived"),
        ("team_access_not_granted", "An admin of the organisation"),
        ("restricted_action", "Ask whoever runs Slack"),
    ],
)
def test_channels_that_nothing_can_be_posted_in_are_named_with_what_to_do(error: str, said: str) -> None:
    dead = [Unposted(f"C0DEAD{number}", error, NOW) for number in range(5)]
    content = HomeContent([job()], NOW, unposted=dead)
    text = "\n".join(texts(accepted_view(home(content), "home")["blocks"]))
    assert f"for <#C0DEAD0> ({date(NOW)}, `{error}`), so nobody reads there what happens. {said}" in text
    assert "The same goes for 2 more." in text


# ---- advice


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("phase", list(Phase))
def test_there_is_always_something_to_do_next(state: State, phase: Phase) -> None:
    step = next_step(job(state=state, phase=phase))
    assert step.endswith(".")
    assert "JOB" not in step


@pytest.mark.parametrize("phase", list(Phase))
def test_a_restart_of_a_stopped_job_is_advised_only_where_it_is_possible(phase: Phase) -> None:
    stopped = job(state="STOPPED", phase=phase)
    assert next_step(stopped).startswith("Restart") == (Action.RESTART in allowed(stopped))


def test_failed_databases_come_first() -> None:
    assert "--failed-only" in next_step(job(), (FAILED,))
    assert "promote" in next_step(job())
    assert "nothing" not in next_step(job(type="ONE_TIME")).lower()
    assert "promote" not in next_step(job(type="ONE_TIME"))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The source database 'wal_level' configuration must be equal to 'logical'.", "wal_level"),
        ("The source database 'max_replication_slots' configuration is not sufficient.", "replication slots"),
        ("all replication slots are in use", "replication slots"),
        ("ERROR: requested WAL segment 0001 has already been removed", "restart"),
        ("Got fatal error 1236 from source when reading data from binary log", "binary log"),
        ("Table definition has changed, please retry transaction", "DDL"),
        ("Access denied for user 'migration'@'%'", "password"),
        ("Replication user 'x' doesn't have sufficient privileges.", "privileges"),
        ("pg_dump: error: connection to server timed out", "firewall"),
        ("No space left on device", "disk"),
    ],
)
def test_known_errors_have_a_cause_and_a_page(text: str, word: str) -> None:
    cause = likely_cause(Fault(9, text), job())
    assert cause is not None
    assert word in cause.text
    assert cause.url.startswith("https://cloud.google.com/database-migration/docs/postgresql-to-alloydb/")


def test_unknown_errors_have_no_cause() -> None:
    assert likely_cause("Something odd happened.") is None


@pytest.mark.parametrize(
    ("source", "destination", "provider", "guide"),
    [
        ("MYSQL", "MYSQL", "CLOUDSQL", "mysql"),
        ("POSTGRESQL", "POSTGRESQL", "CLOUDSQL", "postgres"),
        ("POSTGRESQL", "POSTGRESQL", "ALLOYDB", "postgresql-to-alloydb"),
        ("SQLSERVER", "SQLSERVER", "CLOUDSQL", "sqlserver"),
        ("SQLSERVER", "POSTGRESQL", "CLOUDSQL", "sqlserver-to-csql-pgsql"),
        ("SQLSERVER", "POSTGRESQL", "ALLOYDB", "sqlserver-to-alloydb"),
        ("ORACLE", "POSTGRESQL", "ALLOYDB", "oracle-to-alloydb"),
        ("ORACLE", "POSTGRESQL", "CLOUDSQL", "oracle-to-postgresql"),
    ],
)
def test_docs_of_the_right_guide(source: str, destination: str, provider: str, guide: str) -> None:
    one: Job = job(source=Endpoint("p", source), destination=Endpoint("q", destination, provider))
    assert f"/docs/{guide}/diagnose-issues" in docs_url(one)
