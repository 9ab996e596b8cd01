"""One poll of a place: lists its jobs and leaves out those that have not changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter, is_

from bot.config.projects import Place
from bot.dms.errors import DmsError, NotFound, Unavailable
from bot.dms.model import BEFORE_CDC, CHANGING, Database, Delay, Job, State, parse_name
from bot.dms.port import Dms
from bot.dms.running_errors import database_status, is_faulty
from bot.store.records import JobSnapshot
from bot.watch.attribution import PROMOTING
from bot.watch.transitions import STUCK, is_stuck, status_since

_MAX_CONFIRMED = 50
"""Missing jobs that one poll reads one by one; the rest waits for the next poll."""
_REPORTED_FIELDS = attrgetter(
    "state",
    "phase",
    "create_time",
    "error",
    "labels",
    "display_name",
    "type",
    "parallelism",
    "dump_path",
    "source",
    "destination",
    "end_time",
)
"""What is announced or kept of a job. A tuple compares identical objects without looking into them."""
_BUSY_PHASES = BEFORE_CDC | PROMOTING


@dataclass(frozen=True, slots=True)
class PollResult:
    """What changed in a place since its last snapshots."""

    place: Place
    at: datetime
    changed: tuple[Job, ...]
    """Jobs that are new, differ from their snapshot, or have become stuck."""
    missing: tuple[str, ...]
    """Full names of deleted jobs: the service answered NOT_FOUND for each."""
    busy: bool
    """Whether anything here is changing, dumping or being promoted."""
    jobs: tuple[Job, ...]
    changing: tuple[Job, ...]
    """Those in a changing state: they can become stuck without any other change."""
    unreachable: frozenset[str] = frozenset()
    """Locations whose jobs DMS could not list, where the place is all of a project. Source: `unreachable` in
    https://cloud.google.com/database-migration/docs/reference/rest/v1/projects.locations.migrationJobs/list
    """


@dataclass(frozen=True, slots=True)
class DatabasesResult:
    name: str
    at: datetime
    databases: tuple[Database, ...]
    job_failed: bool = False
    """The job itself has failed, so its databases are not announced: the next poll finds its failure."""


@dataclass(frozen=True, slots=True)
class DelayResult:
    name: str
    at: datetime
    delay: Delay


Result = PollResult | DatabasesResult | DelayResult


def poll_place(
    dms: Dms,
    place: Place,
    known: Mapping[str, JobSnapshot],
    stuck_after: timedelta,
    last: PollResult | None = None,
    unreadable: Collection[str] = (),
) -> PollResult:
    """List the jobs of a place and compare them with their snapshots.

    `last` is the previous poll if its changes are saved: most polls find the same jobs again. `unreadable`
    names jobs that have a snapshot which cannot be read.

    Raises:
        DmsError: the place did not answer, so none of its jobs counts as missing.
    """
    at = datetime.now(UTC)
    found = dms.list_jobs(place, durations=False)
    for each in found.missing:
        if each.location == place.location:
            raise Unavailable(f"The jobs of {each.shown} could not be listed: {each.reason or 'no answer'}.")
    unreachable = frozenset(found.unreachable)
    if last is not None and not unreadable and _same_listing(last, found.jobs, known):
        stuck = _now_stuck(last.changing, known, at, stuck_after)
        return replace(last, at=at, changed=stuck, missing=(), unreachable=unreachable)
    changing = tuple(job for job in found.jobs if job.state in CHANGING)
    changed = [*_changed_jobs(found.jobs, known), *_now_stuck(changing, known, at, stuck_after)]
    missing: tuple[str, ...] = ()
    if unreadable or len(found.jobs) - len(changed) < len(known):
        names = {job.name for job in found.jobs}
        absent = [
            name
            for name in (*known, *unreadable)
            if name not in names and parse_name(name)[1] not in unreachable
        ]
        missing, back = _confirm_missing(dms, absent)
        changed += back
    busy = any(map(is_busy, found.jobs))
    return PollResult(place, at, tuple(changed), missing, busy, found.jobs, changing, unreachable)


def fetch_databases(dms: Dms, job: str, known: JobSnapshot | None = None) -> DatabasesResult:
    """The databases of a job (its full resource name). With `known`, its snapshot, new
    faults are checked against the job (`job_failed`). Raises: DmsError."""
    at = datetime.now(UTC)
    found = dms.databases(job)
    news = known is not None and known.job.state == State.RUNNING and _has_new_faults(known, found)
    return DatabasesResult(job, at, found, job_failed=news and _has_failed(dms, job))


def _has_new_faults(known: JobSnapshot, databases: Sequence[Database]) -> bool:
    faulty = (each for each in databases if is_faulty(each))
    return any(known.databases.get(str(each.id)) != database_status(each) for each in faulty)


def _has_failed(dms: Dms, job: str) -> bool:
    """Whether the job is known to have failed since it was last listed."""
    try:
        return dms.get_job(job).state == State.FAILED
    except DmsError:
        return False


def fetch_delay(dms: Dms, snapshot: JobSnapshot) -> DelayResult:
    """The replication delay of a job in the last 15 minutes. Raises: DmsError."""
    at = datetime.now(UTC)
    # Points from before the job came to its status say nothing about it now.
    delay = dms.delay(snapshot.job, hours=0.25, since=status_since(snapshot))
    return DelayResult(snapshot.job.name, at, delay)


def _same_listing(last: PollResult, jobs: Sequence[Job], known: Mapping[str, JobSnapshot]) -> bool:
    """Whether these are the same objects: the gateway reuses the jobs of an unchanged page."""
    return len(jobs) == len(last.jobs) == len(known) and all(map(is_, jobs, last.jobs))


def _changed_jobs(jobs: Iterable[Job], known: Mapping[str, JobSnapshot]) -> list[Job]:
    """Jobs that are new or differ from their snapshot."""
    return [
        job for job in jobs if (before := known.get(job.name)) is None or not is_unchanged(before.job, job)
    ]


def _now_stuck(
    changing: Iterable[Job], known: Mapping[str, JobSnapshot], at: datetime, stuck_after: timedelta
) -> tuple[Job, ...]:
    """Unchanged jobs that have stayed in a changing state for too long."""
    return tuple(
        job
        for job in changing
        if (before := known.get(job.name)) is not None
        and is_unchanged(before.job, job)
        and STUCK not in before.flags
        and is_stuck(job, before.changed, at, stuck_after)
    )


def is_busy(job: Job) -> bool:
    """Whether the next change is likely to come soon."""
    return job.state in CHANGING or (job.state == State.RUNNING and job.phase in _BUSY_PHASES)


def is_unchanged(known: Job, job: Job) -> bool:
    """Whether all reported fields are equal. The update time and the duration do not count."""
    return known is job or _REPORTED_FIELDS(known) == _REPORTED_FIELDS(job)


def _confirm_missing(dms: Dms, names: Sequence[str]) -> tuple[tuple[str, ...], list[Job]]:
    """The absent jobs that are deleted, and those that an incomplete list only left out."""
    gone: list[str] = []
    back: list[Job] = []
    for name in names[:_MAX_CONFIRMED]:
        try:
            back.append(dms.get_job(name))
        except NotFound:
            gone.append(name)
        except DmsError:
            break
    return tuple(gone), back
