"""A lock between replicas is free again when its holder dies."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from bot.store import Store, open_store
from tests.store.processes import child
from tests.waiting import until

AWKWARD = ["watcher", "replica:4f/../x y", "ü" * 300, ""]


def test_one_holder_at_a_time(opened: Callable[[], Store]) -> None:
    store, other = opened(), opened()
    for name in AWKWARD:
        assert not store.is_locked(name)
        held = store.try_lock(name)
        assert held is not None
        assert not held.is_lost
        assert store.is_locked(name)
        assert other.is_locked(name)
        assert store.try_lock(name) is None
        assert other.try_lock(name) is None
        held.release()
        assert not other.is_locked(name)
        again = other.try_lock(name)
        assert again is not None
        again.release()


def test_names_are_apart(store: Store) -> None:
    held = [store.try_lock(name) for name in AWKWARD]
    assert None not in held
    assert not store.is_locked("other")
    for each in held:
        assert each is not None
        each.release()


def test_a_released_hold_is_lost_and_stays_so(store: Store) -> None:
    held = store.try_lock("watcher")
    assert held is not None
    held.release()
    held.release()
    assert held.is_lost
    again = store.try_lock("watcher")
    assert again is not None
    held.release()
    assert not again.is_lost
    assert store.is_locked("watcher")
    again.release()


def test_among_many_threads_one_holds(opened: Callable[[], Store]) -> None:
    stores = [opened() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        holds = list(pool.map(lambda number: stores[number % 4].try_lock("watcher"), range(16)))
    (held,) = [each for each in holds if each is not None]
    held.release()


def test_looking_does_not_get_in_the_way_of_taking(opened: Callable[[], Store]) -> None:
    store, other = opened(), opened()
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(lambda: [other.is_locked("watcher") for _ in range(200)])
        for _ in range(20):
            held = store.try_lock("watcher")
            assert held is not None
            assert not held.is_lost
            held.release()
        looking.result()


def test_a_killed_holder_holds_no_more(url: str, store: Store) -> None:
    with child(url, "hold", "replica:1") as holder:
        assert holder.hear() == "held"
        assert store.is_locked("replica:1")
        assert store.try_lock("replica:1") is None
        holder.kill()
        until(lambda: not store.is_locked("replica:1"))
        held = store.try_lock("replica:1")
        assert held is not None
        with child(url, "hold", "replica:1") as second:
            assert second.hear() == "taken"
        held.release()


def test_what_dead_holders_left_is_cleared_away_at_the_next_start(tmp_path: Path) -> None:
    url = str(tmp_path / "bot.db")
    with child(url, "hold", "replica:1") as dead, child(url, "hold", "replica:2") as living:
        assert [dead.hear(), living.hear()] == ["held", "held"]
        dead.kill()
        with closing(open_store(url)) as store:
            assert len(list((tmp_path / "bot.db.locks").iterdir())) == 1
            assert store.is_locked("replica:2")
