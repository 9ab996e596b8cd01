"""Runs; an active run locks its job. A cancel does not wait for that lock, and has one of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.dms.rules import Action
from bot.store.codec import clean
from bot.store.port import JobLocked
from bot.store.records import ACTIVE_RUNS, Run, RunState
from bot.store.table import Skip, Table, Where
from bot.store.tables.base import TableGroup

_RUNS = Table("runs", Run, fixed=("id", "state", "job", "request"))
_ENDED = tuple(each for each in RunState if each not in ACTIVE_RUNS)

# DO NOTHING instead of an error, after which the transaction could not go on. The states are those of the
# index `runs_lock` in its migration: another active state needs a new migration.
_ADD = _RUNS.insert(
    "ON CONFLICT (job, (action = 'cancel')) WHERE state IN ('queued', 'calling', 'following') DO NOTHING"
)


class RunTable(TableGroup):
    def add_run(self, run: Run) -> None:
        """Add a run. Raises: JobLocked, when it is active and the job has another active run."""
        with self._db.write():
            added = self._db.change(_ADD, _RUNS.values(run))
            holder = None if added else self._active(run)
        if holder is not None:
            raise JobLocked(holder)

    def run(self, id: str) -> Run | None:
        where = Where().add("id = ?", id)
        row = self._db.row(_RUNS.select(where), where.params)
        return None if row is None else _RUNS.record(row)

    def runs(
        self,
        request: str = "",
        states: Sequence[RunState] = (),
        job: str = "",
        owner: str = "",
        limit: int = 2000,
        skip: Skip | None = None,
    ) -> tuple[Run, ...]:
        """The newest `limit` runs, in the order in which they were added."""
        where = Where().equal(request=request, job=job, owner=owner).one_of("state", states)
        return _RUNS.records(self._db.rows(_RUNS.select_latest(where, "seq"), [*where.params, limit]), skip)

    def locking_runs(self, job: str, *, cancels: bool = False, skip: Skip | None = None) -> tuple[Run, ...]:
        """The runs of the job that have not ended, oldest first; with `cancels`, the cancels alone. One in a
        state of a newer version cannot be read, and may lock the job."""
        where = Where().add("job = ?", job).none_of("state", _ENDED)
        if cancels:
            where.add("action = ?", str(Action.CANCEL))
        return _RUNS.records(self._db.rows(_RUNS.select(where, "ORDER BY seq"), where.params), skip)

    def move_run(self, id: str, expect: Sequence[RunState], to: RunState, **changes: Any) -> Run | None:
        """Change state (and fields of `Run`) if it is still one of `expect`; None if it is not.

        `expect_owner=…` among the changes makes the move conditional on the present owner, too.

        Raises:
            ValueError: `changes` names no field, or one that never changes (id, job, request).
            JobLocked: an ended run is to become active, and the job has another active run.
        """
        owner = changes.pop("expect_owner", None)
        if not expect:
            return None
        new = _RUNS.changes(changes) | {"state": to.value}
        where = Where().add("id = ?", id).one_of("state", expect)
        if owner is not None:
            where.add("owner = ?", owner)
        with self._db.write():
            holder = self._conflicting(id, expect, to)
            row = None
            if holder is None:
                row = self._db.row(_RUNS.update(new, where), [*new.values(), *where.params])
        if holder is not None:
            raise JobLocked(holder)
        return None if row is None else _RUNS.record(row)

    def end_unread_run(self, id: str, to: RunState, ended: datetime, note: str) -> tuple[str, str]:
        """End a run that cannot be read. Returns its job and its request; both empty if it is not active."""
        new = _RUNS.changes({"ended": ended, "note": note}) | {"state": to.value}
        where = Where().add("id = ?", id).one_of("state", ACTIVE_RUNS)
        with self._db.write():
            found = self._db.row(f"SELECT job, request FROM runs{where}", where.params)  # noqa: S608
            self._db.rows(_RUNS.update(new, where), [*new.values(), *where.params])
        return ("", "") if found is None else (str(found[0]), str(found[1]))

    def _conflicting(self, id: str, expect: Sequence[RunState], to: RunState) -> Run | None:
        """The run that keeps an ended run from becoming active again, if there is one."""
        if to not in ACTIVE_RUNS or all(state in ACTIVE_RUNS for state in expect):
            return None
        run = self.run(id)
        if run is None or run.state not in expect:
            return None
        holder = self._active(run)
        return None if holder is None or holder.id == id else holder

    def _active(self, run: Run) -> Run | None:
        """The run that holds the lock that `run` needs."""
        where = Where().add("job = ?", clean(run.job)).one_of("state", ACTIVE_RUNS)
        where.add(f"action {'=' if run.cancels else '<>'} ?", str(Action.CANCEL))
        row = self._db.row(_RUNS.select(where), where.params)
        return None if row is None else _RUNS.record(row)
