"""Ends what a restored database would still send, so that no call is made twice."""

from __future__ import annotations

from datetime import datetime

from bot.requests.outcomes import enqueue_outcome
from bot.requests.queries import mark_messages_dirty
from bot.requests.run_ledger import audit_entry
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.store import Store
from bot.store.records import ACTIVE_RUNS, AuditEntry, Request, RequestState, RunState

_NOTE = (
    "The bot's database was restored from a backup, in which this had not ended. It is not "
    "known whether it was applied: check the job before you try again."
)
_SCHEDULE_NOTE = (
    "The bot's database was restored from a backup, in which this was scheduled. It may have been carried "
    "out or cancelled since, so it is not sent."
)
_MOST = 1_000_000


def end_unfinished(store: Store, now: datetime) -> None:
    """End every active run as unclear, with an audit row, and every scheduled request as out of date; also
    those that cannot be read, which the version that wrote them would send.

    Its call may have been made after the backup, by the bot on the replaced database. The next start would
    recover the run and might call again. The follower closes the requests.

    Raises:
        StoreError.
    """
    with store.transaction():
        unread = LeftOut()
        for run in store.runs(states=ACTIVE_RUNS, limit=_MOST, skip=unread):
            store.move_run(run.id, [run.state], RunState.UNCLEAR, ended=now, note=_NOTE)
            request = store.request(run.request, pass_over)
            if request is None:
                store.append_audit(_of_unread(now, RunState.UNCLEAR, run.job, run.request, run.id))
                continue
            job, event = request.job(run.job), RunState.UNCLEAR.value
            store.append_audit(audit_entry(now, run, request, event, job, _NOTE))
            mark_messages_dirty(store, request.id)
        for id in unread.keys:
            name, asked = store.end_unread_run(id, RunState.UNCLEAR, now, _NOTE)
            store.append_audit(_of_unread(now, RunState.UNCLEAR, name, asked, id))
        unread = LeftOut()
        for request in store.requests([RequestState.SCHEDULED], limit=_MOST, skip=unread):
            _end_scheduled(store, request, now)
        for id in unread.keys:
            _end_unread(store, id, now)


def _end_unread(store: Store, id: str, now: datetime) -> None:
    states = [RequestState.SCHEDULED]
    for name in store.end_unread_request(id, states, RequestState.OUTDATED, now, _SCHEDULE_NOTE):
        store.append_audit(_of_unread(now, RequestState.OUTDATED, name, id))


def _of_unread(
    now: datetime, event: RunState | RequestState, job: str, request: str, run: str = ""
) -> AuditEntry:
    """Without the person and the action, which are not known."""
    detail = _NOTE if run else _SCHEDULE_NOTE
    return AuditEntry(at=now, event=event.value, job=job, request=request, run=run, detail=detail)


def _end_scheduled(store: Store, request: Request, now: datetime) -> None:
    moved = store.move_request(
        request.id, [request.state], RequestState.OUTDATED, ended=now, note=_SCHEDULE_NOTE
    )
    if moved is None:
        return
    for job in request.jobs:
        store.append_audit(
            AuditEntry(
                at=now,
                event=RequestState.OUTDATED.value,
                team=request.by.audit_team,
                action=request.action,
                job=job.name,
                job_create_time=job.create_time.isoformat(),
                job_status=job.status,
                request=request.id,
                detail=_SCHEDULE_NOTE,
            )
        )
    mark_messages_dirty(store, request.id)
    enqueue_outcome(store, moved, now)
