"""All or nothing, also when nested, and also when someone dies in the middle."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from bot.store import Store, StoreError
from bot.util import turns
from tests.store import make
from tests.store.processes import child


class Halt(Exception):
    pass


def write_and_halt(store: Store, key: str) -> None:
    with store.transaction():
        store.put_value(key, "written")
        raise Halt


def test_all_of_it(opened: Callable[[], Store]) -> None:
    store, other = opened(), opened()
    with store.transaction():
        store.put_value("a", "1")
        with store.transaction():
            store.put_value("b", "2")
        assert (store.value("a"), store.value("b")) == ("1", "2")
        assert (other.value("a"), other.value("b")) == (None, None)
    assert (other.value("a"), other.value("b")) == ("1", "2")


def test_or_nothing(store: Store) -> None:
    with pytest.raises(Halt):
        write_and_halt(store, "a")
    assert store.value("a") is None
    store.put_value("a", "later")
    assert store.value("a") == "later"


def swallow(store: Store) -> None:
    with store.transaction():
        store.put_value("outer", "written")
        with suppress(Halt):
            write_and_halt(store, "inner")


def test_a_nested_failure_takes_the_whole_back_even_when_swallowed(store: Store) -> None:
    with pytest.raises(StoreError, match="none of it is saved"):
        swallow(store)
    assert (store.value("outer"), store.value("inner")) == (None, None)
    store.put_value("outer", "later")


def swallow_and_go_on(store: Store) -> None:
    with store.transaction():
        with suppress(Halt):
            write_and_halt(store, "inner")
        store.put_value("after", "written")


def test_after_a_nested_failure_nothing_more_is_written(store: Store) -> None:
    with pytest.raises(StoreError, match="none of it is saved"):
        swallow_and_go_on(store)
    assert (store.value("inner"), store.value("after")) == (None, None)


def insert_twice(store: Store) -> None:
    with store.transaction():
        store.put_value("a", "written")
        store.add_watch(make.watch())
        with suppress(StoreError):
            store.add_watch(make.watch())
        store.put_value("b", "written")


def test_a_refused_statement_takes_the_whole_back_even_when_swallowed(store: Store) -> None:
    with pytest.raises(StoreError):
        insert_twice(store)
    assert (store.value("a"), store.value("b"), store.watches()) == (None, None, ())


def test_whoever_dies_in_a_transaction_leaves_nothing(url: str, store: Store) -> None:
    with child(url, "stay") as other:
        assert other.hear() == "written"
        assert store.value("half") is None
        other.kill()
    assert store.value("half") is None
    store.put_value("half", "by another")
    assert store.append_audit(make.entry()).seq == 1
    assert store.verify_audit() == ""


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.ping()
    with pytest.raises(StoreError, match="closed"):
        store.value("a")


def test_nobody_waits_for_a_turn_while_a_transaction_is_open(store: Store) -> None:
    """Others would wait for its locks."""
    with turns.taken():
        assert turns.held()
        with store.transaction():
            assert not turns.held()
            store.put_value("a", "b")
            assert not turns.held()
        assert turns.held()
        assert store.value("a") == "b"
        assert turns.held()
