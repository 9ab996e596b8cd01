"""Shows other replicas that this one is alive, so that they leave its calls alone."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from bot.requests.runner import replica_lock
from bot.runtime import metrics
from bot.store import Lock, Store, StoreError

log = structlog.get_logger(__name__)

_EVERY_S = 1.0


class Presence:
    """Holds this replica's lock, from `start` to `stop`."""

    def __init__(self, store: Store, replica: str, recover_own_calls: Callable[[], None]) -> None:
        self._store = store
        self._replica = replica
        self._recover_own_calls = recover_own_calls
        self._lock: Lock | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="presence", daemon=True)

    def start(self) -> None:
        """Take the lock, and start a thread that keeps it.

        Raises:
            StoreError.
        """
        self._acquire()
        self._thread.start()

    def stop(self) -> None:
        """Release the lock: other replicas recover what this one has left."""
        self._stopping.set()
        self._thread.join()
        if self._lock is not None:
            self._lock.release()

    def _keep(self) -> None:
        """Re-acquire the lock if its connection was lost, then recover our own interrupted calls."""
        while not self._stopping.wait(_EVERY_S):
            try:
                self._acquire()
                self._recover_own_calls()
            except StoreError as error:
                log.warning("presence_lock_failed", error=str(error))
            except Exception:  # Without its lock, others would take this replica for dead.
                metrics.count_error()
                log.exception("presence_error")

    def _acquire(self) -> None:
        if self._lock is None or self._lock.is_lost:
            self._lock = self._store.try_lock(replica_lock(self._replica))
