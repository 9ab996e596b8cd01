"""Locks that last as long as their process, as locked files in a folder beside the database.

The kernel lets go of a `flock` when its process dies, however it dies. The lock belongs to the open
file, so two stores in one process exclude each other as well.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import threading
import time
from pathlib import Path
from urllib.parse import quote

from bot.store.port import StoreError

_TRIES = 5
_PAUSE_S = 0.01
_LONGEST_NAME = 120


class FileHold:
    """A locked file; the lock is lost when somebody takes the file away."""

    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file = file
        self._guard = threading.Lock()
        self._released = False

    @property
    def lost(self) -> bool:
        with self._guard:
            return self._released or not _same_file(self._file, self._path)

    def release(self) -> None:
        with self._guard:
            if self._released:
                return
            self._released = True
            _remove(self._file, self._path)


class FileLocks:
    """The named locks beside one database."""

    def __init__(self, database: Path) -> None:
        self._folder = database.with_name(database.name + ".locks")

    def take(self, name: str) -> FileHold | None:
        """The lock, or None when it is taken.

        Raises:
            StoreError: the folder cannot be written.
        """
        path = self._path(name)
        try:
            self._folder.mkdir(exist_ok=True)
            # Somebody who only looks whether the lock is free has it for an instant.
            for _ in range(_TRIES):
                file = _try(path, os.O_RDWR | os.O_CREAT)
                if file is not None:
                    return FileHold(path, file)
                time.sleep(_PAUSE_S)
        except OSError as error:
            raise StoreError(f"The lock {path} cannot be taken: {error.strerror}.") from error
        return None

    def is_taken(self, name: str) -> bool:
        """Whether someone has the lock; a file that a dead process left is cleared away."""
        path = self._path(name)
        try:
            file = _try(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreError(f"The lock {path} cannot be looked at: {error.strerror}.") from error
        if file is None:
            return True
        _remove(file, path)
        return False

    def clear_away(self) -> None:
        """Remove the files that dead processes left."""
        for path in self._folder.glob("*.lock"):
            with contextlib.suppress(OSError):
                file = _try(path, os.O_RDWR)
                if file is not None:
                    _remove(file, path)

    def _path(self, name: str) -> Path:
        plain = quote(name, safe="")
        if len(plain) > _LONGEST_NAME:
            plain = hashlib.sha256(name.encode()).hexdigest()
        return self._folder / f"{plain}.lock"


def _try(path: Path, flags: int) -> int | None:
    """The open and locked file, or None when another has it locked."""
    while True:
        file = os.open(path, flags | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        except BaseException:
            os.close(file)
            raise
        if _same_file(file, path):
            return file
        # Its last holder removed it between our opening and locking it.
        os.close(file)


def _same_file(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False


def _remove(file: int, path: Path) -> None:
    """Remove the file while it is still locked, so that nobody else's is removed; then let go."""
    if _same_file(file, path):
        with contextlib.suppress(OSError):
            path.unlink()
    os.close(file)
