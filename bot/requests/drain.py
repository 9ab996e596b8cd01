"""Whether everything has arrived on the destination of a job: reading what `bot.dms.drained` judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.dms.delay import is_measured
from bot.dms.drained import STOP, DatabaseDrain, is_drained, judge, rule_of, takes_threshold
from bot.dms.engines import Engines, engines_of, goes_back, has_final_log, reads_backup_files
from bot.dms.errors import DmsError
from bot.dms.model import Job
from bot.dms.port import Reads
from bot.dms.rules import where
from bot.requests.delay import left_out, replicated
from bot.store.facts import RequestFacts
from bot.util import parallel
from bot.util.command import COMMAND
from bot.util.durations import humanize

LASTS = timedelta(minutes=30)
"""How long a promote waits until nothing is missing: three samples, up to three minutes late."""
ONCE_DRAINED = "It is sent *once nothing is missing*"
_DECIDE = f"`{COMMAND} promote {{}}` asks you to decide now."
_SEEN_BEFORE = timedelta(minutes=15)
"""How far before that time samples are read, too: to know which series a database has."""


def promise(facts: RequestFacts) -> str:
    """What the bot waits for, in sentences; what people do before that, the warning of the verb says."""
    begins = "that time" if facts.due is not None else "it is confirmed and approved"
    return (
        f"{ONCE_DRAINED}: three samples in a row of every database that replicates, measured after {begins}. "
        f"If that is not so {humanize(LASTS)} later, nothing is sent."
    )


def never_sent(job: Job, *, when_drained: bool) -> str:
    """Why a promote that is sent by itself, at a set time or once the job has drained, never would be; in
    sentences, empty if it may be. Nobody is there then to decide that a delay is low enough.

    No page says that a zero is enough from PostgreSQL back to SQL Server.
    """
    if not is_measured(job):
        return (
            f"`{job.id}` is {where(job)}, and its delay is not measured then, so this promote would never be "
            f"sent. {_DECIDE.format(job.id)}"
        )
    if takes_threshold(job):
        waits = (
            "`--when-drained` would wait in vain"
            if when_drained
            else "no zero says that all has arrived, so nothing would be sent at a set time"
        )
        return (
            f"The delay of `{job.id}` need not come down to zero: {waits}. "
            f"`{COMMAND} cutover {job.id}` takes the delay that is low enough."
        )
    if goes_back(job):
        return (
            f"No delay of `{job.id}` says that all has arrived: {left_out(job)}. So it is not sent with "
            f"nobody there. {_DECIDE.format(job.id)}"
        )
    if engines_of(job) is Engines.UNKNOWN:
        return (
            f"It is not known between which engines `{job.id}` migrates, so no delay of zero says that all "
            f"has arrived: it is not sent with nobody there. {_DECIDE.format(job.id)}"
        )
    if has_final_log(job):
        return (
            f"`{job.id}` is {where(job)}: its final transaction log is restored, and only a later one would "
            f"show that all has arrived. So it is not sent with nobody there. {_DECIDE.format(job.id)}"
        )
    if when_drained or not left_out(job):
        return ""
    return (
        f"No delay of `{job.id}` says that all has arrived: {left_out(job)}. So nothing would be sent at a "
        f"set time. `{COMMAND} promote {job.id} --when-drained` waits until no backup file is left, also "
        "with `--at`."
    )


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
    event: str = STOP,
) -> tuple[DatabaseDrain, ...]:
    """How far each database of the job is; samples count that end after `after`, when `event` happened.
    `names` are those that count, all that replicate where none are named.

    Raises:
        DmsError: the databases or the samples could not be read.
    """
    wanted = names or replicated(dms.databases(job.name))
    rule = rule_of(
        job,
        after,
        wanted,
        most_seconds=most_seconds,
        most_bytes=most_bytes,
        anything=anything,
        event=event,
    )
    return judge(dms.drain_samples(job, after - _SEEN_BEFORE), rule, now)


def not_drained(dms: Reads, jobs: Sequence[Job], after: datetime, now: datetime, names: Sequence[str]) -> str:
    """Which of the jobs have not drained, in a sentence; empty if all have."""
    found = parallel.map_concurrently(lambda job: _why_not(dms, job, after, now, names), jobs)
    return " ".join(filter(None, found))


def _why_not(dms: Reads, job: Job, after: datetime, now: datetime, names: Sequence[str]) -> str:
    try:
        if reads_backup_files(job):
            # It may have restored its final log meanwhile. Its engines stay those that were confirmed: its
            # profiles may be unreadable now.
            job = replace(job, phase=dms.get_job(job.name, fresh=True).phase)
        found = measure_drain(dms, job, after, now, names)
    except DmsError as error:
        return f"`{job.id}` could not be measured: {error}"
    if is_drained(found):
        return ""
    missing = next(each for each in found if not each.is_drained)
    which = f"`{missing.database}` of `{job.id}`" if missing.database else f"`{job.id}`"
    why = missing.why or "it takes three samples in a row in which nothing is missing"
    return f"{which} has not drained: {why}."
