"""Faults: calls fail, hang, are slow or lose their answer, and lists go wrong.

What lists may do is in AIP-158 (pagination): a page may hold less than was asked for, page tokens may expire,
and a token that is not taken is an INVALID_ARGUMENT. ENDLESS and REPEATED are what no service should do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.dms.errors import CODES, ApiError
from sandbox.dms.names import mentions
from sandbox.dms.paging import EXPIRED, PAGE_FAULTS

KINDS = (*CODES, "HANG", "SLOW", "DISCONNECT", *PAGE_FAULTS)
_ALIASES = {"PatchMigrationJob": "UpdateMigrationJob", "ListObjects": "ListMigrationJobObjects"}
_MESSAGES = {
    "UNAVAILABLE": "The service is currently unavailable.",
    "DEADLINE_EXCEEDED": "Deadline expired before operation could complete.",
    "RESOURCE_EXHAUSTED": (
        "Quota exceeded for quota metric 'API requests' and limit 'API requests per minute' of service "
        "'datamigration.googleapis.com'."
    ),
    "PERMISSION_DENIED": "The caller does not have permission.",
    "INTERNAL": "Internal error encountered.",
    "FAILED_PRECONDITION": "The migration job is not in a state that allows this action.",
}
_LONGEST_HANG = 600.0


class Disconnected(Exception):
    """The connection is to be cut without an answer."""


@dataclass
class Fault:
    """One fault. `times` None means until it is cleared; `match` must occur in the request, and `transport`,
    if any, is the one that it came over."""

    method: str
    kind: str
    times: int | None = 1
    delay_seconds: float = 0.0
    after_apply: bool = False
    message: str = ""
    match: str = ""
    transport: str = ""
    released: threading.Event = field(default_factory=threading.Event, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.kind == "OK":
            raise ValueError(f"unknown kind of fault {self.kind!r}; known: {', '.join(KINDS[1:])}")
        self.method = _ALIASES.get(self.method, self.method)

    def suits(self, transport: str, method: str, request: dict[str, Any]) -> bool:
        if self.kind == EXPIRED and not request.get("page_token"):
            return False
        over = not self.transport or self.transport.lower() == transport.lower()
        return over and self.method in ("*", method) and mentions(request, self.match)

    def strike(self, alive: Callable[[], bool]) -> None:
        """Wait, then fail; SLOW and faults of pages only wait. Raises ApiError or Disconnected."""
        self._sleep(_LONGEST_HANG if self.kind == "HANG" else self.delay_seconds, alive)
        if self.kind == "SLOW" or self.kind in PAGE_FAULTS:
            return
        if self.kind in ("HANG", "DISCONNECT"):
            raise Disconnected(self.kind)
        raise ApiError(self.kind, self.message or _MESSAGES.get(self.kind, f"{self.kind} (injected)"))

    def _sleep(self, seconds: float, alive: Callable[[], bool]) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and alive():
            if self.released.wait(min(left, 0.05)):
                return


class Faults:
    """All active faults, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._struck: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults, and end calls that hang."""
        with self._lock:
            for fault in (*self._faults, *self._struck):
                fault.released.set()
            self._faults.clear()
            self._struck.clear()

    def take(self, transport: str, method: str, request: dict[str, Any]) -> Fault | None:
        """The first fault that fits the call; it is removed after `times` calls."""
        if not self._faults:
            return None
        with self._lock:
            fault = next((f for f in self._faults if f.suits(transport, method, request)), None)
            if fault is None:
                return None
            if fault not in self._struck:
                self._struck.append(fault)
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
            return fault
