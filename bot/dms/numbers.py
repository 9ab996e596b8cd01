"""Names for enum numbers, also for those that the generated client has never heard of."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from google.cloud.clouddms_v1.types import clouddms_resources as resources

_FORGET_S = 60.0
"""Seconds before a number whose name could not be learned is asked about again."""

_ENUMS: Mapping[str, Any] = {
    "state": resources.MigrationJob.State,
    "phase": resources.MigrationJob.Phase,
    "type": resources.MigrationJob.Type,
    "dump_parallel_level": resources.MigrationJob.PerformanceConfig.DumpParallelLevel,
    "engine": resources.DatabaseEngine,
    "provider": resources.DatabaseProvider,
}

FIELDS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("state", ("state",), ("state",)),
    ("phase", ("phase",), ("phase",)),
    ("type", ("type_",), ("type",)),
    (
        "dump_parallel_level",
        ("performance_config", "dump_parallel_level"),
        ("performanceConfig", "dumpParallelLevel"),
    ),
    ("engine", ("source_database", "engine"), ("sourceDatabase", "engine")),
    ("provider", ("source_database", "provider"), ("sourceDatabase", "provider")),
    ("engine", ("destination_database", "engine"), ("destinationDatabase", "engine")),
    ("provider", ("destination_database", "provider"), ("destinationDatabase", "provider")),
)
"""Where a `MigrationJob` has an enum: kind, path in the proto message, path in the JSON."""


Names = Mapping[str, Mapping[int, str]]
"""Per kind of enum, the name of each number."""


class _Shown(dict[int, str]):
    def __init__(self, kind: str, known: Mapping[int, str]) -> None:
        super().__init__(known)
        self._kind = kind

    def __missing__(self, number: int) -> str:
        return f"{self._kind.upper()}_{number}"


class Numbers:
    """Number to name, per kind of enum. Shared by threads; a name once learned stays.

    Source of the names at start: the enums of `google.cloud.clouddms.v1`.
    """

    def __init__(self) -> None:
        self.names: dict[str, dict[int, str]] = {
            kind: {int(member): str(member.name) for member in enum} for kind, enum in _ENUMS.items()
        }
        self._asked: dict[tuple[str, int], float] = {}
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        """Held while the service is asked: whoever meets the same number waits for its name."""

    def shown(self) -> Names:
        """All names as of now, and for a number without one the number in its place (`PHASE_7`)."""
        return {kind: _Shown(kind, known) for kind, known in self.names.items()}

    def unknown(self, job: Any) -> list[tuple[str, int]]:
        """The kinds and numbers of a `MigrationJob` message that have no name yet."""
        found = ((kind, _at(job, path)) for kind, path, _json in FIELDS)
        return [(kind, number) for kind, number in found if number not in self.names[kind]]

    def learn(
        self,
        job: Any,
        over_rest: Callable[[str], Mapping[str, Any]],
        over_grpc: Callable[[str], Any],
    ) -> bool:
        """Learn the names of a job's unknown numbers from its JSON; true when any was learned.

        The job may change between the two looks, so a name counts only where a second look over
        gRPC still finds the same number, and where no other number bears that name.
        """
        with self._asking:
            wanted = [each for each in self.unknown(job) if self._may_ask(each)]
            return bool(wanted) and self._learn(job, wanted, over_rest, over_grpc)

    def _learn(
        self,
        job: Any,
        wanted: Sequence[tuple[str, int]],
        over_rest: Callable[[str], Mapping[str, Any]],
        over_grpc: Callable[[str], Any],
    ) -> bool:
        described = over_rest(job.name)
        again = over_grpc(job.name)
        learned = False
        for kind, path, json_path in FIELDS:
            number = _at(job, path)
            if (kind, number) in wanted and _at(again, path) == number:
                learned |= self._take(kind, number, _in_json(described, json_path))
        return learned

    def _may_ask(self, key: tuple[str, int]) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._asked.get(key, -_FORGET_S) < _FORGET_S:
                return False
            self._asked[key] = now
            return True

    def _take(self, kind: str, number: int, name: Any) -> bool:
        with self._lock:
            if not isinstance(name, str) or not name or name in self.names[kind].values():
                return False
            self.names[kind][number] = name
            return True


def _at(message: Any, path: tuple[str, ...]) -> int:
    for part in path:
        message = getattr(message, part)
    return int(message)


def _in_json(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
