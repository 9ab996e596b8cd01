"""What only the REST side of DMS can do: databases of a job, actions on some of them, newer names.

Each method makes one request (lists: one a page) with the deadline `timeout` (seconds) and raises
what `bot.dms.rest.Rest` raises. Answers are JSON objects.
Source: the discovery document `datamigration.v1`, resource `projects.locations.migrationJobs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bot.dms.convert import objects_body
from bot.dms.model import ObjectId, ObjectsConfig, Selection
from bot.dms.rest import Rest

_PAGE = "1000"


class Objects:
    """The requests that gRPC does not have."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def job(self, name: str, timeout: float) -> dict[str, Any]:
        """`migrationJobs.get`."""
        return self._rest.get(name, timeout)

    def databases_page(self, name: str, token: str, timeout: float) -> dict[str, Any]:
        """`migrationJobs.objects.list`: one `ListMigrationJobObjectsResponse`."""
        return self._rest.get(f"{name}/objects", timeout, _paged(token))

    def profiles_page(self, parent: str, token: str, timeout: float) -> dict[str, Any]:
        """`connectionProfiles.list`: one `ListConnectionProfilesResponse`."""
        return self._rest.get(f"{parent}/connectionProfiles", timeout, _paged(token))

    def fetch_source_objects(self, name: str, timeout: float) -> dict[str, Any]:
        """`migrationJobs.fetchSourceObjects`: an `Operation`."""
        return self._rest.get(f"{name}:fetchSourceObjects", timeout)

    def restart(
        self, name: str, databases: Sequence[str], failed_only: bool, skip_validation: bool, timeout: float
    ) -> dict[str, Any]:
        """`migrationJobs.restart` for a part of the job."""
        body = restart_body(databases, failed_only=failed_only, skip_validation=skip_validation)
        return self._rest.write("POST", f"{name}:restart", timeout, body)

    def resume_unvalidated(self, name: str, timeout: float) -> dict[str, Any]:
        """`migrationJobs.resume` with `skipValidation`."""
        return self._rest.write("POST", f"{name}:resume", timeout, {"skipValidation": True})

    def promote(self, name: str, databases: Sequence[str], timeout: float) -> dict[str, Any]:
        """`migrationJobs.promote` for a part of the job."""
        return self._rest.write("POST", f"{name}:promote", timeout, promote_body(databases))

    def patch(
        self, name: str, objects: ObjectsConfig, parallelism: str, request_id: str, timeout: float
    ) -> dict[str, Any]:
        """`migrationJobs.patch` with a mask of what is given and nothing else."""
        body, mask = patch_body(name, objects, parallelism)
        params = {"updateMask": mask, "requestId": request_id}
        return self._rest.write("PATCH", name, timeout, body, params)


def restart_body(databases: Sequence[str], *, failed_only: bool, skip_validation: bool) -> dict[str, Any]:
    """A `RestartMigrationJobRequest`."""
    body: dict[str, Any] = {}
    if databases:
        body["objectsFilter"] = _filter(databases)
    if failed_only:
        body["restartFailedObjects"] = True
    if skip_validation:
        body["skipValidation"] = True
    return body


def promote_body(databases: Sequence[str]) -> dict[str, Any]:
    """A `PromoteMigrationJobRequest`."""
    return {"objectsFilter": _filter(databases)} if databases else {}


def patch_body(name: str, objects: ObjectsConfig, parallelism: str) -> tuple[dict[str, Any], str]:
    """A partial `MigrationJob` and the update mask that belongs to it."""
    body: dict[str, Any] = {"name": name, "objectsConfig": objects_body(objects)}
    if not parallelism:
        return body, "objectsConfig"
    body["performanceConfig"] = {"dumpParallelLevel": parallelism}
    return body, "objectsConfig,performanceConfig.dumpParallelLevel"


def all_pages(page: Callable[[str], dict[str, Any]], items: str) -> Iterator[dict[str, Any]]:
    """The `items` of all pages."""
    token = ""
    while True:
        body = page(token)
        yield from body.get(items) or ()
        token = str(body.get("nextPageToken") or "")
        if not token:
            return


def _filter(databases: Sequence[str]) -> dict[str, Any]:
    return objects_body(ObjectsConfig(Selection.SPECIFIED, tuple(ObjectId(each) for each in databases)))


def _paged(token: str) -> dict[str, str]:
    return {"pageSize": _PAGE, "pageToken": token} if token else {"pageSize": _PAGE}
