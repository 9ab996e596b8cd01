"""The phases before the full dump of a MySQL source on RDS or Aurora, or without SUPERUSER.

The job waits until people have stopped writes to the source, prepares the dump, and starts it; then writes
may resume. Sources: "Migration job statuses" (MySQL), status Running: "For MySQL RDS or sources with no
SUPERUSER privileges: Waiting for source writes to stop, Preparing the dump"; proto `MigrationJob.Phase`: "the
sources writes stopped, waiting for dump to begin".
"""

from __future__ import annotations

from sandbox.dms.dump import begin_dump
from sandbox.dms.enums import ENGINES, PROVIDERS
from sandbox.dms.model import Database, Job
from sandbox.dms.world import World

WAITING = "WAITING_FOR_SOURCE_WRITES_TO_STOP"
PREPARING = "PREPARING_THE_DUMP"
BEFORE_THE_DUMP = (WAITING, PREPARING)
PREPARATION_SECONDS = 20.0
_MANAGED = (PROVIDERS["RDS"], PROVIDERS["AURORA"])
_GOES_ON = ("RUNNING", "UPDATING")


def run(world: World, job: Job, databases: list[Database], at: float) -> None:
    """Set the first phase of a job that was started or restarted."""
    if not _waits(job):
        job.put("RUNNING", "FULL_DUMP", at)
        begin_dump(world, job, databases, at)
        return
    for database in databases:
        database.put("NOT_STARTED", "PHASE_UNSPECIFIED", at)
    job.put("RUNNING", WAITING, at)
    take_up(world, job, databases, at)


def take_up(world: World, job: Job, databases: list[Database], at: float) -> None:
    """Continue from the job's current phase before the dump."""
    job.to_dump = databases
    if job.phase == WAITING:
        writes_stopped(world, job, at)
    elif not job.frozen:
        _prepare(world, job, at)


def writes_stopped(world: World, job: Job, at: float) -> None:
    """Continue a job that waits for writes to stop, if they have stopped."""
    if job.source_writes or job.frozen or job.state not in _GOES_ON or job.phase != WAITING:
        return
    job.put(job.state, PREPARING, at)
    _prepare(world, job, at)


def _prepare(world: World, job: Job, at: float) -> None:
    generation = job.generation

    def dump(when: float) -> None:
        # A stop or deletion since then cancels the plan.
        if job.generation != generation or job.state not in _GOES_ON or job.phase != PREPARING:
            return
        job.put(job.state, "FULL_DUMP", when)
        begin_dump(world, job, [each for each in job.to_dump if each.selected], when)

    world.at(at + PREPARATION_SECONDS, dump)


def _waits(job: Job) -> bool:
    source = job.pb.source_database
    if source.engine != ENGINES["MYSQL"]:
        return False
    return source.provider in _MANAGED or not job.source_superuser
