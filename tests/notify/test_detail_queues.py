"""How often databases and delays are read, as docs/notifications.md says. Times vary by a tenth (jitter)."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bot.dms.errors import Denied, DmsError, NotFound, Unavailable
from bot.store.records import JobSnapshot
from bot.watch.detail_queues import DetailQueues
from tests.notify.world import NOW, job

EVERY = 10.0
"""Seconds between two turns of the loop below."""


def snapshot(status: str, id: str = "orders", **databases: str) -> JobSnapshot:
    return JobSnapshot(job(status, id), seen=NOW, changed=NOW, databases=databases)


def reads(queues: DetailQueues, seconds: float, *, delays: bool = False, begin: float = 0.0) -> list[float]:
    """When something was read, in a loop that runs for so many seconds."""
    pop = queues.pop_due_delays if delays else queues.pop_due_databases
    moments = [begin + EVERY * turn for turn in range(int(seconds / EVERY) + 1)]
    return [now for now in moments for _ in pop(now)]


def gaps(times: list[float]) -> set[float]:
    return {later - earlier for earlier, later in pairwise(times)}


@pytest.mark.parametrize(
    ("status", "databases", "every"),
    [
        ("RUNNING/FULL_DUMP", {}, 30),
        ("RUNNING/CDC", {"shop": "FAILED/CDC"}, 30),
        ("RUNNING/CDC", {"shop": "RUNNING/CDC"}, 300),
    ],
)
def test_databases_are_read_often_while_something_happens(
    status: str, databases: dict[str, str], every: int
) -> None:
    queues = DetailQueues()
    queues.schedule(snapshot(status, **databases), 0.0)
    times = reads(queues, 6 * every)
    assert len(times) >= 5
    assert all(0.9 * every <= gap <= 1.1 * every + EVERY for gap in gaps(times))


@pytest.mark.parametrize("status", ["STOPPED/CDC", "FAILED/FULL_DUMP", "NOT_STARTED", "COMPLETED"])
def test_a_job_that_stops_running_is_read_no_more(status: str) -> None:
    queues = DetailQueues()
    queues.schedule(snapshot("RUNNING/CDC"), 0.0)
    queues.schedule(snapshot(status), 1.0)
    assert reads(queues, 600.0, begin=2.0) == reads(queues, 600.0, begin=2.0, delays=True) == []


def test_a_change_of_status_reads_the_databases_at_once() -> None:
    queues = DetailQueues()
    queues.schedule(snapshot("RUNNING/CDC"), 0.0)
    assert queues.pop_due_databases(0.0)
    queues.schedule(snapshot("RUNNING/CDC"), 10.0)
    assert not queues.pop_due_databases(10.0)
    queues.schedule(snapshot("RUNNING/CDC"), 20.0, at_once=True)
    assert queues.pop_due_databases(20.0)


def test_a_deleted_job_is_read_no_more() -> None:
    queues = DetailQueues()
    queues.schedule(snapshot("RUNNING/CDC"), 0.0)
    queues.remove(snapshot("RUNNING/CDC").job.name)
    assert reads(queues, 600.0) == reads(queues, 600.0, begin=700.0, delays=True) == []


def test_a_subscription_by_name_has_the_delay_read_every_minute() -> None:
    queues, subscribed = DetailQueues(), snapshot("RUNNING/CDC")
    queues.schedule(subscribed, 0.0)
    slow = reads(queues, 1200.0, delays=True)
    assert 4 <= len(slow) <= 6
    queues.set_subscribed([subscribed], 1300.0)
    assert 19 <= len(reads(queues, 1200.0, delays=True, begin=1300.0)) <= 30
    queues.set_subscribed([], 2600.0)
    assert 3 <= len(reads(queues, 1200.0, delays=True, begin=2600.0)) <= 6


@pytest.mark.parametrize("status", ["RUNNING/FULL_DUMP", "STOPPED/CDC"])
def test_only_a_replicating_job_has_a_delay(status: str) -> None:
    queues = DetailQueues()
    queues.schedule(snapshot(status), 0.0)
    queues.set_subscribed([snapshot(status)], 0.0)
    assert reads(queues, 600.0, delays=True) == []


def test_many_running_jobs_share_one_read_in_two_seconds() -> None:
    queues = DetailQueues()
    for number in range(600):
        queues.schedule(snapshot("RUNNING/CDC", f"job-{number}"), 0.0)
    read = [name for second in range(601) for name in queues.pop_due_databases(float(second))]
    assert 290 <= len(read) <= 302
    assert len(set(read)) == len(read)


def test_a_project_can_be_left_for_later() -> None:
    queues, dumping = DetailQueues(), snapshot("RUNNING/FULL_DUMP")
    queues.schedule(dumping, 0.0)
    assert queues.pop_due_databases(0.0, but={dumping.job.project}) == []
    assert len(queues.pop_due_databases(0.0, but={"another"})) == 1


@pytest.mark.parametrize(
    ("error", "pause"), [(Denied("no"), 600), (Unavailable("busy"), 60), (NotFound("gone"), 0)]
)
def test_monitoring_is_left_alone_after_it_has_failed(error: DmsError, pause: int) -> None:
    queues = DetailQueues()
    queues.schedule(snapshot("RUNNING/CDC"), 0.0)
    queues.on_delay_failed(snapshot("RUNNING/CDC").job.project, error, 0.0)
    assert reads(queues, 900.0, delays=True)[0] == pause


def test_what_one_project_denies_pauses_no_other() -> None:
    queues = DetailQueues()
    for project in ("acme-prod", "acme-staging"):
        queues.schedule(JobSnapshot(job("RUNNING/CDC", project=project), NOW, NOW), 0.0)
    queues.on_delay_failed("acme-prod", Denied("no"), 0.0)
    due = {name.split("/")[1] for second in range(600) for name in queues.pop_due_delays(float(second))}
    assert due == {"acme-staging"}
