"""Few threads compute at a time, although many wait for others.

All threads share one interpreter. Of forty that want it, each wakes up at every switch interval to ask for
it, and what is in a hurry, such as an acknowledgement, is one of forty. So what works on answers takes a
turn, and lends it while it waits for the service, for Slack, for the database or for other threads. A turn is
a courtesy and no lock: whoever has waited for long enough, all its waits together, goes on without one, so
that nothing depends on others giving theirs back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE = 1
"""Nearly all that is computed holds the interpreter, which only one thread can have."""
_PATIENCE_S = 0.25


class Turns:
    """The turns of one process, of which `at_once` can be taken at a time."""

    def __init__(self, at_once: int = AT_ONCE, patience_s: float = _PATIENCE_S) -> None:
        self._free = threading.Semaphore(at_once)
        self._patience_s = patience_s
        self._here = threading.local()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Compute in turn; inside another turn of the same thread, in that one."""
        if self.held():
            yield
            return
        self._here.patience_s = self._patience_s
        self._take()
        try:
            yield
        finally:
            self._give_back()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Let others compute while this thread waits; without a turn, this does nothing."""
        if not self.held():
            yield
            return
        self._give_back()
        try:
            yield
        finally:
            self._take()

    def held(self) -> bool:
        """Whether the calling thread has a turn."""
        return bool(getattr(self._here, "has_one", False))

    def _take(self) -> None:
        """Wait for what is left of the patience at most: an answer that lends often is not late for it."""
        begun = time.monotonic()
        self._here.has_one = self._free.acquire(timeout=self._here.patience_s)
        self._here.patience_s = max(0.0, self._here.patience_s - (time.monotonic() - begun))

    def _give_back(self) -> None:
        if self.held():
            self._here.has_one = False
            self._free.release()


_turns = Turns()
taken, lent, held = _turns.taken, _turns.lent, _turns.held


def in_turn(work: Callable[P, T]) -> Callable[P, T]:
    """`work` as a function that takes a turn."""

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with taken():
            return work(*args, **kwargs)

    return run
