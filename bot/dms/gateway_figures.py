"""What a gateway reads of a job's progress: a part of `bot.dms.gateway`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.dms.backup_files import BackupLags
from bot.dms.drain_samples import DrainSamples, Written
from bot.dms.figures import Figures
from bot.dms.model import Delay, DelayPoint, DumpProgress, Job


class GatewayFigures:
    """Implements the reads of `bot.dms.port.Reads` that Cloud Monitoring alone answers."""

    figures: Figures

    def delay(self, job: Job, hours: float = 1.0, since: datetime | None = None) -> Delay:
        return self.figures.delay(job, hours, since)

    def drain_samples(self, job: Job, since: datetime) -> DrainSamples:
        return self.figures.drain_samples(job, since)

    def source_writes(self, job: Job, since: datetime) -> Mapping[str, tuple[Written, ...]]:
        return self.figures.source_writes(job, since)

    def dump_percentages(
        self, job: Job, hours: float, since: datetime | None = None
    ) -> tuple[DelayPoint, ...]:
        return self.figures.dump_percentages(job, hours, since)

    def dump_progress(self, job: Job, since: datetime | None = None) -> DumpProgress:
        return self.figures.dump_progress(job, since)

    def backup_lags(self, job: Job, since: datetime | None = None) -> BackupLags:
        return self.figures.backup_lags(job, since)
