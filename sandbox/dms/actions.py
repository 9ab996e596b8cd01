"""The actions on a migration job: their effect on the job, its databases and its destination."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.dms import rules, selection
from sandbox.dms.dump import begin_dump, destination_of, enter_cdc, finish_dump_if_over, void_plan
from sandbox.dms.errors import invalid, make_status
from sandbox.dms.model import Database, Job, Operation
from sandbox.dms.rdsflow import run
from sandbox.dms.world import World


def start(world: World, job: Job) -> Operation:
    rules.check(job, "start")

    def finish(at: float) -> Job:
        job.started = at
        job.running_error = None
        job.parallel = parallel_level(job)
        void_plan(job)
        _refresh_source(world, job, at)
        run(world, job, job.selected(), at)
        return job

    return _change(world, job, "start", "STARTING", finish)


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

    return _change(world, job, "stop", "STOPPING", finish, revert)


def resume(world: World, job: Job) -> Operation:
    rules.check(job, "resume")
    stopped_at = job.history[-1].since

    def finish(at: float) -> Job:
        job.put("RUNNING", "CDC", at)
        for database in job.selected():
            if database.state != "FAILED":
                database.put("RUNNING", database.phase, at)
        enter_cdc(job, at, backlog=at - stopped_at)
        return job

    return _change(world, job, "resume", "RESUMING", finish)


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

    return _change(world, job, "restart", None, finish, revert)


def _restart_whole(world: World, job: Job, affected: list[Database], *, everything: bool) -> Operation:
    void_plan(job)
    at_first = world.now()
    _wipe(world, job, affected, at_first)

    def finish(at: float) -> Job:
        dump = list(affected)
        if everything:
            _refresh_source(world, job, at)
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

    return _change(world, job, "restart", "RESTARTING", finish, revert)


def promote(world: World, job: Job, objects_filter: dict[str, Any] | None = None) -> Operation:
    """End replication to the destination, or to the filtered databases of it."""
    rules.check(job, "promote")
    # A database that failed with its job has all data that had arrived; one that failed alone is left out.
    lost: tuple[str, ...] = () if job.state == "FAILED" else ("FAILED",)
    chosen = [d for d in job.selected() if d.state not in (*lost, "COMPLETED")]
    if objects_filter is not None:
        names = set(selection.filtered(job, objects_filter))
        chosen = [d for d in job.selected() if d.name in names]
    unready = [d.name for d in chosen if d.phase not in ("CDC", "READY_FOR_PROMOTE") or d.state in lost]
    if unready:
        raise rules.refused(job, "promote", f"the objects {', '.join(unready)} are not replicating changes")
    now = world.now()
    before, error = (job.state, job.phase), _copy(job.pb.error)
    old = {d.name: (d.state, d.phase, d.error) for d in chosen}
    for database in chosen:
        database.put("RUNNING", "PROMOTE_IN_PROGRESS", now)
    if _all_promoting(job, lost):
        job.put("RUNNING", "PROMOTE_IN_PROGRESS", now)

    def finish(at: float) -> Job:
        _promoted(world, job, chosen, at)
        return job

    def revert(at: float) -> None:
        for database in chosen:
            state, phase, fault = old[database.name]
            database.put(state, phase, at, fault)
        if job.phase == "PROMOTE_IN_PROGRESS":
            job.put(*before, at)
            if job.state == "FAILED":
                job.fail(error, at)

    return _change(world, job, "promote", None, finish, revert)


def _all_promoting(job: Job, lost: tuple[str, ...]) -> bool:
    return all(d.phase in ("PROMOTE_IN_PROGRESS", "PROMOTED") or d.state in lost for d in job.selected())


def _promoted(world: World, job: Job, chosen: list[Database], at: float) -> None:
    destination = destination_of(world, job)
    for database in chosen:
        database.put("COMPLETED", "PROMOTED", at)
        if destination is not None:
            destination.databases[database.name] = "PROMOTED"
    if job.phase == "PROMOTE_IN_PROGRESS" or all(d.state == "COMPLETED" for d in job.selected()):
        job.running_error = None
        job.put("COMPLETED", "PHASE_UNSPECIFIED", at)
        job.ended = at
        void_plan(job)
        if destination is not None:
            destination.role = "PRIMARY"
    job.touch(at)


def delete(world: World, job: Job, force: bool) -> Operation:
    """Remove the job; with `force` also the destination of an unfinished job."""
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
        if not completed:
            world.profiles.pop(job.pb.destination, None)
            if force and destination is not None:
                destination.exists = False
                destination.databases.clear()
        world.drop_job(job)

    return _change(world, job, "delete", "DELETING", finish)


def verify(world: World, job: Job) -> Operation:
    rules.check(job, "verify")
    return world.begin(
        "verify",
        job.name,
        lambda _: job,
        lambda _: None,
        error=world.take_outcome(job, "verify"),
    )


def fetch_source(world: World, job: Job) -> Operation:
    """List the source's databases again, so that the job's objects show what it has now."""

    def finish(at: float) -> None:
        _refresh_source(world, job, at)

    return world.begin(
        "fetchSourceObjects",
        job.name,
        finish,
        lambda _: None,
        error=world.take_outcome(job, "fetchSourceObjects"),
    )


def update(world: World, job: Job, save: Callable[[], None], chosen: list[str] | None) -> Operation:
    """Save changed fields; `chosen` are the databases selected from now on, None keeps the selection."""
    rules.check(job, "update")
    now = world.now()
    leaving = [d for d in job.selected() if chosen is not None and d.name not in chosen]
    before = {d.name: (d.state, d.phase, d.error) for d in leaving}
    # A finished or changing job keeps its state; only its record changes.
    settled = job.state in ("RUNNING", "STOPPED", "NOT_STARTED", "FAILED", "DRAFT")
    previous = job.state
    saved_error = _copy(job.pb.error)
    if previous != "COMPLETED":
        for database in leaving:
            database.put("REMOVING", database.phase, now)

    def finish(at: float) -> Job:
        save()
        for database in leaving:
            database.put("NOT_SELECTED", "PHASE_UNSPECIFIED", at)
        _restore(job, previous, saved_error, at)
        if chosen is not None and previous != "COMPLETED":
            _select(world, job, chosen, at)
        job.touch(at)
        return job

    def revert(at: float) -> None:
        for database in leaving:
            database.put(*before[database.name][:2], at, before[database.name][2])
        _restore(job, previous, saved_error, at)

    operation = _change(world, job, "update", None, finish, revert)
    if settled:
        job.put("UPDATING", job.phase, now)
    return operation


def _restore(job: Job, previous: str, error: Any, at: float) -> None:
    if job.state != "UPDATING":
        return
    job.put(previous, job.phase, at)
    if previous == "FAILED":
        job.fail(error, at)


def _copy(message: Any) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _select(world: World, job: Job, chosen: list[str], at: float) -> None:
    arriving = [job.databases[name] for name in chosen if not job.databases[name].selected]
    for database in arriving:
        database.put("NOT_STARTED", "PHASE_UNSPECIFIED", at)
    if job.state == "RUNNING":
        begin_dump(world, job, arriving, at)
        finish_dump_if_over(world, job, at)


def _refresh_source(world: World, job: Job, at: float) -> None:
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


def _change(
    world: World,
    job: Job,
    verb: str,
    passing: str | None,
    finish: Callable[[float], Any],
    revert: Callable[[float], None] | None = None,
) -> Operation:
    """Start an operation that blocks the job until it ends; `passing` is the job's state meanwhile."""
    previous = job.state
    had_error = _copy(job.pb.error)
    planned = world.take_outcome(job, verb)

    def done(at: float) -> Any:
        job.active = None
        return finish(at)

    def undo(at: float) -> None:
        job.active = None
        if revert is not None:
            revert(at)
        if passing is not None and job.state == passing:
            _after_failure(job, verb, previous, planned, had_error, at)
        finish_dump_if_over(world, job, at)

    if passing is not None:
        job.put(passing, job.phase, world.now())
    job.active = world.begin(verb, job.name, done, undo, error=planned)
    return job.active


def _after_failure(job: Job, verb: str, previous: str, planned: Any, had_error: Any, at: float) -> None:
    # A restart that fails has already wiped its databases, so there is no previous state to return to.
    if verb == "restart":
        job.fail(planned or make_status("ABORTED", "The restart of the migration job was cancelled."), at)
        return
    job.put(previous, job.phase, at)
    if previous == "FAILED":
        job.fail(had_error, at)


def check_objects_config(job: Job, config: dict[str, Any]) -> tuple[tuple[str, frozenset[str]], list[str]]:
    """The selection and the databases that it selects. Raises INVALID_ARGUMENT."""
    chosen = selection.parse_config(config, "objects_config")
    selection.check_known(chosen, job.known_source, "objects_config")
    names = selection.wanted(chosen, job.known_source)
    if not names:
        raise invalid("objects_config leaves no object to migrate", "objects_config")
    return chosen, names
