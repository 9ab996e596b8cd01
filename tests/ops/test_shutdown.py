"""Pools and steps that end by a deadline, also when what they do does not."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from bot.runtime.shutdown import Deadline, Pool, Pools, finishes_within


@pytest.fixture
def gate() -> Iterator[Event]:
    """What hangs until the test is over."""
    made = Event()
    yield made
    made.set()


def hang(gate: Event) -> None:
    gate.wait(60)


def test_a_pool_waits_for_what_was_begun_and_queued() -> None:
    pool = Pool(1, "test")
    done = [pool.submit(str, number) for number in range(20)]
    assert pool.drain(Deadline(30)) == 0
    assert [each.result() for each in done] == [str(number) for number in range(20)]


def test_a_pool_says_how_much_it_leaves_and_begins_none_of_it(gate: Event) -> None:
    pool = Pool(1, "test")
    hanging, queued = pool.submit(hang, gate), pool.submit(str)
    assert pool.drain(Deadline(0.05)) == 2
    assert hanging.running()
    assert queued.cancelled()
    with pytest.raises(RuntimeError):
        pool.submit(str)


def test_a_step_that_hangs_is_left(gate: Event) -> None:
    assert finishes_within(lambda: None, Deadline(30))
    assert not finishes_within(lambda: hang(gate), Deadline(0.05))


def test_what_hangs_in_one_pool_holds_back_no_other(gate: Event) -> None:
    pools = Pools(("away", "well"), 1, "test")
    pools.of("away").submit(hang, gate)
    queued = pools.of("away").submit(str)
    assert pools.of("well").submit(str, 2).result(30) == "2"
    assert pools.of("of a project that is served no more") is pools.of("away")
    assert pools.drain(Deadline(0.05)) == 2
    assert queued.cancelled()
