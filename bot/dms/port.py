"""The interface of DMS for the rest of the bot; its one implementation is `bot.dms.gateway.Gateway`.

It is a Protocol although there is only one implementation: importing `Gateway` loads the Google client
libraries, which takes 0.6 to 0.9 seconds. Modules that need only the type, such as each verb, import this.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.dms.model import Database, Delay, DumpProgress, Job, JobList, ObjectsConfig, Operation


class Dms(Protocol):
    """Every method may raise the errors of `bot.dms.errors`; reads never raise `Unclear`."""

    project: str
    locations: tuple[str, ...]

    def list_jobs(self, location: str | None = None, filter: str = "", *, durations: bool = True) -> JobList:
        """All jobs of the configured locations (or of one), with endpoints resolved.

        A job that did not change since the last look is the very same object as then; without
        `durations` also one that has only run on, whose duration is then that of an earlier look.
        A location that does not answer is named in `unreachable`, not raised.
        """
        ...

    def find(self, job_id: str) -> JobList:
        """Jobs with this id in any configured location; locations that did not answer are named."""
        ...

    def get_job(self, name: str) -> Job: ...

    def databases(self, name: str) -> tuple[Database, ...]:
        """The job's migration job objects, all pages, in name order (REST)."""
        ...

    def objects_config(self, name: str) -> ObjectsConfig:
        """Which databases the job is configured to take (REST)."""
        ...

    def fetch_source_objects(self, name: str) -> Operation:
        """Ask the service to look again at what the source has (REST)."""
        ...

    def start(self, job: Job, *, skip_validation: bool = False) -> Operation: ...

    def stop(self, job: Job) -> Operation: ...

    def resume(self, job: Job, *, skip_validation: bool = False) -> Operation: ...

    def restart(
        self,
        job: Job,
        *,
        databases: Sequence[str] = (),
        failed_only: bool = False,
        skip_validation: bool = False,
    ) -> Operation:
        """gRPC for the whole job; REST with `objectsFilter` or `restartFailedObjects` for a part."""
        ...

    def promote(self, job: Job, *, databases: Sequence[str] = ()) -> Operation:
        """gRPC for the whole job; REST with `objectsFilter` for a part."""
        ...

    def verify(self, job: Job) -> Operation: ...

    def delete(self, job: Job, *, request_id: str, force: bool) -> Operation:
        """`request_id` (a UUID) makes a repeated call harmless."""
        ...

    def update(
        self,
        job: Job,
        *,
        request_id: str,
        objects: ObjectsConfig | None = None,
        parallelism: str = "",
    ) -> Operation:
        """Save what is given and nothing else: REST patch for `objects` (mask `objectsConfig`),
        `UpdateMigrationJob` for parallelism alone (mask `performance_config.dump_parallel_level`);
        both at once go into one REST patch with both masks.
        """
        ...

    def get_operation(self, name: str) -> Operation: ...

    def operations(self, job: Job, since: datetime) -> tuple[Operation, ...]:
        """Operations on this job created at or after `since` (UTC), oldest first."""
        ...

    def delay(self, job: Job, hours: float = 1.0, since: datetime | None = None) -> Delay:
        """Replication delay over the last `hours`, from Cloud Monitoring, each figure with the time at
        which it was measured.

        What is older than the job, or than `since`, does not count: a deleted job of the same name, or the
        time before a pause, says nothing about this one now.

        Raises:
            Denied, Unavailable: Monitoring is not to be had; the rest of the bot goes on.
        """
        ...

    def dump_progress(self, job: Job) -> DumpProgress:
        """How much of the full dump is done, by object, from Cloud Monitoring; a few minutes old.

        Raises:
            Denied, Unavailable: Monitoring is not to be had; the rest of the bot goes on.
        """
        ...

    def permissions(self, name: str, names: Sequence[str]) -> frozenset[str]:
        """Which of `names` IAM permissions the credentials have on this job (TestIamPermissions)."""
        ...

    def console_url(self, job: Job) -> str: ...

    def close(self) -> None: ...
