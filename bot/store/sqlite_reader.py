"""A SQLite database opened for reading: nothing is written, migrated or created."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.store.backend import READ_ONLY, Backend, Params, Row, Session
from bot.store.file_lock import FileLocks
from bot.store.port import Lock, StoreError
from bot.store.schema import MIGRATIONS, pending
from bot.store.sqlite import BUSY_TIMEOUT_S, MIGRATION_SET


class SqliteReader(Backend):
    """An existing database file.

    Raises: StoreError, also when it is missing, empty, damaged, no bot's, or a newer version's.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        if not path.is_file():
            raise StoreError(f"There is no database {path}: DMS_BOT_DB must name the bot's.")
        if not path.stat().st_size:
            raise StoreError(f"{path} is empty: it is no database of dms-bot.")
        self._path = path
        self._mutex = threading.Lock()
        self._use = FileLocks(path).share(create=False)
        try:
            with self._errors():
                self._connection = sqlite3.connect(
                    _uri(path),
                    uri=True,
                    timeout=BUSY_TIMEOUT_S,
                    isolation_level=None,
                    check_same_thread=False,
                )
            self._check()
        except BaseException:
            self._use.release()
            raise

    @contextmanager
    def begin_write(self) -> Iterator[Session]:
        raise StoreError(READ_ONLY)
        yield

    @contextmanager
    def begin_read(self) -> Iterator[Session]:
        with self._mutex, self._errors():
            self._connection.execute("BEGIN")
            try:
                yield _Session(self._connection)
            finally:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def autocommit(self) -> Iterator[Session]:
        with self._mutex, self._errors():
            yield _Session(self._connection)

    def try_lock(self, name: str) -> Lock | None:
        raise StoreError(f"The lock {name} cannot be taken: {READ_ONLY[0].lower()}{READ_ONLY[1:]}")

    def is_locked(self, name: str) -> bool:
        return FileLocks(self._path).is_locked(name)

    def close(self) -> None:
        self._connection.close()
        self._use.release()

    def _check(self) -> None:
        with self.begin_read() as session:
            tables = {str(row[0]) for row in session.rows("SELECT name FROM sqlite_master", ())}
            if not {"_sqlite_migrations", "audit", "audit_head"} <= tables:
                raise StoreError(f"{self._path} is a SQLite database, but not one of dms-bot.")
            sql = "SELECT name FROM _sqlite_migrations WHERE migration_set = ?"
            applied = [str(row[0]) for row in session.rows(sql, (MIGRATION_SET,))]
            pending(applied, MIGRATIONS, f"The database {self._path}")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise StoreError(f"The database {self._path} cannot be read: {error}.") from error


def _uri(path: Path) -> str:
    """Without a log beside it, nobody is using the file; SQLite is then kept from creating one."""
    real = path.resolve()
    mode = "mode=ro" if real.with_name(f"{real.name}-wal").exists() else "immutable=1"
    return f"{real.as_uri()}?{mode}"


class _Session:
    """Where it is told to write, SQLite refuses."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, params: Params) -> list[Row]:
        return self._connection.execute(sql, params).fetchall()

    def change(self, sql: str, params: Params) -> int:
        return self._connection.execute(sql, params).rowcount

    def many(self, sql: str, rows: Iterable[Params]) -> None:
        self._connection.executemany(sql, rows)
