"""The interfaces of DMS for the rest of the bot: `Dms`, and of it what people look at, `Reads`.

`bot.dms.gateway.Gateway` implements `Dms` for one project, `bot.dms.many_projects.ProjectGateways` for all of
them, and `bot.dms.shared_reads.SharedReads` implements `Reads`. Modules
that need only the type, such as each verb, import it from here: importing `Gateway` loads the Google client
libraries, which takes 0.6 to 0.9 seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.config.projects import Place, Projects
from bot.dms.backup_files import BackupLags
from bot.dms.destination import Destination
from bot.dms.drain_samples import DrainSamples, Written
from bot.dms.model import (
    Database,
    Delay,
    DelayPoint,
    DumpProgress,
    Job,
    JobList,
    ObjectsConfig,
    Operation,
    Options,
    Vm,
)
from bot.dms.rest_fields import RestFields
from bot.dms.unsupported import EventCounts


class Reads(Protocol):
    """What people look at. Every method can raise the errors of `bot.dms.errors`, but never `Unclear`.

    Job names are full resource names: `projects/…/locations/…/migrationJobs/…`. Where several projects are
    served, a name in any other is `Refused`.
    """

    @property
    def projects(self) -> Projects:
        """The projects that are served, with their locations."""
        ...

    def list_jobs(self, place: Place | None = None, filter: str = "", *, durations: bool = True) -> JobList:
        """All jobs of the places of all projects (or of one place), with endpoints resolved.

        `filter` is an AIP-160 filter. A job that has not changed since the last call is the same object as
        then. Without `durations`, that includes jobs of which only the duration has grown: they keep the old
        one. A place that does not answer is in `missing`, not raised. Where several projects are asked,
        so is one whose credentials or permissions fail, as long as not all refuse.
        """
        ...

    def find(self, job_id: str, *, thorough: bool = True) -> JobList:
        """Jobs with this ID in any place; `missing` has the places that did not answer.

        If it need not be `thorough`, slow places may be left out once the job is found in another.
        """
        ...

    def get_job(self, name: str, *, fresh: bool = False) -> Job:
        """`GetMigrationJob`, with endpoints resolved. Connection profiles are remembered for ten minutes, but
        for `fresh` endpoints half a minute at most."""
        ...

    def databases(self, name: str) -> tuple[Database, ...]:
        """All databases of the job, sorted by name (REST `migrationJobs.objects.list`)."""
        ...

    def objects_config(self, name: str) -> ObjectsConfig:
        """Which databases of its source the job migrates (REST `migrationJobs.get`, `objectsConfig`)."""
        ...

    def rest_fields(self, name: str) -> RestFields:
        """Fields of a job that only REST has (`migrationJobs.get`)."""
        ...

    def fetch_source_objects(self, name: str) -> Operation:
        """Have the service list the source's databases again (REST `migrationJobs.fetchSourceObjects`)."""
        ...

    def ssh_script(self, job: Job, vm: Vm) -> str:
        """`GenerateSshScript`: sets up a reverse SSH tunnel through a VM. Changes nothing."""
        ...

    def tcp_proxy_script(self, job: Job, vm: Vm) -> str:
        """`GenerateTcpProxyScript`: sets up a VM with a TCP proxy. Changes nothing."""
        ...

    def get_operation(self, name: str) -> Operation:
        """`GetOperation`, by the operation's full resource name."""
        ...

    def operations(self, job: Job, since: datetime) -> tuple[Operation, ...]:
        """Operations on this job created at or after `since` (UTC), oldest first (`ListOperations`)."""
        ...

    def delay(self, job: Job, hours: float = 1.0, since: datetime | None = None) -> Delay:
        """Replication delay over the last `hours`, from Cloud Monitoring, with the time of each measurement.

        Points before the job was created, or before `since`, are left out: they belong to a deleted job of
        the same name, or to the time before a pause.

        Raises:
            Denied, Unavailable: Monitoring does not answer. Nothing else depends on it.
        """
        ...

    def drain_samples(self, job: Job, since: datetime) -> DrainSamples:
        """Every sample of the job's delay, and the rows written in CDC, since then, from Cloud Monitoring.

        Raises:
            Denied, Unavailable: Monitoring does not answer. Nothing else depends on it.
        """
        ...

    def source_writes(self, job: Job, since: datetime) -> Mapping[str, tuple[Written, ...]]:
        """Rows written to a Cloud SQL source since then, by database, from Cloud Monitoring; none for other
        sources (`bot.dms.source_counters`).

        Raises:
            Denied, Unavailable: Monitoring does not answer, or not for the instance's project.
        """
        ...

    def dump_percentages(
        self, job: Job, hours: float, since: datetime | None = None
    ) -> tuple[DelayPoint, ...]:
        """Percent of the full dump that is done, over the last `hours`, oldest first, from Cloud Monitoring.

        Points before the job was created, or before `since`, are left out.

        Raises:
            Denied, Unavailable: Monitoring does not answer. Nothing else depends on it.
        """
        ...

    def dump_progress(self, job: Job, since: datetime | None = None) -> DumpProgress:
        """Percent of the full dump that is done, by object, from Cloud Monitoring, none before `since`.

        Raises:
            Denied, Unavailable: Monitoring does not answer. Nothing else depends on it.
        """
        ...

    def console_url(self, job: Job) -> str:
        """The job's page in the Google Cloud console."""
        ...

    def backup_lags(self, job: Job, since: datetime | None = None) -> BackupLags:
        """Backup files of a SQL Server job that are not restored yet, over the last hour, from Cloud
        Monitoring; none before the job was created, or before `since`.

        Raises:
            Denied, Unavailable: Monitoring does not answer. Nothing else depends on it.
        """
        ...

    def event_counts(self, job: Job) -> EventCounts:
        """Changes that DMS did not support since the job was created, by table (Cloud Monitoring; for Oracle
        and SQL Server also REST `migrationJobs.objects.list`). What cannot be read is told in its `note`."""
        ...

    def permissions(self, name: str, names: Sequence[str]) -> frozenset[str]:
        """Which of these IAM permissions the bot has on the resource (`TestIamPermissions`)."""
        ...

    def destination(self, job: Job) -> Destination | None:
        """What the API of AlloyDB or Cloud SQL says of the job's destination; None if it is neither.

        Raises:
            Denied, NotFound, Unavailable: it does not answer. Nothing else depends on it.
        """
        ...

    def profiles_note(self, job: Job) -> str:
        """Why the hosts of the job's source or destination are not known; empty if they are."""
        ...


