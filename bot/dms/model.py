"""Jobs, databases and operations of DMS as frozen values.

States and phases are strings, and may be newer than `bot.dms.states`, whose names this module has as well.

Sources: proto `google.cloud.clouddms.v1.MigrationJob` and the REST schemas `MigrationJob`,
`MigrationJobObject` and `Operation` of `datamigration.v1`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from bot.dms.missing import MissingLocation
from bot.dms.rest_fields import RestFields
from bot.dms.states import (
    BEFORE_CDC,
    BEFORE_THE_DUMP,
    CHANGING,
    PARALLELISM,
    JobType,
    ObjectPhase,
    ObjectState,
    Phase,
    Selection,
    State,
)

__all__ = [
    "BEFORE_CDC",
    "BEFORE_THE_DUMP",
    "CHANGING",
    "PARALLELISM",
    "JobType",
    "ObjectPhase",
    "ObjectState",
    "Phase",
    "Selection",
    "State",
]

UNSET_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""What a `google.protobuf.Timestamp` without a value reads as."""
_JOB_NAME = re.compile(
    r"^projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/migrationJobs/(?P<id>[^/]+)$"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A `google.rpc.Status`: an error of a job, a database or an operation."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One side of a migration, from its `ConnectionProfile`."""

    profile: str
    """The profile's full resource name."""
    engine: str = ""
    """POSTGRESQL, MYSQL, SQLSERVER, ORACLE, or empty if unknown."""
    provider: str = ""
    """CLOUDSQL, ALLOYDB, RDS, AURORA …, or empty if self-managed or unknown."""
    host: str = ""
    """Host and port, or the ID of the Cloud SQL instance or AlloyDB cluster."""

    @property
    def profile_id(self) -> str:
        return self.profile.rpartition("/")[2]

    @property
    def is_alloydb(self) -> bool:
        return "ALLOYDB" in (self.provider, self.engine)


@dataclass(frozen=True, slots=True)
class ObjectId:
    """A `SourceObjectIdentifier`; `database` alone names a whole database."""

    database: str
    type: str = "DATABASE"
    schema: str = ""
    table: str = ""

    def __str__(self) -> str:
        return ".".join(part for part in (self.database, self.schema, self.table) if part)


@dataclass(frozen=True, slots=True)
class ConfigSnapshot:
    """An `ObjectsConfig` in a form that can be compared and stored: the order of objects does not matter."""

    selection: str
    chosen: tuple[str, ...] = ()
    """Names as `str(ObjectId)`, sorted."""
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectsConfig:
    """`MigrationJob.objectsConfig.sourceObjectsConfig` (REST)."""

    selection: str = Selection.ALL
    chosen: tuple[ObjectId, ...] = ()
    excluded: tuple[ObjectId, ...] = ()

    def snapshot(self) -> ConfigSnapshot:
        """What to compare and store."""
        return ConfigSnapshot(
            str(self.selection),
            tuple(sorted(str(each) for each in self.chosen)),
            tuple(sorted(str(each) for each in self.excluded)),
        )


@dataclass(frozen=True, slots=True)
class Job:
    """A migration job as it was when it was read. Times are UTC."""

    name: str
    create_time: datetime
    """Distinguishes the job from a later one with the same name; `UNSET_TIME` if the service left it out."""
    state: str
    phase: str = Phase.UNSPECIFIED
    type: str = JobType.CONTINUOUS
    """ONE_TIME, CONTINUOUS, or empty if it is not known. The default is for stored jobs, which leave it out:
    whoever makes a job sets it."""
    display_name: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    source: Endpoint = Endpoint("")
    destination: Endpoint = Endpoint("")
    update_time: datetime | None = None
    end_time: datetime | None = None
    duration_s: float = 0.0
    """`MigrationJob.duration`, in seconds."""
    error: Fault | None = None
    parallelism: str = ""
    """MIN, OPTIMAL, MAX, or empty if it is not set."""
    dump_path: str = ""
    rest: RestFields | None = None
    """Fields that only REST has (`Dms.rest_fields`); None where they were not read."""

    @property
    def project(self) -> str:
        return parse_name(self.name)[0]

    @property
    def location(self) -> str:
        return parse_name(self.name)[1]

    @property
    def id(self) -> str:
        return parse_name(self.name)[2]

    @property
    def created(self) -> datetime | None:
        """When it was created; None if that is not known."""
        return self.create_time if self.create_time > UNSET_TIME else None

    @property
    def status(self) -> str:
        """State and phase, for example `RUNNING/CDC`. Only jobs with equal status can act together."""
        if self.phase in ("", Phase.UNSPECIFIED):
            return self.state
        return f"{self.state}/{self.phase}"

    def label(self, key: str) -> str | None:
        return dict(self.labels).get(key)


def placeholder_job(name: str, at: datetime) -> Job:
    """A job of which only the full name is known: it has no labels, and its state is not known."""
    return Job(name, at, "", type="")


@dataclass(frozen=True, slots=True)
class Vm:
    """The Compute Engine VM that a connectivity script uses or creates."""

    name: str
    zone: str = ""
    machine_type: str = ""
    """Of a VM that the script creates; empty for one that exists."""
    subnet: str = ""
    port: int = 0
    """The port that a bastion opens; 0 leaves it to the service."""


@dataclass(frozen=True, slots=True)
class Database:
    """A `MigrationJobObject` (REST)."""

    name: str
    """The object's full resource name."""
    id: ObjectId
    state: str
    phase: str = ""
    error: Fault | None = None
    unsupported_events: int | None = None
    """`heterogeneousMetadata.unsupportedEventsCount`, a total; None where the service gives none."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A `google.longrunning.Operation` with its `OperationMetadata`. Times are UTC."""

    name: str
    verb: str = ""
    """The action, for example `stop`."""
    target: str = ""
    """Full resource name of the job that it changes."""
    done: bool = False
    error: Fault | None = None
    create_time: datetime | None = None
    end_time: datetime | None = None
    status_message: str = ""
    cancelling: bool = False


@dataclass(frozen=True, slots=True)
class JobList:
    """The jobs of all configured locations."""

    jobs: tuple[Job, ...]
    missing: tuple[MissingLocation, ...] = ()
    """Locations whose jobs are missing from `jobs`, not deleted."""
    calls: int = 0
    """Number of list calls."""

    @property
    def unreachable(self) -> tuple[str, ...]:
        return tuple(each.location for each in self.missing)


@dataclass(frozen=True, slots=True)
class DelayPoint:
    """One measurement, in seconds, bytes or percent."""

    time: datetime
    """When it was measured, not when it was read."""
    value: float


@dataclass(frozen=True, slots=True)
class Lag:
    """A series of measurements of the delay, in seconds or in bytes."""

    points: tuple[DelayPoint, ...] = ()
    """The largest value of all databases at each time, newest last."""
    newest: Mapping[str, DelayPoint] = field(default_factory=dict)
    """The newest point of each database, by name; the name is empty if the series has none."""

    def of(self, databases: Sequence[str] = ()) -> DelayPoint | None:
        """The largest value of these databases, or of all, with the time of their oldest measurement.

        None if one of them has no measurement.
        """
        found = [self._of(each) for each in databases] if self.newest else []
        if not any(found):
            # No database is given, or the series have other names than the databases.
            found = list(self.newest.values()) or list(self.points[-1:])
        known = [each for each in found if each is not None]
        if not known or len(known) < len(found):
            return None
        return DelayPoint(min(each.time for each in known), max(each.value for each in known))

    def missing(self, databases: Sequence[str]) -> tuple[str, ...]:
        """Those of these databases that have no measurement."""
        return tuple(each for each in databases if self._of(each) is None)

    def worst(self, since: datetime) -> DelayPoint | None:
        """The largest value that was measured at or after `since`."""
        fresh = [each for each in (*self.newest.values(), *self.points[-1:]) if each.time >= since]
        return max(fresh, key=lambda each: each.value, default=None)

    def _of(self, database: str) -> DelayPoint | None:
        """The newest point of a database; a schema or table has that of its database."""
        labels = (each for each in self.newest if each == database or database.startswith(f"{each}."))
        return self.newest.get(max(labels, key=len, default=""))


@dataclass(frozen=True, slots=True)
class Delay:
    """Replication delay from Cloud Monitoring (`max_replica_sec_lag`, `max_replica_bytes_lag`)."""

    seconds: Lag = Lag()
    bytes: Lag = Lag()


@dataclass(frozen=True, slots=True)
class DumpProgress:
    """Progress of the full dump by object, from Cloud Monitoring."""

    newest: Mapping[tuple[str, str, str], DelayPoint] = field(default_factory=dict)
    """0 to 100, by database, schema and table; parts that the series lacks are empty."""

    def of(self, wanted: ObjectId) -> DelayPoint | None:
        """Percent of one object: the mean of the series in it, with the time of the oldest measurement; None
        if there is none."""
        parts = [part for part in (wanted.database, wanted.schema, wanted.table) if part]
        found = [
            point
            for labels, point in self.newest.items()
            if [part for part in labels if part][: len(parts)] == parts
        ]
        if not found:
            return None
        return DelayPoint(min(each.time for each in found), sum(each.value for each in found) / len(found))


@dataclass(frozen=True, slots=True)
class FieldChange:
    """What an edit sets of a job's display name, labels and dump path; what is not set stays as it is."""

    name: str | None = None
    """The display name."""
    labels: tuple[tuple[str, str], ...] = ()
    """Keys and values, sorted by key. An empty value removes the label."""
    dump_path: str | None = None
    """`gs://BUCKET/OBJECT`; empty removes it."""

    @property
    def empty(self) -> bool:
        return self.name is None and not self.labels and self.dump_path is None

    def labels_on(self, job: Job) -> dict[str, str]:
        """All labels of the job after the change. The mask `labels` replaces them all."""
        found = dict(job.labels)
        for key, value in self.labels:
            if value:
                found[key] = value
            else:
                found.pop(key, None)
        return {key: found[key] for key in sorted(found)}


@dataclass(frozen=True, slots=True)
class Options:
    """Options of an action; only those that the action has are set."""

    databases: tuple[str, ...] = ()
    """Restart, promote: only these databases (`objectsFilter`)."""
    failed_only: bool = False
    """Restart: only databases that failed (`restartFailedObjects`)."""
    stop_first: bool = False
    """Restart: stop the job first if it runs in the full dump."""
    skip_validation: bool = False
    """Start, resume, restart: `skip_validation` of the request."""
    failback: bool = False
    """Promote: from the destination back to the source (`failback`)."""
    operation: str = ""
    """Cancel: full resource name of the operation."""
    with_destination: bool = False
    """Delete: delete the destination, too (`force`)."""
    objects: ObjectsConfig | None = field(default=None)
    """Edit, or verify of an edit: the new selection of databases."""
    parallelism: str = ""
    """Edit, or verify of an edit: the new dump parallelism."""
    fields: FieldChange = field(default_factory=FieldChange)
    """Edit, or verify of an edit: display name, labels and dump path."""

    @property
    def edits(self) -> bool:
        """Whether there is something for an edit to save."""
        return self.objects is not None or bool(self.parallelism) or not self.fields.empty


@lru_cache(maxsize=32_768)
def parse_name(name: str) -> tuple[str, str, str]:
    """Split a job's full resource name into project, location and ID.

    Example: `projects/p/locations/europe-west1/migrationJobs/orders` gives `("p", "europe-west1", "orders")`.

    Raises:
        ValueError: the name does not have this form.
    """
    match = _JOB_NAME.match(name)
    if match is None:
        raise ValueError(f"not a migration job's resource name: {name!r}")
    return match["project"], match["location"], match["id"]


def job_name(project: str, location: str, job_id: str) -> str:
    """The full resource name of a migration job."""
    return f"projects/{project}/locations/{location}/migrationJobs/{job_id}"


def short_name(name: str) -> str:
    """The ID at the end of any resource name."""
    return name.rpartition("/")[2]
