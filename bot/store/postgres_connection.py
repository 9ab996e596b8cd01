"""Connections to PostgreSQL with a deadline on every wait, and error messages for people."""

from __future__ import annotations

import re
import select
from dataclasses import dataclass
from typing import TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from bot.store.port import StoreError

CONNECT_S = 5
ANSWER_S = 20.0
"""Seconds after which the client gives up on a frozen or unreachable server; above the server's timeouts."""
KEEPALIVE_TIMEOUT_S = 11
"""Seconds after which either side takes a silent peer for dead: the first keepalive after 5 s, three of
them, 2 s apart."""

_CLIENT = {
    "application_name": "dms-bot",
    "connect_timeout": str(CONNECT_S),
    "keepalives": "1",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": str(KEEPALIVE_TIMEOUT_S * 1000),
}
_SERVER = {
    # The server has to notice a dead client too, else the client's locks would outlive it.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": str(KEEPALIVE_TIMEOUT_S * 1000),
    "synchronous_commit": "on",
}
_NO_SCHEMA = re.compile(r"permission denied for schema (?P<name>\S+)")
_MIN_VERSION = 130000
"""PostgreSQL 13, the first version with `pg_current_xact_id`."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Timeouts of the server, in whole seconds."""

    lock_s: int = 10
    """Waiting for another writer."""
    statement_s: int = 15
    """For a statement, and for the next statement of a transaction: a replica that freezes while it holds the
    writers' lock must not stop the others."""


_TIMEOUTS = Timeouts()


class Connection(psycopg.Connection[TupleRow]):
    """A connection that closes itself when the server does not answer in time."""

    deadline_s: float | None = ANSWER_S

    def wait(self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None) -> Answer:
        try:
            return super().wait(gen, interval, timeout or self.deadline_s)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()  # it still waits for an answer, so it cannot be used again
            raise


class Address:
    """Where the database is, and its name in messages for people."""

    def __init__(self, url: str, timeouts: Timeouts = _TIMEOUTS, *, read_only: bool = False) -> None:
        self._timeouts = timeouts
        self._read_only = read_only
        try:
            given = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # The driver's message could contain the password.
            raise StoreError("DMS_BOT_DB is no valid postgresql:// address.") from None
        if "@" in f"{given.get('host')}{given.get('hostaddr')}":
            # An unencoded `@` in the password: errors would show the rest of it as the host.
            raise StoreError("DMS_BOT_DB is no valid postgresql:// address: an @ in the password is %40.")
        self.conninfo = make_conninfo("", **{**_CLIENT, **given})
        host, port = given.get("host") or "the local socket", given.get("port") or 5432
        self._user = given.get("user") or "its user"
        self.name = f"The PostgreSQL database {given.get('dbname') or 'by default'} at {host}:{port}"

    def connect(self) -> Connection:
        """Open a connection outside the pool.

        Raises:
            StoreError: the server cannot be reached or refuses.
        """
        try:
            connection = Connection.connect(self.conninfo, autocommit=True)
        except psycopg.Error as error:
            raise StoreError(self.sentence(error)) from error
        try:
            self.set_limits(connection)
        except psycopg.Error as error:
            connection.close()
            raise StoreError(self.sentence(error)) from error
        return connection

    def check_server(self, connection: Connection) -> None:
        """Raises: StoreError, when the server is too old or the database is not in UTF-8."""
        if connection.info.server_version < _MIN_VERSION:
            raise StoreError(f"{self.name} is on a server that is too old: PostgreSQL 13 or newer is needed.")
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise StoreError(f"{self.name} is encoded in {encoding}: make one in UTF8.")

    def sentence(self, error: psycopg.Error) -> str:
        """The error in one sentence for people."""
        code = error.sqlstate or ""
        trouble = _ERROR_SENTENCES.get(code) or _KINDS.get(code[:2])
        if code == "55P03":
            trouble = f"has been locked by another writer for {self._timeouts.lock_s} s"
        if code == "57014":
            trouble = f"did not answer within {self._timeouts.statement_s} s, so nothing was saved"
        if code == "42501":
            trouble = self._lacking(_first_line(error))
        if trouble is None and not code:
            trouble = f"cannot be reached: {_first_line(error)}"
        return f"{self.name} {trouble or 'failed: ' + _first_line(error)}."

    def _lacking(self, words: str) -> str:
        """What to do about a missing privilege, of which the server says `words`.

        Source: https://www.postgresql.org/docs/15/ddl-schemas.html#DDL-SCHEMAS-PATTERNS
        """
        schema = _NO_SCHEMA.search(words)
        if schema is not None:
            name = schema["name"]
            return (
                f"lets {self._user} create no tables ({words}). Since PostgreSQL 15, only the owner of a "
                f"database may do so in the schema public: make {self._user} the owner of the database, or "
                f"run GRANT USAGE, CREATE ON SCHEMA {name} TO {self._user}"
            )
        if words.startswith("must be owner of"):
            return (
                f"cannot be brought up to date by {self._user} ({words}): where the audit belongs to another "
                "user, docs/audit.md says how to upgrade"
            )
        return f"may not be used: {self._user} lacks a privilege ({words})"

    def set_limits(self, connection: psycopg.Connection[TupleRow]) -> None:
        """Set timeouts and keepalives on the server's side.

        With SET instead of start-up options, which poolers on the way refuse.
        """
        waits = {
            "statement_timeout": self._timeouts.statement_s,
            "lock_timeout": self._timeouts.lock_s,
            "idle_in_transaction_session_timeout": self._timeouts.statement_s,
        }
        values = {**{name: f"{seconds}s" for name, seconds in waits.items()}, **_SERVER}
        if self._read_only:
            values["default_transaction_read_only"] = "on"
        settings = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in values.items())
        connection.execute(f"SELECT {settings}".encode())


def check_alive(connection: psycopg.Connection[TupleRow]) -> None:
    """Check without a round trip whether the server has closed an idle connection.

    Raises:
        psycopg.OperationalError: it has been closed.
    """
    if connection.closed:
        raise psycopg.OperationalError("the connection is closed")
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        connection.execute("SELECT 1")


def _first_line(error: psycopg.Error) -> str:
    text = error.diag.message_primary or str(error)
    return text.strip().partition("\n")[0].rstrip(".") or type(error).__name__


_ERROR_SENTENCES = {
    "25006": "cannot be written: it is read-only",
    "25P03": "has ended a transaction that stood still for too long, so nothing was saved",
    "3D000": "does not exist",
    "53100": "is on a disk that is full, so nothing was saved",
    "53300": "has no connection left",
    "57P01": "is being shut down",
    "57P02": "has crashed and is being restarted",
    "57P03": "is still starting up",
}
_KINDS = {
    "28": "does not let its user in: see the name and the password",
    "58": "is on a disk that does not read or write, so nothing was saved",
    "XX": "is damaged: restore it from a backup",
}
