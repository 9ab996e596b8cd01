"""MySQL on RDS or Aurora, or without SUPERUSER: people stop the writes to the source before the full dump.

Expected values come from the docs. Proto `MigrationJob.Phase`: WAITING_FOR_SOURCE_WRITES_TO_STOP "Only RDS
flow - waiting for source writes to stop", PREPARING_THE_DUMP "the sources writes stopped, waiting for dump
to begin". "Migration job statuses" (MySQL): both are substatuses of Running, before Full dump and CDC;
neither has to do with the promotion.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.dms.advice import next_step
from bot.dms.model import Database, Endpoint, ObjectId
from bot.dms.rules import Action
from bot.policy.subscriptions import TOPICS, is_alert, topics
from bot.slack.render import alerts, event_labels, labels
from bot.store.records import Event, JobSnapshot
from bot.watch.attribution import OUTSIDE
from bot.watch.transitions import STUCK, diff
from tests.notify.world import BORN, MINUTE, NOW, job, run
from tests.slack.checks import accepted, all_text

WAIT = "WAITING_FOR_SOURCE_WRITES_TO_STOP"
PREPARE = "PREPARING_THE_DUMP"
HALF_HOUR = timedelta(minutes=30)

ORDER = [
    # before, after, what people must do now
    ("NOT_STARTED", "STARTING", ""),
    ("STARTING", f"RUNNING/{WAIT}", "stop_writes"),
    ("STARTING", f"STARTING/{WAIT}", "stop_writes"),
    ("NOT_STARTED", f"RUNNING/{WAIT}", "stop_writes"),
    ("RESTARTING/FULL_DUMP", f"RUNNING/{WAIT}", "stop_writes"),
    ("RUNNING/CDC", f"RUNNING/{WAIT}", "stop_writes"),
    (f"STOPPED/{WAIT}", f"RUNNING/{WAIT}", "stop_writes"),
    (f"STOPPED/{WAIT}", f"RESTARTING/{WAIT}", ""),
    (f"RESTARTING/{WAIT}", f"RUNNING/{WAIT}", "stop_writes"),
    (f"RESTARTING/{PREPARE}", "RUNNING/FULL_DUMP", ""),
    (f"STARTING/{WAIT}", f"RUNNING/{WAIT}", ""),
    (f"RUNNING/{WAIT}", f"UPDATING/{WAIT}", ""),
    (f"UPDATING/{WAIT}", f"RUNNING/{WAIT}", ""),
    (f"RUNNING/{WAIT}", f"RUNNING/{PREPARE}", ""),
    # Nothing waits for the writes any more: the job was stopped, failed, or is being deleted. It is seen at
    # once, or only after the bot was down for a while.
    (f"RUNNING/{WAIT}", f"STOPPING/{WAIT}", "writes_may_resume"),
    (f"STOPPING/{WAIT}", f"STOPPED/{WAIT}", ""),
    (f"RUNNING/{WAIT}", f"STOPPED/{WAIT}", "writes_may_resume"),
    (f"RUNNING/{WAIT}", "STOPPED", "writes_may_resume"),
    (f"RUNNING/{WAIT}", f"FAILED/{WAIT}", "writes_may_resume"),
    (f"STARTING/{WAIT}", "FAILED", "writes_may_resume"),
    (f"RUNNING/{WAIT}", f"DELETING/{WAIT}", "writes_may_resume"),
    (f"DELETING/{WAIT}", f"DELETED/{WAIT}", ""),
    (f"RUNNING/{WAIT}", f"MAINTENANCE/{WAIT}", ""),
    (f"MAINTENANCE/{WAIT}", f"RUNNING/{WAIT}", ""),
    (f"MAINTENANCE/{PREPARE}", "RUNNING/FULL_DUMP", "writes_may_resume"),
    ("STARTING", f"RUNNING/{PREPARE}", ""),
    (f"RUNNING/{PREPARE}", "RUNNING/FULL_DUMP", "writes_may_resume"),
    (f"RUNNING/{WAIT}", "RUNNING/FULL_DUMP", "writes_may_resume"),
    (f"STARTING/{PREPARE}", "RUNNING/FULL_DUMP", "writes_may_resume"),
    (f"RUNNING/{PREPARE}", "UPDATING/FULL_DUMP", "writes_may_resume"),
    (f"RUNNING/{PREPARE}", "RUNNING/CDC", "writes_may_resume"),
    (f"RUNNING/{PREPARE}", "COMPLETED", ""),  # promoted meanwhile, or a one-time job at its end
    (f"RUNNING/{PREPARE}", "RUNNING/PROMOTE_IN_PROGRESS", ""),
    (f"RUNNING/{PREPARE}", f"FAILED/{PREPARE}", "writes_may_resume"),
    (f"FAILED/{PREPARE}", "RESTARTING", ""),
    (f"RUNNING/{PREPARE}", "RESTARTING", ""),
    (f"STOPPED/{WAIT}", "RUNNING/FULL_DUMP", ""),
    ("STARTING", "RUNNING/FULL_DUMP", ""),
    ("RUNNING/FULL_DUMP", "RUNNING/CDC", ""),
    ("RUNNING/CDC", "RUNNING/PROMOTE_IN_PROGRESS", ""),
]


def event(before: str, after: str, kind: str = "changed") -> Event:
    return Event(job().name, BORN, NOW, kind, before, after)


def known(status: str) -> JobSnapshot:
    return JobSnapshot(job=job(status), seen=NOW - MINUTE, changed=NOW - MINUTE)


@pytest.mark.parametrize(("before", "after", "word"), ORDER)
def test_people_are_called_when_it_waits_and_when_the_dump_has_begun(
    before: str, after: str, word: str
) -> None:
    happened = event(before, after)
    assert topics(happened) & {"stop_writes", "writes_may_resume"} == ({word} if word else set())
    if word:
        assert is_alert(happened)


@pytest.mark.parametrize("kind", ["created", "recreated"])
def test_a_job_that_waits_when_it_is_first_seen_calls_people_as_well(kind: str) -> None:
    happened = event("", f"RUNNING/{WAIT}", kind)
    assert "stop_writes" in topics(happened)
    assert is_alert(happened)


def test_a_deletion_ends_the_wait_for_whoever_stopped_the_writes() -> None:
    gone = event(f"RUNNING/{WAIT}", "", "deleted")
    assert {"deleted", "writes_may_resume"} <= topics(gone)
    assert "writes_may_resume" not in topics(event(f"DELETING/{WAIT}", "", "deleted"))
    text = all_text(accepted(alerts.alert(gone, None, over=alerts.is_over(gone, None))))
    assert "*Deleted*" in text
    assert "*writes to the source may resume*" in text


@pytest.mark.parametrize(
    ("after", "title"),
    [
        (f"STOPPING/{WAIT}", "*Writes to the source may resume*, the job is being stopped"),
        (f"STOPPED/{PREPARE}", "*Writes to the source may resume*, the job was stopped"),
        (f"FAILED/{PREPARE}", "*Failed*, and the *writes to the source may resume*"),
        (f"DELETING/{WAIT}", "*Writes to the source may resume*"),
    ],
)
def test_the_alert_says_why_the_writes_may_resume_without_a_dump(after: str, title: str) -> None:
    happened = event(f"RUNNING/{WAIT}", after)
    assert not alerts.is_over(happened, job(after))
    text = all_text(accepted(alerts.alert(happened, job(after))))
    assert title in text
    assert "full dump has begun" not in text
    assert "CDC replicates" not in text
    waits_again = job(f"RUNNING/{WAIT}")
    assert alerts.is_over(happened, waits_again)
    past = all_text(accepted(alerts.alert(happened, waits_again, over=True)))
    assert "may resume*" not in past


def test_the_words_for_subscriptions_are_there_and_the_old_ones_stay() -> None:
    assert {"stop_writes", "writes_may_resume", WAIT.lower(), PREPARE.lower()} <= TOPICS
    assert WAIT.lower() in topics(event("STARTING", f"RUNNING/{WAIT}"))


@pytest.mark.parametrize(
    ("before", "after", "by"),
    [
        ("STARTING", f"RUNNING/{WAIT}", ""),
        (f"RUNNING/{WAIT}", f"RUNNING/{PREPARE}", ""),
        (f"RUNNING/{PREPARE}", "RUNNING/FULL_DUMP", ""),
        ("NOT_STARTED", f"RUNNING/{WAIT}", OUTSIDE),
        (f"RUNNING/{WAIT}", "STOPPING/FULL_DUMP", OUTSIDE),
    ],
)
def test_the_wait_is_no_promotion_of_anybody(before: str, after: str, by: str) -> None:
    (happened, *_) = diff(known(before), job(after), NOW, stuck_after=HALF_HOUR).events
    assert happened.by == by


def test_it_is_whoever_started_or_restarted_the_job() -> None:
    started = diff(
        known("NOT_STARTED"), job(f"RUNNING/{WAIT}"), NOW, stuck_after=HALF_HOUR, runs=[run(Action.START)]
    )
    assert started.events[0].by == "U1"
    again = diff(
        known("RUNNING/CDC"), job(f"RUNNING/{WAIT}"), NOW, stuck_after=HALF_HOUR, runs=[run(Action.RESTART)]
    )
    assert again.events[0].by == "U1"
    assert again.snapshot.run == known("RUNNING/CDC").run + 1


def test_stopped_before_the_dump_is_not_told_as_a_stopped_dump() -> None:
    for phase in (WAIT, PREPARE):
        seen = diff(known(f"STOPPING/{phase}"), job(f"STOPPED/{phase}"), NOW, stuck_after=HALF_HOUR)
        assert [each.kind for each in seen.events] == ["changed"]
        assert STUCK not in seen.snapshot.flags


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (f"RUNNING/{WAIT}", "Stop the writes to the source now"),
        (f"STARTING/{WAIT}", "Stop the writes to the source now"),
        (f"RUNNING/{PREPARE}", "Keep the writes to the source stopped"),
        (f"STOPPED/{WAIT}", "may resume"),
        (f"STOPPED/{PREPARE}", "may resume"),
        (f"FAILED/{PREPARE}", "may resume"),
    ],
)
@pytest.mark.parametrize("kind", ["CONTINUOUS", "ONE_TIME"])
def test_the_next_step_is_about_the_writes(status: str, says: str, kind: str) -> None:
    step = next_step(job(status, type=kind))
    assert says in step
    assert "promot" not in step.lower()


def test_the_writes_come_before_failed_databases() -> None:
    failed = Database("x/a", ObjectId("a"), "FAILED")
    assert "Stop the writes" in next_step(job(f"RUNNING/{WAIT}"), (failed,))


@pytest.mark.parametrize("provider", ["RDS", "AURORA"])
def test_a_start_on_rds_is_told_to_be_ready(provider: str) -> None:
    source = Endpoint("s", "MYSQL", provider)
    assert "ready to stop the writes" in next_step(job("STARTING", source=source))
    assert "ready to stop the writes" not in next_step(
        job("STARTING", source=Endpoint("s", "POSTGRESQL", provider))
    )


@pytest.mark.parametrize("state", ["RUNNING", "STARTING", "UPDATING"])
def test_a_job_that_waits_for_people_has_a_mark_of_its_own(state: str) -> None:
    assert labels.state_emoji(state, WAIT) == "🛑"
    others = {
        labels.state_emoji(s, p)
        for s in ("RUNNING", "STARTING", "STOPPED")
        for p in ("FULL_DUMP", "CDC", PREPARE)
    }
    assert "🛑" not in others
    assert labels.state_emoji("STOPPED", WAIT) == "⏸️"


def test_the_alert_says_what_to_do_now() -> None:
    waiting = job(f"RUNNING/{WAIT}")
    text = all_text(accepted(alerts.alert(event("STARTING", waiting.status), waiting)))
    assert "*Stop the writes to the source now*" in text
    assert "FULL_DUMP" in text
    assert "promot" not in text.lower()


@pytest.mark.parametrize(
    ("after", "kind", "says", "never"),
    [
        ("RUNNING/FULL_DUMP", "CONTINUOUS", "CDC replicates new writes", "one-time"),
        ("RUNNING/FULL_DUMP", "ONE_TIME", "does not include writes from now on", "CDC replicates"),
        ("RUNNING/CDC", "CONTINUOUS", "CDC reached", "one-time"),
    ],
)
def test_the_alert_says_that_writes_may_resume(after: str, kind: str, says: str, never: str) -> None:
    now = job(after, type=kind)
    text = all_text(accepted(alerts.alert(event(f"RUNNING/{PREPARE}", after), now)))
    assert "*Writes to the source may resume*" in text
    assert says in text
    assert never not in text


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (f"RUNNING/{PREPARE}", "Keep the writes to the source stopped"),
        ("RUNNING/FULL_DUMP", "may resume"),
        ("RUNNING/CDC", "may resume"),
        (f"STOPPED/{WAIT}", "may resume"),
        (f"FAILED/{PREPARE}", "may resume"),
        ("STOPPED/FULL_DUMP", "may resume"),
    ],
)
def test_the_call_to_stop_the_writes_ends_with_the_wait(now: str, says: str) -> None:
    called = event("STARTING", f"RUNNING/{WAIT}")
    assert alerts.is_over(called, job(now))
    text = all_text(accepted(alerts.alert(called, job(now), over=True)))
    assert says in text
    assert "now*" not in text
    assert "*Next*" not in text


@pytest.mark.parametrize("now", [f"RUNNING/{WAIT}", f"UPDATING/{WAIT}"])
def test_the_call_stands_while_it_waits(now: str) -> None:
    assert not alerts.is_over(event("STARTING", f"STARTING/{WAIT}"), job(now))


@pytest.mark.parametrize(
    "now",
    [
        f"RUNNING/{WAIT}",
        "RESTARTING",
        "RESTARTING/FULL_DUMP",
        f"RESTARTING/{WAIT}",
        "STOPPED/CDC",
        "RUNNING/READY_FOR_PROMOTE",
        "RUNNING/PROMOTE_IN_PROGRESS",
        "COMPLETED",
    ],
)
def test_nobody_hears_late_that_writes_may_resume(now: str) -> None:
    """For a promotion the writes stop once more, for good: an alert that was held up must not undo that."""
    told = event(f"RUNNING/{PREPARE}", "RUNNING/FULL_DUMP")
    assert not alerts.is_over(told, job("RUNNING/CDC"))
    assert alerts.is_over(told, job(now))
    assert "may resume" not in all_text(accepted(alerts.alert(told, job(now), over=True)))
    called = event("STARTING", f"RUNNING/{WAIT}")
    if now != f"RUNNING/{WAIT}":
        assert alerts.is_over(called, job(now))
        assert "may resume" not in all_text(accepted(alerts.alert(called, job(now), over=True)))


def test_a_wait_that_lasts_asks_for_the_writes_and_not_for_the_console() -> None:
    stuck = replace(event("", f"STARTING/{WAIT}", "stuck"), detail="No change for 31 minutes.")
    text = all_text(accepted(alerts.alert(stuck, job(f"STARTING/{WAIT}"))))
    assert "Stop the writes to the source now" in text
    assert "usually needs minutes" not in text


def test_a_digest_says_what_people_must_do_first() -> None:
    waits = replace(event("STARTING", f"RUNNING/{WAIT}"), id=1)
    begun = replace(event(f"RUNNING/{PREPARE}", "RUNNING/FULL_DUMP"), id=2, job=job(id="billing").name)
    text = all_text(accepted(alerts.digest([waits, begun])))
    assert "*Stop the writes to the source now* — 1 job: `orders`" in text
    assert "*Writes to the source may resume*" in text
    past = all_text(accepted(alerts.digest([waits], over={1})))
    assert "now*" not in past


def test_a_time_line_tells_the_past_and_orders_nothing() -> None:
    line = event_labels.headline(event("STARTING", f"RUNNING/{WAIT}"))
    assert "waiting for source writes to stop" in line
    assert "now" not in line
