"""What other APIs of Google Cloud say of a project: the bot's permissions, enabled APIs and quotas.

`dms-bot doctor` asks them; the bot works without. Sources: https://cloud.google.com/resource-manager/reference/rest
(`v1.projects.testIamPermissions`, which needs no permission) and
https://cloud.google.com/service-usage/docs/reference/rest (`v1.services.get`,
`v1beta1.services.consumerQuotaMetrics.list`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bot.dms.calls import Calls
from bot.dms.rest import RestTransport
from bot.dms.transport import DMS_HOST, Transport

RESOURCE_MANAGER_HOST = "cloudresourcemanager.googleapis.com"
SERVICE_USAGE_HOST = "serviceusage.googleapis.com"
_A_MINUTE = re.compile(r"1/\{?min\}?/\{project\}")
"""The unit of a limit for a project and a minute: `ConsumerQuotaLimit.unit`."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Requests that a project may make in a minute."""

    what: str
    per_minute: int


class ProjectApis:
    """Asks for one project. Every method raises `DmsError` if there is no answer."""

    def __init__(self, transport: Transport, calls: Calls, project: str) -> None:
        self._calls = calls
        self._project = project
        self._manager = RestTransport(transport, RESOURCE_MANAGER_HOST)
        self._usage = RestTransport(transport, SERVICE_USAGE_HOST)
        self._usage_beta = RestTransport(transport, SERVICE_USAGE_HOST, "v1beta1")

    def permissions(self, names: Sequence[str]) -> frozenset[str]:
        """Which of these IAM permissions the bot has in the project."""
        path, body = f"projects/{self._project}:testIamPermissions", {"permissions": list(names)}
        found = self._calls.read(
            "projects.testIamPermissions",
            f"look up the bot's permissions in {self._project}",
            lambda timeout: self._manager.write("POST", path, timeout, body),
            service="Cloud Resource Manager",
        )
        return frozenset(map(str, found.get("permissions") or ()))

    def is_enabled(self, api: str) -> bool:
        """Whether the project has this API enabled, for example `datamigration.googleapis.com`."""
        found = self._calls.read(
            "services.get",
            f"look up whether {api} is enabled in {self._project}",
            lambda timeout: self._usage.get(f"projects/{self._project}/services/{api}", timeout),
            service="Service Usage",
        )
        return found.get("state") == "ENABLED"

    def rate_limit(self) -> RateLimit | None:
        """The lowest limit of requests to DMS in a minute; None if there is none."""
        path = f"projects/{self._project}/services/{DMS_HOST}/consumerQuotaMetrics"
        found = self._calls.read(
            "services.consumerQuotaMetrics.list",
            f"look up the quotas of {self._project}",
            lambda timeout: self._usage_beta.get(path, timeout),
            service="Service Usage",
        )
        return min(_rates(found), key=lambda each: each.per_minute, default=None)

    def close(self) -> None:
        for each in (self._manager, self._usage, self._usage_beta):
            each.close()


def _rates(body: Mapping[str, Any]) -> Iterator[RateLimit]:
    """The limits of the whole project; a negative one means that there is none."""
    for metric in body.get("metrics") or ():
        for limit in metric.get("consumerQuotaLimits") or ():
            if not _A_MINUTE.fullmatch(str(limit.get("unit") or "")):
                continue
            for bucket in limit.get("quotaBuckets") or ():
                with suppress(TypeError, ValueError):
                    count = int(bucket.get("effectiveLimit"))
                    if count >= 0 and not bucket.get("dimensions"):
                        yield RateLimit(str(metric.get("displayName") or metric.get("metric")), count)
