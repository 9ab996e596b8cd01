"""Names for enum numbers, also for those that the generated client has never heard of."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
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
"""Where the JSON of a `MigrationJob` has an enum, and of which kind; in the order of `_enum_names`."""


Names = Mapping[str, Mapping[int, str]]
"""Per kind of enum, the name of each number."""


class _Names(dict[int, str]):
    """A number without a name shows in its place: `PHASE_7`."""

    def __init__(self, kind: str, known: Mapping[int, str]) -> None:
        super().__init__(known)
        self._kind = kind

    def __missing__(self, number: int) -> str:
        return f"{self._kind.upper()}_{number}"


class EnumNames:
    """Number to name, per kind of enum. Shared by threads; a name once learned stays.

    Source of the names at start: the enums of `google.cloud.clouddms.v1`.
    """

    def __init__(self) -> None:
        self.names: dict[str, dict[int, str]] = {
            kind: _Names(kind, {int(member): str(member.name) for member in enum})
            for kind, enum in _ENUMS.items()
        }
        self._asked: dict[tuple[str, int], float] = {}
        self._asking = threading.Lock()
        """Held while the service is asked: whoever meets the same number waits for its name."""

    def unknown(self, job: Any) -> list[tuple[str, int]]:
        """The kinds and numbers of a `MigrationJob` message that have no name yet."""
        found = zip(_FIELDS, _numbers(job), strict=True)
        return [(kind, number) for (kind, _), number in found if number not in self.names[kind]]

    def learn(self, job: Any, describe: Callable[[], Mapping[str, Any]]) -> None:
        """Learn the names of a job's unknown numbers from its JSON, which `describe` asks for.

        A name that another number bears is not taken: the job has moved on meanwhile.
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
        if now - self._asked.get(key, -_FORGET_S) < _FORGET_S:
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
