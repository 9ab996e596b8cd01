"""When people must stop writes to a source, and when they may resume them. Pure functions.

For MySQL on RDS or Aurora, or without SUPERUSER, a job waits before its full dump until people have stopped
writes to the source. They may resume them once the dump has begun. This has nothing to do with promotion.
Sources: proto `MigrationJob.Phase`, WAITING_FOR_SOURCE_WRITES_TO_STOP and PREPARING_THE_DUMP ("Only RDS flow
- the sources writes stopped, waiting for dump to begin"); "Migration job statuses" (MySQL), status Running;
"Migrate from MySQL on RDS (Aurora) without SUPERUSER privileges": the service tries to take the dump for
about 20 minutes, and fails if the writes have not stopped by then, or resume before the status changes.
"""

from __future__ import annotations

from typing import Protocol

from bot.dms.model import BEFORE_CDC, BEFORE_THE_DUMP, Job, JobType, Phase, State

MAY_RESUME_UNTIL_NEXT = "Writes to the source may resume: the job no longer waits for them to stop."

MUST_STOP = "stop_writes"
MAY_RESUME = "writes_may_resume"

_BEGINNING = frozenset({State.STARTING, State.RUNNING, State.UPDATING, State.MAINTENANCE})
"""RESTARTING is missing, because a restarting job may still have the phase of its previous run. After
maintenance, a job goes on with its phase."""
_STATES_AFTER = frozenset({State.RUNNING, State.UPDATING, State.STOPPING, State.STOPPED})
_WRITABLE = frozenset({Phase.FULL_DUMP, Phase.CDC})
_REPLICATING = frozenset({State.RUNNING, State.UPDATING})
_HALTED = frozenset({State.STOPPING, State.STOPPED, State.FAILED, State.DELETING, State.DELETED})
_APPEARED = frozenset({"created", "recreated"})
_WAITING_PROVIDERS = frozenset({"RDS", "AURORA"})


class StatusChange(Protocol):
    """The part of an event that this module reads; `before` and `after` have the form of `Job.status`."""

    @property
    def kind(self) -> str: ...

    @property
    def before(self) -> str: ...

    @property
    def after(self) -> str: ...


def waits_for_stop(status: str) -> bool:
    """Whether a job with this status (`Job.status`) waits for people to stop writes."""
    state, _, phase = status.partition("/")
    return state in _BEGINNING and phase == Phase.WAITING_FOR_SOURCE_WRITES_TO_STOP


def forbids_writes(status: str) -> bool:
    """Whether nobody may write to the source of a job with this status (`Job.status`)."""
    state, _, phase = status.partition("/")
    return state in _BEGINNING and phase in BEFORE_THE_DUMP


def must_stop(event: StatusChange) -> bool:
    """Whether people must stop writes from this event on."""
    if event.kind in _APPEARED:
        return waits_for_stop(event.after)
    return event.kind == "changed" and waits_for_stop(event.after) and not waits_for_stop(event.before)


def may_resume(event: StatusChange) -> bool:
    """Whether people may resume writes from this event on: the full dump has begun, or nothing waits for it.

    Nothing waits any more for a job that was stopped, failed, or is being or has been deleted.
    """
    if event.kind not in ("changed", "deleted") or not forbids_writes(event.before):
        return False
    state, _, phase = event.after.partition("/")
    if event.kind == "deleted" or state in _HALTED:
        return True
    return state in _STATES_AFTER and phase in _WRITABLE


def may_resume_text(job: Job) -> str:
    """Sentences that say that writes may resume; empty if they must not, or must soon stop again."""
    if forbids_writes(job.status):
        return ""
    if job.phase in BEFORE_CDC and job.state in _HALTED:
        return MAY_RESUME_UNTIL_NEXT
    if job.phase not in _WRITABLE or job.state not in _REPLICATING:
        return ""
    begun = "The writes to the source may resume: the full dump has begun"
    if job.type == JobType.CONTINUOUS:
        return f"{begun}, and CDC replicates new writes."
    but = "But" if job.type == JobType.ONE_TIME else "Whether it is one-time is not known:"
    return f"{begun}. {but} a one-time migration does not include writes from now on."


def will_wait(job: Job) -> bool:
    """Whether a start or restart of the job will wait for writes to stop."""
    return job.source.engine == "MYSQL" and job.source.provider in _WAITING_PROVIDERS


def may_wait(job: Job) -> bool:
    """Whether a start or restart will wait if the migration user lacks a privilege, which no API tells."""
    return job.source.engine == "MYSQL" and job.source.provider != "CLOUDSQL"


_IF_WITHOUT_SUPERUSER = (
    "If its migration user has no SUPERUSER privileges, the job waits before the full dump until people have "
    "*stopped the writes to the source*, for about 20 minutes: that is announced.",
)


def delete_notes(job: Job) -> tuple[str, ...]:
    """A sentence for people who delete the job while writes to its source must stand still."""
    if not forbids_writes(job.status):
        return ()
    return ("Once the deletion begins, writes to the source may resume.",)


def start_notes(job: Job) -> tuple[str, ...]:
    """Sentences for people who start or restart the job."""
    if not will_wait(job):
        return _IF_WITHOUT_SUPERUSER if may_wait(job) else ()
    return (
        "Before the full dump, the job waits until people have *stopped the writes to the source*, for about "
        "20 minutes; they may resume once the dump has begun. Both are announced.",
    )


def next_step(job: Job) -> str:
    """What to do about writes now, in sentences; empty if the job does not wait for that."""
    if not forbids_writes(job.status):
        return ""
    if waits_for_stop(job.status):
        first = (
            "Stop the writes to the source now: DMS waits for that before it begins the full dump, and fails "
            "if they have not stopped after about 20 minutes. "
        )
    else:
        first = "Keep the writes to the source stopped: the full dump is being prepared. "
    return (
        f"{first}They may resume as soon as the phase is FULL_DUMP, about 20 seconds after they stopped, and "
        "not sooner: the dump would fail."
    )
