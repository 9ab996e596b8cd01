"""One look at a location: its list of jobs, less what is as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter, is_
from typing import TYPE_CHECKING

from bot.dms.errors import DmsError, NotFound, Unavailable
from bot.dms.model import BEFORE_CDC, CHANGING, Database, Delay, Job, State
from bot.dms.port import Dms
from bot.store.records import KnownJob
from bot.watch.attribution import PROMOTING
from bot.watch.transitions import STUCK, is_stuck

if TYPE_CHECKING:
    from collections.abc import Container

_CONFIRMED = 50
"""Missing jobs asked for one by one at each look; more wait for the next look."""
_TOLD = attrgetter(
    "state",
    "phase",
    "create_time",
    "error",
    "labels",
    "display_name",
    "type",
    "parallelism",
    "source",
    "destination",
    "end_time",
)
"""What is told or kept of a job. As one tuple, what is the very same object costs no comparison."""
_BUSY_PHASES = BEFORE_CDC | PROMOTING


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at a location found, as far as it matters."""

    place: str
    at: datetime
    changed: tuple[Job, ...]
    """Jobs that are new, or not as they were known."""
    missing: tuple[str, ...]
    """Jobs that are gone, by the service's own word."""
    busy: bool
    """Whether anything here is changing, dumping or being promoted."""
    jobs: tuple[Job, ...]
    changing: tuple[Job, ...]
    """Those in a changing state: they may come to be stuck without any change."""


@dataclass(frozen=True, slots=True)
class SeenDatabases:
    name: str
    at: datetime
    databases: tuple[Database, ...]


@dataclass(frozen=True, slots=True)
class SeenDelay:
    name: str
    at: datetime
    delay: Delay


def look_at(
    dms: Dms, place: str, known: Mapping[str, KnownJob], stuck_after: timedelta, last: Seen | None = None
) -> Seen:
    """List the jobs of a location (`-` for all) and say what is not as it was known.

    `last` is the look before, if what it found is known by now: on most looks all is as it was then.

    Raises:
        DmsError: the location did not answer; nothing can be said of its jobs.
    """
    at = datetime.now(UTC)
    found = dms.list_jobs(place, durations=False)
    if place in found.unreachable:
        raise Unavailable(f"{place} did not answer.")
    if last is not None and _as_at(last, found.jobs, known):
        return replace(last, at=at, changed=_now_stuck(last.changing, known, at, stuck_after), missing=())
    changing = tuple(job for job in found.jobs if job.state in CHANGING)
    changed = [*_news(found.jobs, known), *_now_stuck(changing, known, at, stuck_after)]
    missing: tuple[str, ...] = ()
    if len(found.jobs) - len(changed) < len(known):
        names = {job.name for job in found.jobs}
        missing, back = _confirm(dms, _absent(known, names, found.unreachable))
        changed += back
    busy = any(map(is_busy, found.jobs))
    return Seen(place, at, tuple(changed), missing, busy, found.jobs, changing)


def _as_at(last: Seen, jobs: Sequence[Job], known: Mapping[str, KnownJob]) -> bool:
    """Whether these are the very same jobs (the gateway hands out again what has not changed)."""
    return len(jobs) == len(last.jobs) == len(known) and all(map(is_, jobs, last.jobs))


def _news(jobs: Iterable[Job], known: Mapping[str, KnownJob]) -> list[Job]:
    """Jobs that are new, or not as they were."""
    return [job for job in jobs if (before := known.get(job.name)) is None or not same(before.job, job)]


def _now_stuck(
    changing: Iterable[Job], known: Mapping[str, KnownJob], at: datetime, stuck_after: timedelta
) -> tuple[Job, ...]:
    """Jobs that have not changed, and should have."""
    return tuple(
        job
        for job in changing
        if (before := known.get(job.name)) is not None
        and same(before.job, job)
        and _is_now_stuck(before, job, at, stuck_after)
    )


def is_busy(job: Job) -> bool:
    """Whether the next change is likely to come soon."""
    return job.state in CHANGING or (job.state == State.RUNNING and job.phase in _BUSY_PHASES)


def same(known: Job, job: Job) -> bool:
    """Whether nothing has changed that is told or kept; times that merely tick do not count."""
    return known is job or _TOLD(known) == _TOLD(job)


def _is_now_stuck(before: KnownJob, job: Job, at: datetime, stuck_after: timedelta) -> bool:
    return STUCK not in before.flags and is_stuck(job, before.changed, at, stuck_after)


def _absent(known: Mapping[str, KnownJob], names: Container[str], silent: Sequence[str]) -> list[str]:
    return [name for name, each in known.items() if name not in names and each.job.location not in silent]


def _confirm(dms: Dms, names: Sequence[str]) -> tuple[tuple[str, ...], list[Job]]:
    """Which of the absent jobs are gone, and those that a stale list only left out."""
    gone: list[str] = []
    back: list[Job] = []
    for name in names[:_CONFIRMED]:
        try:
            back.append(dms.get_job(name))
        except NotFound:
            gone.append(name)
        except DmsError:
            break
    return tuple(gone), back
