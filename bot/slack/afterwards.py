"""Begins work only when the delivery that asked for it has been acknowledged.

Threads take turns in one interpreter: work that begins earlier would delay its own acknowledgement.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

Work = Callable[[], object]


class Afterwards:
    """Hands work to a pool: at once, or where its thread is about to acknowledge, when it has."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._here = threading.local()

    def begin(self, work: Work) -> None:
        held: list[Work] | None = getattr(self._here, "held", None)
        if held is None:
            self._pool.submit(work)
        else:
            held.append(work)

    def hold(self) -> None:
        """What this thread begins from now on waits for `release`."""
        self._here.held = []

    def release(self) -> None:
        held: list[Work] = self._here.held or []
        self._here.held = None
        for work in held:
            self._pool.submit(work)

    @contextmanager
    def acknowledged(self) -> Iterator[None]:
        """What is begun inside waits for the end, which comes even after a failure: it was taken."""
        self.hold()
        try:
            yield
        finally:
            self.release()
