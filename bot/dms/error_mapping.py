"""Maps exceptions of the client libraries to `bot.dms.errors`, with one plain sentence each.

For a write, it matters whether the request can have reached the service. "Nothing changed" is only certain if
the error happened before that, or if the service itself rejected the request.

Source of the codes: `google.rpc.Code` and its comments, which name the HTTP status of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import grpc
import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from urllib3 import exceptions as urllib3

from bot.dms.errors import MAX_SERVICE_TEXT, Denied, DmsError, NotFound, Refused, Unavailable, Unclear
from bot.util.command import without_command
from bot.util.redact import redact

REASON_LIMIT = 600
"""Maximum length of the service's own message, in characters."""

LOGIN_HINT = (
    "run `gcloud auth application-default login`, point GOOGLE_APPLICATION_CREDENTIALS at a key "
    "file, or run the bot with a service account attached"
)

MAY_NOT_ACT = "the bot may not act as"
"""How the reason begins where a service account could not be impersonated."""
IAM_FAILED = "IAM gave no token"
"""How the reason begins where it might work later."""
_IMPERSONATION_HINT = (
    "give the bot's own account roles/iam.serviceAccountTokenCreator on that service account, and enable "
    "iamcredentials.googleapis.com"
)

_CODES = {
    HTTPStatus.BAD_REQUEST: "INVALID_ARGUMENT",
    HTTPStatus.UNAUTHORIZED: "UNAUTHENTICATED",
    HTTPStatus.FORBIDDEN: "PERMISSION_DENIED",
    HTTPStatus.NOT_FOUND: "NOT_FOUND",
    HTTPStatus.REQUEST_TIMEOUT: "DEADLINE_EXCEEDED",
    HTTPStatus.CONFLICT: "ABORTED",
    HTTPStatus.PRECONDITION_FAILED: "FAILED_PRECONDITION",
    HTTPStatus.TOO_MANY_REQUESTS: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    HTTPStatus.INTERNAL_SERVER_ERROR: "INTERNAL",
    HTTPStatus.NOT_IMPLEMENTED: "UNIMPLEMENTED",
    HTTPStatus.BAD_GATEWAY: "UNAVAILABLE",
    HTTPStatus.SERVICE_UNAVAILABLE: "UNAVAILABLE",
    HTTPStatus.GATEWAY_TIMEOUT: "DEADLINE_EXCEEDED",
}

# gRPC has no field that says whether a call was sent. These are the messages of gRPC core for calls that had
# no connection or no token, so they were not sent.
_UNRESOLVED = re.compile(r"errors? resolving |DNS resolution failed|address lookup failed", re.IGNORECASE)
_NEVER_SENT = re.compile(
    r"failed to connect to all addresses|connections to all backends failing|Cannot invoke RPC"
    rf"|{_UNRESOLVED.pattern}",
    re.IGNORECASE,
)
_NO_TOKEN = re.compile(r"Getting metadata from plugin failed with error: (?P<why>.*)", re.DOTALL)

_TOKEN_SERVER_AWAY = re.compile(
    rf"Max retries exceeded|Connection aborted|timed out|{IAM_FAILED}", re.IGNORECASE
)
_UNREFRESHED = "no access token could be fetched, as the token server did not answer"
_NO_CONNECTION = "no connection could be made"
_CLOSED_BY_US = "Channel closed!"
"""gRPC's message for calls that were running when their channel was closed."""
_STOPPING = "the connection has been closed, as the bot is stopping"
_UNKNOWN_HOST = "its host name cannot be resolved"

# Source: `google.api.ErrorReason`, SERVICE_DISABLED.
_API_OFF = re.compile(r"has not been used in project \S+ before or it is disabled")

