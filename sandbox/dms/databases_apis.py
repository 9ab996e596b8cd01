"""The APIs of AlloyDB and Cloud SQL, as far as they tell of destinations.

Sources: REST reference `alloydb.v1` (`Cluster`, whose state BOOTSTRAPPING is "bootstrapping with data from
some other source", `Instance`, `Backup`) and `sqladmin.v1` (`DatabaseInstance`, `BackupRun`). At Google each
has a host of its own; here their paths are beside those of DMS.
"""

from __future__ import annotations

from typing import Any

from sandbox.dms.errors import ApiError
from sandbox.dms.model import Destination
from sandbox.dms.rest_routes import RestRequest, Route, route
from sandbox.dms.world import World

_PARENT = r"(projects/[^/:]+/locations/[^/:]+)"
_CLUSTER = r"(projects/[^/:]+/locations/[^/:]+/clusters/[^/:]+)"
_INSTANCE = r"(projects/[^/:]+/instances/[^/:]+)"
_LISTED = frozenset({"pageSize", "pageToken", "filter", "orderBy"})
_RUNS = frozenset({"maxResults", "pageToken"})


class DatabaseApis:
    """Routes and answers. What `settings` of a destination hold replaces the fields of its resource."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        return [
            route("AlloyDB.GetCluster", "GET", _CLUSTER, self._cluster, frozenset({"view"})),
            route("AlloyDB.ListInstances", "GET", _CLUSTER + "/instances", self._instances, _LISTED),
            route("AlloyDB.ListBackups", "GET", _PARENT + "/backups", self._backups, _LISTED),
            route("CloudSql.GetInstance", "GET", _INSTANCE, self._instance),
            route("CloudSql.ListBackupRuns", "GET", _INSTANCE + "/backupRuns", self._backup_runs, _RUNS),
        ]

    def _cluster(self, _: RestRequest, name: str) -> dict[str, Any]:
        with self._world.lock:
            self._world.settle()
            found = self._known(name, "alloydb.clusters.get")
            filling = found.role == "REPLICA" and not found.existing
            return {
                "name": name,
                "state": "BOOTSTRAPPING" if filling else "READY",
                "clusterType": "PRIMARY",
                "databaseVersion": "POSTGRES_16",
                "automatedBackupPolicy": {"enabled": True},
                "continuousBackupConfig": {"enabled": True, "recoveryWindowDays": 14},
            } | found.settings

    def _instances(self, _: RestRequest, name: str) -> dict[str, Any]:
        with self._world.lock:
            self._known(name, "alloydb.instances.list")
            return {
                "instances": [
                    {
                        "name": f"{name}/instances/primary",
                        "state": "READY",
                        "instanceType": "PRIMARY",
                        "availabilityType": "REGIONAL",
                    }
                ]
            }

    def _backups(self, _: RestRequest, parent: str) -> dict[str, Any]:
        with self._world.lock:
            self._allowed(parent, "alloydb.backups.list")
            found = (
                each
                for each in self._world.destinations.values()
                if each.name.startswith(f"{parent}/clusters/")
            )
            return {"backups": [backup for each in found for backup in each.backups]}

    def _instance(self, _: RestRequest, name: str) -> dict[str, Any]:
        with self._world.lock:
            self._world.settle()
            found = self._known(name, "cloudsql.instances.get")
            id = name.rpartition("/")[2]
            replica = found.role == "REPLICA"
            body: dict[str, Any] = {
                "kind": "sql#instance",
                "name": id,
                "state": "RUNNABLE",
                "instanceType": "READ_REPLICA_INSTANCE" if replica else "CLOUD_SQL_INSTANCE",
                "settings": {
                    "availabilityType": "ZONAL",
                    "backupConfiguration": {"enabled": not replica},
                    "deletionProtectionEnabled": True,
                },
            }
            if replica:
                body["masterInstanceName"] = f"{id}-master"
            return body | found.settings

    def _backup_runs(self, _: RestRequest, name: str) -> dict[str, Any]:
        with self._world.lock:
            return {
                "kind": "sql#backupRunsList",
                "items": self._known(name, "cloudsql.backupRuns.list").backups,
            }

    def _known(self, name: str, permission: str) -> Destination:
        self._allowed(name, permission)
        found = self._world.destinations.get(name)
        if found is None or not found.exists:
            raise ApiError("NOT_FOUND", f"Resource '{name}' was not found")
        return found

    def _allowed(self, name: str, permission: str) -> None:
        if not self._world.granted(name.split("/")[1], [permission]):
            raise ApiError("PERMISSION_DENIED", f"Permission '{permission}' denied on '{name}'")
