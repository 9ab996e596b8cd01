"""Whatever many do at the same moment is done once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.store import JobLocked, Store
from bot.store.records import Decision, RequestState, RunState
from tests.store import make
from tests.store.make import NOW
from tests.store.processes import together

THREADS = 12
AtOnce = Callable[[Callable[[Store, int], object]], list[object]]


@pytest.fixture
def at_once(opened: Callable[[], Store]) -> AtOnce:
    """Run something in many threads at the same moment, over three stores of the same database."""
    stores = [opened() for _ in range(3)]
    gate = threading.Barrier(THREADS)

    def run(work: Callable[[Store, int], object]) -> list[object]:
        def one(number: int) -> object:
            gate.wait()
            return work(stores[number % 3], number)

        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(one, range(THREADS)))

    return run


def test_one_approval_moves_the_request(store: Store, at_once: AtOnce) -> None:
    store.add_request(make.request())
    moved = at_once(
        lambda each, number: each.move_request(
            "q1", [RequestState.APPROVING], RequestState.APPROVED, note=str(number)
        )
    )
    (winner,) = [each for each in moved if each is not None]
    assert store.request("q1") == winner


def test_one_run_locks_the_job(store: Store, at_once: AtOnce) -> None:
    def claim(each: Store, number: int) -> str:
        try:
            each.add_run(make.run(f"r{number}"))
        except JobLocked as locked:
            return f"locked by {locked.run.id}"
        return f"r{number}"

    results = at_once(claim)
    (winner,) = [run.id for run in store.runs()]
    assert sorted(map(str, results)) == sorted([winner] + [f"locked by {winner}"] * (THREADS - 1))


def test_one_replica_takes_over(store: Store, at_once: AtOnce) -> None:
    store.add_run(make.run(owner="dead"))

    def take(each: Store, number: int) -> object:
        return each.move_run(
            "r1", [RunState.QUEUED], RunState.QUEUED, owner=f"replica-{number}", expect_owner="dead"
        )

    (winner,) = [each for each in at_once(take) if each is not None]
    assert store.run("r1") == winner


def test_one_delivery_is_the_first(at_once: AtOnce) -> None:
    assert at_once(lambda each, _: each.claim_delivery("delivery", NOW)).count(True) == 1


def test_one_message_is_put_in(store: Store, at_once: AtOnce) -> None:
    assert at_once(lambda each, number: each.enqueue(make.message(channel=f"C{number}"))).count(True) == 1
    assert store.outbox_depth() == 1


def test_one_say_a_person(store: Store, at_once: AtOnce) -> None:
    def decide(each: Store, number: int) -> bool:
        return each.add_decision(Decision("q1", "U-sam", number % 2 == 0, str(number), NOW))

    assert at_once(decide).count(True) == 1
    assert len(store.decisions("q1")) == 1


def test_the_same_content_has_one_id(at_once: AtOnce) -> None:
    assert len(set(at_once(lambda each, _: each.put_ref("T1", "job", {"name": "x"})))) == 1


def test_what_a_transaction_reads_stays_true(store: Store, at_once: AtOnce) -> None:
    def count(each: Store, _: int) -> None:
        for _ in range(10):
            with each.transaction():
                each.put_value("count", str(int(each.value("count") or 0) + 1))
                each.append_audit(make.entry())

    at_once(count)
    assert store.value("count") == str(10 * THREADS)
    assert [each.seq for each in store.audit()] == list(range(1, 10 * THREADS + 1))
    assert store.verify_audit() == ""


def test_of_several_processes_one_approves(url: str, store: Store) -> None:
    store.add_request(make.request())
    assert sorted(together(url, [("approve", "q1")] * 4)) == ["lost", "lost", "lost", "won"]


def test_of_several_processes_one_runs(url: str, store: Store) -> None:
    said = together(url, [("claim", f"r{number}") for number in range(4)])
    (run,) = store.runs()
    assert sorted(said) == [f"locked by {run.id}"] * 3 + ["won"]


def test_several_processes_count_right(url: str, store: Store) -> None:
    assert together(url, [("count", "25")] * 4) == ["done"] * 4
    assert store.value("count") == "100"
    assert len(store.audit()) == 100
    assert store.verify_audit() == ""
