"""Which replica watches, posts and follows: the one that holds the store's lock `leader`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import structlog

from bot.runtime import metrics
from bot.runtime.health import Health
from bot.store import Hold, Store, StoreError

log = structlog.get_logger(__name__)

LOCK = "leader"
_TRY_EVERY_S = 1.0
_LOOK_EVERY_S = 0.5
_BEAT_WITHIN_S = 60.0

Duty = Callable[[threading.Event], None]
"""Works until the event is set."""


class Leader:
    """Takes the lock when it is free, does its duties while it holds it, and lets others when it is lost.

    A duty that ends by itself or breaks is begun again.
    """

    def __init__(
        self, store: Store, duties: Mapping[str, Duty], health: Health, interrupt: Callable[[], None]
    ) -> None:
        self._store = store
        self._duties = duties
        self._health = health
        self._interrupt = interrupt
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leader", daemon=True)
        self.leads = False

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float) -> bool:
        """End the duties and give the lock back, so that another replica takes over at once.

        False where a duty does not end within `within_s` seconds.
        """
        self._stop.set()
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._health.beat("leader", _BEAT_WITHIN_S)
            hold = self._take()
            if hold is None:
                self._stop.wait(_TRY_EVERY_S)
                continue
            try:
                self._lead(hold)
            finally:
                self._let_go(hold)

    def _take(self) -> Hold | None:
        try:
            return self._store.hold(LOCK)
        except StoreError as error:
            log.warning("leader_lock_not_tried", error=str(error))
            return None

    def _lead(self, hold: Hold) -> None:
        log.info("leading")
        self.leads = True
        metrics.leading(True)
        enough = threading.Event()
        threads = [
            threading.Thread(target=self._do, args=(name, duty, enough), name=name, daemon=True)
            for name, duty in self._duties.items()
        ]
        for thread in threads:
            thread.start()
        while not self._stop.is_set() and not hold.lost:
            self._health.beat("leader", _BEAT_WITHIN_S)
            self._stop.wait(_LOOK_EVERY_S)
        self.leads = False
        enough.set()
        self._interrupt()
        for thread in threads:
            thread.join(_BEAT_WITHIN_S)

    def _do(self, name: str, duty: Duty, enough: threading.Event) -> None:
        while not enough.is_set():
            try:
                duty(enough)
            except StoreError as error:
                log.warning("duty_waits_for_store", duty=name, error=str(error))
                enough.wait(_TRY_EVERY_S)
            except Exception:
                log.exception("duty_broke", duty=name)
                enough.wait(_TRY_EVERY_S)

    def _let_go(self, hold: Hold) -> None:
        metrics.leading(False)
        metrics.stopped_watching()
        try:
            hold.release()
        except StoreError as error:
            log.warning("leader_lock_not_released", error=str(error))
        log.info("no_longer_leading")
