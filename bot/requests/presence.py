"""Shows other replicas that this one is alive, so that they leave its calls alone, and of which app it is."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from bot.requests.runner import replica_lock
from bot.runtime import metrics
from bot.store import Lock, Store, StoreError

log = structlog.get_logger(__name__)

_EVERY_S = 1.0
_APP = "app:"
"""Before a replica's ID: the key of the value that says which app it is."""


class Presence:
    """Holds this replica's lock, from `start` to `stop`."""

    def __init__(self, store: Store, replica: str, app: str, recover_own_calls: Callable[[], None]) -> None:
        """`app` is the Slack app: the ID of its workspace or organisation, and that of its bot user."""
        self._store = store
        self._replica = replica
        self._app = app
        self._recover_own_calls = recover_own_calls
        self._lock: Lock | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="presence", daemon=True)

    def start(self) -> None:
        """Take the lock, and start a thread that keeps it.

        Raises:
            StoreError: also where a bot of another Slack app is running on this database.
        """
        self._acquire()
        # Said before the others are looked at: of two apps that start at once, one sees the other.
        self._store.put_value(_APP + self._replica, self._app)
        if other := self._other_app():
            self._store.drop_value(_APP + self._replica)
            self._release()
            raise StoreError(_shared_with(other))
        self._thread.start()

    def stop(self) -> None:
        """Release the lock: other replicas recover what this one has left. The next one to start forgets its
        app, as the store is closed by now."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._release()

    def _other_app(self) -> str:
        """Another app of which a replica is alive, if there is one. Replicas that are not are forgotten."""
        for replica, app in self._store.values(_APP).items():
            if replica == self._replica:
                continue
            if not self._store.is_locked(replica_lock(replica)):
                self._store.drop_value(_APP + replica)
            elif app != self._app:
                return app
        return ""

    def _release(self) -> None:
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


def _shared_with(app: str) -> str:
    team, _, user = app.partition("/")
    return (
        f"A bot of another Slack app is running on this database: its bot user is {user or 'unknown'}, in "
        f"{team}. Two bots must never share one, so give this one a database of its own in DMS_BOT_DB, or "
        "stop the other."
    )
