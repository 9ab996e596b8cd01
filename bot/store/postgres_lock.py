"""Locks that last as long as their connection: session-level advisory locks of PostgreSQL."""

from __future__ import annotations

import contextlib
import threading
import time

import psycopg

from bot.store.postgres_connection import Connection, check_alive

_ASK_EVERY_S = 1.0
_ANSWER_S = 5.0

_TRY_LOCK = "SELECT pg_try_advisory_lock(%s)"
_UNLOCK = "SELECT pg_advisory_unlock(%s)"
# pg_locks shows a 64-bit key as two halves, with objsubid 1.
_IS_LOCKED = """SELECT EXISTS (
    SELECT 1 FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND classid::bigint = %s AND objid::bigint = %s
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"""


class PostgresLock:
    """A lock on its own connection; lost when that breaks."""

    def __init__(self, connection: Connection, key: int) -> None:
        self._connection = connection
        self._key = key
        self._guard = threading.Lock()
        self._asked = time.monotonic()

    @property
    def is_lost(self) -> bool:
        """A closed connection is noticed at once, a silent one when the server does not answer in 5 s."""
        with self._guard:
            try:
                check_alive(self._connection)
                if time.monotonic() - self._asked > _ASK_EVERY_S:
                    self._connection.execute("SELECT 1")
                    self._asked = time.monotonic()
            except psycopg.Error:
                self._connection.close()
                return True
            return False

    def release(self) -> None:
        with self._guard, contextlib.suppress(psycopg.Error):
            # Closing frees it too, but only when the server notices.
            if not self._connection.closed:
                self._connection.execute(_UNLOCK, (self._key,))
        self._connection.close()


def acquire(connection: Connection, key: int) -> PostgresLock | None:
    """Take the lock on this connection, which the lock owns from then on. None, with the connection closed,
    where somebody else has it."""
    connection.deadline_s = _ANSWER_S
    try:
        row = connection.execute(_TRY_LOCK, (key,)).fetchone()
    except BaseException:
        connection.close()
        raise
    if row is None or not row[0]:
        connection.close()
        return None
    return PostgresLock(connection, key)


def is_locked(connection: Connection, key: int) -> bool:
    """Whether any connection has the lock."""
    unsigned = key & 0xFFFFFFFFFFFFFFFF
    row = connection.execute(_IS_LOCKED, (unsigned >> 32, unsigned & 0xFFFFFFFF)).fetchone()
    return row is not None and bool(row[0])
