"""When people must stop the writes to a source, and when these may resume. Pure functions.

MySQL on RDS or Aurora, or without SUPERUSER: before its full dump, a job waits until people have stopped the
writes to the source. They may resume once the dump has begun. It has nothing to do with the promotion.
Sources: proto `MigrationJob.Phase`, WAITING_FOR_SOURCE_WRITES_TO_STOP and PREPARING_THE_DUMP ("Only RDS flow
- the sources writes stopped, waiting for dump to begin"); "Migration job statuses" (MySQL), status Running.
"""

from __future__ import annotations

from typing import Protocol

from bot.dms.model import BEFORE_CDC, BEFORE_THE_DUMP, Job, JobType, Phase, State

MUST_STOP = "stop_writes"
MAY_RESUME = "writes_may_resume"

_GOES_ON = frozenset({State.STARTING, State.RUNNING, State.UPDATING})
"""A job that is restarting may still have the phase in which it ended before."""
_AFTER_THE_WAIT = frozenset({State.RUNNING, State.UPDATING, State.STOPPING, State.STOPPED})
_WRITABLE = frozenset({Phase.FULL_DUMP, Phase.CDC})
_DUMPS = frozenset({State.RUNNING, State.UPDATING})
_HALTED = frozenset({State.STOPPING, State.STOPPED, State.FAILED})
_APPEARED = frozenset({"created", "recreated"})
_ASKING = frozenset({"RDS", "AURORA"})


class StatusChange(Protocol):
    """What an event tells of a job's status; `before` and `after` are as `Job.status`."""

    @property
    def kind(self) -> str: ...

    @property
    def before(self) -> str: ...

    @property
    def after(self) -> str: ...


def waits(status: str) -> bool:
    """Whether a job of this status (`Job.status`) waits for people to stop the writes."""
    state, _, phase = status.partition("/")
    return state in _GOES_ON and phase == Phase.WAITING_FOR_SOURCE_WRITES_TO_STOP


def needs_silence(status: str) -> bool:
    """Whether nobody may write to the source of a job of this status."""
    state, _, phase = status.partition("/")
    return state in _GOES_ON and phase in BEFORE_THE_DUMP


def must_stop(event: StatusChange) -> bool:
    """Whether people must stop the writes from now on."""
    if event.kind in _APPEARED:
        return waits(event.after)
    return event.kind == "changed" and waits(event.after) and not waits(event.before)


def may_resume(event: StatusChange) -> bool:
    """Whether the full dump has begun, for which the writes had to stop."""
    if event.kind != "changed" or not needs_silence(event.before):
        return False
    state, _, phase = event.after.partition("/")
    return state in _AFTER_THE_WAIT and phase in _WRITABLE


def resumed(job: Job) -> str:
    """What comes of writes once nothing waits any more for them to stop, in sentences.

    Empty where they may have to stop again, or for good: for the promotion, or in a later run.
    """
    if needs_silence(job.status):
        return ""
    if job.phase in BEFORE_CDC and job.state in _HALTED:
        return "The writes to the source may resume: nothing waits for them to stop any more."
    if job.phase not in _WRITABLE or job.state not in _DUMPS:
        return ""
    if job.type == JobType.ONE_TIME:
        return (
            "The writes to the source may resume: the full dump has begun. But a one-time migration does not "
            "take along what is written from now on."
        )
    return "The writes to the source may resume: the full dump has begun, and CDC brings what is written now."


def will_ask(job: Job) -> bool:
    """Whether the job comes to wait for the writes to stop when it is started or restarted."""
    return job.source.engine == "MYSQL" and job.source.provider in _ASKING


def announced(job: Job) -> tuple[str, ...]:
    """What whoever starts or restarts the job should know, in sentences."""
    if not will_ask(job):
        return ()
    return (
        "Before the full dump, the job waits until people have *stopped the writes to the source*; they may "
        "resume once the dump has begun. Both are announced.",
    )


def next_step(job: Job) -> str:
    """What people do now about the writes, in sentences; empty where the job does not ask for anything."""
    if not needs_silence(job.status):
        return ""
    if waits(job.status):
        first = "Stop the writes to the source now: DMS waits for that before it begins the full dump. "
    else:
        first = "Keep the writes to the source stopped: the full dump is being prepared. "
    return f"{first}They may resume as soon as the phase is FULL_DUMP, about 20 seconds after they stopped."
