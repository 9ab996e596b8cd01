"""The store: the portable SQL over one of the two databases."""

from __future__ import annotations

from contextlib import AbstractContextManager

from bot.store.port import Lock
from bot.store.tables.audit import AuditTables
from bot.store.tables.freezes import FreezeTable
from bot.store.tables.jobs import JobTables
from bot.store.tables.maintenance import Maintenance
from bot.store.tables.outbox import OutboxTable
from bot.store.tables.refs import TokenTables
from bot.store.tables.requests import RequestTables
from bot.store.tables.runs import RunTable
from bot.store.tables.subscriptions import WatchTable


class Store(
    TokenTables,
    RequestTables,
    RunTable,
    FreezeTable,
    AuditTables,
    JobTables,
    OutboxTable,
    WatchTable,
    Maintenance,
):
    """SQLite and PostgreSQL answer alike; safe to share between threads.

    Every method is one transaction, or takes part in the one that the same thread has open. Writers are
    serialised: what a transaction reads stays true until it ends.

    Raises: StoreError, from every method.
    """

    def transaction(self) -> AbstractContextManager[None]:
        """Make the calls inside one transaction. May be nested; rolled back on an exception.

        An exception that leaves a nested transaction, and a StoreError from any call, roll back the
        whole, even where somebody catches it further out. JobLocked from a method changes nothing,
        and the transaction may go on.
        """
        return self._db.write()

    def try_lock(self, name: str) -> Lock | None:
        """Take the lock `name`, or None when it is taken."""
        return self._db.hold(name)

    def is_locked(self, name: str) -> bool:
        return self._db.is_held(name)

    def close(self) -> None:
        self._db.close()
