"""A destination as the APIs of AlloyDB and Cloud SQL show it. Pure functions of their resources.

Sources: REST reference `alloydb.v1` (`Cluster`, `Instance`, `Backup`) and `sqladmin.v1` (`DatabaseInstance`,
`BackupRun`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_REPLICA = "READ_REPLICA_INSTANCE"
_RUNNING_BACKUP = frozenset({"CREATING", "RUNNING", "ENQUEUED", "OVERDUE"})
"""AlloyDB `Backup.State` and Cloud SQL `SqlBackupRunStatus` of a backup that is being made, or about to."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A Cloud SQL instance, or an AlloyDB cluster with its instances. None: the API does not say."""

    kind: str
    """`AlloyDB cluster` or `Cloud SQL instance`."""
    id: str
    state: str
    """AlloyDB `Cluster.State` or Cloud SQL `SqlInstanceState`, for example READY or RUNNABLE."""
    serves: bool
    """Whether that state is the one in which it can be used: READY, RUNNABLE."""
    replicates: bool | None = None
    """Whether it still replicates from a source: Cloud SQL has it as a replica, AlloyDB as BOOTSTRAPPING."""
    backups: bool | None = None
    """Whether automated backups are on."""
    point_in_time: bool | None = None
    """Whether it can be restored to a point in time."""
    available: bool | None = None
    """Whether its primary has a standby in another zone (REGIONAL)."""
    read_instances: int | None = None
    """Number of its read replicas, or of the instances in its read pools."""
    maintenance: datetime | None = None
    """When its next maintenance begins, where one is planned."""
    backup_running: bool | None = None


def cluster(
    id: str,
    body: Mapping[str, Any],
    instances: Sequence[Mapping[str, Any]],
    backups: Sequence[Mapping[str, Any]],
) -> Destination:
    """An AlloyDB `Cluster` with its `Instance` and `Backup` resources.

    Automated backups are on where the policy does not say otherwise ("If not set, defaults to true").
    """
    state = str(body.get("state") or "")
    primary = next((each for each in instances if each.get("instanceType") == "PRIMARY"), {})
    pools = [each for each in instances if each.get("instanceType") == "READ_POOL"]
    schedule = body.get("maintenanceSchedule") or {}
    return Destination(
        kind="AlloyDB cluster",
        id=id,
        state=state,
        serves=state == "READY" and primary.get("state") == "READY",
        # A cluster that was there before the migration may replicate and be READY.
        replicates=True if state == "BOOTSTRAPPING" else None,
        backups=_flag(body, "automatedBackupPolicy", "enabled", missing=True),
        point_in_time=_flag(body, "continuousBackupConfig", "enabled", missing=True),
        available=primary.get("availabilityType") == "REGIONAL" if primary else None,
        read_instances=sum(_count(each.get("readPoolConfig"), "nodeCount") for each in pools),
        maintenance=_time(schedule.get("startTime")),
        backup_running=_any(backups, "state", _RUNNING_BACKUP),
    )


def instance(id: str, body: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> Destination:
    """A Cloud SQL `DatabaseInstance` with its `BackupRun` resources."""
    state = str(body.get("state") or "")
    settings = body.get("settings") or {}
    config = settings.get("backupConfiguration") or {}
    is_replica = body.get("instanceType") == _REPLICA or bool(body.get("masterInstanceName"))
    return Destination(
        kind="Cloud SQL instance",
        id=id,
        state=state,
        serves=state == "RUNNABLE",
        replicates=is_replica,
        backups=config.get("enabled") is True,
        point_in_time=config.get("pointInTimeRecoveryEnabled") is True
        or config.get("binaryLogEnabled") is True,
        available=settings.get("availabilityType") == "REGIONAL",
        read_instances=len(body.get("replicaNames") or ()),
        maintenance=_time((body.get("scheduledMaintenance") or {}).get("startTime")),
        backup_running=_any(runs, "status", _RUNNING_BACKUP),
    )


def _flag(body: Mapping[str, Any], part: str, name: str, *, missing: bool) -> bool:
    return bool((body.get(part) or {}).get(name, missing))


def _count(part: Mapping[str, Any] | None, name: str) -> int:
    value = (part or {}).get(name)
    return value if isinstance(value, int) else 0


def _any(found: Iterable[Mapping[str, Any]], field: str, values: frozenset[str]) -> bool:
    return any(each.get(field) in values for each in found)


def _time(text: object) -> datetime | None:
    """An RFC 3339 time; None for anything else."""
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
