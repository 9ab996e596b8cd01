"""The metrics of a migration job, and what the service measures of each.

Source: the Google Cloud metrics list, `datamigration.googleapis.com/migration_job/…` (all BETA): kind, type,
unit and labels. Each is sampled every 60 seconds and visible up to 180 seconds later. Of a Cloud SQL source
also "Cloud SQL metrics", `cloudsql.googleapis.com/database/…` on the resource `cloudsql_database` (labels
`project_id`, `database_id`, `region`): sampled every 60 seconds and visible up to 165 seconds later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.dms import lag
from sandbox.dms.enums import ENGINES, PROVIDERS
from sandbox.dms.guides import HETEROGENEOUS, Guide, guide_of
from sandbox.dms.model import Job

Value = bool | int | float
Key = tuple[str, ...]
"""The values of a metric's labels, in the order of `Metric.labels`."""


@dataclass(frozen=True)
class Moment:
    """The scaled time of a sample, and of the sample before it: a DELTA counts what came between."""

    at: float
    before: float


PREFIX = "datamigration.googleapis.com/migration_job/"
_CLOUD_SQL = "cloudsql.googleapis.com/database/"
_DATABASE = ("database",)
_OPERATIONS = ("insert", "update", "delete")
"""Values of the label `operation_type` of `postgresql/tuples_processed_count`."""
_ORACLE_DATABASE = "ORCL"
_ONE_DATABASE = frozenset({Guide.ORACLE_TO_POSTGRES, Guide.ORACLE_TO_ALLOYDB})
"""A job of Oracle migrates schemas of one source database, which has one series ("Migration job metrics")."""

Sample = Callable[[Job, str, Moment], Value | None]


@dataclass(frozen=True)
class Metric:
    name: str
    value_type: str
    unit: str
    labels: tuple[str, ...]
    sample: Sample
    """What the service measures of a database; None where it measures nothing."""
    kind: str = "GAUGE"
    is_of: Callable[[Job], bool] = lambda _: True
    sparse: bool = False
    """Whether nearly all samples are zero, so that old zeros can be left out."""
    prefix: str = PREFIX

    @property
    def type(self) -> str:
        return self.prefix + self.name

    def resource(self, job: Job) -> tuple[str, dict[str, str]]:
        """Type and labels of the resource that it is of."""
        if self.prefix == _CLOUD_SQL:
            id = f"{job.project}:{source_instance(job)}"
            return "cloudsql_database", {
                "project_id": job.project,
                "database_id": id,
                "region": job.location,
            }
        labels = {"resource_container": job.project, "location": job.location, "migration_job_id": job.id}
        return "datamigration.googleapis.com/MigrationJob", labels

    def key(self, text: str) -> Key:
        """`database.schema.table` as a key; empty parts at the end may be left out."""
        parts = text.split(".", max(0, len(self.labels) - 1)) if self.labels else []
        return (*parts, *("" for _ in range(len(self.labels) - len(parts))))

    def keys(self, job: Job) -> list[Key]:
        """The series of a job: one for each database, and for what was set by hand."""
        natural = [self.key("")] if not self.labels else self._natural_keys(job)
        by_hand = [self.key(each) for each in job.metrics.get(self.name, {}) if each]
        return list(dict.fromkeys([*natural, *by_hand]))

    def _natural_keys(self, job: Job) -> list[Key]:
        if self.labels[0] == "operation_type":
            return [(each, d.name) for d in job.selected() for each in _OPERATIONS]
        return [self.natural(job, d.name) for d in job.selected()]

    def natural(self, job: Job, database: str) -> Key:
        """The key of a database's series."""
        if self.labels[-1] == "phase":
            return (database, "", "", job.phase)
        if self.labels == _DATABASE and guide_of(job) in _ONE_DATABASE:
            return (_ORACLE_DATABASE,)
        return self.key(database)

    def value(self, job: Job, key: Key, moment: Moment) -> Value | None:
        """What the service measured of this series at that time, or what was set by hand."""
        at = self.labels.index("database") if "database" in self.labels else None
        sampled = self.sample(job, "" if at is None else key[at], moment)
        pins = job.metrics.get(self.name, {})
        name = ".".join(key).rstrip(".")
        steps = pins.get(name) or pins.get("") or []
        if sampled is None or not steps:
            return sampled
        if self.kind == "DELTA":
            # What is set is the total: each step counts between the samples around it.
            return sum(step.change for step in steps if moment.before < step.since <= moment.at)
        pin = next((step for step in reversed(steps) if step.since <= moment.at), None)
        return sampled if pin is None or pin.value is None else pin.value


def unsupported_events(job: Job, database: str) -> int:
    """The total of a database, as `heterogeneousMetadata.unsupportedEventsCount` shows it."""
    pins = job.metrics.get("unsupported_events_count", {})
    mine = [steps for name, steps in pins.items() if name == database or name.startswith(f"{database}.")]
    return round(sum(step.change for steps in mine for step in steps))


