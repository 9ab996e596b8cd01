"""Backup files of a SQL Server job that are not restored yet, and when its last transaction log was uploaded.

Sources: Google Cloud metrics list, `…/migration_job/sqlserver/unprocessed_files`, `…/unprocessed_file_bytes`
and `…/transaction_log_upload_sec_lag` (gauges by database); "Finalize a migration" (SQL Server): stop the
writes, upload the last transaction log, and promote when no unprocessed bytes are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.dms.delay import BackupFiles, is_recent
from bot.dms.model import DelayPoint, Lag
from bot.util.text import first_few

_NAMED = 5


@dataclass(frozen=True, slots=True)
class BackupLags:
    """The three series of a job."""

    files: Lag
    bytes: Lag
    upload: Lag
    """Seconds since the last transaction log was uploaded."""


def backup_files(lags: BackupLags, names: Sequence[str], now: datetime) -> BackupFiles:
    """What these series say `now`; `names` are the databases that count, none for all."""
    files, size = _total(lags.files, names, now), _total(lags.bytes, names, now)
    upload = lags.upload.of(names)
    last_log = None if upload is None else _last_log(upload)
    if size is not None:
        return BackupFiles(files, size, last_log)
    return BackupFiles(files, None, last_log, _why_unknown(lags.bytes, names))


def _why_unknown(lag: Lag, names: Sequence[str]) -> str:
    if not lag.newest:
        return "nothing was measured in the last hour"
    if lag.of(names) is None:
        return f"it was not measured for {first_few(lag.missing(names), _NAMED)}"
    return "the newest figure is negative or too old"


def _total(lag: Lag, names: Sequence[str], now: datetime) -> DelayPoint | None:
    """The sum of these databases. Where the series are not theirs, the largest: one may be of all."""
    each = [lag.newest.get(name) for name in names]
    known = [point for point in each if point is not None]
    found = lag.of(names)
    if known and len(known) == len(names):
        found = DelayPoint(min(point.time for point in known), sum(point.value for point in known))
    return found if found is not None and found.value >= 0 and is_recent(found, now) else None


def _last_log(upload: DelayPoint) -> datetime | None:
    """The delay is the time of its measurement less that of the last log."""
    try:
        return upload.time - timedelta(seconds=max(0.0, upload.value))
    except OverflowError:
        return None
