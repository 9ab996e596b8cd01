"""Few threads compute at a time, and nobody waits for ever."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.util.turns import Turns
from tests.waiting import until

LONG_S = 30.0


def test_one_at_a_time_and_others_while_it_waits() -> None:
    turns = Turns(1, LONG_S)
    inside: list[str] = []
    go_on, over = threading.Event(), threading.Event()

    def first() -> None:
        with turns.taken(), turns.taken():
            inside.append("first")
            go_on.wait(LONG_S)
            with turns.lent():
                over.wait(LONG_S)
            inside.append("first again")

    def second() -> None:
        with turns.taken():
            inside.append("second")
        over.set()

    with ThreadPoolExecutor(2) as pool:
        begun = pool.submit(first)
        until(lambda: inside == ["first"])
        waiting = pool.submit(second)
        assert not waiting.done()
        go_on.set()
        waiting.result(LONG_S)
        begun.result(LONG_S)
    assert inside == ["first", "second", "first again"]


def test_whoever_waits_for_long_goes_on_without_and_gives_nothing_back() -> None:
    turns = Turns(1, 0.01)
    with turns.taken(), ThreadPoolExecutor(1) as pool:

        def without() -> str:
            with turns.taken():
                return "done"

        assert pool.submit(without).result(LONG_S) == "done"
        assert pool.submit(without).result(LONG_S) == "done"
    with ThreadPoolExecutor(1) as pool, turns.taken(), turns.lent():
        assert pool.submit(without).result(LONG_S) == "done"


def test_all_waits_of_one_piece_of_work_together_have_a_limit() -> None:
    turns, over = Turns(1, 0.05), threading.Event()

    def others() -> None:
        while not over.is_set():
            with turns.taken():
                over.wait(0.005)

    def goes_on_without() -> bool:
        with turns.lent():
            over.wait(0.001)
        return not turns.held()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(others)
        try:
            with turns.taken():
                until(goes_on_without)
        finally:
            over.set()


def test_an_error_gives_the_turn_back() -> None:
    turns = Turns(1, LONG_S)
    with pytest.raises(ValueError, match="lent"), turns.taken(), turns.lent():
        raise ValueError("lent")

    def next_one() -> str:
        with turns.taken():
            return "done"

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(next_one).result(LONG_S / 3) == "done"


def test_without_a_turn_there_is_none_to_lend() -> None:
    turns = Turns(1, LONG_S)
    with turns.lent(), turns.taken():
        pass
