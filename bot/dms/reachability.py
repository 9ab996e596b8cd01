"""What is known of which parts of the service answer, from every read of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.config.projects import Place
from bot.dms.errors import DmsError, NotFound
from bot.dms.missing import MissingLocation, Why, missing_location

JOBS = "jobs"
"""Lists of the jobs of a place."""
JOB = "job"
"""Reads of single jobs of a place."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One kind of read in one place: what may be silent while everything else answers."""

    what: str
    project: str
    """The project's ID: each has credentials, permissions and quotas of its own."""
    location: str = ""
    """Empty if the service is the same for all locations."""
    service: str = "DMS"

    @classmethod
    def of(cls, what: str, place: Place) -> Gate:
        """The gate of a kind of read in this place."""
        return cls(what, place.project, place.location)


class Reachability:
    """Remembers of each gate how the last read ended. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._missing: dict[Gate, MissingLocation] = {}

    @contextmanager
    def noting(self, gate: Gate) -> Iterator[None]:
        """Note how the read ends that is made meanwhile."""
        try:
            yield
        except NotFound:
            self.note(gate, None)
            raise
        except DmsError as error:
            self.note(gate, error)
            raise
        self.note(gate, None)

    def note(self, gate: Gate, error: DmsError | None) -> None:
        """A read ended: with an error, or with an answer."""
        with self._lock:
            if error is None:
                self._missing.pop(gate, None)
            else:
                self._missing[gate] = missing_location(Place(gate.project, gate.location), error)

    def is_silent(self, gate: Gate) -> bool:
        """Whether the last read had no answer."""
        missing = self._missing.get(gate)
        return missing is not None and missing.why is Why.SILENT

    def reason(self, gate: Gate) -> str:
        """What the service said when the last read failed; empty if it said nothing."""
        missing = self._missing.get(gate)
        return missing.reason if missing is not None else ""

    def missing(self, what: str = JOBS) -> tuple[MissingLocation, ...]:
        """The places whose last read of this kind failed."""
        with self._lock:
            return tuple(each for gate, each in self._missing.items() if gate.what == what)
