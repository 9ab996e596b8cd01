"""Operations that change a job, and what the job is when they fail or are cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.dms.dump import finish_dump_if_over
from sandbox.dms.errors import make_status
from sandbox.dms.model import Job, Operation, Spell
from sandbox.dms.world import World


def change(
    world: World,
    job: Job,
    verb: str,
    passing: str | None,
    finish: Callable[[float], Any],
    revert: Callable[[float], None] | None = None,
    phase: str | None = None,
) -> Operation:
    """Start an operation that blocks the job until it ends; `passing` is the job's state meanwhile.

    So is `phase`, if it is not that of before.
    """
    previous = Spell(world.now(), job.state, job.phase)
    had_error = copied(job.pb.error)
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
        job.put(passing, phase or job.phase, world.now())
    job.active = world.begin(verb, job.name, done, undo, error=planned)
    # "Promote a migration": a promotion can neither be stopped nor undone.
    job.active.cancellable = verb != "promote"
    return job.active


def _after_failure(job: Job, verb: str, previous: Spell, planned: Any, had_error: Any, at: float) -> None:
    # A restart that fails has already wiped its databases, so there is no previous state to return to.
    if verb == "restart":
        job.fail(planned or make_status("ABORTED", "The restart of the migration job was cancelled."), at)
        return
    job.put(previous.state, previous.phase, at)
    if previous.state == "FAILED":
        job.fail(had_error, at)


def copied(message: Any) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy
