"""Reads long-running operations.

Source: `google.longrunning.Operations` (GetOperation, ListOperations) and the proto message
`google.cloud.clouddms.v1.OperationMetadata`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from bot.dms import convert
from bot.dms.calls import Calls
from bot.dms.errors import Unavailable
from bot.dms.grpc_client import GrpcClient
from bot.dms.model import Job, Operation, short_name

_MAX_PAGES = 50


class Operations:
    """Operations of all jobs; thread-safe. Raises errors of `bot.dms.errors`."""

    def __init__(self, calls: Calls, client: GrpcClient) -> None:
        self._calls = calls
        self._client = client

    def get(self, name: str) -> Operation:
        message = self._calls.read(
            "GetOperation",
            f"read the operation {short_name(name)}",
            lambda t: self._client.operation(name, t),
        )
        return convert.operation(message)

    def of_job(self, job: Job, since: datetime) -> tuple[Operation, ...]:
        """The job's operations created at or after `since` (UTC), oldest first.

        Filtered here and not by the service: the fields of its filter are not documented, and a filter that
        wrongly matches nothing would mean that an action never began.
        """
        found: list[Operation] = []
        for page in self._pages(job):
            operations = [convert.operation(each) for each in page.operations]
            found += [each for each in operations if each.target == job.name and _created(each) >= since]
            if _all_older(operations, since):
                break
        return tuple(sorted(found, key=_created))

    def _pages(self, job: Job) -> Iterator[Any]:
        parent = f"projects/{job.project}/locations/{job.location}"
        token = ""
        for _ in range(_MAX_PAGES):
            page = self._page(job, parent, token)
            yield page
            token = page.next_page_token
            if not token:
                return
        raise Unavailable(
            f"DMS has more operations in {job.location} than the bot can look through for {job.id}.",
            code="RESOURCE_EXHAUSTED",
        )

    def _page(self, job: Job, parent: str, token: str) -> Any:
        return self._calls.read(
            "ListOperations",
            f"list the operations on {job.id}",
            lambda t: self._client.operations_page(parent, token, t),
        )


def _created(operation: Operation) -> datetime:
    return operation.create_time or convert.EPOCH


def _all_older(operations: Sequence[Operation], since: datetime) -> bool:
    """Whether the pages are sorted newest first and this one is older than `since`: later pages are, too."""
    times = [_created(each) for each in operations]
    newest_first = len(times) > 1 and times[0] > times[-1] and times == sorted(times, reverse=True)
    return newest_first and times[0] < since
