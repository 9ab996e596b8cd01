"""A job's replication delay as read from Cloud Monitoring, and for how long it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.dms.model import DelayPoint, Job, Phase, State
from bot.dms.unsupported import UnsupportedEvents

MAX_AGE = timedelta(minutes=5)
"""A figure that was measured longer ago says nothing about now. Samples are taken every 60 seconds and can
be seen up to 180 seconds later (Google Cloud metrics list), so the newest one that can be seen of a job that
is measured is up to 4 minutes old; a minute more for a late sample. Beyond that, samples are missing."""
CLOCKS_DIFFER = timedelta(seconds=10)
"""By how much synchronised clocks may differ at most. A sample can be seen only after it has ended, so one
that ends later than that from now shows that this machine's clock is behind: what it takes for the time after
a press may lie before it."""
_MEASURED_PHASES = frozenset({Phase.CDC, Phase.READY_FOR_PROMOTE})


@dataclass(frozen=True, slots=True)
class BackupFiles:
    """What a SQL Server job has yet to restore: it has no delay whose zero means that all has arrived."""

    files: DelayPoint | None = None
    """Number of files; None where it is not known."""
    bytes: DelayPoint | None = None
    """None where it is not known; `note` says why."""
    last_log: datetime | None = None
    """When the last transaction log was uploaded; None where it is not known."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class MeasuredDelay:
    """The replication delay of one job, as it was when it was read."""

    at: datetime | None = None
    """When it was read; None where not even that is known."""
    seconds: DelayPoint | None = None
    """None where it is not known."""
    bytes: DelayPoint | None = None
    """None where it is not known."""
    last: DelayPoint | None = None
    """The newest figure, in seconds, where it is too old to say anything about now."""
    standing: str = ""
    """State and phase of a job whose delay is not measured, for example `failed · CDC`."""
    partial: str = ""
    """What the figure leaves out with this source, in a clause."""
    note: str = ""
    """Why nothing could be read."""
    unsupported: UnsupportedEvents | None = None
    """Changes that the destination may lack whatever the delay; None as older versions stored it."""
    backups: BackupFiles | None = None
    """Backup files of SQL Server; None for jobs of other engines, and as older versions stored it."""
    undated_seconds: float | None = None
    """Seconds that were shown without a usable time of measurement, as older versions stored them."""

    @property
    def is_zero(self) -> bool:
        """Whether nothing was left to replicate when it was measured. Seconds decide: the bytes of an idle
        PostgreSQL source need not come down to zero."""
        return self.seconds is not None and self.seconds.value == 0 and not self.partial

    @property
    def is_clear(self) -> bool:
        """Whether the delay was zero, and no change is known to be missing, or may be."""
        return self.is_zero and not (self.unsupported is not None and self.unsupported.may_miss)

    @property
    def has_no_zero(self) -> bool:
        """Whether it is above zero, but there is no zero to wait for: it counts from the time in a backup
        file's name until that file is restored. Source: "Migration job metrics" (SQL Server)."""
        return self.backups is not None and self.is_behind

    @property
    def is_behind(self) -> bool:
        return self.seconds is not None and self.seconds.value > 0

    @property
    def was_shown_as_zero(self) -> bool:
        """Whether people were shown a zero, even if it is not known when that was measured. One that leaves
        changes out is shown as not known."""
        return (
            not self.partial and (self.undated_seconds if self.seconds is None else self.seconds.value) == 0
        )

    @property
    def since(self) -> datetime | None:
        """From when on the destination may miss changes, judged by the last measurement."""
        if self.last is None:
            return None
        try:
            return self.last.time - timedelta(seconds=max(0.0, self.last.value))
        except OverflowError:
            return None  # the value reaches back beyond year 1


def is_measured(job: Job) -> bool:
    """Whether Cloud Monitoring measures the delay of a job in this state and phase."""
    return job.state in (State.RUNNING, State.UPDATING) and job.phase in _MEASURED_PHASES


def is_recent(point: DelayPoint, now: datetime) -> bool:
    """Whether the measurement is at most `MAX_AGE` old, and not from the future (`CLOCKS_DIFFER`)."""
    return -CLOCKS_DIFFER <= now - point.time <= MAX_AGE
