"""The replication delay of a job: it falls after the dump and then varies near zero."""

from __future__ import annotations

import math
import zlib

from sandbox.dms.model import Job

_HALVING_SECONDS = 900.0
_BYTES_PER_SECOND = 180_000


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


def _wobble(job: Job, database: str, scaled: float) -> float:
    # Each database has its own pattern, which is the same in every run.
    shift = zlib.crc32(f"{job.name}/{database}".encode()) % 1000
    return 1.5 + 1.6 * math.sin(scaled / 140.0 + shift) + 1.1 * math.sin(scaled / 37.0 + 2 * shift)
