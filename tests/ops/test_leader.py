"""Whether a leader leads: what its tasks show of themselves, and what ends of itself goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.runtime import leader
from bot.runtime.health import Health
from bot.runtime.leader import LOCK, Leader, LeaderTask, every
from bot.store import Store, StoreError, UnreadableRow, open_store
from tests.ops.test_metrics import value
from tests.waiting import until


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path / "bot.db"))
    yield opened
    opened.close()


@contextmanager
def leading(store: Store, tasks: Mapping[str, LeaderTask]) -> Iterator[tuple[Leader, Health]]:
    health = Health()
    found = Leader(store, tasks, health, lambda: None)
    found.start()
    try:
        yield found, health
    finally:
        assert found.stop(within_s=10)


def loops(health: Health) -> set[str]:
    return set(health.alive().body["loops"])


def wait_for(event: threading.Event) -> None:
    event.wait()


def works(count: Callable[[], None]) -> LeaderTask:
    return every(0.01, count)


def test_a_task_that_hangs_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leader, "_TASK_HEARTBEAT_WITHIN_S", 0.5)
    goes_on = threading.Event()
    with leading(store, {"works": works(lambda: None), "hangs": every(0.01, lambda: wait_for(goes_on))}) as (
        _,
        health,
    ):
        until(lambda: not health.alive().ok)
        assert health.alive().body["loops"]["works"] == "ok"
        assert health.alive().body["loops"]["hangs"] != "ok"
        goes_on.set()
        until(lambda: health.alive().ok)


def test_who_no_longer_leads_has_no_tasks_that_hang(store: Store, tmp_path: Path) -> None:
    """The lock is mostly lost with the database, so the task ends by that error."""

    def fails() -> None:
        raise StoreError("The database is away.")

    with leading(store, {"fails": every(0.01, fails)}) as (found, health):
        until(lambda: "fails" in loops(health))
        (tmp_path / "bot.db.locks" / f"{LOCK}.lock").unlink()
        other = store.try_lock(LOCK)
        assert other is not None
        until(lambda: not found.is_leader)
        until(lambda: loops(health) == {"leader"})
        other.release()


def test_an_error_in_a_task_is_counted_and_the_task_goes_on(store: Store) -> None:
    calls: list[int] = []

    def fails_once() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise KeyError("a fault of ours")

    before = value("dms_bot_errors_total") or 0
    with leading(store, {"fails": every(0.01, fails_once)}):
        until(lambda: len(calls) > 1)
    assert value("dms_bot_errors_total") == before + 1


def test_a_row_that_cannot_be_understood_is_no_database_that_is_away(store: Store) -> None:
    calls: list[int] = []

    def fails_once() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise UnreadableRow("A row cannot be understood.", "r1")

    before = value("dms_bot_errors_total") or 0
    with leading(store, {"fails": every(0.01, fails_once)}):
        until(lambda: len(calls) > 1)
    assert value("dms_bot_errors_total") == before + 1


def test_who_gets_no_threads_leads_again_once_there_are_some(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first task, which has begun, does not go on beside the leader that follows."""
    start = threading.Thread.start
    begun: list[int] = []
    refused: list[int] = []

    def no_thread(self: threading.Thread) -> None:
        if self.name == "second" and not refused:
            refused.append(1)
            raise RuntimeError("can't start new thread")
        start(self)

    def first(stop: threading.Event) -> None:
        begun.append(1)
        stop.wait()
        begun.pop()

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    worked = threading.Event()
    with leading(store, {"first": first, "second": works(worked.set)}) as (found, _):
        assert worked.wait(10)
        assert refused
        assert found.is_leader
        assert len(begun) == 1
