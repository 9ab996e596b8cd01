"""What ends by a common deadline, so that a stop never takes longer than it may."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import FrameType
from typing import Any, NoReturn, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Deadline:
    """A moment, `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds; 0 once it has passed."""
        return max(0.0, self._at - time.monotonic())


class Pool(ThreadPoolExecutor):
    """Threads for work that may hang: unlike its base, it can be waited for by a deadline."""

    def __init__(self, threads: int, name: str) -> None:
        super().__init__(threads, thread_name_prefix=name)
        self._open: set[Future[Any]] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future = super().submit(fn, *args, **kwargs)
        self._open.add(future)
        future.add_done_callback(self._open.discard)
        return future

    def drain(self, deadline: Deadline) -> int:
        """Take nothing new and wait; how much is not done. What has not begun by then never will."""
        self.shutdown(wait=False)
        left = wait(self._open.copy(), deadline.left()).not_done
        self.shutdown(wait=False, cancel_futures=True)
        return len(left)


def finishes_within(work: Callable[[], None], deadline: Deadline) -> bool:
    """Whether `work` ends by the deadline; else it goes on in a thread that keeps no process alive."""
    thread = threading.Thread(target=work, name="stop", daemon=True)
    thread.start()
    thread.join(deadline.left())
    return not thread.is_alive()


class Signals:
    """SIGTERM and SIGINT: the first asks for a stop, the second ends the process at once."""

    def __init__(self) -> None:
        # A pipe keeps what has come. A thread that is about to wait for a lock misses a signal that comes
        # just then, and would wait for ever. Source: https://docs.python.org/3/library/signal.html
        self._heard, written = os.pipe()
        os.set_blocking(written, False)
        signal.set_wakeup_fd(written, warn_on_full_buffer=False)
        self._told = False
        for number in _STOP_SIGNALS:
            signal.signal(number, self._on_signal)

    def wait(self) -> str:
        """The name of the first one."""
        while True:
            number = os.read(self._heard, 1)[0]
            if number in _STOP_SIGNALS:
                return signal.Signals(number).name

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._told:
            os._exit(128 + number)
        self._told = True


def exit_process() -> NoReturn:
    """End the process now. By itself, it would wait for every thread that a call still holds."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)
