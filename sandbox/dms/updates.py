"""Changes of a job's fields and of its selection of databases, for real or on trial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.dms import masks, rules, selection
from sandbox.dms.changes import change, copied
from sandbox.dms.dump import begin_dump, finish_dump_if_over
from sandbox.dms.errors import invalid
from sandbox.dms.logbackups import promote_ready
from sandbox.dms.model import Job, Operation
from sandbox.dms.world import World


def check(job: Job, paths: list[str]) -> None:
    """Raises FAILED_PRECONDITION if the job's state allows no change of these fields."""
    for touched, verb in (
        (masks.touches_levels, "set dump parallelism of"),
        (masks.touches_setup, "reconfigure"),
        (masks.touches_objects, "edit the databases of"),
    ):
        if touched(paths):
            rules.check_state(job, verb)


def update(world: World, job: Job, save: Callable[[], None], chosen: list[str] | None) -> Operation:
    """Save changed fields; `chosen` are the databases selected from now on, None keeps the selection."""
    rules.check(job, "update")
    now = world.now()
    leaving = [d for d in job.selected() if chosen is not None and d.name not in chosen]
    before = {d.name: (d.state, d.phase, d.error) for d in leaving}
    # A finished or changing job keeps its state; only its record changes.
    settled = job.state in ("RUNNING", "STOPPED", "NOT_STARTED", "FAILED", "DRAFT")
    previous = job.state
    saved_error = copied(job.pb.error)
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
        promote_ready(world, job)
        return job

    def revert(at: float) -> None:
        for database in leaving:
            database.put(*before[database.name][:2], at, before[database.name][2])
        _restore(job, previous, saved_error, at)

    operation = change(world, job, "update", None, finish, revert)
    if settled:
        job.put("UPDATING", job.phase, now)
    return operation


def _restore(job: Job, previous: str, error: Any, at: float) -> None:
    if job.state != "UPDATING":
        return
    job.put(previous, job.phase, at)
    if previous == "FAILED":
        job.fail(error, at)


def _select(world: World, job: Job, chosen: list[str], at: float) -> None:
    arriving = [job.databases[name] for name in chosen if not job.databases[name].selected]
    for database in arriving:
        database.put("NOT_STARTED", "PHASE_UNSPECIFIED", at)
    if job.state == "RUNNING":
        begin_dump(world, job, arriving, at)
        finish_dump_if_over(world, job, at)


def check_objects_config(job: Job, config: dict[str, Any]) -> tuple[tuple[str, frozenset[str]], list[str]]:
    """The selection and the databases that it selects. Raises INVALID_ARGUMENT."""
    chosen = selection.parse_config(config, "objects_config")
    selection.check_known(chosen, job.known_source, "objects_config")
    names = selection.wanted(chosen, job.known_source)
    if not names:
        raise invalid("objects_config leaves no object to migrate", "objects_config")
    return chosen, names


def verify(world: World, job: Job) -> Operation:
    """Check the job; nothing is changed."""
    rules.check(job, "verify")
    return world.begin(
        "verify",
        job.name,
        lambda _: job,
        lambda _: None,
        error=world.take_outcome(job, "verify"),
    )
