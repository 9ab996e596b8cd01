"""What the portable SQL needs of a database, and how transactions nest; SQLite and PostgreSQL fill it in."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from bot.store.codec import ColumnValue
from bot.store.port import Lock, StoreError

Row = tuple[Any, ...]
Params = Sequence[ColumnValue]

CLOSED = "The bot's database is closed, as the bot is stopping: try again in a minute."


class Session(Protocol):
    """One connection, inside a transaction or on its own. `?` marks a parameter.

    Raises: StoreError, from every method.
    """

    def rows(self, sql: str, params: Params) -> list[Row]: ...

    def change(self, sql: str, params: Params) -> int:
        """How many rows it touched."""
        ...

    def many(self, sql: str, rows: Iterable[Params]) -> None: ...


class _OpenTransaction:
    """The write transaction that a thread has open."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.failed = False

    def usable(self) -> Session:
        if self.failed:
            raise StoreError("A part of this transaction has failed, so none of it is saved.")
        return self.session


class Backend(ABC):
    """A database with serialised writers and one (nested) write transaction a thread."""

    def __init__(self) -> None:
        self._here = threading.local()

    @abstractmethod
    def begin_write(self) -> AbstractContextManager[Session]:
        """A transaction that no other writer shares: commits at its end, rolls back on an exception."""

    @abstractmethod
    def begin_read(self) -> AbstractContextManager[Session]:
        """A transaction that sees one state of the database throughout."""

    @abstractmethod
    def autocommit(self) -> AbstractContextManager[Session]:
        """A connection for one statement."""

    @abstractmethod
    def hold(self, name: str) -> Lock | None: ...

    @abstractmethod
    def is_held(self, name: str) -> bool: ...

    @abstractmethod
    def close(self) -> None: ...

    @contextmanager
    def write(self) -> Iterator[None]:
        """A write transaction, or a part of the one that this thread has open."""
        outer = self._current()
        if outer is None:
            with self._outermost():
                yield
            return
        outer.usable()
        try:
            yield
        except BaseException:
            outer.failed = True
            raise

    @contextmanager
    def _outermost(self) -> Iterator[None]:
        with self.begin_write() as session:
            mine = self._here.open = _OpenTransaction(session)
            try:
                yield
                mine.usable()
            finally:
                self._here.open = None

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A session for several reads of one state; the open transaction's, where there is one."""
        outer = self._current()
        if outer is not None:
            yield outer.usable()
            return
        with self.begin_read() as session:
            yield session

    def rows(self, sql: str, params: Params = ()) -> list[Row]:
        """What a query returns, or a write with RETURNING inside `write`."""
        with self._session() as session:
            return session.rows(sql, params)

    def row(self, sql: str, params: Params = ()) -> Row | None:
        """The first row, or None."""
        found = self.rows(sql, params)
        return found[0] if found else None

    def change(self, sql: str, params: Params = ()) -> int:
        """Carry a write out, in a transaction; how many rows it touched."""
        with self.write(), self._session() as session:
            return session.change(sql, params)

    def many(self, sql: str, rows: Iterable[Params]) -> None:
        """Carry the same write out with each of `rows`, in one transaction."""
        with self.write(), self._session() as session:
            session.many(sql, rows)

    def _current(self) -> _OpenTransaction | None:
        found: _OpenTransaction | None = getattr(self._here, "open", None)
        return found

    @contextmanager
    def _session(self) -> Iterator[Session]:
        outer = self._current()
        if outer is None:
            with self.autocommit() as session:
                yield session
            return
        session = outer.usable()
        try:
            yield session
        except StoreError:
            outer.failed = True
            raise
