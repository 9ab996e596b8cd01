"""Reads long-running operations.

Source: `google.longrunning.Operations` (GetOperation, ListOperations) and the proto message
`google.cloud.clouddms.v1.OperationMetadata`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.dms import convert
from bot.dms.calls import Calls
from bot.dms.grpc_client import GrpcClient
from bot.dms.model import UNSET_TIME, Job, Operation, short_name
from bot.dms.paging import read_all

_MAX_PAGES = 50


@dataclass(frozen=True, slots=True)
class _Page:
    operations: list[Operation]
    token: str
    """Of the next page; empty on the last."""


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
        parent = f"projects/{job.project}/locations/{job.location}"

        def read(token: str) -> _Page:
            raw = self._calls.read(
                "ListOperations",
                f"list the operations on {job.id}",
                lambda t: self._client.operations_page(parent, token, t),
            )
            return _Page([convert.operation(each) for each in raw.operations], raw.next_page_token)

        pages: list[_Page] = []
        what = f"operations in {job.location}"
        read_all(
            pages,
            read,
            lambda page: page.token,
            what,
            enough=lambda page: _all_older(page.operations, since),
            most=_MAX_PAGES,
        )
        found = {each.name: each for page in pages for each in page.operations if each.target == job.name}
        return tuple(sorted((each for each in found.values() if _created(each) >= since), key=_created))


def _created(operation: Operation) -> datetime:
    return operation.create_time or UNSET_TIME


def _all_older(operations: Sequence[Operation], since: datetime) -> bool:
    """Whether the pages are sorted newest first and this one is older than `since`: later pages are, too."""
    times = [_created(each) for each in operations]
    newest_first = len(times) > 1 and times[0] > times[-1] and times == sorted(times, reverse=True)
    return newest_first and times[0] < since
