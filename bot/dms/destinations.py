"""Reads what the APIs of AlloyDB and Cloud SQL say of a job's destination.

The bot works without them: what may not be read is an error of `bot.dms.errors`. Sources: REST reference
`alloydb.v1` (`projects.locations.clusters.get`, `projects.locations.clusters.instances.list`,
`projects.locations.backups.list`) and REST reference `sqladmin.v1` (`instances.get`, `backupRuns.list`).
"""

from __future__ import annotations

from typing import Any

from bot.dms.calls import Calls
from bot.dms.destination import Destination, cluster, instance
from bot.dms.model import Job, parse_name
from bot.dms.resource_names import cloud_sql_instance
from bot.dms.rest import RestTransport, all_items
from bot.dms.transport import Transport

ALLOYDB_HOST = "alloydb.googleapis.com"
CLOUD_SQL_HOST = "sqladmin.googleapis.com"


class Destinations:
    """Reads destinations of one project. Every method raises `DmsError` if there is no answer."""

    def __init__(self, transport: Transport, calls: Calls) -> None:
        self._calls = calls
        self._alloydb = RestTransport(transport, ALLOYDB_HOST)
        self._cloud_sql = RestTransport(transport, CLOUD_SQL_HOST)

    def of(self, job: Job) -> Destination | None:
        """The job's destination; None where its connection profile names none of Google Cloud."""
        project, location, _ = parse_name(job.name)
        id = job.destination.host
        if job.destination.is_alloydb:
            return self._cluster(project, location, id) if id and ":" not in id else None
        found = cloud_sql_instance(id, project) if job.destination.provider == "CLOUDSQL" else None
        return None if found is None else self._instance(*found)

    def _cluster(self, project: str, location: str, id: str) -> Destination:
        parent = f"projects/{project}/locations/{location}"
        name = f"{parent}/clusters/{id}"
        body = self._read(self._alloydb, "clusters.get", name, id, "AlloyDB")
        instances = self._list(self._alloydb, f"{name}/instances", "instances", id, "AlloyDB")
        backups = self._list(self._alloydb, f"{parent}/backups", "backups", id, "AlloyDB")
        return cluster(id, body, instances, [each for each in backups if each.get("clusterName") == name])

    def _instance(self, project: str, id: str) -> Destination:
        name = f"projects/{project}/instances/{id}"
        body = self._read(self._cloud_sql, "instances.get", name, id, "Cloud SQL")
        return instance(id, body, self._list(self._cloud_sql, f"{name}/backupRuns", "items", id, "Cloud SQL"))

    def _read(self, rest: RestTransport, method: str, path: str, id: str, service: str) -> dict[str, Any]:
        return self._calls.read(method, f"read {id}", lambda t: rest.get(path, t), service=service)

    def _list(
        self, rest: RestTransport, path: str, items: str, id: str, service: str
    ) -> list[dict[str, Any]]:
        method = f"{path.rpartition('/')[2]}.list"

        def page(token: str) -> dict[str, Any]:
            params = {"pageToken": token} if token else None
            return self._calls.read(
                method, f"read {id}", lambda t: rest.get(path, t, params), service=service
            )

        return all_items(page, items, f"{items} of {id}")

    def close(self) -> None:
        self._alloydb.close()
        self._cloud_sql.close()
