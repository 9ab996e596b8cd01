"""What other APIs of Google Cloud say about a project: Cloud Resource Manager and Service Usage.

Sources: the discovery documents `cloudresourcemanager.v1`, `cloudresourcemanager.v3`, `serviceusage.v1` and
`serviceusage.v1beta1`. At Google each has a host of its own; here their paths are beside those of DMS.
"""

from __future__ import annotations

from typing import Any

from sandbox.dms.conditions import DMS, QUOTA_LIMIT, QUOTA_METRIC, TITLES, project_number
from sandbox.dms.errors import ApiError, invalid
from sandbox.dms.paging import Page, cut, page_size
from sandbox.dms.rest_routes import RestRequest, Route, route
from sandbox.dms.world import World

DEFAULT_QUOTA = 1_200
"""API requests a minute. It can be set. The pages of DMS name none; this one is of "Quotas and limits" of
Datastream."""
_PROJECT = r"(projects/[^/:]+)"
_SERVICE = r"(projects/[^/:]+/services/[^/:]+)"


class Neighbours:
    """Routes and answers about projects."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        permissions = _PROJECT + ":testIamPermissions"
        metrics = _SERVICE + "/consumerQuotaMetrics"
        return [
            *(
                route(
                    "Projects.TestIamPermissions",
                    "POST",
                    permissions,
                    self._test_permissions,
                    schema="TestIamPermissionsRequest",
                    version=version,
                )
                for version in ("v1", "v3")
            ),
            route("ServiceUsage.GetService", "GET", _SERVICE, self._get_service),
            route(
                "ServiceUsage.ListConsumerQuotaMetrics",
                "GET",
                metrics,
                self._list_quotas,
                frozenset({"pageSize", "pageToken", "view"}),
                version="v1beta1",
            ),
        ]

    def _test_permissions(self, request: RestRequest, name: str) -> dict[str, Any]:
        """Needs no permission itself. Wildcards "are not allowed"."""
        asked = list((request.body or {}).get("permissions", []))
        if any("*" in each for each in asked):
            raise invalid("Permissions must not hold a wildcard", "permissions")
        with self._world.lock:
            project = self._known(name, "The caller does not have permission")
            found = self._world.granted(project, asked)
        return {"permissions": found} if found else {}

    def _get_service(self, _: RestRequest, name: str) -> dict[str, Any]:
        service = name.rpartition("/")[2]
        with self._world.lock:
            project = self._known(name, f"Permission denied to get service [{service}]")
        if service not in TITLES:
            raise ApiError("NOT_FOUND", f"Not found or permission denied for service(s): {service}.")
        enabled = self._world.conditions.enabled(project, service)
        parent = f"projects/{project_number(project)}"
        return {
            "name": f"{parent}/services/{service}",
            "config": {"name": service, "title": TITLES[service]},
            "state": "ENABLED" if enabled else "DISABLED",
            "parent": parent,
        }

    def _list_quotas(self, request: RestRequest, name: str) -> dict[str, Any]:
        service = name.rpartition("/")[2]
        with self._world.lock:
            project = self._known(name, f"Permission denied to list quotas of service [{service}]")
            limit = self._world.quotas.get(project, DEFAULT_QUOTA)
        found = [_quota(project, limit)] if service == DMS else []
        size = page_size(request.number("pageSize"), 100, 1000)
        page: Page[dict[str, Any]] = cut(
            found, size, request.text("pageToken"), ("quotas", name), lambda each: str(each["name"])
        )
        return {"metrics": page.items} if page.items else {}

    def _known(self, name: str, refusal: str) -> str:
        project = name.split("/")[1]
        if project not in self._world.projects():
            raise ApiError("PERMISSION_DENIED", refusal)
        return project


def _quota(project: str, limit: int) -> dict[str, Any]:
    parent = f"projects/{project_number(project)}/services/{DMS}/consumerQuotaMetrics"
    name = f"{parent}/{QUOTA_METRIC.replace('/', '%2F')}"
    unit = "1/min/{project}"
    return {
        "name": name,
        "metric": QUOTA_METRIC,
        "displayName": "API requests",
        "unit": "1",
        "consumerQuotaLimits": [
            {
                "name": f"{name}/limits/{QUOTA_LIMIT}",
                "metric": QUOTA_METRIC,
                "unit": unit,
                "quotaBuckets": [{"effectiveLimit": str(limit), "defaultLimit": str(DEFAULT_QUOTA)}],
            }
        ],
    }