_REFUSALS = {
    "FAILED_PRECONDITION": "{service} cannot {doing} now: {reason}.",
    "INVALID_ARGUMENT": "{service} did not accept the request to {doing}: {reason}.",
    "OUT_OF_RANGE": "{service} did not accept the request to {doing}: {reason}.",
    "ALREADY_EXISTS": "{service} cannot {doing}, because it exists already: {reason}.",
    "ABORTED": "{service} aborted the request to {doing}, because of a conflict: {reason}.",
    "UNIMPLEMENTED": "{service} does not know how to {doing}: {reason}.",
}
_SENTENCES = {
    "NOT_FOUND": "{service} could not {doing}, because it does not exist: {reason}.",
    "PERMISSION_DENIED": "The bot's Google credentials may not {doing}: {reason}.",
    "UNAUTHENTICATED": "Google did not accept the bot's credentials to {doing} ({reason}): "
    + LOGIN_HINT
    + ".",
    "RESOURCE_EXHAUSTED": ("{service} is overloaded or a quota is used up, so it did not {doing}: {reason}."),
    "UNAVAILABLE": "{service} could not be reached to {doing}: {reason}.",
    "DEADLINE_EXCEEDED": "{service} did not answer in time to {doing}: {reason}.",
}


class RestError(Exception):
    """The REST API answered with an HTTP status other than 2xx.

    `error` is the `google.rpc.Status` in the body's `error`, if there is one.
    """

    def __init__(self, status: int, error: dict[str, Any] | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.error = error or {}


class MalformedResponse(Exception):
    """The status was 2xx, but the body cannot be read."""


@dataclass(frozen=True, slots=True)
class CallFailure:
    """Canonical status name, the service's message, and whether the request may have reached it."""

    code: str
    reason: str
    sent: bool = True


def translate(error: Exception, action_text: str, *, write: bool, service: str = "DMS") -> DmsError:
    """The error of `bot.dms.errors` for `error`, raised while trying to `action_text` (`stop orders-db`).

    Raises:
        Exception: `error` itself, if it does not come from a client library: it is a bug.
    """
    failure = failure_of(error)
    if failure is None:
        raise error
    return _classify(failure, action_text, write=write, service=service)


def code_of(error: Exception) -> str:
    """The canonical status name of a failed call, for metrics; UNKNOWN if it has none."""
    failure = failure_of(error)
    return failure.code if failure else "UNKNOWN"


def failure_of(error: Exception) -> CallFailure | None:
    """What an exception of a client library says; None for any other exception."""
    for known, explain in _EXPLAIN:
        if isinstance(error, known):
            return explain(error)
    if isinstance(error, ValueError) and "closed channel" in str(error):
        return CallFailure("UNAVAILABLE", _STOPPING, sent=False)
    return None


def _classify(failure: CallFailure, action_text: str, *, write: bool, service: str) -> DmsError:
    code, words = failure.code, {"service": service, "doing": action_text, "reason": failure.reason}
    if write and failure.sent and _kind(code) is Unavailable and code != "RESOURCE_EXHAUSTED":
        return unclear_error(action_text, failure.reason, code, service)
    return _kind(code)(_sentence(code, failure.reason).format(**words), code=code, reason=failure.reason)


def _kind(code: str) -> type[DmsError]:
    if code in _REFUSALS:
        return Refused
    if code == "NOT_FOUND":
        return NotFound
    return Denied if code in ("PERMISSION_DENIED", "UNAUTHENTICATED") else Unavailable


def _sentence(code: str, reason: str) -> str:
    if code in _REFUSALS:
        return _REFUSALS[code]
    if code == "PERMISSION_DENIED" and _API_OFF.search(reason):
        return "{service} did not {doing}, because its API is switched off in the project: {reason}."
    if code == "UNAUTHENTICATED" and MAY_NOT_ACT in reason:
        return "The bot could not {doing} ({reason}): " + _IMPERSONATION_HINT + "."
    return _SENTENCES.get(code, "{service} failed to {doing}: {reason}.")


def unclear_error(action_text: str, reason: str, code: str, service: str = "DMS") -> Unclear:
    """The error for a write that may or may not have been applied; its run says so."""
    return Unclear(f"{service} did not confirm the request to {action_text} ({reason}).", code=code)


def _from_api(error: api.GoogleAPICallError) -> CallFailure:
    status = error.grpc_status_code
    code = status.name if status is not None else _CODES.get(error.code or 0, "UNKNOWN")
    return _from_grpc_text(code, error.message or "", _violations(error.details))


def _from_rpc(error: grpc.RpcError) -> CallFailure:
    code = getattr(error, "code", lambda: grpc.StatusCode.UNKNOWN)()
    details = getattr(error, "details", lambda: "")()
    return _from_grpc_text(code.name, details or "", [])


def _from_grpc_text(code: str, message: str, extra: list[str]) -> CallFailure:
    if _CLOSED_BY_US in message:
        return CallFailure("CANCELLED", _STOPPING)
    token = _NO_TOKEN.match(message)
    if token is not None and _TOKEN_SERVER_AWAY.search(token["why"]):
        return CallFailure("UNAVAILABLE", _UNREFRESHED, sent=False)
    if token is not None:
        return CallFailure("UNAUTHENTICATED", one_line(token["why"]), sent=False)
    if code == "UNAVAILABLE" and _NEVER_SENT.match(message):
        return CallFailure(code, _UNKNOWN_HOST if _UNRESOLVED.match(message) else _NO_CONNECTION, sent=False)
    return CallFailure(code, _reason(code, message, extra))


def _from_rest(error: RestError) -> CallFailure:
    by_status = _CODES.get(error.status, "INVALID_ARGUMENT" if 400 <= error.status < 500 else "UNKNOWN")
    code = str(error.error.get("status") or by_status)
    message = str(error.error.get("message") or f"the service answered with HTTP {error.status}")
    return CallFailure(code, _reason(code, message, _json_violations(error.error.get("details"))))


def _from_requests(error: requests.RequestException) -> CallFailure:
    if isinstance(error, requests.ConnectTimeout):
        return CallFailure("UNAVAILABLE", "no connection could be made in time", sent=False)
    if isinstance(error, requests.Timeout):
        return CallFailure("DEADLINE_EXCEEDED", "no answer came in time")
    if isinstance(error, requests.ConnectionError) and _never_connected(error):
        return CallFailure("UNAVAILABLE", _NO_CONNECTION, sent=False)
    return CallFailure("UNAVAILABLE", "the connection broke before the answer was complete")


def _never_connected(error: BaseException) -> bool:
    reasons = [error, *error.args, *(getattr(each, "reason", None) for each in error.args)]
    return any(
        isinstance(each, (urllib3.NewConnectionError, urllib3.ConnectTimeoutError)) for each in reasons
    )


def _from_auth(error: auth.GoogleAuthError) -> CallFailure:
    if isinstance(error, auth.TransportError):
        return CallFailure("UNAVAILABLE", _UNREFRESHED, sent=False)
    return CallFailure("UNAUTHENTICATED", one_line(str(error)), sent=False)


def _from_malformed(error: MalformedResponse) -> CallFailure:
    return CallFailure("UNKNOWN", one_line(str(error)))


_EXPLAIN: tuple[tuple[type[Exception], Callable[[Any], CallFailure]], ...] = (
    (api.GoogleAPICallError, _from_api),
    (grpc.RpcError, _from_rpc),
    (RestError, _from_rest),
    (requests.RequestException, _from_requests),
    (auth.GoogleAuthError, _from_auth),
    (MalformedResponse, _from_malformed),
)


def _reason(code: str, message: str, extra: list[str]) -> str:
    parts = [one_line(message), *(one_line(each) for each in extra)]
    distinct = [each for at, each in enumerate(parts) if each and not _already_said(each, parts[:at])]
    return "; ".join(distinct) or f"no reason was given ({code})"


def _already_said(text: str, before: list[str]) -> bool:
    return any(text in each for each in before)


def _violations(details: Iterable[Any]) -> list[str]:
    """The descriptions in `google.rpc.PreconditionFailure`, `BadRequest` and `LocalizedMessage`."""
    found: list[str] = []
    for detail in details or ():
        violations = getattr(detail, "violations", None) or getattr(detail, "field_violations", None) or ()
        found += [str(each.description) for each in violations]
        if getattr(detail, "locale", ""):
            found.append(str(detail.message))
    return found


def _json_violations(details: Any) -> list[str]:
    found: list[str] = []
    for detail in details if isinstance(details, list) else ():
        if not isinstance(detail, dict):
            continue
        violations = detail.get("violations") or detail.get("fieldViolations") or ()
        found += [str(each.get("description", "")) for each in violations if isinstance(each, dict)]
        if detail.get("locale"):
            found.append(str(detail.get("message", "")))
    return found


def one_line(text: str) -> str:
    """One line without secrets and without a full stop at its end, cut at `REASON_LIMIT` characters."""
    line = redact(" ".join(without_command(text[:MAX_SERVICE_TEXT]).split())).rstrip(". ")
    return line if len(line) <= REASON_LIMIT else line[: REASON_LIMIT - 1] + "…"
