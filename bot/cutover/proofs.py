"""Items of the checklist that the bot ticks, because an API shows that they are done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from bot.dms.destination import Destination
from bot.dms.errors import DmsError
from bot.dms.model import Job, State
from bot.dms.port import Reads
from bot.store.cutover import Tick
from bot.util import parallel

log = structlog.get_logger(__name__)

BOT = "bot"
"""`Tick.by` of what the bot saw done."""


def proven(dms: Reads, ticks: Sequence[Tick], now: datetime) -> tuple[Tick, ...]:
    """The same items, with those ticked that an API shows to be done. What cannot be read stays open, and
    people can tick it."""
    open_jobs = tuple(dict.fromkeys(each.job for each in ticks if each.check and not each.by))
    found = parallel.map_concurrently(lambda name: _read(dms, name), open_jobs)
    seen = dict(zip(open_jobs, found, strict=True))
    return tuple(_ticked(each, seen.get(each.job), now) for each in ticks)


Seen = tuple[Job, Destination | None]


def _read(dms: Reads, name: str) -> Seen | None:
    try:
        job = dms.get_job(name, fresh=True)
    except DmsError as error:
        log.info("job_not_read", job=name, error=str(error))
        return None
    try:
        return job, dms.destination(job)
    except DmsError as error:
        log.info("destination_not_read", job=name, error=str(error))
        return job, None


def _ticked(tick: Tick, seen: Seen | None, now: datetime) -> Tick:
    if tick.by or not tick.check or seen is None or not _holds(tick.check, *seen):
        return tick
    return replace(tick, by=BOT, at=now)


def _holds(check: str, job: Job, found: Destination | None) -> bool:
    if check == "completed":
        return job.state == State.COMPLETED
    if found is None:
        return False
    match check:
        case "destination_ready":
            return found.serves and not found.replicates
        case "backups":
            return found.backups is True and found.point_in_time is not False
        case "replicas":
            standby = found.available is not False or job.destination.is_alloydb
            return bool(found.read_instances) and standby
        case _:
            return False
