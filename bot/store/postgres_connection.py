"""Connections to PostgreSQL that never wait for ever, and what their errors mean."""

from __future__ import annotations

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
"""The client's own deadline, for a server that is frozen or cut off; above the server's."""
KEEPALIVE_TIMEOUT_S = 11
"""After so long without a sign of life either side takes the other for gone: keepalives after 5 s
of quiet, three of them, 2 s apart."""

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
    # The server has to notice a dead client too, or its locks would outlive it.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": str(KEEPALIVE_TIMEOUT_S * 1000),
    "synchronous_commit": "on",
}
_MIN_VERSION = 130000
"""The first server with `pg_current_xact_id`."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the server waits, in whole seconds."""

    lock_s: int = 10
    """For another writer."""
    statement_s: int = 15
    """For a statement, and for the next one of a transaction: a replica that froze while it held the
    writers' lock must not stop the others."""


_TIMEOUTS = Timeouts()


class Connection(psycopg.Connection[TupleRow]):
    """A connection that is closed when the server does not answer in time."""

    deadline_s: float | None = ANSWER_S

    def wait(self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None) -> Answer:
        try:
            return super().wait(gen, interval, timeout or self.deadline_s)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()  # still waiting for an answer: of no more use
            raise


class Address:
    """Where the database is, and how it is named in sentences for people."""

    def __init__(self, url: str, timeouts: Timeouts = _TIMEOUTS) -> None:
        self._timeouts = timeouts
        try:
            given = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # The driver's own words could repeat the password.
            raise StoreError("DMS_BOT_DB is no valid postgresql:// address.") from None
        if "@" in f"{given.get('host')}{given.get('hostaddr')}":
            # A password that is not encoded, cut at its first @: errors would repeat the rest as a host.
            raise StoreError("DMS_BOT_DB is no valid postgresql:// address: an @ in the password is %40.")
        self.conninfo = make_conninfo("", **{**_CLIENT, **given})
        host, port = given.get("host") or "the local socket", given.get("port") or 5432
        self.name = f"The PostgreSQL database {given.get('dbname') or 'by default'} at {host}:{port}"

    def connect(self) -> Connection:
        """A connection of one's own, outside the pool.

        Raises:
            StoreError: there is none to be had.
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
        """Raises: StoreError, when the server is of a kind that cannot be used."""
        if connection.info.server_version < _MIN_VERSION:
            raise StoreError(f"{self.name} is on a server that is too old: PostgreSQL 13 or newer is needed.")
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise StoreError(f"{self.name} is encoded in {encoding}: make one in UTF8.")

    def sentence(self, error: psycopg.Error) -> str:
        """What went wrong, in one sentence."""
        code = error.sqlstate or ""
        trouble = _ERROR_SENTENCES.get(code) or _KINDS.get(code[:2])
        if code == "55P03":
            trouble = f"has been locked by another writer for {self._timeouts.lock_s} s"
        if code == "57014":
            trouble = f"did not answer within {self._timeouts.statement_s} s, so nothing was saved"
        if trouble is None and not code:
            trouble = f"cannot be reached: {_first_line(error)}"
        return f"{self.name} {trouble or 'failed: ' + _first_line(error)}."

    def set_limits(self, connection: psycopg.Connection[TupleRow]) -> None:
        """Deadlines and signs of life on the server's side of the connection.

        With SET rather than as start-up options, which poolers between here and there refuse.
        """
        waits = {
            "statement_timeout": self._timeouts.statement_s,
            "lock_timeout": self._timeouts.lock_s,
            "idle_in_transaction_session_timeout": self._timeouts.statement_s,
        }
        values = {**{name: f"{seconds}s" for name, seconds in waits.items()}, **_SERVER}
        settings = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in values.items())
        connection.execute(f"SELECT {settings}".encode())


def check_alive(connection: psycopg.Connection[TupleRow]) -> None:
    """See whether a connection that should be quiet has been closed by the server; costs no message.

    Raises:
        psycopg.OperationalError: it has.
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
    "42501": "may not be used: its user lacks a privilege",
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
