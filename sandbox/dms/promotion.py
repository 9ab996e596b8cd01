"""Promotion of a job or of some of its databases, and failback."""

from __future__ import annotations

from typing import Any

from sandbox.dms import rules, selection
from sandbox.dms.changes import change, copied
from sandbox.dms.dump import destination_of, void_plan
from sandbox.dms.model import Database, Job, Operation
from sandbox.dms.world import World


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
    return promote_databases(world, job, chosen)


def promote_databases(world: World, job: Job, chosen: list[Database]) -> Operation:
    """Promote these databases, which replicate changes; with the last of them the job completes."""
    lost: tuple[str, ...] = () if job.state == "FAILED" else ("FAILED",)
    now = world.now()
    before, error = (job.state, job.phase), copied(job.pb.error)
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

    return change(world, job, "promote", None, finish, revert)


def fail_back(world: World, job: Job) -> Operation:
    """Promote from the destination back to the source.

    Source: reference of `PromoteMigrationJobRequest.failback`: "only supported when the migration job is in
    FAILBACK phase".
    """
    rules.check(job, "fail back")
    chosen = job.selected()
    old = {d.name: (d.state, d.phase, d.error) for d in chosen}
    now = world.now()
    for database in chosen:
        database.put("RUNNING", "PROMOTE_IN_PROGRESS", now)
    job.put("RUNNING", "PROMOTE_IN_PROGRESS", now)

    def finish(at: float) -> Job:
        destination = destination_of(world, job)
        for database in chosen:
            database.put("COMPLETED", "PROMOTED", at)
        _complete(job, at)
        if destination is not None:
            destination.role = "REPLICA"
        return job

    def revert(at: float) -> None:
        for database in chosen:
            database.put(*old[database.name][:2], at, old[database.name][2])
        job.put("RUNNING", "PHASE_FAILBACK", at)

    return change(world, job, "promote", None, finish, revert)


def _all_promoting(job: Job, lost: tuple[str, ...]) -> bool:
    return all(d.phase in ("PROMOTE_IN_PROGRESS", "PROMOTED") or d.state in lost for d in job.selected())


def _promoted(world: World, job: Job, chosen: list[Database], at: float) -> None:
    destination = destination_of(world, job)
    for database in chosen:
        database.put("COMPLETED", "PROMOTED", at)
        if destination is not None:
            destination.databases[database.name] = "PROMOTED"
    if job.phase == "PROMOTE_IN_PROGRESS" or all(d.state == "COMPLETED" for d in job.selected()):
        if destination is not None:
            destination.role = "PRIMARY"
        if has_failback(job):
            _begin_failback(job, at)
        else:
            _complete(job, at)
    job.touch(at)


def _complete(job: Job, at: float) -> None:
    job.running_error = None
    job.put("COMPLETED", "PHASE_UNSPECIFIED", at)
    job.ended = at
    void_plan(job)


def has_failback(job: Job) -> bool:
    """Whether the job migrates with a distributed availability group, which alone has a failback phase."""
    config = job.rest_only.get("sqlserverHomogeneousMigrationJobConfig") or {}
    return bool(config.get("dagConfig"))


def _begin_failback(job: Job, at: float) -> None:
    # No page says how a job comes to PHASE_FAILBACK. Its promotion is the one step that can lead there: from
    # then on changes go from the destination to the source.
    for database in job.selected():
        database.put("RUNNING", "CDC", at)
    job.put("RUNNING", "PHASE_FAILBACK", at)
