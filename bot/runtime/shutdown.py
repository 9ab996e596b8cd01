"""Signals, and pools and threads that end by a common deadline, so that a stop never takes longer."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Container, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import FrameType
from typing import Any, NoReturn, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Deadline:
    """A point in time, `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until the deadline; 0 after it."""
        return max(0.0, self._at - time.monotonic())


class Pool(ThreadPoolExecutor):
    """A thread pool for work that may hang; unlike its base class, it can be drained with a deadline."""

    def __init__(self, threads: int, name: str, ready: Callable[[], None] | None = None) -> None:
        """Each thread begins its work once `ready` returns."""
        super().__init__(threads, thread_name_prefix=name, initializer=ready)
        self._open: set[Future[Any]] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future = super().submit(fn, *args, **kwargs)
        self._open.add(future)
        future.add_done_callback(self._open.discard)
        return future

    def drain(self, deadline: Deadline) -> int:
        """Accept nothing new, wait for submitted work, and cancel what has not begun by the deadline.

        Returns the number of unfinished pieces of work.
        """
        self.shutdown(wait=False)
        left = wait(self._open.copy(), deadline.left()).not_done
        self.shutdown(wait=False, cancel_futures=True)
        return len(left)


class Pools:
    """A pool for each of some names, with `threads` each."""

    def __init__(self, names: Sequence[str], threads: int, name: str) -> None:
        self._pools = {each: Pool(threads, name) for each in names}

    def of(self, name: str) -> Pool:
        """The pool of a name; the first for any other."""
        return self._pools.get(name) or next(iter(self._pools.values()))

    def shutdown(self, *, cancel_futures: bool) -> None:
        """Accept nothing new, without waiting."""
        for each in self._pools.values():
            each.shutdown(wait=False, cancel_futures=cancel_futures)

    def drain(self, deadline: Deadline) -> int:
        """As `Pool.drain`, for all."""
        self.shutdown(cancel_futures=False)
        return sum(each.drain(deadline) for each in self._pools.values())


def finishes_within(work: Callable[[], None], deadline: Deadline) -> bool:
    """Run `work` in a daemon thread; whether it ends by the deadline."""
    thread = threading.Thread(target=work, name="stop", daemon=True)
    thread.start()
    thread.join(deadline.left())
    return not thread.is_alive()


class Stopped(Exception):
    """Nobody waits for the bot's start any more, because it is stopping."""


class Signals:
    """SIGTERM and SIGINT: the first one requests a stop, the second one ends the process at once."""

    def __init__(self) -> None:
        # A pipe keeps signals until they are read. A thread that is about to wait for a lock would miss a
        # signal that arrives just then. Source:
        # https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        for number in _STOP_SIGNALS:
            signal.signal(number, _only_wake)

    def wait(self) -> str:
        """Wait for the first signal and return its name; an empty text after `wake`."""
        number = self._next((0, *_STOP_SIGNALS))
        requested = number in _STOP_SIGNALS
        threading.Thread(target=self._end, args=(requested,), name="signals", daemon=True).start()
        return signal.Signals(number).name if requested else ""

    def wake(self) -> None:
        """End `wait` without a signal; from any thread."""
        os.write(self._write_end, b"\0")

    def _next(self, wanted: Container[int]) -> int:
        """The next of these signals; 0 is `wake`."""
        while True:
            number = os.read(self._read_end, 1)[0]
            if number in wanted:
                return number

    def _end(self, requested: bool) -> None:
        """End the process at the second signal; the first may be yet to come. In a thread of its own, as the
        main thread waits for others to stop."""
        if not requested:
            self._next(_STOP_SIGNALS)
        os._exit(128 + self._next(_STOP_SIGNALS))


def _only_wake(_number: int, _frame: FrameType | None) -> None:
    """What is to be done is done by whoever reads the pipe."""


def exit_process() -> NoReturn:
    """End the process now. A normal exit would wait for threads whose calls hang."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)
