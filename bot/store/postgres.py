"""The store on PostgreSQL, through psycopg and its pool.

Writers are serialised by one advisory lock, which each write transaction takes first and releases at its
end. SERIALIZABLE would let them overlap, but then any of them may fail and has to be run again, and the
store cannot re-run what its callers do inside `Store.transaction()`. The bot writes little, so nobody notices
the waiting. Readers never wait.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from bot.store.backend import CLOSED, Backend, Params, Row, Session
from bot.store.port import Lock, StoreError
from bot.store.postgres_connection import CONNECT_S, Address, Connection, Timeouts, check_alive
from bot.store.postgres_lock import PostgresLock, acquire, is_locked
from bot.store.schema import MIGRATIONS, Migration, pending
from bot.util import turns

_CONNECTIONS = 8
_TIMEOUTS = Timeouts()
OUTCOME_S = 10.0
"""Seconds in which to ask for the outcome of a commit whose answer was lost."""

_READ = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_APPLIED = b"""CREATE TABLE IF NOT EXISTS schema_migrations (
    name TEXT PRIMARY KEY, applied TIMESTAMPTZ NOT NULL DEFAULT now())"""


class PostgresBackend(Backend):
    """One PostgreSQL database. Raises: StoreError, also when it cannot be reached at the start.

    With `read_only`, it is not migrated, and the server refuses every write. Without `upgrade`, an older
    version's tables raise OldTables.
    """

    def __init__(
        self,
        url: str,
        *,
        migrations: tuple[Migration, ...] = MIGRATIONS,
        outcome_s: float = OUTCOME_S,
        timeouts: Timeouts = _TIMEOUTS,
        read_only: bool = False,
        upgrade: bool = True,
    ) -> None:
        super().__init__()
        self._outcome_s = outcome_s
        self._address = Address(url, timeouts, read_only=read_only)
        self._schema = self._prepare(migrations, read_only, upgrade)
        self._begin = (
            f"BEGIN; SELECT pg_advisory_xact_lock({self._key('', 'write')}), pg_current_xact_id()::text"
        ).encode()
        self._pool = ConnectionPool(
            self._address.conninfo,
            connection_class=Connection,
            kwargs={"autocommit": True},
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=CONNECT_S,
            reconnect_timeout=CONNECT_S,  # then the next caller tries at once, without a back-off
            configure=self._address.set_limits,
            check=self._check,
            open=False,
        )
        with self.errors():
            self._pool.open(wait=True, timeout=CONNECT_S)

    @contextmanager
    def begin_write(self) -> Iterator[Session]:
        with self._connection() as connection:
            with self.errors():
                xid = self._start(connection)
            with self._rolled_back_on_error(connection):
                yield _Session(self, connection)
                self._commit(connection, xid)

    @contextmanager
    def begin_read(self) -> Iterator[Session]:
        with self._connection() as connection:
            with self.errors():
                connection.execute(_READ)
            with self._rolled_back_on_error(connection):
                yield _Session(self, connection)
                with self.errors():
                    connection.execute("COMMIT")

    @contextmanager
    def autocommit(self) -> Iterator[Session]:
        with self._connection() as connection:
            yield _Session(self, connection)

    def try_lock(self, name: str) -> Lock | None:
        # A standby tries again and again: keep its connection instead of opening one each time.
        if self.is_locked(name):
            return None
        connection = self._address.connect()
        with self.errors():
            lock: PostgresLock | None = acquire(connection, self._key("hold", name))
        return lock

    def is_locked(self, name: str) -> bool:
        with self._connection() as connection, self.errors():
            return is_locked(connection, self._key("hold", name))

    def close(self) -> None:
        self._pool.close()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the driver's errors into StoreError."""
        try:
            yield
        except psycopg.Error as error:
            raise StoreError(self._address.sentence(error)) from error

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """Lent for its whole time, since nobody may wait for a turn with a transaction open."""
        with turns.lent(), self._pooled() as connection:
            yield connection

    @contextmanager
    def _pooled(self) -> Iterator[Connection]:
        try:
            connection = self._pool.getconn()
        except PoolTimeout as error:
            raise StoreError(
                f"{self._address.name} cannot be reached, or is overloaded: no connection in {CONNECT_S} s."
            ) from error
        except PoolClosed as error:
            raise StoreError(CLOSED) from error
        try:
            yield connection
        finally:
            self._pool.putconn(connection)

    def _check(self, connection: psycopg.Connection[TupleRow]) -> None:
        try:
            check_alive(connection)
        except psycopg.Error:
            # The server was restarted: the other connections are dead too, and trying each takes long.
            self._pool.drain()
            raise

    def _start(self, connection: Connection) -> str:
        """Begin a write transaction and wait for other writers. Returns its id."""
        try:
            cursor = connection.execute(self._begin)
            cursor.nextset()
            row = cursor.fetchone()
        except BaseException:
            self._roll_back(connection)
            raise
        return str(row[1]) if row else ""

    @contextmanager
    def _rolled_back_on_error(self, connection: Connection) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._roll_back(connection)
            raise

    def _roll_back(self, connection: Connection) -> None:
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            connection.close()  # the server rolls back

    def _commit(self, connection: Connection, xid: str) -> None:
        """Commit. Where the answer is lost, ask the server for the outcome."""
        try:
            done = connection.execute("COMMIT").statusmessage
        except psycopg.Error as error:
            if not connection.closed:
                raise StoreError(self._address.sentence(error)) from error
            if self._was_committed(xid):
                return
            raise StoreError(f"{self._address.name} broke off the connection: nothing was saved.") from error
        if done != "COMMIT":
            raise StoreError(f"{self._address.name} did not accept the changes: nothing was saved.")

    def _was_committed(self, xid: str) -> bool:
        deadline = time.monotonic() + self._outcome_s
        while time.monotonic() < deadline:
            status = self._status(xid)
            if status in ("committed", "aborted"):
                return status == "committed"
            time.sleep(0.2)
        raise StoreError(
            f"{self._address.name} broke off: it is not known whether the last change was saved."
        )

    def _status(self, xid: str) -> str:
        """The status of a transaction on the server; `in progress` also when it does not answer."""
        with (
            contextlib.suppress(StoreError, psycopg.Error),
            contextlib.closing(self._address.connect()) as own,
        ):
            row = own.execute("SELECT pg_xact_status(%s::xid8)", (xid,)).fetchone()
            return str(row[0]) if row else ""
        return "in progress"

    def _key(self, kind: str, name: str) -> int:
        """The number of an advisory lock. It depends on the schema, as two bots may share a database."""
        digest = hashlib.sha256(f"dms-bot\n{self._schema}\n{kind}\n{name}".encode()).digest()
        return int.from_bytes(digest[:8], "big", signed=True)

    def _prepare(self, migrations: tuple[Migration, ...], read_only: bool, upgrade: bool) -> str:
        """Migrate the tables, or check that they are there. Returns the name of their schema."""
        with contextlib.closing(self._address.connect()) as connection, self.errors():
            self._address.check_server(connection)
            row = connection.execute("SELECT current_schema()").fetchone()
            self._schema = str(row[0]) if row else ""
            if read_only:
                self._check_tables(connection, migrations)
                return self._schema
            connection.deadline_s = None  # a migration of much data may take long
            with connection.transaction():
                self._migrate(connection, migrations, upgrade)
            return self._schema

    def _check_tables(self, connection: Connection, migrations: tuple[Migration, ...]) -> None:
        row = connection.execute("SELECT to_regclass('schema_migrations'), to_regclass('audit')").fetchone()
        if row is None or None in row:
            raise StoreError(f"{self._address.name} is not one of dms-bot: it has no audit.")
        self._pending(connection, migrations)

    def _pending(
        self, connection: Connection, migrations: tuple[Migration, ...], *, upgrade: bool = True
    ) -> tuple[Migration, ...]:
        applied = [str(row[0]) for row in connection.execute("SELECT name FROM schema_migrations")]
        return pending(applied, migrations, self._address.name, upgrade=upgrade)

    def _migrate(self, connection: Connection, migrations: tuple[Migration, ...], upgrade: bool) -> None:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (self._key("", "migrate"),))
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute(_APPLIED)
        for step in self._pending(connection, migrations, upgrade=upgrade):
            for statement in step.statements("postgres"):
                connection.execute(statement.encode())
            connection.execute("INSERT INTO schema_migrations (name) VALUES (%s)", (step.name,))


class _Session:
    def __init__(self, backend: PostgresBackend, connection: Connection) -> None:
        self._backend = backend
        self._connection = connection

    def rows(self, sql: str, params: Params) -> list[Row]:
        with self._backend.errors():
            return self._connection.execute(_with_placeholders(sql), params).fetchall()

    def change(self, sql: str, params: Params) -> int:
        with self._backend.errors():
            return self._connection.execute(_with_placeholders(sql), params).rowcount

    def many(self, sql: str, rows: Iterable[Params]) -> None:
        with self._backend.errors(), self._connection.cursor() as cursor:
            cursor.executemany(_with_placeholders(sql), rows)


@lru_cache(maxsize=1024)
def _with_placeholders(sql: str) -> bytes:
    """The portable SQL with the driver's placeholders; no literal in it contains a question mark."""
    return sql.replace("%", "%%").replace("?", "%s").encode()
