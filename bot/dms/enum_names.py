"""Names of enum numbers, including those that are newer than the generated client."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from google.cloud.clouddms_v1.types import clouddms_resources as resources

_ASK_AGAIN_S = 60.0
"""Seconds before the name of an unknown number is asked for again."""

_ENUMS: Mapping[str, Any] = {
    "state": resources.MigrationJob.State,
    "phase": resources.MigrationJob.Phase,
    "type": resources.MigrationJob.Type,
    "dump_parallel_level": resources.MigrationJob.PerformanceConfig.DumpParallelLevel,
    "engine": resources.DatabaseEngine,
    "provider": resources.DatabaseProvider,
}

_FIELDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("state", ("state",)),
    ("phase", ("phase",)),
    ("type", ("type",)),
    ("dump_parallel_level", ("performanceConfig", "dumpParallelLevel")),
    ("engine", ("sourceDatabase", "engine")),
    ("provider", ("sourceDatabase", "provider")),
    ("engine", ("destinationDatabase", "engine")),
    ("provider", ("destinationDatabase", "provider")),
)
"""The enum fields of a `MigrationJob`: kind and JSON path, in the order of `_numbers`."""

Names = Mapping[str, Mapping[int, str]]
"""By kind of enum, the name of each number."""


class _Names(dict[int, str]):
    """Names an unknown number by its kind, for example `PHASE_7`."""

    def __init__(self, kind: str, known: Mapping[int, str]) -> None:
        super().__init__(known)
        self._kind = kind

    def __missing__(self, number: int) -> str:
        return f"{self._kind.upper()}_{number}"


class EnumNames:
    """Names of numbers by kind of enum. Thread-safe; a learned name is kept.

    It starts with the enums of `google.cloud.clouddms.v1`.
    """

    def __init__(self) -> None:
        self.names: dict[str, dict[int, str]] = {
            kind: _Names(kind, {int(member): str(member.name) for member in enum})
            for kind, enum in _ENUMS.items()
        }
        self._known: set[tuple[int, ...]] = set()
        """Numbers of jobs that all have names: of thousands of jobs, few differ in them."""
        self._asked: dict[tuple[str, int], float] = {}
        self._asking = threading.Lock()
        """Held during the call to the service; other threads with the same number wait for its name."""

    def unknown(self, job: Any) -> list[tuple[str, int]]:
        """The kinds and numbers of a `MigrationJob` message that have no name yet."""
        numbers = _numbers(job)
        if numbers in self._known:
            return []
        found = zip(_FIELDS, numbers, strict=True)
        unknown = [(kind, number) for (kind, _), number in found if number not in self.names[kind]]
        if not unknown:
            self._known.add(numbers)
        return unknown

    def learn(self, job: Any, describe: Callable[[], Mapping[str, Any]]) -> None:
        """Learn the names of a job's unknown numbers from its JSON, which `describe` fetches.

        A name that another number already has is not taken: the job has changed since the message was read.
        """
        with self._asking:
            unknown = [each for each in self.unknown(job) if self._may_retry(each)]
            if not unknown:
                return
            described = describe()
            for (kind, path), number in zip(_FIELDS, _numbers(job), strict=True):
                if (kind, number) in unknown:
                    self._add(kind, number, _in_json(described, path))

    def _may_retry(self, key: tuple[str, int]) -> bool:
        now = time.monotonic()
        if now - self._asked.get(key, -_ASK_AGAIN_S) < _ASK_AGAIN_S:
            return False
        self._asked[key] = now
        return True

    def _add(self, kind: str, number: int, name: Any) -> None:
        names = self.names[kind]
        if isinstance(name, str) and name and name not in names.values():
            names[number] = name


def _numbers(job: Any) -> tuple[int, ...]:
    """The enum numbers of a `MigrationJob` message."""
    source, destination = job.source_database, job.destination_database
    return (
        job.state,
        job.phase,
        job.type_,
        job.performance_config.dump_parallel_level,
        source.engine,
        source.provider,
        destination.engine,
        destination.provider,
    )


def _in_json(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
