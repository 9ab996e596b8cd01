"""Leader election: the replica that holds the store's lock `leader` watches, posts and follows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial

import structlog

from bot.runtime import metrics
from bot.runtime.health import Health
from bot.runtime.one_by_one import concerns_all
from bot.store import Lock, Store, StoreError

log = structlog.get_logger(__name__)

LOCK = "leader"
_TRY_EVERY_S = 1.0
_CHECK_EVERY_S = 0.5
_HEARTBEAT_WITHIN_S = 60.0
_TASK_HEARTBEAT_WITHIN_S = 300.0
"""One message may take the notifier minutes, when it looks for it in a channel of a Slack that is slow."""

LeaderTask = Callable[[threading.Event], None]
"""Runs until the event is set; it looks at that in every round, which is its heartbeat."""


class _Stop(threading.Event):
    """Tells a task to end. `asked` is called whenever the task looks."""

    def __init__(self, asked: Callable[[], None]) -> None:
        super().__init__()
        self._asked = asked

    def is_set(self) -> bool:
        self._asked()
        return super().is_set()


def every(seconds: float, work: Callable[[], None]) -> LeaderTask:
    """A task that calls `work` and waits `seconds`, again and again."""

    def task(stop: threading.Event) -> None:
        while not stop.is_set():
            work()
            stop.wait(seconds)

    return task


class Leader:
    """Takes the lock when it is free and runs the tasks while it holds it.

    A task that returns or raises is started again. `interrupt` wakes tasks that wait for something else than
    their stop event.
    """

    def __init__(
        self, store: Store, tasks: Mapping[str, LeaderTask], health: Health, interrupt: Callable[[], None]
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._health = health
        self._interrupt = interrupt
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leader", daemon=True)
        self.is_leader = False

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float) -> bool:
        """Stop the tasks and release the lock, so that another replica can lead at once.

        Returns False if a task does not end within `within_s` seconds.
        """
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._health.heartbeat("leader", _HEARTBEAT_WITHIN_S)
            try:
                has_led = self._lead_if_free()
            except Exception:  # The thread would end, and this replica would never lead again.
                metrics.count_error()
                log.exception("leader_error")
                has_led = False
            if not has_led:
                self._stop.wait(_TRY_EVERY_S)

    def _lead_if_free(self) -> bool:
        lock = self._try_lock()
        if lock is None:
            return False
        try:
            self._lead(lock)
        finally:
            self._release(lock)
        return True

    def _try_lock(self) -> Lock | None:
        try:
            return self._store.try_lock(LOCK)
        except StoreError as error:
            log.warning("leader_lock_failed", error=str(error))
            return None

    def _lead(self, lock: Lock) -> None:
        log.info("leadership_acquired")
        self.is_leader = True
        metrics.set_leader(True)
        stops = {name: _Stop(partial(self._beat, name)) for name in self._tasks}
        threads = [
            threading.Thread(target=self._run_task, args=(name, task, stops[name]), name=name, daemon=True)
            for name, task in self._tasks.items()
        ]
        begun: list[threading.Thread] = []
        try:
            for thread in threads:
                thread.start()
                begun.append(thread)
            while not self._stop.is_set() and not lock.is_lost:
                self._health.heartbeat("leader", _HEARTBEAT_WITHIN_S)
                self._stop.wait(_CHECK_EVERY_S)
        finally:
            self.is_leader = False
            for stop in stops.values():
                stop.set()
            self._interrupt()
            for thread in begun:
                thread.join(_HEARTBEAT_WITHIN_S)

    def _beat(self, task: str) -> None:
        self._health.heartbeat(task, _TASK_HEARTBEAT_WITHIN_S)

    def _run_task(self, name: str, task: LeaderTask, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                task(stop)
            except Exception as error:
                if concerns_all(error):
                    log.warning("task_waiting_for_store", task=name, error=str(error))
                else:
                    metrics.count_error()
                    log.exception("leader_task_error", task=name)
                stop.wait(_TRY_EVERY_S)
        # In any case: a replica that no longer leads must not count as one that hangs.
        self._health.unregister(name)

    def _release(self, lock: Lock) -> None:
        metrics.set_leader(False)
        metrics.polling_stopped()
        try:
            lock.release()
        except StoreError as error:
            log.warning("leader_lock_not_released", error=str(error))
        log.info("leadership_released")