class Dms(Reads, Protocol):
    """All of the service. An action returns the operation that the service started; the job changes while the
    operation runs.
    """

    def start(self, job: Job, *, skip_validation: bool = False) -> Operation:
        """`StartMigrationJob`."""
        ...

    def stop(self, job: Job) -> Operation:
        """`StopMigrationJob`."""
        ...

    def resume(self, job: Job, *, skip_validation: bool = False) -> Operation:
        """`ResumeMigrationJob`; REST with `skip_validation`, which the gRPC request lacks."""
        ...

    def restart(
        self,
        job: Job,
        *,
        databases: Sequence[str] = (),
        failed_only: bool = False,
        skip_validation: bool = False,
    ) -> Operation:
        """`RestartMigrationJob` for the whole job.

        For some databases, REST `migrationJobs.restart` with `objectsFilter` or `restartFailedObjects`.
        """
        ...

    def promote(self, job: Job, *, databases: Sequence[str] = (), failback: bool = False) -> Operation:
        """`PromoteMigrationJob` for the whole job.

        REST `migrationJobs.promote` with `objectsFilter` for some databases, with `failback` for a promotion
        from the destination back to the source.
        """
        ...

    def cancel(self, job: Job, operation: str) -> Operation:
        """`CancelOperation` for an operation on the job, by its full resource name.

        The service cancels it later, or not at all: returns the operation itself, to be followed.
        """
        ...

    def demote(self, job: Job) -> Operation:
        """REST `migrationJobs.demoteDestination`: the destination becomes a read replica of the source."""
        ...

    def verify(self, job: Job, change: Options | None = None) -> Operation:
        """`VerifyMigrationJob`; with `change`, of the job as an edit would make it, which is not saved.

        That goes over REST (`updateMask`, `migrationJob`), with the mask of `update`.
        """
        ...

    def delete(self, job: Job, *, request_id: str, force: bool) -> Operation:
        """`DeleteMigrationJob`; `force` deletes the destination, too.

        `request_id` (a UUID) makes a repeated call harmless.
        """
        ...

    def update(self, job: Job, change: Options, *, request_id: str) -> Operation:
        """Change only what is given: `objects`, `parallelism` and `fields` of `change`.

        It goes over REST (`migrationJobs.patch`) with one path in the mask for each. `parallelism` alone is
        an `UpdateMigrationJob` (mask `performance_config.dump_parallel_level`). Labels are sent with those
        of `job`, as their mask replaces all. `request_id` (a UUID) makes a repeated call harmless.

        Raises:
            ValueError: nothing is given.
        """
        ...

    def permissions(self, name: str, names: Sequence[str]) -> frozenset[str]:
        """Which of the IAM permissions `names` the bot has on this job (`TestIamPermissions`)."""
        ...

    def close(self) -> None:
        """Close all connections; calls that are running fail."""
        ...
