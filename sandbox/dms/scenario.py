"""Creates and changes jobs from plain values, for seeds and the control API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.dms.dump import destination_of
from sandbox.dms.ends import add_profiles
from sandbox.dms.enums import (
    CHANGING,
    ENGINES,
    LEVELS,
    OBJECT_PHASES,
    OBJECT_STATES,
    PROVIDERS,
    TYPES,
    JobPb,
    checked,
)
from sandbox.dms.masks import split_json
from sandbox.dms.model import Database, Job, Spell
from sandbox.dms.names import check_id
from sandbox.dms.placing import place, status_of
from sandbox.dms.rdsflow import writes_changed
from sandbox.dms.recovery import clear_database_later, clear_later, set_running_error
from sandbox.dms.samples import POINTS, give_points, metric_named, pin_lag, set_metric
from sandbox.dms.selection import ALL, SPECIFIED
from sandbox.dms.validation import check_body
from sandbox.dms.world import World


def add_job(
    world: World,
    job_id: str,
    *,
    location: str = "europe-west1",
    project: str | None = None,
    state: str = "RUNNING",
    phase: str | None = None,
    type: str = "CONTINUOUS",
    source_engine: str = "POSTGRESQL",
    source_provider: str | None = None,
    source_host: str | None = None,
    destination_engine: str = "POSTGRESQL",
    destination_provider: str = "ALLOYDB",
    databases: Sequence[Any] = ("app",),
    source_databases: Sequence[str] | None = None,
    excluded: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
    error: Any = None,
    clears_after: float | None = None,
    dump_parallel_level: str | None = None,
    display_name: str | None = None,
    sec_lag: int | None = None,
    bytes_lag: int | None = None,
    metrics: Mapping[str, Any] | None = None,
    frozen: bool = False,
    source_superuser: bool = True,
    source_writes: bool = True,
    source_writes_pause: float | None = None,
    existing_destination: bool = False,
    fields: Mapping[str, Any] | None = None,
    created_ago: float = 3600.0,
    in_phase_for: float = 0.0,
    replicated_for: float = 0.0,
) -> Job:
    """Add a job with its profiles and destination. It replaces a job of the same name.

    `metrics` are values of its metrics, as in `set_job`, since the middle of its time in this phase.
    It was RUNNING in CDC for `replicated_for` seconds before its present state.
    Ages are in wall-clock seconds before now; a dump progresses as if these were scaled seconds. The cause of
    `error` is fixed `clears_after` scaled seconds from now; None means by `recovery.fix` alone.
    `fields` are fields of the job as in REST. An `existing_destination` was there before the job, and is to
    be demoted where the guide says so. With `source_writes_pause`, people stop the writes to the source that
    many scaled seconds after the job asks for it, and let them resume when the full dump begins.
    Raises ValueError for unknown names of states, engines and the like.
    """
    now = world.now()
    wall = world.clock.wall()
    created = world.clock.scaled_of(wall - created_ago)
    project = project or world.project
    parent = f"projects/{project}/locations/{location}"
    pb = JobPb(name=f"{parent}/migrationJobs/{check_id(job_id, 'id')}", display_name=display_name or job_id)
    pb.labels.update(labels or {})
    pb.type_ = TYPES[checked(type, TYPES, "type")]
    pb.source = f"{parent}/connectionProfiles/{job_id}-source"
    pb.destination = f"{parent}/connectionProfiles/{job_id}-destination"
    pb.source_database.engine = ENGINES[checked(source_engine, ENGINES, "engine")]
    if source_provider:
        pb.source_database.provider = PROVIDERS[checked(source_provider, PROVIDERS, "provider")]
    pb.destination_database.engine = ENGINES[checked(destination_engine, ENGINES, "engine")]
    pb.destination_database.provider = PROVIDERS[checked(destination_provider, PROVIDERS, "provider")]
    pb.static_ip_connectivity.SetInParent()
    pb, rest_only = split_json(check_body(dict(fields or {}), "MigrationJob"), pb)
    job = Job(pb, created)
    job.rest_only = rest_only
    job.frozen = frozen
    job.source_superuser, job.source_writes = source_superuser, source_writes
    job.source_writes_pause = source_writes_pause
    _set_level(job, dump_parallel_level)
    _fill_databases(job, databases, source_databases, excluded, now)
    add_profiles(world, job, source_host, existing=existing_destination)
    if sec_lag is not None or bytes_lag is not None:
        pin_lag(job, sec_lag, bytes_lag, job.created)
    since = world.clock.scaled_of(wall - in_phase_for)
    for metric, values in (metrics or {}).items():
        set_metric(job, metric, values, (max(job.created, since) + now) / 2)
    if replicated_for:
        begun = world.clock.scaled_of(wall - in_phase_for - replicated_for)
        job.history.append(Spell(begun, "RUNNING", "CDC"))
    world.add_job(job)
    place(world, job, state, phase, since, error, dump_at=now - in_phase_for)
    if clears_after is not None:
        clear_later(world, job, clears_after, now)
    return job


def add_many(
    world: World, count: int, location: str, prefix: str, state: str, phase: str | None, **values: Any
) -> list[str]:
    """Add `count` similar jobs named `prefix-00001` and so on. Returns their names."""
    digits = len(str(max(count - 1, 0)))
    return [
        add_job(
            world, f"{prefix}-{index:0{digits}d}", location=location, state=state, phase=phase, **values
        ).name
        for index in range(count)
    ]


def _fill_databases(
    job: Job,
    databases: Sequence[Any],
    source_databases: Sequence[str] | None,
    excluded: Sequence[str],
    now: float,
) -> None:
    for given in databases:
        values = {"name": given} if isinstance(given, str) else dict(given)
        database = _database(values, job.created, now)
        job.databases[database.name] = database
    chosen = list(job.databases)
    for name in (*(source_databases or ()), *excluded):
        if name not in job.databases:
            job.databases[name] = Database(name, "NOT_SELECTED", created=job.created, updated=job.created)
    job.known_source = list(job.databases)
    if excluded:
        job.selection = (ALL, frozenset(excluded))
    elif len(chosen) < len(job.known_source):
        job.selection = (SPECIFIED, frozenset(chosen))
    else:
        job.selection = (ALL, frozenset())


def _database(values: dict[str, Any], created: float, now: float) -> Database:
    database = Database(str(values.pop("name")), created=created, updated=created)
    database.dump_seconds = float(values.pop("dump_seconds", 600.0))
    if values:
        set_database_values(database, values, now)
    return database


def set_database_values(database: Database, values: Mapping[str, Any], at: float) -> None:
    """Change state, phase and error of a database. Raises ValueError for unknown ones."""
    unknown = set(values) - {"state", "phase", "error", "dump_seconds"}
    if unknown:
        raise ValueError(f"unknown database fields: {', '.join(sorted(unknown))}")
    state = checked(
        values.get("state", "FAILED" if values.get("error") else database.state), OBJECT_STATES, "state"
    )
    phase = checked(values.get("phase", database.phase), OBJECT_PHASES, "phase")
    error = (
        status_of(values["error"]) if "error" in values else (database.error if state == "FAILED" else None)
    )
    database.dump_seconds = float(values.get("dump_seconds", database.dump_seconds))
    database.put(state, phase, at, error)
    database.pinned = True


def set_database(world: World, job: Job, name: str, changes: Mapping[str, Any], at: float) -> None:
    """Change a database; with `clears_after`, its error is gone after that time.

    Raises KeyError for an unknown database, ValueError for unknown values.
    """
    values = dict(changes)
    clears_after = values.pop("clears_after", None)
    database = job.databases[name]
    set_database_values(database, values, at)
    if clears_after is not None:
        clear_database_later(world, job, database, float(clears_after), at)


def _set_level(job: Job, level: str | None) -> None:
    if level is not None:
        checked(level, LEVELS, "dump parallel level")
        job.pb.performance_config.dump_parallel_level = LEVELS[level]


_CHANGES = frozenset(
    {
        "state", "phase", "error", "sec_lag", "bytes_lag", "labels", "display_name", "frozen",
        "dump_parallel_level", "source_databases", "type", "source_writes", "sec_points", "bytes_points",
        "clears_after", "metrics", "points",
    }
)  # fmt: skip


def set_job(world: World, job: Job, changes: Mapping[str, Any]) -> None:
    """Change a job as somebody in the console would. Raises ValueError for unknown fields and metrics.

    `metrics` gives values by the metric's name below `migration_job/`: a number for all its series, or
    numbers by series (`database`, `database.schema.table`). From now on it has this value; of a DELTA metric
    it is the total since the job began. None lets it change by itself again. `points` gives samples in the
    same way: see `give_points`.
    """
    unknown = set(changes) - _CHANGES
    if unknown:
        raise ValueError(f"unknown job fields: {', '.join(sorted(unknown))}")
    now = world.now()
    _set_plain(world, job, changes)
    for field, metric in POINTS.items():
        if field in changes:
            give_points(world, job, metric, changes[field])
    for metric, points in changes.get("points", {}).items():
        give_points(world, job, metric_named(metric).name, points)
    for metric, values in changes.get("metrics", {}).items():
        set_metric(job, metric, values, now)
    if "sec_lag" in changes or "bytes_lag" in changes:
        pin_lag(job, changes.get("sec_lag"), changes.get("bytes_lag"), now)
    if "state" in changes or "phase" in changes:
        _move(world, job, changes, now)
    elif "error" in changes:
        _set_error(job, status_of(changes["error"]))
    if changes.get("clears_after") is not None:
        clear_later(world, job, float(changes["clears_after"]), now)
    if "source_writes" in changes:
        job.source_writes = bool(changes["source_writes"])
        job.source_writes_ended = None if job.source_writes else now
        writes_changed(world, job, now)
    job.touch(now)


def _set_error(job: Job, status: Any) -> None:
    if job.state in ("RUNNING", "UPDATING"):
        set_running_error(job, status)
        return
    job.pb.ClearField("error")
    if status is not None:
        job.pb.error.CopyFrom(status)


def _set_plain(world: World, job: Job, changes: Mapping[str, Any]) -> None:
    if "labels" in changes:
        job.pb.labels.clear()
        job.pb.labels.update(changes["labels"])
    if "display_name" in changes:
        job.pb.display_name = changes["display_name"]
    if "type" in changes:
        job.pb.type_ = TYPES[checked(changes["type"], TYPES, "type")]
    if "frozen" in changes:
        job.frozen = bool(changes["frozen"])
    if "source_databases" in changes and job.pb.source in world.profiles:
        world.profiles[job.pb.source].databases = list(changes["source_databases"])
    _set_level(job, changes.get("dump_parallel_level"))


def _move(world: World, job: Job, changes: Mapping[str, Any], now: float) -> None:
    state = changes.get("state", job.state)
    kept = job.phase if state not in ("DRAFT", "NOT_STARTED", "COMPLETED") else None
    if kept == "PHASE_UNSPECIFIED":
        kept = None
    for database in job.selected():
        # A failed database stays failed while its job runs, unless the job itself reaches a final state.
        if database.state != "FAILED" or state not in ("RUNNING", *CHANGING):
            database.pinned = False
    place(world, job, state, changes.get("phase", kept), now, changes.get("error"))


def job_snapshot(
    world: World, job: Job, data: dict[str, Any], databases: list[dict[str, Any]]
) -> dict[str, Any]:
    """The full state of a job for tests: its REST form and what no API of the service shows."""
    destination = destination_of(world, job)
    return {
        **data,
        "databases": databases,
        "frozen": job.frozen,
        "effectiveDumpParallelLevel": job.parallel,
        "knownSource": job.known_source,
        "activeOperation": job.active.name if job.active else None,
        "destinationName": destination.name if destination else None,
        "history": [{"time": world.stamp(s.since), "state": s.state, "phase": s.phase} for s in job.history],
    }
