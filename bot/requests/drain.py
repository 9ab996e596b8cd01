"""Whether everything has arrived on the destination of a job: reading what `bot.dms.drained` judges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.dms.drained import DatabaseDrain, is_drained, judge, rule_of
from bot.dms.errors import DmsError
from bot.dms.model import Job
from bot.dms.port import Reads
from bot.requests.delay import replicated
from bot.util import parallel

LASTS = timedelta(minutes=30)
"""How long a promote waits until nothing is missing: three samples, up to three minutes late."""
PROMISE = (
    "It is sent *once nothing is missing*: three samples in a row of every database, measured after it is "
    "confirmed and approved (and after its time). Stop the writes to the source before. If that is not so "
    "within 30 minutes, nothing is sent."
)
_SEEN_BEFORE = timedelta(minutes=15)
"""How far before that time samples are read, too: to know which series a database has."""


def measure_drain(
    dms: Reads,
    job: Job,
    after: datetime,
    now: datetime,
    names: Sequence[str] = (),
    *,
    most_seconds: float = 0,
    most_bytes: float = 0,
    anything: bool = False,
) -> tuple[DatabaseDrain, ...]:
    """How far each database of the job is; samples count that end after `after`. `names` are those that
    count, all that replicate where none are named.

    Raises:
        DmsError: the databases or the samples could not be read.
    """
    wanted = names or replicated(dms.databases(job.name))
    rule = rule_of(job, after, wanted, most_seconds=most_seconds, most_bytes=most_bytes, anything=anything)
    return judge(dms.drain_samples(job, after - _SEEN_BEFORE), rule, now)


def not_drained(dms: Reads, jobs: Sequence[Job], after: datetime, now: datetime, names: Sequence[str]) -> str:
    """Which of the jobs have not drained, in a sentence; empty if all have."""
    found = parallel.map_concurrently(lambda job: _why_not(dms, job, after, now, names), jobs)
    return " ".join(filter(None, found))


def _why_not(dms: Reads, job: Job, after: datetime, now: datetime, names: Sequence[str]) -> str:
    try:
        found = measure_drain(dms, job, after, now, names)
    except DmsError as error:
        return f"`{job.id}` could not be measured: {error}"
    if is_drained(found):
        return ""
    missing = next(each for each in found if not each.is_drained)
    which = f"`{missing.database}` of `{job.id}`" if missing.database else f"`{job.id}`"
    why = missing.why or "it takes three samples in a row in which nothing is missing"
    return f"{which} has not drained: {why}."