def is_heterogeneous(job: Job) -> bool:
    """Whether the destination has another engine than the source."""
    return guide_of(job) in HETEROGENEOUS


def _restores_backups(job: Job) -> bool:
    return guide_of(job) is Guide.SQLSERVER


def _seconds(job: Job, database: str, moment: Moment) -> Value | None:
    return lag.seconds_behind(job, database, moment.at) if lag.replicating(job, moment.at) else None


def _bytes(job: Job, database: str, moment: Moment) -> Value | None:
    return lag.bytes_behind(job, database, moment.at) if lag.replicating(job, moment.at) else None


def _synced(job: Job, database: str, moment: Moment) -> Value | None:
    if not lag.running(job, moment.at):
        return None
    mine = [job.databases[database]] if database in job.databases else job.selected()
    return lag.replicating(job, moment.at) and all(each.phase != "FULL_DUMP" for each in mine)


def _dumped(job: Job, database: str, moment: Moment) -> Value | None:
    return lag.dump_percent(job, database, moment.at) if lag.dumping(job, moment.at) else None


def _job_dumped(job: Job, _: str, moment: Moment) -> Value | None:
    return lag.job_dump_percent(job, moment.at) if lag.dumping(job, moment.at) else None


def _unsupported(job: Job, _: str, moment: Moment) -> Value | None:
    return 0 if lag.dumping(job, moment.at) or lag.replicating(job, moment.at) else None


def _rows(job: Job, database: str, moment: Moment) -> Value | None:
    return lag.rows_written(job, database, moment.before, moment.at)


def _bytes_written(job: Job, database: str, moment: Moment) -> Value | None:
    rows = lag.rows_written(job, database, moment.before, moment.at)
    return None if rows is None else rows * 200


def source_instance(job: Job) -> str:
    """The ID of the Cloud SQL instance that a job migrates from."""
    return f"{job.id}-source"


def is_from_cloud_sql(job: Job) -> bool:
    return bool(job.pb.source_database.provider == PROVIDERS["CLOUDSQL"])


def _counts_tuples(job: Job) -> bool:
    return is_from_cloud_sql(job) and job.pb.source_database.engine == ENGINES["POSTGRESQL"]


def _tuples(job: Job, database: str, moment: Moment) -> Value | None:
    ended = job.source_writes_ended
    if ended is not None and moment.before >= ended:
        return 0
    return lag.rows_written(job, database, moment.before, moment.at)


def _upload_lag(job: Job, _: str, moment: Moment) -> Value | None:
    return lag.since_last_log(moment.at) if lag.replicating(job, moment.at) else None


def _logs(job: Job, _: str, moment: Moment) -> Value | None:
    return lag.logs_taken(moment.before, moment.at) if lag.replicating(job, moment.at) else None


def _log_bytes(job: Job, database: str, moment: Moment) -> Value | None:
    taken = _logs(job, database, moment)
    return None if taken is None else taken * 8 * 1024 * 1024


def _nothing_left(job: Job, _: str, moment: Moment) -> Value | None:
    return 0 if lag.running(job, moment.at) else None


_TABLE = ("database", "schema", "table")
_WRITTEN = (*_TABLE, "phase")

METRICS = (
    Metric("max_replica_sec_lag", "INT64", "s", _DATABASE, _seconds),
    Metric("max_replica_bytes_lag", "INT64", "By", _DATABASE, _bytes),
    Metric("initial_sync_complete", "BOOL", "", _DATABASE, _synced),
    Metric("fulldump_progress_percentage", "DOUBLE", "%", (), _job_dumped),
    Metric("fulldump_progress_percentage_per_object", "DOUBLE", "%", _TABLE, _dumped),
    Metric("unsupported_events_count", "INT64", "1", _TABLE, _unsupported, "DELTA", sparse=True),
    Metric("write_rows_count", "INT64", "1", _WRITTEN, _rows, "DELTA"),
    Metric("write_bytes_count", "INT64", "By", _WRITTEN, _bytes_written, "DELTA"),
    Metric("sqlserver/processed_file_count", "INT64", "1", _DATABASE, _logs, "DELTA", _restores_backups),
    Metric(
        "postgresql/tuples_processed_count",
        "INT64",
        "1",
        ("operation_type", "database"),
        _tuples,
        "DELTA",
        _counts_tuples,
        prefix=_CLOUD_SQL,
    ),
    Metric(
        "sqlserver/processed_file_bytes_count",
        "INT64",
        "By",
        _DATABASE,
        _log_bytes,
        "DELTA",
        _restores_backups,
    ),
    Metric("sqlserver/unprocessed_files", "INT64", "1", _DATABASE, _nothing_left, is_of=_restores_backups),
    Metric(
        "sqlserver/unprocessed_file_bytes", "INT64", "By", _DATABASE, _nothing_left, is_of=_restores_backups
    ),
    Metric(
        "sqlserver/transaction_log_upload_sec_lag",
        "INT64",
        "s",
        _DATABASE,
        _upload_lag,
        is_of=_restores_backups,
    ),
)
BY_NAME = {metric.name: metric for metric in METRICS}
