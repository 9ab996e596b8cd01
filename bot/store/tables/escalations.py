"""Alerts that somebody has to acknowledge."""

from __future__ import annotations

from datetime import datetime

from bot.store.codec import time_text
from bot.store.records import Escalation
from bot.store.table import Skip, Table, Where
from bot.store.tables.base import TableGroup

_ESCALATIONS = Table(
    "escalations", Escalation, fixed=("id", "rule", "channel", "group", "message", "started")
)
_ADD = _ESCALATIONS.insert()


class EscalationTable(TableGroup):
    def add_escalation(self, escalation: Escalation) -> None:
        self._db.change(_ADD, _ESCALATIONS.values(escalation))

    def escalation(self, id: str) -> Escalation | None:
        return self._one_escalation(Where().add("id = ?", id))

    def escalation_of(self, message: str) -> Escalation | None:
        """The newest one whose first message has this key in the outbox."""
        return self._one_escalation(Where().add("message = ?", message))

    def open_escalations(self, channel: str = "", skip: Skip | None = None) -> tuple[Escalation, ...]:
        """Those that nobody has acknowledged and that are not over, oldest first."""
        where = Where().equal(channel=channel).add("ended IS NULL")
        rows = self._db.rows(_ESCALATIONS.select(where, "ORDER BY seq"), where.params)
        return _ESCALATIONS.records(rows, skip)

    def escalations_since(
        self, channel: str, since: datetime, skip: Skip | None = None
    ) -> tuple[Escalation, ...]:
        """Those of a channel that are open, or have ended since then, oldest first."""
        where = Where().equal(channel=channel).add("(ended IS NULL OR ended >= ?)", time_text(since))
        rows = self._db.rows(_ESCALATIONS.select(where, "ORDER BY seq"), where.params)
        return _ESCALATIONS.records(rows, skip)

    def reopen_escalation(self, id: str, events: tuple[int, ...], next_at: datetime | None) -> None:
        """Go on with one that was over before anybody acknowledged it."""
        values = _ESCALATIONS.changes({"events": events, "next_at": next_at, "ended": None})
        where = Where().add("id = ?", id).add("acknowledged_by = ''")
        with self._db.write():
            self._db.rows(_ESCALATIONS.update(values, where), [*values.values(), *where.params])

    def change_escalation(self, id: str, **changes: object) -> Escalation | None:
        """Change an open one; None where it has been acknowledged or has ended already."""
        values = _ESCALATIONS.changes(changes)
        where = Where().add("id = ?", id).add("ended IS NULL")
        with self._db.write():
            row = self._db.row(_ESCALATIONS.update(values, where), [*values.values(), *where.params])
        return None if row is None else _ESCALATIONS.record(row)

    def _one_escalation(self, where: Where) -> Escalation | None:
        row = self._db.row(_ESCALATIONS.select(where, "ORDER BY seq DESC LIMIT 1"), where.params)
        return None if row is None else _ESCALATIONS.record(row)
