"""What is called resolved or recovered is: not a job whose errors ended because it failed.

Expected: docs/notifications.md, "What you see", and "Migration job statuses" (PostgreSQL, AlloyDB, Oracle,
SQL Server), where Failed is a status of its own beside Running with errors.
"""

from __future__ import annotations

import pytest

from bot.policy.access import Access
from bot.slack.render.outbox_messages import OutboxRenderer
from bot.store import Store
from bot.store.records import Event, JobSnapshot, OutMessage
from tests.notify.world import MINUTE, NOTIFY, NOW, job
from tests.policy.people import OPEN
from tests.slack.checks import all_text

LOST = "could not connect to server: No route to host"
IDS = ("orders", "billing")


def ran_with_errors(store: Store, status: str, error: str = LOST) -> list[int]:
    """Jobs that had an error while they ran, and are in this status now; the events' IDs."""
    found = []
    for id in IDS:
        now = job(status, id, error=error)
        store.save_known([JobSnapshot(now, NOW, NOW)])
        event = Event(now.name, now.create_time, NOW, "error", after="RUNNING/CDC", detail=LOST)
        found.append(store.add_event(event).id)
    return found


def said(store: Store, kind: str, **subject: object) -> str:
    renderer = OutboxRenderer(store, Access(policy=OPEN), "T1", lambda: NOW + MINUTE)
    shown = renderer.render(OutMessage("key", NOTIFY, kind, dict(subject), created=NOW))
    assert shown is not None
    return f"{shown.text}\n{all_text(shown.payload())}"


@pytest.mark.parametrize("kind", ["mass_failure", "mass_list", "digest"])
@pytest.mark.parametrize(
    ("status", "error", "over"), [("FAILED/CDC", LOST, False), ("RUNNING/CDC", "", True)]
)
def test_jobs_that_ran_with_errors_and_failed_have_not_recovered(
    store: Store, kind: str, status: str, error: str, over: bool
) -> None:
    text = said(store, kind, events=ran_with_errors(store, status, error))
    assert any(word in text for word in ("recovered", "resolved")) is over


def test_jobs_that_failed_and_run_with_errors_have_not_recovered(store: Store) -> None:
    events = []
    for id in IDS:
        now = job("RUNNING/CDC", id, error=LOST)
        store.save_known([JobSnapshot(now, NOW, NOW)])
        events.append(Event(now.name, now.create_time, NOW, "changed", "RUNNING/CDC", "FAILED/CDC", LOST))
    text = said(store, "mass_failure", events=[store.add_event(each).id for each in events])
    assert "recovered" not in text


@pytest.mark.parametrize(
    ("status", "error", "over"), [("FAILED/CDC", LOST, False), ("STOPPED/CDC", "", True)]
)
def test_an_alert_of_errors_is_not_resolved_by_a_failure(
    store: Store, status: str, error: str, over: bool
) -> None:
    text = said(store, "alert", event=ran_with_errors(store, status, error)[0])
    assert ("Resolved" in text) is over
    assert "Had errors" in text
    assert ("now 🔴 *Failed*" in text) is not over


@pytest.mark.parametrize(
    ("kind", "after", "posted"),
    [
        ("changed", "FAILED/CDC", False),
        ("changed", "STOPPING/CDC", False),
        ("deleted", "", False),
        ("changed", "UPDATING/CDC", True),
        ("changed", "RUNNING/READY_FOR_PROMOTE", True),
    ],
)
def test_errors_that_cleared_before_the_job_failed_are_not_posted_as_cleared(
    store: Store, kind: str, after: str, posted: bool
) -> None:
    """The post waits until the job has run without errors for a while."""
    ran = job("RUNNING/CDC")
    cleared = store.add_event(Event(ran.name, ran.create_time, NOW, "cleared", "error", "RUNNING/CDC"))
    store.add_event(Event(ran.name, ran.create_time, NOW, kind, "RUNNING/CDC", after))
    if kind != "deleted":
        store.save_known([JobSnapshot(job(after), NOW, NOW)])
    renderer = OutboxRenderer(store, Access(policy=OPEN), "T1", lambda: NOW + MINUTE)
    waiting = OutMessage("key", NOTIFY, "alert", {"event": cleared.id}, created=NOW)
    assert (renderer.render(waiting) is not None) is posted
