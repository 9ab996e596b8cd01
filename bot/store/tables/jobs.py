"""Job snapshots and events of the watcher."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.dms.model import Database, Fault, ObjectId, ObjectState
from bot.dms.running_errors import faulty_of
from bot.store.codec import clean, time_text
from bot.store.records import Event, JobSnapshot
from bot.store.table import Skip, Table, Where
from bot.store.tables.base import TableGroup

_SNAPSHOTS = Table("known_jobs", JobSnapshot)
_SAVE = _SNAPSHOTS.upsert("name", extra=("name",))
_NAMED = f"SELECT name, {_SNAPSHOTS.columns} FROM known_jobs"  # noqa: S608 - names alone
_EVENTS = Table("events", Event, generated=("id",))
_ADD_EVENT = _EVENTS.insert("RETURNING id")
_BATCH = 500
"""Maximum number of names or IDs in a query, as databases limit parameters. For more names, all candidates
are read."""
_MAY_BE_FAULTY = ("%FAILED%", "%/error: %")
"""Prefilter that skips nearly all jobs; false matches, by a database's name, are sorted out afterwards."""


class JobTables(TableGroup):
    def known_jobs(self, skip: Skip | None = None) -> dict[str, JobSnapshot]:
        """Snapshots by full resource name, which is also the key of the errors that `skip` takes."""
        found: dict[str, JobSnapshot] = {}
        for name, *row in self._db.rows(_NAMED):
            snapshot = _SNAPSHOTS.readable(tuple(row), skip, name)
            if snapshot is not None:
                found[name] = snapshot
        return found

    def known_names(self) -> tuple[str, ...]:
        """Full resource names of all known jobs."""
        return tuple([row[0] for row in self._db.rows("SELECT name FROM known_jobs ORDER BY name")])

    def known_twins(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Full resource names of the known jobs that have one of these IDs, wherever they are.

        Most answers need no more to name a job. Reading all names takes as long as ten thousand waits for the
        interpreter.
        """
        asked = dict.fromkeys(ids)
        if not asked:
            return ()
        where = Where()
        if len(asked) <= _BATCH:
            where.one_of("job_id", asked)
        rows = self._db.rows(f"SELECT name, job_id FROM known_jobs{where} ORDER BY name", where.params)  # noqa: S608
        return tuple([name for name, job_id in rows if job_id in asked])

    def known_run(self, name: str) -> int:
        """The job's run, also if the rest of its row cannot be read; 1 if that cannot be, either."""
        row = self._db.row("SELECT run FROM known_jobs WHERE name = ?", (clean(name),))
        return row[0] if row is not None and isinstance(row[0], int) else 1

    def known_job(self, name: str, skip: Skip | None = None) -> JobSnapshot | None:
        """None as well where `skip` takes the error of a row that cannot be understood."""
        where = Where().add("name = ?", name)
        return _SNAPSHOTS.readable(self._db.row(_SNAPSHOTS.select(where), where.params), skip, name)

    def faulty_databases(self, jobs: Sequence[str]) -> dict[str, tuple[Database, ...]]:
        """By full resource name, which databases of these jobs had failed or had an error when last seen,
        whether or not the job still runs; jobs without such are left out."""
        if not jobs:
            return {}
        asked = dict.fromkeys(jobs)
        where = Where().add("(databases LIKE ? OR databases LIKE ?)", *_MAY_BE_FAULTY)
        if len(asked) <= _BATCH:
            where.one_of("name", asked)
        rows = self._db.rows(f"SELECT name, databases FROM known_jobs{where}", where.params)  # noqa: S608
        found = {str(name): _faulty_of(text) for name, text in rows if name in asked}
        return {name: faulty for name, faulty in found.items() if faulty}

    def save_known(self, jobs: Iterable[JobSnapshot]) -> None:
        rows = [[*_SNAPSHOTS.values(each), clean(each.job.name)] for each in jobs]
        if rows:
            self._db.many(_SAVE, rows)

    def forget_job(self, name: str) -> None:
        self._db.change("DELETE FROM known_jobs WHERE name = ?", (clean(name),))

    def add_event(self, event: Event) -> Event:
        """Add an event. Returns it with its id."""
        with self._db.write():
            row = self._db.rows(_ADD_EVENT, _EVENTS.values(event))[0]
        return replace(event, id=int(row[0]))

    def events(
        self,
        job: str = "",
        create_time: datetime | None = None,
        after_id: int = 0,
        limit: int = 200,
        since: datetime | None = None,
        skip: Skip | None = None,
    ) -> tuple[Event, ...]:
        """The newest `limit` events, oldest first; of all jobs when none is named."""
        where = Where().equal(job=job).add("id > ?", after_id)
        if since is not None:
            where.add("at >= ?", time_text(since))
        if create_time is not None:
            where.add("create_time = ?", time_text(create_time))
        rows = self._db.rows(_EVENTS.select_latest(where, "id"), [*where.params, limit])
        return _EVENTS.records(rows, skip)

    def event(self, id: int, skip: Skip | None = None) -> Event | None:
        """None as well where `skip` takes the error of a row that cannot be understood."""
        where = Where().add("id = ?", id)
        return _EVENTS.readable(self._db.row(_EVENTS.select(where), where.params), skip)

    def events_of(self, ids: Iterable[int], skip: Skip | None = None) -> tuple[Event, ...]:
        """Those of the events with these IDs that there are, in the order of the IDs."""
        asked = list(dict.fromkeys(map(int, ids)))
        found: dict[int, Event] = {}
        for at in range(0, len(asked), _BATCH):
            where = Where().one_of("id", asked[at : at + _BATCH])
            rows = self._db.rows(_EVENTS.select(where), where.params)
            found |= {each.id: each for each in _EVENTS.records(rows, skip)}
        return tuple([found[id] for id in asked if id in found])


def _faulty_of(text: str) -> tuple[Database, ...]:
    """What cannot be read counts as an error: it is of a job that had one."""
    try:
        return faulty_of(json.loads(text))
    except (ValueError, TypeError, AttributeError):
        fault = Fault(0, "what the database of this bot has of it cannot be read")
        return (Database("", ObjectId("cannot be read from the database"), ObjectState.RUNNING, "", fault),)
