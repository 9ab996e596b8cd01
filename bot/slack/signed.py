"""Slack's signed HTTP requests, as a WSGI application in front of the Bolt app.

Nothing in a request is read before its signature has been checked, and Bolt gets what was read here:
its own reading takes a command that holds the word `payload` for an interaction without one.
Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import structlog
from slack_bolt import BoltRequest, BoltResponse
from slack_sdk.signature import SignatureVerifier

from bot import metrics
from bot.slack import shape
from bot.slack.afterwards import Afterwards

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = structlog.get_logger(__name__)

_STAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_SSL_CHECK = {"ssl_check": "1"}
_MOST_FIELDS = 100
_RETRY = ("HTTP_X_SLACK_RETRY_NUM", "HTTP_X_SLACK_RETRY_REASON")


class _Sent(list[bytes]):
    """A body; the server closes it when it has been sent. Source: PEP 3333."""

    def __init__(self, body: list[bytes], close: Callable[[], None]) -> None:
        super().__init__(body)
        self.close = close


class Signed:
    """Checks the signature (five minutes of tolerance) and the shape, and lets Bolt `dispatch`."""

    def __init__(
        self, dispatch: Callable[[BoltRequest], BoltResponse], signing_secret: str, afterwards: Afterwards
    ) -> None:
        self._dispatch = dispatch
        self._afterwards = afterwards
        self._verifier = SignatureVerifier(signing_secret)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._afterwards.hold()
        try:
            return _Sent(self._sent(environ, start_response), self._afterwards.release)
        except BaseException:
            self._afterwards.release()
            raise

    def _sent(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        answer = self._answer(environ)
        body = (answer.body or "").encode()
        headers = [(name, value) for name, values in answer.headers.items() for value in values]
        status = HTTPStatus(answer.status)
        start_response(f"{status.value} {status.phrase}", [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def _answer(self, environ: WSGIEnvironment) -> BoltResponse:
        text = environ["wsgi.input"].read().decode()
        if not self._is_signed(text, environ):
            return self._unsigned(text)
        try:
            body = _read(text, environ.get("CONTENT_TYPE", ""))
        except (ValueError, RecursionError):
            return _refused("that cannot be read")
        fault = shape.fault(body)
        if fault:
            log.warning("request_malformed", fault=fault)
            return _refused(fault)
        begun = perf_counter()
        answer = self._dispatch(BoltRequest(mode="socket_mode", body=body, headers=_retries(environ)))
        metrics.acknowledged(perf_counter() - begun)
        return answer

    def _is_signed(self, text: str, environ: WSGIEnvironment) -> bool:
        stamp = environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", "")
        signature = environ.get("HTTP_X_SLACK_SIGNATURE", "")
        if not _STAMP.fullmatch(stamp) or not _SIGNATURE.fullmatch(signature):
            return False
        return self._verifier.is_valid(text, stamp, signature)

    def _unsigned(self, text: str) -> BoltResponse:
        """Slack's own look at the certificate, which it does not sign, or somebody else's request."""
        if len(text) < 1000 and _SSL_CHECK.items() <= dict(parse_qsl(text)).items():
            return BoltResponse(status=200)
        log.info("request_not_signed")
        return BoltResponse(status=401, body={"error": "invalid request"})


def _read(text: str, kind: str) -> Any:
    """The event, interaction or command in a body.

    Raises:
        ValueError, RecursionError: it is none.
    """
    if kind.partition(";")[0].strip().lower() == "application/json" or text.startswith("{"):
        return json.loads(text)
    fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    return json.loads(fields["payload"]) if "payload" in fields else fields


def _retries(environ: WSGIEnvironment) -> dict[str, Any]:
    """Which delivery of the same request it is, where Slack says so."""
    names = {name: name.removeprefix("HTTP_").replace("_", "-").lower() for name in _RETRY}
    return {header: environ[name] for name, header in names.items() if name in environ}


def _refused(why: str) -> BoltResponse:
    return BoltResponse(status=400, body={"error": f"invalid request: {why}"})
