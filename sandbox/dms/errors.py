"""The error of the sandbox API, as a gRPC status and as Google's JSON error."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf import any_pb2, json_format
from google.rpc import code_pb2, error_details_pb2, status_pb2

DOMAIN = "datamigration.googleapis.com"

_HTTP = {
    "OK": 200,
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "UNAUTHENTICATED": 401,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
}
CODES = tuple(_HTTP)


class ApiError(Exception):
    """A refused or failed call. `code` is a canonical google.rpc.Code name.

    `reason` becomes a google.rpc.ErrorInfo of `domain`; `details` are further google.rpc detail messages.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        reason: str = "",
        domain: str = DOMAIN,
        metadata: dict[str, str] | None = None,
        details: tuple[Any, ...] = (),
    ) -> None:
        super().__init__(message)
        if code not in _HTTP:
            raise ValueError(f"unknown status code {code}")
        self.code = code
        self.message = message
        self.reason = reason
        self.domain = domain
        self.metadata = dict(metadata or {})
        self.details = details

    @property
    def http_status(self) -> int:
        return _HTTP[self.code]

    def to_status(self) -> Any:
        """The google.rpc.Status of this error."""
        return make_status(self.code, self.message, self._all_details())

    def to_grpc_code(self) -> grpc.StatusCode:
        return grpc.StatusCode[self.code]

    def to_json(self) -> dict[str, Any]:
        """The body of a REST error answer."""
        body: dict[str, Any] = {"code": self.http_status, "message": self.message, "status": self.code}
        details = status_to_json(self.to_status()).get("details")
        if details:
            body["details"] = details
        return {"error": body}

    def _all_details(self) -> tuple[Any, ...]:
        if not self.reason:
            return self.details
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain=self.domain, metadata=self.metadata)
        return (info, *self.details)


def make_status(code: str, message: str, details: tuple[Any, ...] = ()) -> Any:
    """A google.rpc.Status with its details packed."""
    status = status_pb2.Status(code=code_pb2.Code.Value(code), message=message)
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def status_to_json(status: Any) -> dict[str, Any]:
    return dict(json_format.MessageToDict(status))


def invalid(message: str, field: str = "") -> ApiError:
    """INVALID_ARGUMENT, with the field at fault as a google.rpc.BadRequest."""
    if not field:
        return ApiError("INVALID_ARGUMENT", message)
    violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=message)
    return ApiError(
        "INVALID_ARGUMENT", message, details=(error_details_pb2.BadRequest(field_violations=[violation]),)
    )


def not_found(name: str) -> ApiError:
    return ApiError(
        "NOT_FOUND",
        f"Resource '{name}' was not found",
        reason="RESOURCE_NOT_FOUND",
        metadata={"resource": name},
    )
