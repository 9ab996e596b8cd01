"""The phases before the full dump of a MySQL source on RDS or Aurora, or without SUPERUSER.

Sources: "Migrate from MySQL on RDS (Aurora) without SUPERUSER privileges": people stop the writes to the
source at "Starting | Waiting for source writes to stop"; the service notices it, and the status becomes
"Running | Preparing the dump"; writes may resume with "Running | Full dump". The service tries to take the
dump for about 20 minutes, and fails if writes have not stopped by then, or resume before the status changes.
"Migration job statuses" (MySQL) lists both phases under Running, so a job that has been started and still
waits is Running here. Proto `MigrationJob.Phase`: "the sources writes stopped, waiting for dump to begin".
"""

from __future__ import annotations

from sandbox.dms.dump import begin_dump
from sandbox.dms.enums import ENGINES, PROVIDERS
from sandbox.dms.errors import make_status
from sandbox.dms.model import Database, Job
from sandbox.dms.world import World

WAITING = "WAITING_FOR_SOURCE_WRITES_TO_STOP"
PREPARING = "PREPARING_THE_DUMP"
BEFORE_THE_DUMP = (WAITING, PREPARING)
PREPARATION_SECONDS = 20.0
PATIENCE_SECONDS = 20 * 60.0
_MANAGED = (PROVIDERS["RDS"], PROVIDERS["AURORA"])
_GOES_ON = ("RUNNING", "UPDATING")
_WRITES = "The initial dump could not be taken: writes to the source database have not stopped."


def run(world: World, job: Job, databases: list[Database], at: float) -> None:
    """Set the first phase of a job that was started or restarted."""
    if not waits(job):
        job.put("RUNNING", "FULL_DUMP", at)
        begin_dump(world, job, databases, at)
        return
    for database in databases:
        database.put("NOT_STARTED", "PHASE_UNSPECIFIED", at)
    job.put("RUNNING", WAITING if job.source_writes else PREPARING, at)
    take_up(world, job, databases, at)


def take_up(world: World, job: Job, databases: list[Database], at: float) -> None:
    """Continue from the job's current phase before the dump."""
    job.to_dump = databases
    if job.frozen:
        return
    if job.phase == PREPARING:
        _prepare(world, job, at)
        return
    writes_changed(world, job, at)
    _lose_patience_later(world, job, at)
    if job.source_writes_pause is not None:
        _pause_writes_later(world, job, job.source_writes_pause, at)


def writes_changed(world: World, job: Job, at: float) -> None:
    """Continue a job that waits for writes to stop, if they have; fail one whose writes resumed too soon."""
    if job.frozen or job.state not in _GOES_ON:
        return
    if job.phase == WAITING and not job.source_writes:
        job.put(job.state, PREPARING, at)
        _prepare(world, job, at)
    elif job.phase == PREPARING and job.source_writes:
        _fail(job, at)


def _prepare(world: World, job: Job, at: float) -> None:
    generation = job.generation

    def dump(when: float) -> None:
        # A stop or deletion since then cancels the plan.
        if job.generation != generation or job.state not in _GOES_ON or job.phase != PREPARING:
            return
        job.put(job.state, "FULL_DUMP", when)
        begin_dump(world, job, [each for each in job.to_dump if each.selected], when)
        if job.source_writes_pause is not None:
            job.source_writes = True

    world.at(at + PREPARATION_SECONDS, dump)


def _lose_patience_later(world: World, job: Job, at: float) -> None:
    generation = job.generation

    def give_up(when: float) -> None:
        if job.generation == generation and job.state in _GOES_ON and job.phase == WAITING:
            _fail(job, when)

    world.at(at + PATIENCE_SECONDS, give_up)


def _pause_writes_later(world: World, job: Job, seconds: float, at: float) -> None:
    generation = job.generation

    def pause(when: float) -> None:
        if job.generation == generation and job.phase == WAITING:
            job.source_writes = False
            writes_changed(world, job, when)

    world.at(at + seconds, pause)


def _fail(job: Job, at: float) -> None:
    job.generation += 1
    job.fail(make_status("FAILED_PRECONDITION", _WRITES), at)


def waits(job: Job) -> bool:
    """Whether the job waits for people to stop the writes to its source."""
    source = job.pb.source_database
    if source.engine != ENGINES["MYSQL"]:
        return False
    return source.provider in _MANAGED or not job.source_superuser
