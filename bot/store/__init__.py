"""The bot's database: requests, runs, the audit, job snapshots and the outbox."""

from __future__ import annotations

import os
from pathlib import Path

from bot.store.port import JobLocked, Lock, OldTables, StoreError, UnreadableRow
from bot.store.sql_store import Store
from bot.store.sqlite import SqliteBackend
from bot.store.sqlite_reader import SqliteReader

__all__ = [
    "JobLocked",
    "Lock",
    "OldTables",
    "Store",
    "StoreError",
    "UnreadableRow",
    "open_for_reading",
    "open_store",
    "sqlite_file",
]

_POSTGRES = ("postgresql://", "postgres://")
_SQLITE = "sqlite:///"


def open_store(url: str, *, only: bool = False, upgrade: bool = True) -> Store:
    """Open the database that `DMS_BOT_DB` names, and create or migrate its tables.

    A path or `sqlite:///path` is a SQLite database, `postgresql://…` a PostgreSQL one. With `only`, a
    SQLite file that another such store uses is refused: it is made for one bot. Without `upgrade`, tables of
    an older version stay as they are.

    Raises:
        StoreError: the name is neither, or the database cannot be reached, read or used. One sentence,
            without passwords.
        OldTables: with `upgrade=False`, the tables are those of an older version.
    """
    if url.startswith(_POSTGRES):
        from bot.store.postgres import PostgresBackend  # the driver is slow to load

        return Store(PostgresBackend(url, upgrade=upgrade))
    return Store(SqliteBackend(_file(url), only=only, upgrade=upgrade))


def open_for_reading(url: str) -> Store:
    """Open an existing database of this version, or an older one, and change nothing in it.

    Raises:
        StoreError: as `open_store`; or there is no such database, or it is none of dms-bot.
    """
    if url.startswith(_POSTGRES):
        from bot.store.postgres import PostgresBackend

        return Store(PostgresBackend(url, read_only=True))
    return Store(SqliteReader(_file(url)))


def sqlite_file(url: str) -> Path:
    """The path of a SQLite database.

    Raises:
        StoreError: the URL names a PostgreSQL database, or none.
    """
    if url.startswith(_POSTGRES):
        raise StoreError(
            "DMS_BOT_DB names a PostgreSQL database, and this command is for SQLite files: use pg_dump and "
            "pg_restore."
        )
    return _file(url)


def _file(url: str) -> Path:
    path = url.removeprefix(_SQLITE)
    scheme, mark, _ = path.partition("://")
    if mark:
        found = f"{scheme}://" if scheme.isalnum() else "what is there"
        raise StoreError(f"DMS_BOT_DB knows a file's path and postgresql://, not {found}.")
    if path in ("", ":memory:"):
        raise StoreError("DMS_BOT_DB must name a file: a database in memory would forget everything.")
    return Path(os.path.expanduser(path))
