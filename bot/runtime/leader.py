"""Leader election: the replica that holds the store's lock `leader` watches, posts and follows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import structlog

from bot.runtime import metrics
from bot.runtime.health import Health
from bot.store import Lock, Store, StoreError

log = structlog.get_logger(__name__)

LOCK = "leader"
_TRY_EVERY_S = 1.0
_CHECK_EVERY_S = 0.5
_HEARTBEAT_WITHIN_S = 60.0

LeaderTask = Callable[[threading.Event], None]
"""Runs until the event is set."""
_TASK_HEARTBEAT_WITHIN_S = 120.0


def every(seconds: float, name: str, health: Health, work: Callable[[], None]) -> LeaderTask:
    """A task that calls `work`, waits `seconds`, and reports a heartbeat under `name` before each call."""

    def task(stop: threading.Event) -> None:
        while not stop.is_set():
            health.heartbeat(name, _TASK_HEARTBEAT_WITHIN_S)
            work()
            stop.wait(seconds)
        health.unregister(name)

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
            lock = self._try_lock()
            if lock is None:
                self._stop.wait(_TRY_EVERY_S)
                continue
            try:
                self._lead(lock)
            finally:
                self._release(lock)

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
        stop = threading.Event()
        threads = [
            threading.Thread(target=self._run_task, args=(name, task, stop), name=name, daemon=True)
            for name, task in self._tasks.items()
        ]
        for thread in threads:
            thread.start()
        while not self._stop.is_set() and not lock.is_lost:
            self._health.heartbeat("leader", _HEARTBEAT_WITHIN_S)
            self._stop.wait(_CHECK_EVERY_S)
        self.is_leader = False
        stop.set()
        self._interrupt()
        for thread in threads:
            thread.join(_HEARTBEAT_WITHIN_S)

    def _run_task(self, name: str, task: LeaderTask, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                task(stop)
            except StoreError as error:
                log.warning("task_waiting_for_store", task=name, error=str(error))
                stop.wait(_TRY_EVERY_S)
            except Exception:
                log.exception("leader_task_error", task=name)
                stop.wait(_TRY_EVERY_S)

    def _release(self, lock: Lock) -> None:
        metrics.set_leader(False)
        metrics.polling_stopped()
        try:
            lock.release()
        except StoreError as error:
            log.warning("leader_lock_not_released", error=str(error))
        log.info("leadership_released")
