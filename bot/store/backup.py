"""Back up a SQLite database while a bot runs, and restore it while none does.

SQLite replays any write-ahead log that it finds beside a file. So a file is complete only without a log, and
a log left over from another database would undo a restore.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.store.backup_content import Content, checked, content
from bot.store.file_lock import FileLocks, make_private
from bot.store.port import StoreError
from bot.store.sql_store import Store
from bot.store.sqlite import SqliteBackend, connect, primary_code
from bot.util.text import count_of, rest_line

_LOGS = ("-wal", "-journal")
"""Suffixes of the files that hold part of the database beside its file."""
_PATIENCE_S = 10.0
_LISTED = 20


def back_up(database: Path, copy: Path, *, force: bool = False) -> Content:
    """Write a complete, checked copy of a database to the file `copy`; a bot may be using the database.

    Only the owner may read the copy. It appears complete or not at all.

    Raises:
        StoreError: there is no such database, or it is damaged, not a bot's, or a newer version's; or the
            copy cannot be written, or is there already (without `force`).
    """
    if not database.is_file():
        raise StoreError(f"There is no database {database}.")
    _may_be_written(database, copy, force)
    with ExitStack() as stack:
        stack.callback(FileLocks(database).share().release)
        temporary = stack.enter_context(_temporary(copy))
        with _copy_errors(copy), closing(connect(database, _PATIENCE_S)) as source:
            source.execute("VACUUM INTO ?", (str(temporary),))
        found = checked(temporary, database)
        with _file_errors(copy):
            _sync(temporary)
            _publish(temporary, copy, force)
        _sync_folder(copy)
    return found


@dataclass(frozen=True, slots=True)
class Restore:
    """A checked backup, ready beside the database."""

    backup: Content
    present: Content | None
    """None where there is no database, or it cannot be read."""
    database: Path
    _ready: Path

    def state(self) -> str:
        """What the database holds now, to follow its name in a sentence."""
        if self.present is not None:
            return f"has {self.present}"
        return "cannot be read" if self.database.exists() else "does not exist"

    def warnings(self) -> list[str]:
        """What the backup has open that may have gone on since, and the freezes that it does not have: a
        sentence per line."""
        lines = self._changed_freezes()
        requests, runs = self.backup.open_requests, len(self.backup.runs)
        if requests:
            are = (
                "is open, and can still be approved"
                if requests == 1
                else "are open, and can still be approved"
            )
            lines.append(f"{count_of(requests, 'request')} in it {are}.")
        if self.backup.scheduled:
            lines.append(
                f"Scheduled requests in it: {self.backup.scheduled}. They may have been sent since, and are "
                "not sent again."
            )
        have = "has" if runs == 1 else "have"
        return lines + _listed(
            f"{count_of(runs, 'run')} in it {have} not ended, and may have been carried out since. "
            "Nothing more is sent; the outcome is reported as unclear:",
            self.backup.runs,
        )

    def _changed_freezes(self) -> list[str]:
        """They forbid changes, so nobody may count on one that ends with the restore."""
        if self.present is None:
            return []
        now, then = self.present.freezes, self.backup.freezes
        ended = [text for id, text in now.items() if id not in then]
        again = [text for id, text in then.items() if id not in now]
        return [
            *_listed(
                "Freezes that hold now and are not in it, so they end; set again what is needed:", ended
            ),
            *_listed("Freezes in it that do not hold now, and will:", again),
        ]

    def carry_out(self) -> Path | None:
        """Replace the database by the backup. Returns where the old database is kept, if there was one.

        Raises:
            StoreError: it cannot be done, and the old database is in its place; or the disk has not
                confirmed it.
        """
        kept = _free_name(self.database)
        with _file_errors(self.database):
            try:
                _keep(self.database, kept)
                # The old file keeps its name until the new one takes it, so the database is never missing.
                os.replace(self._ready, self.database)
            except BaseException:
                _take_back(self.database, kept)
                raise
        _sync_folder(self.database)
        return kept if kept.exists() else None


def _listed(head: str, texts: Sequence[str]) -> list[str]:
    """The head and a line for each text, up to a limit; none without texts."""
    rest = rest_line(len(texts), _LISTED, "  and {} more")
    return [head, *(f"  {each}" for each in texts[:_LISTED]), *rest] if texts else []


@contextmanager
def restoring(backup: Path, database: Path, amend: Callable[[Store], None]) -> Iterator[Restore]:
    """Prepare a restore; nobody else can open the database until the block ends.

    `amend` changes the copy that will be restored; the backup itself stays as it is.

    Raises:
        StoreError: the backup is not a complete database of a bot, or a newer version's; somebody uses the
            database; or there is no room for it.
    """
    database = Path(os.path.realpath(database))
    _may_be_restored(backup, database)
    locks = FileLocks(database)
    with ExitStack() as stack:
        stack.callback(locks.claim().release)
        stack.callback(locks.exclusive().release)
        present = _present(database)
        ready = stack.enter_context(_temporary(database))
        with _file_errors(database):
            shutil.copyfile(backup, ready)
        found = checked(ready, backup)
        with closing(Store(SqliteBackend(ready))) as store:
            amend(store)
        with _file_errors(database):
            _give_to_owner(ready, database)
            _sync(ready)
        yield Restore(found, present, database, ready)


def _may_be_written(database: Path, copy: Path, force: bool) -> None:
    if not copy.parent.is_dir():
        raise StoreError(f"The folder {copy.parent} does not exist.")
    if copy.is_dir():
        raise StoreError(f"{copy} is a folder: name a file.")
    real = os.path.realpath(database)
    if os.path.realpath(copy) in {real, *(real + suffix for suffix in ("-wal", "-shm", "-journal"))}:
        raise StoreError(f"{copy} is the database itself: name another file.")
    if copy.exists() and not force:
        raise StoreError(_taken(copy))
    if copy.exists() and FileLocks(copy).is_claimed():
        raise StoreError(f"{copy} is in use by a bot: name another file.")
    log = _log_beside(copy)
    if log:
        raise StoreError(f"{log} would be taken for a part of {copy}: name another file, or move it away.")


def _may_be_restored(backup: Path, database: Path) -> None:
    if not database.parent.is_dir():
        raise StoreError(f"The folder {database.parent} does not exist.")
    if database.is_dir():
        raise StoreError(f"{database} is a folder: DMS_BOT_DB must name a file.")
    if not backup.is_file():
        raise StoreError(f"There is no backup {backup}.")
    if os.path.realpath(backup) == str(database):
        raise StoreError(f"{backup} is the database itself: name a backup.")
    log = _log_beside(backup)
    if log:
        raise StoreError(
            f"{backup} has {log.name} beside it, so it may not be complete by itself: "
            f"make a backup of it with “DMS_BOT_DB={backup} dms-bot backup NEW” and restore that, "
            f"or move {log.name} away if it belongs to another database."
        )


def _log_beside(path: Path) -> Path | None:
    """The log that SQLite would replay into the file, if there is one."""
    for suffix in _LOGS:
        # SQLite names the log after the target of a symbolic link.
        log = Path(os.path.realpath(path) + suffix)
        with contextlib.suppress(OSError):
            if log.stat().st_size:
                return log
    return None


def _present(database: Path) -> Content | None:
    """Checkpoint the log into the database and read what is in it; None where it cannot be read.

    Raises:
        StoreError: another program has it open.
    """
    if not database.exists():
        return None
    try:
        with closing(connect(database, 1.0)) as connection:
            # Refused while any other connection is open, from any program.
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
            try:
                return content(connection)
            finally:
                connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        if primary_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreError(
                f"The database {database} is open in another program: end that first."
            ) from error
        # It may be damaged, which is why people restore. Keep its log beside it.
        return None


@contextmanager
def _temporary(target: Path) -> Iterator[Path]:
    """An empty private file beside `target`, removed at the end unless it was renamed."""
    path = target.absolute().with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"No file can be made in {path.parent}: {error.strerror}.") from error
    try:
        os.fchmod(file, 0o600)
        os.close(file)
        yield path
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                os.unlink(f"{path}{suffix}")
        with contextlib.suppress(OSError):
            os.rmdir(f"{path}.locks")


def _publish(temporary: Path, copy: Path, force: bool) -> None:
    """Rename the file atomically; never over another file without `force`."""
    if force:
        os.replace(temporary, copy)
        return
    try:
        os.link(temporary, copy)
    except FileExistsError:
        raise StoreError(_taken(copy)) from None
    except OSError:
        # A file system without hard links.
        if copy.exists():
            raise StoreError(_taken(copy)) from None
        os.replace(temporary, copy)


def _taken(copy: Path) -> str:
    return f"{copy} exists already: name another file, or write over it with --force."


def _give_to_owner(ready: Path, database: Path) -> None:
    """Give the file the mode and owner of the present database, or those of a new one."""
    if not database.exists():
        make_private(ready, 0o600, database)
        return
    old, new = database.stat(), ready.stat()
    os.chmod(ready, stat.S_IMODE(old.st_mode) & 0o666)
    if (old.st_uid, old.st_gid) == (new.st_uid, new.st_gid):
        return
    try:
        os.chown(ready, old.st_uid, old.st_gid)
    except PermissionError:
        raise StoreError(
            f"The database {database} belongs to the user {old.st_uid} and the group {old.st_gid}: "
            "restore as that user, or as root."
        ) from None


def _keep(database: Path, kept: Path) -> None:
    """Give the database a second name and move its logs there, so that none is left beside the new one."""
    if database.exists():
        try:
            os.link(database, kept)
        except OSError:
            # A file system without hard links.
            shutil.copy2(database, kept)
    for suffix in _LOGS:
        with contextlib.suppress(FileNotFoundError):
            os.rename(f"{database}{suffix}", f"{kept}{suffix}")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{database}-shm")


def _take_back(database: Path, kept: Path) -> None:
    """Undo `_keep`. The database itself still has its own name."""
    for suffix in _LOGS:
        with contextlib.suppress(OSError):
            os.rename(f"{kept}{suffix}", f"{database}{suffix}")
    with contextlib.suppress(OSError):
        kept.unlink()


def _free_name(database: Path) -> Path:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{database.name}.before-restore-{now}"
    number = 1
    while any(database.with_name(name + suffix).exists() for suffix in ("", *_LOGS)):
        number += 1
        name = f"{database.name}.before-restore-{now}-{number}"
    return database.with_name(name)


@contextmanager
def _copy_errors(copy: Path) -> Iterator[None]:
    """Turn SQLite's errors while copying into StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        trouble = _TROUBLES.get(primary_code(error), str(error))
        raise StoreError(f"The backup {copy} was not made: {trouble}.") from error


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    """Turn the system's errors while writing a file into StoreError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            why = f"The disk of {path.parent} is full"
        else:
            why = f"{error.filename or path} cannot be read or written ({error.strerror or error})"
        raise StoreError(f"{why}: nothing was changed.") from error


_TROUBLES = {
    sqlite3.SQLITE_FULL: "its disk is full",
    sqlite3.SQLITE_IOERR: "its disk does not write, or a file may not grow so large",
    sqlite3.SQLITE_CORRUPT: "the database is damaged",
    sqlite3.SQLITE_NOTADB: "DMS_BOT_DB names a file that is no SQLite database",
    sqlite3.SQLITE_BUSY: "the database is locked by another program",
    sqlite3.SQLITE_CANTOPEN: "the permissions of the database or its folder do not allow it",
    sqlite3.SQLITE_READONLY: "the database or its folder is read-only",
}


def _sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _sync_folder(path: Path) -> None:
    try:
        _sync(path.absolute().parent)
    except OSError as error:
        raise StoreError(
            f"{path} is in its place, but its disk has not confirmed that: {error.strerror}."
        ) from error
