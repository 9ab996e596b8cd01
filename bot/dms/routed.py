"""Calls about one job or operation, each made by the gateway of its project: a part of `many_projects`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bot.dms.backup_files import BackupLags
from bot.dms.destination import Destination
from bot.dms.drain_samples import DrainSamples, Written
from bot.dms.model import (
    Database,
    Delay,
    DelayPoint,
    DumpProgress,
    Job,
    ObjectsConfig,
    Operation,
    Options,
    Vm,
)
from bot.dms.rest_fields import RestFields
from bot.dms.unsupported import EventCounts

if TYPE_CHECKING:
    from bot.dms.gateway import Gateway  # loads Google's clients


class Routed(ABC):
    """Whatever knows the gateway of each project."""

    @abstractmethod
    def of(self, name: str) -> Gateway:
        """The gateway of a resource name.

        Raises:
            Refused: its project is not served.
        """


class RoutedReads(Routed):
    """Implements the calls of `bot.dms.port.Dms` that look at one job or operation."""

    def get_job(self, name: str, *, fresh: bool = False) -> Job:
        return self.of(name).get_job(name, fresh=fresh)

    # Parts of a job

    def databases(self, name: str) -> tuple[Database, ...]:
        return self.of(name).databases(name)

    def objects_config(self, name: str) -> ObjectsConfig:
        return self.of(name).objects_config(name)

    def rest_fields(self, name: str) -> RestFields:
        return self.of(name).rest_fields(name)

    def fetch_source_objects(self, name: str) -> Operation:
        return self.of(name).fetch_source_objects(name)

    def ssh_script(self, job: Job, vm: Vm) -> str:
        return self.of(job.name).ssh_script(job, vm)

    def tcp_proxy_script(self, job: Job, vm: Vm) -> str:
        return self.of(job.name).tcp_proxy_script(job, vm)

    def get_operation(self, name: str) -> Operation:
        return self.of(name).get_operation(name)

    def operations(self, job: Job, since: datetime) -> tuple[Operation, ...]:
        return self.of(job.name).operations(job, since)

    # Monitoring, permissions, links

    def delay(self, job: Job, hours: float = 1.0, since: datetime | None = None) -> Delay:
        return self.of(job.name).delay(job, hours, since)

    def drain_samples(self, job: Job, since: datetime) -> DrainSamples:
        return self.of(job.name).drain_samples(job, since)

    def source_writes(self, job: Job, since: datetime) -> Mapping[str, tuple[Written, ...]]:
        return self.of(job.name).source_writes(job, since)

    def dump_percentages(
        self, job: Job, hours: float, since: datetime | None = None
    ) -> tuple[DelayPoint, ...]:
        return self.of(job.name).dump_percentages(job, hours, since)

    def dump_progress(self, job: Job, since: datetime | None = None) -> DumpProgress:
        return self.of(job.name).dump_progress(job, since)

    def backup_lags(self, job: Job, since: datetime | None = None) -> BackupLags:
        return self.of(job.name).backup_lags(job, since)

    def event_counts(self, job: Job) -> EventCounts:
        return self.of(job.name).event_counts(job)

    def permissions(self, name: str, names: Sequence[str]) -> frozenset[str]:
        return self.of(name).permissions(name, names)

    def destination(self, job: Job) -> Destination | None:
        return self.of(job.name).destination(job)

    def profiles_note(self, job: Job) -> str:
        return self.of(job.name).profiles_note(job)

    def console_url(self, job: Job) -> str:
        return self.of(job.name).console_url(job)


class RoutedActions(Routed):
    """Implements the calls of `bot.dms.port.Dms` that change a job."""

    def start(self, job: Job, *, skip_validation: bool = False) -> Operation:
        return self.of(job.name).start(job, skip_validation=skip_validation)

    def stop(self, job: Job) -> Operation:
        return self.of(job.name).stop(job)

    def resume(self, job: Job, *, skip_validation: bool = False) -> Operation:
        return self.of(job.name).resume(job, skip_validation=skip_validation)

    def restart(
        self,
        job: Job,
        *,
        databases: Sequence[str] = (),
        failed_only: bool = False,
        skip_validation: bool = False,
    ) -> Operation:
        return self.of(job.name).restart(
            job, databases=databases, failed_only=failed_only, skip_validation=skip_validation
        )

    def promote(self, job: Job, *, databases: Sequence[str] = (), failback: bool = False) -> Operation:
        return self.of(job.name).promote(job, databases=databases, failback=failback)

    def cancel(self, job: Job, operation: str) -> Operation:
        return self.of(job.name).cancel(job, operation)

    def demote(self, job: Job) -> Operation:
        return self.of(job.name).demote(job)

    def verify(self, job: Job, change: Options | None = None) -> Operation:
        return self.of(job.name).verify(job, change)

    def delete(self, job: Job, *, request_id: str, force: bool) -> Operation:
        return self.of(job.name).delete(job, request_id=request_id, force=force)

    def update(self, job: Job, change: Options, *, request_id: str) -> Operation:
        return self.of(job.name).update(job, change, request_id=request_id)
