"""One REST request to DMS: sent once, within its deadline, answered as a JSON object."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import quote

import requests

from bot.dms.error_mapping import Garbled, RestError
from bot.dms.transport import Link

_CHUNK = 65536


class Rest:
    """Requests below `/v1/` of the REST endpoint."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._reads = link.session(write=False)

    def get(self, path: str, timeout: float, params: dict[str, str] | None = None) -> dict[str, Any]:
        """A GET.

        Raises:
            RestError: the service answered with an error.
            requests.RequestException, google.auth.exceptions.GoogleAuthError, Garbled: it did not
                answer, or not well.
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
        """A POST or PATCH with a JSON body, on a connection of its own: one that was kept open may
        be closed by the far end just as the request leaves, and then nobody knows what came of it.

        Raises:
            Exception: as `get`.
        """
        with self._link.session(write=True) as session:
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
        url = f"{self._link.rest_url}/v1/{quote(path, safe='/:')}"
        with session.request(
            method, url, params=params, json=body, timeout=timeout, stream=True, allow_redirects=False
        ) as response:
            text = _body(response, until)
            if not 200 <= response.status_code < 300:
                raise RestError(response.status_code, _error(text))
        return _object(text)


def _body(response: requests.Response, until: float) -> bytes:
    """The whole body; `requests` itself limits each read, but not their sum."""
    chunks = []
    for chunk in response.iter_content(_CHUNK):
        chunks.append(chunk)
        if time.monotonic() > until:
            raise requests.ReadTimeout("the answer took too long to arrive")
    return b"".join(chunks)


def _object(text: bytes) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise Garbled("the answer is not JSON") from error
    if not isinstance(body, dict):
        raise Garbled("the answer is not a JSON object")
    return body


def _error(text: bytes) -> dict[str, Any]:
    try:
        error = _object(text).get("error")
    except Garbled:
        return {}
    return error if isinstance(error, dict) else {}
