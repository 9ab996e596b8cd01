"""Locks that last as long as their process: locked files in a folder beside the database.

The kernel releases a `flock` when its process dies, however it dies. The lock belongs to the open file, so
two stores in one process exclude each other as well. The folder itself is locked too: shared by everybody
who has the database open, exclusively by a restore.
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

_BOT = "bot"
"""The lock of the one bot that uses the database."""
_TRIES = 5
_PAUSE_S = 0.01
_MAX_NAME = 120


class FileLock:
    """A locked file. The lock is lost when somebody removes the file."""

    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file = file
        self._guard = threading.Lock()
        self._released = False

    @property
    def is_lost(self) -> bool:
        with self._guard:
            return self._released or not _same_file(self._file, self._path)

    def release(self) -> None:
        with self._guard:
            if self._released:
                return
            self._released = True
            _remove(self._file, self._path)


class FolderLock:
    """The lock on the folder; none where the folder cannot be opened."""

    def __init__(self, folder: int | None) -> None:
        self._folder = folder

    def release(self) -> None:
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None


class FileLocks:
    """The locks of one database. Paths that are links to the same file share them."""

    def __init__(self, database: Path) -> None:
        self._database = Path(os.path.realpath(database))
        self._folder = self._database.with_name(self._database.name + ".locks")

    def share(self, *, create: bool = True) -> FolderLock:
        """Lock for everybody who opens the database, so that nobody replaces its file meanwhile.

        Without `create`, nothing is locked where nobody has locked anything yet.

        Raises:
            StoreError: somebody is replacing it.
        """
        try:
            folder = self._open_folder(create)
        except OSError:
            # No write permission here: opening the database fails next, with a better message.
            return FolderLock(None)
        if not _lock(folder, fcntl.LOCK_SH):
            os.close(folder)
            raise StoreError(f"The database {self._database} is being restored: try again afterwards.")
        return FolderLock(folder)

    def exclusive(self) -> FolderLock:
        """Lock for a restore: nobody else has the database open.

        Raises:
            StoreError: somebody has, or the folder cannot be created or opened.
        """
        try:
            folder = self._open_folder()
        except OSError as error:
            raise StoreError(f"The folder {self._folder} cannot be locked: {error.strerror}.") from error
        if not _lock(folder, fcntl.LOCK_EX):
            os.close(folder)
            raise StoreError(
                f"The database {self._database} is in use by another dms-bot command: let that end first."
            )
        return FolderLock(folder)

    def claim(self) -> FileLock:
        """The lock of the one bot that uses the database.

        Raises:
            StoreError: another bot has it, or the folder cannot be written.
        """
        held = self.acquire(_BOT)
        if held is None:
            raise StoreError(
                f"The database {self._database} is in use by a bot: stop that first (a SQLite file is for "
                "one bot; several share a PostgreSQL database)."
            )
        return held

    def is_claimed(self) -> bool:
        """Whether a bot is using the database. Raises: StoreError."""
        return self.is_locked(_BOT)

    def acquire(self, name: str) -> FileLock | None:
        """The lock, or None when it is taken.

        Raises:
            StoreError: the folder cannot be written.
        """
        path = self._path(name)
        try:
            self._make_folder()
            # `is_locked` of another process holds the lock for an instant.
            for _ in range(_TRIES):
                file = _try(path, os.O_RDWR | os.O_CREAT)
                if file is not None:
                    make_private(file, 0o600, self._database)
                    return FileLock(path, file)
                time.sleep(_PAUSE_S)
        except OSError as error:
            raise StoreError(f"The lock {path} cannot be taken: {error.strerror}.") from error
        return None

    def is_locked(self, name: str) -> bool:
        """Whether someone has the lock. Removes a file that a dead process left."""
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

    def remove_stale(self) -> None:
        """Remove the files that dead processes left."""
        for path in self._folder.glob("*.lock"):
            with contextlib.suppress(OSError):
                file = _try(path, os.O_RDWR)
                if file is not None:
                    _remove(file, path)

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        make_private(self._folder, 0o700, self._database)

    def _open_folder(self, create: bool = True) -> int:
        if create:
            self._make_folder()
        return os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def _path(self, name: str) -> Path:
        plain = quote(name, safe="")
        if len(plain) > _MAX_NAME:
            plain = hashlib.sha256(name.encode()).hexdigest()
        return self._folder / f"{plain}.lock"


def make_private(what: Path | int, mode: int, database: Path) -> None:
    """Let only the owner use a file (a path or a descriptor), whatever the umask was at its creation.

    Files that root creates are given to the owner of the database, as whom the bot runs. Files of others
    stay as they are.
    """
    with contextlib.suppress(OSError):
        os.chmod(what, mode)
    if os.geteuid() != 0:
        return
    with contextlib.suppress(OSError):
        owner = (database if database.exists() else database.parent).stat()
        os.chown(what, owner.st_uid, owner.st_gid)


def _lock(file: int, kind: int) -> bool:
    for _ in range(_TRIES):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return True
        time.sleep(_PAUSE_S)
    return False


def _try(path: Path, flags: int) -> int | None:
    """Open and lock the file; None when somebody else has it locked."""
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
        # Its last holder removed it after we opened it and before we locked it.
        os.close(file)


def _same_file(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False


def _remove(file: int, path: Path) -> None:
    """Remove the file while we hold the lock, so that it is nobody else's; then release the lock."""
    if _same_file(file, path):
        with contextlib.suppress(OSError):
            path.unlink()
    os.close(file)
