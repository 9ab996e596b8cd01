"""Freezes that people have set."""

from __future__ import annotations

from datetime import datetime

from bot.dms.resource_names import project_of
from bot.store.codec import clean, time_text
from bot.store.records import EVERY_JOB, Freeze, every_job_of
from bot.store.table import Skip, Table, Where
from bot.store.tables.base import TableGroup

_FREEZES = Table("freezes", Freeze)
_ADD = _FREEZES.insert()
_IN_FORCE = "lifted IS NULL AND until > ?"
_FROZEN = f"SELECT DISTINCT job FROM freezes WHERE {_IN_FORCE} ORDER BY job"  # noqa: S608 - our own text
_LIFT = f"UPDATE freezes SET lifted = ?, lifted_by = ? WHERE job = ? AND {_IN_FORCE}"  # noqa: S608 - as above


class FreezeTable(TableGroup):
    def add_freeze(self, freeze: Freeze) -> None:
        self._db.change(_ADD, _FREEZES.values(freeze))

    def freeze(self, id: str) -> Freeze | None:
        where = Where().add("id = ?", id)
        row = self._db.row(_FREEZES.select(where), where.params)
        return None if row is None else _FREEZES.record(row)

    def freezes(self, now: datetime, job: str = "", skip: Skip | None = None) -> tuple[Freeze, ...]:
        """Freezes in force at `now`; with `job`, those that apply to it (its own, its project's and `*`).

        `skip` is for lists that say how many they lack: no change may go on past an unreadable freeze.
        """
        where = Where().add(_IN_FORCE, time_text(now))
        if job:
            where.one_of("job", (job, every_job_of(project_of(job)), EVERY_JOB))
        return _FREEZES.records(self._db.rows(_FREEZES.select(where, "ORDER BY seq"), where.params), skip)

    def frozen_names(self, now: datetime) -> tuple[str, ...]:
        """What is frozen at `now` (see `Freeze.job`), also by freezes that cannot be read."""
        return tuple([str(name) for (name,) in self._db.rows(_FROZEN, (time_text(now),))])

    def lift_freezes(self, job: str, by: str, now: datetime, skip: Skip | None = None) -> tuple[Freeze, ...]:
        """Lift the freezes set on exactly `job` (see `Freeze.job`), and return them; in one transaction. One
        whose error `skip` takes is lifted as well."""
        at = time_text(now)
        where = Where().add(_IN_FORCE, at).add("job = ?", job)
        lifted = _FREEZES.records(self._db.rows(_FREEZES.select(where, "ORDER BY seq"), where.params), skip)
        self._db.change(_LIFT, (at, clean(by), clean(job), at))
        return lifted
