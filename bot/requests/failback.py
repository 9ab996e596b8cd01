"""What people must know of ways back, and of jobs that promote by themselves, before they confirm.

Sources: the guide for SQL Server to AlloyDB, failback: a job of its own replicates from PostgreSQL back to
SQL Server. It needs the original job, is prepared before that is promoted, and is started after. REST schema
`MigrationJob`, `purpose`, `originalMigrationName` and `promoteWhenReady`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.dms.engines import goes_back, loads_tables
from bot.dms.model import Job, State
from bot.dms.port import Reads
from bot.dms.rest_fields import RestFields
from bot.dms.rules import Action
from bot.requests.seen import read_by_job

_MAX_READ = 20
"""Jobs that are read to find out whether they belong to another one."""
NOT_ALL_READ = "*Not all jobs can be read from the database*: a failback job may belong to it."
_ACTIONS = frozenset({Action.PROMOTE, Action.DELETE})


def failback_warnings(
    dms: Reads, action: Action, jobs: Sequence[Job], all_known: Callable[[], Sequence[Job]]
) -> tuple[str, ...]:
    """Sentences for the confirmation; `all_known` returns all jobs that the bot knows.

    Only jobs from or to SQL Server are read: no others have these fields.
    """
    concerned = [job for job in jobs if job.source.engine == "SQLSERVER" or goes_back(job)]
    if action not in _ACTIONS or not concerned:
        return ()
    fields = read_by_job(dms.rest_fields, concerned)
    originals = _originals(dms, all_known()) if any(map(_may_fail_back, concerned)) else frozenset()
    lines: dict[str, None] = {}
    for job in concerned:
        lines.update(dict.fromkeys(warnings(action, job, fields.get(job.name), job.name in originals)))
    return tuple(lines)


def warnings(action: Action, job: Job, fields: RestFields | None, has_failback: bool) -> tuple[str, ...]:
    """Sentences about one job.

    `fields` is None if they could not be read. `has_failback` says whether another job replicates back from
    this one.
    """
    lines = []
    if fields is not None and fields.failback:
        lines.append(_of_failback(action))
    if fields is not None and fields.promotes_when_ready and job.state == State.RUNNING:
        lines.append("*It promotes its databases by itself* when they are ready (`promoteWhenReady`).")
    if fields is not None and fields.availability_group and action is Action.PROMOTE:
        lines.append(
            "*It replicates through an availability group* (`dagConfig`), which only DMS's API documents: "
            "what is said here of backup files and logs may not be true of it."
        )
    if _may_fail_back(job):
        lines.append(_of_original(action, has_failback))
    return tuple(lines)


def _of_failback(action: Action) -> str:
    if action is Action.DELETE:
        return "*This is a failback job*: without it, nothing is replicated back to the old source."
    return "*This is a failback job*: its promotion makes the old source the primary database again."


def _of_original(action: Action, has_failback: bool) -> str:
    if action is Action.PROMOTE:
        if has_failback:
            return "Its failback job is prepared: start that one once this promotion has ended."
        return (
            "*Do you want a way back?* A failback job has to be prepared before this promotion, and is "
            "started after it. None is known here."
        )
    if has_failback:
        return "*A failback job belongs to it*, and needs this job: with it, the way back is lost."
    return "A failback job, which replicates back to the source, would need this job."


def _may_fail_back(job: Job) -> bool:
    """Whether DMS offers a way back for jobs like this one."""
    return job.source.engine == "SQLSERVER" and loads_tables(job) and job.state != State.DRAFT


def _originals(dms: Reads, known: Sequence[Job]) -> frozenset[str]:
    """Full names of the jobs that failback jobs belong to."""
    back = [job for job in known if goes_back(job)][:_MAX_READ]
    return frozenset(fields.original for fields in read_by_job(dms.rest_fields, back).values())
