"""The store: the portable SQL over one of the two databases."""

from __future__ import annotations

from contextlib import AbstractContextManager

from bot.store.port import Hold
from bot.store.tables.audit import Audit
from bot.store.tables.freezes import Freezes
from bot.store.tables.known import Known
from bot.store.tables.outbox import Outbox
from bot.store.tables.refs import Refs
from bot.store.tables.requests import Requests
from bot.store.tables.runs import Runs
from bot.store.tables.upkeep import Upkeep
from bot.store.tables.watches import Watches


class SqlStore(Refs, Requests, Runs, Freezes, Audit, Known, Outbox, Watches, Upkeep):
    """A `bot.store.port.Store`, safe to share between threads. Raises: StoreError, from everything."""

    def transaction(self) -> AbstractContextManager[None]:
        return self._db.write()

    def hold(self, name: str) -> Hold | None:
        return self._db.hold(name)

    def is_held(self, name: str) -> bool:
        return self._db.is_held(name)

    def close(self) -> None:
        self._db.close()
