"""What the portable SQL needs of a database, and how transactions nest. Both databases implement it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from bot.store.codec import ColumnValue
from bot.store.port import Lock, StoreError

Row = tuple[Any, ...]
Params = Sequence[ColumnValue]

READ_ONLY = "The bot's database is open for reading alone."
CLOSED = "The bot's database is closed, as the bot is stopping: try again in a minute."


class Session(Protocol):
    """A connection, inside a transaction or outside. `?` marks a parameter.

    Raises: StoreError, from every method.
    """

    def rows(self, sql: str, params: Params) -> list[Row]: ...

    def change(self, sql: str, params: Params) -> int:
        """Run a write. Returns the number of affected rows."""
        ...

    def many(self, sql: str, rows: Iterable[Params]) -> None: ...


class _OpenTransaction:
    """The write transaction that a thread has open."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.failed = False
        self.committed: list[Callable[[], None]] = []

    def usable(self) -> Session:
        if self.failed:
            raise StoreError("A part of this transaction has failed, so none of it is saved.")
        return self.session


class Backend(ABC):
    """A database with serialised writers, and one (possibly nested) write transaction per thread."""

    def __init__(self) -> None:
        self._here = threading.local()

    @abstractmethod
    def begin_write(self) -> AbstractContextManager[Session]:
        """An exclusive write transaction: commits at the end, rolls back on an exception."""

    @abstractmethod
    def begin_read(self) -> AbstractContextManager[Session]:
        """A read transaction, which sees one state of the database throughout."""

    @abstractmethod
    def autocommit(self) -> AbstractContextManager[Session]:
        """A connection for a single statement."""

    @abstractmethod
    def try_lock(self, name: str) -> Lock | None: ...

    @abstractmethod
    def is_locked(self, name: str) -> bool: ...

    @abstractmethod
    def close(self) -> None: ...

    @contextmanager
    def write(self) -> Iterator[None]:
        """A write transaction, nested in the one that this thread has open, if any."""
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
        for each in mine.committed:
            each()

    def after_commit(self, call: Callable[[], None]) -> None:
        """Have `call` made once the write transaction of this thread is committed; it must not raise."""
        outer = self._current()
        assert outer is not None, "there is no write transaction"
        outer.committed.append(call)

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A session for several reads of one state; that of the open transaction, if there is one."""
        outer = self._current()
        if outer is not None:
            yield outer.usable()
            return
        with self.begin_read() as session:
            yield session

    def rows(self, sql: str, params: Params = ()) -> list[Row]:
        """The rows of a query, or of a write with RETURNING inside `write`."""
        with self._session() as session:
            return session.rows(sql, params)

    def row(self, sql: str, params: Params = ()) -> Row | None:
        """The first row, or None."""
        found = self.rows(sql, params)
        return found[0] if found else None

    def change(self, sql: str, params: Params = ()) -> int:
        """Run a write in a transaction. Returns the number of affected rows."""
        with self.write(), self._session() as session:
            return session.change(sql, params)

    def many(self, sql: str, rows: Iterable[Params]) -> None:
        """Run the same write for each of `rows`, in one transaction."""
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
