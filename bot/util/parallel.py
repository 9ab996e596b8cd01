"""Concurrent calls, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import TypeVar

from bot.util import turns

A = TypeVar("A")
B = TypeVar("B")

_MAX_CONCURRENT = 8


def map_concurrently(work: Callable[[A], B], items: Iterable[A]) -> list[B]:
    """`work` of every item, in order, at most eight at a time. For calls to the service, which are slow.

    Raises:
        Exception: the error of the first item, in order, for which `work` raised.
    """
    found = list(items)
    if len(found) < 2:
        return [work(item) for item in found]
    with turns.lent(), ThreadPoolExecutor(min(_MAX_CONCURRENT, len(found)), thread_name_prefix="map") as pool:
        futures = [pool.submit(copy_context().run, work, item) for item in found]
        return [future.result() for future in futures]


def all_of(works: Iterable[Callable[[], B]]) -> list[B]:
    """The results of all, in order, as `map_concurrently`."""
    return map_concurrently(lambda work: work(), works)


class SideBySide:
    """Calls that are made at the same time, at most eight."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def begin(self, work: Callable[[], A]) -> Future[A]:
        return self._pool.submit(copy_context().run, work)


@contextmanager
def side_by_side() -> Iterator[SideBySide]:
    """Calls of different kinds; all have ended when the context ends."""
    pool = ThreadPoolExecutor(_MAX_CONCURRENT, thread_name_prefix="part")
    try:
        yield SideBySide(pool)
    finally:
        with turns.lent():
            pool.shutdown()
