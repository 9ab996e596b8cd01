"""The store on SQLite, through sqlite-utils.

WAL mode with `synchronous=FULL`: commits survive a power cut, and readers never wait for a writer. A thread
has a connection while it reads or writes, and then leaves it to the next one. Writers queue on a lock of the
process first, since SQLite only polls, and then on the database's lock (`BEGIN IMMEDIATE`). Closing
checkpoints the write-ahead log, so that the file alone is the complete database.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bot.store.backend import CLOSED, Backend, Params, Row, Session
from bot.store.file_lock import FileLock, FileLocks, make_private
from bot.store.port import Lock, StoreError
from bot.store.schema import MIGRATIONS, Migration, pending
from bot.util import turns
from bot.util.loading import without

# It would load NumPy wherever that is installed, for kinds of values that the store does not have: 15 MB.
with without("numpy"):
    from sqlite_utils import Database, Migrations

BUSY_TIMEOUT_S = 10.0
"""Seconds to wait for another writer."""

_MIN_VERSION = (3, 35)
"""The first version with RETURNING."""
MIGRATION_SET = "dms-bot"
"""Name under which sqlite-utils records the applied migrations."""
_CACHE_KIB = 128
"""What a connection keeps of the file, which the system caches anyway; by default, 2,000 KiB. What one
connection writes makes the others read again."""
_FOLD_S = 1.0
"""Seconds that closing waits for readers before it leaves the write-ahead log in place."""
_INTEGRITY_CHECK_MAX_BYTES = 64 * 2**20
"""Databases up to this size are checked at the start, which takes a few hundred milliseconds at most."""


class SqliteBackend(Backend):
    """One database file. Raises: StoreError, also when it cannot be opened.

    `only` is for the bot: it refuses a file that another bot uses. Commands that only read leave it out.
    Without `upgrade`, an older version's tables raise OldTables.
    """

    def __init__(
        self,
        path: Path,
        *,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        migrations: tuple[Migration, ...] = MIGRATIONS,
        only: bool = False,
        upgrade: bool = True,
    ) -> None:
        super().__init__()
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._connections: weakref.WeakSet[Database] = weakref.WeakSet()
        self._idle: list[Database] = []
        """The one that was used last is used next, so that there are no more than threads that need one at
        once: each keeps some 150 kB of the schema, 10 kB for each statement, and what it has read."""
        self._connecting = threading.Lock()
        self._writer = threading.Lock()
        self._closed = False
        self._met_damage = False
        """What is in the write-ahead log can still be written then; nothing more is."""
        self._ready = False
        self._claim: FileLock | None = None
        self._locks = FileLocks(path)
        if sqlite3.sqlite_version_info < _MIN_VERSION:
            raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old: 3.35 or newer is needed.")
        if not path.parent.is_dir():
            raise StoreError(f"The database {path} cannot be opened: its folder does not exist.")
        self._use = self._locks.share()
        try:
            if only:
                self._claim = self._locks.claim()
            self._keep_private()
            self._prepare(migrations, upgrade)
            self._ready = True
        except BaseException:
            self.close()
            raise
        self._locks.remove_stale()

    @contextmanager
    def begin_write(self) -> Iterator[Session]:
        # While others write or the disk does, and as nobody may wait for a turn with a transaction open.
        with turns.lent(), self._begin_write() as session:
            yield session

    @contextmanager
    def _begin_write(self) -> Iterator[Session]:
        if self._met_damage:
            raise StoreError(self._damaged())
        if not self._writer.acquire(timeout=self._busy_timeout_s):
            raise StoreError(self._busy())
        try:
            with self._transaction("BEGIN IMMEDIATE") as session:
                yield session
        finally:
            self._writer.release()

    @contextmanager
    def begin_read(self) -> Iterator[Session]:
        with self._transaction("BEGIN") as session:
            yield session

    @contextmanager
    def autocommit(self) -> Iterator[Session]:
        with self._connection() as database:
            yield _Session(self, database)

    def try_lock(self, name: str) -> Lock | None:
        return self._locks.acquire(name)

    def is_locked(self, name: str) -> bool:
        return self._locks.is_locked(name)

    def close(self) -> None:
        self._closed = True
        with self._connecting:
            for database in list(self._connections):
                database.close()
            if self._ready:
                self._ready = False
                self._fold()
            if self._claim is not None:
                self._claim.release()
            self._use.release()

    def _fold(self) -> None:
        """Checkpoint the write-ahead log into the file.

        Where others still read, or the disk is full, the log stays in place, which is just as safe.
        """
        with contextlib.suppress(sqlite3.Error), closing(connect(self._path, _FOLD_S)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _keep_private(self) -> None:
        """Create the file ourselves: SQLite copies its mode and owner to the other files.

        An existing database keeps its group permissions, which somebody may have set on purpose.
        """
        with contextlib.suppress(OSError):
            if not self._path.exists():
                file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                make_private(file, 0o600, self._path.parent)
                os.close(file)
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                path = Path(os.path.realpath(self._path) + suffix)
                mode = path.stat().st_mode
                if stat.S_ISREG(mode) and mode & stat.S_IRWXO:
                    path.chmod(stat.S_IMODE(mode) & ~stat.S_IRWXO)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the driver's errors into StoreError."""
        try:
            yield
        except sqlite3.Error as error:
            self._met_damage = self._met_damage or primary_code(error) in _DAMAGE
            raise StoreError(self._sentence(error)) from error

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Session]:
        with self._connection() as database:
            with self.errors():
                database.conn.execute(begin)
            try:
                yield _Session(self, database)
                with self.errors():
                    database.conn.execute("COMMIT")
            except BaseException:
                self._roll_back(database)
                raise

    def _roll_back(self, database: Database) -> None:
        # After an error of the disk, SQLite has rolled back already. What cannot be rolled back here is
        # rolled back when the file is opened next. The first error is the one to report.
        try:
            if database.conn.in_transaction:
                database.conn.execute("ROLLBACK")
        except sqlite3.Error:
            self._drop(database)

    def _drop(self, database: Database) -> None:
        database.close()
        self._here.database = None

    @contextmanager
    def _connection(self) -> Iterator[Database]:
        """The one that this thread has in use, or else one for now."""
        if self._closed:
            raise StoreError(CLOSED)
        held: Database | None = getattr(self._here, "database", None)
        if held is not None:
            yield held
            return
        database = self._here.database = self._taken()
        try:
            yield database
        finally:
            if self._here.database is database:  # else it was dropped
                self._here.database = None
                self._idle.append(database)

    def _taken(self) -> Database:
        # Another thread may take the last one between a check and the `pop`.
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _connect(self) -> Database:
        with self.errors():
            connection = sqlite3.connect(
                self._path,
                timeout=self._busy_timeout_s,
                isolation_level=None,
                check_same_thread=False,  # only `close` is called from another thread
            )
            database = Database(connection, execute_plugins=False)
            # A connection and its statements refer to each other: it would stay open long after its thread.
            weakref.finalize(database, connection.close)
            with self._connecting:
                self._connections.add(database)
            self._wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        return database

    def _wal(self, connection: sqlite3.Connection) -> None:
        """Turn WAL on. That ignores the busy timeout, so two processes may collide at their first start."""
        deadline = time.monotonic() + self._busy_timeout_s
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _prepare(self, migrations: tuple[Migration, ...], upgrade: bool) -> None:
        with self._connection() as database:
            with self.errors():
                self._integrity_check(database)
            with self.begin_write(), self.errors():
                steps = _as_sqlite_utils(migrations)
                applied = [each.name for each in steps.applied(database)]
                pending(applied, migrations, f"The database {self._path}", upgrade=upgrade)
                steps.apply(database)

    def _integrity_check(self, database: Database) -> None:
        if self._path.stat().st_size > _INTEGRITY_CHECK_MAX_BYTES:
            return
        verdict = database.conn.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise StoreError(self._damaged())

    def _sentence(self, error: sqlite3.Error) -> str:
        code = primary_code(error)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return self._busy()
        if code in _DAMAGE:
            return self._damaged()
        if self._closed:
            return CLOSED
        trouble = _ERROR_SENTENCES.get(code, f"failed: {error}")
        return f"The database {self._path} {trouble}."

    def _busy(self) -> str:
        return f"The database {self._path} has been locked by another writer for {self._busy_timeout_s:g} s."

    def _damaged(self) -> str:
        return f"The database {self._path} is damaged or is no SQLite database: restore it from a backup."


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code, the lowest byte; 0 where there is none.

    Source: https://sqlite.org/rescode.html#primary_result_codes_versus_extended_result_codes
    """
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_ERROR_SENTENCES = {
    sqlite3.SQLITE_FULL: "is on a disk that is full, so nothing was saved",
    sqlite3.SQLITE_READONLY: "cannot be written: it or its folder is read-only",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: see that it and its folder may be read and written",
    sqlite3.SQLITE_PERM: "cannot be opened: its permissions do not allow it",
    sqlite3.SQLITE_IOERR: "is on a disk that does not read or write, so nothing was saved",
}


class _Session:
    def __init__(self, backend: SqliteBackend, database: Database) -> None:
        self._backend = backend
        self._database = database

    def rows(self, sql: str, params: Params) -> list[Row]:
        with self._backend.errors():
            return self._database.execute(sql, params).fetchall()

    def change(self, sql: str, params: Params) -> int:
        with self._backend.errors():
            return self._database.execute(sql, params).rowcount

    def many(self, sql: str, rows: Iterable[Params]) -> None:
        with self._backend.errors():
            self._database.conn.executemany(sql, rows)


def connect(path: Path, timeout_s: float) -> sqlite3.Connection:
    """Open a connection to an existing database. Raises: sqlite3.Error."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=timeout_s, isolation_level=None)


def _as_sqlite_utils(migrations: tuple[Migration, ...]) -> Migrations:
    steps = Migrations(MIGRATION_SET)
    for each in migrations:
        steps(name=each.name)(_step(each))
    return steps


class _step:
    """A migration in the form that sqlite-utils takes."""

    def __init__(self, migration: Migration) -> None:
        self.__name__ = migration.name
        self._migration = migration

    def __call__(self, db: Database, /) -> None:
        for statement in self._migration.statements("sqlite"):
            db.execute(statement)
