"""Starts work only after its delivery has been acknowledged.

All threads share one interpreter: work that starts earlier delays its own acknowledgement.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

Work = Callable[[], object]


class AfterAck:
    """Submits work to a pool: at once, or, from a thread that has yet to acknowledge, once it has."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._here = threading.local()

    def submit(self, work: Work) -> None:
        held: list[Work] | None = getattr(self._here, "held", None)
        if held is None:
            self._pool.submit(work)
        else:
            held.append(work)

    @contextmanager
    def held(self) -> Iterator[Callable[[], None]]:
        """Hold what this thread submits inside until the yielded function is called, from any thread.

        If the block raises, it is submitted at once: accepted work is done, acknowledged or not.
        """
        held: list[Work] = []

        def release() -> None:
            while held:
                self._pool.submit(held.pop(0))

        self._here.held = held
        try:
            yield release
        except BaseException:
            release()
            raise
        finally:
            self._here.held = None

    @contextmanager
    def acknowledged(self) -> Iterator[None]:
        """Hold what this thread submits inside until the block ends, even if it raises."""
        with self.held() as release:
            yield
        release()
