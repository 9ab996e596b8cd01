"""The last transaction log file of a SQL Server database, and what follows from it.

"Finalize a migration" (SQL Server): when the service finds a file whose name ends with `.trn.final`, it stops
the continuous load; once it has processed the file, the job's status is Ready to promote. Without such a file
the status never comes. Reference of `SqlServerHomogeneousMigrationJobConfig.promoteWhenReady`: "Promote
databases when ready".
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.dms.guides import Guide, guide_of
from sandbox.dms.model import Database, Job
from sandbox.dms.promotion import promote_databases
from sandbox.dms.world import World

RESTORE_SECONDS = 60.0
_LOADING = ("RUNNING", "UPDATING")


def upload_final_log(world: World, job: Job, names: Sequence[str], at: float) -> None:
    """People put the `.trn.final` file of these databases into the bucket; no names means all of them.

    Raises ValueError for a job that restores no log files, KeyError for an unknown database.
    """
    if guide_of(job) is not Guide.SQLSERVER:
        raise ValueError(f"{job.id} restores no log files: it does not migrate SQL Server to Cloud SQL")
    for database in [job.databases[name] for name in names] or job.selected():
        database.final_log = True
    restore_later(world, job, at)


def restore_later(world: World, job: Job, at: float) -> None:
    """The service finds the files while the load runs. A stopped job reads none ("Manage migration jobs")."""
    if any(database.final_log for database in job.selected()):
        world.at(at + RESTORE_SECONDS, lambda when: _restore(world, job, when))


def _restore(world: World, job: Job, at: float) -> None:
    if job.state not in _LOADING or job.phase != "CDC":
        return
    for database in job.selected():
        if database.final_log and (database.state, database.phase) == ("RUNNING", "CDC"):
            database.put("RUNNING", "READY_FOR_PROMOTE", at)
    open_ones = [d for d in job.selected() if d.state not in ("FAILED", "COMPLETED")]
    if open_ones and all(d.phase == "READY_FOR_PROMOTE" for d in open_ones):
        job.put(job.state, "READY_FOR_PROMOTE", at)
    job.touch(at)
    promote_ready(world, job)


def promote_ready(world: World, job: Job) -> None:
    """Promote the databases that are ready, if the job does that by itself."""
    config = job.rest_only.get("sqlserverHomogeneousMigrationJobConfig") or {}
    ready = [d for d in job.selected() if _is_ready(d)]
    if not config.get("promoteWhenReady") or not ready or job.state not in _LOADING:
        return
    if job.active is not None:
        world.at(job.active.due + 1.0, lambda _: promote_ready(world, job))
        return
    promote_databases(world, job, ready)


def _is_ready(database: Database) -> bool:
    return (database.state, database.phase) == ("RUNNING", "READY_FOR_PROMOTE")
