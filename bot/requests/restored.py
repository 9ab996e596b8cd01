"""Ends the runs of a restored database, so that no call is made twice."""

from __future__ import annotations

from datetime import datetime

from bot.dms.model import Job
from bot.requests.queries import approval_key, request_key
from bot.store import Store
from bot.store.records import ACTIVE_RUNS, AuditEntry, Request, Run, RunState

_NOTE = (
    "The bot's database was restored from a backup, in which this had not ended. It is not known whether it "
    "was applied: look at the job before trying again."
)
_MOST = 1_000_000


def end_unfinished(store: Store, now: datetime) -> None:
    """End every active run as unclear, with an audit row.

    Its call may have been made after the backup, by the bot on the replaced database. The next start would
    recover the run and might call again. The follower closes the requests.

    Raises:
        StoreError.
    """
    with store.transaction():
        for run in store.runs(states=ACTIVE_RUNS, limit=_MOST):
            store.move_run(run.id, [run.state], RunState.UNCLEAR, ended=now, note=_NOTE)
            request = store.request(run.request)
            if request is None:
                continue
            store.append_audit(_entry(run, request, request.job(run.job), now))
            store.mark_dirty(request_key(request.id))
            store.mark_dirty(approval_key(request.id))


def _entry(run: Run, request: Request, job: Job, now: datetime) -> AuditEntry:
    return AuditEntry(
        at=now,
        event=RunState.UNCLEAR.value,
        user=request.by.user,
        team=request.by.team,
        channel=request.by.channel,
        action=run.action,
        job=run.job,
        job_create_time=job.create_time.isoformat(),
        job_status=job.status,
        request=request.id,
        run=run.id,
        operation=run.operation,
        detail=_NOTE,
    )
