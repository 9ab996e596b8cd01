"""The actions on a migration job: their effect on the job, its databases and its destination."""

from __future__ import annotations

from typing import Any

from sandbox.dms import rules, selection
from sandbox.dms.changes import change
from sandbox.dms.dump import begin_dump, destination_of, enter_cdc, void_plan
from sandbox.dms.errors import make_status
from sandbox.dms.logbackups import restore_later
from sandbox.dms.model import Database, Job, Operation
from sandbox.dms.rdsflow import WAITING, run, waits
from sandbox.dms.world import World


def start(world: World, job: Job) -> Operation:
    rules.check(job, "start")
    _check_destination(world, job)
    _check_original(world, job)

    def finish(at: float) -> Job:
        job.started = at
        job.running_error = None
        job.parallel = parallel_level(job)
        void_plan(job)
        refresh_source(world, job, at)
        run(world, job, job.selected(), at)
        return job

    # "Migrate from MySQL on RDS without SUPERUSER": "Starting | Waiting for source writes to stop".
    return change(world, job, "start", "STARTING", finish, phase=WAITING if waits(job) else None)


def _check_original(world: World, job: Job) -> None:
    """ "Failback migrations" (SQL Server): "After the promotion is complete, you can start the failback
    migration process"; it requires access to the original migration job."""
    name = job.rest_only.get("originalMigrationName")
    original = world.find_job(name) if name else None
    if name and (original is None or original.state != "COMPLETED"):
        raise rules.refused(job, "start", f"the original migration job '{name}' has not been promoted")


def _check_destination(world: World, job: Job) -> None:
    """ "Create a migration job to an existing destination" (MySQL, PostgreSQL): the destination is demoted
    before the job starts. "Quick-start migrations don't require or perform destination instance demotion"."""
    destination = destination_of(world, job)
    if destination is None or not destination.existing or destination.role != "PRIMARY":
        return
    if rules.demotes(job):
        raise rules.refused(
            job, "start", f"the existing destination '{destination.name}' must be demoted before the start"
        )


def stop(world: World, job: Job) -> Operation:
    rules.check(job, "stop")
    before = {d.name: d.state for d in job.databases.values()}
    for database in job.selected():
        if database.state in ("RUNNING", "NOT_STARTED"):
            database.put("STOPPING", database.phase, world.now())

    def finish(at: float) -> Job:
        void_plan(job)
        job.put("STOPPED", job.phase, at)
        for database in job.selected():
            if database.state in ("STOPPING", "RUNNING", "NOT_STARTED"):
                database.put("STOPPED", database.phase, at)
        return job

    def revert(at: float) -> None:
        for database in job.selected():
            if database.state == "STOPPING":
                database.put(before[database.name], database.phase, at)

    return change(world, job, "stop", "STOPPING", finish, revert)


def resume(world: World, job: Job) -> Operation:
    rules.check(job, "resume")
    stopped_at = job.history[-1].since

    def finish(at: float) -> Job:
        job.put("RUNNING", job.phase, at)
        for database in job.selected():
            if database.state == "STOPPED":
                database.put("RUNNING", database.phase, at)
        begin_dump(world, job, [d for d in job.selected() if d.state == "NOT_STARTED"], at)
        enter_cdc(job, at, backlog=at - stopped_at)
        restore_later(world, job, at)
        return job

    return change(world, job, "resume", "RESUMING", finish)


def restart(
    world: World, job: Job, objects_filter: dict[str, Any] | None = None, failed_only: bool = False
) -> Operation:
    """Wipe the affected destination databases and dump them again: all, the filtered or the failed ones."""
    partial = objects_filter is not None or failed_only
    rules.check(job, "restart", databases=partial)
    affected = _affected(job, objects_filter, failed_only)
    if job.state == "RUNNING" and partial:
        return _restart_within(world, job, affected)
    return _restart_whole(world, job, affected, everything=not partial)


def _affected(job: Job, objects_filter: dict[str, Any] | None, failed_only: bool) -> list[Database]:
    chosen = job.selected()
    if objects_filter is not None:
        names = set(selection.filtered(job, objects_filter))
        chosen = [d for d in chosen if d.name in names]
    if failed_only:
        chosen = [d for d in chosen if d.state == "FAILED"]
    if job.state == "RUNNING" and (failed_only or objects_filter is not None):
        healthy = [d.name for d in chosen if d.state != "FAILED"]
        if healthy:
            raise rules.refused(
                job, "restart", f"the objects {', '.join(healthy)} have not failed and the job is running"
            )
    if not chosen:
        raise rules.refused(job, "restart", "there are no objects to restart")
    return chosen


