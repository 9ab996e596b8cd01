"""Says "Looking…" where an answer takes longer than a second, and has the answer take its place.

An answer that comes in time costs one entry in a queue. To a slash command, it says that the answer comes
below: a response URL replaces only the message whose button was pressed, and what it has posted itself stays.
An ephemeral message of `chat.postEphemeral` can be neither changed nor deleted.

Sources: https://docs.slack.dev/messaging/modifying-messages, and issue 1268 of slackapi/bolt-python, where an
answer to a command was posted anew with `replace_original`, and the maintainers say that it always is.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace

import structlog

from bot.slack.api.replies import Replier, ReplyTarget

log = structlog.get_logger(__name__)


class DelayedCalls:
    """Makes each call `after_s` seconds after it was added, in order, on a thread of its own."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._queue: deque[tuple[float, Callable[[], None]]] = deque()
        self._filled = threading.Event()
        self._lock = threading.Lock()
        self._runs = False

    def add(self, call: Callable[[], None]) -> None:
        """Make this call then. It must not block."""
        self._queue.append((time.monotonic() + self._after_s, call))
        if not self._filled.is_set():
            self._start()
            self._filled.set()

    def _start(self) -> None:
        with self._lock:
            if not self._runs:
                threading.Thread(target=self._run, name="looking", daemon=True).start()
                self._runs = True

    def _run(self) -> None:
        while True:
            self._filled.wait()
            while self._queue:
                at, call = self._queue[0]
                time.sleep(max(0.0, at - time.monotonic()))
                self._queue.popleft()
                self._make(call)
            self._filled.clear()
            if self._queue:  # filled while it was being cleared
                self._filled.set()

    @staticmethod
    def _make(call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            log.warning("looking_not_shown", error=str(error))


class Pending:
    """An answer that somebody waits for."""

    def __init__(self, target: ReplyTarget, replier: Replier, pool: Executor) -> None:
        self._target = target
        self._replier = replier
        self._pool = pool
        self._lock = threading.Lock()
        self._over = False
        self._shown = ""

    def late(self) -> None:
        """A second has passed."""
        if not self._over:
            self._pool.submit(self._show)

    def over(self) -> ReplyTarget:
        """The answer is there. Returns where it goes, in place of what was shown meanwhile."""
        with self._lock:  # waits while it is being shown
            self._over = True
        return replace(self._target, looking=self._shown)

    def _show(self) -> None:
        with self._lock:
            if not self._over:
                self._shown = self._replier.show_looking(self._target)


class Looking:
    """Makes `Pending` answers. `after_s` is when they are late, in seconds."""

    def __init__(self, replier: Replier, pool: Executor, after_s: float) -> None:
        self._replier = replier
        self._pool = pool
        self._late_calls = DelayedCalls(after_s)

    def begin(self, target: ReplyTarget) -> Pending:
        """Somebody waits for an answer from now on."""
        pending = Pending(target, self._replier, self._pool)
        self._late_calls.add(pending.late)
        return pending
