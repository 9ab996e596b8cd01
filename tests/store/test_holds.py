"""A lock between replicas is free again when its holder dies."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from bot.store import Store, open_store
from tests.store.processes import child, until

AWKWARD = ["watcher", "replica:4f/../x y", "ü" * 300, ""]


def test_one_holder_at_a_time(opened: Callable[[], Store]) -> None:
    store, other = opened(), opened()
    for name in AWKWARD:
        assert not store.is_held(name)
        held = store.hold(name)
        assert held is not None
        assert not held.lost
        assert store.is_held(name)
        assert other.is_held(name)
        assert store.hold(name) is None
        assert other.hold(name) is None
        held.release()
        assert not other.is_held(name)
        again = other.hold(name)
        assert again is not None
        again.release()


def test_names_are_apart(store: Store) -> None:
    held = [store.hold(name) for name in AWKWARD]
    assert None not in held
    assert not store.is_held("other")
    for each in held:
        assert each is not None
        each.release()


def test_a_released_hold_is_lost_and_stays_so(store: Store) -> None:
    held = store.hold("watcher")
    assert held is not None
    held.release()
    held.release()
    assert held.lost
    again = store.hold("watcher")
    assert again is not None
    held.release()
    assert not again.lost
    assert store.is_held("watcher")
    again.release()


def test_among_many_threads_one_holds(opened: Callable[[], Store]) -> None:
    stores = [opened() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        holds = list(pool.map(lambda number: stores[number % 4].hold("watcher"), range(16)))
    (held,) = [each for each in holds if each is not None]
    held.release()


def test_looking_does_not_get_in_the_way_of_taking(opened: Callable[[], Store]) -> None:
    store, other = opened(), opened()
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(lambda: [other.is_held("watcher") for _ in range(200)])
        for _ in range(20):
            held = store.hold("watcher")
            assert held is not None
            assert not held.lost
            held.release()
        looking.result()


def test_a_killed_holder_holds_no_more(url: str, store: Store) -> None:
    with child(url, "hold", "replica:1") as holder:
        assert holder.hear() == "held"
        assert store.is_held("replica:1")
        assert store.hold("replica:1") is None
        holder.kill()
        until(lambda: not store.is_held("replica:1"))
        held = store.hold("replica:1")
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
            assert store.is_held("replica:2")
