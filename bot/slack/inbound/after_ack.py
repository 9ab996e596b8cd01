"""Begins work only when the delivery that asked for it has been acknowledged.

Threads take turns in one interpreter: work that begins earlier would delay its own acknowledgement.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

Work = Callable[[], object]


class AfterAck:
    """Hands work to a pool: at once, or where its thread is about to acknowledge, when it has."""

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
        """What this thread begins inside waits until the yielded function is called, from any thread.

        A failure inside begins it at once: what has been taken is worked on, acknowledged or not.
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
        """What is begun inside waits for the end, which comes even after a failure: it was taken."""
        with self.held() as release:
            yield
        release()
