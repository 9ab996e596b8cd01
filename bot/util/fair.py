"""A share of a thread pool for each person, so that one who sends much does not keep others waiting."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor


class FairShare:
    """Hands work to a pool, at most `share` pieces of one person at a time; the rest waits in order."""

    def __init__(self, pool: Executor, share: int) -> None:
        self._pool = pool
        self._share = share
        self._lock = threading.Lock()
        self._running: dict[str, int] = {}
        self._waiting: dict[str, deque[Callable[[], None]]] = {}

    def submit(self, person: str, work: Callable[[], None]) -> None:
        """Run `work` in the pool, at once or as soon as an earlier piece of this person has ended.

        Raises:
            RuntimeError: the pool is shut down.
        """
        with self._lock:
            if self._running.get(person, 0) >= self._share:
                self._waiting.setdefault(person, deque()).append(work)
                return
            self._running[person] = self._running.get(person, 0) + 1
        self._start(person, work)

    def _start(self, person: str, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            finally:
                self._ended(person)

        self._pool.submit(run)

    def _ended(self, person: str) -> None:
        with self._lock:
            waiting = self._waiting.get(person)
            following = waiting.popleft() if waiting else None
            if not waiting:
                self._waiting.pop(person, None)
            if following is None:
                self._running[person] -= 1
                if not self._running[person]:
                    del self._running[person]
        if following is not None:
            self._start(person, following)
