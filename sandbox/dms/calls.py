"""The log of received calls, and the gate that all calls of both transports pass."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from sandbox.dms.clock import rfc3339
from sandbox.dms.conditions import Conditions, Silence
from sandbox.dms.errors import ApiError
from sandbox.dms.faults import Disconnected, Faults
from sandbox.dms.names import mentions
from sandbox.dms.paging import page_fault

T = TypeVar("T")


@dataclass
class Call:
    """One call as it was received. `outcome` is PENDING, OK or a status code name."""

    id: int
    transport: str
    method: str
    request: dict[str, Any]
    time: str
    outcome: str = "PENDING"
    applied: bool = False
    seconds: float = 0.0


class CallLog:
    """The newest calls, oldest first."""

    def __init__(self, most: int = 200_000) -> None:
        self._calls: deque[Call] = deque(maxlen=most)
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, transport: str, method: str, request: dict[str, Any]) -> Call:
        with self._lock:
            call = Call(next(self._ids), transport, method, request, rfc3339(time.time()))
            self._calls.append(call)
            return call

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()

    def as_json(self, methods: Collection[str] = (), about: str = "") -> list[dict[str, Any]]:
        """Those of these methods (none: of all) whose request has these words, as `mentions` has it."""
        with self._lock:
            kept = [c for c in self._calls if not methods or c.method in methods]
        return [asdict(c) for c in kept if mentions(c.request, about)]


class Door:
    """Logs each call, applies its project's condition and the faults to it, and records its outcome."""

    def __init__(self, log: CallLog, faults: Faults, conditions: Conditions) -> None:
        self.log = log
        self.faults = faults
        self.conditions = conditions

    def through(
        self,
        transport: str,
        method: str,
        request: dict[str, Any],
        run: Callable[[], T],
        alive: Callable[[], bool],
    ) -> T:
        """Run a call. Raises ApiError, or Disconnected if the connection is to be cut."""
        call = self.log.add(transport, method, request)
        began = time.monotonic()
        try:
            return self._run(call, run, alive)
        except ApiError as error:
            call.outcome = error.code
            raise
        except Disconnected:
            call.outcome = "DISCONNECT"
            raise
        except Exception:
            call.outcome = "INTERNAL"
            raise
        finally:
            call.seconds = round(time.monotonic() - began, 6)

    def _run(self, call: Call, run: Callable[[], T], alive: Callable[[], bool]) -> T:
        try:
            self.conditions.meet(call.method, call.request, alive)
        except Silence as silence:
            raise Disconnected("SILENT") from silence
        fault = self.faults.take(call.transport, call.method, call.request)
        if fault is not None and not fault.after_apply:
            fault.strike(alive)
        with page_fault(fault.kind if fault else ""):
            result = run()
        call.applied = True
        if fault is not None and fault.after_apply:
            fault.strike(alive)
        call.outcome = "OK"
        return result
