"""Errors of a job that runs, and what happens once their cause is gone.

"Migration job statuses" (PostgreSQL, SQL Server, Oracle), Running with errors: "Faulty operations will be
retried, and errors clear automatically once the underlying issue is resolved". Failed (PostgreSQL, Oracle)
and "Diagnose issues": some errors "can be fixed and the migration job resumes automatically"; the guides of
MySQL and of SQL Server to Cloud SQL say of Failed that the job needs a restart.
"""

from __future__ import annotations

from typing import Any

from sandbox.dms.dump import begin_dump, enter_cdc
from sandbox.dms.guides import Guide, guide_of
from sandbox.dms.model import Database, Job
from sandbox.dms.world import World

_NEEDS_RESTART = frozenset({Guide.MYSQL, Guide.SQLSERVER})
_RETRIED = ("CDC", "READY_FOR_PROMOTE")
"""Phases of a database that goes on by itself. One that failed in its full dump has to be restarted ("Manage
migration jobs", PostgreSQL: restart failed databases)."""


def clear_later(world: World, job: Job, seconds: float, at: float) -> None:
    """The cause of the job's present error is fixed after scaled seconds."""
    error, generation = job.running_error, job.generation

    def clear(when: float) -> None:
        # A stop in between does not keep people from fixing it. Without an error, the job has failed.
        same = job.generation == generation if error is None else job.running_error is error
        if same:
            fix(job, when, world)

    world.at(at + seconds, clear)


def clear_database_later(world: World, job: Job, database: Database, seconds: float, at: float) -> None:
    """The cause of a database's present error is fixed after scaled seconds."""
    error = database.error

    def clear(when: float) -> None:
        if error is not None and database.error is error:
            _heal(database, when)
            job.touch(when)

    world.at(at + seconds, clear)


def fix(job: Job, at: float, world: World) -> None:
    """The cause of all errors of the job is gone: faulty operations succeed, and a failed job goes on if its
    guide says so."""
    if job.state == "FAILED":
        _go_on(world, job, at)
        return
    set_running_error(job, None)
    for database in job.selected():
        _heal(database, at)
    job.touch(at)


def set_running_error(job: Job, error: Any) -> None:
    """What the job tells of while it runs; None clears it."""
    job.running_error = error
    job.show_running_error()


def has_errors(job: Job) -> bool:
    """Whether the status is Running with errors: the job or one of its databases has an error."""
    if job.state != "RUNNING":
        return False
    return job.running_error is not None or any(d.state == "FAILED" or d.error for d in job.selected())


def _heal(database: Database, at: float) -> None:
    if database.state == "FAILED" and database.phase in _RETRIED:
        database.put("RUNNING", database.phase, at)
    elif database.state != "FAILED" and database.error is not None:
        database.put(database.state, database.phase, at)


def _go_on(world: World, job: Job, at: float) -> None:
    if guide_of(job) in _NEEDS_RESTART or job.phase not in ("FULL_DUMP", *_RETRIED):
        return
    failed_at = job.history[-1].since
    failed = [d for d in job.selected() if d.state == "FAILED"]
    job.running_error = None
    job.put("RUNNING", job.phase, at)
    if job.phase == "FULL_DUMP":
        begin_dump(world, job, failed, at)
        return
    for database in failed:
        _heal(database, at)
    enter_cdc(job, at, backlog=at - failed_at)
