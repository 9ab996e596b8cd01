"""What can be wrong with a whole project: no access, an API off, bad credentials, silence, no quota left.

Sources: `google.api.ErrorReason` (reasons, domain and metadata), AIP-193 (errors), and "Database Migration
Service roles and permissions" (the permissions of its methods).
"""

from __future__ import annotations

import re
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from google.rpc import error_details_pb2

from sandbox.dms.errors import ApiError

DMS = "datamigration.googleapis.com"
MONITORING = "monitoring.googleapis.com"
RESOURCE_MANAGER = "cloudresourcemanager.googleapis.com"
SERVICE_USAGE = "serviceusage.googleapis.com"
ALLOYDB = "alloydb.googleapis.com"
CLOUD_SQL = "sqladmin.googleapis.com"
TITLES = {
    DMS: "Database Migration API",
    MONITORING: "Cloud Monitoring API",
    RESOURCE_MANAGER: "Cloud Resource Manager API",
    SERVICE_USAGE: "Service Usage API",
    ALLOYDB: "AlloyDB API",
    CLOUD_SQL: "Cloud SQL Admin API",
}
"""Titles of the APIs in their discovery documents."""
KINDS = ("DENIED", "UNAUTHENTICATED", "SILENT", "SLOW", "QUOTA")
QUOTA_METRIC = f"{DMS}/api_requests"
QUOTA_LIMIT = "ApiRequestsPerMinutePerProject"
"""No page names the metric and the limit of this API; their form is that of `RATE_LIMIT_EXCEEDED`."""
_LONGEST_SILENCE = 600.0
_TO_READ_PERMISSIONS = frozenset({"TestIamPermissions", "Projects.TestIamPermissions"})
"""These two need no permission themselves: without access, they answer with no permissions."""
_FIELDS = ("name", "parent", "resource", "migration_job", "connection_profile")
_PROJECT = re.compile(r"projects/([^/:]+)")
_VERB = re.compile(r"(List|Get|Create|Update|Delete|Cancel|Wait|Lookup|Fetch|Generate|[A-Z][a-z]+)(\w*)")
_PLURALS = (
    ("ConnectionProfile", "connectionprofiles"),
    ("MigrationJobObject", "objects"),
    ("Operation", "operations"),
    ("Location", "locations"),
)


class Silence(Exception):
    """The project does not answer: the call ends without an answer."""


def project_number(project: str) -> str:
    """The number that Google Cloud gives a project: always the same for an ID."""
    return str(100_000_000_000 + zlib.crc32(project.encode()))


def service_of(method: str) -> str:
    """The API that a method of the call log belongs to."""
    if method == "ListTimeSeries":
        return MONITORING
    apis = {
        "Projects": RESOURCE_MANAGER,
        "ServiceUsage": SERVICE_USAGE,
        "AlloyDB": ALLOYDB,
        "CloudSql": CLOUD_SQL,
    }
    return apis.get(method.partition(".")[0], DMS)


def resource_of(request: dict[str, Any]) -> str:
    """The resource that a request names first, such as `projects/P/locations/L`; empty if it names none."""
    for each in _FIELDS:
        value = request.get(each, "")
        value = value.get("name", "") if isinstance(value, dict) else value
        if _PROJECT.match(value):
            return str(value)
    return ""


def permission_of(method: str) -> str:
    """The IAM permission of a method of DMS: `datamigration.RESOURCES.VERB`."""
    plain = {
        "FetchSourceObjects": "fetchSourceObjects",
        "GenerateSshScript": "generateSshScript",
        "GenerateTcpProxyScript": "generateTcpProxyScript",
        "DemoteDestination": "demoteDestination",
    }
    if method in plain:
        return f"datamigration.migrationjobs.{plain[method]}"
    found = _VERB.fullmatch(method)
    verb = found[1].lower() if found else method
    verb = {"wait": "get", "lookup": "get"}.get(verb, verb)
    resources = next((plural for one, plural in _PLURALS if one in method), "migrationjobs")
    return f"datamigration.{resources}.{verb}"


@dataclass
class _Condition:
    kind: str
    seconds: float
    released: threading.Event = field(default_factory=threading.Event)


