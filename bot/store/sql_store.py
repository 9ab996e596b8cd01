"""The store: portable SQL over SQLite or PostgreSQL."""

from __future__ import annotations

from contextlib import AbstractContextManager

from bot.store.port import Lock
from bot.store.tables.audit import AuditTables
from bot.store.tables.cutovers import CutoverTables
from bot.store.tables.escalations import EscalationTable
from bot.store.tables.freezes import FreezeTable
from bot.store.tables.jobs import JobTables
from bot.store.tables.maintenance import MaintenanceTables
from bot.store.tables.outbox import OutboxTable
from bot.store.tables.refs import TokenTables
from bot.store.tables.requests import RequestTables
from bot.store.tables.runs import RunTable
from bot.store.tables.subscriptions import WatchTable
from bot.store.tables.webhooks import WebhookTable


class Store(
    TokenTables,
    RequestTables,
    RunTable,
    FreezeTable,
    AuditTables,
    JobTables,
    OutboxTable,
    WatchTable,
    EscalationTable,
    CutoverTables,
    WebhookTable,
    MaintenanceTables,
):
    """All tables. Behaves alike on SQLite and PostgreSQL, and is thread-safe.

    Every method is one transaction, or part of the one that its thread has open. Writers are serialised: what
    a write transaction reads stays true until it ends.

    Raises: StoreError, from every method.
    """

    def transaction(self) -> AbstractContextManager[None]:
        """Run the block as one transaction. May be nested; rolled back on an exception.

        An exception that leaves a nested transaction, and a StoreError from any call, roll back the whole
        transaction, even where it is caught further out. After JobLocked nothing has changed, and the
        transaction may go on.
        """
        return self._db.write()

    def try_lock(self, name: str) -> Lock | None:
        """Take the lock `name`; None where somebody else has it."""
        return self._db.try_lock(name)

    def is_locked(self, name: str) -> bool:
        return self._db.is_locked(name)

    def close(self) -> None:
        self._db.close()
