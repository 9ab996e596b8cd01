"""Requests, and the decisions on them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.store.codec import clean, time_text
from bot.store.records import PENDING_REQUESTS, Decision, Request, RequestState
from bot.store.table import Skip, Table, Where
from bot.store.tables.base import TableGroup

_REQUESTS = Table("requests", Request, fixed=("id", "state", "by", "jobs"))
_DECISIONS = Table("decisions", Decision)

_ADD = _REQUESTS.insert(extra=("requester",))
_ADD_JOB = "INSERT INTO request_jobs (job, request) VALUES (?, ?) ON CONFLICT DO NOTHING"
_SHARES_A_JOB = """id IN (SELECT request FROM request_jobs
    WHERE job IN (SELECT job FROM request_jobs WHERE request = ?))"""
_DECIDE = _DECISIONS.insert('ON CONFLICT (request, "user") DO NOTHING')


class RequestTables(TableGroup):
    def add_request(self, request: Request) -> None:
        with self._db.write():
            self._db.change(_ADD, [*_REQUESTS.values(request), clean(request.by.user)])
            self._db.many(_ADD_JOB, [(clean(job.name), clean(request.id)) for job in request.jobs])

    def request(self, id: str, skip: Skip | None = None) -> Request | None:
        """None as well where `skip` takes the error of a row that cannot be understood."""
        where = Where().add("id = ?", id)
        return _REQUESTS.readable(self._db.row(_REQUESTS.select(where), where.params), skip)

    def requests(
        self,
        states: Sequence[RequestState] = (),
        job: str = "",
        by: str = "",
        limit: int = 200,
        skip: Skip | None = None,
    ) -> tuple[Request, ...]:
        """Matching requests, newest first."""
        where = Where().one_of("state", states).equal(requester=by)
        if job:
            where.add("id IN (SELECT request FROM request_jobs WHERE job = ?)", job)
        sql = _REQUESTS.select(where, "ORDER BY seq DESC LIMIT ?")
        return _REQUESTS.records(self._db.rows(sql, [*where.params, limit]), skip)

    def open_sharing_jobs(self, request: str, team: str, now: datetime) -> tuple[str, ...]:
        """Ids of the team's other requests that are open at `now` and share a job with `request` (an id),
        newest first, with those whose team cannot be read. Requests can be large, so none is decoded."""
        where = Where().one_of("state", PENDING_REQUESTS).add("expires > ?", time_text(now))
        where.add("id != ?", request).add(_SHARES_A_JOB, request)
        rows = self._db.rows(f'SELECT id, "by" FROM requests{where} ORDER BY seq DESC', where.params)  # noqa: S608
        return tuple(str(id) for id, by in rows if _team_of(by) in (team, None))

    def move_request(
        self, id: str, expect: Sequence[RequestState], to: RequestState, **changes: Any
    ) -> Request | None:
        """Change state (and fields of `Request`) if it is still one of `expect`; None if it is not.

        Raises:
            ValueError: `changes` names no field, or one that never changes (id, by, jobs).
        """
        if not expect:
            return None
        new = _REQUESTS.changes(changes) | {"state": to.value}
        where = Where().add("id = ?", id).one_of("state", expect)
        with self._db.write():
            row = self._db.row(_REQUESTS.update(new, where), [*new.values(), *where.params])
        return None if row is None else _REQUESTS.record(row)

    def end_unread_request(
        self, id: str, expect: Sequence[RequestState], to: RequestState, ended: datetime, note: str
    ) -> tuple[str, ...]:
        """End a request that cannot be read, if it is in one of the states. Returns its jobs' full names."""
        new = _REQUESTS.changes({"ended": ended, "note": note}) | {"state": to.value}
        where = Where().add("id = ?", id).one_of("state", expect)
        with self._db.write():
            if not self._db.rows(_REQUESTS.update(new, where), [*new.values(), *where.params]):
                return ()
            jobs = self._db.rows("SELECT job FROM request_jobs WHERE request = ? ORDER BY job", (clean(id),))
        return tuple([str(name) for (name,) in jobs])

    def add_decision(self, decision: Decision) -> bool:
        """Add a decision; False when this person has decided on this request already."""
        return self._db.change(_DECIDE, _DECISIONS.values(decision)) == 1

    def decisions(self, request: str, skip: Skip | None = None) -> tuple[Decision, ...]:
        """Decisions on a request, oldest first."""
        where = Where().add("request = ?", request)
        return _DECISIONS.records(self._db.rows(_DECISIONS.select(where, "ORDER BY seq"), where.params), skip)


def _team_of(by: str) -> str | None:
    """None if it cannot be read."""
    try:
        return str(json.loads(by)["team"])
    except (ValueError, TypeError, KeyError):
        return None
