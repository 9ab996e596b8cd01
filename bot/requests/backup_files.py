"""The backup files of SQL Server beside a replication delay: reading them, and the words for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.cmdline.answers import RichPart, Time, Verbatim
from bot.dms.backup_files import BackupLags, backup_files
from bot.dms.delay import BackupFiles
from bot.dms.engines import reads_backup_files
from bot.dms.errors import DmsError
from bot.dms.model import Job
from bot.dms.port import Reads
from bot.util.durations import bytes_text
from bot.util.text import count_of


def read_lags(dms: Reads, job: Job, since: datetime | None) -> BackupLags | DmsError | None:
    """The figures of what is left to restore; None for a job that restores no backup files."""
    if not reads_backup_files(job):
        return None
    try:
        return dms.backup_lags(job, since)
    except DmsError as error:
        return error


def backups_of(lags: BackupLags | DmsError | None, names: Sequence[str], now: datetime) -> BackupFiles | None:
    """What these figures say `now`; `names` are the databases that count, none for all."""
    if isinstance(lags, DmsError):
        return BackupFiles(note=str(lags).rstrip("."))
    return None if lags is None else backup_files(lags, names, now)


def backups_text(found: BackupFiles) -> tuple[RichPart, ...]:
    """How much is left to restore, and since when the destination lacks everything: a few sentences."""
    return (*_left(found), *_last_log(found))


def _left(found: BackupFiles) -> tuple[RichPart, ...]:
    if found.bytes is None:
        return ("How much of the backup files is left to restore is *not known*: ", Verbatim(found.note), ".")
    measured = (" (measured ", Time(found.bytes.time), ").")
    if found.bytes.value == 0:
        return ("No unprocessed bytes of backup files are left", *measured)
    files = f" in {count_of(int(found.files.value), 'file')}" if found.files is not None else ""
    return (f"*Not restored yet: {bytes_text(found.bytes.value)} of backup files*{files}", *measured)


def _last_log(found: BackupFiles) -> tuple[RichPart, ...]:
    if found.last_log is None:
        return (" When the last transaction log was uploaded is *not known*.",)
    return (
        " The last transaction log was uploaded ",
        Time(found.last_log),
        ": what was written after it was taken is in no backup file.",
    )
