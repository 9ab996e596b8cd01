"""From what was known and what is seen to what happened: tables, no sockets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.dms.model import Database, DelayPoint, Endpoint, Fault, ObjectId
from bot.dms.rules import Action
from bot.policy.subscriptions import topics
from bot.store.records import JobSnapshot, RunState
from bot.watch.attribution import OUTSIDE
from bot.watch.transitions import (
    BASELINE,
    DELAYED,
    STUCK,
    deleted_event,
    diff,
    diff_databases,
    diff_delay,
    diff_first,
)
from tests.notify.world import BORN, MINUTE, NOW, job, run

HALF_HOUR = timedelta(minutes=30)


def known(status: str, **values: object) -> JobSnapshot:
    made = JobSnapshot(job=job(status), seen=NOW - MINUTE, changed=NOW - MINUTE)
    return replace(made, **values)  # type: ignore[arg-type]


def measured(seconds: float) -> DelayPoint:
    """A figure that was taken a minute before it was looked at."""
    return DelayPoint(NOW - MINUTE, seconds)


def database(name: str, state: str, error: str = "") -> Database:
    return Database(f"x/{name}", ObjectId(name), state, "FULL_DUMP", Fault(9, error) if error else None)


def test_a_new_job_is_told_as_made_outside() -> None:
    seen = diff_first(job("NOT_STARTED"), NOW)
    assert [(e.kind, e.after, e.by) for e in seen.events] == [("created", "NOT_STARTED", OUTSIDE)]


def test_the_first_look_ever_is_silent_even_for_jobs_in_trouble() -> None:
    for status in ("NOT_STARTED", "FAILED", "STOPPED/FULL_DUMP"):
        seen = diff_first(job(status), NOW, baseline=True)
        assert seen.events == ()
        assert BASELINE in seen.snapshot.flags


def test_nothing_is_told_while_nothing_changes() -> None:
    before = known("RUNNING/CDC")
    seen = diff(before, job("RUNNING/CDC", duration_s=99.0), NOW, stuck_after=HALF_HOUR)
    assert seen.events == ()


@pytest.mark.parametrize(
    ("before", "after", "by"),
    [
        ("NOT_STARTED", "STARTING", OUTSIDE),
        ("STARTING", "RUNNING/FULL_DUMP", ""),
        ("NOT_STARTED", "RUNNING/FULL_DUMP", OUTSIDE),
        ("RUNNING/FULL_DUMP", "RUNNING/CDC", ""),
        ("RUNNING/CDC", "STOPPING/CDC", OUTSIDE),
        ("STOPPING/CDC", "STOPPED/CDC", ""),
        ("RUNNING/CDC", "STOPPED/CDC", OUTSIDE),
        ("STOPPED/CDC", "RUNNING/CDC", OUTSIDE),
        ("RUNNING/CDC", "RUNNING/PROMOTE_IN_PROGRESS", OUTSIDE),
        ("RUNNING/PROMOTE_IN_PROGRESS", "COMPLETED", ""),
        ("RUNNING/CDC", "COMPLETED", OUTSIDE),
        ("RUNNING/CDC", "FAILED/CDC", ""),
        ("FAILED", "RESTARTING", OUTSIDE),
        ("COMPLETED", "DELETING", OUTSIDE),
        ("RUNNING/CDC", "MADE_UP_STATE", ""),
    ],
)
def test_a_change_without_a_run_of_ours_came_from_outside_or_by_itself(
    before: str, after: str, by: str
) -> None:
    (event, *_) = diff(known(before), job(after), NOW, stuck_after=HALF_HOUR).events
    assert (event.kind, event.before, event.after, event.by) == ("changed", before, after, by)


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        (Action.START, "NOT_STARTED", "STARTING"),
        (Action.START, "STARTING", "RUNNING/FULL_DUMP"),
        (Action.STOP, "RUNNING/CDC", "STOPPING/CDC"),
        (Action.STOP, "RUNNING/CDC", "STOPPED/CDC"),
        (Action.RESUME, "STOPPED/CDC", "RUNNING/CDC"),
        (Action.RESTART, "FAILED", "RUNNING/FULL_DUMP"),
        (Action.RESTART, "RUNNING/CDC", "STOPPING/CDC"),
        (Action.PROMOTE, "RUNNING/CDC", "RUNNING/PROMOTE_IN_PROGRESS"),
        (Action.PROMOTE, "RUNNING/PROMOTE_IN_PROGRESS", "COMPLETED"),
        (Action.EDIT, "RUNNING/CDC", "UPDATING/CDC"),
        (Action.DELETE, "STOPPED/CDC", "DELETING/CDC"),
    ],
)
def test_a_change_that_fits_a_run_is_its_requesters(action: Action, before: str, after: str) -> None:
    (event, *_) = diff(known(before), job(after), NOW, stuck_after=HALF_HOUR, runs=[run(action)]).events
    assert event.by == "U1"


@pytest.mark.parametrize(
    "unfit",
    [
        run(Action.START),
        run(Action.STOP, RunState.REFUSED, ended=NOW),
        run(Action.STOP, RunState.SUCCEEDED, ended=NOW - timedelta(hours=1)),
        run(Action.STOP, RunState.QUEUED, called=None),
    ],
)
def test_a_run_that_does_not_fit_is_not_the_cause(unfit: object) -> None:
    before = known("RUNNING/CDC")
    (event,) = diff(before, job("STOPPING/CDC"), NOW, stuck_after=HALF_HOUR, runs=[unfit]).events  # type: ignore[list-item]
    assert event.by == OUTSIDE


@pytest.mark.parametrize(
    ("before", "after", "grows"),
    [
        ("NOT_STARTED", "STARTING", True),
        ("STARTING", "RUNNING/FULL_DUMP", False),
        ("NOT_STARTED", "RUNNING/FULL_DUMP", True),
        ("FAILED/CDC", "RESTARTING/FULL_DUMP", True),
        ("RESTARTING/FULL_DUMP", "RUNNING/FULL_DUMP", False),
        ("STOPPED/FULL_DUMP", "RUNNING/FULL_DUMP", True),
        ("STOPPED/CDC", "RESUMING/CDC", False),
        ("STOPPED/CDC", "RUNNING/CDC", False),
        ("RUNNING/CDC", "RUNNING/FULL_DUMP", True),
        ("RUNNING/FULL_DUMP", "RUNNING/CDC", False),
        ("RUNNING/CDC", "FAILED/CDC", False),
    ],
)
def test_a_run_begins_with_a_start_or_a_restart(before: str, after: str, grows: bool) -> None:
    seen = diff(known(before, run=3), job(after), NOW, stuck_after=HALF_HOUR)
    assert seen.snapshot.run == (4 if grows else 3)


def test_a_failure_carries_its_reason_once_and_without_secrets() -> None:
    failed = job("FAILED/CDC", error="connect failed: password=hunter22 at db")
    (event,) = diff(known("RUNNING/CDC"), failed, NOW, stuck_after=HALF_HOUR).events
    assert event.detail == "connect failed: password=[secret] at db"
    assert {"failed", "changed", "cdc"} <= topics(event)


def test_an_error_that_comes_and_goes_while_the_job_runs() -> None:
    ailing = job("RUNNING/CDC", error="slot is gone")
    came = diff(known("RUNNING/CDC"), ailing, NOW, stuck_after=HALF_HOUR)
    assert [(e.kind, e.detail) for e in came.events] == [("error", "slot is gone")]
    assert diff(came.snapshot, ailing, NOW, stuck_after=HALF_HOUR).events == ()
    went = diff(came.snapshot, job("RUNNING/CDC"), NOW, stuck_after=HALF_HOUR)
    assert [(e.kind, e.before) for e in went.events] == [("cleared", "error")]


def test_a_changing_state_that_lasts_is_stuck_once_and_clears_with_the_next_change() -> None:
    before = known("STOPPING/CDC", changed=NOW - HALF_HOUR)
    stuck = diff(before, job("STOPPING/CDC"), NOW, stuck_after=HALF_HOUR)
    assert [(e.kind, e.detail) for e in stuck.events] == [("stuck", "No change for 30 minutes.")]
    assert diff(stuck.snapshot, job("STOPPING/CDC"), NOW + MINUTE, stuck_after=HALF_HOUR).events == ()
    moved = diff(stuck.snapshot, job("STOPPED/CDC"), NOW + MINUTE, stuck_after=HALF_HOUR)
    assert STUCK not in moved.snapshot.flags


def test_a_resting_state_is_never_stuck() -> None:
    before = known("STOPPED/CDC", changed=NOW - timedelta(days=9))
    assert diff(before, job("STOPPED/CDC"), NOW, stuck_after=HALF_HOUR).events == ()


def test_stopped_in_the_full_dump_warns_of_wal_at_once() -> None:
    seen = diff(known("STOPPING/FULL_DUMP"), job("STOPPED/FULL_DUMP"), NOW, stuck_after=HALF_HOUR)
    assert [e.kind for e in seen.events] == ["changed", "stuck"]
    assert "WAL" in seen.events[1].detail
    mysql = replace(job("STOPPED/FULL_DUMP"), source=Endpoint("", "MYSQL"))
    told = diff(known("STOPPING/FULL_DUMP"), mysql, NOW, stuck_after=HALF_HOUR).events[1].detail
    assert told == "Stopped in the full dump: it can only restart or be deleted.", (
        "no page says more of MySQL"
    )


def test_a_job_made_anew_ends_the_old_one_and_begins_another() -> None:
    newer = job("NOT_STARTED", create_time=BORN + timedelta(days=1))
    seen = diff(known("STOPPED/CDC", run=4), newer, NOW, stuck_after=HALF_HOUR)
    assert [(e.kind, e.create_time) for e in seen.events] == [
        ("deleted", BORN),
        ("recreated", newer.create_time),
    ]
    assert (seen.snapshot.run, seen.snapshot.flags) == (1, ())


def test_a_deletion_is_told_once() -> None:
    event = deleted_event(known("STOPPED/CDC"), NOW, [])
    assert event is not None
    assert (event.kind, event.before, event.by) == ("deleted", "STOPPED/CDC", OUTSIDE)
    ours = deleted_event(known("DELETING/CDC"), NOW, [run(Action.DELETE)])
    assert ours is not None
    assert ours.by == "U1"
    listed = diff(known("DELETING"), job("DELETED"), NOW, stuck_after=HALF_HOUR)
    assert [e.kind for e in listed.events] == ["deleted"]
    assert deleted_event(listed.snapshot, NOW, []) is None


def test_databases_fail_and_recover() -> None:
    before = known("RUNNING/FULL_DUMP", databases={"a": "RUNNING/FULL_DUMP", "b": "RUNNING/FULL_DUMP"})
    broken = [database("a", "RUNNING"), database("b", "FAILED", "disk full")]
    failed = diff_databases(before, broken, NOW)
    assert [(e.kind, e.after, e.detail) for e in failed.events] == [("database_failed", "b", "b: disk full")]
    assert diff_databases(failed.snapshot, broken, NOW).snapshot is failed.snapshot
    well = diff_databases(failed.snapshot, [database("a", "RUNNING"), database("b", "RUNNING")], NOW)
    assert [(e.kind, e.before) for e in well.events] == [("cleared", "database_failed")]


def test_a_database_that_had_failed_before_anyone_looked_is_not_news() -> None:
    broken = [database("b", "FAILED", "disk full")]
    assert diff_databases(known("RUNNING/FULL_DUMP", flags=(BASELINE,)), broken, NOW).events == ()
    assert diff_databases(known("RUNNING/FULL_DUMP"), broken, NOW).events != ()


def test_a_job_that_failed_as_a_whole_is_not_told_again_database_by_database() -> None:
    assert diff_databases(known("FAILED/FULL_DUMP"), [database("b", "FAILED")], NOW).events == ()


def test_many_failed_databases_are_one_event_that_stays_short() -> None:
    broken = [database(f"db{n:03}", "FAILED", "no") for n in range(250)]
    (event,) = diff_databases(known("RUNNING/FULL_DUMP"), broken, NOW).events
    assert event.after.endswith("and 240 more")
    assert len(event.detail.splitlines()) == 10


def test_a_delay_is_told_once_and_does_not_flap() -> None:
    late = diff_delay(known("RUNNING/CDC"), measured(901.0), NOW, 900.0)
    at = (NOW - MINUTE).isoformat()
    assert [(e.kind, e.before, e.after) for e in late.events] == [("delayed", at, "901")]
    for seconds in (2000.0, 899.0, 460.0):
        assert diff_delay(late.snapshot, measured(seconds), NOW, 900.0).events == ()
    over = diff_delay(late.snapshot, measured(450.0), NOW, 900.0)
    assert [(e.kind, e.before) for e in over.events] == [("cleared", DELAYED)]
    assert f"down to 7 min 30 s (measured {NOW - MINUTE:%Y-%m-%d %H:%M} UTC)" in over.events[0].detail
    assert diff_delay(over.snapshot, measured(899.0), NOW, 900.0).events == ()


def test_a_delay_counts_only_while_replication_runs() -> None:
    assert diff_delay(known("STOPPED/CDC"), measured(9999.0), NOW, 900.0).events == ()
    assert diff_delay(known("RUNNING/CDC"), None, NOW, 900.0).events == ()
    late = known("RUNNING/CDC", flags=(DELAYED,))
    stopped = diff(late, job("STOPPING/CDC"), NOW, stuck_after=HALF_HOUR)
    assert DELAYED not in stopped.snapshot.flags