def _wipe(world: World, job: Job, databases: list[Database], at: float) -> None:
    destination = destination_of(world, job)
    for database in databases:
        database.put("RESTARTING", "PHASE_UNSPECIFIED", at)
        database.dump_from = database.dump_until = None
        database.final_log = False
        if destination is not None:
            destination.wipe(database.name)


def _restart_within(world: World, job: Job, affected: list[Database]) -> Operation:
    before = {d.name: (d.state, d.phase, d.error) for d in affected}
    _wipe(world, job, affected, world.now())

    def finish(at: float) -> Job:
        job.parallel = parallel_level(job)
        begin_dump(world, job, [d for d in affected if d.selected], at)
        return job

    def revert(at: float) -> None:
        for database in affected:
            state, phase, error = before[database.name]
            database.put(state, phase, at, error)

    return change(world, job, "restart", None, finish, revert)


def _restart_whole(world: World, job: Job, affected: list[Database], *, everything: bool) -> Operation:
    void_plan(job)
    at_first = world.now()
    _wipe(world, job, affected, at_first)

    def finish(at: float) -> Job:
        dump = list(affected)
        if everything:
            refresh_source(world, job, at)
            dump = job.selected()
        job.started = at
        job.running_error = job.cdc_since = None
        job.parallel = parallel_level(job)
        for database in job.selected():
            # Databases that were loaded before continue to replicate; the others must be restarted.
            if database not in dump and database.state == "STOPPED" and database.phase == "CDC":
                database.put("RUNNING", "CDC", at)
        run(world, job, dump, at)
        return job

    def revert(at: float) -> None:
        for database in affected:
            database.put("FAILED", "PHASE_UNSPECIFIED", at)

    return change(world, job, "restart", "RESTARTING", finish, revert)


def delete(world: World, job: Job, force: bool) -> Operation:
    """Remove the job; with `force` also the destination of an unfinished job.

    Reference of `DeleteMigrationJobRequest.force`: "The destination CloudSQL connection profile is always
    deleted with the migration job. In case of force delete, the destination CloudSQL replica database is also
    deleted." Of AlloyDB it says nothing. The service's agent may delete clusters ("Roles and permissions"),
    so the cluster goes here, which is the worse case, and the profile stays. "Manage migration jobs": of a
    completed job only the record goes.
    """
    rules.check(job, "delete")
    if job.active is not None:
        # Delete does not wait for a running operation, which then has nothing left to change.
        because = make_status("CANCELLED", f"The migration job '{job.name}' is being deleted.")
        world.cancel(job.active, because)
    completed = job.state == "COMPLETED"

    def finish(at: float) -> None:
        void_plan(job)
        job.put("DELETED", job.phase, at)
        destination = destination_of(world, job)
        if destination is not None and destination.provider == "CLOUDSQL":
            world.profiles.pop(job.pb.destination, None)
        if destination is not None and force and not completed:
            destination.exists = False
            destination.databases.clear()
        world.drop_job(job)

    return change(world, job, "delete", "DELETING", finish)


def demote(world: World, job: Job) -> Operation:
    """Make the destination a read replica of the source; what it holds stays.

    Source: reference of `demoteDestination`; "Create a migration job to an existing destination".
    """
    rules.check(job, "demote the destination of")

    def finish(at: float) -> Job:
        destination = destination_of(world, job)
        if destination is not None:
            destination.role, destination.demoted = "REPLICA", True
        job.touch(at)
        return job

    return change(world, job, "demoteDestination", None, finish)


def fetch_source(world: World, job: Job) -> Operation:
    """List the source's databases again, so that the job's objects show what it has now."""
    rules.check(job, "fetch the source objects of")

    def finish(at: float) -> None:
        refresh_source(world, job, at)

    return world.begin(
        "fetchSourceObjects",
        job.name,
        finish,
        lambda _: None,
        error=world.take_outcome(job, "fetchSourceObjects"),
    )


def refresh_source(world: World, job: Job, at: float) -> None:
    profile = world.profiles.get(job.pb.source)
    if profile is None:
        return
    job.known_source = list(profile.databases)
    wanted = set(selection.wanted(job.selection, job.known_source))
    for name in job.known_source:
        if name not in job.databases:
            state = "NOT_STARTED" if name in wanted else "NOT_SELECTED"
            job.databases[name] = Database(name, state, created=at, updated=at)
    gone = [n for n, d in job.databases.items() if n not in job.known_source and not d.selected]
    for name in gone:
        del job.databases[name]


def parallel_level(job: Job) -> str:
    """The dump parallelism configured now; a running dump keeps the one it started with."""
    config = job.pb.performance_config
    name = config.DumpParallelLevel.Name(config.dump_parallel_level)
    return "OPTIMAL" if name == "DUMP_PARALLEL_LEVEL_UNSPECIFIED" else str(name)
