"""What is measured of a job: how far its dump is, and the replication delay.

The delay falls after the dump and then varies near zero.
"""

from __future__ import annotations

import math
import zlib

from sandbox.dms.model import Job

_HALVING_SECONDS = 900.0
_BYTES_PER_SECOND = 180_000
_ROWS_PER_SECOND = 40.0
_LOG_SECONDS = 300
"""A transaction log backup of SQL Server is taken every five minutes."""


def running(job: Job, scaled: float) -> bool:
    """Whether the job was at work at that time."""
    spell = job.spell_at(scaled)
    return spell is not None and spell.state in ("RUNNING", "UPDATING")


def dumping(job: Job, scaled: float) -> bool:
    """Whether the job was in its full dump at that time."""
    spell = job.spell_at(scaled)
    return spell is not None and spell.phase == "FULL_DUMP"


def replicating(job: Job, scaled: float) -> bool:
    """Whether the service samples a delay at that time."""
    spell = job.spell_at(scaled)
    phases = ("CDC", "READY_FOR_PROMOTE", "PROMOTE_IN_PROGRESS")
    return spell is not None and spell.state in ("RUNNING", "UPDATING") and spell.phase in phases


def seconds_behind(job: Job, database: str, scaled: float) -> int:
    """Delay of one database in seconds at a scaled time."""
    pin = next((p for p in reversed(job.lag_pins) if p.since <= scaled), None)
    if pin is not None and pin.seconds is not None:
        return pin.seconds
    ended = job.source_writes_ended
    if ended is None or scaled <= ended:
        return _behind_source(job, database, scaled)
    return max(0, round(_behind_source(job, database, ended) - (scaled - ended)))


def _behind_source(job: Job, database: str, scaled: float) -> int:
    """While applications write to the source."""
    since = job.cdc_since if job.cdc_since is not None else scaled
    age = max(0.0, scaled - since)
    falling = job.cdc_backlog * 2 ** (-age / _HALVING_SECONDS)
    return max(0, round(falling + _wobble(job, database, scaled)))


def bytes_behind(job: Job, database: str, scaled: float) -> int:
    """Delay of one database in bytes at a scaled time."""
    pin = next((p for p in reversed(job.lag_pins) if p.since <= scaled), None)
    if pin is not None and pin.bytes is not None:
        return pin.bytes
    return seconds_behind(job, database, scaled) * _BYTES_PER_SECOND


def dump_percent(job: Job, database: str, scaled: float) -> float | None:
    """Progress of a database's dump, 0 to 100; None if no dump was planned."""
    found = job.databases.get(database)
    if found is None or found.dump_from is None or found.dump_until is None or scaled < found.dump_from:
        return None
    share = (scaled - found.dump_from) / max(found.dump_until - found.dump_from, 1e-9)
    return round(100.0 * min(1.0, share), 1)


def job_dump_percent(job: Job, scaled: float) -> float | None:
    """Progress of all databases of the dump together, by their size; None if no dump was planned."""
    planned = [d for d in job.selected() if dump_percent(job, d.name, scaled) is not None]
    size = sum(d.dump_seconds for d in job.selected() if d.dump_from is not None)
    if not planned or size <= 0:
        return None
    done = sum(d.dump_seconds * (dump_percent(job, d.name, scaled) or 0.0) for d in planned)
    return round(done / size, 1)


def rows_written(job: Job, database: str, begin: float, end: float) -> int | None:
    """Rows that were written to a database of the destination in that time."""
    if not (dumping(job, end) or replicating(job, end)) or database not in job.databases:
        return None
    ended = job.source_writes_ended
    if ended is not None and begin >= ended and seconds_behind(job, database, begin) <= 0:
        return 0  # nothing is written to the source any more, and all of it has arrived
    return max(0, math.floor(end * _ROWS_PER_SECOND) - math.floor(begin * _ROWS_PER_SECOND))


def since_last_log(scaled: float) -> int:
    """Seconds since the last transaction log backup was uploaded."""
    return int(scaled % _LOG_SECONDS)


def logs_taken(begin: float, end: float) -> int:
    """Transaction log backups that were taken in that time."""
    return math.floor(end / _LOG_SECONDS) - math.floor(begin / _LOG_SECONDS)


def _wobble(job: Job, database: str, scaled: float) -> float:
    # Each database has its own pattern, which is the same in every run.
    shift = zlib.crc32(f"{job.name}/{database}".encode()) % 1000
    return 1.5 + 1.6 * math.sin(scaled / 140.0 + shift) + 1.1 * math.sin(scaled / 37.0 + 2 * shift)
