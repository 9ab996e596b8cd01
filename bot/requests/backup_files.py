"""The backup files of SQL Server beside a replication delay: reading them, and the words for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.cmdline.answers import RichPart, Time, Verbatim
from bot.dms.advice import reads_backup_files
from bot.dms.backup_files import backup_files
from bot.dms.delay import BackupFiles
from bot.dms.errors import DmsError
from bot.dms.model import Job
from bot.dms.port import Dms
from bot.util.durations import bytes_text
from bot.util.text import count_of


def read_backup_files(
    dms: Dms, job: Job, since: datetime | None, names: Sequence[str], now: datetime
) -> BackupFiles | None:
    """What is left to restore; None for a job that restores no backup files. An error is its `note`."""
    if not reads_backup_files(job):
        return None
    try:
        return backup_files(dms.backup_lags(job, since), names, now)
    except DmsError as error:
        return BackupFiles(note=str(error).rstrip("."))


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
