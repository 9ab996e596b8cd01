"""Subscriptions to notifications."""

from __future__ import annotations

from bot.store.codec import clean
from bot.store.records import Watch
from bot.store.table import Skip, Table, Where
from bot.store.tables.base import TableGroup

_WATCHES = Table("watches", Watch)
_ADD = _WATCHES.insert()


class WatchTable(TableGroup):
    def add_watch(self, watch: Watch) -> None:
        self._db.change(_ADD, _WATCHES.values(watch))

    def remove_watch(self, id: str) -> bool:
        return self._db.change("DELETE FROM watches WHERE id = ?", (clean(id),)) == 1

    def watches(self, target: str = "", by: str = "", skip: Skip | None = None) -> tuple[Watch, ...]:
        where = Where().equal(target=target, by=by)
        return _WATCHES.records(self._db.rows(_WATCHES.select(where, "ORDER BY seq"), where.params), skip)
