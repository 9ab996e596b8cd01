"""The errors of the store, and the interface of its locks."""

from __future__ import annotations

from typing import Protocol

from bot.store.records import Run


class StoreError(Exception):
    """The store cannot answer (disk full, locked, corrupt, unreachable). Nothing was written."""


class OldTables(StoreError):
    """The tables are those of an older version, and the caller wants them to stay so."""


class UnreadableRow(StoreError):
    """One row cannot be understood, as after somebody changed it, or a newer version wrote it."""

    def __init__(self, message: str, key: str) -> None:
        super().__init__(message)
        self.key = key
        """What names it: its first column, or a job's full resource name."""


class JobLocked(Exception):
    """Another run is active on the job."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"{run.action} is under way on {run.job}")
        self.run = run


class Lock(Protocol):
    """A lock that is released when its process dies."""

    @property
    def is_lost(self) -> bool:
        """Whether it was lost, for example because the connection to the database broke."""
        ...

    def release(self) -> None: ...
