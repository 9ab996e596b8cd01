"""The REST API, for the fields and methods that the gRPC API lacks.

Each method sends one request with the deadline `timeout` (seconds) and without retries, and returns the JSON
object of the response. Source: REST reference `datamigration.v1`, resource
`projects.locations.migrationJobs`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

import requests

from bot.dms.convert import objects_body
from bot.dms.error_mapping import MalformedResponse, RestError
from bot.dms.job_fields import fields_body
from bot.dms.model import Job, ObjectId, ObjectsConfig, Options, Selection
from bot.dms.paging import read_all
from bot.dms.transport import DMS_HOST, Transport

_CHUNK_BYTES = 65536


class RestTransport:
    """Sends requests to paths below `/v1/` of DMS, or of another host or version."""

    def __init__(self, transport: Transport, host: str = DMS_HOST, version: str = "v1") -> None:
        self._transport = transport
        self._host = host
        self._base = f"{transport.url_of(host)}/{version}"
        self._reads = transport.session(write=False, host=host)

    def get(self, path: str, timeout: float, params: dict[str, str] | None = None) -> dict[str, Any]:
        """A GET.

        Raises:
            RestError: the status is not 2xx.
            MalformedResponse: the body is not a JSON object.
            requests.RequestException, google.auth.exceptions.GoogleAuthError: there is no response.
        """
        return self._send(self._reads, "GET", path, timeout, params, None)

    def write(
        self,
        method: str,
        path: str,
        timeout: float,
        body: dict[str, Any],
        params: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """A POST or PATCH with a JSON body, on a new connection.

        The server may close an idle connection just as the request is sent, and then the outcome is unknown.

        Raises:
            Exception: as `get`.
        """
        with self._transport.session(write=True, host=self._host) as session:
            return self._send(session, method, path, timeout, params, body)

    def close(self) -> None:
        self._reads.close()

    def _send(
        self,
        session: requests.Session,
        method: str,
        path: str,
        timeout: float,
        params: dict[str, str] | None,
        body: dict[str, Any] | None,
    ) -> dict[str, Any]:
        until = time.monotonic() + timeout
        url = f"{self._base}/{quote(path, safe='/:')}"
        with session.request(
            method, url, params=params, json=body, timeout=timeout, stream=True, allow_redirects=False
        ) as response:
            text = _body(response, until)
            if not 200 <= response.status_code < 300:
                raise RestError(response.status_code, _error(text))
        return _object(text)


def _body(response: requests.Response, until: float) -> bytes:
    """The whole body. The timeout of `requests` limits each read, but not their sum."""
    chunks = []
    for chunk in response.iter_content(_CHUNK_BYTES):
        chunks.append(chunk)
        if time.monotonic() > until:
            raise requests.ReadTimeout("the answer took too long to arrive")
    return b"".join(chunks)


def _object(text: bytes) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise MalformedResponse("the answer is not JSON") from error
    if not isinstance(body, dict):
        raise MalformedResponse("the answer is not a JSON object")
    return body


def _error(text: bytes) -> dict[str, Any]:
    try:
        error = _object(text).get("error")
    except MalformedResponse:
        return {}
    return error if isinstance(error, dict) else {}


_PAGE = "1000"


class RestClient:
    """One method per REST request."""

    def __init__(self, rest: RestTransport) -> None:
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
        """`migrationJobs.restart` for some databases of the job."""
        body = restart_body(databases, failed_only=failed_only, skip_validation=skip_validation)
        return self._rest.write("POST", f"{name}:restart", timeout, body)

    def resume_unvalidated(self, name: str, timeout: float) -> dict[str, Any]:
        """`migrationJobs.resume` with `skipValidation`."""
        return self._rest.write("POST", f"{name}:resume", timeout, {"skipValidation": True})

    def promote(self, name: str, databases: Sequence[str], failback: bool, timeout: float) -> dict[str, Any]:
        """`migrationJobs.promote` for some databases of the job, or back to the source."""
        body = promote_body(databases, failback=failback)
        return self._rest.write("POST", f"{name}:promote", timeout, body)

    def demote(self, name: str, timeout: float) -> dict[str, Any]:
        """`migrationJobs.demoteDestination`, whose request has no fields."""
        return self._rest.write("POST", f"{name}:demoteDestination", timeout, {})

    def patch(self, job: Job, change: Options, request_id: str, timeout: float) -> dict[str, Any]:
        """`migrationJobs.patch`; the mask holds only the fields that are given."""
        body, mask = patch_body(job, change)
        params = {"updateMask": mask, "requestId": request_id}
        return self._rest.write("PATCH", job.name, timeout, body, params)

    def verify_with(self, job: Job, change: Options, timeout: float) -> dict[str, Any]:
        """`migrationJobs.verify` of the job as an edit would make it; the job stays as it is."""
        body, mask = patch_body(job, change)
        return self._rest.write(
            "POST", f"{job.name}:verify", timeout, {"updateMask": mask, "migrationJob": body}
        )


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


def promote_body(databases: Sequence[str], *, failback: bool = False) -> dict[str, Any]:
    """A `PromoteMigrationJobRequest`."""
    body: dict[str, Any] = {"objectsFilter": _filter(databases)} if databases else {}
    return body | {"failback": True} if failback else body


def patch_body(job: Job, change: Options) -> tuple[dict[str, Any], str]:
    """A partial `MigrationJob` and its update mask, of what an edit changes."""
    fields, mask = fields_body(change.fields, job)
    body: dict[str, Any] = {"name": job.name, **fields}
    if change.objects is not None:
        body["objectsConfig"] = objects_body(change.objects)
        mask = (*mask, "objectsConfig")
    if change.parallelism:
        body["performanceConfig"] = {"dumpParallelLevel": change.parallelism}
        mask = (*mask, "performanceConfig.dumpParallelLevel")
    return body, ",".join(mask)


def all_items(page: Callable[[str], dict[str, Any]], items: str, what: str) -> list[dict[str, Any]]:
    """The `items` of all pages; one with the same name as another counts once, as it was read last.

    Raises:
        DmsError: as `read_all`.
    """
    pages: list[dict[str, Any]] = []
    read_all(pages, page, lambda body: str(body.get("nextPageToken") or ""), what)
    found = [each for body in pages for each in body.get(items) or ()]
    return (
        found
        if len(pages) == 1
        else list({each.get("name", index): each for index, each in enumerate(found)}.values())
    )


def _filter(databases: Sequence[str]) -> dict[str, Any]:
    return objects_body(ObjectsConfig(Selection.SPECIFIED, tuple(ObjectId(each) for each in databases)))


def _paged(token: str) -> dict[str, str]:
    return {"pageSize": _PAGE, "pageToken": token} if token else {"pageSize": _PAGE}
