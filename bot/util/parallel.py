"""Concurrent calls, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

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
    with ThreadPoolExecutor(min(_MAX_CONCURRENT, len(found)), thread_name_prefix="map") as pool:
        futures = [pool.submit(copy_context().run, work, item) for item in found]
        return [future.result() for future in futures]
