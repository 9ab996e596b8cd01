"""Reads what is in a SQLite database file without opening it as a store."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.store.codec import time_text
from bot.store.port import StoreError
from bot.store.records import ACTIVE_RUNS, EVERY_JOB, OPEN_REQUESTS, RequestState
from bot.store.schema import MIGRATIONS, pending
from bot.store.sqlite import MIGRATION_SET
from bot.util.text import count_of

_MAGIC = b"SQLite format 3\0"
"""First bytes of every SQLite file. Source: https://www.sqlite.org/fileformat.html#the_database_header"""


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a database."""

    rows: int
    """Number of audit rows."""
    hash: str
    """Hash of the last audit row."""
    newest: str
    """Time of the last audit row, in UTC; empty where there is none."""
    open_requests: int
    scheduled: int
    """Number of requests that wait for their time."""
    runs: tuple[str, ...]
    """The runs that have not ended: action, job and state."""
    freezes: Mapping[str, str]
    """The freezes that hold now, by ID: what is frozen, until when, and why."""

    def __str__(self) -> str:
        if not self.rows:
            return "an audit without rows"
        return (
            f"an audit of {count_of(self.rows, 'row')}, the last from {self.newest} with the hash {self.hash}"
        )


def checked(file: Path, name: Path) -> Content:
    """Check a private file, which errors call `name`, and read what is in it.

    Raises:
        StoreError: it is not a complete database of a bot of this version or an older one.
    """
    try:
        with file.open("rb") as opened:
            begins = opened.read(len(_MAGIC))
    except OSError as error:
        raise StoreError(f"{name} cannot be read: {error.strerror}.") from error
    if begins != _MAGIC:
        raise StoreError(f"{name} is no SQLite database.")
    try:
        # `immutable` keeps SQLite from creating files beside it, whatever the journal mode.
        uri = f"{file.absolute().as_uri()}?immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if verdict != "ok":
                raise StoreError(f"{name} is damaged.")
            _known(connection, name)
            return content(connection)
    except sqlite3.Error as error:
        raise StoreError(f"{name} is damaged.") from error


def _known(connection: sqlite3.Connection, name: Path) -> None:
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    applied: list[str] = []
    if {"_sqlite_migrations", "audit_head"} <= tables:
        sql = "SELECT name FROM _sqlite_migrations WHERE migration_set = ?"
        applied = [row[0] for row in connection.execute(sql, (MIGRATION_SET,))]
    if not applied:
        raise StoreError(f"{name} is a SQLite database, but not one of dms-bot.")
    pending(applied, MIGRATIONS, f"The database {name}")


def content(connection: sqlite3.Connection) -> Content:
    """What is in an open database. Raises: sqlite3.Error."""
    rows, digest = connection.execute("SELECT length, hash FROM audit_head").fetchone()
    newest = connection.execute("SELECT at FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    requests = _count(connection, *OPEN_REQUESTS)
    scheduled = _count(connection, RequestState.SCHEDULED)
    marks = ", ".join("?" * len(ACTIVE_RUNS))
    sql = f"SELECT action, job, state FROM runs WHERE state IN ({marks}) ORDER BY seq"  # noqa: S608
    runs = connection.execute(sql, [each.value for each in ACTIVE_RUNS])
    unfinished = tuple(f"{action} {job} ({state})" for action, job, state in runs)
    sql = "SELECT id, job, until, reason FROM freezes WHERE lifted IS NULL AND until > ? ORDER BY seq"
    holding = connection.execute(sql, (time_text(datetime.now(UTC)),))
    freezes = {
        id: f"{'all jobs' if job == EVERY_JOB else job} until {until[:16]}Z: {reason}"
        for id, job, until, reason in holding
    }
    last = newest[0][:19] + "Z" if newest else ""
    return Content(rows, digest, last, requests, scheduled, unfinished, freezes)


def _count(connection: sqlite3.Connection, *states: RequestState) -> int:
    marks = ", ".join("?" * len(states))
    sql = f"SELECT count(*) FROM requests WHERE state IN ({marks})"  # noqa: S608 - only question marks
    return int(connection.execute(sql, [each.value for each in states]).fetchone()[0])
