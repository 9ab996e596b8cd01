"""Samples of a job by database, to judge whether everything has arrived on its destination.

Source: Google Cloud metrics list, `datamigration.googleapis.com/migration_job/…` (all sampled every 60
seconds and visible up to 180 seconds later): `max_replica_sec_lag`, `max_replica_bytes_lag`,
`sqlserver/unprocessed_files`, `…/unprocessed_file_bytes`, `…/transaction_log_upload_sec_lag` (gauges with the
label `database`), `write_rows_count` (a DELTA with the labels `database`, `schema`, `table`, `phase`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.dms.model import DelayPoint

Series = Mapping[str, tuple[DelayPoint, ...]]
"""By database, oldest first; the name is empty if the series has none."""


@dataclass(frozen=True, slots=True)
class Written:
    """Rows that were written to the destination in a time."""

    begin: datetime
    end: datetime
    rows: int


@dataclass(frozen=True, slots=True)
class DrainSamples:
    """Every sample of a job that can be seen, since a time."""

    seconds: Series = field(default_factory=dict)
    bytes: Series = field(default_factory=dict)
    files: Series = field(default_factory=dict)
    """Backup files of SQL Server that are not restored yet; empty for other engines, as the next two."""
    file_bytes: Series = field(default_factory=dict)
    upload: Series = field(default_factory=dict)
    """Seconds since the last transaction log was uploaded."""
    written: Mapping[str, tuple[Written, ...]] = field(default_factory=dict)
    """What was written in CDC, by database, oldest first."""
    source: Mapping[str, tuple[Written, ...]] = field(default_factory=dict)
    """What was written to a source that counts it (`bot.dms.source_counters`), by database, oldest first.
    Empty where nobody counts, or the counters cannot be read."""