class Conditions:
    """The state of each project towards the caller. A project without one is well."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, _Condition] = {}
        self._off: set[tuple[str, str]] = set()

    def put(self, project: str, kind: str | None, seconds: float = 0.0) -> None:
        """`seconds` are the real seconds that a SLOW project takes. None: well again. Raises ValueError."""
        if kind is not None and kind not in KINDS:
            raise ValueError(f"unknown condition {kind!r}; known: {', '.join(KINDS)}")
        with self._lock:
            before = self._found.pop(project, None)
            if before is not None:
                before.released.set()
            if kind is not None:
                self._found[project] = _Condition(kind, seconds)

    def switch(self, project: str, service: str, on: bool) -> None:
        """Enable or disable an API in a project."""
        with self._lock:
            (self._off.discard if on else self._off.add)((project, service))

    def clear(self) -> None:
        """All projects are well, and all their APIs enabled; silent and slow calls end."""
        with self._lock:
            for each in self._found.values():
                each.released.set()
            self._found.clear()
            self._off.clear()

    def denied(self, project: str) -> bool:
        """Whether the caller has no permission in the project."""
        found = self._found.get(project)
        return found is not None and found.kind == "DENIED"

    def enabled(self, project: str, service: str) -> bool:
        return (project, service) not in self._off

    def meet(self, method: str, request: dict[str, Any], alive: Callable[[], bool]) -> None:
        """What a call meets before it is made. Raises ApiError or Silence."""
        if not self._found and not self._off:
            return
        resource = resource_of(request)
        match = _PROJECT.match(resource)
        if match is None:
            return
        project, service = match[1], service_of(method)
        condition = self._found.get(project)
        if condition is not None and condition.kind == "UNAUTHENTICATED":
            raise _unauthenticated(service, method)
        if not self.enabled(project, service):
            raise _disabled(project, service)
        # The rest is told of DMS alone: the caller asks the other APIs what the matter is.
        if condition is None or (service != DMS and condition.kind != "DENIED"):
            return
        if condition.kind in ("SILENT", "SLOW"):
            _wait(condition, alive)
        elif condition.kind == "QUOTA":
            raise _used_up(project)
        elif method not in _TO_READ_PERMISSIONS:
            raise _no_permission(service, method, resource)


def _wait(condition: _Condition, alive: Callable[[], bool]) -> None:
    silent = condition.kind == "SILENT"
    until = time.monotonic() + (_LONGEST_SILENCE if silent else condition.seconds)
    while (left := until - time.monotonic()) > 0 and alive():
        if condition.released.wait(min(left, 0.05)):
            break
    if silent:
        raise Silence


def _unauthenticated(service: str, method: str) -> ApiError:
    return ApiError(
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
        "other valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project.",
        reason="ACCESS_TOKEN_EXPIRED",
        domain="googleapis.com",
        metadata={"service": service, "method": method},
    )


def _disabled(project: str, service: str) -> ApiError:
    link = f"https://console.developers.google.com/apis/api/{service}/overview?project={project}"
    title = TITLES[service]
    text = (
        f"{title} has not been used in project {project} before or it is disabled. Enable it by visiting "
        f"{link} then retry. If you enabled this API recently, wait a few minutes for the action to "
        "propagate to our systems and retry."
    )
    links = [error_details_pb2.Help.Link(description="Google developers console API activation", url=link)]
    return ApiError(
        "PERMISSION_DENIED",
        text,
        reason="SERVICE_DISABLED",
        domain="googleapis.com",
        metadata={
            "service": service,
            "consumer": f"projects/{project}",
            "serviceTitle": title,
            "activationUrl": link,
            "containerInfo": project,
        },
        details=(
            error_details_pb2.LocalizedMessage(locale="en-US", message=text),
            error_details_pb2.Help(links=links),
        ),
    )


def _used_up(project: str) -> ApiError:
    text = (
        "Quota exceeded for quota metric 'API requests' and limit 'API requests per minute' of service "
        f"'{DMS}' for consumer 'project_number:{project_number(project)}'."
    )
    violation = error_details_pb2.QuotaFailure.Violation(
        subject=f"project:{project_number(project)}", description=text
    )
    return ApiError(
        "RESOURCE_EXHAUSTED",
        text,
        reason="RATE_LIMIT_EXCEEDED",
        domain="googleapis.com",
        metadata={
            "service": DMS,
            "consumer": f"projects/{project_number(project)}",
            "quota_metric": QUOTA_METRIC,
            "quota_limit": QUOTA_LIMIT,
        },
        details=(error_details_pb2.QuotaFailure(violations=[violation]),),
    )


def _no_permission(service: str, method: str, resource: str) -> ApiError:
    if service == SERVICE_USAGE:
        return ApiError(
            "PERMISSION_DENIED",
            f"Permission denied to get service [{resource.rpartition('/services/')[2]}]",
            reason="AUTH_PERMISSION_DENIED",
            domain=SERVICE_USAGE,
        )
    if service == MONITORING:
        permission, shown = "monitoring.timeSeries.list", ""
    else:
        permission, shown = permission_of(method), f" '//{service}/{resource}'"
    metadata = {"permission": permission} | ({"resource": resource} if shown else {})
    return ApiError(
        "PERMISSION_DENIED",
        f"Permission '{permission}' denied on resource{shown} (or it may not exist).",
        reason="IAM_PERMISSION_DENIED",
        domain=service,
        metadata=metadata,
    )
