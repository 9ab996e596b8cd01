"""The full dump: which database is loaded when, and what happens afterwards."""

from __future__ import annotations

import heapq

from sandbox.dms.model import Database, Destination, Job
from sandbox.dms.world import World

WORKERS = {"MIN": 1, "OPTIMAL": 4, "MAX": 8}


def destination_of(world: World, job: Job) -> Destination | None:
    profile = world.profiles.get(job.pb.destination)
    return world.destinations.get(profile.destination) if profile else None


def begin_dump(world: World, job: Job, databases: list[Database], at: float) -> None:
    """Queue `databases` for loading from scaled time `at`; parallelism says how many are loaded at once."""
    free = [at] * WORKERS.get(job.parallel, WORKERS["OPTIMAL"])
    heapq.heapify(free)
    for database in databases:
        database.put("NOT_STARTED", "PHASE_UNSPECIFIED", at)
        database.dump_from = heapq.heappop(free)
        database.dump_until = database.dump_from + database.dump_seconds
        heapq.heappush(free, database.dump_until)
        if job.frozen:
            _load(world, job, database, at)
        else:
            _plan(world, job, database)
    job.touch(at)


def _plan(world: World, job: Job, database: Database) -> None:
    generation = job.generation
    start, end = database.dump_from, database.dump_until
    assert start is not None
    assert end is not None

    def current() -> bool:
        # A stop, restart or removal since then cancels the plan.
        return (
            job.generation == generation
            and job.databases.get(database.name) is database
            and (database.dump_from == start and database.selected and database.state != "FAILED")
        )

    def load(at: float) -> None:
        if current():
            _load(world, job, database, at)

    def loaded(at: float) -> None:
        if current():
            _loaded(world, job, database, at)

    world.at(start, load)
    world.at(end, loaded)


def _load(world: World, job: Job, database: Database, at: float) -> None:
    database.put("RUNNING", "FULL_DUMP", at)
    destination = destination_of(world, job)
    if destination is not None:
        destination.load(database.name)


def _loaded(world: World, job: Job, database: Database, at: float) -> None:
    destination = destination_of(world, job)
    one_time = job.type == "ONE_TIME"
    if destination is not None:
        destination.databases[database.name] = "LOADED" if one_time else "REPLICATING"
    if one_time:
        database.put("COMPLETED", "FULL_DUMP", at)
    else:
        database.put("RUNNING", "CDC", at)
    _finish_dump_if_over(world, job, at)


def finish_dump_if_over(world: World, job: Job, at: float) -> None:
    """Advance the job if nothing is left to dump, for example after a removal."""
    if job.state == "RUNNING" and job.phase == "FULL_DUMP" and not job.frozen:
        _finish_dump_if_over(world, job, at)


def _finish_dump_if_over(world: World, job: Job, at: float) -> None:
    if job.phase != "FULL_DUMP" or job.state not in ("RUNNING", "UPDATING"):
        return
    left = [d for d in job.selected() if d.state not in ("FAILED", "STOPPED")]
    if not left or not all(d.phase == "CDC" or d.state == "COMPLETED" for d in left):
        return
    if job.type == "ONE_TIME":
        job.put("COMPLETED", "PHASE_UNSPECIFIED", at)
        job.ended = at
        destination = destination_of(world, job)
        if destination is not None:
            destination.role = "PRIMARY"
        return
    job.put(job.state, "CDC", at)
    enter_cdc(job, at, backlog=0.3 * max((d.dump_seconds for d in left), default=0.0))


def enter_cdc(job: Job, at: float, backlog: float) -> None:
    """Replication starts `backlog` seconds behind the source."""
    job.cdc_since = at
    job.cdc_backlog = backlog


def void_plan(job: Job) -> None:
    """Cancel everything that is planned for the job's databases."""
    job.generation += 1
