"""RUNNING with errors, and failed jobs that go on: what is told, when, and in which words.

Expected values come from "Migration job statuses" of the guides. PostgreSQL, AlloyDB, SQL Server, Oracle,
Running with errors: "faulty operations will be retried, and errors clear automatically"; the guide for MySQL
has no such status. PostgreSQL, AlloyDB, Oracle, Failed: a job may resume by itself once its cause is fixed;
MySQL, SQL Server: it needs a restart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.dms.advice import next_step
from bot.dms.likely_causes import likely_cause
from bot.dms.model import Database, Endpoint, Fault, Job, ObjectId
from bot.dms.rules import Action
from bot.dms.running_errors import database_status, faulty_databases, same_error, shown_status
from bot.policy.access import Access
from bot.policy.subscriptions import TOPICS, Subscriptions, is_alert, topics
from bot.slack.render import alerts, event_labels, labels
from bot.slack.render.outbox_messages import OutboxRenderer
from bot.store import Store
from bot.store.records import Event, JobSnapshot, OutMessage
from bot.watch.announcer import Announcer
from bot.watch.attribution import OUTSIDE
from bot.watch.recipients import SavedEvent
from bot.watch.transitions import BASELINE, Diff, diff, diff_databases, diff_first
from tests.notify.world import MINUTE, NOTIFY, NOW, job, run
from tests.policy.people import OPEN
from tests.slack.checks import accepted, all_text

HALF_HOUR = timedelta(minutes=30)
CONFLICT = "ERROR: duplicate key value violates unique constraint (attempt 3, 2026-11-02 11:58:07)"
CONFLICT_LATER = "ERROR: duplicate key value violates unique constraint (attempt 17, 2026-11-02 12:41:33)"
LOST = "could not connect to server: No route to host"


def known(status: str, error: str = "", **values: object) -> JobSnapshot:
    made = JobSnapshot(job=job(status, error=error), seen=NOW - MINUTE, changed=NOW - MINUTE)
    return replace(made, **values)  # type: ignore[arg-type]


def database(name: str, error: str = "", state: str = "RUNNING") -> Database:
    return Database(f"x/{name}", ObjectId(name), state, "CDC", Fault(9, error) if error else None)


def seen(last: JobSnapshot, now: Job) -> Diff:
    return diff(last, now, NOW, stuck_after=HALF_HOUR)


def with_databases(last: JobSnapshot, *databases: Database) -> JobSnapshot:
    return replace(last, databases={str(each.id): database_status(each) for each in databases})


def names(databases: Sequence[Database]) -> tuple[str, ...]:
    return tuple(str(each.id) for each in databases)


def told(events: Sequence[Event]) -> list[tuple[str, bool]]:
    return [(each.kind, is_alert(each)) for each in events]


def of(engine: str, provider: str = "CLOUDSQL", destination: str = "") -> dict[str, Any]:
    return {"source": Endpoint("s", engine), "destination": Endpoint("d", destination or engine, provider)}


class TestJobs:
    def test_an_error_is_told_loudly_once_and_its_end_as_well(self) -> None:
        came = seen(known("RUNNING/CDC"), job("RUNNING/CDC", error=CONFLICT))
        assert told(came.events) == [("error", True)]
        assert "with_errors" in topics(came.events[0])
        again = seen(came.snapshot, job("RUNNING/CDC", error=CONFLICT))
        assert again.events == ()
        went = seen(again.snapshot, job("RUNNING/CDC"))
        assert told(went.events) == [("cleared", True)]
        assert {"cleared", "errors_cleared"} <= topics(went.events[0])

    def test_another_text_of_the_same_error_tells_nothing_and_is_kept(self) -> None:
        later = seen(known("RUNNING/CDC", CONFLICT), job("RUNNING/CDC", error=CONFLICT_LATER))
        assert later.events == ()
        assert later.snapshot.job.error == Fault(9, CONFLICT_LATER)

    def test_another_error_while_people_know_of_one_is_no_alert(self) -> None:
        other = seen(known("RUNNING/CDC", CONFLICT), job("RUNNING/CDC", error=LOST))
        assert told(other.events) == [("error", False)]

    @pytest.mark.parametrize(
        ("before", "after", "loud"),
        [
            ("STARTING", "RUNNING/CDC", True),
            ("RUNNING/FULL_DUMP", "RUNNING/CDC", True),
            ("RUNNING/CDC", "STOPPED/CDC", False),
        ],
    )
    def test_an_error_that_comes_with_a_change_of_status(self, before: str, after: str, loud: bool) -> None:
        events = seen(known(before), job(after, error=CONFLICT)).events
        assert told(events)[1:] == [("error", loud)]

    def test_an_error_that_ends_with_a_change_of_phase_is_over(self) -> None:
        events = seen(known("RUNNING/FULL_DUMP", CONFLICT), job("RUNNING/CDC")).events
        assert [each.kind for each in events] == ["changed", "cleared"]

    @pytest.mark.parametrize(
        ("before", "after"),
        [("RUNNING/CDC", "STOPPED/CDC"), ("FAILED/CDC", "RUNNING/CDC"), ("STOPPED/CDC", "RESUMING/CDC")],
    )
    def test_an_error_that_ends_with_the_state_is_not_told_beside_it(self, before: str, after: str) -> None:
        events = seen(known(before, CONFLICT), job(after)).events
        assert [each.kind for each in events] == ["changed"]

    def test_a_failure_is_told_alone(self) -> None:
        events = seen(known("RUNNING/CDC", CONFLICT), job("FAILED/CDC", error=LOST)).events
        assert [each.kind for each in events] == ["changed"]
        assert events[0].detail == LOST


class TestDatabases:
    def test_an_error_of_a_database_that_goes_on_is_told_loudly_once(self) -> None:
        before = with_databases(known("RUNNING/CDC"), database("a"), database("b"))
        came = diff_databases(before, [database("a"), database("b", CONFLICT)], NOW)
        assert told(came.events) == [("database_error", True)]
        assert names(came.snapshot.faulty_databases) == ("b",)
        later = diff_databases(came.snapshot, [database("a"), database("b", CONFLICT_LATER)], NOW)
        assert later.events == ()
        went = diff_databases(later.snapshot, [database("a"), database("b")], NOW)
        assert told(went.events) == [("cleared", True)]
        assert went.events[0].detail == "No longer with an error: b."
        assert not went.snapshot.runs_with_errors

    def test_a_database_that_fails_after_its_error_is_an_alert_again(self) -> None:
        before = with_databases(known("RUNNING/CDC"), database("b", CONFLICT))
        failed = diff_databases(before, [database("b", CONFLICT, "FAILED")], NOW)
        assert told(failed.events) == [("database_failed", True)]

    def test_another_error_of_a_database_is_no_alert(self) -> None:
        before = with_databases(known("RUNNING/CDC"), database("b", CONFLICT))
        assert told(diff_databases(before, [database("b", LOST)], NOW).events) == [("database_error", False)]

    def test_the_job_and_its_database_do_not_tell_the_same_error_twice(self) -> None:
        of_job = known("RUNNING/CDC", CONFLICT, databases={"b": "RUNNING/CDC/"})
        second = diff_databases(of_job, [database("b", CONFLICT_LATER, "FAILED")], NOW)
        assert told(second.events) == [("database_failed", False)]
        of_database = with_databases(known("RUNNING/CDC"), database("b", CONFLICT))
        assert seen(of_database, job("RUNNING/CDC", error=CONFLICT_LATER)).events == ()

    def test_it_is_over_only_when_no_error_is_left(self) -> None:
        two = with_databases(known("RUNNING/CDC"), database("a", LOST), database("b", CONFLICT))
        one = diff_databases(two, [database("a", LOST), database("b")], NOW)
        assert told(one.events) == [("cleared", False)]
        assert "Still with errors: a" in one.events[0].detail
        none = diff_databases(one.snapshot, [database("a"), database("b")], NOW)
        assert told(none.events) == [("cleared", True)]
        of_job = replace(two, job=job("RUNNING/CDC", error="a third error"))
        assert told(seen(of_job, job("RUNNING/CDC")).events) == [("cleared", False)]

    def test_a_database_that_was_taken_out_of_the_job_is_over_and_not_well(self) -> None:
        """ "Migration job statuses" (PostgreSQL): failed databases can be removed from the job."""
        before = with_databases(known("RUNNING/CDC"), database("a"), database("b", CONFLICT, "FAILED"))
        gone = diff_databases(before, [database("a")], NOW)
        assert told(gone.events) == [("cleared", True)]
        assert gone.events[0].detail == "No longer in the job: b."

    def test_what_an_older_version_saved_raises_no_alert_after_an_upgrade(self) -> None:
        """Its snapshots hold `state/phase` without the error."""
        old = known("RUNNING/CDC", databases={"a": "RUNNING/CDC", "b": "FAILED/CDC", "c": "NOT_STARTED"})
        now = [database("a", CONFLICT), database("b", LOST, "FAILED"), database("c", "", "NOT_STARTED")]
        upgraded = diff_databases(old, now, NOW)
        assert upgraded.events == ()
        assert names(upgraded.snapshot.faulty_databases) == ("a", "b")
        assert told(diff_databases(upgraded.snapshot, [database("a"), *now[1:]], NOW).events) == [
            ("cleared", False)
        ]
        assert seen(known("RUNNING/CDC", CONFLICT), job("RUNNING/CDC", error=CONFLICT)).events == ()

    def test_the_first_look_ever_is_silent(self) -> None:
        first = diff_databases(known("RUNNING/CDC", flags=(BASELINE,)), [database("b", CONFLICT)], NOW)
        assert first.events == ()

    def test_databases_of_a_failed_job_that_goes_on_are_not_told_as_recovered(self) -> None:
        failed = with_databases(known("FAILED/CDC", LOST), database("a", LOST, "FAILED"))
        goes_on = seen(failed, job("RUNNING/CDC")).snapshot
        assert diff_databases(goes_on, [database("a")], NOW).events == ()

    def test_a_database_that_the_job_does_not_migrate_does_not_count(self) -> None:
        left_out = database("b", CONFLICT, "NOT_SELECTED")
        assert faulty_databases({"b": database_status(left_out)}) == ()


class TestErrorsThatComeAndGo:
    """DMS retries what is faulty, so errors may clear and come back within moments."""

    SETTLE = timedelta(minutes=2)

    def happens(self, store: Store, announcer: Announcer, found: Diff, at: datetime) -> JobSnapshot:
        saved = [SavedEvent(store.add_event(replace(each, at=at)), found.snapshot) for each in found.events]
        store.save_known([found.snapshot])
        announcer.announce(saved, Subscriptions.of(NOTIFY, ()), at)
        return found.snapshot

    def alerts(self, store: Store) -> list[OutMessage]:
        return list(store.messages("alert:", "alert", NOW - timedelta(days=1)))

    def test_one_alert_stands_and_its_end_waits(self, store: Store) -> None:
        announcer = Announcer(store, settle=self.SETTLE)
        ailing, well = job("RUNNING/CDC", error=CONFLICT), job("RUNNING/CDC")
        last, at = known("RUNNING/CDC"), NOW
        for now in (ailing, well, replace(ailing, error=Fault(9, CONFLICT_LATER)), well):
            last, at = self.happens(store, announcer, seen(last, now), at), at + MINUTE
        first, *ends = self.alerts(store)
        assert store.event(first.subject["event"]).kind == "error"  # type: ignore[union-attr]
        assert [store.event(each.subject["event"]).kind for each in ends] == ["cleared"] * 2  # type: ignore[union-attr]
        assert [each.not_before for each in ends] == [
            NOW + MINUTE + self.SETTLE,
            NOW + 3 * MINUTE + self.SETTLE,
        ]
        assert first.rev > 1, "it was shown as over, and as standing again"
        shown = OutboxRenderer(store, Access(policy=OPEN), "T1", lambda: at).render(first)
        assert shown is not None
        assert "Flapped 2 times" in str(shown.payload())

    def test_another_error_is_told_at_once(self, store: Store) -> None:
        announcer = Announcer(store, settle=self.SETTLE)
        last, at = known("RUNNING/CDC"), NOW
        for error in (CONFLICT, "", LOST):
            last = self.happens(store, announcer, seen(last, job("RUNNING/CDC", error=error)), at)
            at += MINUTE
        kinds = [store.event(each.subject["event"]).kind for each in self.alerts(store)]  # type: ignore[union-attr]
        assert kinds == ["error", "cleared", "error"]

    def test_an_error_that_comes_back_later_is_news(self, store: Store) -> None:
        announcer = Announcer(store, settle=self.SETTLE)
        last, at = known("RUNNING/CDC"), NOW
        for error in (CONFLICT, "", CONFLICT):
            last = self.happens(store, announcer, seen(last, job("RUNNING/CDC", error=error)), at)
            at += self.SETTLE
        kinds = [store.event(each.subject["event"]).kind for each in self.alerts(store)]  # type: ignore[union-attr]
        assert kinds == ["error", "cleared", "error"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (CONFLICT, CONFLICT_LATER, True),
        (CONFLICT, LOST, False),
        ("", "", True),
        ("disk full on 10.0.0.7", "disk full on 10.0.0.8", True),
        ("lag at 16/B374D848", "lag at 17/0000AA01", True),
        ("No space left on device", "password authentication failed for user x", False),
    ],
)
def test_texts_of_one_error(one: str, other: str, same: bool) -> None:
    assert same_error(one, other) is same


class TestGoesOn:
    @pytest.mark.parametrize(
        ("before", "after", "by"),
        [
            ("FAILED/CDC", "RUNNING/CDC", ""),
            ("FAILED/FULL_DUMP", "RUNNING/FULL_DUMP", ""),
            ("FAILED/FULL_DUMP", "RUNNING/CDC", ""),
            ("FAILED/CDC", "RUNNING/FULL_DUMP", OUTSIDE),  # a full dump that begins again is a restart
            ("FAILED/CDC", "RESTARTING/CDC", OUTSIDE),
            ("STOPPED/CDC", "RUNNING/CDC", OUTSIDE),
        ],
    )
    def test_only_a_failed_job_that_goes_on_where_it_was_does_so_by_itself(
        self, before: str, after: str, by: str
    ) -> None:
        (event, *_) = seen(known(before), job(after)).events
        assert event.by == by
        assert ("recovered" in topics(event)) == (by == "")
        if not by:
            assert is_alert(event)

    def test_after_a_restart_from_here_it_did_not_go_on_by_itself(self) -> None:
        after = job("RUNNING/CDC")
        (event, *_) = diff(
            known("FAILED/CDC"), after, NOW, stuck_after=HALF_HOUR, runs=[run(Action.RESTART)]
        ).events
        assert event.by == "U1"
        assert "recovered" not in topics(event)

    def test_the_alert_says_so(self) -> None:
        event = seen(known("FAILED/CDC"), job("RUNNING/CDC")).events[0]
        text = all_text(accepted(alerts.alert(event, job("RUNNING/CDC"))))
        assert "*Continues by itself*" in text
        assert "cause seems fixed" in text
        assert "outside" not in text

    def test_in_the_full_dump_it_may_have_been_restarted(self) -> None:
        event = seen(known("FAILED/FULL_DUMP"), job("RUNNING/FULL_DUMP")).events[0]
        text = all_text(accepted(alerts.alert(event, job("RUNNING/FULL_DUMP"))))
        assert "Continues without a restart from here" in text
        assert "unless somebody restarted it outside Slack" in text


class TestWords:
    def test_the_status_has_its_own_mark(self) -> None:
        with_errors = shown_status(job("RUNNING/CDC"), with_errors=True)
        assert labels.status(with_errors) == "*Running with errors* · CDC"
        others = {labels.status_emoji(each) for each in ("RUNNING/CDC", "RUNNING/FULL_DUMP", "FAILED/CDC")}
        assert labels.status_emoji(with_errors) not in others
        assert shown_status(job("STOPPED/CDC"), with_errors=True) == "STOPPED/CDC"

    def test_a_job_that_waits_for_people_keeps_its_mark(self) -> None:
        waiting = job("RUNNING/WAITING_FOR_SOURCE_WRITES_TO_STOP", error=CONFLICT)
        assert labels.job_emoji(waiting, with_errors=True) == "🛑"

    def test_the_alert_of_an_error_says_that_dms_retries(self) -> None:
        now = job("RUNNING/CDC", error=CONFLICT, **of("POSTGRESQL"))
        event = seen(known("RUNNING/CDC"), now).events[0]
        text = all_text(accepted(alerts.alert(event, now)))
        for words in ("*Running with errors*", "unique constraint", "DMS retries by itself", "Fix the cause"):
            assert words in text
        assert event_labels.headline(event) in text

    def test_it_is_over_once_the_errors_are(self) -> None:
        event = seen(known("RUNNING/CDC"), job("RUNNING/CDC", error=CONFLICT)).events[0]
        assert not alerts.is_over(event, job("RUNNING/CDC", error=LOST))
        assert not alerts.is_over(event, job("RUNNING/CDC"), (database("b", CONFLICT),))
        assert alerts.is_over(event, job("RUNNING/CDC"), (database("b"),))
        assert alerts.is_over(event, job("STOPPED/CDC", error=CONFLICT))
        past = all_text(accepted(alerts.alert(event, job("RUNNING/CDC"), over=True)))
        assert "*Had errors*" in past
        assert "runs without errors now" in past

    def test_the_end_of_errors_is_taken_back_when_they_return(self) -> None:
        event = seen(known("RUNNING/CDC", CONFLICT), job("RUNNING/CDC")).events[0]
        assert "*Errors cleared*" in all_text(accepted(alerts.alert(event, job("RUNNING/CDC"))))
        again = job("RUNNING/CDC", error=CONFLICT)
        assert alerts.is_over(event, again)
        assert "errors came back" in all_text(accepted(alerts.alert(event, again, over=True)))

    @pytest.mark.parametrize(
        ("ends", "says", "never"),
        [
            (of("POSTGRESQL"), ("DMS retries by itself", "restart", "promotion"), "MySQL"),
            (of("ORACLE", destination="POSTGRESQL"), ("DMS retries by itself",), "MySQL"),
            (of("SQLSERVER"), ("DMS retries by itself",), "MySQL"),
            (of("MYSQL"), ("Fix the cause", "see whether the errors clear"), "retries"),
        ],
    )
    def test_the_next_step_of_a_job_with_errors(
        self, ends: dict[str, Any], says: tuple[str, ...], never: str
    ) -> None:
        step = next_step(job("RUNNING/CDC", error=CONFLICT, **ends))
        for words in says:
            assert words in step
        assert never not in step

    def test_failed_databases_are_mended_restarted_or_removed(self) -> None:
        step = next_step(job("RUNNING/CDC", **of("POSTGRESQL")), (database("b", LOST, "FAILED"),))
        assert (
            step.index("Fix the cause") < step.index("--failed-only") < step.index("remove it from the job")
        )
        mysql = next_step(job("RUNNING/CDC", **of("MYSQL")), (database("b", LOST, "FAILED"),))
        assert "remove it" not in mysql

    @pytest.mark.parametrize(
        ("ends", "waits"),
        [
            (of("POSTGRESQL"), True),
            (of("POSTGRESQL", "ALLOYDB"), True),
            (of("ORACLE", destination="POSTGRESQL"), True),
            # "Diagnose issues" (MySQL): after a bad password, "the migration job resumes automatically".
            (of("MYSQL"), True),
            (of("SQLSERVER"), False),
        ],
    )
    @pytest.mark.parametrize("phase", ["CDC", "FULL_DUMP"])
    def test_a_failed_job_is_mended_and_watched_before_it_is_restarted(
        self, ends: dict[str, Any], waits: bool, phase: str
    ) -> None:
        failed = job(f"FAILED/{phase}", error="No space left on device", **ends)
        step = next_step(failed)
        assert step.startswith("Fix the cause")
        assert ("wait" in step.lower()) is waits
        assert step.index("Fix the cause") < step.lower().index("restart")
        assert failed.error is not None
        cause = likely_cause(failed.error, failed)
        assert cause is not None
        if "restart" in cause.text:
            assert ("wait" in cause.text) is waits


def test_the_words_for_subscriptions() -> None:
    assert {"with_errors", "errors_cleared", "recovered", "database_error", "database_failed"} <= TOPICS


class TestErrorsThatOutlastAStop:
    """Their alert ends when the job stops to run, so that they are news once it runs with them again."""

    @pytest.mark.parametrize("between", ["STOPPED/CDC", "MAINTENANCE/CDC", "A_NEWER_STATE/CDC"])
    def test_an_error_that_is_there_again_is_told_again(self, between: str) -> None:
        stopped = seen(known("RUNNING/CDC", CONFLICT), job(between, error=CONFLICT)).snapshot
        again = seen(stopped, job("RUNNING/CDC", error=CONFLICT))
        assert ("error", True) in told(again.events)

    @pytest.mark.parametrize("between", ["STOPPED/CDC", "MAINTENANCE/CDC", "A_NEWER_STATE/CDC"])
    def test_a_database_that_still_has_one_is_told_again(self, between: str) -> None:
        ailing = with_databases(known("RUNNING/CDC"), database("a", LOST, "FAILED"), database("b"))
        runs = seen(seen(ailing, job(between)).snapshot, job("RUNNING/CDC")).snapshot
        found = diff_databases(runs, [database("a", LOST, "FAILED"), database("b")], NOW)
        assert told(found.events) == [("database_failed", True)]

    def test_one_that_outlasts_an_update_is_not(self) -> None:
        ailing = with_databases(known("RUNNING/CDC", CONFLICT), database("a", LOST, "FAILED"))
        updating = seen(ailing, job("UPDATING/CDC", error=CONFLICT)).snapshot
        again = seen(updating, job("RUNNING/CDC", error=CONFLICT))
        assert [each.kind for each in again.events] == ["changed"]
        assert diff_databases(again.snapshot, [database("a", LOST, "FAILED")], NOW).events == ()


class TestNewJobs:
    @pytest.mark.parametrize(("status", "loud"), [("RUNNING/CDC", True), ("STOPPED/CDC", False)])
    def test_one_that_runs_with_an_error_when_it_is_first_seen_is_an_alert(
        self, status: str, loud: bool
    ) -> None:
        """As after an outage in which it was created."""
        ailing = job(status, error=CONFLICT)
        another = seen(known("RUNNING/CDC"), replace(ailing, create_time=NOW))
        for found in (diff_first(ailing, NOW), another):
            assert any(map(is_alert, (each for each in found.events if each.kind != "deleted"))) is loud
        assert diff_first(ailing, NOW, baseline=True).events == ()
