"""Cutovers, and their logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.store.codec import clean, time_text
from bot.store.cutover import ENDED_CUTOVERS, Cutover, CutoverEntry, CutoverState
from bot.store.table import Skip, Table, Where
from bot.store.tables.base import TableGroup

_CUTOVERS = Table("cutovers", Cutover, fixed=("id", "team", "by", "created", "rehearsal"))
_LOG = Table("cutover_log", CutoverEntry, generated=("id",))
_ADD = _CUTOVERS.insert()
_ADD_JOB = "INSERT INTO cutover_jobs (job, cutover) VALUES (?, ?) ON CONFLICT DO NOTHING"
_LOG_ADD = _LOG.insert("RETURNING id")
_JOBS = "SELECT job FROM cutover_jobs WHERE cutover = ? ORDER BY job"


class CutoverTables(TableGroup):
    def add_cutover(self, cutover: Cutover) -> None:
        with self._db.write():
            self._db.change(_ADD, _CUTOVERS.values(cutover))
            self._db.many(_ADD_JOB, [(name, cutover.id) for name in cutover.plan.jobs])

    def cutover(self, id: str) -> Cutover | None:
        where = Where().add("id = ?", id)
        row = self._db.row(_CUTOVERS.select(where), where.params)
        return None if row is None else _CUTOVERS.record(row)

    def cutovers(
        self,
        states: Sequence[CutoverState] = (),
        job: str = "",
        limit: int = 200,
        since: datetime | None = None,
        skip: Skip | None = None,
    ) -> tuple[Cutover, ...]:
        """Those in one of these states, newest first; where none is named, those that have not ended, also in
        states of a newer version. With `since`, those that entered their state later."""
        where = Where().one_of("state", states) if states else Where().none_of("state", ENDED_CUTOVERS)
        if since is not None:
            where.add("since > ?", time_text(since))
        if job:
            where.add("id IN (SELECT cutover FROM cutover_jobs WHERE job = ?)", job)
        sql = _CUTOVERS.select(where, "ORDER BY created DESC, id LIMIT ?")
        return _CUTOVERS.records(self._db.rows(sql, [*where.params, limit]), skip)

    def jobs_of_cutover(self, id: str) -> tuple[str, ...]:
        """Full names of its jobs, also if it cannot be read; empty if there is no such cutover."""
        return tuple([str(name) for (name,) in self._db.rows(_JOBS, (clean(id),))])

    def change_cutover(self, cutover: Cutover, **changes: Any) -> Cutover | None:
        """Change it if it is still as it was read; None where somebody was first.

        Raises:
            ValueError: `changes` names no field, or one that never changes.
        """
        values = _CUTOVERS.changes({**changes, "rev": cutover.rev + 1})
        where = Where().add("id = ?", cutover.id).add("rev = ?", cutover.rev)
        with self._db.write():
            row = self._db.row(_CUTOVERS.update(values, where), [*values.values(), *where.params])
        return None if row is None else _CUTOVERS.record(row)

    def add_cutover_entry(self, entry: CutoverEntry) -> CutoverEntry:
        """Add a line to the log; returns it with its ID."""
        with self._db.write():
            row = self._db.row(_LOG_ADD, _LOG.values(entry))
        assert row is not None
        return replace(entry, id=int(row[0]))

    def cutover_entry(self, id: int) -> CutoverEntry | None:
        where = Where().add("id = ?", id)
        row = self._db.row(_LOG.select(where), where.params)
        return None if row is None else _LOG.record(row)

    def cutover_log(self, cutover: str) -> tuple[CutoverEntry, ...]:
        """Its log, oldest first."""
        where = Where().add("cutover = ?", cutover)
        return _LOG.records(self._db.rows(_LOG.select(where, "ORDER BY id"), where.params))
