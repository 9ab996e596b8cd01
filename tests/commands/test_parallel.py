"""Questions asked side by side."""

from __future__ import annotations

import threading
from contextvars import ContextVar

import pytest

from bot.util import parallel
from tests.waiting import PATIENCE_S

seen: ContextVar[str] = ContextVar("seen", default="")


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_answers_in_order(count: int) -> None:
    assert parallel.map_concurrently(lambda n: n * n, range(count)) == [n * n for n in range(count)]


def test_a_few_go_on_at_once() -> None:
    meet = threading.Barrier(4, timeout=PATIENCE_S)
    assert parallel.map_concurrently(lambda _: meet.wait() >= 0, range(8)) == [True] * 8


def test_the_first_error_in_order_is_raised() -> None:
    def fail(number: int) -> int:
        if number in (3, 5):
            raise ValueError(str(number))
        return number

    with pytest.raises(ValueError, match="3"):
        parallel.map_concurrently(fail, range(10))


def test_what_the_log_knows_goes_along() -> None:
    token = seen.set("request-1")
    try:
        assert parallel.map_concurrently(lambda _: seen.get(), range(5)) == ["request-1"] * 5
    finally:
        seen.reset(token)
